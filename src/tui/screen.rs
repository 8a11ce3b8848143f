//! The screens of the dashboard, and the panes that a screen with several tables has.

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
