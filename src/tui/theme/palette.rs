//! Fixed colors of themes, each with its background.

use ratatui::style::Color;

use super::tone::Tone;

/// The colors of a theme. `Muted` is a color of its own, never faint text.
#[derive(Debug)]
pub(super) struct Palette {
    pub(super) background: Color,
    pub(super) text: Color,
    muted: Color,
    good: Color,
    notice: Color,
    warning: Color,
    critical: Color,
    key: Color,
    fresh: Color,
    received: Color,
    sent: Color,
}

impl Palette {
    /// The color of a tone.
    pub(super) fn color(&self, tone: Tone) -> Color {
        match tone {
            Tone::Plain | Tone::Strong | Tone::Selected | Tone::Changed => self.text,
            Tone::Muted => self.muted,
            Tone::Good => self.good,
            Tone::Notice => self.notice,
            Tone::Warning => self.warning,
            Tone::Critical => self.critical,
            Tone::Key => self.key,
            Tone::Fresh => self.fresh,
            Tone::Received => self.received,
            Tone::Sent => self.sent,
        }
    }
}

const fn rgb(code: u32) -> Color {
    let [_, red, green, blue] = code.to_be_bytes();
    Color::Rgb(red, green, blue)
}

/// White and bright colors on black, all with a contrast of 7 or more.
pub(super) static HIGH_CONTRAST: Palette = Palette {
    background: rgb(0x000000),
    text: rgb(0xffffff),
    muted: rgb(0xd0d0d0),
    good: rgb(0x5fff5f),
    notice: rgb(0x5fffff),
    warning: rgb(0xffff00),
    critical: rgb(0xff8080),
    key: rgb(0x5fffff),
    fresh: rgb(0x87ff87),
    received: rgb(0x5fff5f),
    sent: rgb(0xa0c8ff),
};

/// Blue and orange instead of green and red, after Okabe and Ito.
pub(super) static COLOR_BLIND: Palette = Palette {
    background: rgb(0x101010),
    text: rgb(0xe4e4e4),
    muted: rgb(0xa8a8a8),
    good: rgb(0x56b4e9),
    notice: rgb(0xb8c8ff),
    warning: rgb(0xf0e442),
    critical: rgb(0xff5010),
    key: rgb(0xb8c8ff),
    fresh: rgb(0x9fd8ff),
    received: rgb(0x56b4e9),
    sent: rgb(0xe69f00),
};

/// Solarized, with its accents lightened where they are hard to read.
pub(super) static SOLARIZED_DARK: Palette = Palette {
    background: rgb(0x002b36),
    text: rgb(0x93a1a1),
    muted: rgb(0x839496),
    good: rgb(0x859900),
    notice: rgb(0x2aa198),
    warning: rgb(0xb58900),
    critical: rgb(0xe56563),
    key: rgb(0x3794d6),
    fresh: rgb(0x859900),
    received: rgb(0x859900),
    sent: rgb(0x3794d6),
};

/// Solarized, with its accents darkened where they are hard to read.
pub(super) static SOLARIZED_LIGHT: Palette = Palette {
    background: rgb(0xfdf6e3),
    text: rgb(0x073642),
    muted: rgb(0x586e75),
    good: rgb(0x687700),
    notice: rgb(0x207c75),
    warning: rgb(0x8d6b00),
    critical: rgb(0xd3302d),
    key: rgb(0x2075b0),
    fresh: rgb(0x687700),
    received: rgb(0x687700),
    sent: rgb(0x2075b0),
};

/// The colors of Nord, with its red lightened.
pub(super) static NORD: Palette = Palette {
    background: rgb(0x2e3440),
    text: rgb(0xd8dee9),
    muted: rgb(0xa3adbd),
    good: rgb(0xa3be8c),
    notice: rgb(0x88c0d0),
    warning: rgb(0xebcb8b),
    critical: rgb(0xd08a91),
    key: rgb(0x8fbcbb),
    fresh: rgb(0xb5d19c),
    received: rgb(0xa3be8c),
    sent: rgb(0x81a1c1),
};

/// The relative luminance of a color, as WCAG defines it; red, green, blue and the result range from 0 to 1.
pub(super) fn luminance(rgb: [f64; 3]) -> f64 {
    let [red, green, blue] = rgb.map(|channel| {
        if channel <= 0.040_45 {
            channel / 12.92
        } else {
            ((channel + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::Theme;

    /// Red, green and blue as light reaches an eye without one kind of cone (Machado, Oliveira and Fernandes 2009).
    const DEFICIENCIES: [[[f64; 3]; 3]; 3] = [
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];

    fn channels(color: Color) -> [f64; 3] {
        match color {
            Color::Rgb(red, green, blue) => [red, green, blue].map(|it| f64::from(it) / 255.0),
            other => panic!("{other:?} is not fixed"),
        }
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let [a, b] = [a, b].map(|color| luminance(channels(color)) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn every_tone_is_readable_on_its_background() {
        let mut checked = 0;
        for theme in Theme::ALL {
            let Some(base) = theme.base() else { continue };
            let background = base.bg.unwrap();
            let least = if theme == Theme::HighContrast {
                7.0
            } else {
                4.5
            };
            for tone in Tone::ALL {
                let style = theme.style(tone);
                let contrast = contrast(style.fg.unwrap(), background);
                assert!(contrast >= least, "{theme:?} {tone:?}: {contrast:.2}");
                let is_faint = style.add_modifier.contains(ratatui::style::Modifier::DIM);
                assert!(!is_faint, "{theme:?} {tone:?}");
                checked += 1;
            }
        }
        assert_eq!(checked, 5 * Tone::ALL.len());
    }

    /// The color as L*a*b*, seen with a deficiency.
    fn seen(color: Color, deficiency: &[[f64; 3]; 3]) -> [f64; 3] {
        let linear = channels(color).map(|it| luminance([it; 3]));
        let [red, green, blue] = deficiency.map(|row| {
            let sum: f64 = row.iter().zip(linear).map(|(a, b)| a * b).sum();
            sum.clamp(0.0, 1.0)
        });
        let [x, y, z] = [
            (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.950_47,
            0.2126 * red + 0.7152 * green + 0.0722 * blue,
            (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.088_83,
        ]
        .map(f64::cbrt);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    #[test]
    fn directions_and_severities_differ_for_color_blind_people() {
        let pairs = [
            (Tone::Received, Tone::Sent),
            (Tone::Good, Tone::Warning),
            (Tone::Good, Tone::Critical),
            (Tone::Notice, Tone::Warning),
            (Tone::Notice, Tone::Critical),
            (Tone::Warning, Tone::Critical),
        ];
        for (a, b) in pairs {
            for deficiency in &DEFICIENCIES {
                let [a_seen, b_seen] = [a, b].map(|tone| seen(COLOR_BLIND.color(tone), deficiency));
                let squares = a_seen.iter().zip(b_seen).map(|(a, b)| (a - b).powi(2));
                let distance = squares.sum::<f64>().sqrt();
                assert!(distance > 25.0, "{a:?} {b:?}: {distance:.0}");
            }
        }
    }
}
