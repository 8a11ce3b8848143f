//! The filter of the dashboard, and its application to the moment.

use std::sync::Arc;

use super::State;
use crate::aggregate::{Event, FilteredView};
use crate::column::{SocketRow, VOCABULARY};
use crate::filter::{Filter, FilterError, ParseContext, RequestedSockets};
use crate::model::SocketRef;

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

impl State {
    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Sets the filter of all screens.
    pub fn set_filter(&mut self, filter: Filter) {
        if filter != self.filter {
            self.filter = filter;
            self.filtered_view = FilteredView::new();
            self.apply_filter();
        }
    }

    /// Parses a filter as it is typed. Text that is not a filter becomes a search in all columns.
    ///
    /// # Errors
    /// The syntax error of the text.
    pub fn parse_filter(&self, text: &str) -> Result<Filter, FilterError> {
        let requested = RequestedSockets::default();
        Filter::parse_or_search(text, &self.parse_context(&requested))
    }

    /// The vocabulary and names that filters are parsed with.
    pub(in crate::tui) fn parse_context<'a>(
        &'a self,
        requested: &'a RequestedSockets,
    ) -> ParseContext<'a> {
        ParseContext {
            vocabulary: &VOCABULARY,
            names: &*self.names,
            requested,
            allow_unknown_devices: true,
        }
    }

    /// Parses the filter again after more names were resolved.
    pub fn refresh_names(&mut self) {
        let text = self.filter.text().to_owned();
        match self.parse_filter(&text) {
            Ok(filter) => {
                self.filter = filter;
                self.filtered_view = FilteredView::new();
                self.apply_filter();
            }
            Err(error) => self.message = Some(error.to_string()),
        }
    }

    /// Applies the filter to the moment and increments the sequence number.
    pub(super) fn apply_filter(&mut self) {
        self.sequence += 1;
        let Some(mut moment) = self.moment.take() else {
            return;
        };
        // This is the only reference, so nothing is copied.
        let filtered = Arc::make_mut(&mut moment);
        if self.filter.is_empty() {
            filtered.clear_filter();
        } else {
            let filter = &self.filter;
            self.filtered_view.apply(
                filtered,
                filter.text(),
                |moment, row| {
                    SocketRow::of(moment, row as usize)
                        .is_some_and(|row| filter.matches(row.socket, &row))
                },
                |event, socket| passes(filter, event, socket),
            );
        }
        self.moment = Some(moment);
    }
}
