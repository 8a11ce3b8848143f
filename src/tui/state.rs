//! All that the screen remembers. No rendering happens here, and nothing is read from outside.

mod display;
mod findings;
mod narrow;
mod system;
mod time;

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::click_map::ClickMap;
use super::filter_history::FilterHistory;
use super::lists::{
    DEFAULT_SORT, Events, Findings, InstantComparison, LineKey, Listeners, Processes, Remotes,
    SocketScope, Sockets,
};
use super::look::Look;
use super::page::{Page, ProcessPage, RemotePage, SocketPage};
use super::popup::interface::Popup;
use super::recording_progress::RecordingProgress;
use super::table::{Table, TableControl};
use super::timeline::Timeline;
use super::typing::Typing;
use crate::aggregate::{FilteredView, Moment};
use crate::column::Service;
use crate::diagnose;
use crate::filter::{Filter, NameResolver, NoResolver};
use crate::model::{Process, Sample, SocketKey};

pub use super::screen::{Pane, Screen};
pub use super::target::Target;
pub use display::Display;
pub use system::System;

/// Pages that one can look into from each other and come back from: each takes up what every moment tells of it.
const DEEPEST: usize = 50;

/// All that the screen remembers.
pub struct State {
    /// How things look.
    pub look: Look,
    /// The time between samples that was asked for.
    pub interval: Duration,
    /// What is shown.
    pub moment: Option<Arc<Moment>>,
    /// What is wrong at that moment, whatever is filtered.
    pub findings: Arc<diagnose::Findings>,
    /// Tells moments apart; grows.
    pub sequence: u64,
    /// Whether it is the machine as it is, or as it was.
    pub display: Display,
    /// Where one is in a recording, or in what is kept of the last minutes.
    pub timeline: Option<Timeline>,
    /// What is left out of the recording that is shown, as a sentence; empty if nothing is.
    pub left_out: String,
    /// The Sample that was marked, to be compared with others.
    pub mark: Option<Arc<Sample>>,
    /// The recording that is being made.
    pub recording: Option<RecordingProgress>,
    /// When the latest Sample was taken, µs since 1970 UTC, while an earlier one is shown.
    pub now_us: Option<i64>,
    /// Where one is.
    pub screen: Screen,
    /// The screen from which a row led here, to go back to.
    pub(super) led_from: Option<Screen>,
    /// The popup over the screen.
    pub popup: Option<Box<dyn Popup<State>>>,
    /// What is being typed.
    pub typing: Option<Typing>,
    /// Something to say until the next key.
    pub message: Option<String>,
    /// Which sockets are wanted, everywhere.
    filter: Filter,
    /// Sums up what it leaves, moment after moment.
    narrower: FilteredView,
    /// Filters that were typed.
    pub(super) filter_history: FilterHistory,
    /// Names that the machine knows.
    pub names: Arc<dyn NameResolver + Send + Sync>,
    /// Whether this user may end sockets.
    pub may_destroy: bool,
    /// Whether clicks come here; otherwise the terminal keeps them for selecting text.
    pub mouse: bool,
    /// Which table of the overview the keys go to.
    pub focus: Pane,
    /// The processes that move the most, on the overview.
    pub top: Table<Processes>,
    /// The remote hosts that move the most, on the overview.
    pub top_remotes: Table<Remotes>,
    /// The listeners nearest to overflow, on the overview.
    pub top_listeners: Table<Listeners>,
    /// The processes with the most TIME-WAITs, on the overview.
    pub time_wait: Table<Processes>,
    /// The screen of sockets.
    pub sockets: Table<Sockets>,
    /// The screen of processes.
    pub processes: Table<Processes>,
    /// The screen of listeners.
    pub listeners: Table<Listeners>,
    /// The screen of remote hosts.
    pub remotes: Table<Remotes>,
    /// The screen of findings.
    pub finding_rows: Table<Findings>,
    /// The screen of the system.
    pub system: System,
    /// The screen of events.
    pub events: Table<Events>,
    /// What one has looked into from each screen, the last on top: going back takes it off.
    pages: [Vec<Page>; Screen::ALL.len()],
    /// What was drawn where.
    pub(super) clicks: ClickMap,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("screen", &self.screen)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

impl State {
    /// The start: the overview, and nothing known yet.
    pub fn new(look: Look, interval: Duration) -> State {
        let zone = look.timezone.clone();
        State {
            look,
            interval,
            moment: None,
            findings: Arc::default(),
            sequence: 0,
            display: Display::Live,
            timeline: None,
            left_out: String::new(),
            mark: None,
            recording: None,
            now_us: None,
            screen: Screen::Overview,
            led_from: None,
            popup: None,
            typing: None,
            message: None,
            filter: Filter::default(),
            narrower: FilteredView::new(),
            filter_history: FilterHistory::default(),
            names: Arc::new(NoResolver),
            may_destroy: false,
            mouse: true,
            focus: Pane::Processes,
            top: Table::new(Processes::default(), DEFAULT_SORT, true),
            top_remotes: Table::new(Remotes::default(), DEFAULT_SORT, true),
            top_listeners: Table::new(Listeners::default(), "fill", true),
            time_wait: Table::new(Processes::in_time_wait(), "time_wait", true).with_columns(&[
                "pid",
                "process",
                "time_wait",
                "time_wait_rate",
                "time_wait_minute",
            ]),
            sockets: Table::new(Sockets::new(SocketScope::All), DEFAULT_SORT, true),
            processes: Table::new(Processes::default(), DEFAULT_SORT, true),
            listeners: Table::new(Listeners::default(), "fill", true),
            remotes: Table::new(Remotes::default(), DEFAULT_SORT, true),
            finding_rows: Table::new(Findings::new(zone.clone()), "severity", true),
            system: System::default(),
            events: Table::new(Events::new(zone), "at", false),
            pages: Default::default(),
            clicks: ClickMap::default(),
        }
    }

