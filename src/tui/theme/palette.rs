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

/// White and bright colors on black, all with a contrast of 7 or more.
pub(super) static HIGH_CONTRAST: Palette = Palette {
    background: Color::Rgb(0x00, 0x00, 0x00),
    text: Color::Rgb(0xff, 0xff, 0xff),
    muted: Color::Rgb(0xd0, 0xd0, 0xd0),
    good: Color::Rgb(0x5f, 0xff, 0x5f),
    notice: Color::Rgb(0x5f, 0xff, 0xff),
    warning: Color::Rgb(0xff, 0xff, 0x00),
    critical: Color::Rgb(0xff, 0x80, 0x80),
    key: Color::Rgb(0x5f, 0xff, 0xff),
    fresh: Color::Rgb(0x87, 0xff, 0x87),
    received: Color::Rgb(0x5f, 0xff, 0x5f),
    sent: Color::Rgb(0xa0, 0xc8, 0xff),
};

/// Blue and orange instead of green and red, after Okabe and Ito.
pub(super) static COLOR_BLIND: Palette = Palette {
    background: Color::Rgb(0x10, 0x10, 0x10),
    text: Color::Rgb(0xe4, 0xe4, 0xe4),
    muted: Color::Rgb(0xa8, 0xa8, 0xa8),
    good: Color::Rgb(0x56, 0xb4, 0xe9),
    notice: Color::Rgb(0xb8, 0xc8, 0xff),
    warning: Color::Rgb(0xf0, 0xe4, 0x42),
    critical: Color::Rgb(0xff, 0x50, 0x10),
    key: Color::Rgb(0xb8, 0xc8, 0xff),
    fresh: Color::Rgb(0x9f, 0xd8, 0xff),
    received: Color::Rgb(0x56, 0xb4, 0xe9),
    sent: Color::Rgb(0xe6, 0x9f, 0x00),
};

/// Solarized, with its accents lightened where they are hard to read.
pub(super) static SOLARIZED_DARK: Palette = Palette {
    background: Color::Rgb(0x00, 0x2b, 0x36),
    text: Color::Rgb(0x93, 0xa1, 0xa1),
    muted: Color::Rgb(0x83, 0x94, 0x96),
    good: Color::Rgb(0x85, 0x99, 0x00),
    notice: Color::Rgb(0x2a, 0xa1, 0x98),
    warning: Color::Rgb(0xb5, 0x89, 0x00),
    critical: Color::Rgb(0xe5, 0x65, 0x63),
    key: Color::Rgb(0x37, 0x94, 0xd6),
    fresh: Color::Rgb(0x85, 0x99, 0x00),
    received: Color::Rgb(0x85, 0x99, 0x00),
    sent: Color::Rgb(0x37, 0x94, 0xd6),
};

/// Solarized, with its accents darkened where they are hard to read.
pub(super) static SOLARIZED_LIGHT: Palette = Palette {
    background: Color::Rgb(0xfd, 0xf6, 0xe3),
    text: Color::Rgb(0x07, 0x36, 0x42),
    muted: Color::Rgb(0x58, 0x6e, 0x75),
    good: Color::Rgb(0x68, 0x77, 0x00),
    notice: Color::Rgb(0x20, 0x7c, 0x75),
    warning: Color::Rgb(0x8d, 0x6b, 0x00),
    critical: Color::Rgb(0xd3, 0x30, 0x2d),
    key: Color::Rgb(0x20, 0x75, 0xb0),
    fresh: Color::Rgb(0x68, 0x77, 0x00),
    received: Color::Rgb(0x68, 0x77, 0x00),
    sent: Color::Rgb(0x20, 0x75, 0xb0),
};

/// The colors of Nord, with its red lightened.
pub(super) static NORD: Palette = Palette {
    background: Color::Rgb(0x2e, 0x34, 0x40),
    text: Color::Rgb(0xd8, 0xde, 0xe9),
    muted: Color::Rgb(0xa3, 0xad, 0xbd),
    good: Color::Rgb(0xa3, 0xbe, 0x8c),
    notice: Color::Rgb(0x88, 0xc0, 0xd0),
    warning: Color::Rgb(0xeb, 0xcb, 0x8b),
    critical: Color::Rgb(0xd0, 0x8a, 0x91),
    key: Color::Rgb(0x8f, 0xbc, 0xbb),
    fresh: Color::Rgb(0xb5, 0xd1, 0x9c),
    received: Color::Rgb(0xa3, 0xbe, 0x8c),
    sent: Color::Rgb(0x81, 0xa1, 0xc1),
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
