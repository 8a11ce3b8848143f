//! The state of the dashboard. No rendering happens here, and nothing is read from outside.

mod configure;
mod display_mode;
mod filter;
mod findings;
mod request_inputs;
mod requests;
mod system;
mod tables;
mod time;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use super::appearance::Appearance;
use super::click_map::ClickMap;
use super::filter_history::FilterHistory;
use super::group::{GroupKey, Grouping};
use super::lists::{
    DEFAULT_SORT, Events, Findings, LineKey, Listeners, Processes, Remotes, SocketScope, Sockets,
};
use super::page::{GroupPage, Page, ProcessPage, RemotePage, SocketPage};
use super::popup::interface::Popup;
use super::recording_progress::RecordingProgress;
use super::screen::{Pane, Screen};
use super::table::Table;
use super::text_input::TextInput;
use super::timeline::{PlaybackStatus, Timeline};
use super::view_request::{FilterNumber, NextMoment, RequestInFlight, SocketRows, ViewRequest};
use super::widget::history_axis::Window;
use crate::aggregate::{FilteredView, Moment};
use crate::column::Service;
use crate::diagnose;
use crate::filter::{Filter, NameResolver, NoResolver};
use crate::model::{Preview, Process, RemoteHost, SampleProgress, SampleTime, SocketKey};

pub use configure::names;
pub use display_mode::DisplayMode;
pub use system::System;

/// The maximum number of pages open on a screen: each of them is updated from every moment, and keeps the last ten
/// minutes of its subject.
const MAX_PAGES: usize = 20;

