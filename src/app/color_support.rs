//! The colors that a terminal shows, and the reduction of a frame to them.
//!
//! The backend writes every color as an index of 256 (`ESC [ 38;5;1 m`), which terminals with fewer colors ignore or
//! take for other attributes, or as red, green and blue.

use std::io::Write as _;

use crate::tui::theme::ColorSupport;

/// The user's choice whether there are colors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// If the terminal shows them, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always, whatever the environment says.
    Always,
    /// Never.
    Never,
}

/// Beginnings of `TERM` of terminals with colors. All others have none: `dumb`, `vt100`, an unknown name.
const COLORED: [&str; 27] = [
    "alacritty",
    "ansi",
    "beterm",
    "color",
    "cons25",
    "contour",
    "cygwin",
    "dtterm",
    "eterm",
    "foot",
    "fbterm",
    "ghostty",
    "gnome",
    "iterm",
    "jfbterm",
    "kitty",
    "konsole",
    "kterm",
    "linux",
    "mlterm",
    "putty",
    "rxvt",
    "screen",
    "st-",
    "tmux",
    "wezterm",
    "xterm",
];

/// Terminals with 256 or more colors whose names do not say so.
const MANY: [&str; 7] = [
    "alacritty",
    "contour",
    "foot",
    "ghostty",
    "kitty",
    "wezterm",
    "xterm-",
];

/// Names that begin with `xterm-` of variants with fewer colors.
const FEW: [&str; 4] = ["xterm-16color", "xterm-88color", "xterm-color", "xterm-r6"];

impl ColorSupport {
    /// Returns the support by the user's choice and the values of variables: `CLICOLOR_FORCE` and `NO_COLOR` after the
    /// names of `TERM` and `COLORTERM`. `NO_COLOR` wins over `CLICOLOR_FORCE`.
    pub fn chosen(
        choice: ColorChoice,
        [term, color_term, no_color, force]: [Option<&str>; 4],
    ) -> ColorSupport {
        let is_set = |value: Option<&str>| value.is_some_and(|value| !value.is_empty());
        let is_forced = match choice {
            ColorChoice::Never => return ColorSupport::None,
            ColorChoice::Always => true,
            ColorChoice::Auto => !is_set(no_color) && is_set(force) && force != Some("0"),
        };
        if !is_forced {
            return ColorSupport::from_environment(term, color_term, no_color);
        }
        match ColorSupport::from_environment(term, color_term, None) {
            ColorSupport::None => ColorSupport::Sixteen,
            support => support,
        }
    }

    /// Returns the support by the values of `TERM`, `COLORTERM` and `NO_COLOR`.
    pub fn from_environment(
        term: Option<&str>,
        color_term: Option<&str>,
        no_color: Option<&str>,
    ) -> ColorSupport {
        let term = term.unwrap_or("").to_ascii_lowercase();
        let is_monochrome = term.ends_with("-m") || term.ends_with("-mono") || term == "xterm-r6";
        let begins = |names: &[&str]| names.iter().any(|name| term.starts_with(name));
        let is_colored =
            begins(&COLORED) || term == "st" || term == "hurd" || term.contains("color");
        if no_color.is_some_and(|value| !value.is_empty()) || is_monochrome || !is_colored {
            return ColorSupport::None;
        }
        let is_named = term.contains("256color")
            || term.contains("direct")
            || term.contains("truecolor")
            || (begins(&MANY) && !begins(&FEW));
        let is_full = matches!(color_term, Some("truecolor" | "24bit"));
        if is_full && !term.starts_with("screen") {
            ColorSupport::Full
        } else if is_named || is_full {
            // GNU screen inherits the variable from the terminal around it.
            ColorSupport::Many
        } else {
            ColorSupport::Sixteen
        }
    }

    /// Appends a frame with its colors reduced to those of the terminal.
    pub(super) fn reduce(self, frame: &[u8], out: &mut Vec<u8>) {
        let is_indexed = self == ColorSupport::Many && !has_rgb(frame);
        if self == ColorSupport::Full || is_indexed {
            out.extend_from_slice(frame);
            return;
        }
        let mut rest = frame;
        while let Some((at, parameters, length)) = next_rendition(rest) {
            out.extend_from_slice(&rest[..at]);
            self.write_rendition(parameters, out);
            rest = &rest[at + length..];
        }
        out.extend_from_slice(rest);
    }

