//! JSON objects with the names that columns have.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use sockwatch::aggregate::Moment;
use sockwatch::export::json::write_lines_with_time;

/// A row: values by column.
pub(crate) type Flat = BTreeMap<String, Json>;

/// Columns that JSON does not have, for they follow from its `owners`.
pub(crate) const DERIVED: [&str; 2] = ["pid", "process"];

/// Objects of which nothing but the parts is a column.
const RECORDS: [&str; 16] = [
    "local",
    "remote",
    "peer",
    "real_peer",
    "seen_as",
    "cgroup",
    "container",
    "pod",
    "timer",
    "tcp",
    "mptcp",
    "sctp",
    "sctp_options",
    "tls",
    "memory",
    "rates",
];

pub(crate) fn all_rows(moment: &Moment) -> Vec<u32> {
    (0..moment.sample.sockets.len() as u32).collect()
}

/// The objects of all sockets of the moments.
pub(crate) fn lines_with_time(moments: &[Moment]) -> Vec<Map<String, Json>> {
    let mut lines = Vec::new();
    for moment in moments {
        write_lines_with_time(moment, &all_rows(moment), &mut lines)
            .expect("a Vec takes everything");
    }
    let lines = String::from_utf8(lines).expect("JSON is text");
    let object = |line| serde_json::from_str(line).expect("a JSON object");
    lines.lines().map(object).collect()
}

/// The same, flattened.
pub(crate) fn flat_lines(moments: &[Moment]) -> Vec<Flat> {
    lines_with_time(moments).iter().map(flattened).collect()
}

/// An object with the names that columns have.
fn flattened(object: &Map<String, Json>) -> Flat {
    let mut flat = Flat::new();
    for (name, value) in object {
        if !RECORDS.contains(&name.as_str()) {
            let is_record = value.is_object() && name != "congestion_info";
            assert!(!is_record, "{name} is an object, flattened by no rule");
            flat.insert(name.clone(), value.clone());
            continue;
        }
        for (part, value) in value.as_object().into_iter().flatten() {
            let column = match (name.as_str(), part.as_str()) {
                ("timer", "kind") => "timer".to_owned(),
                ("cgroup", "path") => "cgroup".to_owned(),
                ("container" | "pod", "name") => name.clone(),
                ("rates", part) => part.to_owned(),
                (record, part) => format!("{record}_{part}"),
            };
            assert!(!value.is_object(), "{column} is an object");
            flat.insert(column, value.clone());
        }
    }
    // A list of owners is empty, never missing.
    flat.entry("peer_owners".into())
        .or_insert_with(|| json!([]));
    flat
}
