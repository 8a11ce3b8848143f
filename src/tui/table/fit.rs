//! Which columns fit, and how wide each is. Depends on the room and the order only, never on the rows, so that nothing
//! jumps from one moment to the next.

use super::Heading;
use crate::column::Align;

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

/// A column that somebody chose, and by how much it is wider than it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// Index among the headings.
    pub column: usize,
    /// Columns of the terminal more, or less if negative.
    pub wider: i16,
}

/// Places the columns that somebody chose, in that order. Those that do not fit are scrolled to: `shift` of the first
/// ones are left out.
pub(super) fn place(
    headings: &[Heading],
    chosen: &[Chosen],
    sorted: usize,
    shift: &mut usize,
    room: u16,
    places: &mut Vec<ColumnPlace>,
) {
    let gap = if room >= PLENTY { WIDE_GAP } else { GAP };
    let width = |chosen: &Chosen| {
        let heading = with_arrow(&headings[chosen.column], chosen.column == sorted);
        let width = i32::from(heading.preferred()) + i32::from(chosen.wider);
        width.clamp(1, i32::from(u16::MAX / 2)) as u16
    };
    // The end is reached when all that follows fits.
    let fits_from = |from: usize| {
        let widths = chosen[from..].iter().map(|chosen| width(chosen) + gap);
        widths.map(u32::from).sum::<u32>() <= u32::from(room) + u32::from(gap)
    };
    let furthest = (0..chosen.len()).find(|&from| fits_from(from));
    *shift = (*shift).min(furthest.unwrap_or(chosen.len().saturating_sub(1)));
    places.clear();
    let mut x = 0;
    for chosen in &chosen[*shift..] {
        if x >= room {
            break;
        }
        let width = width(chosen).min(room - x);
        places.push(ColumnPlace {
            column: chosen.column,
            x,
            width,
        });
        x += width + gap;
    }
    // What is left goes to the last column of text.
    let spare = room.saturating_sub(x.saturating_sub(gap));
    let text = places
        .iter()
        .rposition(|place| headings[place.column].align == Align::Left);
    if let Some(at) = text
        && spare > 0
    {
        let heading = &headings[places[at].column];
        let more = spare.min(heading.widest().saturating_sub(places[at].width));
        places[at].width += more;
        for place in &mut places[at + 1..] {
            place.x += more;
        }
    }
}

/// The column that rows are ordered by has an arrow at its heading.
fn with_arrow(heading: &Heading, sorted: bool) -> Heading {
    let mut heading = *heading;
    if sorted {
        let arrow = super::text::width(heading.heading) as u16 + 1;
        heading.least = heading.least.max(arrow);
        heading.width = heading.width.max(arrow);
    }
    heading
}

/// Chooses columns for `room` and places them. `shift` scrolls columns out at the left and is brought back into range.
pub(super) fn fit(
    headings: &[Heading],
    sorted: usize,
    shift: &mut usize,
    room: u16,
    places: &mut Vec<ColumnPlace>,
) {
    let headings: Vec<Heading> = headings
        .iter()
        .enumerate()
        .map(|(at, heading)| with_arrow(heading, at == sorted))
        .collect();
    let headings = headings.as_slice();
    let gap = if room >= PLENTY { WIDE_GAP } else { GAP };
    let mut chosen = choose(headings, sorted, room, gap);
    let known = |heading: &&Heading| heading.priority != Heading::NEVER;
    let hidden = headings
        .iter()
        .filter(known)
        .count()
        .saturating_sub(chosen.len());
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
    /// The priority of a column that is shown only to those who choose it, or order by it.
    pub(in crate::tui) const NEVER: u8 = u8::MAX;

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
    let mut by_priority: Vec<usize> = (0..headings.len())
        .filter(|&at| priority(at) != Heading::NEVER)
        .collect();
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
        .filter(|at| !chosen.contains(at) && headings[*at].priority != Heading::NEVER)
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
    fn chosen_columns_stand_as_chosen_and_are_scrolled_to() {
        let headings = [heading(10, 0), heading(10, 0), heading(10, 0)];
        let chosen = |column, wider| Chosen { column, wider };
        let order = [chosen(2, 5), chosen(0, -4), chosen(1, 0)];
        let placed = |shift: usize, room: u16| {
            let (mut places, mut shift) = (Vec::new(), shift);
            place(&headings, &order, 9, &mut shift, room, &mut places);
            let places: Vec<(usize, u16)> = places.iter().map(|p| (p.column, p.width)).collect();
            (places, shift)
        };
        assert_eq!(placed(0, 33).0, [(2, 15), (0, 6), (1, 10)]);
        assert_eq!(placed(0, 20).0, [(2, 15), (0, 4)]);
        assert_eq!(placed(9, 20), (vec![(0, 6), (1, 13)], 1));
        assert_eq!(
            placed(0, 50).0[2],
            (1, 20),
            "the last takes what it can use"
        );
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
