//! The meanings of colors and weights. At most sixteen colors, and everything is readable without them.

use ratatui::style::{Color, Modifier, Style};

/// The meaning of a piece of text, which alone decides its style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// A value like any other.
    Plain,
    /// Of less importance: frames, reasons, missing values.
    Muted,
    /// A heading or a name.
    Strong,
    /// Healthy, such as an established connection.
    Good,
    /// Noteworthy, such as a listener or a handshake.
    Notice,
    /// A warning.
    Warning,
    /// Critical.
    Critical,
    /// A key to press.
    Key,
    /// The selected row, the current screen.
    Selected,
    /// New since the sample before.
    Fresh,
    /// Changed since the sample before.
    Changed,
    /// Received bytes.
    Received,
    /// Sent bytes.
    Sent,
}

impl Tone {
    /// Every tone.
    pub const ALL: [Tone; 13] = [
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
        Tone::Received,
        Tone::Sent,
    ];
}

/// The styles of the [`Tone`]s. Colors come from the sixteen of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light text on a dark background.
    Dark,
    /// Dark text on a light background: without yellow and cyan, which are unreadable there.
    Light,
    /// Weights only (`NO_COLOR`, and terminals without colors).
    Plain,
}

impl Theme {
    /// The theme for the terminal's background. `colorfgbg` is the value of `COLORFGBG`, in which some terminals report
    /// the numbers of text and background color: `15;0`, `0;default;15`.
    pub fn for_background(colorfgbg: Option<&str>) -> Theme {
        let background = colorfgbg.and_then(|value| value.rsplit(';').next()?.parse::<u8>().ok());
        match background {
            Some(7 | 9..=15) => Theme::Light,
            _ => Theme::Dark,
        }
    }

    /// The next theme, to switch while the program runs.
    #[must_use]
    pub fn next(self) -> Theme {
        match self {
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::Plain,
            Theme::Plain => Theme::Dark,
        }
    }

    /// Returns the name of the theme.
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
        let colored = |dark, light| match self {
            Theme::Dark => style.fg(dark),
            Theme::Light => style.fg(light),
            Theme::Plain => style,
        };
        match tone {
            Tone::Plain => style,
            Tone::Muted => style.add_modifier(Modifier::DIM),
            Tone::Strong | Tone::Changed => style.add_modifier(Modifier::BOLD),
            Tone::Good => colored(Color::Green, Color::Green),
            Tone::Received => colored(Color::Green, Color::Green),
            Tone::Sent => colored(Color::LightBlue, Color::Blue),
            Tone::Notice => colored(Color::Cyan, Color::Blue),
            Tone::Warning => colored(Color::Yellow, Color::Magenta).add_modifier(Modifier::BOLD),
            Tone::Critical => colored(Color::Red, Color::Red).add_modifier(Modifier::BOLD),
            Tone::Key => colored(Color::Cyan, Color::Blue).add_modifier(Modifier::BOLD),
            Tone::Selected => style.add_modifier(Modifier::REVERSED),
            Tone::Fresh => colored(Color::LightGreen, Color::Green).add_modifier(Modifier::BOLD),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colors_only_weights_remain() {
        for tone in Tone::ALL {
            let style = Theme::Plain.style(tone);
            assert_eq!((style.fg, style.bg), (None, None), "{tone:?}");
        }
        assert_eq!(Theme::Dark.style(Tone::Warning).fg, Some(Color::Yellow));
    }

    #[test]
    fn on_a_light_background_nothing_is_yellow_or_cyan() {
        for tone in Tone::ALL {
            let color = Theme::Light.style(tone).fg;
            let bright = [Color::Yellow, Color::Cyan, Color::White, Color::LightGreen];
            assert!(
                !color.is_some_and(|color| bright.contains(&color)),
                "{tone:?}"
            );
        }
    }

    #[test]
    fn the_background_is_read_from_the_environment() {
        let theme = Theme::for_background;
        assert_eq!(theme(None), Theme::Dark);
        assert_eq!(theme(Some("15;0")), Theme::Dark);
        assert_eq!(theme(Some("0;default;15")), Theme::Light);
        assert_eq!(theme(Some("12;8")), Theme::Dark);
        assert_eq!(theme(Some("nonsense")), Theme::Dark);
    }
}
