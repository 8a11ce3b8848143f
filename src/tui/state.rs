//! The state of the dashboard. No rendering happens here, and nothing is read from outside.

mod display_mode;
mod findings;
mod filter;
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
pub use super::open_target::OpenTarget;
pub use display_mode::DisplayMode;
pub use system::System;

/// The most pages open on a screen: each of them is updated from every moment.
const DEEPEST: usize = 50;

/// The state of the dashboard.
pub struct State {
    /// Theme, character set, time zone.
    pub look: Look,
    /// The configured time between samples.
    pub interval: Duration,
    /// The moment shown.
    pub moment: Option<Arc<Moment>>,
    /// The findings at that moment, regardless of the filter.
    pub findings: Arc<diagnose::Findings>,
    /// Identifies the moment and the filter; grows.
    pub sequence: u64,
    /// The display mode: live, frozen or replay.
    pub display: DisplayMode,
    /// The position in a recording, or in the kept history.
    pub timeline: Option<Timeline>,
    /// A sentence about the parts left out of the recording shown; empty if there are none.
    pub omitted_parts: String,
    /// The marked Sample, to be compared with others.
    pub mark: Option<Arc<Sample>>,
    /// The recording that is being made.
    pub recording: Option<RecordingProgress>,
    /// The time of the latest Sample, µs since 1970 UTC, while an earlier one is shown.
    pub now_us: Option<i64>,
    /// The current screen.
    pub screen: Screen,
    /// The screen from which a row led to this one, to go back to.
    pub(super) opened_from: Option<Screen>,
    /// The popup over the screen.
    pub popup: Option<Box<dyn Popup<State>>>,
    /// The text that is being typed.
    pub typing: Option<Typing>,
    /// A message, shown until the next key.
    pub message: Option<String>,
    /// The filter, which applies to all screens.
    filter: Filter,
    /// Sums up what it leaves, moment after moment.
    filtered_view: FilteredView,
    /// Filters that were typed.
    pub(super) filter_history: FilterHistory,
    /// Names that the machine knows.
    pub names: Arc<dyn NameResolver + Send + Sync>,
    /// Whether this user may end sockets.
    pub may_destroy: bool,
    /// True if clicks are received; otherwise the terminal keeps them for selecting text.
    pub mouse: bool,
    /// The table of the overview that has the focus.
    pub focus: Pane,
    /// The processes that move the most, on the overview.
    pub top_processes: Table<Processes>,
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
    /// The open pages of each screen, the last one on top.
    pages: [Vec<Page>; Screen::ALL.len()],
    /// The places of the last frame that can be clicked on.
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
            display: DisplayMode::Live,
            timeline: None,
            omitted_parts: String::new(),
            mark: None,
            recording: None,
            now_us: None,
            screen: Screen::Overview,
            opened_from: None,
            popup: None,
            typing: None,
            message: None,
            filter: Filter::default(),
            filtered_view: FilteredView::new(),
            filter_history: FilterHistory::default(),
            names: Arc::new(NoResolver),
            may_destroy: false,
            mouse: true,
            focus: Pane::Processes,
            top_processes: Table::new(Processes::default(), DEFAULT_SORT, true),
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
    pub fn take_moment(&mut self) -> Option<Arc<Moment>> {
        self.moment.take()
    }

    /// Shows a moment from now on, and what is wrong at it.
    pub fn show(&mut self, moment: Arc<Moment>, findings: Arc<diagnose::Findings>) {
        for page in self.pages.iter_mut().flatten() {
            page.update(&moment);
        }
        self.moment = Some(moment);
        self.apply_filter();
        self.set_findings(findings);
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
    pub fn pages(&self) -> &[Page] {
        &self.pages[self.screen as usize]
    }

    /// Goes back by one; answers whether there was anything to go back from.
    pub(super) fn close_page(&mut self) -> bool {
        self.pages[self.screen as usize].pop().is_some()
    }

    /// Looks into something. Of a very long way back the first steps are forgotten.
    pub(super) fn open_page(&mut self, page: Page) {
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
    pub(super) fn open_process_page(&mut self, process: Arc<Process>, at: Option<SocketKey>) {
        let mut page = ProcessPage::new(process);
        if let Some(key) = at {
            page.sockets.select(LineKey::Socket(key));
        }
        self.open_page(Page::Process(Box::new(page)));
    }

    /// Looks into a socket.
    pub(super) fn open_socket_page(&mut self, page: SocketPage) {
        self.open_page(Page::Socket(Box::new(page)));
    }

    /// Looks into a remote host.
    pub(super) fn open_remote_page(&mut self, address: IpAddr, service: Option<Service>) {
        let page = RemotePage::new(address, service);
        self.open_page(Page::Remote(Box::new(page)));
    }

    /// The table of a pane.
    pub(super) fn pane_table_mut(&mut self, pane: Pane) -> Option<&mut dyn TableControl> {
        match pane {
            Pane::Main => self.main_table_mut(),
            Pane::Processes => Some(&mut self.top_processes),
            Pane::Remotes => Some(&mut self.top_remotes),
            Pane::Listeners => Some(&mut self.top_listeners),
            Pane::TimeWait => Some(&mut self.time_wait),
            Pane::Limits | Pane::Counters | Pane::Interfaces | Pane::Settings => {
                Some(self.system.table_mut(pane))
            }
        }
    }

    /// The table of the page or the screen.
    fn main_table_mut(&mut self) -> Option<&mut dyn TableControl> {
        if self.page().is_some() {
            return self.page_mut()?.table_mut();
        }
        match self.screen {
            Screen::Overview => self.pane_table_mut(self.focus),
            Screen::Sockets => Some(&mut self.sockets),
            Screen::Processes => Some(&mut self.processes),
            Screen::Listeners => Some(&mut self.listeners),
            Screen::Remotes => Some(&mut self.remotes),
            Screen::Findings => Some(&mut self.finding_rows),
            Screen::System => self.pane_table_mut(self.system.focus),
            Screen::Events => Some(&mut self.events),
        }
    }

    /// The table that keys go to; `None` where there is none.
    pub fn table_mut(&mut self) -> Option<&mut dyn TableControl> {
        self.main_table_mut()
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
            (Screen::Overview, _) => &self.top_processes,
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
    pub(super) fn is_searchable(&self) -> bool {
        self.screen == Screen::System && self.page().is_none()
    }

    /// The text that is searched for in the popup, or else on the screen; empty if there is none.
    pub(super) fn search(&self) -> &str {
        match &self.popup {
            Some(popup) => popup.search().unwrap_or_default(),
            None if self.is_searchable() => self.system.search(),
            None => "",
        }
    }

    /// Searches for another text there.
    pub(super) fn set_search(&mut self, text: String) {
        if let Some(popup) = &mut self.popup {
            popup.set_search(text);
        } else if self.is_searchable() {
            self.system.set_search(&text);
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
                if let Some(table) = self.pane_table_mut(pane) {
                    table.refresh(&moment, sequence);
                }
            }
        } else if let Some(table) = self.table_mut() {
            table.refresh(&moment, sequence);
        }
    }
}
