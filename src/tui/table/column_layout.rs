//! Chooses the columns that fit into a width, and places them. Depends on the width and the sort column only, never on
//! the rows, so that nothing jumps from one moment to the next.

use super::heading::Heading;

/// The place of a column in a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnPlace {
    /// Index among the headings.
    pub column: usize,
    /// First terminal column, counted from the table's left edge.
    pub x: u16,
    /// Width, terminal columns.
    pub width: u16,
}

/// Gap between columns.
const GAP: u16 = 1;

/// Gap between columns in a wide table.
const WIDE_GAP: u16 = 2;

/// Minimum width of a wide table, terminal columns.
const WIDE: u16 = 120;

/// The highest priority number of columns that are shown even if texts have to be cut for them.
const MAX_CUT_PRIORITY: u8 = 2;

/// A column that the user chose to show, and how much wider the user made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChosenColumn {
    /// Index among the headings.
    pub column: usize,
    /// Terminal columns beyond its preferred width; fewer if negative.
    pub extra_width: i16,
}

/// Places the columns that the user chose, in that order: text columns shrink until all fit. If they still do not fit,
/// the first `shift` columns are scrolled out; `shift` is clamped to the valid range.
pub(super) fn place_chosen_columns(
    headings: &[Heading],
    chosen: &[ChosenColumn],
    sorted: usize,
    shift: &mut usize,
    room: u16,
    places: &mut Vec<ColumnPlace>,
) {
    let gap = if room >= WIDE { WIDE_GAP } else { GAP };
    // A width that the user changed is kept exactly.
    let range = |chosen: &ChosenColumn| {
        let heading = headings[chosen.column].with_sort_arrow(chosen.column == sorted);
        let meant = i32::from(heading.preferred()) + i32::from(chosen.extra_width);
        let meant = meant.clamp(1, i32::from(u16::MAX / 2)) as u16;
        match chosen.extra_width {
            0 => [heading.narrowest(), heading.preferred(), heading.widest()],
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
    let widths = grow_widths(&ranges[*shift..], spare);
    let columns = chosen[*shift..].iter().map(|chosen| chosen.column);
    place_columns(columns.zip(widths), gap, room, places);
}

/// Grows widths from their least to the preferred, then to the most, one terminal column at a time in turn.
fn grow_widths(ranges: &[[u16; 3]], mut spare: i64) -> Vec<u16> {
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

/// Places columns one after the other, as many as fit.
fn place_columns(
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

/// Chooses columns for `room` and places them. `shift` scrolls columns out at the left and is clamped.
pub(super) fn fit_columns(
    headings: &[Heading],
    sorted: usize,
    shift: &mut usize,
    room: u16,
    places: &mut Vec<ColumnPlace>,
) {
    let headings: Vec<Heading> = headings
        .iter()
        .enumerate()
        .map(|(at, heading)| heading.with_sort_arrow(at == sorted))
        .collect();
    let headings = headings.as_slice();
    let gap = if room >= WIDE { WIDE_GAP } else { GAP };
    let mut chosen = choose(headings, sorted, room, gap);
    let known = |heading: &&Heading| heading.priority != Heading::NEVER;
    let hidden = headings
        .iter()
        .filter(known)
        .count()
        .saturating_sub(chosen.len());
    *shift = (*shift).min(hidden);
    if *shift > 0 {
        chosen = with_scrolled_in(headings, *shift, room, gap, &chosen);
    }
    let spare =
        i64::from(room) - i64::from(total_width(headings, &chosen, gap, Heading::narrowest));
    let range = |at: &usize| {
        let heading = &headings[*at];
        [heading.narrowest(), heading.preferred(), heading.widest()]
    };
    let ranges: Vec<[u16; 3]> = chosen.iter().map(range).collect();
    let widths = grow_widths(&ranges, spare);
    place_columns(chosen.into_iter().zip(widths), gap, room, places);
}

fn total_width(
    headings: &[Heading],
    chosen: &[usize],
    gap: u16,
    width: fn(&Heading) -> u16,
) -> u16 {
    let widths: u16 = chosen.iter().map(|&at| width(&headings[at])).sum();
    widths + gap * (chosen.len().saturating_sub(1) as u16)
}

/// Chooses columns by priority: the indispensable ones at their minimum width, the others while all have their
/// preferred width. In the order of the headings.
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
    // The sort column comes before all others, or it might not fit.
    by_priority.sort_by_key(|&at| (at != sorted, priority(at)));
    let mut chosen: Vec<usize> = Vec::new();
    for at in by_priority {
        chosen.push(at);
        let width = if priority(at) <= MAX_CUT_PRIORITY {
            Heading::narrowest
        } else {
            Heading::preferred
        };
        if total_width(headings, &chosen, gap, width) > room && chosen.len() > 1 {
            chosen.pop();
        }
    }
    chosen.sort_unstable();
    chosen
}

/// Replaces the last columns by hidden ones, skipping the first `shift - 1` of these: the view scrolled to the right.
fn with_scrolled_in(
    headings: &[Heading],
    shift: usize,
    room: u16,
    gap: u16,
    chosen: &[usize],
) -> Vec<usize> {
    let hidden: Vec<usize> = (0..headings.len())
        .filter(|at| !chosen.contains(at) && headings[*at].priority != Heading::NEVER)
        .collect();
    // The indispensable columns stay; the scrolled-in ones follow while there is room.
    let mut columns: Vec<usize> = chosen
        .iter()
        .copied()
        .filter(|&at| headings[at].priority == 0)
        .collect();
    for &at in hidden.iter().skip(shift - 1) {
        columns.push(at);
        if total_width(headings, &columns, gap, Heading::narrowest) > room {
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
            min_width: width / 2,
            max_width: width * 2,
            priority,
        }
    }

    fn columns(headings: &[Heading], shift: usize, room: u16) -> Vec<usize> {
        let mut places = Vec::new();
        let mut shift = shift;
        fit_columns(headings, 0, &mut shift, room, &mut places);
        for place in &places {
            assert!(place.x + place.width <= room);
        }
        places.iter().map(|place| place.column).collect()
    }

    #[test]
    fn columns_are_chosen_by_priority_and_all_if_they_fit() {
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
    fn the_sort_column_always_fits() {
        let headings = [heading(10, 0), heading(10, 0), heading(10, 7)];
        let mut places = Vec::new();
        for room in 5..40 {
            fit_columns(&headings, 2, &mut 0, room, &mut places);
            let sorted = places.iter().find(|place| place.column == 2);
            assert!(sorted.is_some_and(|place| place.width >= 5), "{room}");
        }
    }

    #[test]
    fn chosen_columns_keep_their_order_and_scroll() {
        let headings = [heading(10, 0), heading(10, 0), heading(10, 0)];
        let chosen = |column, extra_width| ChosenColumn {
            column,
            extra_width,
        };
        let order = [chosen(2, 5), chosen(0, -4), chosen(1, 0)];
        let placed = |shift: usize, room: u16| {
            let (mut places, mut shift) = (Vec::new(), shift);
            place_chosen_columns(&headings, &order, 9, &mut shift, room, &mut places);
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
    fn scrolling_ends_at_the_last_hidden_column() {
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
