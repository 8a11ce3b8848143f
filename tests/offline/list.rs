//! `sockwatch list` in scripts and pipes: formats, standard error, exit status. Runs on sockets that the test opens, in the
//! namespace where it was started; `compare_ss` checks the values.

use std::fs::File;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockwatch"));
    command.arg("list").args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("it runs")
}

/// Runs `list` successfully without errors; returns its output.
fn output_of(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    // The host of the test may have others.
    let mut said = said
        .lines()
        .filter(|line| !line.contains("other network namespace"));
    assert_eq!(said.next(), None, "{arguments:?}");
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

/// A listener and both ends of a connection to it.
fn connection() -> (TcpListener, TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let client = TcpStream::connect(listener.local_addr().unwrap()).expect("it connects");
    let (server, _) = listener.accept().expect("it accepts");
    (listener, client, server)
}

fn port(stream: &TcpStream) -> u64 {
    stream.local_addr().unwrap().port().into()
}

/// The socket with this local port and state.
fn find(sockets: &[Json], port: u64, state: &str) -> Json {
    let is_it = |socket: &&Json| socket["local"]["port"] == port && socket["state"] == state;
    let found = sockets.iter().find(is_it);
    found
        .unwrap_or_else(|| panic!("no socket is {state} at {port}"))
        .clone()
}

/// Fields that scripts depend on.
const FIELDS: [&str; 31] = [
    "netns",
    "cookie",
    "inode",
    "family",
    "protocol",
    "state",
    "local",
    "remote",
    "peer",
    "interface",
    "recv_queue",
    "send_queue",
    "accept_queue",
    "backlog",
    "uid",
    "user",
    "owners",
    "unowned",
    "cgroup",
    "container",
    "pod",
    "unit",
    "timer",
    "tcp",
    "congestion",
    "memory",
    "options",
    "mark",
    "shutdown",
    "ulp",
    "rates",
];

#[test]
fn the_document_has_every_field_and_accounts_for_every_socket() {
    let (listener, client, _server) = connection();
    let document: Json = serde_json::from_str(&output_of(&["-ta", "--json"])).expect("it is JSON");
    assert_eq!(document["version"], 1);
    let taken_at = document["taken_at"].as_str().expect("a time");
    assert!(
        taken_at.ends_with('Z') && taken_at.contains('.'),
        "{taken_at}"
    );
    assert!(document["monotonic_ns"].as_u64() > Some(0));
    for field in ["hostname", "kernel", "boot_id"] {
        assert!(document["host"][field].is_string(), "{field}");
    }
    let sockets = document["sockets"].as_array().expect("sockets");
    let coverage = &document["coverage"];
    assert_eq!(coverage["sockets"], sockets.len());
    let reasons = coverage["unowned"].as_object().expect("reasons");
    let unowned: u64 = reasons.values().filter_map(Json::as_u64).sum();
    let owned = coverage["owned"].as_u64().expect("a number");
    assert_eq!(owned + unowned, sockets.len() as u64);

    for socket in sockets {
        for field in FIELDS {
            assert!(socket.get(field).is_some(), "{field} is missing: {socket}");
        }
        let owned = !socket["owners"].as_array().expect("a list").is_empty();
        assert_eq!(owned, socket["unowned"].is_null(), "{socket}");
    }

    let me = std::process::id();
    let listening = find(
        sockets,
        listener.local_addr().unwrap().port().into(),
        "listening",
    );
    assert_eq!(listening["remote"], Json::Null);
    assert_eq!(listening["recv_queue"], Json::Null);
    assert_eq!(listening["accept_queue"], 0);
    assert!(listening["backlog"].as_u64() > Some(0));
    assert_eq!(listening["owners"][0]["pid"], me);

    let opener = find(sockets, port(&client), "established");
    assert_eq!(opener["remote"]["address"], "127.0.0.1");
    assert_eq!(opener["accept_queue"], Json::Null);
    assert_eq!(opener["rates"], Json::Null, "a first sample has none");
    assert_eq!(opener["peer"]["owners"][0]["pid"], me, "the other end");
    assert!(opener["owners"][0]["start_time"].as_u64() > Some(0));
    assert!(opener["owners"][0]["fds"][0].as_u64() > Some(2));
    assert!(opener["tcp"]["rtt"].as_u64() > Some(0));
}

#[test]
fn json_lines_are_the_objects_of_the_document() {
    let (_listener, client, _server) = connection();
    let text = output_of(&["-t", "--jsonl"]);
    assert!(text.ends_with('\n'));
    let lines: Vec<Json> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    let line = find(&lines, port(&client), "established");
    let document: Json = serde_json::from_str(&output_of(&["-t", "--json"])).expect("it is JSON");
    let object = find(
        document["sockets"].as_array().expect("sockets"),
        port(&client),
        "established",
    );
    assert_eq!(line["cookie"], object["cookie"]);
    let names = |socket: &Json| socket.as_object().map(|map| map.keys().cloned().collect());
    let names = |socket| -> Vec<String> { names(socket).expect("an object") };
    assert_eq!(names(&line), names(&object));
}

#[test]
fn a_listener_has_no_values_of_a_connection() {
    let (listener, _client, _server) = connection();
    let local = listener.local_addr().unwrap().to_string();
    let text = output_of(&["-tai"]);
    let cells = |state: &str| -> Vec<&str> {
        let row = text.lines().find(|line| {
            let mut cells = line.split_whitespace();
            cells.any(|cell| cell == state) && cells.any(|cell| cell == local)
        });
        let row = row.unwrap_or_else(|| panic!("no {state} at {local} in {text}"));
        row.split_whitespace().collect()
    };
    let heading: Vec<&str> = text
        .lines()
        .next()
        .expect("one")
        .split_whitespace()
        .collect();
    let figures = ["RTT", "CWND", "ACKED", "RECEIVED", "RETRANS"];
    assert!(heading.ends_with(&figures), "{heading:?}");
    assert!(cells("LISTEN").ends_with(&["–"; 5]), "{text}");
    let established = cells("ESTAB");
    let measured = &established[established.len() - 3..];
    assert!(!measured.contains(&"–"), "{text}");
}

#[test]
fn csv_escapes_hostile_names() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a \"b\",\nc\x1b[31m");
    let _listener = UnixListener::bind(&path).expect("a listener");
    let text = output_of(&["-xl", "--csv"]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heading = reader.headers().expect("a heading").clone();
    let at = |name: &str| {
        let place = heading.iter().position(|field| field == name);
        place.unwrap_or_else(|| panic!("no field {name}"))
    };
    // The CSV reader rejects rows of another length than the heading.
    let rows: Vec<csv::StringRecord> = reader
        .records()
        .map(|row| row.expect("a whole row"))
        .collect();
    let own = rows
        .iter()
        .find(|row| row[at("local_path")].contains("a \"b\",\n"))
        .expect("it is there with its name");
    assert_eq!(own[at("owners_pid")], std::process::id().to_string());
    assert_eq!(&own[at("backlog")], own[at("backlog")].trim());
    assert_eq!(&own[at("tcp_rtt")], "", "what is not known is empty");
}

