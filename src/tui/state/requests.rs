//! Computes the view of the moment: at once if there are few sockets, elsewhere if there are many.
//!
//! Whatever grows with the number of sockets is a [`ViewRequest`]: applying the filter, arranging tables, finding sockets.
//! The state asks for one at a time, and goes on showing the view that it has. If the user wants something else in the
//! meantime, the request is cancelled and another one made.

use std::sync::Arc;

use super::State;
use crate::aggregate::{Cancellation, FilteredView, Moment};
use crate::column::format;
use crate::diagnose::Findings;
use crate::tui::page::Page;
use crate::tui::table::{TableControl, TableWork};
use crate::tui::timeline::PlaybackStatus;
use crate::tui::view_request::{
    FilterNumber, FilterStep, NextMoment, PreparedView, RequestInFlight, SocketRows, Subject,
    ViewRequest, WantedView,
};

/// Maximum number of requests made for one view: a request may bring a column into view whose totals are missing.
const MAX_ROUNDS: usize = 3;

impl State {
    /// Computes views of at least so many sockets elsewhere: [`Self::take_request`] returns what is to be done.
    pub fn compute_elsewhere_from(&mut self, sockets: usize) {
        self.elsewhere_from = sockets;
    }

    /// Shows a moment with the findings at it, once its view is computed.
    pub fn show(&mut self, moment: Arc<Moment>, findings: Arc<Findings>) {
        self.show_with_status(moment, findings, None);
    }

    /// Shows a moment of a recording, and the playback status with it.
    pub fn show_with_status(
        &mut self,
        moment: Arc<Moment>,
        findings: Arc<Findings>,
        status: Option<PlaybackStatus>,
    ) {
        self.enqueue(NextMoment {
            moment,
            filter: FilterNumber::default(),
            findings,
            status,
            is_new: true,
        });
        self.arrange();
    }

    /// Makes a moment the next one to be shown. One that waits is skipped.
    fn enqueue(&mut self, mut next: NextMoment) {
        if let Some(skipped) = self.next.take() {
            self.retired.push(skipped.moment);
            next.status = match (next.status, skipped.status) {
                (Some(status), Some(missed)) => Some(status.after_missed(missed)),
                (status, missed) => status.or(missed),
            };
        }
        self.next = Some(next);
    }

    /// Skips the moment that was to be shown next.
    pub(in crate::tui) fn skip_next(&mut self) {
        if let Some(next) = self.next.take() {
            self.retired.push(next.moment);
        }
        if let Some(flight) = &mut self.in_flight {
            flight.is_moment_wanted = false;
        }
    }

    /// Returns moments that are no longer shown, so that their memory can be reused.
    pub fn take_retired(&mut self) -> Vec<Arc<Moment>> {
        std::mem::take(&mut self.retired)
    }

    /// Returns the request to be computed elsewhere, if there is one. Its result is to be passed to [`Self::install`].
    pub fn take_request(&mut self) -> Option<ViewRequest> {
        self.outbox.take()
    }

    /// True while a view is computed elsewhere.
    pub fn is_computing(&self) -> bool {
        self.in_flight.is_some()
    }

    /// True while a view is computed elsewhere that the user has asked for.
    pub fn is_awaited(&self) -> bool {
        let is_behind = || self.tables().iter().any(|table| table.is_behind());
        self.is_computing() && (self.is_filtering() || is_behind())
    }

    /// True while the moment shown does not have the filter in force.
    pub(in crate::tui) fn is_filtering(&self) -> bool {
        self.shown_filter != self.filter_number
    }

