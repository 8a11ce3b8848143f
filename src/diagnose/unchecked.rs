//! Findings that cannot be looked for, or not everywhere, and why.
//!
//! Each kind of finding declares what it reads ([`Need`]). What is absent from a Sample is not checked: then "no
//! findings" would be wrong. A check is limited if it sees less because of what the user chose: privileges, a network
//! namespace, the filter of a recording.

use super::findings::{FINDINGS, Thresholds, min_watch_s};
use super::kind::FindingKind;
use super::need::Need;
use super::phrases;
use crate::column::format;
use crate::model::{Attribution, Fault, Protocol, Sample, Unowned};

/// A kind of finding that was not looked for, or not everywhere, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchecked {
    /// The kind of finding.
    pub kind: &'static FindingKind,
    /// What is missing, and the remedy if there is one.
    pub why: String,
}

/// The kinds of findings that were not checked completely.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blindness {
    /// Not looked for, or not under every condition: something that should be readable is not.
    pub not_checked: Vec<Unchecked>,
    /// Looked for only in part of the machine, as chosen by the user: by privileges, namespace, time or filter.
    pub limited: Vec<Unchecked>,
}

/// The sockets that a recording contains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordedSockets {
    /// Names of the recorded tables; `None` if all were recorded, or if it is unknown.
    pub tables: Option<Vec<String>>,
    /// The filter of the recorded sockets, as typed; empty if every socket of the tables was recorded.
    pub filter: String,
}

/// Groups kinds of findings by the reason for which they were not checked, in order of their first appearance: reason and
/// ids.
pub fn by_reason(list: &[Unchecked]) -> Vec<(&str, Vec<&'static str>)> {
    let mut groups: Vec<(&str, Vec<&'static str>)> = Vec::new();
    for unchecked in list {
        let known = groups.iter_mut().find(|(why, _)| *why == unchecked.why);
        match known {
            Some((_, ids)) => ids.push(unchecked.kind.id()),
            None => groups.push((&unchecked.why, vec![unchecked.kind.id()])),
        }
    }
    groups
}

/// Findings that could not be checked in the Samples so far.
#[derive(Debug, Default)]
pub(super) struct BlindnessLog {
    samples: u32,
    /// By kind, in the order of [`FINDINGS`].
    kinds: Vec<KindLog>,
}

/// The Samples in which a kind of finding was not checked, and in which the check was limited, with the latest reasons.
#[derive(Debug, Default, Clone)]
struct KindLog {
    not_checked: (u32, String),
    limited: (u32, String),
}

impl BlindnessLog {
    /// Adds what could not be checked in the next Sample.
    pub(super) fn add(&mut self, blindness: &Blindness) {
        self.samples += 1;
        self.kinds.resize_with(FINDINGS.len(), KindLog::default);
        for unchecked in &blindness.not_checked {
            let (samples, why) = &mut self.kinds[unchecked.kind.index()].not_checked;
            *samples += 1;
            why.clone_from(&unchecked.why);
        }
        for unchecked in &blindness.limited {
            let (samples, why) = &mut self.kinds[unchecked.kind.index()].limited;
            *samples += 1;
            why.clone_from(&unchecked.why);
        }
    }

    /// Returns what could not be checked in most Samples: a read that fails once delays a finding but does not hide it.
    pub(super) fn most(&self) -> Blindness {
        let mut blindness = Blindness::default();
        let is_most = |samples: u32| samples * 2 > self.samples;
        for (kind, log) in FINDINGS.iter().zip(&self.kinds) {
            let (blind, why) = &log.not_checked;
            let (limited, limit) = &log.limited;
            if is_most(*blind) {
                blindness.push(Extent::NotChecked, kind, why.clone());
            } else if is_most(blind + limited) {
                let why = if limited > blind { limit } else { why };
                blindness.push(Extent::Limited, kind, why.clone());
            }
        }
        blindness
    }
}

/// How much of a finding is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    NotChecked,
    Limited,
}

/// The setting that shows whether settings are readable at all: every kernel has it, in every network namespace.
const ALWAYS_PRESENT: &str = "net.ipv4.ip_local_port_range";

impl Blindness {
    /// Determines what cannot be checked in a Sample, apart from disabled findings. `recorded` describes the recording
    /// that it is from.
    pub(super) fn of(
        sample: &Sample,
        recorded: &RecordedSockets,
        thresholds: &Thresholds,
    ) -> Blindness {
        let mut blindness = Blindness::default();
        for kind in enabled(thresholds) {
            let missing = kind.needs().iter().filter_map(|need| {
                let is_loaded = kind.needs().iter().any(|need| is_loaded(sample, *need));
                missing(*need, sample, recorded, is_loaded)
            });
            // What is not checked at all explains more than a limited view.
            let worst = missing.reduce(|first, next| match (first.0, next.0) {
                (Extent::Limited, Extent::NotChecked) => next,
                _ => first,
            });
            if let Some((extent, why)) = worst {
                blindness.push(extent, kind, why);
            }
        }
        blindness
    }

