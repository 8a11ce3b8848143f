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

/// A column that somebody chose, and by how much it is wider than it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// Index among the headings.
    pub column: usize,
    /// Columns of the terminal more, or less if negative.
    pub wider: i16,
}

/// Places the columns that somebody chose, in that order: texts give way until all fit. Those that do not fit even then
/// are scrolled to: `shift` of the first ones are left out.
pub(super) fn place(
    headings: &[Heading],
    chosen: &[Chosen],
    sorted: usize,
    shift: &mut usize,
    room: u16,
    places: &mut Vec<ColumnPlace>,
) {
    let gap = if room >= PLENTY { WIDE_GAP } else { GAP };
    // A width that somebody changed is meant.
    let range = |chosen: &Chosen| {
        let heading = with_arrow(&headings[chosen.column], chosen.column == sorted);
        let meant = i32::from(heading.preferred()) + i32::from(chosen.wider);
        let meant = meant.clamp(1, i32::from(u16::MAX / 2)) as u16;
        match chosen.wider {
            0 => [heading.narrow(), heading.preferred(), heading.widest()],
            _ => [meant; 3],
        }
    };
    let ranges: Vec<[u16; 3]> = chosen.iter().map(range).collect();
    // The end is reached when all that follows fits.
    let needed = |from: usize| {
        let widths = ranges[from..].iter().map(|range| u32::from(range[0] + gap));
        widths.sum::<u32>().saturating_sub(u32::from(gap))
    };
    let furthest = (0..chosen.len()).find(|&from| needed(from) <= u32::from(room));
    *shift = (*shift).min(furthest.unwrap_or(chosen.len().saturating_sub(1)));
    let spare = i64::from(room) - i64::from(needed(*shift));
    let widths = grown(&ranges[*shift..], spare);
    let columns = chosen[*shift..].iter().map(|chosen| chosen.column);
    lay_out(columns.zip(widths), gap, room, places);
}

/// Widths between least, preferred and most: first what each would like, then what it can use at most, a column of the
/// terminal at a time in turn.
fn grown(ranges: &[[u16; 3]], mut spare: i64) -> Vec<u16> {
    let mut widths: Vec<u16> = ranges.iter().map(|range| range[0]).collect();
    for goal in [1, 2] {
        loop {
            let mut has_grown = false;
            for (width, range) in widths.iter_mut().zip(ranges) {
                if spare > 0 && *width < range[goal] {
                    *width += 1;
                    spare -= 1;
                    has_grown = true;
                }
            }
            if !has_grown {
                break;
            }
        }
    }
    widths
}

/// Places columns one after the other, as many as there is room for.
fn lay_out(
    columns: impl Iterator<Item = (usize, u16)>,
    gap: u16,
    room: u16,
    places: &mut Vec<ColumnPlace>,
) {
    places.clear();
    let mut x = 0;
    for (column, width) in columns {
        if x >= room {
            break;
        }
        let width = width.min(room - x);
        places.push(ColumnPlace { column, x, width });
        x += width + gap;
    }
}

/// The column that rows are ordered by has an arrow at its heading.
fn with_arrow(heading: &Heading, sorted: bool) -> Heading {
    let mut heading = *heading;
    if sorted {
        let arrow = crate::tui::text::width(heading.heading) as u16 + 1;
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
    let spare = i64::from(room) - i64::from(total(headings, &chosen, gap, Heading::narrow));
    let range = |at: &usize| {
        let heading = &headings[*at];
        [heading.narrow(), heading.preferred(), heading.widest()]
    };
    let ranges: Vec<[u16; 3]> = chosen.iter().map(range).collect();
    let widths = grown(&ranges, spare);
    lay_out(chosen.into_iter().zip(widths), gap, room, places);
}

impl Heading {
    /// The priority of a column that is shown only to those who choose it, or order by it.
    pub(in crate::tui) const NEVER: u8 = u8::MAX;

    /// A width that has room for the heading.
    fn at_least(&self, width: u16) -> u16 {
        width.max(crate::tui::text::width(self.heading) as u16)
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
    // The column that rows are ordered by comes before all others: nothing is left of it otherwise.
    by_priority.sort_by_key(|&at| (at != sorted, priority(at)));
    let mut chosen: Vec<usize> = Vec::new();
    for at in by_priority {
        chosen.push(at);
        let width = if priority(at) <= WORTH_A_CUT {
            Heading::narrow
        } else {
            Heading::preferred
        };
        if total(headings, &chosen, gap, width) > room && chosen.len() > 1 {
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
    fn the_column_that_rows_are_ordered_by_has_its_room() {
        let headings = [heading(10, 0), heading(10, 0), heading(10, 7)];
        let mut places = Vec::new();
        for room in 5..40 {
            fit(&headings, 2, &mut 0, room, &mut places);
            let sorted = places.iter().find(|place| place.column == 2);
            assert!(sorted.is_some_and(|place| place.width >= 5), "{room}");
        }
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
        assert_eq!(placed(0, 28).0[2], (1, 5), "a text gives way");
        assert_eq!(placed(0, 20).0, [(2, 15), (0, 4)]);
        assert_eq!(placed(9, 20), (vec![(0, 6), (1, 13)], 1));
        assert_eq!(placed(0, 50).0[2], (1, 20), "it takes what it can use");
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
