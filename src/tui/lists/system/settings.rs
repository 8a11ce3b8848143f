//! Settings of the kernel.

use std::sync::{Arc, LazyLock};

use super::text_search::{name_key, retain_matching};
use crate::aggregate::{Cancellation, Moment};
use crate::column::format::MISSING;
use crate::column::{KNOWN, SETTING_COLUMNS, SettingLine, Settings as SettingKind};
use crate::filter::SearchText;
use crate::model::Settings as Values;
use crate::tui::lists::headings::{Widths, headings};
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, Heading, List};
use crate::tui::text;
use crate::tui::theme::Tone;

/// The known settings, readable here or not, then the other readable ones; or those that match a search.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Text of the search.
    pub search_text: SearchText,
    /// The moment of another network namespace, if one is shown.
    pub other: Option<Arc<Moment>>,
}

impl Settings {
    /// The moment whose figures are shown.
    fn system<'m>(&'m self, moment: &'m Moment) -> &'m Moment {
        self.other.as_deref().unwrap_or(moment)
    }
}

const WIDTHS: [Widths; 3] = [
    ("name", 20, 26, 0),
    ("value", 12, 26, 0),
    ("meaning", 28, 90, 2),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&SETTING_COLUMNS, &WIDTHS));

static COLUMN_SET: ColumnSet<SettingKind> = ColumnSet {
    columns: &SETTING_COLUMNS,
    headings: &HEADINGS,
    totals: &[],
};

/// True if a setting is listed and not among the known ones.
fn is_other(name: &str) -> bool {
    name != Values::PAGE_SIZE && KNOWN.iter().all(|known| known.name != name)
}

impl List for Settings {
    type Kind = SettingKind;
    type Key = u64;

    fn column_set() -> &'static ColumnSet<SettingKind> {
        &COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, _: &Cancellation, out: &mut Vec<u32>) {
        let values = &self.system(moment).sample.settings.values;
        let known = KNOWN.len() as u32;
        out.extend(0..known);
        let others = (known..)
            .zip(values)
            .filter(|(_, (name, _))| is_other(name));
        out.extend(others.map(|(number, _)| number));
        if !self.search_text.is_empty() {
            retain_matching(self, moment, &self.search_text, out);
        }
    }

    fn unfiltered_len(&self, moment: &Moment) -> usize {
        let values = self.system(moment).sample.settings.values.iter();
        KNOWN.len() + values.filter(|(name, _)| is_other(name)).count()
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<SettingLine<'m>> {
        let (all, order) = (&*self.system(moment).sample.settings, number as usize);
        if let Some(known) = KNOWN.get(order) {
            return Some(SettingLine {
                name: known.name,
                text: all.get(known.name),
                known: Some(known),
                all,
                order,
            });
        }
        let (name, text) = all.values.get(order - KNOWN.len())?;
        Some(SettingLine {
            name,
            text: Some(text),
            known: None,
            all,
            order,
        })
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<u64> {
        Some(name_key(self.row(moment, number)?.name))
    }

    fn tie_breaker(&self, _moment: &Moment, number: u32) -> u64 {
        number.into()
    }

    fn target(&self, _moment: &Moment, _number: u32) -> Option<OpenTarget> {
        None
    }

    fn shorten<'t>(
        &self,
        _moment: &Moment,
        _number: u32,
        _column: usize,
        text: &'t str,
        width: usize,
    ) -> std::borrow::Cow<'t, str> {
        text::cut_end(text, width)
    }

    fn cell_tone(&self, _moment: &Moment, _number: u32, column: usize, text: &str) -> Tone {
        match SETTING_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "value" => Tone::Strong,
            "meaning" | "text" | "path" => Tone::Muted,
            _ => Tone::Plain,
        }
    }
}
