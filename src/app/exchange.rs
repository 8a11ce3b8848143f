//! Hands moments from the sampler to the loop: only the latest counts, and the memory of the one shown before goes back.
//!
//! At a hundred thousand sockets a [`Moment`] takes tens of megabytes. There are two: the one shown and the one being
//! made. When the loop has not fetched the last one yet, the sampler takes it back and makes the next one of it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::aggregate::Moment;

/// The place where moments change hands.
#[derive(Debug, Default)]
pub struct Exchange(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    /// Made, not fetched yet.
    fresh: Option<Arc<Moment>>,
    /// Shown before, free to be used again.
    spare: Option<Arc<Moment>>,
    /// The loop has been told of a moment and has not looked yet.
    told: bool,
}

impl Exchange {
    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        // A shelf is whole at any time, so a panic elsewhere does not matter here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Memory for the next moment: the spare one, the one that nobody fetched, or new.
    pub fn blank(&self) -> Arc<Moment> {
        let mut shelf = self.shelf();
        let old = shelf.spare.take().or_else(|| shelf.fresh.take());
        old.filter(|moment| Arc::strong_count(moment) == 1)
            .unwrap_or_default()
    }

    /// Puts a moment there to be fetched, in place of one that was not. Answers whether the loop is to be told: once,
    /// however many moments pass while it is stuck in a write to a stopped terminal.
    pub fn publish(&self, moment: Arc<Moment>) -> bool {
        let mut shelf = self.shelf();
        shelf.fresh = Some(moment);
        !std::mem::replace(&mut shelf.told, true)
    }

    /// Fetches the latest, if there is one that was not fetched yet.
    pub fn fetch(&self) -> Option<Arc<Moment>> {
        let mut shelf = self.shelf();
        shelf.told = false;
        shelf.fresh.take()
    }

    /// Gives the memory of a moment back.
    pub fn give_back(&self, moment: Arc<Moment>) {
        self.shelf().spare = Some(moment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_moments_are_enough() {
        let exchange = Exchange::default();
        let mut shown: Option<Arc<Moment>> = None;
        let mut seen = Vec::new();
        for _ in 0..10 {
            let moment = exchange.blank();
            seen.push(Arc::as_ptr(&moment));
            exchange.publish(moment);
            if let Some(old) = shown.take() {
                exchange.give_back(old);
            }
            shown = exchange.fetch();
        }
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() <= 2, "{} moments were made", seen.len());
    }

    #[test]
    fn a_loop_that_is_stuck_is_told_once() {
        let exchange = Exchange::default();
        assert!(exchange.publish(exchange.blank()));
        assert!(!exchange.publish(exchange.blank()));
        assert!(exchange.fetch().is_some());
        assert!(exchange.publish(exchange.blank()));
    }

    #[test]
    fn what_nobody_fetched_is_made_anew() {
        let exchange = Exchange::default();
        let moment = exchange.blank();
        let address = Arc::as_ptr(&moment);
        exchange.publish(moment);
        assert_eq!(Arc::as_ptr(&exchange.blank()), address);
        assert!(exchange.fetch().is_none());
    }
}
