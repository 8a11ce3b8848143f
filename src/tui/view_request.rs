//! The work that grows with the number of sockets, as a value: a moment to show, the filter to apply to it, the tables to
//! arrange. Any thread can do it; the [`State`](super::state::State) asks for it and installs the result.

use std::sync::Arc;

use super::page::UnixPeers;
use super::screen::Screen;
use super::table::{Sort, TableWork};
use super::timeline::PlaybackStatus;
use crate::aggregate::{Cancellation, Event, FilteredView, Moment};
use crate::column::SocketRow;
use crate::diagnose::Findings;
use crate::filter::Filter;
use crate::model::{ProcessKey, SeededMap, SocketKey, SocketRef};

/// Identifies a filter among those that were set.
pub type FilterNumber = u64;

/// A moment that is to be shown, with what belongs to it.
#[derive(Debug)]
pub struct NextMoment {
    /// The moment.
    pub(super) moment: Arc<Moment>,
    /// The filter that is applied to it.
    pub(super) filter: FilterNumber,
    /// The findings at the moment.
    pub(super) findings: Arc<Findings>,
    /// The status of the playback that it belongs to.
    pub(super) status: Option<PlaybackStatus>,
    /// False if it is the moment shown, with another filter.
    pub(super) is_new: bool,
}

/// A filter to be applied, and what was derived from the moments that it was applied to before.
#[derive(Debug)]
pub(super) struct FilterStep {
    pub(super) number: FilterNumber,
    pub(super) filter: Arc<Filter>,
    pub(super) view: FilteredView,
}

/// The rows of sockets in a moment, by their keys; `None` for a socket that is not in it.
pub type SocketRows = SeededMap<SocketKey, Option<u32>>;

/// The moment that the tables are arranged for.
#[derive(Debug)]
pub(super) enum Subject {
    /// The one shown.
    Shown(Arc<Moment>),
    /// Another one, or the same with another filter.
    Next(NextMoment),
}

/// A view to compute.
#[derive(Debug)]
pub struct ViewRequest {
    /// Identifies the moment with its filter.
    pub(super) sequence: u64,
    pub(super) subject: Subject,
    /// The filter to apply to the next moment.
    pub(super) filter: Option<FilterStep>,
    /// True if the peers of sockets will be looked up.
    pub(super) needs_peers: bool,
    /// Sockets to find, each with the row that it probably has.
    pub(super) sockets: Vec<(SocketKey, Option<u32>)>,
    /// Where they are.
    pub(super) rows: SocketRows,
    /// The process whose peers over unix sockets are counted, and the result.
    pub(super) process: Option<ProcessKey>,
    pub(super) unix_peers: Option<UnixPeers>,
    /// The tables to arrange.
    pub(super) tables: Vec<Box<dyn TableWork>>,
    /// Set if something else is wanted by now.
    pub(super) cancellation: Cancellation,
}

/// A view that was computed, or was given up.
#[derive(Debug)]
pub struct PreparedView {
    pub(super) request: ViewRequest,
    /// False if it was given up.
    pub(super) is_complete: bool,
}

/// The parts of the view that the user sets and that a request depends on.
#[derive(Debug, PartialEq)]
pub(super) struct WantedView {
    pub(super) filter: FilterNumber,
    pub(super) screen: Screen,
    pub(super) pages: usize,
    pub(super) tables: Vec<(Sort, u64)>,
}

/// A request that is being computed elsewhere.
#[derive(Debug)]
pub(super) struct RequestInFlight {
    pub(super) wanted: WantedView,
    pub(super) cancellation: Cancellation,
    /// True if it is about a moment that was not shown yet.
    pub(super) has_new_moment: bool,
    /// False if that is not to be shown.
    pub(super) is_moment_wanted: bool,
}

impl ViewRequest {
    /// The number of sockets that it is about.
    pub fn sockets(&self) -> usize {
        self.moment().sample.iter().len()
    }

    /// True if it is about a moment that was not shown yet.
    pub(super) fn has_new_moment(&self) -> bool {
        matches!(&self.subject, Subject::Next(next) if next.is_new)
    }

    fn moment(&self) -> &Arc<Moment> {
        match &self.subject {
            Subject::Shown(moment) => moment,
            Subject::Next(next) => &next.moment,
        }
    }

    /// Computes the view.
    pub fn prepare(mut self) -> PreparedView {
        let is_complete = self.compute();
        PreparedView {
            request: self,
            is_complete,
        }
    }

    /// Does all steps; returns false if it was given up.
    fn compute(&mut self) -> bool {
        if let (Subject::Next(next), Some(step)) = (&mut self.subject, &mut self.filter) {
            if !step.is_applied_to(&next.moment) {
                // Copied only if the screen still shows the same moment with another filter.
                let moment = Arc::make_mut(&mut next.moment);
                if !step.apply(moment, &self.cancellation) {
                    return false;
                }
            }
            next.filter = step.number;
        }
        let moment = Arc::clone(self.moment());
        if self.needs_peers {
            moment.peers();
        }
        self.rows = find_rows(&moment, &self.sockets);
        self.unix_peers = (self.process).map(|process| UnixPeers::of(&moment, process));
        for table in &mut self.tables {
            if self.cancellation.is_cancelled() {
                return false;
            }
            table.run(&moment, &self.cancellation);
        }
        !self.cancellation.is_cancelled()
    }
}

impl FilterStep {
    /// True if nothing has to be done to a moment.
    fn is_applied_to(&self, moment: &Moment) -> bool {
        self.filter.is_empty() && moment.filtered().is_none()
    }

    /// Applies the filter to a moment; returns false if it was given up.
    fn apply(&mut self, moment: &mut Moment, cancellation: &Cancellation) -> bool {
        let filter = &*self.filter;
        if filter.is_empty() {
            moment.clear_filter();
            return true;
        }
        self.view.apply(
            moment,
            filter.text(),
            cancellation,
            |moment, row| {
                SocketRow::of(moment, row as usize)
                    .is_some_and(|row| filter.matches(row.socket, &row))
            },
            |event, socket| passes(filter, event, socket),
        )
    }
}

/// True if an event passes the filter. A text search includes the kind of event and its states.
fn passes(filter: &Filter, event: &Event, socket: SocketRef<'_>) -> bool {
    if let Some(words) = filter.search_text() {
        let states = [event.from, event.to].into_iter().flatten();
        if words.matches(event.kind.name())
            || states
                .into_iter()
                .any(|state| words.matches(state.short_name()))
        {
            return true;
        }
    }
    event.matches(socket, |view| {
        filter.matches(view, &SocketRow::detached(view))
    })
}

/// Finds sockets in a moment, all of them in one pass.
fn find_rows(moment: &Moment, sockets: &[(SocketKey, Option<u32>)]) -> SocketRows {
    let mut rows = SocketRows::default();
    let mut left = 0;
    for &(key, probable) in sockets {
        let row = probable.filter(|&row| {
            let socket = moment.sample.socket(row as usize);
            socket.is_some_and(|socket| socket.socket.key() == key)
        });
        left += usize::from(row.is_none() && rows.insert(key, row).is_none());
        rows.insert(key, row);
    }
    if left == 0 {
        return rows;
    }
    for (row, socket) in moment.sample.iter().enumerate() {
        if let Some(found) = rows.get_mut(&socket.socket.key())
            && found.is_none()
        {
            *found = Some(row as u32);
        }
    }
    rows
}
