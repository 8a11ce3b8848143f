//! The document of `summary --json`.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::format::write_pretty;
use crate::aggregate::{LimitUnit, Moment, Summary};
use crate::export::document::{VERSION, host_schema, version_schema};
use crate::export::json_schema::{JsonSchema, Property};
use crate::export::namespace_counts::{NamespaceCounts, namespace_counts_schema};
use crate::export::timestamp::timestamp;
use crate::model::{Family, State};

/// Writes the document.
///
/// # Errors
/// If the writer fails.
pub fn write_summary(moment: &Moment, summary: &Summary, out: &mut impl Write) -> io::Result<()> {
    let sample = &moment.sample;
    let protocols: Vec<Value> = summary
        .protocols
        .iter()
        .map(|row| {
            let states: Map<String, Value> = State::ALL
                .into_iter()
                .filter(|state| row.states[*state as usize] > 0)
                .map(|state| {
                    (
                        state.filter_name().to_owned(),
                        row.states[state as usize].into(),
                    )
                })
                .collect();
            json!({
                "family": row.family.name(),
                "protocol": row.protocol,
                "sockets": row.total,
                "states": states,
            })
        })
        .collect();
    let limits: Map<String, Value> = summary
        .limits
        .iter()
        .map(|limit| {
            let entry = json!({
                "value": limit.value,
                "limit": limit.limit,
                "unit": limit.unit.name(),
            });
            (limit.id.to_owned(), entry)
        })
        .collect();
    let counters: Map<String, Value> = summary
        .counters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect();
    let document = json!({
        "version": VERSION,
        "taken_at": timestamp(sample.taken_at_us),
        "host": {
            "hostname": sample.host.hostname,
            "kernel": sample.host.kernel,
            "boot_id": sample.host.boot_id,
        },
        "sockets": moment.aggregate.totals.sockets,
        "used": summary.used,
        "namespaces": NamespaceCounts::of(sample),
        "protocols": protocols,
        "limits": limits,
        "counters": counters,
        "faults": sample.faults.iter().filter(|fault| fault.hides_data()).map(|fault| {
            json!({"source": fault.source, "error": fault.error})
        }).collect::<Vec<Value>>(),
    });
    write_pretty(out, &document)?;
    out.write_all(b"\n")
}

/// Describes the document.
pub fn summary_schema() -> JsonSchema {
    let count = || JsonSchema::unsigned(64);
    let states = State::ALL.map(|state| Property::optional(state.filter_name(), count()));
    let protocol = JsonSchema::object([
        Property::new("family", JsonSchema::names(Family::ALL.map(Family::name))),
        Property::new(
            "protocol",
            JsonSchema::string().with_description("Protocol; netlink for all netlink protocols."),
        ),
        Property::new(
            "sockets",
            count().with_description("Sockets in all states."),
        ),
        Property::new(
            "states",
            JsonSchema::object(states)
                .with_description("Sockets by state; states without sockets are omitted."),
        ),
    ]);
    let units = [
        LimitUnit::Sockets,
        LimitUnit::Bytes,
        LimitUnit::Files,
        LimitUnit::Connections,
        LimitUnit::Ports,
    ];
    let limit = JsonSchema::object([
        Property::new(
            "value",
            count().or_null().with_description("Current value."),
        ),
        Property::new("limit", count().or_null().with_description("Maximum.")),
        Property::new("unit", JsonSchema::names(units.map(LimitUnit::name))),
    ]);
    let fault = JsonSchema::object([
        Property::new("source", JsonSchema::string()),
        Property::new("error", JsonSchema::string()),
    ]);
    JsonSchema::object([
        Property::new("version", version_schema()),
        Property::new(
            "taken_at",
            JsonSchema::time().with_description("Time of the sample."),
        ),
        Property::new("host", host_schema()),
        Property::new(
            "sockets",
            count().with_description("Sockets in the sample."),
        ),
        Property::new("namespaces", namespace_counts_schema()),
        Property::new(
            "used",
            count().or_null().with_description(
                "Sockets of all families in use. Kernel: sockets: used of sockstat.",
            ),
        ),
        Property::new(
            "protocols",
            JsonSchema::list(protocol).with_description("Sockets by protocol and family."),
        ),
        Property::new(
            "limits",
            JsonSchema::map(limit).with_description("Limits by id."),
        ),
        Property::new(
            "counters",
            JsonSchema::map(JsonSchema::integer())
                .with_description("Counters since boot, by the kernel's names."),
        ),
        Property::new(
            "faults",
            JsonSchema::list(fault).with_description("Parts of the sample that could not be read."),
        ),
    ])
    .with_description("The document of summary --json.")
}
