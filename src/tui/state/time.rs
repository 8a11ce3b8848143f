//! Of when it is what is shown, and what follows if that changes.

use std::sync::Arc;

use super::{Display, State};
use crate::tui::timeline::PlaybackStatus;

impl State {
    /// Whether the arrows go through time.
    pub fn goes_through_time(&self) -> bool {
        self.display != Display::Live
    }

    /// Takes up how it stands with the recording: the moment that is shown next belongs to it.
    pub fn stand(&mut self, mut status: PlaybackStatus) {
        if !status.continues {
            self.break_off();
        }
        if let Some(message) = status.message.take() {
            self.message = Some(message);
        }
        if let Some(timeline) = &mut self.timeline {
            timeline.playback = status;
        }
    }

    /// The moment that is shown next does not follow the one before: what pages gathered does not lead to it, and events
    /// are counted anew.
    pub fn break_off(&mut self) {
        for page in self.pages.iter_mut().flatten() {
            page.reset_history();
        }
        self.events.resume_following();
    }

    /// Marks the instant that is shown.
    pub(in crate::tui) fn mark_instant(&mut self) {
        if let Some(moment) = &self.moment {
            self.mark = Some(Arc::new(moment.sample.clone()));
            self.sequence += 1;
        }
    }
}
