//! Columns of a kernel setting.

mod known;

use std::sync::LazyLock;

use super::sort_key::text_key;
use super::{Column, Kind, SortKey};
use crate::column::format;
use crate::model::Settings as Values;

pub use known::{KNOWN, KnownSetting};

/// Tables of settings.
#[derive(Debug)]
pub struct Settings;

type SettingColumn = Column<Settings>;

impl Kind for Settings {
    type Row<'a> = SettingLine<'a>;
}

/// A setting at one moment.
#[derive(Debug, Clone, Copy)]
pub struct SettingLine<'a> {
    /// Name of the setting, as in `sysctl`.
    pub name: &'a str,
    /// Text of the setting; `None` if the kernel does not report it in this namespace.
    pub text: Option<&'a str>,
    /// Meaning, if known.
    pub known: Option<&'static KnownSetting>,
    /// Values of the setting; pages are converted to bytes.
    pub all: &'a Values,
    /// Rank among the settings of one subject.
    pub order: usize,
}

/// Appends the value in words: `2 h`, `on`, `loopback only`.
fn value(line: &SettingLine<'_>, out: &mut String) -> Option<()> {
    let text = line.text?;
    let mut value = String::new();
    match line.known {
        Some(known) => known.write(text, line.all, &mut value),
        None => value.push_str(text),
    }
    format::sanitize(out, value.as_bytes());
    Some(())
}

/// Every column, the most wanted first.
pub static SETTING_COLUMNS: LazyLock<Vec<SettingColumn>> = LazyLock::new(|| {
    vec![
        SettingColumn::text(
            ("name", "SETTING", 26),
            "Name, without net.ipv4. and net.core. Sorts by topic.",
            |line, out| {
                let short = ["net.ipv4.", "net.core.", "net.netfilter."];
                let name = short.iter().find_map(|group| line.name.strip_prefix(group));
                format::sanitize(out, name.unwrap_or(line.name).as_bytes());
                Some(())
            },
            |line, _| Some(SortKey::Number(line.order as f64)),
        ),
        SettingColumn::text(
            ("value", "VALUE", 16),
            "Value. Kernel: /proc/sys.",
            value,
            |line, _| {
                let number = line.text?.split_ascii_whitespace().next()?.parse();
                Some(match number {
                    Ok(number) => SortKey::Number(number),
                    Err(_) => return text_key(line.text?),
                })
            },
        ),
        SettingColumn::text(
            ("meaning", "MEANING", 40),
            "Meaning.",
            |line, out| {
                out.push_str(line.known?.about);
                Some(())
            },
            |line, _| text_key(line.known?.about),
        ),
        SettingColumn::text(
            ("text", "RAW", 12),
            "Value as the kernel writes it.",
            |line, out| {
                let text = line.text?.split_ascii_whitespace().collect::<Vec<_>>();
                format::sanitize(out, text.join(" ").as_bytes());
                Some(())
            },
            |line, _| text_key(line.text?),
        ),
        SettingColumn::text(
            ("path", "SYSCTL", 30),
            "Full name.",
            |line, out| {
                format::sanitize(out, line.name.as_bytes());
                Some(())
            },
            |line, _| text_key(line.name),
        ),
    ]
});
