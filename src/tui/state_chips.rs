//! The chips above a table: the TCP states that occur, with their counts, each of which filters by its state.
//!
//! A chip is the last condition of the filter. Whatever else is in the filter stays.

use super::popup::filter_by::add_condition;
use super::state::State;
use super::theme::Tone;
use super::value_tones::state_tone;
use crate::model::State as Tcp;

/// States in order of importance.
pub(in crate::tui) const STATES: [Tcp; 12] = [
    Tcp::Established,
    Tcp::TimeWait,
    Tcp::CloseWait,
    Tcp::Listen,
    Tcp::SynRecv,
    Tcp::SynSent,
    Tcp::FinWait1,
    Tcp::FinWait2,
    Tcp::LastAck,
    Tcp::Closing,
    Tcp::BoundInactive,
    Tcp::Closed,
];

/// A TCP state to filter by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) struct Chip {
    /// The state.
    pub(in crate::tui) state: Tcp,
    /// Number of its sockets among those that pass the rest of the filter; `None` if that is not known.
    pub(in crate::tui) count: Option<u32>,
    /// True if the filter selects it.
    pub(in crate::tui) is_active: bool,
}

impl Chip {
    /// The tone of its name.
    pub(in crate::tui) fn tone(self) -> Tone {
        if self.is_active {
            Tone::Selected
        } else {
            state_tone(self.state)
        }
    }
}

/// The condition that selects a state.
fn condition(state: Tcp) -> String {
    format!("netid tcp and state {}", state.filter_name())
}

/// The state that the filter selects by its chip, and the rest of the filter.
fn active(text: &str) -> (Option<Tcp>, &str) {
    for state in STATES {
        let condition = condition(state);
        if let Some(rest) = text.strip_suffix(&condition) {
            if rest.is_empty() {
                return (Some(state), "");
            }
            if let Some(rest) = rest.strip_suffix(" and ") {
                return (Some(state), rest);
            }
        }
    }
    (None, text)
}

/// Returns the chips: the states that occur, and the one that is selected.
pub(in crate::tui) fn chips(state: &State) -> Vec<Chip> {
    let Some(moment) = state.moment.as_deref() else {
        return Vec::new();
    };
    let (selected, rest) = active(state.filter().text());
    let all = &moment.unfiltered().totals;
    let shown = &moment.aggregate.totals;
    let count = |tcp: Tcp| match selected {
        None => Some(shown.tcp_in(tcp)),
        Some(_) if rest.is_empty() => Some(all.tcp_in(tcp)),
        Some(selected) if selected == tcp => Some(shown.tcp_in(tcp)),
        Some(_) => None,
    };
    let occurs = |tcp: &Tcp| all.tcp_in(*tcp) > 0 || selected == Some(*tcp);
    let chips = STATES.into_iter().filter(occurs).map(|tcp| Chip {
        state: tcp,
        count: count(tcp),
        is_active: selected == Some(tcp),
    });
    chips.collect()
}

/// Filters by a state, in place of the one that is selected; by none if it is that one.
pub(in crate::tui) fn toggle(state: &mut State, tcp: Tcp) {
    let text = state.filter().text().to_owned();
    let (selected, rest) = active(&text);
    // The rest was a filter before, and is one still.
    if let Ok(filter) = state.parse_filter(rest) {
        state.set_filter(filter);
    }
    if selected != Some(tcp) {
        add_condition(state, &condition(tcp), false);
    }
}

/// Filters by the next state that occurs; after the last one, by none.
pub(in crate::tui) fn select_next(state: &mut State) {
    let chips = chips(state);
    let at = chips.iter().position(|chip| chip.is_active);
    let next = chips.get(at.map_or(0, |at| at + 1)).map(|chip| chip.state);
    let selected = at.and_then(|at| chips.get(at)).map(|chip| chip.state);
    if let Some(tcp) = next.or(selected) {
        toggle(state, tcp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_is_the_last_condition_of_a_filter() {
        let waiting = condition(Tcp::TimeWait);
        assert_eq!(active(&waiting), (Some(Tcp::TimeWait), ""));
        let text = format!("dport = :443 and {waiting}");
        assert_eq!(active(&text), (Some(Tcp::TimeWait), "dport = :443"));
        let other = format!("not {waiting}");
        assert_eq!(active(&other), (None, &*other));
        assert_eq!(active(""), (None, ""));
    }
}
