//! The state of the System screen: four tables, their focus, and the search in them.

use std::sync::Arc;

use crate::aggregate::{Moment, NamespaceSystem};
use crate::filter::SearchText;
use crate::model::Sample;
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
    /// The other network namespace that is shown; `None` for that of the source.
    namespace: Option<NamespaceSystem>,
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
            namespace: None,
            search: String::new(),
        }
    }
}

impl System {
    /// The other network namespace that is shown; `None` for that of the source.
    pub fn namespace(&self) -> Option<&NamespaceSystem> {
        self.namespace.as_ref()
    }

    /// Shows a network namespace of a Sample; that of the source if it has no other with this number.
    pub(in crate::tui) fn show_namespace(&mut self, netns: u32, sample: &Sample) {
        let is_shown = |shown: &NamespaceSystem| shown.inode == netns && shown.is_present;
        if !self.namespace.as_ref().is_some_and(is_shown) {
            self.namespace = sample.namespace(netns).map(|it| NamespaceSystem::new(it));
            self.follow(sample);
        }
    }

    /// Passes the figures of the namespace in a Sample to the tables.
    pub(in crate::tui) fn follow(&mut self, sample: &Sample) {
        let had_other = self.counters.list().other.is_some();
        let Some(shown) = &mut self.namespace else {
            if had_other {
                self.set_other(None);
            }
            return;
        };
        shown.update(sample);
        let other = (Arc::clone(shown.moment()), shown.inode);
        self.set_other(Some(other));
    }

    fn set_other(&mut self, other: Option<(Arc<Moment>, u32)>) {
        let moment = other.as_ref().map(|(moment, _)| Arc::clone(moment));
        self.counters.list_mut().other.clone_from(&moment);
        self.interfaces.list_mut().other.clone_from(&moment);
        self.settings.list_mut().other = moment;
        self.limits.list_mut().other = other;
    }

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
