//! Hands moments from the sampler to the loop: only the latest counts, and the memory of the one shown before goes back.
//!
//! At a hundred thousand sockets a [`Moment`] takes tens of megabytes. There are two: the one shown and the one being
//! made. When the loop has not fetched the last one yet, the sampler takes it back and makes the next one of it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::aggregate::Moment;
use crate::diagnose::Findings;
use crate::tui::timeline::Standing;

/// The place where moments change hands.
#[derive(Debug, Default)]
pub struct Exchange(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    /// Made, not fetched yet.
    fresh: Option<Arc<Moment>>,
    /// What is wrong at the latest moment.
    findings: Arc<Findings>,
    /// Shown before, free to be used again.
    spare: Option<Arc<Moment>>,
    /// How it stands with the moments of a recording, not fetched yet.
    standing: Option<Standing>,
    /// When the latest moment was taken, µs since 1970 UTC.
    latest_us: Option<i64>,
    /// The loop has been told of a moment and has not looked yet.
    told: bool,
}

impl Shelf {
    /// Puts a standing there in place of one that was not fetched, of which nothing is lost that matters.
    fn stand(&mut self, mut standing: Standing) {
        if let Some(missed) = self.standing.take() {
            standing.continues &= missed.continues;
            standing.said = standing.said.or(missed.said);
        }
        self.standing = Some(standing);
    }
}

/// What is fetched.
#[derive(Debug, Default)]
pub struct Fetched {
    /// The latest moment, if it was not fetched yet.
    pub moment: Option<Arc<Moment>>,
    /// What is wrong at it.
    pub findings: Arc<Findings>,
    /// How it stands with the moments of a recording, if that is news.
    pub standing: Option<Standing>,
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

    /// Memory for a moment, which may never come to be: what nobody fetched yet stays there to be fetched.
    pub fn spare(&self) -> Arc<Moment> {
        let spare = self.shelf().spare.take();
        spare
            .filter(|moment| Arc::strong_count(moment) == 1)
            .unwrap_or_default()
    }

    /// Puts a moment there to be fetched, and what is wrong at it, in place of one that was not. Answers whether the loop is to be told: once,
    /// however many moments pass while it is stuck in a write to a stopped terminal.
    pub fn publish(&self, moment: Arc<Moment>, findings: Arc<Findings>) -> bool {
        let mut shelf = self.shelf();
        shelf.findings = findings;
        shelf.latest_us = Some(moment.sample.taken_at_us);
        if let Some(missed) = shelf.fresh.replace(moment) {
            shelf.spare.get_or_insert(missed);
        }
        !std::mem::replace(&mut shelf.told, true)
    }

    /// The same with a moment of a recording, and how it stands there.
    pub fn publish_at(
        &self,
        moment: Arc<Moment>,
        findings: Arc<Findings>,
        standing: Standing,
    ) -> bool {
        self.shelf().stand(standing);
        self.publish(moment, findings)
    }

    /// Tells how it stands while the moment stays. Answers whether the loop is to be told.
    pub fn tell(&self, standing: Standing) -> bool {
        let mut shelf = self.shelf();
        shelf.stand(standing);
        !std::mem::replace(&mut shelf.told, true)
    }

    /// Fetches what was not fetched yet.
    pub fn fetch(&self) -> Fetched {
        let mut shelf = self.shelf();
        shelf.told = false;
        Fetched {
            moment: shelf.fresh.take(),
            findings: Arc::clone(&shelf.findings),
            standing: shelf.standing.take(),
        }
    }

    /// Leaves the latest moment where it is; answers when it was taken, µs since 1970 UTC.
    pub fn look(&self) -> Option<i64> {
        let mut shelf = self.shelf();
        shelf.told = false;
        shelf.latest_us
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
            exchange.publish(moment, Arc::default());
            if let Some(old) = shown.take() {
                exchange.give_back(old);
            }
            shown = exchange.fetch().moment;
        }
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() <= 2, "{} moments were made", seen.len());
    }

    #[test]
    fn a_loop_that_is_stuck_is_told_once() {
        let exchange = Exchange::default();
        assert!(exchange.publish(exchange.blank(), Arc::default()));
        assert!(!exchange.publish(exchange.blank(), Arc::default()));
        assert!(exchange.fetch().moment.is_some());
        assert!(exchange.publish(exchange.blank(), Arc::default()));
    }

    #[test]
    fn what_nobody_fetched_is_made_anew() {
        let exchange = Exchange::default();
        let moment = exchange.blank();
        let address = Arc::as_ptr(&moment);
        exchange.publish(moment, Arc::default());
        assert_eq!(Arc::as_ptr(&exchange.blank()), address);
        assert!(exchange.fetch().moment.is_none());
    }

    #[test]
    fn what_nobody_fetched_stays_while_nothing_takes_its_place() {
        let exchange = Exchange::default();
        let moment = exchange.spare();
        let address = Arc::as_ptr(&moment);
        exchange.publish(moment, Arc::default());
        let next = exchange.spare();
        assert_ne!(Arc::as_ptr(&next), address);
        exchange.publish(next, Arc::default());
        assert_eq!(
            Arc::as_ptr(&exchange.spare()),
            address,
            "then it is used again"
        );
        assert!(exchange.fetch().moment.is_some());
    }

    #[test]
    fn of_standings_that_nobody_fetched_nothing_that_matters_is_lost() {
        let exchange = Exchange::default();
        let standing = |at, continues, said: Option<&str>| Standing {
            at,
            playing: true,
            speed: 0,
            continues,
            said: said.map(str::to_owned),
        };
        exchange.publish_at(
            exchange.blank(),
            Arc::default(),
            standing(7, false, Some("passed over")),
        );
        exchange.publish_at(exchange.blank(), Arc::default(), standing(8, true, None));
        let fetched = exchange.fetch();
        assert_eq!(
            fetched.standing,
            Some(standing(8, false, Some("passed over")))
        );
        assert!(fetched.moment.is_some());
    }
}