    /// Appends one `ESC [ … m` with the parameters that the terminal understands; nothing if none is left.
    fn write_rendition(self, parameters: &str, out: &mut Vec<u8>) {
        let mut kept: Vec<u16> = Vec::new();
        let mut all = parameters
            .split(';')
            .map(|parameter| parameter.parse::<u16>().unwrap_or(0));
        while let Some(parameter) = all.next() {
            match parameter {
                38 | 48 | 58 => {
                    let index = match all.next() {
                        Some(5) => all.next(),
                        Some(2) => {
                            let mut channel = || all.next().unwrap_or(0);
                            let rgb = [channel(), channel(), channel()];
                            // Among sixteen there is no counterpart.
                            (self == ColorSupport::Many).then(|| nearest_index(rgb))
                        }
                        _ => None,
                    };
                    if self == ColorSupport::Many {
                        kept.extend(index.into_iter().flat_map(|index| [parameter, 5, index]));
                        continue;
                    }
                    let base = if parameter == 48 { 40 } else { 30 };
                    kept.extend(match index {
                        Some(index @ 0..=7) if parameter != 58 => Some(base + index),
                        Some(index @ 8..=15) if parameter != 58 => Some(base + 52 + index),
                        _ => None,
                    });
                }
                // The default color of underlines came with 256 colors.
                59 if self != ColorSupport::Many => {}
                30..=49 | 90..=107 if self == ColorSupport::None => {}
                other => kept.push(other),
            }
        }
        if self == ColorSupport::None {
            kept.retain(|parameter| *parameter < 30);
        }
        if kept.is_empty() && !parameters.is_empty() {
            return;
        }
        let kept: Vec<String> = kept.iter().map(u16::to_string).collect();
        // A vector accepts every byte.
        let _ = write!(out, "\x1b[{}m", kept.join(";"));
    }
}

/// Returns true if a frame has colors by red, green and blue.
fn has_rgb(frame: &[u8]) -> bool {
    frame.windows(4).any(|part| part == b"8;2;")
}

