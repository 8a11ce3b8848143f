//! The screens of the dashboard, and the panes of a screen that has several tables.
//!
//! A new screen is a variant of [`Screen`] with an entry in [`SCREENS`]; the compiler then names the places that draw it
//! and hold its table.

/// A screen, reached by its digit or by Tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The machine at a glance.
    Overview,
    /// All sockets.
    Sockets,
    /// The processes that hold sockets.
    Processes,
    /// Listening sockets.
    Listeners,
    /// Remote hosts.
    Remotes,
    /// Findings, active and ended.
    Findings,
    /// The host: limits, counters, interfaces, settings.
    System,
    /// Sockets as they open, change state and close.
    Events,
}

/// The declaration of a screen.
struct ScreenInfo {
    screen: Screen,
    title: &'static str,
    short_title: &'static str,
    /// The tables that the focus moves between; empty if there is only one.
    panes: &'static [Pane],
}

/// All screens in the order of their digits, which is that of the variants.
const SCREENS: [ScreenInfo; 8] = [
    ScreenInfo {
        screen: Screen::Overview,
        title: "Overview",
        short_title: "Over",
        panes: &[
            Pane::Processes,
            Pane::Remotes,
            Pane::Listeners,
            Pane::TimeWait,
        ],
    },
    ScreenInfo {
        screen: Screen::Sockets,
        title: "Sockets",
        short_title: "Sock",
        panes: &[],
    },
    ScreenInfo {
        screen: Screen::Processes,
        title: "Processes",
        short_title: "Proc",
        panes: &[],
    },
    ScreenInfo {
        screen: Screen::Listeners,
        title: "Listeners",
        short_title: "Listen",
        panes: &[],
    },
    ScreenInfo {
        screen: Screen::Remotes,
        title: "Remotes",
        short_title: "Remote",
        panes: &[],
    },
    ScreenInfo {
        screen: Screen::Findings,
        title: "Findings",
        short_title: "Find",
        panes: &[],
    },
    ScreenInfo {
        screen: Screen::System,
        title: "System",
        short_title: "Sys",
        panes: &[
            Pane::Limits,
            Pane::Counters,
            Pane::Interfaces,
            Pane::Settings,
        ],
    },
    ScreenInfo {
        screen: Screen::Events,
        title: "Events",
        short_title: "Event",
        panes: &[],
    },
];

impl Screen {
    /// The number of screens.
    pub const COUNT: usize = SCREENS.len();

    /// All screens in the order of their digits.
    pub const ALL: [Screen; Screen::COUNT] = {
        let mut all = [Screen::Overview; Screen::COUNT];
        let mut at = 0;
        while at < all.len() {
            all[at] = SCREENS[at].screen;
            at += 1;
        }
        all
    };

    fn info(self) -> &'static ScreenInfo {
        &SCREENS[self as usize]
    }

    /// The title of the screen.
    pub fn title(self) -> &'static str {
        self.info().title
    }

    /// The title for a narrow terminal.
    pub fn short_title(self) -> &'static str {
        self.info().short_title
    }

    /// The digit that opens it.
    pub fn digit(self) -> char {
        char::from(b'1' + self as u8)
    }

    /// The tables that the focus moves between, in that order; empty if there is only one.
    pub fn panes(self) -> &'static [Pane] {
        self.info().panes
    }
}

/// A table on a screen or page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pane {
    /// The only table of a screen or page.
    Main,
    /// The processes with the highest throughput.
    Processes,
    /// The remote hosts with the highest throughput.
    Remotes,
    /// The listeners with the fullest accept queues.
    Listeners,
    /// The processes with the most connections in TIME-WAIT.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_screen_stands_at_its_place() {
        for (at, screen) in Screen::ALL.into_iter().enumerate() {
            assert_eq!(screen as usize, at, "{screen:?}");
        }
    }
}
