//! What colours and weights mean. Sixteen colours at most, and everything reads without them.

use ratatui::style::{Color, Modifier, Style};

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
    /// New since the sample before.
    Fresh,
    /// Changed since the sample before.
    Changed,
}

impl Tone {
    /// Every tone.
    pub const ALL: [Tone; 11] = [
        Tone::Plain,
        Tone::Muted,
        Tone::Strong,
        Tone::Good,
        Tone::Notice,
        Tone::Warning,
        Tone::Critical,
        Tone::Key,
        Tone::Selected,
        Tone::Fresh,
        Tone::Changed,
    ];
}

/// How each [`Tone`] looks. Colours come from the terminal's own sixteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light text on a dark ground.
    Dark,
    /// Dark text on a light ground: without yellow and cyan, which nobody can read there.
    Light,
    /// Weights only (`NO_COLOR`).
    Plain,
}

impl Theme {
    /// What the environment asks for. `no_color` is the value of `NO_COLOR`, `colorfgbg` that of `COLORFGBG`, in which
    /// some terminals tell the colours of text and ground by their numbers: `15;0`, `0;default;15`.
    pub fn of_environment(no_color: Option<&str>, colorfgbg: Option<&str>) -> Theme {
        if no_color.is_some_and(|value| !value.is_empty()) {
            return Theme::Plain;
        }
        let ground = colorfgbg.and_then(|value| value.rsplit(';').next()?.parse::<u8>().ok());
        match ground {
            Some(7 | 9..=15) => Theme::Light,
            _ => Theme::Dark,
        }
    }

    /// The one after it, to change while the program runs.
    #[must_use]
    pub fn next(self) -> Theme {
        match self {
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::Plain,
            Theme::Plain => Theme::Dark,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Dark => "dark",
            Theme::Light => "light",
            Theme::Plain => "plain",
        }
    }

    /// The style of a tone.
    pub fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        let coloured = |dark, light| match self {
            Theme::Dark => style.fg(dark),
            Theme::Light => style.fg(light),
            Theme::Plain => style,
        };
        match tone {
            Tone::Plain => style,
            Tone::Muted => style.add_modifier(Modifier::DIM),
            Tone::Strong | Tone::Changed => style.add_modifier(Modifier::BOLD),
            Tone::Good => coloured(Color::Green, Color::Green),
            Tone::Notice => coloured(Color::Cyan, Color::Blue),
            Tone::Warning => coloured(Color::Yellow, Color::Magenta).add_modifier(Modifier::BOLD),
            Tone::Critical => coloured(Color::Red, Color::Red).add_modifier(Modifier::BOLD),
            Tone::Key => coloured(Color::Cyan, Color::Blue).add_modifier(Modifier::BOLD),
            Tone::Selected => style.add_modifier(Modifier::REVERSED),
            Tone::Fresh => coloured(Color::LightGreen, Color::Green).add_modifier(Modifier::BOLD),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_only_weights_remain() {
        for tone in Tone::ALL {
            let style = Theme::Plain.style(tone);
            assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
        }
        assert_eq!(Theme::Dark.style(Tone::Warning).fg, Some(Color::Yellow));
    }

    #[test]
    fn on_a_light_ground_nothing_is_yellow_or_cyan() {
        for tone in Tone::ALL {
            let colour = Theme::Light.style(tone).fg;
            let bright = [Color::Yellow, Color::Cyan, Color::White, Color::LightGreen];
            assert!(
                !colour.is_some_and(|colour| bright.contains(&colour)),
                "{tone:?}"
            );
        }
    }

    #[test]
    fn the_environment_tells_the_ground() {
        let theme = Theme::of_environment;
        assert_eq!(theme(None, None), Theme::Dark);
        assert_eq!(theme(None, Some("15;0")), Theme::Dark);
        assert_eq!(theme(None, Some("0;default;15")), Theme::Light);
        assert_eq!(theme(None, Some("12;8")), Theme::Dark);
        assert_eq!(theme(Some("1"), Some("0;15")), Theme::Plain);
        assert_eq!(theme(Some(""), Some("nonsense")), Theme::Dark);
    }
}