    /// Lets go of the moment shown, so that its memory can be used for the next.
    pub fn release(&mut self) -> Option<Arc<Moment>> {
        self.moment.take()
    }

    /// Shows a moment from now on, and what is wrong at it.
    pub fn show(&mut self, moment: Arc<Moment>, findings: Arc<diagnose::Findings>) {
        for page in self.pages.iter_mut().flatten() {
            page.update(&moment);
        }
        self.moment = Some(moment);
        self.narrow();
        self.find(findings);
    }

    /// What one looks into on this screen, if anything.
    pub fn page(&self) -> Option<&Page> {
        self.pages[self.screen as usize].last()
    }

    /// The same, to be changed.
    pub fn page_mut(&mut self) -> Option<&mut Page> {
        self.pages[self.screen as usize].last_mut()
    }

    /// What one has looked into from here, one after the other.
    pub fn trail(&self) -> &[Page] {
        &self.pages[self.screen as usize]
    }

    /// Goes back by one; answers whether there was anything to go back from.
    pub(super) fn go_back(&mut self) -> bool {
        self.pages[self.screen as usize].pop().is_some()
    }

    /// Looks into something. Of a very long way back the first steps are forgotten.
    pub(super) fn look_into(&mut self, page: Page) {
        let pages = &mut self.pages[self.screen as usize];
        if pages.len() == DEEPEST {
            pages.remove(0);
        }
        pages.push(page);
        if let Some(moment) = self.moment.clone()
            && let Some(page) = self.page_mut()
        {
            page.update(&moment);
        }
    }

    /// Looks into a process, at one of its sockets if one is given.
    pub(super) fn look_into_process(&mut self, process: Arc<Process>, at: Option<SocketKey>) {
        let mut page = ProcessPage::new(process);
        if let Some(key) = at {
            page.sockets.select(LineKey::Socket(key));
        }
        self.look_into(Page::Process(Box::new(page)));
    }

    /// Looks into a socket.
    pub(super) fn look_into_socket(&mut self, page: SocketPage) {
        self.look_into(Page::Socket(Box::new(page)));
    }

    /// Looks into a remote host.
    pub(super) fn look_into_remote(&mut self, address: IpAddr, service: Option<Service>) {
        let page = RemotePage::new(address, service);
        self.look_into(Page::Remote(Box::new(page)));
    }

    /// The table of a pane.
    pub(super) fn pane_mut(&mut self, pane: Pane) -> Option<&mut dyn TableControl> {
        match pane {
            Pane::Main => self.main_mut(),
            Pane::Processes => Some(&mut self.top),
            Pane::Remotes => Some(&mut self.top_remotes),
            Pane::Listeners => Some(&mut self.top_listeners),
            Pane::TimeWait => Some(&mut self.time_wait),
            Pane::Limits | Pane::Counters | Pane::Interfaces | Pane::Settings => {
                Some(self.system.table_mut(pane))
            }
        }
    }

