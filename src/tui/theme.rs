//! What colours and weights mean. Sixteen colours at most, and everything reads without them.

use ratatui::style::{Color, Modifier, Style};

use crate::model::State;

/// What a piece of text means; the only thing that decides how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// A value like any other.
    Plain,
    /// Beside the point: frames, reasons, what is missing.
    Muted,
    /// A heading or a name that the eye looks for.
    Strong,
    /// In order: an established connection.
    Good,
    /// Worth knowing: a listener, a handshake.
    Notice,
    /// Worth a look.
    Warning,
    /// Needs somebody.
    Critical,
    /// A key to press.
    Key,
    /// The selected row, the current screen.
    Selected,
}

/// How each [`Tone`] looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    colours: bool,
}

impl Theme {
    /// With the terminal's own sixteen colours, or with weights only (`NO_COLOR`).
    pub fn new(colours: bool) -> Theme {
        Theme { colours }
    }

    /// The style of a tone. Colours come from the terminal's palette, so that they fit light and dark ones.
    pub fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        let coloured = |colour| {
            if self.colours {
                style.fg(colour)
            } else {
                style
            }
        };
        match tone {
            Tone::Plain => style,
            Tone::Muted => style.add_modifier(Modifier::DIM),
            Tone::Strong => style.add_modifier(Modifier::BOLD),
            Tone::Good => coloured(Color::Green),
            Tone::Notice => coloured(Color::Cyan),
            Tone::Warning => coloured(Color::Yellow).add_modifier(Modifier::BOLD),
            Tone::Critical => coloured(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Key => coloured(Color::Cyan).add_modifier(Modifier::BOLD),
            Tone::Selected => style.add_modifier(Modifier::REVERSED),
        }
    }
}

/// What a TCP state means.
pub fn state_tone(state: State) -> Tone {
    match state {
        State::Established => Tone::Good,
        State::Listen | State::SynSent | State::SynRecv => Tone::Notice,
        State::CloseWait => Tone::Warning,
        State::TimeWait | State::FinWait1 | State::FinWait2 | State::LastAck | State::Closing => {
            Tone::Muted
        }
        State::Closed | State::BoundInactive => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_only_weights_remain() {
        for tone in [
            Tone::Good,
            Tone::Notice,
            Tone::Warning,
            Tone::Critical,
            Tone::Key,
            Tone::Selected,
        ] {
            let style = Theme::new(false).style(tone);
            assert_eq!((style.fg, style.bg), (None, None));
        }
        let warning = Theme::new(true).style(Tone::Warning);
        assert_eq!(warning.fg, Some(Color::Yellow));
    }
}
