//! The summary of a group of sockets: sockets by state, processes, throughput.

use crate::aggregate::Throughput;
use crate::column::{SocketRow, format};
use crate::model::{Family, Protocol, SeededSet, State};

/// States in the order in which a heading names them: the ones that need attention first.
const STATES: [State; 13] = [
    State::CloseWait,
    State::SynSent,
    State::SynRecv,
    State::Established,
    State::FinWait1,
    State::FinWait2,
    State::LastAck,
    State::Closing,
    State::TimeWait,
    State::Listen,
    State::BoundInactive,
    State::CookieWait,
    State::CookieEchoed,
];

/// Sockets of a group by state, with their processes and throughput.
#[derive(Debug, Clone, Default)]
pub struct GroupSummary {
    /// Number of sockets.
    pub sockets: u32,
    /// TCP sockets by `State as usize`.
    pub tcp: [u32; State::SLOTS],
    /// Number of UDP sockets.
    pub udp: u32,
    /// Number of unix sockets.
    pub unix: u32,
    /// Number of sockets of other kinds.
    pub other: u32,
    /// Throughput of its TCP sockets.
    pub throughput: Throughput,
    /// Positions of the owners among the processes of the Sample.
    processes: SeededSet<u32>,
    /// The process that was added last: consecutive sockets often have the same.
    last_process: Option<u32>,
}

impl GroupSummary {
    /// Adds a socket.
    pub(super) fn add(&mut self, row: &SocketRow<'_>) {
        let socket = row.socket.socket;
        self.sockets += 1;
        match socket.protocol {
            Protocol::Tcp => {
                if let Some(count) = self.tcp.get_mut(socket.state as usize) {
                    *count += 1;
                }
                if let Some(rates) = &row.rates {
                    self.throughput.add(rates);
                }
            }
            Protocol::Udp => self.udp += 1,
            _ if socket.family == Family::Unix => self.unix += 1,
            _ => self.other += 1,
        }
        for holder in row.socket.holders() {
            if self.last_process != Some(holder.process) {
                self.last_process = Some(holder.process);
                self.processes.insert(holder.process);
            }
        }
    }

    /// Number of processes that own its sockets.
    pub fn processes(&self) -> usize {
        self.processes.len()
    }

    /// Returns the states of its TCP sockets with the number in each, those that need attention first.
    pub fn states(&self) -> impl Iterator<Item = (State, u32)> {
        let counts = STATES.map(|state| (state, self.tcp[state as usize]));
        counts.into_iter().filter(|(_, count)| *count > 0)
    }

    /// Returns the kinds of its sockets other than TCP with the number of each.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, u32)> {
        let kinds = [
            ("UDP", self.udp),
            ("unix", self.unix),
            ("other", self.other),
        ];
        kinds.into_iter().filter(|(_, count)| *count > 0)
    }

    /// Appends the states and the number of processes, as far as they are wanted.
    pub(super) fn write(&self, out: &mut String, has_states: bool, has_processes: bool) {
        let mut part = |count: u64, name: &str| {
            out.push_str("  ");
            format::count(out, count);
            out.push(' ');
            out.push_str(name);
        };
        if has_states {
            for (state, count) in self.states() {
                part(count.into(), state.short_name());
            }
            for (name, count) in self.kinds() {
                part(count.into(), name);
            }
        }
        if has_processes {
            match self.processes.len() {
                0 => {}
                1 => part(1, "process"),
                many => part(many as u64, "processes"),
            }
        }
    }
}
