//! Finds the processes that own sockets, and keeps the result up to date with as little reading as possible.
//!
//! Reading the target of a descriptor costs a system call, so each is read once and then only for a reason:
//!
//! - **Refresh** ([`refresh`]): the **number of descriptors** of a process costs one `stat` (Linux 6.2). When it
//!   changes, the list is read, and the targets of descriptors that are new or whose socket no longer exists
//!   ([`rescan`]). New processes are read completely ([`new_processes`]).
//! - **Verify** ([`verify`]): a process can pass a socket on to another without a change of their numbers of
//!   descriptors. The descriptors of sockets are read again in every refresh while they are few; of many, those of
//!   sockets that have changed.
//! - **Resolve** ([`resolve`]): if a live socket has no known owner, the processes that could own it are read again;
//!   the first call keeps the descriptors of live sockets, the next one keeps none. Then their threads are searched for
//!   tables of descriptors of their own ([`thread_tables`]).
//! - **Sweep** ([`sweep`]): all descriptors are read again within 15 s, some at each refresh, because closing one and
//!   opening another does not change the number.
//! - **Not run** ([`not_run`]): a process that has not run since its descriptors were read is neither verified nor
//!   swept.
//! - **Targeted scan** ([`targeted_scan`]): finds the owners of a few sockets in place of a first refresh.
//!
//! Sockets without a descriptor may still be registered with an `io_uring` ([`io_uring`]). Descriptors may also keep a
//! network namespace alive ([`namespace_files`]).
//!
//! The state is in [`map`]; the details of displayed processes are read in [`process_rows`], and
//! again where [`names`] finds that they have changed.

mod anonymous_files;
mod entry;
mod failures;
mod held_sockets;
mod io_uring;
mod map;
mod names;
mod namespace_files;
mod new_processes;
mod not_run;
mod process_rows;
mod read_at;
mod refresh;
mod rescan;
mod resolve;
mod sweep;
mod targeted_scan;
mod thread_tables;
mod unresolved;
mod verification;
mod verify;

pub use self::held_sockets::HeldSockets;
pub use self::map::Owners;
pub use self::namespace_files::NamespaceFile;

#[cfg(test)]
mod tests;
