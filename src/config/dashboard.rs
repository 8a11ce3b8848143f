//! Settings of the dashboard, and the names that they may use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::key::{Key, ascii_key_name};
use crate::column::format::Units;

/// The theme that follows the terminal's background.
pub const AUTO: &str = "auto";

/// The zone of the times that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Times {
    /// The zone of the system, or of the variable `TZ`.
    #[default]
    Local,
    /// UTC.
    Utc,
}

/// Settings of the dashboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DashboardSettings {
    /// The screen at the start, by its name.
    pub screen: String,
    /// Time between two samples, seconds.
    pub interval_s: f64,
    /// History to rewind, seconds; 0 disables it.
    pub history_s: f64,
    /// The theme by its name, or [`AUTO`].
    pub theme: String,
    /// Units of bytes.
    pub units: Units,
    /// The zone of times.
    pub times: Times,
    /// True if clicks are received; otherwise the terminal keeps them for selecting text.
    pub mouse: bool,
    /// Time that the charts of the machine span, minutes.
    pub chart_minutes: u16,
    /// The columns of tables that do not show the default ones, in order, by the name of the table.
    pub columns: BTreeMap<String, Vec<String>>,
    /// The sort column of tables that do not have the default one: `COLUMN`, `COLUMN:asc` or `COLUMN:desc`.
    pub sort: BTreeMap<String, String>,
}

impl Default for DashboardSettings {
    fn default() -> Self {
        DashboardSettings {
            screen: "overview".to_owned(),
            interval_s: 1.0,
            history_s: 600.0,
            theme: AUTO.to_owned(),
            units: Units::default(),
            times: Times::default(),
            mouse: true,
            chart_minutes: 5,
            columns: BTreeMap::new(),
            sort: BTreeMap::new(),
        }
    }
}

/// A command whose keys can be set.
#[derive(Debug, Clone)]
pub struct CommandName {
    /// The name.
    pub name: &'static str,
    /// The action, as the help describes it.
    pub about: &'static str,
    /// The default keys.
    pub keys: &'static [Key],
}

/// A table whose columns and order can be set.
#[derive(Debug, Clone)]
pub struct TableNames {
    /// The name of the screen that shows it.
    pub name: String,
    /// The ids of its columns.
    pub columns: Vec<&'static str>,
    /// The default sort column with its direction: `COLUMN:desc`.
    pub sort: String,
}

/// The names that settings of the dashboard may use. The dashboard declares them; it is in a layer above this one.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The screens.
    pub screens: Vec<String>,
    /// The themes, without [`AUTO`].
    pub themes: Vec<&'static str>,
    /// The tables.
    pub tables: Vec<TableNames>,
    /// The commands.
    pub commands: Vec<CommandName>,
}

impl Names {
    /// The table of a screen.
    pub(super) fn table(&self, name: &str) -> Option<&TableNames> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// Returns the defaults of a table of settings that have one key for each name: `dashboard.columns`,
    /// `dashboard.sort`, `keys`.
    pub(super) fn add_defaults(&self, all: &mut Table) {
        let columns = self.tables.iter().map(|table| {
            let none = Value::Array(Vec::new());
            (table.name.clone(), none)
        });
        let sort = self.tables.iter().map(|table| {
            let order = Value::String(table.sort.clone());
            (table.name.clone(), order)
        });
        if let Some(Value::Table(dashboard)) = all.get_mut("dashboard") {
            dashboard.insert("columns".to_owned(), Value::Table(columns.collect()));
            dashboard.insert("sort".to_owned(), Value::Table(sort.collect()));
        }
        let keys = self.commands.iter().map(|command| {
            let names = command
                .keys
                .iter()
                .map(|key| Value::String(ascii_key_name(*key)));
            (command.name.to_owned(), Value::Array(names.collect()))
        });
        all.insert("keys".to_owned(), Value::Table(keys.collect()));
    }

    /// Removes settings that equal the defaults.
    pub(super) fn remove_defaults(
        &self,
        settings: &mut DashboardSettings,
        keys: &mut BTreeMap<String, Vec<String>>,
    ) {
        settings.columns.retain(|_, columns| !columns.is_empty());
        settings.sort.retain(|table, sort| {
            let default = self.table(table);
            default.is_none_or(|table| table.sort != *sort)
        });
        keys.retain(|name, keys| {
            let mut commands = self.commands.iter();
            let default = commands.find(|command| command.name == name);
            default.is_none_or(|command| {
                let names: Vec<String> = command
                    .keys
                    .iter()
                    .map(|key| ascii_key_name(*key))
                    .collect();
                names != *keys
            })
        });
    }
}

/// A setting with the reason for it.
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) doc: &'static [&'static str],
}

/// The settings of `[dashboard]`, in the order of the sample.
pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        name: "screen",
        doc: &[" The screen at the start: {screens}."],
    },
    Setting {
        name: "interval_s",
        doc: &[
            " Time between two samples, from 0.1 to 3600. A longer one costs less on a host with very many",
            " sockets, and shows fewer short connections. `--interval` overrides it.",
        ],
    },
    Setting {
        name: "history_s",
        doc: &[
            " How far back one can go from a frozen display, in at most 64 MB; 0 keeps nothing. `--history`",
            " overrides it.",
        ],
    },
    Setting {
        name: "theme",
        doc: &[
            " auto follows the background of the terminal; the others are {themes}.",
            " `--theme` overrides it, and T switches it while the dashboard runs.",
        ],
    },
    Setting {
        name: "units",
        doc: &[" Units of bytes: si for powers of 1000 (kB, MB), iec for powers of 1024 (Ki, Mi)."],
    },
    Setting {
        name: "times",
        doc: &[" Zone of the times that are shown: local or utc."],
    },
    Setting {
        name: "mouse",
        doc: &[
            " false leaves the mouse to the terminal, to select text. m switches it while the dashboard runs.",
        ],
    },
    Setting {
        name: "chart_minutes",
        doc: &[" Time that the charts of the Overview span: 1, 5 or 10. w switches it."],
    },
];
