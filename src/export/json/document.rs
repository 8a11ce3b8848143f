//! The document of `list --json`.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::format::write_compact;
use super::rows::write_rows;
use crate::aggregate::Moment;
use crate::export::document::{VERSION, host_schema, version_schema};
use crate::export::json_schema::{JsonSchema, Property};
use crate::export::namespace_counts::{NamespaceCounts, namespace_counts_schema};
use crate::export::socket_schema;
use crate::export::timestamp::timestamp;
use crate::model::{FaultSeverity, Unowned};

/// Writes the document over the sockets in `rows`.
///
/// # Errors
/// If the writer fails.
pub fn write_document(moment: &Moment, rows: &[u32], out: &mut impl Write) -> io::Result<()> {
    let sample = &moment.sample;
    let (mut owned, mut unowned) = (0, [0u32; Unowned::ALL.len()]);
    for socket in rows
        .iter()
        .filter_map(|&row| sample.sockets.get(row as usize))
    {
        match socket.attribution.unowned() {
            None => owned += 1,
            Some(reason) => unowned[reason as usize] += 1,
        }
    }
    let head = Head {
        version: VERSION,
        taken_at: timestamp(sample.taken_at_us),
        monotonic_ns: sample.monotonic_ns,
        host: JsonHost {
            hostname: &sample.host.hostname,
            kernel: &sample.host.kernel,
            boot_id: &sample.host.boot_id,
        },
        coverage: Coverage {
            sockets: rows.len(),
            owned,
            unowned: UnownedCounts(unowned),
            namespaces: NamespaceCounts::of(sample),
        },
        faults: sample
            .faults
            .iter()
            .map(|fault| JsonFault {
                source: &fault.source,
                error: &fault.error,
                severity: fault.severity.name(),
            })
            .collect(),
    };
    let mut bytes = Vec::new();
    write_compact(&mut bytes, &head)?;
    // The head is an object; its sockets are added to it, row by row.
    bytes.pop();
    out.write_all(&bytes)?;
    out.write_all(b",\"sockets\":[")?;
    write_rows(moment, rows, None, b",\n", out)?;
    out.write_all(b"]}\n")
}

#[derive(Serialize)]
struct Head<'a> {
    version: u32,
    taken_at: String,
    monotonic_ns: u64,
    host: JsonHost<'a>,
    coverage: Coverage,
    faults: Vec<JsonFault<'a>>,
}

#[derive(Serialize)]
struct JsonHost<'a> {
    hostname: &'a str,
    kernel: &'a str,
    boot_id: &'a str,
}

#[derive(Serialize)]
struct Coverage {
    sockets: usize,
    owned: usize,
    unowned: UnownedCounts,
    namespaces: Option<NamespaceCounts>,
}

struct UnownedCounts([u32; Unowned::ALL.len()]);

impl Serialize for UnownedCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for reason in Unowned::ALL {
            map.serialize_entry(reason.name(), &self.0[reason as usize])?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct JsonFault<'a> {
    source: &'a str,
    error: &'a str,
    severity: &'static str,
}

/// Describes the document.
pub fn list_schema() -> JsonSchema {
    let count = || JsonSchema::unsigned(32);
    let unowned = Unowned::ALL.map(|reason| Property::new(reason.name(), count()));
    let coverage = JsonSchema::object([
        Property::new("sockets", count().with_description("Sockets listed.")),
        Property::new(
            "owned",
            count().with_description("Sockets with a known owner."),
        ),
        Property::new(
            "unowned",
            JsonSchema::object(unowned).with_description("Sockets without an owner, by reason."),
        ),
        Property::new("namespaces", namespace_counts_schema()),
    ]);
    let severities = [
        FaultSeverity::Note,
        FaultSeverity::Degraded,
        FaultSeverity::Incomplete,
    ];
    let fault = JsonSchema::object([
        Property::new("source", JsonSchema::string()),
        Property::new("error", JsonSchema::string()),
        Property::new(
            "severity",
            JsonSchema::names(severities.map(FaultSeverity::name)),
        ),
    ]);
    JsonSchema::object([
        Property::new("version", version_schema()),
        Property::new(
            "taken_at",
            JsonSchema::time().with_description("Time of the sample."),
        ),
        Property::new(
            "monotonic_ns",
            JsonSchema::unsigned(64).with_description("CLOCK_MONOTONIC at the same time, ns."),
        ),
        Property::new("host", host_schema()),
        Property::new("coverage", coverage),
        Property::new(
            "faults",
            JsonSchema::list(fault).with_description("Parts of the sample that could not be read."),
        ),
        Property::new("sockets", JsonSchema::list(JsonSchema::reference("socket"))),
    ])
    .define("socket", socket_schema::without_time())
    .with_description("The document of list --json.")
}
