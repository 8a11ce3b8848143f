//! The occurrences of a time on a wall clock that may have been set.

use std::ops::Range;

use jiff::tz::TimeZone;

use super::text::{relative_name, shortened, show};
use super::typed::TypedTime;
use crate::column::clock_change::describe_change;
use crate::model::{ClockChange, TimeAxis};

/// The Samples around a time that the wall clock showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occurrence {
    /// The first Sample at or after the time.
    pub(super) first: usize,
    /// The last Sample at or before it.
    pub(super) last: usize,
}

/// A search for a time that is not relative.
pub(super) struct Search<'a> {
    pub(super) typed: TypedTime,
    pub(super) axis: &'a TimeAxis,
    pub(super) zone: &'a TimeZone,
}

impl Search<'_> {
    fn wall_us(&self, at: usize) -> i64 {
        self.axis.wall_us(at).unwrap_or(0)
    }

    /// Returns the start and the end of the time as meant in a span, µs since 1970 UTC.
    fn within(&self, span: (i64, i64)) -> Option<(i64, i64)> {
        let range = self.typed.within(span, self.zone)?;
        Some((*range.start(), *range.end()))
    }

    /// Returns each occurrence of the time, in the order of the Samples.
    pub(super) fn occurrences(&self) -> Vec<Occurrence> {
        let of_run = |mut run: Range<usize>| {
            let (first, last) = self.axis.wall_span(&run);
            let (start, end) = self.within((first, last))?;
            // The wall clock may have been set back by less than a step, so it is not sorted.
            let occurs = end >= first && start <= last;
            occurs.then(|| Occurrence {
                last: (run.clone().rev())
                    .find(|&at| self.wall_us(at) <= end)
                    .unwrap_or(run.start),
                first: run.find(|&at| self.wall_us(at) >= start).unwrap_or(run.end),
            })
        };
        self.axis.runs().filter_map(of_run).collect()
    }

    /// Returns the last Sample of each run that the time follows: the wall clock ran on until it was set, and
    /// `tail_us` µs after the last Sample.
    pub(super) fn in_tails(&self, tail_us: i64) -> Vec<usize> {
        let follows = |run: Range<usize>| {
            let (first, last) = self.axis.wall_span(&run);
            let at = run.end.checked_sub(1)?;
            let end = last.saturating_add(self.axis.pause_us(at).unwrap_or(tail_us));
            let (start, _) = self.within((first, end))?;
            (start > last && start <= end).then_some(at)
        };
        self.axis.runs().filter_map(follows).collect()
    }

    /// Returns the Sample after the step that skipped the time, and the Sample nearest to the time.
    pub(super) fn skipped(&self) -> Option<(usize, usize)> {
        let steps = self.axis.changes().iter();
        let mut steps = steps.filter(|(_, change)| !matches!(change, ClockChange::Suspended(_)));
        steps.find_map(|&(after, _)| {
            let before = after.checked_sub(1)?;
            let (from, to) = (self.wall_us(before), self.wall_us(after));
            let (start, end) = self.within((from, to))?;
            let is_skipped = start > from && end < to;
            let is_nearer = to.saturating_sub(end) < start.saturating_sub(from);
            is_skipped.then_some((after, if is_nearer { after } else { before }))
        })
    }

    /// Returns the nearest Sample to a time that the wall clock did not show.
    pub(super) fn nearest(&self) -> usize {
        let distance = |run: Range<usize>| {
            let (first, last) = self.axis.wall_span(&run);
            let (start, end) = self.within((first, last))?;
            let (before, after) = (first.saturating_sub(end), start.saturating_sub(last));
            Some(if before > after {
                (before, run.start)
            } else {
                (after, run.end.saturating_sub(1))
            })
        };
        let nearest = self.axis.runs().filter_map(distance).min();
        nearest.map_or(0, |(_, at)| at)
    }

    /// Returns the first Sample of a range that starts at the time.
    pub(super) fn range_start(&self, occurrences: &[Occurrence]) -> usize {
        if let Some(occurrence) = occurrences.first() {
            return occurrence.first;
        }
        if let Some(at) = self.in_tails(0).first() {
            return at + 1;
        }
        let follows = |run: &Range<usize>| {
            let span = self.axis.wall_span(run);
            self.within(span).is_some_and(|(start, _)| span.0 >= start)
        };
        let run = self.axis.runs().find(follows);
        run.map_or(self.axis.len(), |run| run.start)
    }

    /// Returns the Sample after a range that ends at the time.
    pub(super) fn range_end(&self, occurrences: &[Occurrence]) -> usize {
        if let Some(occurrence) = occurrences.last() {
            return occurrence.last + 1;
        }
        if let Some(at) = self.in_tails(0).last() {
            return at + 1;
        }
        let precedes = |run: &Range<usize>| {
            let span = self.axis.wall_span(run);
            self.within(span).is_some_and(|(_, end)| span.1 <= end)
        };
        let run = self.axis.runs().filter(precedes).last();
        run.map_or(0, |run| run.end)
    }

    /// Returns a sentence about a time that occurs more than once: which is chosen, the first or the last, how to find the
    /// other, and why.
    pub(super) fn note_repeated(
        &self,
        text: &str,
        occurrences: &[Occurrence],
        chooses_first: bool,
    ) -> Option<String> {
        let [first, .., last] = occurrences else {
            return None;
        };
        let times = match occurrences.len() {
            2 => "twice".to_owned(),
            count => format!("{count} times"),
        };
        // The last step between the two.
        let steps = self.axis.changes().iter().rev();
        let mut steps = steps.filter(|(at, _)| (first.last + 1..=last.last).contains(at));
        let why = steps.find_map(|&(at, change)| {
            let before = show(self.wall_us(at - 1), self.zone);
            let is_step = !matches!(change, ClockChange::Suspended(_));
            is_step.then(|| format!("{} after {before}", describe_change(change)))
        });
        let (chosen, other, at) = if chooses_first {
            ("earlier", "later", last.last)
        } else {
            ("later", "earlier", first.last)
        };
        Some(format!(
            "{} occurs {times}: using the {chosen} one; for the {other} one use {} ({})",
            shortened(text.trim()),
            relative_name(self.axis, at),
            why.unwrap_or_default(),
        ))
    }
}
