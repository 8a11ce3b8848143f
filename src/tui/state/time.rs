//! The time of the moment shown: playback, the marked instant, and the end of a history at a jump in time.

use std::sync::Arc;

use super::{DisplayMode, State};
use crate::column::describe_change;
use crate::model::{ClockChange, SampleTime};
use crate::tui::timeline::PlaybackStatus;

impl State {
    /// True if the arrow keys step through time.
    pub fn steps_through_time(&self) -> bool {
        self.display != DisplayMode::Live
    }

    /// Sets the playback status, which belongs to the next moment. Discards histories if that moment does not continue
    /// the one shown.
    pub fn set_playback(&mut self, mut status: PlaybackStatus) {
        if !status.continues {
            self.reset_history();
        }
        if let Some(message) = status.message.take() {
            self.message = Some(message);
        }
        if let Some(timeline) = &mut self.timeline {
            timeline.playback = status;
        }
    }

    /// Discards the history of pages and the selection among events: the next moment does not continue the one shown.
    pub fn reset_history(&mut self) {
        for page in self.pages.iter_mut().flatten() {
            page.reset_history();
        }
        self.events.resume_following();
    }

    /// Sets a message if the clock was set, or the system suspended, since the moment shown before.
    pub(super) fn report_clock_changes(&mut self, now: SampleTime) {
        let Some(before) = self.last_time.replace(now) else {
            return;
        };
        let follows = match &self.timeline {
            Some(timeline) => timeline.playback.continues,
            None => self.display == DisplayMode::Live,
        };
        let changes = ClockChange::between(before, now).map(describe_change);
        let changes = changes.collect::<Vec<_>>().join("; ");
        if follows && !changes.is_empty() {
            self.message = Some(changes);
        }
    }

    /// Marks the instant shown.
    pub(in crate::tui) fn mark_instant(&mut self) {
        if let Some(moment) = &self.moment {
            self.mark = Some(Arc::clone(moment));
        }
    }
}
