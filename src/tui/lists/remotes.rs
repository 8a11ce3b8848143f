//! The list of remote hosts, each with its ports below it if it is unfolded.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use super::filter_conditions::{self, Conditions};
use super::finding_note;
use super::folding::Folding;
use super::headings::{WIDE_ONLY, Widths, headings};
use super::remote_ports::port_totals;
use crate::aggregate::{Cancellation, Moment, RemoteTotals};
use crate::column::format::MISSING;
use crate::column::{REMOTE_COLUMNS, RemoteLine, Remotes as RemoteKind, Service};
use crate::diagnose::Findings;
use crate::model::{RemoteHost, SeededMap};
use crate::tui::concern::remote_concern;
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, Heading, List, OutlineContext};
use crate::tui::theme::Tone;
use crate::tui::value_tones::retransmitted_tone;

/// Bit that is set in the row number of a port.
const PORT: u32 = 1 << 31;

/// All remote hosts.
#[derive(Debug, Clone, Default)]
pub struct Remotes {
    folding: Folding<RemoteHost>,
    /// The ports of the hosts that are unfolded.
    ports: Vec<(Service, RemoteTotals)>,
    /// The findings, for the notes on rows.
    pub findings: Arc<Findings>,
}

const WIDTHS: [Widths; 20] = [
    ("remote", 17, 45, 0),
    ("netns_name", 9, 24, 3),
    ("sockets", 6, 7, 0),
    ("steady_rate", 10, 10, 1),
    ("rate", 9, 9, WIDE_ONLY),
    ("received_rate", 9, 9, 1),
    ("sent_rate", 9, 9, 1),
    ("established", 6, 7, 2),
    ("time_wait", 7, 7, 3),
    ("rtt_low", 8, 8, 4),
    ("rtt_high", 8, 8, 4),
    ("retransmitted", 7, 7, 5),
    ("processes", 16, 60, 2),
    ("opened", 8, 8, 8),
    ("closed", 8, 8, 8),
    ("close_wait", 7, 7, 9),
    ("syn_sent", 8, 8, 10),
    ("syn_recv", 8, 8, 11),
    ("udp", 5, 5, WIDE_ONLY),
    ("note", 4, 24, 2),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&REMOTE_COLUMNS, &WIDTHS));

static COLUMN_SET: ColumnSet<RemoteKind> = ColumnSet {
    columns: &REMOTE_COLUMNS,
    headings: &HEADINGS,
    totals: &["sockets", "received_rate", "sent_rate"],
};

impl List for Remotes {
    type Kind = RemoteKind;
    type Key = (RemoteHost, Option<Service>);

    fn column_set() -> &'static ColumnSet<RemoteKind> {
        &COLUMN_SET
    }

    fn collect_rows(&mut self, moment: &Moment, _: &Cancellation, out: &mut Vec<u32>) {
        out.extend(0..moment.aggregate.remotes.len() as u32);
    }

    fn empty_text(&self) -> &'static str {
        "no socket has a remote host; press 2 for all sockets"
    }

    fn unfiltered_len(&self, moment: &Moment) -> usize {
        moment.unfiltered().remotes.len()
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<RemoteLine<'m>> {
        let (service, totals) = if number & PORT == 0 {
            (None, moment.aggregate.remotes.get(number as usize)?)
        } else {
            let (service, totals) = self.ports.get((number & !PORT) as usize)?;
            (Some(*service), totals)
        };
        Some(RemoteLine {
            moment,
            totals,
            service,
            unfolded: self.folding.is_unfolded(&totals.host()),
            note: match service {
                // Findings know remote ports only.
                Some(Service { here: true, .. }) => None,
                _ => finding_note::most_severe(&self.findings, || {
                    remote_concern(totals.host(), service, &moment.sample)
                }),
            },
        })
    }

    fn shorten<'t>(
        &self,
        _moment: &Moment,
        _number: u32,
        column: usize,
        text: &'t str,
        width: usize,
    ) -> Cow<'t, str> {
        finding_note::shorten(REMOTE_COLUMNS[column].id, text, width)
    }

    fn key(&self, moment: &Moment, number: u32) -> Option<Self::Key> {
        let line = self.row(moment, number)?;
        Some((line.totals.host(), line.service))
    }

    fn tie_breaker(&self, moment: &Moment, number: u32) -> u64 {
        let Some(line) = self.row(moment, number) else {
            return 0;
        };
        // More sockets first, then by address.
        let low = match line.totals.address {
            IpAddr::V4(address) => u32::from(address),
            IpAddr::V6(address) => u128::from(address) as u32,
        };
        u64::from(u32::MAX - line.totals.sockets) << 32 | u64::from(low)
    }

    fn target(&self, moment: &Moment, number: u32) -> Option<OpenTarget> {
        let (host, service) = self.key(moment, number)?;
        Some(OpenTarget::Remote(host, service))
    }

    fn conditions(&self, moment: &Moment, number: u32, _column: usize) -> Conditions {
        let Some(line) = self.row(moment, number) else {
            return Vec::new();
        };
        let port = line.service.map(|service| (service.port, service.here));
        filter_conditions::of_remote(line.totals.address, port)
    }

    fn cell_tone(&self, moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(line) = self.row(moment, number) else {
            return Tone::Plain;
        };
        match REMOTE_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "note" => finding_note::tone(text),
            "remote" if line.service.is_none() => Tone::Strong,
            "close_wait" if text != "0" => Tone::Warning,
            "retransmitted" => retransmitted_tone(line.totals.throughput.retransmitted_share()),
            _ if text == "0" => Tone::Muted,
            _ => Tone::Plain,
        }
    }

    fn is_outlined(&self) -> bool {
        !self.folding.is_folded()
    }

    fn outline(&mut self, context: &mut OutlineContext<'_>, order: &mut Vec<u32>) {
        let (moment, cancellation) = (context.moment, context.cancellation);
        if !context.in_order {
            context.sort(self, order);
        }
        let has_ports = |host: &RemoteHost| self.folding.is_unfolded(host);
        self.ports = port_totals(moment, has_ports, cancellation);
        let mut ports: Vec<u32> = (0..self.ports.len() as u32).map(|at| at | PORT).collect();
        context.sort(self, &mut ports);
        let mut below: SeededMap<RemoteHost, Vec<u32>> = SeededMap::default();
        for port in ports {
            if let Some((_, totals)) = self.ports.get((port & !PORT) as usize) {
                below.entry(totals.host()).or_default().push(port);
            }
        }
        for host in std::mem::take(order) {
            order.push(host);
            let key = self.row(moment, host).map(|line| line.totals.host());
            if let Some(ports) = key.and_then(|key| below.get(&key)) {
                order.extend_from_slice(ports);
            }
        }
    }

    fn leaf_count(&self) -> Option<usize> {
        None
    }

    fn toggle_fold(&mut self, shown: &Remotes, moment: &Moment, number: u32) -> bool {
        let Some(host) = shown.row(moment, number).map(|line| line.totals.host()) else {
            return false;
        };
        self.folding.toggle(host);
        true
    }

    fn toggle_all_folds(&mut self, _shown: &Remotes) -> bool {
        self.folding.set_all(self.folding.is_folded());
        true
    }
}
