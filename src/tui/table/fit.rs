//! Which columns fit, and how wide each is. Depends on the room and the order only, never on the rows, so that nothing
//! jumps from one moment to the next.

use super::Heading;

/// Where a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnPlace {
    /// Index among the headings.
    pub column: usize,
    /// First column of the terminal, counted from the table's left edge.
    pub x: u16,
    /// Columns of the terminal.
    pub width: u16,
}

/// Room between columns.
const GAP: u16 = 1;

/// Room between columns where there is plenty.
const WIDE_GAP: u16 = 2;

/// From which width on there is plenty, columns of the terminal.
const PLENTY: u16 = 120;

/// Up to which priority columns are shown even if texts have to be cut for them.
const WORTH_A_CUT: u8 = 2;

/// Chooses columns for `room` and places them. `shift` scrolls columns out at the left and is brought back into range.
pub(super) fn fit(
    headings: &[Heading],
    sorted: usize,
    shift: &mut usize,
    room: u16,
    places: &mut Vec<ColumnPlace>,
) {
    // The column that rows are ordered by has an arrow at its heading.
    let mut with_arrow = headings.to_vec();
    if let Some(heading) = with_arrow.get_mut(sorted) {
        let arrow = super::text::width(heading.heading) as u16 + 1;
        heading.least = heading.least.max(arrow);
        heading.width = heading.width.max(arrow);
    }
    let headings = with_arrow.as_slice();
    let gap = if room >= PLENTY { WIDE_GAP } else { GAP };
    let mut chosen = choose(headings, sorted, room, gap);
    let hidden = headings.len() - chosen.len();
    *shift = (*shift).min(hidden);
    if *shift > 0 {
        chosen = scrolled(headings, *shift, room, gap, &chosen);
    }
    places.clear();
    let mut spare = i32::from(room) - i32::from(total(headings, &chosen, gap, Heading::narrow));
    let mut widths: Vec<u16> = chosen.iter().map(|&at| headings[at].narrow()).collect();
    // First what each would like, then what it can use at most, a column at a time in turn.
    for goal in [Heading::preferred, Heading::widest] {
        loop {
            let mut grown = false;
            for (width, &at) in widths.iter_mut().zip(&chosen) {
                if spare > 0 && *width < goal(&headings[at]) {
                    *width += 1;
                    spare -= 1;
                    grown = true;
                }
            }
            if !grown {
                break;
            }
        }
    }
    let mut x = 0;
    for (&column, &width) in chosen.iter().zip(&widths) {
        if x >= room {
            break;
        }
        let width = width.min(room - x);
        places.push(ColumnPlace { column, x, width });
        x += width + gap;
    }
}

impl Heading {
    /// A width that has room for the heading.
    fn at_least(&self, width: u16) -> u16 {
        width.max(super::text::width(self.heading) as u16)
    }

    fn narrow(&self) -> u16 {
        self.at_least(self.least)
    }

    fn preferred(&self) -> u16 {
        self.at_least(self.width)
    }

    fn widest(&self) -> u16 {
        self.at_least(self.most.max(self.width))
    }
}

fn total(headings: &[Heading], chosen: &[usize], gap: u16, width: fn(&Heading) -> u16) -> u16 {
    let widths: u16 = chosen.iter().map(|&at| width(&headings[at])).sum();
    widths + gap * (chosen.len().saturating_sub(1) as u16)
}

/// Columns by priority: the indispensable ones at their least width, the others as long as all have what they like.
/// In the order of the headings.
fn choose(headings: &[Heading], sorted: usize, room: u16, gap: u16) -> Vec<usize> {
    let priority = |at: usize| {
        if at == sorted {
            0
        } else {
            headings[at].priority
        }
    };
    let mut by_priority: Vec<usize> = (0..headings.len()).collect();
    by_priority.sort_by_key(|&at| priority(at));
    let mut chosen: Vec<usize> = Vec::new();
    for at in by_priority {
        chosen.push(at);
        let width = if priority(at) <= WORTH_A_CUT {
            Heading::narrow
        } else {
            Heading::preferred
        };
        if total(headings, &chosen, gap, width) > room && at != sorted && chosen.len() > 1 {
            chosen.pop();
        }
    }
    chosen.sort_unstable();
    chosen
}

/// The same columns with `shift` of the hidden ones in place of the last ones: what is scrolled in from the right.
fn scrolled(
    headings: &[Heading],
    shift: usize,
    room: u16,
    gap: u16,
    chosen: &[usize],
) -> Vec<usize> {
    let hidden: Vec<usize> = (0..headings.len())
        .filter(|at| !chosen.contains(at))
        .collect();
    // The indispensable ones stay; what is scrolled to comes next to them as long as there is room.
    let mut columns: Vec<usize> = chosen
        .iter()
        .copied()
        .filter(|&at| headings[at].priority == 0)
        .collect();
    for &at in hidden.iter().skip(shift - 1) {
        columns.push(at);
        if total(headings, &columns, gap, Heading::narrow) > room {
            columns.pop();
            break;
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Align;

    fn heading(width: u16, priority: u8) -> Heading {
        Heading {
            id: "",
            heading: "H",
            about: "",
            align: Align::Left,
            width,
            least: width / 2,
            most: width * 2,
            priority,
        }
    }

    fn columns(headings: &[Heading], shift: usize, room: u16) -> Vec<usize> {
        let mut places = Vec::new();
        let mut shift = shift;
        fit(headings, 0, &mut shift, room, &mut places);
        for place in &places {
            assert!(place.x + place.width <= room);
        }
        places.iter().map(|place| place.column).collect()
    }

    #[test]
    fn important_columns_come_first_and_all_come_when_there_is_room() {
        let headings = [
            heading(10, 0),
            heading(10, 3),
            heading(10, 0),
            heading(10, 1),
        ];
        assert_eq!(columns(&headings, 0, 11), [0, 2]);
        assert_eq!(columns(&headings, 0, 33), [0, 2, 3]);
        assert_eq!(columns(&headings, 0, 60), [0, 1, 2, 3]);
        assert_eq!(columns(&headings, 0, 1), [0]);
    }

    #[test]
    fn hidden_columns_can_be_scrolled_to_and_no_further() {
        let headings = [
            heading(10, 0),
            heading(10, 4),
            heading(10, 5),
            heading(10, 6),
        ];
        assert_eq!(columns(&headings, 0, 21), [0, 1]);
        assert_eq!(columns(&headings, 1, 21), [0, 2, 3]);
        assert_eq!(columns(&headings, 2, 21), [0, 3]);
        assert_eq!(columns(&headings, 99, 21), [0, 3]);
    }
}
