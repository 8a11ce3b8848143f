//! The tables of the screens: the one with the focus, and those of several panes.

use super::State;
use crate::tui::page::Page;
use crate::tui::screen::{Pane, Screen};
use crate::tui::table::TableControl;

/// Borrows the table of a pane, mutably with `mut`. The only place that assigns tables to screens and panes.
macro_rules! table_of {
    ($state:ident, $pane:expr $(, $mut:tt)?) => {
        match $pane {
            Pane::Main => match $state.screen {
                Screen::Overview => &$($mut)? $state.top_processes,
                Screen::Sockets => &$($mut)? $state.sockets,
                Screen::Processes => &$($mut)? $state.processes,
                Screen::Listeners => &$($mut)? $state.listeners,
                Screen::Remotes => &$($mut)? $state.remotes,
                Screen::Findings => &$($mut)? $state.finding_rows,
                Screen::System => &$($mut)? $state.system.counters,
                Screen::Events => &$($mut)? $state.events,
            },
            Pane::Processes => &$($mut)? $state.top_processes,
            Pane::Remotes => &$($mut)? $state.top_remotes,
            Pane::Listeners => &$($mut)? $state.top_listeners,
            Pane::TimeWait => &$($mut)? $state.time_wait,
            Pane::Limits => &$($mut)? $state.system.limits,
            Pane::Counters => &$($mut)? $state.system.counters,
            Pane::Interfaces => &$($mut)? $state.system.interfaces,
            Pane::Settings => &$($mut)? $state.system.settings,
        }
    };
}

impl State {
    /// The table with the focus, on the page or the screen; `None` on a page without a table.
    pub fn table(&self) -> Option<&dyn TableControl> {
        self.pane_table(Pane::Main)
    }

    /// The table of a pane; of [`Pane::Main`] the table with the focus.
    fn pane_table(&self, pane: Pane) -> Option<&dyn TableControl> {
        let pane = match pane {
            Pane::Main if self.page().is_some() => return self.page()?.table(),
            Pane::Main => self.focused_pane(),
            pane => pane,
        };
        Some(table_of!(self, pane))
    }

    /// The table with the focus, mutably.
    pub fn table_mut(&mut self) -> Option<&mut dyn TableControl> {
        self.pane_table_mut(Pane::Main)
    }

    /// The table of a pane; of [`Pane::Main`] the table with the focus.
    pub(in crate::tui) fn pane_table_mut(&mut self, pane: Pane) -> Option<&mut dyn TableControl> {
        let pane = match pane {
            Pane::Main if self.page().is_some() => return self.page_mut()?.table_mut(),
            Pane::Main => self.focused_pane(),
            pane => pane,
        };
        Some(table_of!(self, pane, mut))
    }

    /// The panes shown, between which the focus moves; empty if there is at most one table.
    pub fn panes(&self) -> &'static [Pane] {
        match self.page() {
            None => self.screen.panes(),
            Some(_) => &[],
        }
    }

    /// True if several tables are shown, between which the focus moves.
    pub fn has_panes(&self) -> bool {
        !self.panes().is_empty()
    }

    /// The pane of the screen that has the focus; [`Pane::Main`] if the screen has only one table.
    fn focused_pane(&self) -> Pane {
        match self.screen {
            Screen::Overview => self.focus,
            Screen::System => self.system.focus,
            Screen::Sockets
            | Screen::Processes
            | Screen::Listeners
            | Screen::Remotes
            | Screen::Findings
            | Screen::Events => Pane::Main,
        }
    }

    /// The pane that has the focus, mutably. On a screen with one table it is that of the overview.
    pub(in crate::tui) fn focus_mut(&mut self) -> &mut Pane {
        match self.screen {
            Screen::System => &mut self.system.focus,
            Screen::Overview
            | Screen::Sockets
            | Screen::Processes
            | Screen::Listeners
            | Screen::Remotes
            | Screen::Findings
            | Screen::Events => &mut self.focus,
        }
    }

    /// Releases the rows of pages below others and on other screens: there may be many, each with a comparison of all
    /// sockets.
    pub(super) fn release_hidden_pages(&mut self) {
        for (screen, pages) in self.pages.iter_mut().enumerate() {
            let shown = usize::from(screen == self.screen as usize);
            let hidden = pages.len().saturating_sub(shown);
            pages.iter_mut().take(hidden).for_each(Page::release);
        }
    }

    /// Releases the rows of tables that are not shown: they are of an earlier moment.
    pub(super) fn release_hidden_tables(&mut self) {
        let shown: Vec<u64> = self.tables().iter().map(|table| table.id()).collect();
        let tables: [&mut dyn TableControl; 14] = [
            &mut self.top_processes,
            &mut self.top_remotes,
            &mut self.top_listeners,
            &mut self.time_wait,
            &mut self.sockets,
            &mut self.processes,
            &mut self.listeners,
            &mut self.remotes,
            &mut self.finding_rows,
            &mut self.system.limits,
            &mut self.system.counters,
            &mut self.system.interfaces,
            &mut self.system.settings,
            &mut self.events,
        ];
        for table in tables {
            if !shown.contains(&table.id()) {
                table.release_rows();
            }
        }
    }

    /// The panes of the tables shown.
    fn shown_panes(&self) -> &'static [Pane] {
        if self.has_panes() {
            self.panes()
        } else {
            &[Pane::Main]
        }
    }

    /// The tables shown.
    pub(super) fn tables(&self) -> Vec<&dyn TableControl> {
        let panes = self.shown_panes().iter();
        panes.filter_map(|&pane| self.pane_table(pane)).collect()
    }

    /// Calls `change` with each table shown.
    pub(super) fn for_each_table(&mut self, mut change: impl FnMut(&mut dyn TableControl)) {
        for &pane in self.shown_panes() {
            if let Some(table) = self.pane_table_mut(pane) {
                change(table);
            }
        }
    }
}
