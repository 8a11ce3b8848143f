//! The detail of the selected row: its name and an explanation.

use crate::aggregate::{LimitUnit, Moment};
use crate::column::{CounterLine, InterfaceLine, LimitLine, SettingLine, format};
use crate::model::Settings;
use crate::tui::screen::Pane;
use crate::tui::state::System;
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::Piece;

/// The longest value of a setting that is shown with its name, bytes.
const MAX_INLINE_VALUE: usize = 30;

/// The name of a row, and an explanation.
pub(super) struct Detail {
    pub(super) name: String,
    about: String,
}

impl Detail {
    /// The lines of the explanation at a width, with the name before it or not.
    pub(super) fn lines(&self, width: u16, named: bool) -> Vec<Vec<Piece>> {
        let name = if named && !self.name.is_empty() {
            format!("{}  ", self.name)
        } else {
            String::new()
        };
        let whole = format!("{name}{}", self.about);
        let lines = text::wrap(&whole, usize::from(width.saturating_sub(2)));
        let mut pieces: Vec<Vec<Piece>> = lines
            .into_iter()
            .map(|line| vec![(" ".to_owned(), Tone::Plain), (line, Tone::Plain)])
            .collect();
        // The name is highlighted, as far as it is in the first line.
        if let Some(first) = pieces.first_mut()
            && let Some((line, _)) = first.pop()
        {
            let rest = line.strip_prefix(name.trim_end()).filter(|_| named);
            match rest.map(str::to_owned) {
                Some(rest) => {
                    first.push((name.trim_end().to_owned(), Tone::Strong));
                    first.push((rest, Tone::Plain));
                }
                None => first.push((line, Tone::Plain)),
            }
        }
        pieces
    }
}

/// Returns the detail of the current row in the table with the focus.
pub(super) fn for_current_row(system: &System, moment: &Moment) -> Detail {
    let detail = match system.focus {
        Pane::Limits => system.limits.current_row(moment).map(|line| limit(&line)),
        Pane::Interfaces => system
            .interfaces
            .current_row(moment)
            .map(|line| interface(&line)),
        Pane::Settings => system
            .settings
            .current_row(moment)
            .map(|line| setting(&line)),
        _ => system
            .counters
            .current_row(moment)
            .map(|line| counter(&line)),
    };
    detail.unwrap_or(Detail {
        name: String::new(),
        about: String::new(),
    })
}

fn counter(line: &CounterLine<'_>) -> Detail {
    let sentence = line.meaning.map(|known| known.sentence);
    Detail {
        name: text::sanitized(line.name),
        about: sentence
            .unwrap_or("No description is available for this counter.")
            .to_owned(),
    }
}

fn limit(line: &LimitLine<'_>) -> Detail {
    let limit = &line.headroom.limit;
    let mut about = line.headroom.about.to_owned();
    if let Some(missing) = line.headroom.missing {
        about = format!("{} {about}", missing.sentence());
    }
    // The kernel counts pages: these are the numbers in its files.
    let page = line.moment.sample.settings.number(Settings::PAGE_SIZE, 0);
    if limit.unit == LimitUnit::Bytes
        && limit.id.ends_with("p_memory")
        && let (Some(value), Some(most), Some(page @ 1..)) = (limit.value, limit.limit, page)
    {
        let pages = |bytes: u64| {
            format::format_or_missing(Some((bytes / page) as f64), format::grouped_count)
        };
        about = format!("{} of {} pages. {about}", pages(value), pages(most));
    }
    Detail {
        name: limit.title.to_owned(),
        about,
    }
}

fn interface(line: &InterfaceLine<'_>) -> Detail {
    let Some(device) = line.device else {
        return Detail {
            name: text::sanitized(&line.interface.name),
            about: "The configuration of this interface is unknown.".to_owned(),
        };
    };
    let mut parts: Vec<String> = vec![device.state().to_owned()];
    if let Some(mtu) = device.mtu {
        parts.push(format!("MTU {mtu}"));
    }
    parts.extend(device.flag_names().map(str::to_owned));
    let known = &line.interface;
    for (name, received, sent) in [
        ("packets", known.received_packets, known.sent_packets),
        ("errors", known.received_errors, known.sent_errors),
        ("drops", known.received_dropped, known.sent_dropped),
    ] {
        let number =
            |value: u64| format::format_or_missing(Some(value as f64), format::grouped_count);
        parts.push(format!("{name} ↓ {} ↑ {}", number(received), number(sent)));
    }
    let addresses: Vec<String> = device.addresses.iter().map(ToString::to_string).collect();
    parts.push(if addresses.is_empty() {
        "no address".to_owned()
    } else {
        addresses.join(" ")
    });
    Detail {
        name: text::sanitized(&line.interface.name),
        about: parts.join(", "),
    }
}

fn setting(line: &SettingLine<'_>) -> Detail {
    let text = line.text.map(|text| {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        text::sanitized(&words.join(" "))
    });
    let about = line.known.map_or("", |known| known.about);
    let name = text::sanitized(line.name);
    match text {
        Some(text) if text.len() <= MAX_INLINE_VALUE => Detail {
            name: format!("{name} = {text}"),
            about: about.to_owned(),
        },
        Some(text) => Detail {
            name,
            about: format!("= {text}; {about}"),
        },
        None => Detail {
            name,
            about: format!("not available in this network namespace or kernel; {about}"),
        },
    }
}