    /// The table of the page or the screen.
    fn main_mut(&mut self) -> Option<&mut dyn TableControl> {
        if self.page().is_some() {
            return self.page_mut()?.table_mut();
        }
        match self.screen {
            Screen::Overview => self.pane_mut(self.focus),
            Screen::Sockets => Some(&mut self.sockets),
            Screen::Processes => Some(&mut self.processes),
            Screen::Listeners => Some(&mut self.listeners),
            Screen::Remotes => Some(&mut self.remotes),
            Screen::Findings => Some(&mut self.finding_rows),
            Screen::System => self.pane_mut(self.system.focus),
            Screen::Events => Some(&mut self.events),
        }
    }

    /// The table that keys go to; `None` where there is none.
    pub fn table_mut(&mut self) -> Option<&mut dyn TableControl> {
        self.main_mut()
    }

    /// The table that keys go to.
    pub fn table(&self) -> Option<&dyn TableControl> {
        if let Some(page) = self.page() {
            return page.table();
        }
        Some(match (self.screen, self.focus) {
            (Screen::Overview, Pane::Remotes) => &self.top_remotes,
            (Screen::Overview, Pane::Listeners) => &self.top_listeners,
            (Screen::Overview, Pane::TimeWait) => &self.time_wait,
            (Screen::Overview, _) => &self.top,
            (Screen::Sockets, _) => &self.sockets,
            (Screen::Processes, _) => &self.processes,
            (Screen::Listeners, _) => &self.listeners,
            (Screen::Remotes, _) => &self.remotes,
            (Screen::Findings, _) => &self.finding_rows,
            (Screen::System, _) => self.system.table(self.system.focus),
            (Screen::Events, _) => &self.events,
        })
    }

    /// The tables in sight between which the keys go, if there are several.
    pub fn panes(&self) -> &'static [Pane] {
        match self.page() {
            None => self.screen.panes(),
            Some(_) => &[],
        }
    }

    /// Whether several tables are in sight, between which the keys go.
    pub fn has_panes(&self) -> bool {
        !self.panes().is_empty()
    }

    /// Which of them the keys go to.
    pub(super) fn focus_mut(&mut self) -> &mut Pane {
        match self.screen {
            Screen::System => &mut self.system.focus,
            _ => &mut self.focus,
        }
    }

    /// Whether what is typed after `/` is looked for on this screen, which no filter is about.
    pub(super) fn looks_for(&self) -> bool {
        self.screen == Screen::System && self.page().is_none()
    }

    /// The text that is searched for in the popup, or else on the screen; empty if there is none.
    pub(super) fn searched(&self) -> &str {
        match &self.popup {
            Some(popup) => popup.search().unwrap_or_default(),
            None if self.looks_for() => self.system.search(),
            None => "",
        }
    }

    /// Searches for another text there.
    pub(super) fn look_for(&mut self, text: String) {
        if let Some(popup) = &mut self.popup {
            popup.set_search(text);
        } else if self.looks_for() {
            self.system.look_for(&text);
        }
    }

    /// Opens a popup over the screen, in place of the one that is open.
    pub(super) fn open_popup(&mut self, popup: impl Popup<State>) {
        self.popup = Some(Box::new(popup));
    }

    /// The popup over the screen, if it is of the type `P`.
    pub fn popup<P: Popup<State>>(&self) -> Option<&P> {
        let popup: &dyn Any = self.popup.as_deref()?;
        popup.downcast_ref()
    }

    /// Brings the tables in sight up to the moment. Tables out of sight cost nothing.
    pub fn arrange(&mut self) {
        let Some(moment) = self.moment.clone() else {
            return;
        };
        let sequence = self.sequence;
        let marked = self.mark.clone().unwrap_or_default();
        if let Some(Page::Difference(page)) = self.pages[self.screen as usize].last_mut() {
            page.refresh(sequence, || {
                InstantComparison::new(marked, &moment, &self.filter)
            });
        }
        if self.has_panes() {
            for &pane in self.panes() {
                if let Some(table) = self.pane_mut(pane) {
                    table.refresh(&moment, sequence);
                }
            }
        } else if let Some(table) = self.table_mut() {
            table.refresh(&moment, sequence);
        }
    }
}
