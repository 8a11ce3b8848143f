//! Passes moments from a producer thread to the event loop. Only the latest one is kept, and memory is reused.
//!
//! At a hundred thousand sockets, a [`Moment`] uses tens of megabytes. There are two: the one on the screen and the
//! next one. If the loop has not fetched the latest one yet, the producer overwrites it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::aggregate::{EventLog, Moment};
use crate::diagnose::Findings;
use crate::model::SampleProgress;
use crate::tui::timeline::PlaybackStatus;

/// A slot for the latest moment between the producer thread and the event loop.
#[derive(Debug, Default)]
pub struct LatestSlot(Mutex<SlotState>);

#[derive(Debug, Default)]
struct SlotState {
    /// The latest moment, until it is fetched.
    latest: Option<Arc<Moment>>,
    /// Findings at the latest moment.
    findings: Arc<Findings>,
    /// A moment that is no longer shown, for reuse of its memory.
    spare: Option<Arc<Moment>>,
    /// Playback status of a recording, until it is fetched.
    status: Option<PlaybackStatus>,
    /// When the latest moment was sampled, ns of the monotonic clock; `None` before the first one.
    latest_ns: Option<u64>,
    /// Progress of the next moment, if that takes long.
    progress: Option<SampleProgress>,
    /// True if the loop has been notified and has not fetched since.
    notified: bool,
}

impl SlotState {
    /// Replaces the status. The parts of an unfetched one that must not be lost are merged into it.
    fn set_status(&mut self, status: PlaybackStatus) {
        self.status = Some(match self.status.take() {
            Some(missed) => status.after_missed(missed),
            None => status,
        });
    }

    /// Marks the loop as notified; returns true if it was not yet.
    fn needs_notification(&mut self) -> bool {
        !std::mem::replace(&mut self.notified, true)
    }
}

/// Contents returned by [`LatestSlot::fetch`].
#[derive(Debug, Default)]
pub struct SlotContents {
    /// The latest moment, if it was not fetched before.
    pub moment: Option<Arc<Moment>>,
    /// Findings at the latest moment.
    pub findings: Arc<Findings>,
    /// Playback status of a recording, if it changed.
    pub status: Option<PlaybackStatus>,
    /// Progress of the next moment, if that takes long.
    pub progress: Option<SampleProgress>,
}

impl LatestSlot {
    fn state(&self) -> std::sync::MutexGuard<'_, SlotState> {
        // The state is always consistent, so a panic in another thread does not matter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns memory for the next moment: the spare one, the unfetched one, or new.
    pub fn acquire(&self) -> Arc<Moment> {
        let mut state = self.state();
        let old = state.spare.take().or_else(|| state.latest.take());
        old.and_then(unshared).unwrap_or_default()
    }

    /// Returns memory for a moment that may never be published: the spare one, or new. An unfetched moment is kept.
    pub fn acquire_spare(&self) -> Arc<Moment> {
        let spare = self.state().spare.take();
        spare.and_then(unshared).unwrap_or_default()
    }

    /// Publishes a moment and its findings, replacing an unfetched one. Returns true if the loop has to be notified:
    /// once, even if many moments follow while it is blocked in a write to a stopped terminal.
    pub fn publish(&self, moment: Arc<Moment>, findings: Arc<Findings>) -> bool {
        let mut state = self.state();
        state.findings = findings;
        state.latest_ns = Some(moment.sample.monotonic_ns);
        state.progress = None;
        if let Some(missed) = state.latest.replace(moment) {
            state.spare.get_or_insert(missed);
        }
        state.needs_notification()
    }

    /// Publishes a preview, without findings, unless a complete moment was published before. Returns true if the loop has
    /// to be notified.
    pub fn publish_preview(&self, moment: Arc<Moment>) -> bool {
        let mut state = self.state();
        if state.latest_ns.is_some() {
            return false;
        }
        state.latest = Some(moment);
        state.needs_notification()
    }