#[test]
fn a_table_in_a_pipe_is_not_truncated_and_escapes_control_characters() {
    let directory = tempfile::tempdir().expect("a directory");
    let name = format!("long-{}-\x1b]0;title\x07", "x".repeat(60));
    let _listener = UnixListener::bind(directory.path().join(name)).expect("a listener");
    let table = output_of(&["-xl"]);
    let heading = table.lines().next().expect("a heading");
    for name in ["NETID", "STATE", "RECV-Q", "SEND-Q", "LOCAL", "PROCESS"] {
        assert!(heading.contains(name), "{heading}");
    }
    assert!(table.contains(&"x".repeat(60)), "nothing is cut");
    assert!(!table.contains(['\x1b', '\x07']), "no escape gets through");
    let without = output_of(&["-xlH"]);
    assert!(!without.contains("NETID"), "{without}");
}

#[test]
fn without_all_only_connected_sockets_are_listed() {
    let (listener, client, _server) = connection();
    let listening = listener.local_addr().unwrap().to_string();
    let connected = client.local_addr().unwrap().to_string();
    let lists = |arguments: &[&str]| {
        let table = output_of(arguments);
        let local = |address: &str| {
            let column = |line: &str| line.split_whitespace().nth(4) == Some(address);
            table.lines().any(column)
        };
        (local(&listening), local(&connected))
    };
    // The accepted end has the listener's address too, but another state.
    assert_eq!(lists(&["-t"]), (true, true));
    assert_eq!(lists(&["-tl"]), (true, false));
    let table = output_of(&["-t"]);
    assert!(!table.contains("LISTEN"), "{table}");
}

