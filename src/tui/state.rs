//! All that the screen remembers. No rendering happens here, and nothing is read from outside.

use std::sync::Arc;
use std::time::Duration;

use super::Look;
use super::lists::{DEFAULT_SORT, Processes, SocketScope, Sockets};
use super::table::{Steer, Table};
use crate::aggregate::Moment;
use crate::model::{Process, ProcessKey, SocketKey};

/// The screens that digits and Tab lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The machine at a glance.
    Overview,
    /// Every socket.
    Sockets,
    /// Every process that holds one.
    Processes,
}

impl Screen {
    /// In the order of their digits.
    pub const ALL: [Screen; 3] = [Screen::Overview, Screen::Sockets, Screen::Processes];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Screen::Overview => "Overview",
            Screen::Sockets => "Sockets",
            Screen::Processes => "Processes",
        }
    }
}

/// What lies over a screen until it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Popup {
    /// The keys, scrolled down by so many lines.
    Help(usize),
    /// What could not be read, scrolled down by so many lines.
    Faults(usize),
    /// Columns to sort by, and the one the cursor is on.
    PickSort(usize),
}

/// One process looked into.
#[derive(Debug)]
pub struct ProcessPage {
    /// Which one.
    pub key: ProcessKey,
    /// Who it was when it was last there.
    pub known: Arc<Process>,
    /// Its sockets.
    pub sockets: Table<Sockets>,
}

/// All that the screen remembers.
#[derive(Debug)]
pub struct State {
    /// How things look.
    pub look: Look,
    /// The time between samples that was asked for.
    pub interval: Duration,
    /// What is shown.
    pub moment: Option<Arc<Moment>>,
    /// Tells moments apart; grows.
    pub sequence: u64,
    /// Where one is.
    pub screen: Screen,
    /// What lies over it.
    pub popup: Option<Popup>,
    /// The processes at the top, on the overview.
    pub top: Table<Processes>,
    /// The screen of sockets.
    pub sockets: Table<Sockets>,
    /// The screen of processes.
    pub processes: Table<Processes>,
    /// What one has looked into from each screen, the last on top: going back takes it off.
    pages: [Vec<ProcessPage>; Screen::ALL.len()],
}

impl State {
    /// The start: the overview, and nothing known yet.
    pub fn new(look: Look, interval: Duration) -> State {
        State {
            look,
            interval,
            moment: None,
            sequence: 0,
            screen: Screen::Overview,
            popup: None,
            top: Table::new((), DEFAULT_SORT, true),
            sockets: Table::new(SocketScope::All, DEFAULT_SORT, true),
            processes: Table::new((), DEFAULT_SORT, true),
            pages: Default::default(),
        }
    }

    /// Lets go of the moment shown, so that its memory can be used for the next.
    pub fn release(&mut self) -> Option<Arc<Moment>> {
        self.moment.take()
    }

    /// Shows a moment from now on.
    pub fn show(&mut self, moment: Arc<Moment>) {
        self.moment = Some(moment);
        self.sequence += 1;
    }

    /// What one looks into on this screen, if anything.
    pub fn page(&self) -> Option<&ProcessPage> {
        self.pages[self.screen as usize].last()
    }

    /// The same, to be changed.
    pub fn page_mut(&mut self) -> Option<&mut ProcessPage> {
        self.pages[self.screen as usize].last_mut()
    }

    /// Goes back by one; answers whether there was anything to go back from.
    pub(super) fn go_back(&mut self) -> bool {
        self.pages[self.screen as usize].pop().is_some()
    }

    /// Looks into a process, at one of its sockets if one is given.
    pub(super) fn look_into(&mut self, process: Arc<Process>, socket: Option<SocketKey>) {
        let key = process.key;
        let mut sockets = Table::new(SocketScope::OwnedBy(key), DEFAULT_SORT, true);
        if let Some(socket) = socket {
            sockets.select(socket);
        }
        self.pages[self.screen as usize].push(ProcessPage {
            key,
            known: process,
            sockets,
        });
    }

    /// The table that keys go to, together with the moment it shows.
    pub fn table_mut(&mut self) -> &mut dyn Steer {
        if let Some(page) = self.pages[self.screen as usize].last_mut() {
            return &mut page.sockets;
        }
        match self.screen {
            Screen::Overview => &mut self.top,
            Screen::Sockets => &mut self.sockets,
            Screen::Processes => &mut self.processes,
        }
    }

    /// The table that keys go to.
    pub fn table(&self) -> &dyn Steer {
        if let Some(page) = self.page() {
            return &page.sockets;
        }
        match self.screen {
            Screen::Overview => &self.top,
            Screen::Sockets => &self.sockets,
            Screen::Processes => &self.processes,
        }
    }

    /// Brings the table in sight up to the moment. Tables out of sight cost nothing.
    pub fn arrange(&mut self) {
        let Some(moment) = self.moment.clone() else {
            return;
        };
        let sequence = self.sequence;
        self.table_mut().bring_up(&moment, sequence);
        if let Some(page) = self.page_mut()
            && let Some(row) = super::lists::process_index(&moment, page.key)
        {
            page.known = Arc::clone(&moment.sample.processes[row as usize].process);
        }
    }
}
