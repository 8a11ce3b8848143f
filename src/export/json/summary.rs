//! Counts and limits as one JSON document.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::timestamp;
use crate::aggregate::{Moment, Summary};
use crate::model::State;

/// Writes the document of `summary --json`.
///
/// # Errors
/// What the writer says.
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
        "version": super::VERSION,
        "taken_at": timestamp(sample.taken_at_us),
        "host": {
            "hostname": sample.host.hostname,
            "kernel": sample.host.kernel,
            "boot_id": sample.host.boot_id,
        },
        "sockets": moment.aggregate.totals.sockets,
        "used": summary.used,
        "protocols": protocols,
        "limits": limits,
        "counters": counters,
        "faults": sample.faults.iter().filter(|fault| fault.hides_data()).map(|fault| {
            json!({"source": fault.source, "error": fault.error})
        }).collect::<Vec<Value>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}
