//! Where one can be, what can lie over it, and where Enter leads.

use std::net::IpAddr;
use std::sync::Arc;

use super::victim::Victim;
use crate::column::Service;
use crate::diagnose::FindingKey;
use crate::model::{Process, SocketKey};
use crate::tui::filter_line::FilterLine;

/// The screens that digits and Tab lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The machine at a glance.
    Overview,
    /// Every socket.
    Sockets,
    /// Every process that holds one.
    Processes,
    /// Everything that listens.
    Listeners,
    /// Every host at the other end.
    Remotes,
    /// What is wrong.
    Findings,
    /// The host: limits, counters, devices, settings.
    System,
    /// What happens.
    Events,
}

impl Screen {
    /// In the order of their digits.
    pub const ALL: [Screen; 8] = [
        Screen::Overview,
        Screen::Sockets,
        Screen::Processes,
        Screen::Listeners,
        Screen::Remotes,
        Screen::Findings,
        Screen::System,
        Screen::Events,
    ];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Screen::Overview => "Overview",
            Screen::Sockets => "Sockets",
            Screen::Processes => "Processes",
            Screen::Listeners => "Listeners",
            Screen::Remotes => "Remotes",
            Screen::Findings => "Findings",
            Screen::System => "System",
            Screen::Events => "Events",
        }
    }

    /// Its name where there is little room.
    pub fn short_title(self) -> &'static str {
        match self {
            Screen::Overview => "Over",
            Screen::Sockets => "Sock",
            Screen::Processes => "Proc",
            Screen::Listeners => "Listen",
            Screen::Remotes => "Remote",
            Screen::Findings => "Find",
            Screen::System => "Sys",
            Screen::Events => "Event",
        }
    }

    /// The digit that leads to it.
    pub fn digit(self) -> char {
        match self {
            Screen::Overview => '1',
            Screen::Sockets => '2',
            Screen::Processes => '3',
            Screen::Listeners => '4',
            Screen::Remotes => '5',
            Screen::Findings => '6',
            Screen::System => '7',
            Screen::Events => '8',
        }
    }
}

/// A table of the screen: the overview and the system have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The one there is, on every other screen and page.
    Main,
    /// The processes that move the most.
    Processes,
    /// The remote hosts that move the most.
    Remotes,
    /// The listeners whose accept queues are the fullest.
    Listeners,
    /// The processes with the most TIME-WAITs.
    TimeWait,
    /// Limits with their headroom.
    Limits,
    /// Protocol counters.
    Counters,
    /// Network devices.
    Interfaces,
    /// Settings of the kernel.
    Settings,
}

impl Pane {
    /// The panes of the overview, in the order in which the keys go through them.
    pub const OVERVIEW: [Pane; 4] = [
        Pane::Processes,
        Pane::Remotes,
        Pane::Listeners,
        Pane::TimeWait,
    ];

    /// The panes of the system, the same way.
    pub const SYSTEM: [Pane; 4] = [
        Pane::Limits,
        Pane::Counters,
        Pane::Interfaces,
        Pane::Settings,
    ];
}

/// What lies over a screen until it is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Popup {
    /// The keys, scrolled down by so many lines.
    Help(usize),
    /// What could not be read, scrolled down by so many lines.
    Faults(usize),
    /// Columns to sort by, and the line the cursor is on.
    PickSort(usize),
    /// Columns to show, and the line the cursor is on.
    PickColumns(usize),
    /// Filters that the row would pass, whether to leave such rows out, and the line the cursor is on.
    FilterBy(Vec<String>, bool, usize),
    /// Findings that concern the row or the page, which of them is chosen, and by how many lines its text is scrolled down.
    Findings(Vec<FindingKey>, usize, usize),
    /// How much of what is kept can be saved, and the line the cursor is on.
    Save(usize),
    /// What can be ended, the line the cursor is on, and whether it was asked about.
    Kill(Box<Victim>, usize, bool),
}

/// What is shown: the machine as it is, or as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// What is now.
    Live,
    /// What was, while sampling goes on.
    Frozen,
    /// A recording.
    Replay,
}

/// What is being typed, and what for.
#[derive(Debug, Clone, PartialEq)]
pub enum Typing {
    /// The filter.
    Filter(Box<FilterLine>),
    /// What to look for in what lies over the screen; what it was before.
    Search(String),
    /// A time to go to, and what is wrong with it.
    Time(String, Option<String>),
}

/// What Enter leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A process.
    Process(Arc<Process>),
    /// A socket.
    Socket(SocketKey),
    /// The socket that something happened to, by the number of the event.
    Event(u64),
    /// A remote host, or one of its ports.
    Remote(IpAddr, Option<Service>),
    /// The screen that is about the host as a whole.
    System,
    /// Nothing that could be looked into, and why not.
    Nowhere(String),
    /// Folding and unfolding.
    Fold,
}
