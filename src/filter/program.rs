//! A filter as a flat program: conditions with jumps. All jumps lead forward, so evaluation always ends; without
//! recursion, nesting is unlimited.

use super::predicate::Predicate;
use super::row_values::RowValues;
use super::state_set::StateSet;
use crate::model::SocketRef;

/// Target of a jump: a step, [`ACCEPT`] or [`REJECT`].
pub(super) type Next = u32;

/// The socket matches.
pub(super) const ACCEPT: Next = u32::MAX;

/// The socket does not match.
pub(super) const REJECT: Next = u32::MAX - 1;

/// A condition with its two jumps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) predicate: Predicate,
    pub(super) yes: Next,
    pub(super) no: Next,
}

/// A compiled filter.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// First step of each part that is combined by `and`.
    pub(super) conjuncts: Vec<u32>,
}

impl Program {
    /// Reports whether a socket matches.
    #[inline]
    pub(super) fn matches(&self, view: SocketRef<'_>, figures: &impl RowValues) -> bool {
        let mut at: Next = if self.steps.is_empty() { ACCEPT } else { 0 };
        while let Some(step) = self.steps.get(at as usize) {
            at = if step.predicate.matches(view, figures) {
                step.yes
            } else {
                step.no
            };
        }
        at == ACCEPT
    }

    /// Iterates over the steps of each part that is combined by `and`.
    pub(super) fn conjunct_ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let end = self.steps.len() as u32;
        let ends = self.conjuncts.iter().skip(1).copied().chain([end]);
        self.conjuncts
            .iter()
            .zip(ends)
            .map(|(&from, to)| from as usize..to as usize)
    }

    /// Returns the states that a part accepts, if it is a single condition on the state.
    pub(super) fn states_of(&self, part: std::ops::Range<usize>) -> Option<StateSet> {
        let [step] = self.steps.get(part)? else {
            return None;
        };
        match step.predicate {
            Predicate::State(states) if step.yes != REJECT => Some(states),
            Predicate::State(states) => Some(StateSet::ALL.without(states)),
            _ => None,
        }
    }
}

/// A jump whose target is not yet known.
#[derive(Debug, Clone, Copy)]
struct OpenBranch {
    step: u32,
    yes: bool,
}

/// A part of a program under construction.
#[derive(Debug)]
pub(super) struct Fragment {
    entry: u32,
    /// Jumps taken if the part is true.
    holds: Vec<OpenBranch>,
    /// Jumps taken if the part is false.
    fails: Vec<OpenBranch>,
    /// First step of each part that is combined by `and`.
    conjuncts: Vec<u32>,
}

/// Builds a program from left to right.
#[derive(Debug, Default)]
pub(super) struct ProgramBuilder {
    steps: Vec<Step>,
}

impl ProgramBuilder {
    /// Adds a single condition.
    pub(super) fn predicate(&mut self, predicate: Predicate) -> Fragment {
        let step = self.steps.len() as u32;
        self.steps.push(Step {
            predicate,
            yes: ACCEPT,
            no: REJECT,
        });
        Fragment {
            entry: step,
            holds: vec![OpenBranch { step, yes: true }],
            fails: vec![OpenBranch { step, yes: false }],
            conjuncts: vec![step],
        }
    }

    /// Negates a part.
    pub(super) fn not(mut fragment: Fragment) -> Fragment {
        std::mem::swap(&mut fragment.holds, &mut fragment.fails);
        fragment.conjuncts = vec![fragment.entry];
        fragment
    }

    /// Combines two parts by `and`; the second was added after the first.
    pub(super) fn and(&mut self, first: Fragment, second: Fragment) -> Fragment {
        self.patch(&first.holds, second.entry);
        let mut conjuncts = first.conjuncts;
        conjuncts.extend(second.conjuncts);
        Fragment {
            entry: first.entry,
            holds: second.holds,
            fails: joined(first.fails, second.fails),
            conjuncts,
        }
    }

    /// Combines two parts by `or`; the second was added after the first.
    pub(super) fn or(&mut self, first: Fragment, second: Fragment) -> Fragment {
        self.patch(&first.fails, second.entry);
        Fragment {
            entry: first.entry,
            holds: joined(first.holds, second.holds),
            fails: second.fails,
            conjuncts: vec![first.entry],
        }
    }

    /// Completes the program.
    pub(super) fn finish(mut self, root: Fragment) -> Program {
        self.patch(&root.holds, ACCEPT);
        self.patch(&root.fails, REJECT);
        Program {
            steps: self.steps,
            conjuncts: root.conjuncts,
        }
    }

    fn patch(&mut self, branches: &[OpenBranch], to: Next) {
        for branch in branches {
            if let Some(step) = self.steps.get_mut(branch.step as usize) {
                *(if branch.yes {
                    &mut step.yes
                } else {
                    &mut step.no
                }) = to;
            }
        }
    }
}

/// Concatenates two lists by moving the shorter one, so that building a program takes linear time.
fn joined(mut first: Vec<OpenBranch>, mut second: Vec<OpenBranch>) -> Vec<OpenBranch> {
    if first.len() < second.len() {
        std::mem::swap(&mut first, &mut second);
    }
    first.append(&mut second);
    first
}