    /// Computes the view that is wanted, or requests it; returns true if it is shown now. Tables that are not shown cost
    /// nothing.
    pub fn arrange(&mut self) -> bool {
        self.release_hidden_pages();
        let mut is_changed = false;
        for _ in 0..MAX_ROUNDS {
            if self.in_flight.is_some() {
                self.cancel_obsolete();
                break;
            }
            let Some(request) = self.next_request() else {
                break;
            };
            if request.sockets() < self.elsewhere_from {
                self.install(request.prepare());
                is_changed = true;
            } else {
                self.in_flight = Some(RequestInFlight {
                    wanted: self.wanted_view(),
                    cancellation: request.cancellation.clone(),
                    has_new_moment: request.has_new_moment(),
                    is_moment_wanted: true,
                });
                self.announce(&request);
                self.outbox = Some(request);
            }
        }
        let sequence = self.sequence;
        self.for_each_table(|table| {
            table.discard_stale(sequence);
            if table.is_arranged(sequence) {
                table.set_progress(None);
            }
        });
        is_changed
    }

    /// Cancels the request that is being computed if the user wants something else by now.
    fn cancel_obsolete(&mut self) {
        if let Some(flight) = &self.in_flight
            && (!flight.is_moment_wanted || flight.wanted != self.wanted_view())
        {
            flight.cancellation.cancel();
        }
    }

    /// The parts of the view that the user sets.
    fn wanted_view(&self) -> WantedView {
        let tables = self.tables().into_iter();
        WantedView {
            filter: self.filter_number,
            screen: self.screen,
            pages: self.pages().len(),
            tables: tables.map(TableControl::view_version).collect(),
        }
    }

    /// Says in the titles of tables what the user waits for. A new moment is not waited for.
    fn announce(&mut self, request: &ViewRequest) {
        let verb = match &request.subject {
            Subject::Next(_) if self.is_filtering() => "filtering",
            Subject::Next(_) => return,
            Subject::Shown(_) => "sorting",
        };
        let mut text = format!("{verb} ");
        format::count(&mut text, request.sockets() as u64);
        text.push_str(" sockets…");
        self.for_each_table(|table| {
            if verb == "filtering" || table.is_behind() {
                table.set_progress(Some(text.clone()));
            }
        });
    }

    /// Returns the request for what is wanted and not shown; `None` if there is nothing.
    fn next_request(&mut self) -> Option<ViewRequest> {
        if self.next.is_none() {
            let moment = Arc::clone(self.moment.as_ref()?);
            if self.is_filtering() {
                self.next = Some(NextMoment {
                    moment,
                    filter: self.shown_filter,
                    findings: Arc::clone(&self.findings),
                    status: None,
                    is_new: false,
                });
            }
        }
        let mut subject = match self.next.take() {
            Some(next) => Subject::Next(next),
            None => Subject::Shown(Arc::clone(self.moment.as_ref()?)),
        };
        let mut sequence = self.sequence;
        let mut filter = None;
        if let Subject::Next(next) = &mut subject {
            sequence += 1;
            if next.is_new {
                next.findings = self.findings_at(next);
                self.distribute_findings(&Arc::clone(&next.findings));
                self.system.follow(&next.moment.sample);
            }
            filter = (next.filter != self.filter_number).then(|| FilterStep {
                number: self.filter_number,
                filter: Arc::clone(&self.filter),
                view: std::mem::take(&mut self.filtered_view),
            });
        }
        self.set_compared_instant();
        let moment = match &subject {
            Subject::Shown(moment) => moment,
            Subject::Next(next) => &next.moment,
        };
        let needs_peers = self.needs_peers() && moment.known_peers().is_none();
        let process = self.process_with_unix_peers(sequence);
        let tables: Vec<Box<dyn TableWork>> = (self.tables().into_iter())
            .filter(|table| !table.is_arranged(sequence))
            .map(|table| table.work(sequence))
            .collect();
        let is_shown = matches!(subject, Subject::Shown(_));
        if is_shown && tables.is_empty() && !needs_peers && process.is_none() {
            return None;
        }
        Some(ViewRequest {
            sequence,
            sockets: if is_shown {
                Vec::new()
            } else {
                self.sockets_of_pages()
            },
            subject,
            filter,
            needs_peers,
            rows: SocketRows::default(),
            process,
            unix_peers: None,
            tables,
            cancellation: Cancellation::default(),
        })
    }

