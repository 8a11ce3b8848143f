//! A filter in the form in which it is carried out: questions, and where each answer leads. Answers only lead onward, so
//! it ends; nothing calls itself, so no depth is too deep.

use super::names::Figures;
use super::states::StateSet;
use super::test::Test;
use crate::model::SocketRef;

/// Where an answer leads: a step, or one of the following.
pub(super) type Next = u32;

/// The socket is one that was asked for.
pub(super) const ACCEPT: Next = u32::MAX;

/// It is not.
pub(super) const REJECT: Next = u32::MAX - 1;

/// A question and where its answers lead.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) test: Test,
    pub(super) yes: Next,
    pub(super) no: Next,
}

/// Questions, the first one first, and how they hang together.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    /// Where the parts begin that all have to hold: each but the first after its predecessors hold.
    pub(super) conjuncts: Vec<u32>,
}

impl Program {
    /// Whether a socket is one that was asked for.
    #[inline]
    pub(super) fn run(&self, view: SocketRef<'_>, figures: &impl Figures) -> bool {
        let mut at: Next = if self.steps.is_empty() { ACCEPT } else { 0 };
        while let Some(step) = self.steps.get(at as usize) {
            at = if step.test.holds(view, figures) {
                step.yes
            } else {
                step.no
            };
        }
        at == ACCEPT
    }

    /// Whether it can be that a socket is not one that was asked for. Questions are taken one by one: that two of them
    /// cannot both hold is not seen.
    pub(super) fn can_reject(&self) -> bool {
        let mut reached = vec![false; self.steps.len()];
        let mut open: Vec<Next> = if self.steps.is_empty() {
            Vec::new()
        } else {
            vec![0]
        };
        while let Some(next) = open.pop() {
            if next == REJECT {
                return true;
            }
            let at = next as usize;
            if let (Some(step), Some(known)) = (self.steps.get(at), reached.get_mut(at))
                && !std::mem::replace(known, true)
            {
                match step.test.constant() {
                    Some(true) => open.push(step.yes),
                    Some(false) => open.push(step.no),
                    None => open.extend([step.yes, step.no]),
                }
            }
        }
        false
    }

    /// The steps of each part that has to hold.
    pub(super) fn parts(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        let end = self.steps.len() as u32;
        let ends = self.conjuncts.iter().skip(1).copied().chain([end]);
        self.conjuncts
            .iter()
            .zip(ends)
            .map(|(&from, to)| from as usize..to as usize)
    }

    /// The states that a part leaves, if it is about nothing else.
    pub(super) fn states_of(&self, part: std::ops::Range<usize>) -> Option<StateSet> {
        let [step] = self.steps.get(part)? else {
            return None;
        };
        match step.test {
            Test::State(states) if step.yes != REJECT => Some(states),
            Test::State(states) => Some(StateSet::ALL.without(states)),
            _ => None,
        }
    }
}

/// An answer whose way is not known yet.
#[derive(Debug, Clone, Copy)]
struct Loose {
    step: u32,
    yes: bool,
}

/// A part of a filter in the making.
#[derive(Debug)]
pub(super) struct Piece {
    entry: u32,
    /// Answers by which it holds.
    holds: Vec<Loose>,
    /// Answers by which it does not.
    fails: Vec<Loose>,
    /// Beginnings of the parts that all have to hold.
    conjuncts: Vec<u32>,
}

/// Makes a program from left to right.
#[derive(Debug, Default)]
pub(super) struct Builder {
    steps: Vec<Step>,
}

impl Builder {
    /// A question alone.
    pub(super) fn ask(&mut self, test: Test) -> Piece {
        let step = self.steps.len() as u32;
        self.steps.push(Step {
            test,
            yes: ACCEPT,
            no: REJECT,
        });
        Piece {
            entry: step,
            holds: vec![Loose { step, yes: true }],
            fails: vec![Loose { step, yes: false }],
            conjuncts: vec![step],
        }
    }

    /// The contrary.
    pub(super) fn not(mut piece: Piece) -> Piece {
        std::mem::swap(&mut piece.holds, &mut piece.fails);
        piece.conjuncts = vec![piece.entry];
        piece
    }

    /// Both: the second was made after the first.
    pub(super) fn and(&mut self, first: Piece, second: Piece) -> Piece {
        self.lead(&first.holds, second.entry);
        let mut conjuncts = first.conjuncts;
        conjuncts.extend(second.conjuncts);
        Piece {
            entry: first.entry,
            holds: second.holds,
            fails: joined(first.fails, second.fails),
            conjuncts,
        }
    }

    /// One of both: the second was made after the first.
    pub(super) fn or(&mut self, first: Piece, second: Piece) -> Piece {
        self.lead(&first.fails, second.entry);
        Piece {
            entry: first.entry,
            holds: joined(first.holds, second.holds),
            fails: second.fails,
            conjuncts: vec![first.entry],
        }
    }

    /// The whole.
    pub(super) fn finish(mut self, whole: Piece) -> Program {
        self.lead(&whole.holds, ACCEPT);
        self.lead(&whole.fails, REJECT);
        Program {
            steps: self.steps,
            conjuncts: whole.conjuncts,
        }
    }

    fn lead(&mut self, answers: &[Loose], to: Next) {
        for answer in answers {
            if let Some(step) = self.steps.get_mut(answer.step as usize) {
                *(if answer.yes {
                    &mut step.yes
                } else {
                    &mut step.no
                }) = to;
            }
        }
    }
}

/// Both lists in one: the shorter moves, so that long filters take no longer than their length.
fn joined(mut first: Vec<Loose>, mut second: Vec<Loose>) -> Vec<Loose> {
    if first.len() < second.len() {
        std::mem::swap(&mut first, &mut second);
    }
    first.append(&mut second);
    first
}
