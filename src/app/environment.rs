//! What the environment says about the terminal: its character set and its colors.

use super::color_support::ColorSupport;
use crate::column::ascii;

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reports whether text has to be ASCII, because the locale is not UTF-8.
pub fn is_ascii() -> bool {
    let (all, ctype, lang) = (variable("LC_ALL"), variable("LC_CTYPE"), variable("LANG"));
    !ascii::is_utf8(all.as_deref(), ctype.as_deref(), lang.as_deref())
}

/// Returns the colors that the terminal shows and the user wants.
pub fn color_support() -> ColorSupport {
    ColorSupport::from_environment(
        variable("TERM").as_deref(),
        variable("COLORTERM").as_deref(),
        variable("NO_COLOR").as_deref(),
    )
}
