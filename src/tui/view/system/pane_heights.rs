//! Distributes the height of a column over its tables.

use crate::tui::screen::Pane;

/// The height of a table that is shown as its title alone.
const TITLE_HEIGHT: u16 = 1;

/// The heights of panes in a column of `room` lines; each pane comes with the height that it can use. Depends on the
/// room, the number of rows and the focus only, so that nothing jumps from one moment to the next.
pub(super) fn heights(room: u16, panes: &[(Pane, u16)], focus: Pane) -> Vec<u16> {
    let mut heights: Vec<u16> = panes
        .iter()
        .map(|&(pane, _)| match pane {
            // Warnings are always visible: two rows below title and headings.
            Pane::Limits | Pane::Counters => 4,
            pane if pane == focus => 4,
            _ => TITLE_HEIGHT,
        })
        .collect();
    // In less room, the pane with the focus gets it all.
    if heights.iter().sum::<u16>() > room {
        let others = panes.len() as u16 - 1;
        let rest = room.saturating_sub(others * TITLE_HEIGHT);
        let has_focus = panes.iter().any(|(pane, _)| *pane == focus);
        let favoured = |at: usize| panes[at].0 == focus || (!has_focus && at == 0);
        let mut left = room;
        for (at, height) in heights.iter_mut().enumerate() {
            *height = if favoured(at) { rest } else { TITLE_HEIGHT }.min(left);
            left -= *height;
        }
        return heights;
    }
    let mut spare = room - heights.iter().sum::<u16>();
    // In this order, up to these heights, at most what each can use; a table that is only a title opens only if some
    // rows fit.
    let steps = [
        (focus, 7),
        (Pane::Limits, 5),
        (Pane::Counters, 5),
        (Pane::Interfaces, 5),
        (focus, 10),
        (Pane::Counters, 9),
        (Pane::Limits, 13),
        (Pane::Settings, 8),
        (focus, u16::MAX),
        (Pane::Counters, u16::MAX),
        (Pane::Limits, u16::MAX),
        (Pane::Interfaces, u16::MAX),
        (Pane::Settings, u16::MAX),
    ];
    for (pane, most) in steps {
        let Some(at) = panes.iter().position(|(known, _)| *known == pane) else {
            continue;
        };
        let wanted = most.min(panes[at].1).saturating_sub(heights[at]);
        let opens = heights[at] == TITLE_HEIGHT && spare < wanted.min(4);
        if !opens {
            let given = wanted.min(spare);
            heights[at] += given;
            spare -= given;
        }
    }
    // The last pane gets the rest.
    if let Some(last) = heights.last_mut() {
        *last += spare;
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::screen::Screen;

    const ALL: [(Pane, u16); 4] = [
        (Pane::Limits, 13),
        (Pane::Counters, 400),
        (Pane::Interfaces, 5),
        (Pane::Settings, 47),
    ];

    #[test]
    fn a_low_terminal_shows_warnings_and_the_focused_pane() {
        assert_eq!(heights(16, &ALL, Pane::Counters), [5, 9, 1, 1]);
        assert_eq!(heights(16, &ALL, Pane::Limits), [9, 5, 1, 1]);
        assert_eq!(heights(16, &ALL, Pane::Interfaces), [5, 5, 5, 1]);
        assert_eq!(heights(16, &ALL, Pane::Settings), [4, 4, 1, 7]);
    }

    #[test]
    fn a_high_terminal_shows_all_panes_and_uses_the_full_height() {
        let found = heights(42, &ALL, Pane::Counters);
        assert_eq!(found, [13, 16, 5, 8]);
        let left = [ALL[0], ALL[2], ALL[3]];
        assert_eq!(heights(31, &left, Pane::Counters), [13, 5, 13]);
        assert_eq!(heights(31, &left, Pane::Settings), [13, 5, 13]);
        assert_eq!(heights(31, &ALL[1..2], Pane::Limits), [31]);
        for room in 0..100 {
            for &focus in Screen::System.panes() {
                let found = heights(room, &ALL, focus);
                assert_eq!(found.iter().sum::<u16>(), room, "{focus:?}");
            }
        }
    }
}
