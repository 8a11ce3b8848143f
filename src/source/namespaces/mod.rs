//! The other network namespaces of the host: finds them, and adds their sockets to a Sample.
//!
//! A thread enters one namespace after the other (`setns`), dumps the socket tables and reads counters there, and ends.
//! Nothing that is open keeps a namespace alive between Samples.
//!
//! Each dump walks the kernel's hash table of all namespaces, 0.15 ms for an empty one. So many namespaces are not dumped
//! for each Sample: those are that show a [sign](signs) of change, and some of the others in [turn](schedule). The rows of the
//! rest are those of the previous Sample, with the ages that the clock predicts.

mod departed;
mod enter;
mod finder;
mod known;
mod mounts;
mod on_demand;
mod open;
mod run_in;
mod schedule;
mod scope;
mod signs;
mod tracking;
mod visit;
mod workload_names;

use std::path::PathBuf;

pub(super) use self::departed::DepartedNamespaces;
pub use self::enter::enter_namespace;
use self::finder::NamespaceFinder;
use self::known::KnownNamespace;
pub(super) use self::known::VisitOptions;
pub(super) use self::on_demand::NamespaceEntrance;
pub use self::run_in::run_in_namespace;
use self::schedule::Schedule;
pub use self::scope::NamespaceScope;
pub(super) use self::tracking::TrackingNamespace;
use self::visit::{Visitor, Visits};
pub(super) use self::workload_names::WorkloadNames;
use super::netlink::dump::Dumper;
use super::netlink::namespace_ids::KnownIds;
use super::procfs::Owners;
use super::tables::TableDumps;
use crate::model::{
    Fault, FaultSeverity, OmittedNamespaces, Sample, SeededMap, SeededSet, SocketTable,
};
use crate::privilege::{self, ENTER_NAMESPACES};

/// Finds the other network namespaces and visits each.
#[derive(Debug)]
pub(super) struct Namespaces {
    scope: NamespaceScope,
    finder: NamespaceFinder,
    /// Visits them; `None` if only our own is in scope.
    visitor: Option<Visitor>,
    known: SeededMap<u32, KnownNamespace>,
    schedule: Schedule,
    /// Namespaces that could not be entered or dumped in this round.
    failed: u32,
    refused: u32,
}

impl Namespaces {
    /// Creates it without reading anything. `own` is the inode of the calling thread's namespace.
    ///
    /// # Errors
    /// If no `sock_diag` socket can be opened.
    pub(super) fn new(own: u32, options: &VisitOptions<'_>) -> std::io::Result<Namespaces> {
        let visitor = || {
            let dumps = TableDumps::new(
                options.root,
                own,
                Dumper::new(own)?,
                options.tables,
                options.request,
                options.include_peers,
            );
            let root = PathBuf::from(options.root);
            Ok::<_, std::io::Error>(Visitor::new(root, own, dumps, options))
        };
        let is_visited = options.scope == NamespaceScope::All;
        Ok(Namespaces {
            scope: options.scope,
            finder: NamespaceFinder::new(options.root, own),
            visitor: is_visited.then(visitor).transpose()?,
            known: SeededMap::default(),
            schedule: Schedule::default(),
            failed: 0,
            refused: 0,
        })
    }

    /// Returns the ids of the namespaces in scope, by which events of them are recognized; `None` if only our own is.
    pub(super) fn ids(&self) -> Option<KnownIds> {
        self.visitor.as_ref()?.ids().cloned()
    }

    /// Reports whether there are so many namespaces that not all are dumped for each Sample.
    pub(super) fn are_many(&self) -> bool {
        self.schedule.has_many
    }

    /// Returns the visited namespaces in which connections are tracked.
    pub(super) fn tracking(&self) -> impl Iterator<Item = TrackingNamespace> {
        self.known.values().filter_map(|known| known.tracking)
    }

    /// Runs `function` in a thread of its own, which may enter the namespaces.
    ///
    /// # Errors
    /// If the thread cannot be started, or fails.
    pub(super) fn run_in_thread<T: Send>(
        &self,
        function: impl FnOnce(NamespaceEntrance<'_>) -> T + Send,
    ) -> std::io::Result<T> {
        on_demand::run_with_entrance(self.finder.found(), function)
    }

    /// Finds the namespaces, and appends the rows of those in scope to `sample`, whose table follows `previous`. `owners`
    /// find descriptors that keep namespaces alive; they have read the processes of the previous Sample.
    pub(super) fn dump(
        &mut self,
        now_ns: u64,
        owners: Option<&mut Owners>,
        previous: &SocketTable,
        sample: &mut Sample,
    ) {
        self.finder.refresh(now_ns, owners);
        (self.failed, self.refused) = (0, 0);
        let is_permitted = privilege::permits(ENTER_NAMESPACES);
        let found = self.finder.found();
        if let Some(visitor) = &mut self.visitor
            && is_permitted
            && !found.is_empty()
        {
            let (can_spare, woken) = (visitor.can_spare(), visitor.take_woken());
            self.schedule.begin(now_ns, found.len(), can_spare, woken);
            let mut visits = Visits {
                found,
                known: &mut self.known,
                schedule: &mut self.schedule,
                previous,
                failed: 0,
                refused: 0,
                has_gone: false,
            };
            let outcome = std::thread::scope(|scope| {
                let thread = std::thread::Builder::new().name("namespaces".into());
                // The thread ends in another namespace than it began in.
                let visiting =
                    thread.spawn_scoped(scope, || visitor.visit_all(&mut visits, sample));
                visiting.map(|visiting| visiting.join().is_ok())
            });
            (self.failed, self.refused) = (visits.failed, visits.refused);
            let has_gone = visits.has_gone;
            if !matches!(outcome, Ok(true)) {
                self.failed = u32::try_from(found.len()).unwrap_or(u32::MAX);
                let error = "the thread that enters them could not be started, or failed";
                let source = "other network namespaces";
                let fault = Fault::new(FaultSeverity::Incomplete, source, error);
                sample.faults.push(fault);
            }
            if has_gone {
                self.finder.reread_processes();
            }
            let round = self.schedule.round;
            self.known.retain(|_, known| known.round == round);
        }
        sample.own_netns_name = self.finder.own_name().cloned();
        sample.omitted_namespaces = Some(self.omitted(is_permitted));
    }

    /// Counts the namespaces that are left out.
    fn omitted(&self, is_permitted: bool) -> OmittedNamespaces {
        let found = u32::try_from(self.finder.found().len()).unwrap_or(u32::MAX);
        let visited = self.known.values().filter_map(|known| known.number);
        let visited: SeededSet<u64> = visited.collect();
        let unreadable = self.finder.unreadable(&visited);
        let mut omitted = OmittedNamespaces {
            failed: self.failed,
            not_permitted: self.refused,
            may_be_more: !self.finder.has_all_files(),
            ..OmittedNamespaces::default()
        };
        if is_permitted {
            omitted.unreadable = unreadable;
            // Those that were not visited may be among those found.
            omitted.may_be_more |= self.scope == NamespaceScope::Own && unreadable > 0;
        } else {
            // Processes that cannot be read may be in namespaces that were found by their mounts.
            omitted.not_permitted = found.max(unreadable);
            omitted.may_be_more |= found.min(unreadable) > 0;
        }
        if is_permitted && self.scope == NamespaceScope::Own {
            omitted.not_requested = found.max(omitted.unreadable);
            omitted.unreadable = 0;
        }
        omitted
    }
}