    /// Publishes the progress of the next moment; `None` if it does not take long. Returns true if the loop has to be
    /// notified.
    pub fn publish_progress(&self, progress: Option<SampleProgress>) -> bool {
        let mut state = self.state();
        std::mem::replace(&mut state.progress, progress) != progress && state.needs_notification()
    }

    /// Publishes a moment of a recording with the playback status. Returns true if the loop has to be notified.
    pub fn publish_with_status(
        &self,
        moment: Arc<Moment>,
        findings: Arc<Findings>,
        status: PlaybackStatus,
    ) -> bool {
        self.state().set_status(status);
        self.publish(moment, findings)
    }

    /// Publishes only a playback status. Returns true if the loop has to be notified.
    pub fn publish_status(&self, status: PlaybackStatus) -> bool {
        let mut state = self.state();
        state.set_status(status);
        state.needs_notification()
    }

    /// Fetches everything that was not fetched before.
    pub fn fetch(&self) -> SlotContents {
        let mut state = self.state();
        state.notified = false;
        SlotContents {
            moment: state.latest.take(),
            findings: Arc::clone(&state.findings),
            status: state.status.take(),
            progress: state.progress,
        }
    }

    /// Acknowledges a notification without fetching the moment. Returns when the latest moment was sampled, ns of the
    /// monotonic clock.
    pub fn acknowledge(&self) -> Option<u64> {
        let mut state = self.state();
        state.notified = false;
        state.latest_ns
    }

    /// Takes the memory of a moment that is no longer shown. Returns that of another one if there is a spare one already.
    pub fn release(&self, mut moment: Arc<Moment>) -> Option<Arc<Moment>> {
        discard_events(&mut moment);
        self.state().spare.replace(moment)
    }

    /// Returns the memory of a moment that the producer does not need for now. It is released if there is a spare one.
    pub fn give_back(&self, mut moment: Arc<Moment>) {
        discard_events(&mut moment);
        self.state().spare.get_or_insert(moment);
    }
}

/// Returns a moment only if it has no other owner, such as a mark.
fn unshared(mut moment: Arc<Moment>) -> Option<Arc<Moment>> {
    Arc::get_mut(&mut moment).is_some().then_some(moment)
}

