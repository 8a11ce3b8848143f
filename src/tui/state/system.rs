//! The state of the System screen: four tables, their focus, and the search in them.

use crate::filter::SearchText;
use crate::tui::lists::system::{Counters, Interfaces, Limits, Settings};
use crate::tui::screen::Pane;
use crate::tui::table::{Table, TableControl};

/// The screen of the system.
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
    /// The table that the keys go to.
    pub focus: Pane,
    /// The text that is searched for in all of them.
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
    /// The text that is searched for.
    pub fn search(&self) -> &str {
        &self.search
    }

    /// Sets the text that is searched for in all tables.
    pub fn set_search(&mut self, text: &str) {
        if text == self.search {
            return;
        }
        text.clone_into(&mut self.search);
        self.limits.list_mut().words = SearchText::new(text);
        self.counters.list_mut().words = SearchText::new(text);
        self.interfaces.list_mut().words = SearchText::new(text);
        self.settings.list_mut().words = SearchText::new(text);
    }

    /// The table of a pane.
    pub(super) fn table(&self, pane: Pane) -> &dyn TableControl {
        match pane {
            Pane::Limits => &self.limits,
            Pane::Interfaces => &self.interfaces,
            Pane::Settings => &self.settings,
            _ => &self.counters,
        }
    }

    /// The same, to be changed.
    pub(super) fn table_mut(&mut self, pane: Pane) -> &mut dyn TableControl {
        match pane {
            Pane::Limits => &mut self.limits,
            Pane::Interfaces => &mut self.interfaces,
            Pane::Settings => &mut self.settings,
            _ => &mut self.counters,
        }
    }
}
