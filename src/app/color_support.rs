//! The colors that a terminal shows, and the reduction of a frame to them.
//!
//! The backend writes every color as an index of 256 (`ESC [ 38;5;1 m`), which terminals with fewer colors ignore or
//! take for other attributes.

use std::io::Write as _;

/// The colors that a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorSupport {
    /// None: bold, underline and reverse video alone.
    None,
    /// The sixteen of `ESC [ 30 m` to `ESC [ 37 m` and `ESC [ 90 m` to `ESC [ 97 m`.
    Sixteen,
    /// 256 or more.
    Many,
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
        if is_named || matches!(color_term, Some("truecolor" | "24bit")) {
            ColorSupport::Many
        } else {
            ColorSupport::Sixteen
        }
    }

    /// Appends a frame with its colors reduced to those of the terminal.
    pub(super) fn reduce(self, frame: &[u8], out: &mut Vec<u8>) {
        if self == ColorSupport::Many {
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
                        // A true color has no counterpart.
                        Some(2) => {
                            all.by_ref().take(3).for_each(drop);
                            None
                        }
                        _ => None,
                    };
                    let base = if parameter == 48 { 40 } else { 30 };
                    kept.extend(match index {
                        Some(index @ 0..=7) if parameter != 58 => Some(base + index),
                        Some(index @ 8..=15) if parameter != 58 => Some(base + 52 + index),
                        _ => None,
                    });
                }
                // The default color of underlines came with 256 colors.
                59 => {}
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
        use ColorSupport::{Many, None as Mono, Sixteen};
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
            (Some("xterm"), Some("truecolor"), Many),
            (Some("screen"), Some("24bit"), Many),
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
    fn a_frame_has_only_colors_that_the_terminal_shows() {
        let frame =
            b"\x1b[2;5Hab\x1b[1m\x1b[38;5;1mc\x1b[38;5;10;48;5;12md\x1b[39m\x1b[59m\x1b[0m\x1b[m\x1b[?25l\x1b[38;2;1;2;3;7me";
        let reduced = |support: ColorSupport| {
            let mut out = Vec::new();
            support.reduce(frame, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(reduced(ColorSupport::Many).as_bytes(), frame);
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
