//! JSON, CSV and Parquet have the same content: every kind of socket is exported in all three, read back and compared
//! value by value. The JSON objects, flattened by the documented rules, say what the other two must have.

#![expect(
    clippy::unnecessary_wraps,
    reason = "each test is called in the same way"
)]

use std::collections::BTreeSet;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value as Json, json};
use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::export::json::{line_schema, write_document, write_lines};
use sockwatch::model::Socket;
use sockwatch::source::netlink::datagram::decode_datagram;

mod csv_table;
mod every_kind;
mod flat;
#[cfg(feature = "parquet")]
mod parquet_table;
use crate::support::Machine;
use crate::support::dumps::{protocol, recorded};
use crate::support::requirements::{Requirement, trial};
use flat::{DERIVED, Flat, all_rows, flat_lines, lines_with_time};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial(
            "every kind of socket has a value in every field",
            &[],
            every_field_has_a_value,
        ),
        trial("list --json has the objects of --jsonl", &[], document),
        trial("every kind of socket fits the schema", &[], fits_the_schema),
        trial("CSV has the values of JSON", &[], || {
            same_in_csv(&every_kind::moments())
        }),
        trial("CSV has the values of JSON on a busy machine", &[], || {
            same_in_csv(&crate::support::machine::moments(3, Machine::default()))
        }),
        trial("CSV has the values of JSON from a real kernel", &[], || {
            same_in_csv(&[real_sockets()])
        }),
        trial("a difference is found", &[], differences_are_found),
    ];
    #[cfg(feature = "parquet")]
    trials.extend([
        trial("Parquet has the values of JSON", &[], || {
            same_in_parquet(&every_kind::moments())
        }),
        trial(
            "Parquet has the values of JSON on a busy machine",
            &[],
            || same_in_parquet(&crate::support::machine::moments(3, Machine::default())),
        ),
        trial(
            "Parquet has the values of JSON from a real kernel",
            &[],
            || same_in_parquet(&[real_sockets()]),
        ),
        trial("CSV and Parquet have the same columns", &[], same_columns),
        trial(
            "pyarrow reads the values of JSON",
            &[Requirement::Pyarrow],
            || same_in_python(parquet_table::PYARROW),
        ),
        trial(
            "DuckDB reads the values of JSON",
            &[Requirement::Duckdb],
            || same_in_python(parquet_table::DUCKDB),
        ),
    ]);
    trials
}

/// A moment of dumps recorded from a real kernel.
fn real_sockets() -> Moment {
    let mut moment = Moment::default();
    let table = &mut moment.sample.sockets;
    for name in ["tcp", "tcp6", "udp", "udp6", "unix", "netlink", "packet"] {
        for datagram in recorded(name) {
            decode_datagram(&datagram, None, protocol(name), 1, table);
        }
    }
    assert!(table.len() > 40, "{}", table.len());
    moment.derive(&mut Aggregator::new());
    moment
}

fn every_field_has_a_value() -> Result<(), Failed> {
    let rows = flat_lines(&every_kind::moments());
    let (mut with_value, mut all) = (BTreeSet::new(), BTreeSet::new());
    for (name, value) in rows.iter().flatten() {
        all.insert(name);
        if !value.is_null() && *value != json!([]) {
            with_value.insert(name);
        }
    }
    let without: Vec<_> = all.difference(&with_value).collect();
    assert!(without.is_empty(), "no socket has {without:?}");
    // What the schema declares is exported without being named.
    for scalar in Socket::SCALARS {
        let values = || rows.iter().map(|row| &row[scalar.field.id]);
        assert!(values().any(Json::is_null), "{}", scalar.field.id);
        let is_type = |value: &Json| match scalar.bits {
            1 => value.is_boolean(),
            _ => value.is_u64(),
        };
        assert!(values().any(is_type), "{}", scalar.field.id);
    }
    for name in [
        "unix", "netlink", "packet", "vsock", "tipc", "xdp", "inet", "inet6",
    ] {
        assert!(rows.iter().any(|row| row["family"] == name), "{name}");
    }
    Ok(())
}

fn document() -> Result<(), Failed> {
    let moments = every_kind::moments();
    let moment = moments.last().ok_or("two moments")?;
    let (mut document, mut lines) = (Vec::new(), Vec::new());
    write_document(moment, &all_rows(moment), &mut document)?;
    write_lines(moment, &all_rows(moment), &mut lines)?;
    let document: Json = serde_json::from_slice(&document)?;
    let lines: Result<Vec<Json>, _> = serde_json::Deserializer::from_slice(&lines)
        .into_iter()
        .collect();
    let lines = lines?;
    assert_eq!(document["sockets"], Json::Array(lines.clone()));
    let timed = lines_with_time(std::slice::from_ref(moment));
    for (mut timed, line) in timed.into_iter().zip(lines) {
        assert_eq!(timed.remove("taken_at"), Some(document["taken_at"].clone()));
        assert_eq!(Json::Object(timed), line);
    }
    Ok(())
}