/// Returns the index of the most similar color of the cube and the grays among 256.
fn nearest_index(rgb: [u16; 3]) -> u16 {
    /// The values of red, green and blue in the cube.
    const LEVELS: [u16; 6] = [0, 95, 135, 175, 215, 255];
    let distance = |other: [u16; 3]| -> u32 {
        let pairs = rgb.iter().zip(other);
        pairs.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let cube = (0..6)
        .flat_map(|red| (0..6).flat_map(move |green| (0..6).map(move |blue| [red, green, blue])));
    let cube = cube.map(|at: [usize; 3]| {
        let [red, green, blue] = at.map(|at| at as u16);
        (
            16 + 36 * red + 6 * green + blue,
            distance(at.map(|at| LEVELS[at])),
        )
    });
    let grays = (0..24).map(|gray| (232 + gray, distance([8 + 10 * gray; 3])));
    let nearest = cube.chain(grays).min_by_key(|(_, distance)| *distance);
    nearest.map_or(0, |(index, _)| index)
}

/// Finds the next `ESC [ parameters m`: where it begins, its parameters, and its length.
fn next_rendition(bytes: &[u8]) -> Option<(usize, &str, usize)> {
    let mut from = 0;
    loop {
        let at = from + bytes[from..].windows(2).position(|pair| pair == b"\x1b[")?;
        let parameters = &bytes[at + 2..];
        let length = parameters
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b';')
            .count();
        if parameters.get(length) == Some(&b'm') {
            let text = std::str::from_utf8(&parameters[..length]).ok()?;
            return Some((at, text, length + 3));
        }
        from = at + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_has_the_colors_of_its_name() {
        use ColorSupport::{Full, Many, None as Mono, Sixteen};
        for (term, color_term, expected) in [
            (None, None, Mono),
            (Some(""), Some("truecolor"), Mono),
            (Some("dumb"), Some("truecolor"), Mono),
            (Some("vt100"), None, Mono),
            (Some("vt220"), None, Mono),
            (Some("linux-m"), None, Mono),
            (Some("xterm-mono"), None, Mono),
            (Some("unknown"), None, Mono),
            (Some("ansi"), None, Sixteen),
            (Some("linux"), None, Sixteen),
            (Some("xterm"), None, Sixteen),
            (Some("screen"), None, Sixteen),
            (Some("xterm-color"), None, Sixteen),
            (Some("rxvt-unicode"), None, Sixteen),
            (Some("xterm"), Some("truecolor"), Full),
            (Some("screen"), Some("24bit"), Many),
            (Some("tmux-256color"), Some("truecolor"), Full),
            (Some("xterm"), Some("yes"), Sixteen),
            (Some("xterm-256color"), None, Many),
            (Some("screen-256color-bce"), None, Many),
            (Some("tmux-256color"), None, Many),
            (Some("xterm-kitty"), None, Many),
            (Some("alacritty"), None, Many),
        ] {
            let support = ColorSupport::from_environment(term, color_term, None);
            assert_eq!(support, expected, "{term:?} {color_term:?}");
            let refused = ColorSupport::from_environment(term, color_term, Some("1"));
            assert_eq!(refused, Mono);
            let empty = ColorSupport::from_environment(term, color_term, Some(""));
            assert_eq!(empty, expected);
        }
    }

    #[test]
    fn the_choice_of_the_user_comes_first_and_no_color_wins_over_force() {
        use ColorChoice::{Always, Auto, Never};
        use ColorSupport::{Full, Many, None as Mono, Sixteen};
        let xterm = Some("xterm-256color");
        for (choice, variables, expected) in [
            (Auto, [xterm, None, None, None], Many),
            (Auto, [xterm, None, Some("1"), None], Mono),
            (Auto, [xterm, None, Some("1"), Some("1")], Mono),
            (Auto, [Some("dumb"), None, None, None], Mono),
            (Auto, [Some("dumb"), None, None, Some("1")], Sixteen),
            (Auto, [Some("dumb"), None, None, Some("0")], Mono),
            (Auto, [Some("dumb"), None, None, Some("")], Mono),
            (Always, [xterm, Some("truecolor"), Some("1"), None], Full),
            (Always, [None, None, None, None], Sixteen),
            (Never, [xterm, None, None, Some("1")], Mono),
        ] {
            let support = ColorSupport::chosen(choice, variables);
            assert_eq!(support, expected, "{choice:?} {variables:?}");
        }
    }

    #[test]
    fn without_full_color_the_nearest_of_256_is_shown() {
        let mut out = Vec::new();
        let frame =
            b"\x1b[38;2;255;255;255;48;2;0;43;54mtext\x1b[38;2;147;161;161m\x1b[59m\x1b[1mx";
        ColorSupport::Many.reduce(frame, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\x1b[38;5;231;48;5;234mtext\x1b[38;5;247m\x1b[59m\x1b[1mx"
        );
        let mut out = Vec::new();
        ColorSupport::Full.reduce(frame, &mut out);
        assert_eq!(out, frame);
    }

    #[test]
    fn a_frame_has_only_colors_that_the_terminal_shows() {
        let frame =
            b"\x1b[2;5Hab\x1b[1m\x1b[38;5;1mc\x1b[38;5;10;48;5;12md\x1b[39m\x1b[59m\x1b[0m\x1b[m\x1b[?25l\x1b[38;2;1;2;3;7me";
        let reduced = |support: ColorSupport| {
            let mut out = Vec::new();
            support.reduce(frame, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(reduced(ColorSupport::Full).as_bytes(), frame);
        assert_eq!(
            reduced(ColorSupport::Sixteen),
            "\x1b[2;5Hab\x1b[1m\x1b[31mc\x1b[92;104md\x1b[39m\x1b[0m\x1b[0m\x1b[?25l\x1b[7me"
        );
        assert_eq!(
            reduced(ColorSupport::None),
            "\x1b[2;5Hab\x1b[1mcd\x1b[0m\x1b[0m\x1b[?25l\x1b[7me"
        );
    }

    #[test]
    fn a_sequence_that_is_cut_stays() {
        for frame in [&b"a\x1b"[..], b"\x1b[", b"\x1b[38;5", b"\x1b[99999999999m"] {
            let mut out = Vec::new();
            ColorSupport::Sixteen.reduce(frame, &mut out);
            assert!(out.len() <= frame.len());
        }
    }
}
