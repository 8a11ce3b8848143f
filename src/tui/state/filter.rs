//! The filter of the dashboard.

use std::sync::Arc;

use super::State;
use crate::column::VOCABULARY;
use crate::filter::{Filter, FilterError, ParseContext, RequestedSockets};

impl State {
    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Sets the filter of all screens.
    pub fn set_filter(&mut self, filter: Filter) {
        if filter != *self.filter {
            self.filter = Arc::new(filter);
            self.restart_filter();
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
                self.filter = Arc::new(filter);
                self.restart_filter();
            }
            Err(error) => self.message = Some(error.to_string()),
        }
    }
}
