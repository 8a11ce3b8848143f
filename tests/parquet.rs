//! Sockets as Parquet, read back: by the library that wrote them, and by `pyarrow` and `duckdb` where they are installed.

#![expect(
    clippy::unnecessary_wraps,
    reason = "each test is called in the same way"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed};
use parquet::file::metadata::{KeyValue, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::parser::parse_message_type;
use serde_json::{Map, Value as Json, json};
use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::export::json::write_lines_with_time;
use sockwatch::export::parquet::Writer;
use sockwatch::model::{
    Attribution, Ends, Family, Holder, Process, ProcessKey, ProcessRow, Protocol, Socket,
    SocketTable, State, TcpInfo, Timer, TimerKind,
};
use sockwatch::source::Source;
use sockwatch::source::netlink::datagram::decode_datagram;

mod support;

use support::Machine;
use support::dumps::{protocol, recorded};
use support::requirements::{Requirement, trial};

/// Rows in a row group.
const GROUP: usize = 64 * 1024;

fn main() {
    let arguments = Arguments::from_args();
    let trials = vec![
        trial("each row is the JSON object, flattened", &[], same_as_json),
        trial(
            "what the kernel tells of every family and algorithm arrives",
            &[],
            oddities,
        ),
        trial("the sockets of a real kernel arrive", &[], real_sockets),
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
    ];
    libtest_mimic::run(&arguments, trials).exit();
}

/// So many moments of the machine made by hand.
fn moments(count: usize, machine: Machine) -> Vec<Moment> {
    let (mut machine, mut aggregator) = (machine, Aggregator::new());
    (0..count)
        .map(|_| {
            let mut moment = Moment::default();
            machine
                .next_into(&mut moment.sample)
                .expect("it always has a Sample");
            moment.derive(&mut aggregator);
            moment
        })
        .collect()
}

fn rows(moment: &Moment) -> Vec<u32> {
    (0..moment.sample.sockets.rows.len() as u32).collect()
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

/// A value as JSON has it.
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

/// The JSON object with the names that columns have.
fn flattened(object: &Map<String, Json>) -> BTreeMap<String, Json> {
    let mut out = BTreeMap::new();
    for (name, value) in object {
        let parts = match name.as_str() {
            "local" | "remote" | "peer" | "tcp" | "mptcp" | "memory" | "timer" | "cgroup"
            | "rates" => value.as_object().cloned().unwrap_or_default(),
            _ => Map::from_iter([(name.clone(), value.clone())]),
        };
        for (part, value) in parts {
            let column = match (name.as_str(), part.as_str()) {
                (_, "path") if name != "cgroup" => "path".to_owned(),
                ("cgroup", "path") => "cgroup".to_owned(),
                ("timer", "kind") => "timer".to_owned(),
                ("rates", part) => part.to_owned(),
                (whole, part) if whole == part => part.to_owned(),
                (whole, part) => format!("{whole}_{part}"),
            };
            out.insert(column, value);
        }
    }
    let owner = object["owners"].get(0).cloned().unwrap_or(Json::Null);
    out.insert("pid".into(), owner["pid"].clone());
    out.insert("process".into(), owner["comm"].clone());
    out.entry("peer_owners".into()).or_insert_with(|| json!([]));
    out
}

/// Holds every cell of a file against the JSON of the same moments.
fn hold_against_json(moments: &[Moment]) {
    let mut lines = Vec::new();
    for moment in moments {
        write_lines_with_time(moment, &rows(moment), &mut lines).expect("a Vec takes everything");
    }
    let lines = String::from_utf8(lines).expect("JSON is text");
    let file = opened(&written(moments));
    let mut rows = file.get_row_iter(None).expect("it has rows");
    for line in lines.lines() {
        let object: Map<String, Json> = serde_json::from_str(line).expect("a JSON object");
        let mut expected = flattened(&object);
        let row = rows.next().expect("as many rows").expect("a row");
        for (name, field) in row.get_column_iter() {
            let expected = expected.remove(name).unwrap_or(Json::Null);
            // A rate has 32 bits, and as many digits in JSON as it takes to tell it.
            match field {
                Field::Float(rate) => {
                    let expected = expected.as_f64().expect("a rate");
                    assert_eq!(*rate, expected as f32, "{name} of {line}");
                }
                field => assert_eq!(as_json(field), expected, "{name} of {line}"),
            }
        }
        expected.retain(|_, value| !value.is_null());
        assert!(expected.is_empty(), "no column has {expected:?}");
    }
    assert!(rows.next().is_none(), "as many rows");
}

fn same_as_json() -> Result<(), Failed> {
    hold_against_json(&moments(3, Machine::default()));
    Ok(())
}

/// A connection with what its congestion control reports.
fn congested(cookie: u64, algorithm: &[u8], report: &[u8], table: &mut SocketTable) -> Socket {
    let unspecified = sockwatch::model::Endpoint::UNSPECIFIED;
    let ends = Ends::Inet {
        local: sockwatch::model::Endpoint {
            port: 9,
            ..unspecified
        },
        remote: unspecified,
    };
    let state = State::Established;
    let mut socket = Socket::new(1, cookie, Family::Inet, Protocol::Tcp, state, ends);
    socket.congestion = table.name_index(algorithm);
    // As much of tcp_info and of the memory as an old kernel tells.
    let info: Vec<u8> = (0..=103).collect();
    socket.blob = table
        .push_blob(&info, &[1; 32], report, b"tls")
        .expect("there is room");
    socket
}

fn oddities() -> Result<(), Failed> {
    let mut moment = Moment::default();
    let sample = &mut moment.sample;
    sample.taken_at_us = 1_795_205_647_123_456;
    sample.interfaces = vec![(7, "eth7".into())];
    sample.cgroups = vec![(77, "/system.slice".into())];
    for pid in [3, 4] {
        let key = ProcessKey { pid, start_time: 5 };
        let mut process = Process::new(key);
        process.comm = format!("\u{6570} {pid}");
        sample.processes.push(ProcessRow {
            process: Arc::new(process),
            descriptors: None,
            kinds: None,
            activity: None,
        });
    }
    // Two processes, the first with two descriptors.
    for (process, fd) in [(0, 8), (0, 9), (1, 8)] {
        sample.holders.push(Holder { process, fd });
    }
    let table = &mut sample.sockets;
    for (cookie, (algorithm, report)) in (10..).zip([
        (&b"bbr"[..], &[7; 20][..]),
        (b"bbr", &[7; 9]),
        (b"dctcp", &[7; 16]),
        (b"vegas", &[7; 16]),
        (b"cubic", &[7; 3]),
        (b"cubic", &[]),
    ]) {
        let socket = congested(cookie, algorithm, report, table);
        table.rows.push(socket);
    }
    let shared = &mut table.rows[1];
    (shared.holders_at, shared.holders_len) = (0, 3);
    shared.attribution = Attribution::Observed;
    (shared.options, shared.v6only, shared.mark) = (Some(0b101), Some(true), Some(u32::MAX));
    (shared.tos, shared.tclass, shared.shutdown) = (Some(255), Some(1), Some(3));
    (shared.class_id, shared.raw_protocol, shared.cgroup_id) = (Some(1), Some(255), 77);
    shared.timer = Some(Timer {
        expires_ms: u32::MAX,
        kind: TimerKind::Probe,
        retries: 255,
    });
    table.rows[2].options = Some(0);
    table.rows[2].cgroup_id = u64::MAX;
    let blob = table.push_blob(&[3; 96], &[], &[], b"").expect("room");
    let mut above = Socket {
        protocol: Protocol::Mptcp,
        blob,
        ..table.rows[0]
    };
    above.cookie = Socket::SURROGATE_COOKIE | 0x20;
    table.rows.push(above);
    for (family, ends) in [
        (Family::Netlink, (0, 0, 0)),
        (Family::Netlink, (u32::MAX, 5, 1)),
    ]
    .map(|(family, (port_id, remote_port_id, remote_group))| {
        let ends = Ends::Netlink {
            port_id,
            remote_port_id,
            remote_group,
        };
        (family, ends)
    })
    .into_iter()
    .chain([
        (Family::Packet, Ends::Packet { ethertype: 3 }),
        (Family::Vsock, vsock((2, 1024), (3, 5))),
        (Family::Vsock, vsock((2, 1024), (u32::MAX, u32::MAX))),
        (
            Family::Unix,
            Ends::Unix {
                peer_inode: Some(30),
                vfs: None,
                pending: 0,
            },
        ),
    ]) {
        let protocol = match family {
            Family::Netlink => Protocol::Netlink(16),
            _ => Protocol::Dgram,
        };
        let cookie = 30 + table.rows.len() as u64;
        let mut socket = Socket::new(1, cookie, family, protocol, State::Closed, ends);
        socket.interface = 7;
        // The unix socket is its own peer.
        socket.inode = if family == Family::Unix { 30 } else { 0 };
        table.rows.push(socket);
    }
    moment.derive(&mut Aggregator::new());
    hold_against_json(&[moment]);
    Ok(())
}

fn vsock(local: (u32, u32), remote: (u32, u32)) -> Ends {
    Ends::Vsock { local, remote }
}

fn real_sockets() -> Result<(), Failed> {
    let mut moment = Moment::default();
    let table = &mut moment.sample.sockets;
    for name in ["tcp", "tcp6", "udp", "udp6", "unix", "netlink", "packet"] {
        for datagram in recorded(name) {
            decode_datagram(&datagram, None, protocol(name), 1, table);
        }
    }
    assert!(table.rows.len() > 40, "{}", table.rows.len());
    moment.derive(&mut Aggregator::new());
    hold_against_json(&[moment]);
    Ok(())
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

/// Takes so many bytes, and then nobody reads any more.
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
        .find(|&row| last.sample.sockets.rows[row].cookie == 111)
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