    /// Shows a view that was computed. One that was given up is put back.
    pub fn install(&mut self, view: PreparedView) {
        let flight = self.in_flight.take();
        let is_moment_wanted = flight.is_none_or(|flight| flight.is_moment_wanted);
        let PreparedView {
            request,
            is_complete,
        } = view;
        self.install_request(request, is_complete, is_moment_wanted);
        if !self.has_next()
            && let Some(status) = self.later_status.take()
        {
            self.set_playback(status);
        }
    }

    fn install_request(&mut self, request: ViewRequest, is_complete: bool, is_moment_wanted: bool) {
        if let Some(step) = request.filter
            && step.number == self.filter_number
        {
            self.filtered_view = step.view;
        }
        let sequence = match request.subject {
            Subject::Shown(_) => self.sequence,
            Subject::Next(next) if !is_moment_wanted && next.is_new => {
                self.retired.push(next.moment);
                return;
            }
            Subject::Next(next) if !is_complete => {
                self.put_back(next);
                return;
            }
            Subject::Next(next) => {
                self.sequence = request.sequence;
                self.replace_moment(next, &request.rows);
                request.sequence
            }
        };
        if !is_complete || sequence != request.sequence {
            return;
        }
        let Some(moment) = self.moment.clone() else {
            return;
        };
        if let (Some(Page::Process(page)), Some(peers)) = (self.page_mut(), request.unix_peers)
            && Some(page.key) == request.process
        {
            page.unix_peers = Some((sequence, peers));
        }
        self.install_tables(request.tables, &moment);
        if let Some(Page::Difference(page)) = self.page_mut() {
            page.share_comparison();
        }
    }

    /// Makes a moment whose request was given up the next one again, unless another one waits.
    fn put_back(&mut self, next: NextMoment) {
        let newer = self.next.replace(next);
        if let Some(newer) = newer {
            self.enqueue(newer);
        }
    }

    /// Shows another moment, or the same with another filter.
    fn replace_moment(&mut self, next: NextMoment, rows: &SocketRows) {
        let NextMoment {
            moment,
            filter,
            findings,
            status,
            is_new,
        } = next;
        if is_new {
            if let Some(status) = status {
                self.set_playback(status);
            }
            for page in self.pages.iter_mut().flatten() {
                page.update(&moment, rows);
            }
            self.report_clock_changes(moment.sample.time());
        }
        self.shown_filter = filter;
        let shown = self.moment.replace(moment);
        self.retired.extend(shown);
        self.findings = findings;
        self.release_hidden_tables();
    }

    /// True if a moment waits or is computed that was not shown yet.
    fn has_next(&self) -> bool {
        let flight = self.in_flight.as_ref();
        self.next.is_some() || flight.is_some_and(|flight| flight.has_new_moment)
    }

    /// Sets a playback status that comes without a moment, after those of the moments on their way.
    pub fn set_status(&mut self, status: PlaybackStatus) {
        if self.has_next() {
            self.later_status = Some(match self.later_status.take() {
                Some(missed) => status.after_missed(missed),
                None => status,
            });
        } else {
            self.set_playback(status);
        }
    }

    /// Gives each table the rows that were arranged for it. The tables shown may be others by now.
    fn install_tables(&mut self, works: Vec<Box<dyn TableWork>>, moment: &Moment) {
        let mut works: Vec<Option<Box<dyn TableWork>>> = works.into_iter().map(Some).collect();
        self.for_each_table(|table| {
            let work = works.iter_mut().find(|work| {
                let work = work.as_deref();
                work.is_some_and(|work| work.table() == table.id())
            });
            if let Some(work) = work.and_then(Option::take) {
                table.install(work, moment);
            }
        });
    }

    /// Discards what was derived from moments of another filter.
    pub(super) fn restart_filter(&mut self) {
        self.filter_number += 1;
        self.filtered_view = FilteredView::new();
        self.arrange();
    }
}
