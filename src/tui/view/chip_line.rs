//! The line of chips above a table: TCP states with their counts. A click on one filters by it, and so does its key.
//!
//! ```text
//!  S ESTAB 60  TIME-WAIT 471  CLOSE-WAIT 490  LISTEN 8  SYN-RECV 2
//! ```

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::column::format;
use crate::tui::click_map::ClickTarget;
use crate::tui::command::Command;
use crate::tui::screen::Screen;
use crate::tui::state::State;
use crate::tui::state_chips;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces;

/// Minimum height of a screen with chips.
const MIN_HEIGHT: u16 = 16;

/// The lines of chips: 1 above tables of sockets and their owners, 0 elsewhere and on a small screen.
pub(super) fn lines(state: &State, height: u16) -> u16 {
    let has_chips = matches!(
        state.screen,
        Screen::Sockets | Screen::Processes | Screen::Remotes
    );
    u16::from(has_chips && height >= MIN_HEIGHT && state.page().is_none())
}

/// Draws the chips that fit.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, state: &mut State) {
    let Some(moment) = state.moment.as_deref().filter(|_| !area.is_empty()) else {
        return;
    };
    // A preview has only the first sockets.
    let is_preview = moment.sample.preview.is_some();
    let key = [
        (" ".to_owned(), Tone::Plain),
        (
            state
                .appearance
                .keys
                .label(Command::NextStateFilter)
                .to_owned(),
            Tone::Key,
        ),
    ];
    let mut x = area.x + pieces::write(frame.buffer_mut(), area, &state.appearance, &key);
    for chip in state_chips::chips(state) {
        let name = format!(" {}", chip.state.short_name());
        let mut count = String::from(" ");
        if let Some(number) = chip.count {
            if is_preview {
                count.push('≥');
            }
            format::count(&mut count, number.into());
            count.push(' ');
        }
        let number_tone = if chip.is_active {
            Tone::Selected
        } else {
            Tone::Strong
        };
        let chip_pieces = [(name, chip.tone()), (count, number_tone)];
        let width = pieces::width(&chip_pieces);
        if x + 1 + width > area.right() {
            return;
        }
        let place = Rect {
            x: x + 1,
            width,
            ..area
        };
        pieces::write(frame.buffer_mut(), place, &state.appearance, &chip_pieces);
        state.clicks.add(place, ClickTarget::StateChip(chip.state));
        x += 1 + width;
    }
}
