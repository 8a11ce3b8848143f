//! Which sockets are wanted, and what is left of the moment by that.

use std::sync::Arc;

use super::State;
use crate::aggregate::{Event, FilteredView};
use crate::column::{SocketRow, VOCABULARY};
use crate::filter::{Filter, FilterError, ParseContext, RequestedSockets};
use crate::model::SocketRef;

/// Whether something that happened is wanted. A text is looked for in what happened, too.
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
    /// Which sockets are wanted.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Wants other sockets from now on, on all screens.
    pub fn set_filter(&mut self, filter: Filter) {
        if filter != self.filter {
            self.filter = filter;
            self.narrower = FilteredView::new();
            self.narrow();
        }
    }

    /// Understands a filter as it is typed: a word that is none is looked for in all texts.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn understand(&self, text: &str) -> Result<Filter, FilterError> {
        let around = RequestedSockets::default();
        Filter::parse_or_search(text, &self.context(&around))
    }

    /// What filters are understood with.
    pub(in crate::tui) fn context<'a>(
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

    /// Understands the filter anew: names are known now that were not.
    pub fn refresh_names(&mut self) {
        let text = self.filter.text().to_owned();
        match self.understand(&text) {
            Ok(filter) => {
                self.filter = filter;
                self.narrower = FilteredView::new();
                self.narrow();
            }
            Err(error) => self.message = Some(error.to_string()),
        }
    }

    /// Leaves of the moment what is wanted.
    pub(super) fn narrow(&mut self) {
        self.sequence += 1;
        let Some(mut moment) = self.moment.take() else {
            return;
        };
        // Nobody else holds it, so that nothing is copied.
        let making = Arc::make_mut(&mut moment);
        if self.filter.is_empty() {
            making.clear_filter();
        } else {
            let filter = &self.filter;
            self.narrower.apply(
                making,
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
