//! Sockets outside of the internet protocols compared with ss field by field: TIPC, XDP, packet and netlink sockets.
//!
//! Where the kernel or its module is missing, a case is reported as ignored.

use std::collections::BTreeMap;
use std::process::Command;

use libtest_mimic::Failed;
use serde_json::Value as Json;

use crate::other_kernels::{json, made};
use crate::support::list_json;
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::support::ss::{self, Fields, Layout, Value};
use crate::{fallible, run, text};

const TIPC: &[Requirement] = &[Requirement::Ip, Requirement::Ss, Requirement::Kind("tipc")];
const XDP: &[Requirement] = &[Requirement::Ip, Requirement::Ss, Requirement::Kind("xdp")];
const RAW: &[Requirement] = &[Requirement::Ip, Requirement::Ss, Requirement::Kind("raw")];

pub(crate) const CASES: &[Case] = &[
    fallible("tipc: every socket and field as ss has it", TIPC, || {
        let _sockets = made("tipc");
        compare(&["--tipc"], 17)
    }),
    fallible(
        "tipc: letters select what they select in ss, and filters what they say",
        TIPC,
        tipc_selection,
    ),
    fallible("tipc: a recording has the same sockets", TIPC, || {
        let _sockets = made("tipc");
        recorded(&["--tipc", "-a"])
    }),
    fallible("xdp: every socket and field as ss has it", XDP, || {
        let _sockets = made("xdp");
        compare(&["--xdp"], 2)?;
        for filter in ["dev = xdp0", "sport = :1", "sport = :2"] {
            same_count(&["--xdp", "-aH"], filter)?;
        }
        recorded(&["--xdp", "-a"])
    }),
    fallible("packet: every socket and field as ss has it", RAW, || {
        let _sockets = made("raw");
        compare(&["-0"], 3)?;
        for filter in ["dev = lo", "not dev = lo"] {
            same_count(&["-0aH"], filter)?;
        }
        recorded(&["-0a"])
    }),
    fallible("netlink: every socket and field as ss has it", RAW, || {
        let _sockets = made("raw");
        compare(&["-f", "netlink"], 4)
    }),
];

/// Sockets by cookie.
type Rows = BTreeMap<String, Fields>;

fn ss_lines(arguments: &[&str]) -> Result<Vec<String>, Failed> {
    let output = Command::new("ss").args(arguments).output()?;
    let lines = text(&output.stdout);
    let lines = lines.lines().filter(|line| !line.trim().is_empty());
    Ok(lines.map(str::to_owned).collect())
}

/// The fields that ss has of every family: what is particular to one comes after them, in its own notation.
fn ask_ss(family: &[&str]) -> Result<Rows, Failed> {
    let mut rows = Rows::new();
    for line in ss_lines(&[family, &["-aOempnH"]].concat())? {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        if matches!(words.first(), Some(&("p_raw" | "p_dgr"))) {
            words.remove(0);
        }
        let common = |word: &&str| {
            ["users:", "ino:", "sk:", "uid:", "skmem:"]
                .iter()
                .any(|name| word.starts_with(name))
        };
        let rest = words.iter().skip(5).copied().filter(|word| common(word));
        let line: Vec<&str> = words.iter().take(5).copied().chain(rest).collect();
        let mut fields = ss::parse(&line.join(" "), Layout::Inet).map_err(|error| error.0)?;
        if let Some(Value::Text(state)) = fields.get("state") {
            let name = ss::filter_name(state).into();
            fields.insert("state".into(), name);
        }
        if family == ["-f", "netlink"]
            && let Some(Value::Text(local)) = fields.get("local")
        {
            let local = format!("netlink {local}");
            fields.insert("local".into(), local.into());
        }
        rows.insert(key(&mut fields), fields);
    }
    Ok(rows)
}

fn ask_sockwatch(family: &[&str]) -> Result<Rows, Failed> {
    let mut rows = Rows::new();
    for socket in json(&[family, &["-a"]].concat())? {
        let mut fields = list_json::fields(&socket);
        fields.insert("local".into(), local(&socket).into());
        fields.insert("remote".into(), remote(&socket).into());
        rows.insert(key(&mut fields), fields);
    }
    Ok(rows)
}

/// The identity of a socket: its cookie, or its local end if ss does not show a cookie of the family.
fn key(fields: &mut Fields) -> String {
    match (fields.remove("cookie"), fields.get("local")) {
        (Some(Value::Number(cookie)), Some(Value::Text(local)))
            if !local.starts_with("netlink") =>
        {
            format!("cookie {cookie}")
        }
        (_, local) => format!("{local:?}"),
    }
}

/// Numbers of the netlink protocols that sockets are made of or that the kernel has.
const NETLINK: [(&str, u8); 9] = [
    ("route", 0),
    ("sock_diag", 4),
    ("xfrm", 6),
    ("audit", 9),
    ("fib_lookup", 10),
    ("connector", 11),
    ("netfilter", 12),
    ("kobject_uevent", 15),
    ("generic", 16),
];

/// The local end as ss writes it.
fn local(socket: &Json) -> String {
    let end = &socket["local"];
    let address = end["address"].as_str().unwrap_or("nothing");
    let port = &end["port"];
    match socket["family"].as_str() {
        Some("xdp") if address == "*" => "*".to_owned(),
        Some("xdp") => format!("{address}:q{port}"),
        Some("packet") if *port == 3 => format!("*:{address}"),
        Some("packet") => format!("[{port}]:{address}"),
        Some("netlink") => {
            let known = NETLINK.iter().find(|(name, _)| *name == address);
            let number = known.map_or(u8::MAX, |(_, number)| *number);
            format!("netlink {number}:{port}")
        }
        _ => format!("{address}:{port}"),
    }
}

