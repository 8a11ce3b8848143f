//! CSV read back by the rules that its documentation gives.

use libtest_mimic::Failed;
use serde_json::{Map, Value as Json, json};
use sockwatch::aggregate::Moment;
use sockwatch::export::csv;

use super::flat::{Flat, all_rows};

/// Fields of an owner, each a parallel list.
const OWNER: [&str; 5] = ["pid", "start_time", "comm", "name", "fds"];

/// The options for a file.
fn options(heading: bool) -> csv::CsvOptions {
    csv::CsvOptions {
        heading,
        for_terminal: false,
    }
}

/// All sockets of the moments.
pub(crate) fn written(moments: &[Moment]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, moment) in moments.iter().enumerate() {
        csv::write_with_time(moment, &all_rows(moment), options(at == 0), &mut out)
            .expect("a Vec takes everything");
    }
    out
}

/// The columns with the parallel lists of owners as one.
pub(crate) fn columns(bytes: &[u8]) -> Vec<String> {
    let mut reader = ::csv::Reader::from_reader(bytes);
    let headers = reader.headers().expect("a heading");
    let mut columns = Vec::new();
    for header in headers {
        match header.strip_suffix("owners_pid") {
            Some(before) => columns.push(format!("{before}owners")),
            None if header.contains("owners_") => {}
            None => columns.push(header.to_owned()),
        }
    }
    columns
}

/// The rows, with values of the types that JSON has there.
pub(crate) fn rows(bytes: &[u8], expected: &[Flat]) -> Result<Vec<Flat>, Failed> {
    let mut reader = ::csv::Reader::from_reader(bytes);
    let headers = reader.headers()?.clone();
    let mut rows = Vec::new();
    for (record, expected) in reader.records().zip(expected) {
        let record = record?;
        let cells = headers.iter().zip(&record);
        let mut cells: Vec<(&str, &str)> = cells.collect();
        let mut row = Flat::new();
        for list in ["owners", "peer_owners"] {
            row.insert(list.to_owned(), owners(list, &mut cells)?);
        }
        for (name, cell) in cells {
            let like = match name {
                "pid" => &json!(0),
                name => expected.get(name).unwrap_or(&Json::Null),
            };
            row.insert(name.to_owned(), decode(cell, like)?);
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Takes the parallel lists out of the cells.
fn owners(list: &str, cells: &mut Vec<(&str, &str)>) -> Result<Json, Failed> {
    let mut columns = Vec::new();
    for field in OWNER {
        let name = format!("{list}_{field}");
        let at = cells.iter().position(|(header, _)| *header == name);
        let (_, cell) = cells.remove(at.ok_or_else(|| format!("no column {name}"))?);
        columns.push(split(cell));
    }
    let mut owners = Vec::new();
    for at in 0..columns[0].len() {
        let mut owner = Map::new();
        for (field, column) in OWNER.iter().zip(&columns) {
            assert_eq!(column.len(), columns[0].len(), "the lists are parallel");
            let element = column[at];
            let value = match *field {
                "comm" | "name" => json!(unescaped(element)?),
                "fds" => element.split(',').map(number).collect::<Result<_, _>>()?,
                _ => number(element)?,
            };
            owner.insert((*field).to_owned(), value);
        }
        owners.push(Json::Object(owner));
    }
    Ok(Json::Array(owners))
}

/// The elements of a list.
fn split(cell: &str) -> Vec<&str> {
    if cell.is_empty() {
        return Vec::new();
    }
    cell.split(' ').collect()
}

fn unescaped(element: &str) -> Result<String, Failed> {
    if element == "\"\"" {
        return Ok(String::new());
    }
    Ok(serde_json::from_str(&format!("\"{element}\""))?)
}

fn number(text: &str) -> Result<Json, Failed> {
    Ok(json!(text.parse::<u64>()?))
}

/// The value of a cell, of the type that JSON has.
fn decode(cell: &str, like: &Json) -> Result<Json, Failed> {
    Ok(match (cell, like) {
        ("", _) => Json::Null,
        ("[]", Json::Array(_)) => json!([]),
        ("{}", Json::Object(_)) => json!({}),
        (_, Json::Array(_)) => {
            let elements = cell.split(' ').map(unescaped);
            json!(elements.collect::<Result<Vec<_>, _>>()?)
        }
        (_, Json::Object(_)) => {
            let mut map = Map::new();
            for element in cell.split(' ') {
                let (name, value) = element.split_once('=').ok_or("name=value")?;
                let value = match value {
                    "" => Json::Null,
                    value => number(value)?,
                };
                map.insert(unescaped(name)?, value);
            }
            Json::Object(map)
        }
        (_, Json::Bool(_)) => json!(cell.parse::<bool>()?),
        (_, Json::Number(like)) if like.is_f64() => json!(cell.parse::<f32>()?),
        (_, Json::Number(_)) => number(cell)?,
        (_, Json::String(_) | Json::Null) => json!(cell),
    })
}
