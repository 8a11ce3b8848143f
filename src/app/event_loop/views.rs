//! Exchanges views with the thread that computes them.

use std::time::{Duration, Instant};

use ratatui::backend::Backend;

use super::EventLoop;

/// Maximum time that the screen waits after a key for the view that the key asks for. If that takes longer, the previous
/// view is drawn first. Shorter than a frame together with drawing.
const PATIENCE: Duration = Duration::from_millis(8);

impl<B: Backend> EventLoop<B> {
    /// Computes the view that is wanted, or has it computed. If the user waits for it, the loop waits a moment too, so that
    /// the screen changes once and not twice.
    pub(super) fn compute_view(&mut self) {
        let until = std::mem::take(&mut self.is_awaited).then(|| Instant::now() + PATIENCE);
        loop {
            self.changed |= self.state.arrange();
            self.request_view();
            let is_awaited = until.is_some() && self.state.is_awaited();
            let worker = self.worker.as_ref().filter(|_| is_awaited);
            let Some(view) = worker.and_then(|worker| worker.receive(until)) else {
                break;
            };
            self.state.install(view);
            self.changed = true;
        }
        self.release_retired();
    }

    /// Passes the state's request to the thread that computes views.
    pub(super) fn request_view(&mut self) {
        if let (Some(worker), Some(request)) = (&self.worker, self.state.take_request()) {
            worker.request(request);
        }
    }

    /// Returns the memory of moments that are no longer shown to the producer of the next ones.
    fn release_retired(&mut self) {
        let slot = self.rewind_slot.as_ref().unwrap_or(&self.slot);
        for moment in self.state.take_retired() {
            match (slot.release(moment), &self.worker) {
                (Some(superfluous), Some(worker)) => worker.release(superfluous),
                (superfluous, _) => drop(superfluous),
            }
        }
    }

    /// Shows a view that has been computed.
    pub(super) fn install_view(&mut self) {
        let view = self.worker.as_ref().and_then(|worker| worker.receive(None));
        if let Some(view) = view {
            self.state.install(view);
            self.changed = true;
        }
    }
}
