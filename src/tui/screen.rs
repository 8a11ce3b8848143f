//! The screens of the dashboard, and the panes of a screen that has several tables.
//!
//! A new screen is an entry of `screens!`: variant, documentation, titles and panes; its digit follows from the order.
//! The compiler then reports the matches to complete: its table in `state/tables.rs`, its drawing in `view/mod.rs`. Its
//! digit and help are a line of `keymap.rs`, which a test demands.

/// The declaration of a screen.
struct ScreenInfo {
    title: &'static str,
    short_title: &'static str,
    /// The tables that the focus moves between; empty if there is only one.
    panes: &'static [Pane],
}

/// Declares the screens in the order of their digits.
macro_rules! screens {
    ($( $(#[$doc:meta])* $screen:ident: $title:literal, $short_title:literal, [$($pane:ident),*]; )+) => {
        /// A screen, opened by its digit or by Tab.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Screen {
            $( $(#[$doc])* $screen, )+
        }

        /// The declaration of each screen, by the index of its variant.
        const SCREENS: &[ScreenInfo] = &[
            $( ScreenInfo {
                title: $title,
                short_title: $short_title,
                panes: &[$(Pane::$pane),*],
            }, )+
        ];

        impl Screen {
            /// All screens in the order of their digits.
            pub const ALL: [Screen; SCREENS.len()] = [$(Screen::$screen),+];
        }
    };
}

screens! {
    /// A summary of the machine.
    Overview: "Overview", "Overview", [Processes, Remotes, Listeners, TimeWait];
    /// All sockets.
    Sockets: "Sockets", "Sockets", [];
    /// The processes that hold sockets.
    Processes: "Processes", "Procs", [];
    /// Listening sockets.
    Listeners: "Listeners", "Listen", [];
    /// Remote hosts.
    Remotes: "Remotes", "Remotes", [];
    /// Findings, active and ended.
    Findings: "Findings", "Findings", [];
    /// The host: limits, counters, interfaces, settings.
    System: "System", "Sys", [Limits, Counters, Interfaces, Settings];
    /// Sockets as they open, change state and close.
    Events: "Events", "Events", [];
}

impl Screen {
    fn info(self) -> &'static ScreenInfo {
        &SCREENS[self as usize]
    }

    /// The title of the screen.
    pub fn title(self) -> &'static str {
        self.info().title
    }

    /// The title for a narrow terminal; an abbreviation if the title is long.
    pub fn short_title(self) -> &'static str {
        self.info().short_title
    }

    /// The name in the configuration.
    pub fn name(self) -> String {
        self.title().to_lowercase()
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