/// Removes the events, which are replaced in any case: those of a time that is no longer shown would be kept for as long
/// as the moment waits.
fn discard_events(moment: &mut Arc<Moment>) {
    if let Some(moment) = Arc::get_mut(moment) {
        moment.aggregate.events = EventLog::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Aggregator;
    use crate::model::{Ends, Family, Protocol, Sample, Socket, State};

    #[test]
    fn two_moments_are_enough() {
        let slot = LatestSlot::default();
        let mut shown: Option<Arc<Moment>> = None;
        let mut seen = Vec::new();
        for _ in 0..10 {
            let moment = slot.acquire();
            seen.push(Arc::as_ptr(&moment));
            slot.publish(moment, Arc::default());
            if let Some(old) = shown.take() {
                slot.release(old);
            }
            shown = slot.fetch().moment;
        }
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() <= 2, "{} moments were made", seen.len());
    }

    #[test]
    fn a_blocked_loop_is_notified_once() {
        let slot = LatestSlot::default();
        assert!(slot.publish(slot.acquire(), Arc::default()));
        assert!(!slot.publish(slot.acquire(), Arc::default()));
        assert!(slot.fetch().moment.is_some());
        assert!(slot.publish(slot.acquire(), Arc::default()));
    }

    #[test]
    fn a_producer_that_waits_keeps_no_moment_of_its_own() {
        let slot = LatestSlot::default();
        let shown = slot.acquire_spare();
        let (making, address) = (slot.acquire_spare(), Arc::as_ptr(&shown));
        slot.release(shown);
        slot.give_back(making);
        assert_eq!(Arc::as_ptr(&slot.acquire_spare()), address);
        let making = slot.acquire_spare();
        let address = Arc::as_ptr(&making);
        slot.give_back(making);
        assert_eq!(Arc::as_ptr(&slot.acquire_spare()), address);
    }

    #[test]
    fn a_moment_that_waits_keeps_no_events() {
        let slot = LatestSlot::default();
        let (mut moment, mut aggregator) = (slot.acquire(), Aggregator::new());
        let mut sample = Sample::default();
        for second in 1..3 {
            sample.monotonic_ns = second * 1_000_000_000;
            let making = Arc::get_mut(&mut moment).expect("it has one owner");
            making.sample = sample.clone();
            making.derive(&mut aggregator);
            sample.sockets = [a_socket()].into_iter().collect();
        }
        assert_eq!(moment.aggregate.events.len(), 1);
        slot.release(moment);
        assert!(slot.acquire().aggregate.events.is_empty());
    }

    fn a_socket() -> Socket {
        let ends = Ends::Unix {
            vfs: None,
            pending: 0,
            peer_inode: None,
        };
        Socket::new(
            1,
            1,
            Family::Unix,
            Protocol::Stream,
            State::Established,
            ends,
        )
    }

    #[test]
    fn an_unfetched_moment_is_reused() {
        let slot = LatestSlot::default();
        let moment = slot.acquire();
        let address = Arc::as_ptr(&moment);
        slot.publish(moment, Arc::default());
        assert_eq!(Arc::as_ptr(&slot.acquire()), address);
        assert!(slot.fetch().moment.is_none());
    }

    #[test]
    fn an_unfetched_moment_stays_until_another_is_published() {
        let slot = LatestSlot::default();
        let moment = slot.acquire_spare();
        let address = Arc::as_ptr(&moment);
        slot.publish(moment, Arc::default());
        let next = slot.acquire_spare();
        assert_ne!(Arc::as_ptr(&next), address);
        slot.publish(next, Arc::default());
        assert_eq!(
            Arc::as_ptr(&slot.acquire_spare()),
            address,
            "then it is reused"
        );
        assert!(slot.fetch().moment.is_some());
    }

    #[test]
    fn a_preview_never_replaces_a_complete_moment() {
        let slot = LatestSlot::default();
        assert!(slot.publish_preview(slot.acquire_spare()));
        assert!(slot.fetch().moment.is_some());
        let complete = slot.acquire();
        let address = Arc::as_ptr(&complete);
        assert!(slot.publish(complete, Arc::default()));
        assert!(!slot.publish_preview(slot.acquire_spare()));
        let fetched = slot.fetch().moment;
        assert_eq!(fetched.as_ref().map(Arc::as_ptr), Some(address));
        assert!(!slot.publish_preview(slot.acquire_spare()));
        assert!(slot.fetch().moment.is_none());
    }

    #[test]
    fn progress_is_that_of_the_next_moment() {
        let slot = LatestSlot::default();
        let progress = Some(SampleProgress::Attribution);
        assert!(slot.publish_progress(progress));
        assert_eq!(slot.fetch().progress, progress);
        assert!(!slot.publish_progress(progress), "it is the same");
        assert!(slot.publish_progress(None));
        assert_eq!(slot.fetch().progress, None);
        assert!(slot.publish_progress(progress));
        assert!(!slot.publish(slot.acquire(), Arc::default()), "notified");
        assert_eq!(slot.fetch().progress, None);
    }

    #[test]
    fn unfetched_statuses_are_merged() {
        let slot = LatestSlot::default();
        let status = |at, continues, message: Option<&str>| PlaybackStatus {
            at,
            playing: true,
            speed: 0,
            continues,
            message: message.map(str::to_owned),
        };
        slot.publish_with_status(
            slot.acquire(),
            Arc::default(),
            status(7, false, Some("skipped")),
        );
        slot.publish_with_status(slot.acquire(), Arc::default(), status(8, true, None));
        let fetched = slot.fetch();
        assert_eq!(fetched.status, Some(status(8, false, Some("skipped"))));
        assert!(fetched.moment.is_some());
    }
}
