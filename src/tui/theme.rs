//! The meanings of colors and weights. Everything is readable without colors.

mod palette;
mod tone;

use ratatui::style::{Color, Modifier, Style};

use self::palette::Palette;
pub use self::tone::Tone;

/// The colors that a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorSupport {
    /// None: bold, underline and reverse video alone.
    None,
    /// The sixteen of `ESC [ 30 m` to `ESC [ 37 m` and `ESC [ 90 m` to `ESC [ 97 m`.
    Sixteen,
    /// 256.
    Many,
    /// Every color, by its red, green and blue.
    Full,
}

/// The styles of the [`Tone`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Light text on a dark background, in the terminal's own colors.
    Dark,
    /// Dark text on a light background, in the terminal's own colors: without yellow and cyan, which are unreadable
    /// there.
    Light,
    /// White and bright colors on black.
    HighContrast,
    /// Blue and orange instead of green and red.
    ColorBlind,
    /// Solarized, dark.
    SolarizedDark,
    /// Solarized, light.
    SolarizedLight,
    /// Muted colors on blue-gray, after Nord.
    Nord,
    /// [`Theme::Dark`] in sixteen colors.
    DarkSixteen,
    /// [`Theme::Light`] in sixteen colors.
    LightSixteen,
    /// Weights only (`NO_COLOR`, and terminals without colors).
    Plain,
}

impl Theme {
    /// The themes that can be chosen by name, in the order in which they are switched.
    pub const ALL: [Theme; 8] = [
        Theme::Dark,
        Theme::Light,
        Theme::HighContrast,
        Theme::ColorBlind,
        Theme::SolarizedDark,
        Theme::SolarizedLight,
        Theme::Nord,
        Theme::Plain,
    ];

    /// The theme for the terminal's background. `colorfgbg` is the value of `COLORFGBG`, in which some terminals report
    /// the numbers of text and background color: `15;0`, `0;default;15`.
    pub fn for_background(colorfgbg: Option<&str>) -> Theme {
        let background = colorfgbg.and_then(|value| value.rsplit(';').next()?.parse::<u8>().ok());
        match background {
            Some(7 | 9..=15) => Theme::Light,
            _ => Theme::Dark,
        }
    }

    /// The theme for a background color, by its red, green and blue from 0 to 1.
    pub fn for_background_color(rgb: [f64; 3]) -> Theme {
        // The midpoint between the contrasts to black and to white.
        if palette::luminance(rgb) > 0.18 {
            Theme::Light
        } else {
            Theme::Dark
        }
    }