fn fits_the_schema() -> Result<(), Failed> {
    let schema: Json = serde_json::from_str(&line_schema().to_document())?;
    let validator = jsonschema::validator_for(&schema)?;
    for line in lines_with_time(&every_kind::moments()) {
        let line = Json::Object(line);
        validator
            .validate(&line)
            .map_err(|error| format!("{}: {error}", error.instance_path()))?;
    }
    Ok(())
}

/// Holds the rows of a table against flattened JSON. A column that JSON does not have in a row is missing there.
fn compare(expected: Vec<Flat>, rows: Vec<Flat>) -> Result<(), Failed> {
    if expected.len() != rows.len() {
        return Err(format!("{} objects and {} rows", expected.len(), rows.len()).into());
    }
    for (at, (expected, mut row)) in expected.into_iter().zip(rows).enumerate() {
        for (name, expected) in expected {
            let value = row
                .remove(&name)
                .ok_or_else(|| format!("row {at} has no {name}, which JSON has: {expected}"))?;
            if !is_same(&value, &expected) {
                return Err(format!("{name} of row {at} is {value}, in JSON {expected}").into());
            }
        }
        row.retain(|name, value| {
            !DERIVED.contains(&name.as_str()) && !value.is_null() && *value != json!([])
        });
        if !row.is_empty() {
            return Err(format!("JSON has nothing of {row:?} in row {at}").into());
        }
    }
    Ok(())
}

/// Compares two values. A rate has 32 bits, and as many digits in JSON as distinguish it from others.
fn is_same(value: &Json, expected: &Json) -> bool {
    match (value, expected) {
        (Json::Number(value), Json::Number(expected)) if value.is_f64() || expected.is_f64() => {
            let single = |number: &serde_json::Number| number.as_f64().map(|number| number as f32);
            single(value) == single(expected)
        }
        (value, expected) => value == expected,
    }
}

fn same_in_csv(moments: &[Moment]) -> Result<(), Failed> {
    let expected = flat_lines(moments);
    let rows = csv_table::rows(&csv_table::written(moments), &expected)?;
    compare(expected, rows)
}

/// Columns that follow from others are the first owner's, in CSV and Parquet alike.
fn check_derived(rows: &[Flat]) {
    for row in rows {
        let owner = &row["owners"][0];
        assert_eq!(row["pid"], owner["pid"]);
        // In CSV an empty name is as empty as none.
        let name = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        assert_eq!(name(&row["process"]), name(&owner["comm"]));
    }
}

#[cfg(feature = "parquet")]
fn same_in_parquet(moments: &[Moment]) -> Result<(), Failed> {
    let rows = parquet_table::rows(&parquet_table::written(moments));
    check_derived(&rows);
    compare(flat_lines(moments), rows)
}

#[cfg(feature = "parquet")]
fn same_columns() -> Result<(), Failed> {
    let moments = every_kind::moments();
    let csv = csv_table::columns(&csv_table::written(&moments));
    let parquet = parquet_table::columns(&parquet_table::written(&moments));
    assert_eq!(csv, parquet, "in the same order, owners as one");
    Ok(())
}

#[cfg(feature = "parquet")]
fn same_in_python(script: &str) -> Result<(), Failed> {
    let moments = every_kind::moments();
    let rows = parquet_table::rows_by_python(script, &parquet_table::written(&moments))?;
    compare(flat_lines(&moments), rows)
}

/// The comparison itself: it has to fail for any value and any column.
fn differences_are_found() -> Result<(), Failed> {
    let moments = every_kind::moments();
    let expected = flat_lines(&moments);
    let rows = csv_table::rows(&csv_table::written(&moments), &expected)?;
    check_derived(&rows);
    compare(expected.clone(), rows.clone())?;
    let names: BTreeSet<&String> = expected.iter().flat_map(Flat::keys).collect();
    for name in names {
        let place = expected
            .iter()
            .position(|row| row.get(name).is_some_and(|value| !value.is_null()))
            .ok_or("a row that has it")?;
        let mut lacking = rows.clone();
        lacking[place].remove(name);
        assert!(compare(expected.clone(), lacking).is_err(), "{name}");
        let mut other = rows.clone();
        other[place].insert(name.clone(), json!("other"));
        assert!(compare(expected.clone(), other).is_err(), "{name}");
    }
    let mut more = rows.clone();
    more[0].insert("more".into(), json!(1));
    assert!(compare(expected, more).is_err());
    Ok(())
}