#[test]
fn timings_are_one_object_on_standard_error() {
    let output = run(&["-ta", "--timings"]);
    assert!(output.status.success());
    // If the machine has other network namespaces, a note counts them.
    let said = String::from_utf8_lossy(&output.stderr);
    let (notes, objects): (Vec<&str>, Vec<&str>) = said
        .lines()
        .partition(|line| line.starts_with("sockwatch: "));
    let is_count = |note: &&str| note.contains(" other network namespace");
    assert!(notes.len() <= 1 && notes.iter().all(is_count), "{said}");
    let [object] = objects[..] else {
        panic!("not one object: {said}");
    };
    let timings: Json = serde_json::from_str(object).expect("JSON");
    let timings = timings.as_object().expect("an object");
    for field in ["dump_ms", "decode_ms", "owners_ms", "total_ms", "sockets"] {
        assert!(timings[field].as_f64() >= Some(0.0), "{field}: {timings:?}");
    }
}

#[test]
fn the_sample_configuration_is_printed_without_an_environment_and_is_accepted() {
    let output = Command::new(env!("CARGO_BIN_EXE_sockwatch"))
        .args(["--generate", "config"])
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    // Without UTF-8, in ASCII: the keys are written by other names.
    assert!(printed.is_ascii());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    std::fs::write(&file, printed).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_sockwatch"))
        .args(["diagnose", "--config"])
        .arg(&file)
        .args(["--for", "1s"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_ne!(output.status.code(), Some(2), "{said}");
    assert!(!said.contains("config.toml"), "{said}");
}

#[test]
fn a_usage_error_has_status_2_and_names_the_argument() {
    for (arguments, what) in [
        (&["--bogus"][..], "--bogus"),
        (&["--json", "--csv"], "--csv"),
        (&["unexpected"], "unexpected"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(what), "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_full_disk_has_status_1_and_one_line() {
    for format in ["--json", "--jsonl", "--csv", "-a"] {
        let full = File::options().write(true).open("/dev/full");
        let output = command(&["-xa", format])
            .stdout(full.expect("the device is there"))
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{format}: {said}");
        assert!(
            said.starts_with("sockwatch: cannot write to standard output: "),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_closed_pipe_is_success() {
    for format in ["--json", "--jsonl", "--csv", "-a"] {
        let mut child = command(&["-xa", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let mut said = String::new();
        let mut errors = child.stderr.take().expect("it is piped");
        errors.read_to_string(&mut said).expect("it says text");
        assert!(child.wait().expect("it ends").success(), "{format}: {said}");
        assert_eq!(said, "", "{format}");
    }
}

#[test]
fn without_utf8_the_table_is_ascii_and_json_is_not_changed() {
    let (listener, _client, _server) = connection();
    let filter = format!("sport = {}", listener.local_addr().unwrap().port());
    let listed = |locale: &str, format: &str| {
        let mut command = command(&["-tl", format, &filter]);
        command.env("LC_ALL", locale);
        command.output().expect("it runs").stdout
    };
    let (unicode, ascii) = (listed("C.UTF-8", "-n"), listed("C", "-n"));
    assert!(!unicode.is_ascii() && ascii.is_ascii());
    let unicode = String::from_utf8(unicode).unwrap();
    assert_eq!(unicode.replace('–', "-").as_bytes(), ascii);
    let sockets = |json: Vec<u8>| -> Json {
        let document: Json = serde_json::from_slice(&json).unwrap();
        document["sockets"].clone()
    };
    let json = ["C.UTF-8", "C"].map(|locale| sockets(listed(locale, "--json")));
    assert_eq!(json[0][0]["cookie"], json[1][0]["cookie"]);
}