    /// The theme with a name.
    pub fn by_name(name: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// The theme, or the one in its place on a terminal with few colors.
    #[must_use]
    pub fn shown_with(self, colors: ColorSupport) -> Theme {
        match (colors, self) {
            (ColorSupport::None, _) | (_, Theme::Plain) => Theme::Plain,
            (ColorSupport::Sixteen, Theme::Light | Theme::SolarizedLight | Theme::LightSixteen) => {
                Theme::LightSixteen
            }
            (ColorSupport::Sixteen, _) => Theme::DarkSixteen,
            (ColorSupport::Many | ColorSupport::Full, theme) => theme,
        }
    }

    /// The next theme that looks different on a terminal with these colors, to switch while the program runs.
    #[must_use]
    pub fn next(self, colors: ColorSupport) -> Theme {
        let mut shown: Vec<Theme> = Vec::new();
        for theme in Theme::ALL.map(|theme| theme.shown_with(colors)) {
            if !shown.contains(&theme) {
                shown.push(theme);
            }
        }
        let at = shown.iter().position(|theme| *theme == self);
        let next = at.map_or(0, |at| (at + 1) % shown.len());
        shown.get(next).copied().unwrap_or(self)
    }

    /// Returns the name of the theme.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Dark | Theme::DarkSixteen => "dark",
            Theme::Light | Theme::LightSixteen => "light",
            Theme::HighContrast => "high-contrast",
            Theme::ColorBlind => "color-blind",
            Theme::SolarizedDark => "solarized-dark",
            Theme::SolarizedLight => "solarized-light",
            Theme::Nord => "nord",
            Theme::Plain => "plain",
        }
    }

    /// The colors of a theme that does not use those of the terminal.
    fn palette(self) -> Option<&'static Palette> {
        match self {
            Theme::HighContrast => Some(&palette::HIGH_CONTRAST),
            Theme::ColorBlind => Some(&palette::COLOR_BLIND),
            Theme::SolarizedDark => Some(&palette::SOLARIZED_DARK),
            Theme::SolarizedLight => Some(&palette::SOLARIZED_LIGHT),
            Theme::Nord => Some(&palette::NORD),
            Theme::Dark
            | Theme::Light
            | Theme::DarkSixteen
            | Theme::LightSixteen
            | Theme::Plain => None,
        }
    }

    /// Text and background of the whole screen, if the theme does not use those of the terminal.
    pub fn base(self) -> Option<Style> {
        let palette = self.palette()?;
        Some(Style::new().fg(palette.text).bg(palette.background))
    }

    /// The style of a tone.
    pub fn style(self, tone: Tone) -> Style {
        let style = match self.palette() {
            Some(palette) => Style::new().fg(palette.color(tone)),
            None => self.terminal_color(tone),
        };
        match tone {
            Tone::Strong
            | Tone::Changed
            | Tone::Warning
            | Tone::Critical
            | Tone::Key
            | Tone::Fresh => style.add_modifier(Modifier::BOLD),
            Tone::Selected => style.add_modifier(Modifier::REVERSED),
            Tone::Plain | Tone::Muted | Tone::Good | Tone::Notice | Tone::Received | Tone::Sent => {
                style
            }
        }
    }

    /// The color of a tone among those of the terminal.
    fn terminal_color(self, tone: Tone) -> Style {
        let style = Style::new();
        let colored = |dark, light| match self {
            Theme::Light | Theme::LightSixteen => style.fg(light),
            Theme::Plain => style,
            _ => style.fg(dark),
        };
        match tone {
            Tone::Plain | Tone::Strong | Tone::Changed | Tone::Selected => style,
            // A gray of the 256 is the same in every terminal: those of the sixteen may be the background, and faint
            // text may vanish.
            Tone::Muted => match self {
                Theme::Dark => style.fg(Color::Indexed(247)),
                Theme::Light => style.fg(Color::Indexed(241)),
                _ => style.add_modifier(Modifier::DIM),
            },
            Tone::Good | Tone::Received => colored(Color::Green, Color::Green),
            Tone::Sent => colored(Color::LightBlue, Color::Blue),
            Tone::Notice | Tone::Key => colored(Color::Cyan, Color::Blue),
            Tone::Warning => colored(Color::Yellow, Color::Magenta),
            Tone::Critical => colored(Color::Red, Color::Red),
            Tone::Fresh => colored(Color::LightGreen, Color::Green),
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

    #[test]
    fn a_background_color_is_dark_or_light() {
        for dark in [[0.0; 3], [0.12; 3], [0.0, 0.17, 0.21], [0.0, 0.0, 0.9]] {
            assert_eq!(Theme::for_background_color(dark), Theme::Dark, "{dark:?}");
        }
        for light in [[1.0; 3], [0.99, 0.96, 0.89], [0.6; 3]] {
            assert_eq!(
                Theme::for_background_color(light),
                Theme::Light,
                "{light:?}"
            );
        }
    }

    #[test]
    fn every_theme_is_found_by_its_name_and_switched_to() {
        for theme in Theme::ALL {
            assert_eq!(Theme::by_name(theme.name()), Some(theme));
        }
        let cycle = |colors| {
            let first = Theme::Dark.shown_with(colors);
            let mut names = vec![first.name()];
            let mut theme = first.next(colors);
            while theme != first {
                names.push(theme.name());
                theme = theme.next(colors);
            }
            names
        };
        assert_eq!(cycle(ColorSupport::None), ["plain"]);
        assert_eq!(cycle(ColorSupport::Sixteen), ["dark", "light", "plain"]);
        let all = Theme::ALL.map(Theme::name);
        assert_eq!(cycle(ColorSupport::Many), all);
        assert_eq!(cycle(ColorSupport::Full), all);
    }

    #[test]
    fn sixteen_colors_are_enough_where_there_are_no_more() {
        for theme in Theme::ALL {
            let shown = theme.shown_with(ColorSupport::Sixteen);
            assert_eq!(shown.base(), None);
            for tone in Tone::ALL {
                let color = shown.style(tone).fg;
                let is_fixed = matches!(color, Some(Color::Rgb(..) | Color::Indexed(_)));
                assert!(!is_fixed, "{theme:?} {tone:?}");
            }
        }
        let light = Theme::SolarizedLight.shown_with(ColorSupport::Sixteen);
        assert_eq!(light.name(), "light");
    }
}
