//! The state of the System screen: four tables, their focus, and the search in them.

use crate::filter::SearchText;
use crate::tui::lists::system::{Counters, Interfaces, Limits, Settings};
use crate::tui::screen::Pane;
use crate::tui::table::Table;

/// The state of the System screen.
#[derive(Debug)]
pub struct System {
    /// Limits with their headroom.
    pub limits: Table<Limits>,
    /// Protocol counters.
    pub counters: Table<Counters>,
    /// Network devices.
    pub interfaces: Table<Interfaces>,
    /// Settings of the kernel.
    pub settings: Table<Settings>,
    /// The table with the focus.
    pub focus: Pane,
    /// The text to search for in all tables; empty if there is none.
    search: String,
}

impl Default for System {
    fn default() -> Self {
        System {
            limits: Table::new(Limits::default(), "share", true),
            counters: Table::new(Counters::default(), "grew", false),
            interfaces: Table::new(Interfaces::default(), "state", false),
            settings: Table::new(Settings::default(), "name", false),
            focus: Pane::Counters,
            search: String::new(),
        }
    }
}

impl System {
    /// The search text; empty if there is none.
    pub fn search(&self) -> &str {
        &self.search
    }

    /// Sets the search text of all tables.
    pub fn set_search(&mut self, text: &str) {
        if text == self.search {
            return;
        }
        text.clone_into(&mut self.search);
        self.limits.list_mut().search_text = SearchText::new(text);
        self.counters.list_mut().search_text = SearchText::new(text);
        self.interfaces.list_mut().search_text = SearchText::new(text);
        self.settings.list_mut().search_text = SearchText::new(text);
    }
}