    /// Adds the kinds whose condition cannot be met within `watched_s`.
    pub(super) fn add_too_short(&mut self, watched_s: f64, thresholds: &Thresholds) {
        let hold_s = thresholds.hold_s;
        let own_s = min_watch_s(thresholds);
        for kind in enabled(thresholds) {
            let needed_s = hold_s + own_s[kind.index()];
            if watched_s >= needed_s || self.includes(kind) {
                continue;
            }
            // Rounded down: it is less than what is needed.
            let mut watched = String::new();
            format::short_duration_us(&mut watched, (watched_s * 10.0).floor() * 1e5);
            if watched_s < hold_s {
                let why = format!(
                    "watched for {watched}; a condition must persist for {} (hold_s) to be reported",
                    phrases::seconds(hold_s)
                );
                self.push(Extent::NotChecked, kind, why);
            } else {
                let why = format!(
                    "watched for {watched}; reported after {} at the earliest",
                    phrases::seconds(needed_s)
                );
                self.push(Extent::Limited, kind, why);
            }
        }
    }

    /// Adds all kinds if parts of a recording are corrupt: their conditions may have been there.
    pub(super) fn add_corrupt(&mut self, parts: u64, thresholds: &Thresholds) {
        if parts == 0 {
            return;
        }
        let parts = phrases::plural(parts, "part", "parts");
        let why = format!("{parts} of the recording could not be read (sockwatch info lists them)");
        for kind in enabled(thresholds) {
            if self.not_checked.iter().any(|known| known.kind == kind) {
                continue;
            }
            self.limited.retain(|known| known.kind != kind);
            self.push(Extent::NotChecked, kind, why.clone());
        }
    }

    fn push(&mut self, extent: Extent, kind: &'static FindingKind, why: String) {
        let list = match extent {
            Extent::NotChecked => &mut self.not_checked,
            Extent::Limited => &mut self.limited,
        };
        list.push(Unchecked { kind, why });
    }

    fn includes(&self, kind: &'static FindingKind) -> bool {
        let mut all = self.not_checked.iter().chain(&self.limited);
        all.any(|unchecked| unchecked.kind == kind)
    }
}

fn enabled(thresholds: &Thresholds) -> impl Iterator<Item = &'static FindingKind> {
    FINDINGS
        .iter()
        .filter(|kind| !thresholds.disable.contains(kind))
}

/// Returns what is missing of a need. `is_loaded` is true if something that depends on the same part of the kernel is
/// there.
fn missing(
    need: Need,
    sample: &Sample,
    recorded: &RecordedSockets,
    is_loaded: bool,
) -> Option<(Extent, String)> {
    let blind = |why: String| Some((Extent::NotChecked, why));
    let limited = |why: String| Some((Extent::Limited, why));
    match need {
        Need::Sockets(protocol) => missing_sockets(protocol, sample, recorded),
        Need::Setting(name) if sample.settings.get(name).is_some() => None,
        Need::Number(name, place)
        | Need::HostNumber(name, place)
        | Need::LoadedNumber(name, place)
            if sample.settings.number(name, place).is_some() =>
        {
            None
        }
        Need::Counter(name) | Need::LoadedCounter(name)
            if sample.counters.protocols.get(name).is_some() =>
        {
            None
        }
        Need::HostNumber(name, _) if is_absent(sample, name) => limited(
            "a limit of the host, which the kernel shows only in the initial network namespace"
                .to_owned(),
        ),
        Need::LoadedNumber(name, _) | Need::LoadedCounter(name)
            if !is_loaded && is_absent(sample, name) =>
        {
            None
        }
        Need::Setting(name)
        | Need::Number(name, _)
        | Need::HostNumber(name, _)
        | Need::LoadedNumber(name, _) => blind(why_no_setting(sample, name)),
        // An old kernel.
        Need::Counter(name) if has_group_of(sample, name) => {
            limited(format!("the kernel does not count {name}"))
        }
        Need::Counter(name) | Need::LoadedCounter(name) => blind(why_no_counter(sample, name)),
        Need::Descriptors => {
            let visibility = sample.visibility;
            match (visibility.processes, visibility.unreadable) {
                (0, _) => blind("no process could be read; is /proc mounted?".to_owned()),
                (_, 0) if !visibility.root && has_hidden_owners(sample) => limited(format!(
                    "processes of other users are hidden; {}",
                    visibility.remedy()
                )),
                (_, 0) => None,
                (all, unreadable) => limited(format!(
                    "{unreadable} of {} could not be read; {}",
                    phrases::plural(all.into(), "process", "processes"),
                    visibility.remedy()
                )),
            }
        }
    }
}