/// The remote end as ss writes it.
fn remote(socket: &Json) -> String {
    let end = &socket["remote"];
    match (end["address"].as_str(), socket["family"] == "tipc") {
        (Some(address), _) => format!("{address}:{}", end["port"]),
        (None, true) => "-".to_owned(),
        (None, false) => "*".to_owned(),
    }
}

/// Compares all sockets that ss has before and after, of which at least some were made here.
fn compare(family: &[&str], made: usize) -> Result<(), Failed> {
    let before = ask_ss(family)?;
    let ours = ask_sockwatch(family)?;
    let after = ask_ss(family)?;
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (key, first) in &before {
        let Some(second) = after.get(key) else {
            continue;
        };
        compared += 1;
        let Some(own) = ours.get(key) else {
            wrong.push(format!("{key}: only ss has it: {first:?}"));
            continue;
        };
        for (name, value) in first {
            if second.get(name) == Some(value) && own.get(name) != Some(value) {
                wrong.push(format!(
                    "{key}: {name}: ss {value}, sockwatch {:?}",
                    own.get(name)
                ));
            }
        }
        // ss leaves out the owner only of a socket without one.
        if first.get("owners").is_none()
            && second.get("owners").is_none()
            && own.get("owners").is_some()
            && !key.contains("netlink")
        {
            wrong.push(format!("{key}: only sockwatch has an owner: {own:?}"));
        }
    }
    for (key, own) in &ours {
        if !before.contains_key(key) && !after.contains_key(key) && !is_of_sockwatch(own) {
            wrong.push(format!("{key}: only sockwatch has it: {own:?}"));
        }
    }
    if compared < made {
        wrong.push(format!("only {compared} sockets were compared"));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

/// Sockets that sockwatch itself opens to ask the kernel.
fn is_of_sockwatch(fields: &Fields) -> bool {
    matches!(fields.get("owners"), Some(Value::Text(owners)) if owners.starts_with("sockwatch/"))
}

/// Checks that a filter selects as many sockets as in ss.
fn same_count(family: &[&str], filter: &str) -> Result<(), Failed> {
    let other = ss_lines(&[family, &[filter]].concat())?;
    let own = text(&run(&[&["list"], family, &[filter]].concat()).stdout);
    if own.lines().count() == other.len() {
        return Ok(());
    }
    Err(format!("{filter}: ss {other:#?}, sockwatch\n{own}").into())
}

fn tipc_selection() -> Result<(), Failed> {
    let _sockets = made("tipc");
    for letters in [
        &["--tipc", "-nH"][..],
        &["--tipc", "-lnH"],
        &["--tipc", "-anH"],
    ] {
        let other = ss_lines(letters)?;
        let own = text(&run(&[&["list"], letters].concat()).stdout);
        if own.lines().count() != other.len() || other.is_empty() {
            return Err(format!("{letters:?}: ss {other:#?}, sockwatch\n{own}").into());
        }
    }
    // ss does not apply filters to TIPC.
    let all = json(&["--tipc", "-a"])?;
    let connected = all.iter().find(|row| row["state"] == "established");
    let connected = connected.ok_or("no connection")?;
    let filters = [
        ("state close-wait".to_owned(), 2),
        ("state syn-sent".to_owned(), 1),
        ("protocol rdm".to_owned(), 2),
        ("family tipc".to_owned(), all.len()),
        (format!("sport = :{}", connected["local"]["port"]), 1),
        (format!("dport = :{}", connected["local"]["port"]), 1),
        ("src tipc:0".to_owned(), all.len()),
        ("dst tipc:0".to_owned(), 8),
    ];
    for (filter, count) in filters {
        let rows = json(&["--tipc", "-a", &filter])?;
        if rows.len() != count {
            return Err(format!("{filter}: {} in place of {count}: {rows:#?}", rows.len()).into());
        }
    }
    // Streams of TIPC are no unix sockets.
    let summary = text(&run(&["summary", "--json"]).stdout);
    let summary: Json = serde_json::from_str(&summary)?;
    let protocols = summary["protocols"].as_array().into_iter().flatten();
    let of_tipc: u64 = protocols
        .filter(|row| row["family"] == "tipc")
        .filter_map(|row| row["sockets"].as_u64())
        .sum();
    if of_tipc == all.len() as u64 {
        return Ok(());
    }
    Err(format!(
        "{} sockets, but the summary has {of_tipc}: {summary:#}",
        all.len()
    )
    .into())
}

/// Checks that a recording has the sockets that are there now, with their ends.
fn recorded(select: &[&str]) -> Result<(), Failed> {
    let identities = |rows: Vec<Json>| -> Vec<String> {
        let identity = |row: Json| format!("{} {} {}", row["cookie"], local(&row), remote(&row));
        let mut identities: Vec<String> = rows.into_iter().map(identity).collect();
        identities.sort();
        identities
    };
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("families.swr");
    let file = file.to_str().ok_or("a path of UTF-8")?;
    let timing = ["--duration", "2s", "--interval", "500ms"];
    run(&[&["record", "-o", file], &timing[..]].concat());
    let live = identities(json(select)?);
    let from = identities(json(&[select, &["--from", file]].concat())?);
    if live == from && !live.is_empty() {
        return Ok(());
    }
    Err(format!("live {live:#?}, recorded {from:#?}").into())
}
