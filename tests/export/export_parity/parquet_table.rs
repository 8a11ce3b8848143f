//! Parquet read back: by the library that wrote it, by pyarrow and by `DuckDB`.

use std::fs::File;
use std::io::Write;
use std::process::Command;

use libtest_mimic::Failed;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value as Json, json};
use sockwatch::aggregate::Moment;
use sockwatch::export::parquet::Writer;

use super::flat::{Flat, all_rows};

/// All sockets of the moments.
pub(crate) fn written(moments: &[Moment]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = Writer::new(&mut file).expect("a Vec takes everything");
    for moment in moments {
        writer
            .add(moment, &all_rows(moment))
            .expect("a Vec takes everything");
    }
    writer.finish().expect("a Vec takes everything");
    file
}

fn opened(bytes: &[u8]) -> SerializedFileReader<File> {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("there is room");
    SerializedFileReader::new(file).expect("it is a Parquet file")
}

/// The columns, nested ones as one.
pub(crate) fn columns(bytes: &[u8]) -> Vec<String> {
    let file = opened(bytes);
    let schema = file.metadata().file_metadata().schema();
    let fields = schema.get_fields().iter();
    fields.map(|field| field.name().to_owned()).collect()
}

/// The rows, with values as JSON has them.
pub(crate) fn rows(bytes: &[u8]) -> Vec<Flat> {
    let file = opened(bytes);
    let rows = file.get_row_iter(None).expect("it has rows");
    rows.map(|row| {
        let row = row.expect("a row");
        let columns = row.get_column_iter();
        columns
            .map(|(name, field)| (name.clone(), as_json(field)))
            .collect()
    })
    .collect()
}

fn as_json(field: &Field) -> Json {
    match field {
        Field::Null => Json::Null,
        Field::Bool(value) => json!(value),
        Field::UByte(value) => json!(value),
        Field::UShort(value) => json!(value),
        Field::UInt(value) => json!(value),
        Field::ULong(value) => json!(value),
        Field::Float(value) => json!(value),
        Field::Str(text) => json!(text),
        Field::TimestampMicros(us) => {
            let at = jiff::Timestamp::from_microsecond(*us).expect("a time");
            json!(format!("{at:.6}"))
        }
        Field::Group(row) => row
            .get_column_iter()
            .map(|(name, field)| (name.clone(), as_json(field)))
            .collect(),
        Field::ListInternal(list) => list.elements().iter().map(as_json).collect(),
        Field::MapInternal(map) => {
            let entries = map.entries().iter();
            let entry = |(name, value): &(Field, Field)| match name {
                Field::Str(name) => (name.clone(), as_json(value)),
                other => panic!("{other:?} is no name"),
            };
            entries.map(entry).collect()
        }
        other => panic!("a column has another type: {other:?}"),
    }
}

/// Prints each row as a line of JSON, with times as in JSON.
const PRINT: &str = r#"
import json
def printed(row):
    row = dict(row)
    row["taken_at"] = row["taken_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if row["congestion_info"] is not None:
        row["congestion_info"] = dict(row["congestion_info"])
    print(json.dumps(row))
"#;

/// Reads the file of the first argument by pyarrow.
pub(crate) const PYARROW: &str = r"
import sys, pyarrow.parquet as pq
for row in pq.read_table(sys.argv[1]).to_pylist():
    printed(row)
";

/// Reads the file back by `DuckDB`.
pub(crate) const DUCKDB: &str = r#"
import sys, duckdb
duckdb.sql("set timezone = 'UTC'")
file = duckdb.sql("select * replace (taken_at at time zone 'UTC' as taken_at) from read_parquet($1)", params=[sys.argv[1]])
for row in file.fetchall():
    printed(zip(file.columns, row))
"#;

/// The rows as a script of Python's reads them.
pub(crate) fn rows_by_python(script: &str, bytes: &[u8]) -> Result<Vec<Flat>, Failed> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("sockets.parquet");
    std::fs::write(&path, bytes)?;
    let output = Command::new("python3")
        .args(["-c", &format!("{PRINT}{script}")])
        .arg(&path)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout)?;
    let rows: Result<Vec<Flat>, _> = lines.lines().map(serde_json::from_str).collect();
    Ok(rows?)
}