/// Reports whether the value behind a need of a part of the kernel that may not be loaded is there.
fn is_loaded(sample: &Sample, need: Need) -> bool {
    match need {
        Need::LoadedNumber(name, place) => sample.settings.number(name, place).is_some(),
        Need::LoadedCounter(name) => sample.counters.protocols.get(name).is_some(),
        _ => false,
    }
}

/// Reports whether the kernel does not have a setting here: others are readable, and no error was reported for it.
fn is_absent(sample: &Sample, name: &str) -> bool {
    sample.settings.get(ALWAYS_PRESENT).is_some()
        && sample.settings.get(name).is_none()
        && fault_of(sample, &path_of(name)).is_none()
}

/// Returns the file of a setting.
fn path_of(name: &str) -> String {
    format!("/proc/sys/{}", name.replace('.', "/"))
}

/// Returns the fault of a file.
fn fault_of<'s>(sample: &'s Sample, path: &str) -> Option<&'s Fault> {
    let mut faults = sample.faults.iter();
    faults.find(|fault| fault.source == path)
}

fn why_no_setting(sample: &Sample, name: &str) -> String {
    if let Some(text) = sample.settings.get(name) {
        let empty = if text.is_empty() {
            "empty"
        } else {
            "malformed"
        };
        return format!("{} is {empty}", path_of(name));
    }
    if sample.settings.values.is_empty() {
        return format!("{name} was not recorded");
    }
    let whole = || {
        let mut faults = sample.faults.iter();
        faults.find(|fault| fault.source.starts_with("/proc/sys"))
    };
    match fault_of(sample, &path_of(name)).or_else(whole) {
        Some(fault) if fault.source == path_of(name) => format!("cannot read {fault}"),
        Some(fault) => format!("cannot read settings: {fault}"),
        None => format!("the kernel does not report {name}"),
    }
}

/// Reports whether other counters of the group of `name` are there.
fn has_group_of(sample: &Sample, name: &str) -> bool {
    let group = name.split_once('.').map(|(group, _)| group);
    let mut names = sample.counters.protocols.names.iter();
    names.any(|other| other.split_once('.').map(|(group, _)| group) == group)
}

fn why_no_counter(sample: &Sample, name: &str) -> String {
    let file = match name.split_once('.') {
        Some(("sockstat", _)) => "/proc/net/sockstat",
        Some(("TcpExt", _)) => "/proc/net/netstat",
        Some(("Tcp" | "Udp", _)) => "/proc/net/snmp",
        _ => "/proc/sys",
    };
    let mut faults = sample.faults.iter();
    let fault = faults.find(|fault| fault.source.starts_with(file));
    match fault {
        Some(fault) if file == "/proc/sys" => format!("cannot read settings: {fault}"),
        Some(fault) => format!("cannot read counters: {fault}"),
        None => format!("the kernel does not report {name} in {file}"),
    }
}

/// Returns why sockets of a protocol may be missing.
fn missing_sockets(
    protocol: Protocol,
    sample: &Sample,
    recorded: &RecordedSockets,
) -> Option<(Extent, String)> {
    let name = protocol.name();
    let is_of = |fault: &Fault| {
        let table = fault.source.strip_prefix("sock_diag ")?;
        // A kernel without IPv6 has no such sockets.
        let with_ipv6 = fault.hides_data() && table.strip_prefix(name) == Some(" (IPv6)");
        (table == name || with_ipv6).then_some(())
    };
    let fault = sample.faults.iter().find(|fault| is_of(fault).is_some());
    if let Some(fault) = fault {
        let why = format!("{name} sockets cannot be listed: {fault}");
        return Some((Extent::NotChecked, why));
    }
    let tables = recorded.tables.as_ref();
    if tables.is_some_and(|tables| !tables.iter().any(|table| table == name)) {
        return Some((
            Extent::NotChecked,
            format!("{name} sockets were not recorded"),
        ));
    }
    (!recorded.filter.is_empty()).then(|| {
        let why = format!(
            "only the sockets of the recording's filter: {}",
            recorded.filter
        );
        (Extent::Limited, why)
    })
}

/// Reports whether processes that this user cannot see at all own sockets.
fn has_hidden_owners(sample: &Sample) -> bool {
    let denied = Attribution::Unowned(Unowned::PermissionDenied);
    let mut sockets = sample.sockets.iter();
    sockets.any(|socket| socket.attribution == denied)
}

#[cfg(test)]
mod tests;
