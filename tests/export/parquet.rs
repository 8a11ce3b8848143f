//! The Parquet file: row groups, the end of the file, errors, and the types that `pyarrow` and `duckdb` read where they
//! are installed. `export_parity` compares the values with JSON and CSV.

#![expect(
    clippy::unnecessary_wraps,
    reason = "each test is called in the same way"
)]

use std::fs::File;
use std::io::{self, Write};
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use parquet::file::metadata::{KeyValue, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::parser::parse_message_type;
use sockwatch::aggregate::Moment;
use sockwatch::export::parquet::Writer;
use sockwatch::model::TcpInfo;

use crate::support::Machine;
use crate::support::machine::moments;
use crate::support::requirements::{Requirement, trial};

/// Rows in a row group.
const GROUP: usize = 64 * 1024;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "many rows make groups of a bounded number",
            &[],
            many_make_groups,
        ),
        trial("a file without rows is whole", &[], empty),
        trial("what the writer below says is told", &[], a_closed_pipe),
        trial(
            "pyarrow reads the types and the values",
            &[Requirement::Pyarrow],
            pyarrow,
        ),
        trial(
            "DuckDB reads the types and the values",
            &[Requirement::Duckdb],
            duckdb,
        ),
    ]
}

fn rows(moment: &Moment) -> Vec<u32> {
    (0..moment.sample.sockets.len() as u32).collect()
}

/// Writes all sockets of the moments.
fn write(moments: &[Moment], out: impl Write + Send) -> io::Result<()> {
    let mut writer = Writer::new(out)?;
    for moment in moments {
        writer.add(moment, &rows(moment))?;
    }
    writer.finish()
}

fn written(moments: &[Moment]) -> Vec<u8> {
    let mut file = Vec::new();
    write(moments, &mut file).expect("a Vec takes everything");
    file
}

fn opened(bytes: &[u8]) -> SerializedFileReader<File> {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("there is room");
    SerializedFileReader::new(file).expect("it is a Parquet file")
}

fn many_make_groups() -> Result<(), Failed> {
    let machine = Machine {
        many: 30_000,
        ..Machine::default()
    };
    let moments = moments(3, machine);
    let file = opened(&written(&moments));
    let sockets: usize = moments.iter().map(|moment| rows(moment).len()).sum();
    assert!(sockets > GROUP);
    let groups = file.metadata().row_groups().iter();
    let groups: Vec<i64> = groups.map(RowGroupMetaData::num_rows).collect();
    assert_eq!(groups, [GROUP as i64, (sockets - GROUP) as i64]);
    let only = "message sockets { optional int64 cookie (INTEGER(64,false)); }";
    let only = parse_message_type(only)?;
    let mut cookies = file.get_row_iter(Some(only))?;
    for moment in &moments {
        for socket in moment.sample.iter() {
            let row = cookies.next().expect("as many rows")?;
            let (_, cookie) = row.get_column_iter().next().expect("a column");
            assert_eq!(*cookie, Field::ULong(socket.socket.cookie));
        }
    }
    assert!(cookies.next().is_none());
    Ok(())
}

fn empty() -> Result<(), Failed> {
    let file = opened(&written(&[]));
    assert_eq!(file.metadata().file_metadata().num_rows(), 0);
    let file = opened(&written(&moments(1, Machine::default())));
    let about = file.metadata().file_metadata().key_value_metadata();
    let host = KeyValue::new("hostname".to_owned(), "web-3".to_owned());
    assert!(about.expect("it tells the host").contains(&host));
    Ok(())
}

/// A writer that accepts a number of bytes and then fails.
struct Pipe(usize);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn a_closed_pipe() -> Result<(), Failed> {
    let moments = moments(2, Machine::default());
    let whole = written(&moments).len();
    for room in (0..whole).step_by(97) {
        let error = write(&moments, Pipe(room)).expect_err("there is no room for all of it");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{error}");
    }
    Ok(())
}

