//! The processes that hold a socket, or the connections of a group, together: their names, and those that are stopped.

use super::finding::Value;
use super::phrases;
use super::subject::ProcessName;
use crate::model::{Activity, ProcessKey, ProcessRow, Sample, SocketRef};

/// Processes that hold the same sockets, each once.
#[derive(Debug, Default)]
pub(super) struct Holders<'m>(Vec<&'m ProcessRow>);

/// Reports whether the processes that hold a socket are known, and all of them stopped.
pub(super) fn are_stopped(socket: SocketRef<'_>) -> bool {
    let mut owners = socket.owners().map(|(owner, _)| owner).peekable();
    owners.peek().is_some() && owners.all(is_stopped)
}

impl<'m> Holders<'m> {
    /// Returns the processes that hold a socket, its owner first.
    pub(super) fn of(socket: SocketRef<'m>) -> Holders<'m> {
        Holders(socket.owners().map(|(owner, _)| owner).collect())
    }

    /// Returns the processes in these rows of a Sample.
    pub(super) fn at(sample: &'m Sample, rows: impl IntoIterator<Item = u32>) -> Holders<'m> {
        let rows = rows.into_iter();
        Holders(
            rows.filter_map(|row| sample.processes.get(row as usize))
                .collect(),
        )
    }

    /// Puts the process that a finding is about first.
    pub(super) fn with_first(mut self, first: Option<ProcessKey>) -> Holders<'m> {
        self.0.sort_by_key(|row| Some(row.process.key) != first);
        self
    }

    /// Iterates over the processes.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'m ProcessRow> {
        self.0.iter().copied()
    }

    /// Returns the number of processes.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Reports whether there is more than one process.
    pub(super) fn are_several(&self) -> bool {
        self.count() > 1
    }

    /// Reports whether the processes are known, and all of them stopped.
    pub(super) fn are_stopped(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|row| is_stopped(row))
    }

    /// Reports whether the state of each process is known, and none is stopped.
    pub(super) fn are_running(&self) -> bool {
        let is_running = |row: &&ProcessRow| row.activity.is_some_and(|now| !now.is_stopped());
        !self.0.is_empty() && self.0.iter().all(is_running)
    }

    /// Returns the state of the first process, the one that a finding names.
    pub(super) fn state(&self) -> Option<Value> {
        let state = self.0.first()?.activity?.state;
        Some(Value::Text(state.to_string()))
    }

    /// Returns the names of the processes that are stopped, if others are not.
    pub(super) fn stopped_names(&self) -> Option<Value> {
        let stopped = self.stopped();
        (!stopped.is_empty() && !self.are_stopped()).then(|| Value::Text(names(&stopped)))
    }

    /// Returns the advice for processes that are all stopped.
    pub(super) fn continue_all(&self) -> String {
        let is_traced_too = self.0.iter().any(|row| is_traced(row));
        match self.0.as_slice() {
            [] => "It is stopped (state T). Continue it with `kill -CONT PID`.".to_owned(),
            [_] if is_traced_too => {
                "A debugger has stopped it (state t). Continue it there, or detach.".to_owned()
            }
            [only] => format!(
                "It is stopped (state T), most likely by SIGSTOP or Ctrl-Z. Continue it with `kill -CONT {}`.",
                only.process.key.pid
            ),
            _ if is_traced_too => continue_stopped(self.stopped()).join(" "),
            all => format!(
                "They are all stopped (state T), most likely by SIGSTOP or Ctrl-Z. Continue them with `kill -CONT {}`.",
                pids(all)
            ),
        }
    }

    /// Returns the advice for those that are stopped while others are not, with a space after it; empty if none is.
    pub(super) fn continue_some(&self) -> String {
        if self.are_stopped() {
            return String::new();
        }
        let sentences = continue_stopped(self.stopped()).into_iter();
        sentences.map(|sentence| sentence + " ").collect()
    }

    /// Returns commands that show what a process does that is not stopped: ` (`strace -fp 20`, `gdb -p 20`)`; empty if no
    /// process is known.
    pub(super) fn tools(&self) -> String {
        let running = self.0.iter().find(|row| !is_stopped(row));
        running.map_or_else(String::new, |row| {
            let pid = row.process.key.pid;
            format!(" (`strace -fp {pid}`, `gdb -p {pid}`)")
        })
    }

    /// Returns the names of all processes; `None` if there are none.
    pub(super) fn names(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| names(&self.0))
    }

    /// Names the processes after the first: `; worker (9) has it open, too`. `what` refers to the connections.
    pub(super) fn sharing(&self, what: &str) -> String {
        match self.0.get(1..) {
            None | Some([]) => String::new(),
            Some([other]) => format!("; {} has {what} open, too", ProcessName::of(other)),
            Some(others) => format!("; {} have {what} open, too", names(others)),
        }
    }

    fn stopped(&self) -> Vec<&'m ProcessRow> {
        self.rows().filter(|row| is_stopped(row)).collect()
    }
}