/// The state of the dashboard.
pub struct State {
    /// Theme, character set, time zone.
    pub appearance: Appearance,
    /// The configured time between samples.
    pub interval: Duration,
    /// Time that the charts of the machine span.
    pub chart_window: Window,
    /// The moment shown.
    pub moment: Option<Arc<Moment>>,
    /// The clocks at the moment shown last.
    last_time: Option<SampleTime>,
    /// The findings at that moment, regardless of the filter.
    pub findings: Arc<diagnose::Findings>,
    /// Identifies the moment shown with its filter; incremented when one of them changes.
    pub sequence: u64,
    /// The display mode: live, frozen or replay.
    pub display: DisplayMode,
    /// The position in a recording, or in the kept history.
    pub timeline: Option<Timeline>,
    /// A sentence about the parts omitted from the recording shown; empty if there are none.
    pub omitted_parts: String,
    /// The marked moment, to be compared with others.
    pub mark: Option<Arc<Moment>>,
    /// The active recording.
    pub recording: Option<RecordingProgress>,
    /// Progress of the next Sample, if that takes long.
    pub progress: Option<SampleProgress>,
    /// The time of the latest Sample, ns of the monotonic clock, while an earlier one is shown.
    pub now_ns: Option<u64>,
    /// The current screen.
    pub screen: Screen,
    /// The screen from which a row opened this one; Esc returns to it.
    pub(super) opened_from: Option<Screen>,
    /// The popup over the screen.
    pub popup: Option<Box<dyn Popup<State>>>,
    /// The text being typed.
    pub text_input: Option<TextInput>,
    /// A message, shown until the next key.
    pub message: Option<String>,
    /// The filter, which applies to all screens.
    filter: Arc<Filter>,
    /// Grows with every change of the filter; 0 without one.
    filter_number: FilterNumber,
    /// The filter that is applied to the moment shown.
    shown_filter: FilterNumber,
    /// Aggregates the sockets that pass the filter, moment after moment. The request that is being computed may have it.
    filtered_view: FilteredView,
    /// The moment that is shown next, while the view of another one is computed.
    next: Option<NextMoment>,
    /// A playback status that follows those of the moments on their way.
    later_status: Option<PlaybackStatus>,
    /// The request that is being computed elsewhere.
    in_flight: Option<RequestInFlight>,
    /// That request, until it is taken.
    outbox: Option<ViewRequest>,
    /// The number of sockets from which views are computed elsewhere.
    elsewhere_from: usize,
    /// Moments that are no longer shown.
    retired: Vec<Arc<Moment>>,
    /// The filters typed before.
    pub(super) filter_history: FilterHistory,
    /// Resolves host, service and user names in filters.
    pub names: Arc<dyn NameResolver + Send + Sync>,
    /// True if this user may destroy sockets.
    pub may_destroy: bool,
    /// True if clicks are received; otherwise the terminal keeps them for selecting text.
    pub mouse: bool,
    /// The table of the overview that has the focus.
    pub focus: Pane,
    /// The processes with the highest throughput, on the overview.
    pub top_processes: Table<Processes>,
    /// The remote hosts with the highest throughput, on the overview.
    pub top_remotes: Table<Remotes>,
    /// The listeners with the fullest accept queues, on the overview.
    pub top_listeners: Table<Listeners>,
    /// The processes with the most connections in TIME-WAIT, on the overview.
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
    /// Creates the state at the start: the overview, without a moment.
    pub fn new(appearance: Appearance, interval: Duration) -> State {
        let zone = appearance.timezone.clone();
        State {
            appearance,
            interval,
            chart_window: Window::default(),
            moment: None,
            last_time: None,
            findings: Arc::default(),
            sequence: 0,
            display: DisplayMode::Live,
            timeline: None,
            omitted_parts: String::new(),
            mark: None,
            recording: None,
            progress: None,
            now_ns: None,
            screen: Screen::Overview,
            opened_from: None,
            popup: None,
            text_input: None,
            message: None,
            filter: Arc::default(),
            filter_number: FilterNumber::default(),
            shown_filter: FilterNumber::default(),
            filtered_view: FilteredView::new(),
            next: None,
            later_status: None,
            in_flight: None,
            outbox: None,
            elsewhere_from: usize::MAX,
            retired: Vec::new(),
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

    /// Set if the moment shown has only the first sockets.
    pub fn preview(&self) -> Option<Preview> {
        self.moment.as_deref()?.sample.preview
    }

    /// The page on top of the screen shown, if any is open.
    pub fn page(&self) -> Option<&Page> {
        self.pages[self.screen as usize].last()
    }

    /// The page on top of the screen shown, mutably.
    pub fn page_mut(&mut self) -> Option<&mut Page> {
        self.pages[self.screen as usize].last_mut()
    }

    /// The open pages of the screen shown, in the order in which they were opened.
    pub fn pages(&self) -> &[Page] {
        &self.pages[self.screen as usize]
    }

    /// Closes the page on top; returns true if there was one.
    pub(super) fn close_page(&mut self) -> bool {
        self.pages[self.screen as usize].pop().is_some()
    }

    /// Opens a page on the screen shown. Beyond [`MAX_PAGES`] the oldest one is closed.
    pub(super) fn open_page(&mut self, page: Page) {
        let pages = &mut self.pages[self.screen as usize];
        if pages.len() == MAX_PAGES {
            pages.remove(0);
        }
        pages.push(page);
        if let Some(moment) = self.moment.clone()
            && let Some(page) = self.page_mut()
        {
            page.update(&moment, &SocketRows::default());
        }
    }

    /// Opens the page of a process, with one of its sockets selected if one is given.
    pub(super) fn open_process_page(&mut self, process: Arc<Process>, at: Option<SocketKey>) {
        let mut page = ProcessPage::new(process);
        if let Some(key) = at {
            page.sockets.select(LineKey::Socket(key));
        }
        self.open_page(Page::Process(Box::new(page)));
    }

    /// Opens the page of a socket.
    pub(super) fn open_socket_page(&mut self, page: SocketPage) {
        self.open_page(Page::Socket(Box::new(page)));
    }

    /// Opens the page of a remote host, or of one of its ports.
    pub(super) fn open_remote_page(&mut self, host: RemoteHost, service: Option<Service>) {
        let page = RemotePage::new(host, service);
        self.open_page(Page::Remote(Box::new(page)));
    }

    /// Opens the page of a group with this label.
    pub(super) fn open_group_page(&mut self, by: Grouping, key: GroupKey, label: String) {
        self.open_page(Page::Group(Box::new(GroupPage::new(by, key, label))));
    }

    /// True if filters do not apply to the screen shown, and text typed after `/` is searched for instead.
    pub(super) fn is_searchable(&self) -> bool {
        self.screen == Screen::System && self.page().is_none()
    }

    /// The search text of the popup, or else of the screen; empty if there is none.
    pub(super) fn search(&self) -> &str {
        match &self.popup {
            Some(popup) => popup.search().unwrap_or_default(),
            None if self.is_searchable() => self.system.search(),
            None => "",
        }
    }

    /// Sets the search text of the popup, or else of the screen.
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
}
