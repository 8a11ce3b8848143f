//! Exports findings: as text, and as one JSON document.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};

use super::namespace_counts::NamespaceCounts;
use super::timestamp::timestamp;
use crate::column::{format, when};
use crate::diagnose::{
    Blindness, Evidence, Finding, ProcessName, Subject, Unchecked, Value, by_reason, evidence_line,
};
use crate::model::Endpoint;

/// The version of the document.
const VERSION: u32 = 1;

/// Columns before the text of a finding.
const INDENT: usize = 10;

/// The result of a diagnosis.
#[derive(Debug, Clone, Default)]
pub struct FindingsReport {
    /// The findings, in the order in which they are written.
    pub findings: Vec<Finding>,
    /// Findings that could not be checked.
    pub blindness: Blindness,
    /// Describes what was examined: `watched for 10 s, 11 samples`.
    pub scope: String,
    /// Numbers of network namespaces; `None` if they were not counted.
    pub namespaces: Option<NamespaceCounts>,
}

/// Writes the document of `diagnose --json`.
///
/// # Errors
/// Errors of the writer.
pub fn write_json(report: &FindingsReport, out: &mut impl Write) -> io::Result<()> {
    let findings: Vec<Json> = report.findings.iter().map(finding).collect();
    let document = json!({
        "version": VERSION,
        "findings": findings,
        "not_checked": unchecked(&report.blindness.not_checked),
        "namespaces": report.namespaces,
        "limited": unchecked(&report.blindness.limited),
    });
    super::json::write_pretty(out, &document)?;
    out.write_all(b"\n")
}

fn unchecked(list: &[Unchecked]) -> Json {
    let entries = list.iter();
    let entries = entries.map(|unchecked| json!({"id": unchecked.kind.id(), "why": unchecked.why}));
    entries.collect()
}

fn finding(finding: &Finding) -> Json {
    json!({
        "id": finding.kind.id(),
        "severity": finding.severity.name(),
        "subject": subject(&finding.subject),
        "namespace": finding.namespace.as_ref().map(|namespace| {
            json!({"netns": namespace.inode, "name": &*namespace.name})
        }),
        "since": timestamp(finding.since_us),
        "until": finding.until_us.map(timestamp),
        "evidence": evidence(&finding.evidence),
        "summary": finding.summary,
        "advice": finding.advice,
    })
}

fn subject(subject: &Subject) -> Json {
    let process = |name: &Option<ProcessName>| name.as_ref().map(process);
    let end = |end: &Endpoint| {
        let end = end.canonical();
        json!({"address": end.address.to_string(), "port": end.port})
    };
    match subject {
        Subject::Process(named) => json!({"kind": "process", "process": self::process(named)}),
        Subject::User { uid, name } => json!({"kind": "user", "uid": uid, "user": name}),
        Subject::Socket {
            key,
            protocol,
            local,
            path,
            process: holder,
            others,
        } => json!({
            "kind": "socket",
            "netns": key.netns,
            "cookie": key.cookie,
            "protocol": protocol,
            "local": local.as_ref().map(end),
            "path": path,
            "process": process(holder),
            "others": others.iter().map(self::process).collect::<Vec<_>>(),
        }),
        Subject::Remote {
            address,
            port,
            process: holder,
        } => json!({
            "kind": "remote",
            "address": address.to_string(),
            "port": port,
            "process": process(holder),
        }),
        Subject::Path {
            source,
            destination,
            process: holder,
        } => json!({
            "kind": "path",
            "source": source.to_string(),
            "destination": end(destination),
            "process": process(holder),
        }),
        Subject::LocalPorts {
            protocol,
            address,
            process: holder,
        } => json!({
            "kind": "local-ports",
            "protocol": protocol,
            "address": address.map(|address| address.to_string()),
            "process": process(holder),
        }),
        Subject::Host => json!({"kind": "host"}),
    }
}

fn process(name: &ProcessName) -> Json {
    json!({
        "pid": name.key.pid,
        "start_time": name.key.start_time,
        "comm": name.comm,
    })
}

fn evidence(evidence: &Evidence) -> Json {
    let entries = evidence.iter().map(|(name, value)| {
        let number = |number: f64, digits: f64| json!((number * digits).round() / digits);
        let value = match value {
            Value::Count(count) | Value::Bytes(count) => json!(count),
            Value::Rate(rate) => number(*rate, 100.0),
            Value::Seconds(seconds) => number(*seconds, 10.0),
            Value::Share(share) => number(*share, 10_000.0),
            Value::Text(text) => json!(text),
            Value::Flag(flag) => json!(flag),
        };
        ((*name).to_owned(), value)
    });
    Json::Object(entries.collect::<Map<String, Json>>())
}

/// Writes findings as text, wrapped at `columns` columns, or a line that there are none, followed by what could not be
/// checked.
///
/// # Errors
/// Errors of the writer.
pub fn write_text(
    report: &FindingsReport,
    columns: usize,
    zone: &TimeZone,
    out: &mut impl Write,
) -> io::Result<()> {
    let FindingsReport {
        findings,
        blindness,
        scope,
        namespaces: _,
    } = report;
    if findings.is_empty() {
        let among = match blindness.not_checked.as_slice() {
            [] => "",
            _ => " in what could be checked",
        };
        writeln!(out, "no findings{among} ({scope})")?;
    }
    for (at, finding) in findings.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let severity = finding.severity.name();
        let mut head = finding.summary.clone();
        if let Some(end) = finding.end_phrase(|us| when::show(us, zone)) {
            head = format!("{head} It {end}.");
        }
        write!(out, "{severity:<INDENT$}")?;
        write_wrapped(&head, columns, out)?;
        write!(out, "{:INDENT$}", "")?;
        write_wrapped(&finding.advice, columns, out)?;
        write!(out, "{:INDENT$}", "")?;
        let id = finding.kind.id();
        let evidence = format!("[{id}] {}", evidence_line(&finding.evidence));
        write_wrapped(&evidence, columns, out)?;
    }
    let lists = [
        ("unchecked", &blindness.not_checked),
        ("limited", &blindness.limited),
    ];
    for (label, list) in lists {
        write_unchecked(label, list, columns, out)?;
    }
    Ok(())
}

/// Writes the kinds of findings that were not checked, those with the same reason together.
fn write_unchecked(
    label: &str,
    list: &[Unchecked],
    columns: usize,
    out: &mut impl Write,
) -> io::Result<()> {
    for (at, (why, ids)) in by_reason(list).into_iter().enumerate() {
        if at == 0 {
            writeln!(out)?;
        }
        write!(out, "{label:<INDENT$}")?;
        write_wrapped(&format!("{}: {why}", ids.join(", ")), columns, out)?;
    }
    Ok(())
}

/// Writes a text whose further lines are indented.
fn write_wrapped(text: &str, columns: usize, out: &mut impl Write) -> io::Result<()> {
    let width = columns.saturating_sub(INDENT).max(20);
    let mut shown = String::new();
    format::sanitize(&mut shown, text.as_bytes());
    let mut used = 0;
    for word in shown.split(' ') {
        let length = unicode_width::UnicodeWidthStr::width(word);
        if used > 0 && used + 1 + length > width {
            write!(out, "\n{:INDENT$}", "")?;
            used = 0;
        } else if used > 0 {
            out.write_all(b" ")?;
            used += 1;
        }
        out.write_all(word.as_bytes())?;
        used += length;
    }
    out.write_all(b"\n")
}
