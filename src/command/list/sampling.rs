//! One Sample of the kernel's sockets, with only what the arguments need.

use std::time::Duration;

use super::column_names::column_name;
use super::sort_order::SortOrder;
use crate::aggregate::{Aggregator, Moment};
use crate::cli::List;
use crate::column::SocketColumn;
use crate::command::shared::selection::Selection;
use crate::export::message::report;
use crate::source::netlink::request::AttributeRequest;
use crate::source::{LiveOptions, LiveSource, NamespaceScope, OwnerScope, Source};

/// Time between the two Samples that a rate is derived from.
const RATE_WINDOW: Duration = Duration::from_secs(1);

/// Rows above which a table shows processes only with `-p`: attribution takes a system call for each descriptor, which
/// is more than the kernel needs to list the sockets.
const LARGE_TABLE: usize = 50_000;

/// The parts of a Sample that are needed in addition to the sockets.
#[derive(Debug, Clone, Copy)]
pub(super) struct SampleNeeds {
    pub(super) rates: bool,
    owners: OwnerScope,
    details: bool,
    other_ends: bool,
}

impl SampleNeeds {
    /// Derives the needs from the selection, the columns and the sort order.
    pub(super) fn of(
        arguments: &List,
        selection: &Selection,
        columns: &[&'static SocketColumn],
        order: Option<SortOrder>,
    ) -> SampleNeeds {
        let for_programs = arguments.machine_readable();
        let mut shown: Vec<&str> = Vec::new();
        if !for_programs {
            shown.extend(columns.iter().map(|column| column.id));
        }
        shown.extend(order.map(|order| order.column.id));
        SampleNeeds {
            rates: selection.needs_rates(&shown),
            owners: owners_of(arguments, selection, &shown, order),
            details: for_programs || arguments.info || selection.needs_details(&shown),
            other_ends: for_programs || shown.contains(&"peer"),
        }
    }
}

/// Returns the sockets whose owners are needed: all if an argument depends on owners; if only the default columns do,
/// all unless there are many sockets.
fn owners_of(
    arguments: &List,
    selection: &Selection,
    shown: &[&str],
    order: Option<SortOrder>,
) -> OwnerScope {
    let mut typed: Vec<&str> = arguments
        .columns
        .iter()
        .map(|name| column_name(name))
        .collect();
    typed.extend(order.map(|order| order.column.id));
    if arguments.machine_readable() || arguments.processes || selection.needs_owners(&typed) {
        OwnerScope::All
    } else if selection.needs_owners(shown) {
        OwnerScope::AtMost(LARGE_TABLE)
    } else {
        OwnerScope::None
    }
}

/// Takes a Sample, or two for rates. Returns false if owners were needed and omitted because there are many sockets.
///
/// # Errors
/// If the kernel reports no sockets.
pub(super) fn take_sample(
    selection: &Selection,
    needs: SampleNeeds,
    namespaces: NamespaceScope,
    moment: &mut Moment,
) -> anyhow::Result<bool> {
    let options = LiveOptions {
        tables: selection.tables(),
        namespaces,
        destroy_events: false,
        request: AttributeRequest {
            lowered: selection.lowered(),
            details: needs.details,
        },
        owners: needs.owners,
        include_peers: needs.other_ends,
        devices: false,
        settings: false,
        ..LiveOptions::default()
    };
    let mut live = LiveSource::new(options)?;
    live.next_into(&mut moment.sample)?;
    if needs.rates {
        let mut aggregator = Aggregator::new();
        moment.derive(&mut aggregator);
        std::thread::sleep(RATE_WINDOW);
        live.next_into(&mut moment.sample)?;
        moment.derive(&mut aggregator);
    }
    if live.owners_skipped() {
        let all = moment.sample.sockets.len();
        report!(
            "sockwatch: note: processes of {all} sockets are omitted to save time; use -p to show them"
        );
    }
    Ok(!live.owners_skipped())
}
