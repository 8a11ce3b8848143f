//! `help keys`: the keys of the dashboard.

use crate::cli::page::Page;

/// Writes every key in groups.
pub fn write(page: &mut Page, groups: &[(&str, Vec<(&str, &str)>)]) {
    page.paragraph(
        "Keys of the dashboard, and of `sockwatch replay`. In the dashboard, the footer lists the keys that apply to \
         the current screen, and ? lists all keys. A configuration file can change them: `sockwatch --generate config`.",
    );
    for (title, keys) in groups {
        page.heading(title);
        page.terms(keys.iter().copied());
    }
}
