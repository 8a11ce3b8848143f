//! What the environment says about the terminal, its character set and its colors, and the time zone.

use std::fs;
use std::sync::OnceLock;

use jiff::tz::TimeZone;

use super::color_support::ColorChoice;
use crate::column::ascii;
use crate::tui::theme::ColorSupport;

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reports whether text has to be ASCII, because the locale is not UTF-8.
pub fn is_ascii() -> bool {
    let (all, ctype, lang) = (variable("LC_ALL"), variable("LC_CTYPE"), variable("LANG"));
    !ascii::is_utf8(all.as_deref(), ctype.as_deref(), lang.as_deref())
}

/// Returns the colors that the terminal shows and the user wants.
pub fn color_support(choice: ColorChoice) -> ColorSupport {
    let names = ["TERM", "COLORTERM", "NO_COLOR", "CLICOLOR_FORCE"];
    let values = names.map(variable);
    ColorSupport::chosen(choice, values.each_ref().map(Option::as_deref))
}

/// Returns the value of `COLORFGBG`, in which some terminals report their colors.
pub fn reported_background() -> Option<String> {
    variable("COLORFGBG")
}

/// Reports whether the terminal may answer a question about its background. The Linux console and GNU screen do not.
pub fn may_answer() -> bool {
    let term = variable("TERM").unwrap_or_default();
    let is_screen = term.starts_with("screen") && variable("TMUX").is_none();
    !is_screen
        && !term.is_empty()
        && !["linux", "dumb", "vt"]
            .iter()
            .any(|name| term.starts_with(name))
}

/// Returns the time zone of the system. It is read once, when this is called first.
pub fn time_zone() -> TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    let zone = ZONE.get_or_init(|| linked_zone().unwrap_or_else(TimeZone::system));
    zone.clone()
}

/// Returns the zone whose file `/etc/localtime` links to, unless `TZ` is set. [`TimeZone::system`] would list all zones there
/// are to find the same file.
fn linked_zone() -> Option<TimeZone> {
    const LINK: &str = "/etc/localtime";
    if std::env::var_os("TZ").is_some() {
        return None;
    }
    let target = fs::read_link(LINK).ok()?;
    let (_, name) = target.to_str()?.split_once("/zoneinfo/")?;
    TimeZone::tzif(name, &fs::read(LINK).ok()?).ok()
}