fn is_stopped(row: &ProcessRow) -> bool {
    row.activity.is_some_and(Activity::is_stopped)
}

fn is_traced(row: &ProcessRow) -> bool {
    row.activity.is_some_and(|activity| activity.state == 't')
}

/// Returns a sentence for those that a signal has stopped, and one for those that a debugger has.
fn continue_stopped(stopped: Vec<&ProcessRow>) -> Vec<String> {
    let (traced, signaled): (Vec<&ProcessRow>, _) =
        stopped.into_iter().partition(|row| is_traced(row));
    let mut out = Vec::new();
    if !signaled.is_empty() {
        let (is, it) = number(&signaled);
        let pids = pids(&signaled);
        out.push(format!(
            "{} {is} stopped (state T): continue {it} with `kill -CONT {pids}`.",
            names(&signaled)
        ));
    }
    if !traced.is_empty() {
        let (_, it) = number(&traced);
        out.push(format!(
            "A debugger has stopped {} (state t): continue {it} there, or detach.",
            names(&traced)
        ));
    }
    out
}

/// Returns the verb and the pronoun for this many processes.
fn number(rows: &[&ProcessRow]) -> (&'static str, &'static str) {
    match rows {
        [_] => ("is", "it"),
        _ => ("are", "them"),
    }
}

fn pids(rows: &[&ProcessRow]) -> String {
    let pids = rows.iter().map(|row| row.process.key.pid.to_string());
    pids.collect::<Vec<_>>().join(" ")
}

fn names(rows: &[&ProcessRow]) -> String {
    let names = rows.iter().map(|row| ProcessName::of(row).to_string());
    phrases::names(&names.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Process;

    /// Workers with pids from 20 on, in these states.
    fn workers(states: &str) -> Vec<ProcessRow> {
        let worker = |(pid, state)| {
            let key = ProcessKey { pid, start_time: 7 };
            let mut process = Process::new(key);
            process.comm = "worker".to_owned();
            let mut row = ProcessRow::new(Arc::new(process));
            row.activity = Some(Activity {
                state,
                cpu_ticks: 0,
            });
            row
        };
        (20..).zip(states.chars()).map(worker).collect()
    }

    fn advice(states: &str) -> (String, String) {
        let rows = workers(states);
        let holders = Holders(rows.iter().collect());
        let all = if holders.are_stopped() {
            holders.continue_all()
        } else {
            String::new()
        };
        (all, holders.continue_some())
    }

    #[test]
    fn those_that_are_stopped_are_named_with_their_remedy() {
        assert_eq!(advice("SS"), (String::new(), String::new()));
        assert_eq!(
            advice("STR").1,
            "worker (21) is stopped (state T): continue it with `kill -CONT 21`. "
        );
        assert_eq!(
            advice("TTtS").1,
            "worker (20) and worker (21) are stopped (state T): continue them with `kill -CONT 20 21`. A debugger has \
             stopped worker (22) (state t): continue it there, or detach. "
        );
        assert_eq!(
            advice("TT").0,
            "They are all stopped (state T), most likely by SIGSTOP or Ctrl-Z. Continue them with `kill -CONT 20 21`."
        );
        assert_eq!(
            advice("Tt").0,
            "worker (20) is stopped (state T): continue it with `kill -CONT 20`. A debugger has stopped worker (21) \
             (state t): continue it there, or detach."
        );
    }

    #[test]
    fn tools_look_at_one_that_is_not_stopped() {
        let rows = workers("TS");
        let holders = Holders(rows.iter().collect());
        assert_eq!(holders.tools(), " (`strace -fp 21`, `gdb -p 21`)");
        assert!(!holders.are_running());
    }
}