/// Runs a script of Python's over a file of three moments; what it prints.
fn python(script: &str) -> Result<String, Failed> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("sockets.parquet");
    std::fs::write(&path, written(&moments(3, Machine::default())))?;
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(&path)
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Ok(String::from_utf8(output.stdout)?)
}

/// What a script has to print about the same file: the number of rows, and the last connection of the web server.
fn expected_values() -> String {
    let moments = moments(3, Machine::default());
    let count: usize = moments.iter().map(|moment| rows(moment).len()).sum();
    let last = moments.last().expect("there are three");
    let rows = rows(last);
    let at = rows
        .iter()
        .map(|&row| row as usize)
        .find(|&row| last.sample.sockets[row].cookie == 111)
        .expect("the machine has it");
    let view = last.sample.socket(at).expect("a row");
    let acked = view
        .tcp_info()
        .and_then(TcpInfo::bytes_acked)
        .expect("counted");
    let local = view.socket.local().expect("an internet socket");
    let comm = &view.owner().expect("an owner").process.comm;
    format!(
        "{count}\n{}\n{} {} {acked} {comm}\n",
        last.sample.taken_at_us, local.address, local.port
    )
}

fn pyarrow() -> Result<(), Failed> {
    let said = python(
        r#"
import sys, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
for name in ["taken_at", "cookie", "state", "local_port", "timer_retries", "tcp_total_rto", "tcp_rtt", "tcp_bytes_acked", "received_bytes_per_s", "v6only", "owners", "options"]:
    print(name, table.schema.field(name).type)
map = table.schema.field("congestion_info").type
print("congestion_info", map.key_type, map.item_type)
print(table.num_rows)
rows = [row for row in table.to_pylist() if row["cookie"] == 111]
row = max(rows, key=lambda row: row["taken_at"])
print(table.column("taken_at").cast("int64").to_pylist()[-1])
print(row["local_address"], row["local_port"], row["tcp_bytes_acked"], row["owners"][0]["comm"])
"#,
    )?;
    let types = "\
taken_at timestamp[us, tz=UTC]
cookie uint64
state string
local_port uint32
timer_retries uint8
tcp_total_rto uint16
tcp_rtt uint32
tcp_bytes_acked uint64
received_bytes_per_s float
v6only bool
owners list<element: struct<pid: uint32 not null, start_time: uint64 not null, comm: string not null, fds: list<element: uint32 not null> not null> not null>
options list<element: string not null>
congestion_info string uint64
";
    assert_eq!(said, format!("{types}{}", expected_values()));
    Ok(())
}

fn duckdb() -> Result<(), Failed> {
    let said = python(
        r#"
import sys, duckdb
duckdb.sql("set timezone = 'UTC'")
file = duckdb.read_parquet(sys.argv[1])
types = dict(zip(file.columns, file.types))
for name in ["taken_at", "cookie", "state", "local_port", "timer_retries", "tcp_total_rto", "tcp_rtt", "tcp_bytes_acked", "received_bytes_per_s", "v6only", "owners", "congestion_info", "options"]:
    print(name, str(types[name]).replace(chr(34), ''))
print(duckdb.sql("select count(*) from file").fetchall()[0][0])
print(duckdb.sql("select epoch_us(max(taken_at)) from file").fetchall()[0][0])
print(*duckdb.sql("select local_address, local_port, tcp_bytes_acked, owners[1].comm from file where cookie = 111 order by taken_at desc limit 1").fetchall()[0])
"#,
    )?;
    let types = "\
taken_at TIMESTAMP WITH TIME ZONE
cookie UBIGINT
state VARCHAR
local_port UINTEGER
timer_retries UTINYINT
tcp_total_rto USMALLINT
tcp_rtt UINTEGER
tcp_bytes_acked UBIGINT
received_bytes_per_s FLOAT
v6only BOOLEAN
owners STRUCT(pid UINTEGER, start_time UBIGINT, comm VARCHAR, fds UINTEGER[])[]
congestion_info MAP(VARCHAR, UBIGINT)
options VARCHAR[]
";
    assert_eq!(said, format!("{types}{}", expected_values()));
    Ok(())
}
