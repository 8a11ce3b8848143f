//! Finds the processes that hold sockets, and keeps this up to date with as little reading as possible.
//!
//! Reading the target of a descriptor costs a system call, so each is read once and then only with a reason:
//!
//! - **Refresh** ([`refresh`]): the **number of descriptors** of a process is one `stat` (Linux 6.2). When it changes, the
//!   list is read, and the targets of descriptors that are new or whose socket has ceased to live ([`rescan`]). New processes
//!   are read completely ([`new_processes`]).
//! - **Resolve** ([`resolve`]): a live socket that no process is known to hold makes the processes be read that could hold
//!   it; at first keeping the descriptors of live sockets, at the next call keeping none.
//! - **Sweep** ([`sweep`]): all descriptors are read again in the course of 30 s, some at each refresh, because closing one
//!   and opening another leaves the number as it was.
//! - **Targeted scan** ([`targeted_scan`]): finds the holders of a few sockets in place of a first refresh.
//!
//! The state is in [`map`], the details of processes that are shown are read in [`process_rows`].

mod entry;
mod failures;
mod map;
mod new_processes;
mod process_rows;
mod refresh;
mod rescan;
mod resolve;
mod sweep;
mod targeted_scan;
mod unresolved;

pub use self::map::Owners;

#[cfg(test)]
mod tests;
