//! Filters select what they select with ss, on the real kernel.
//!
//! In a network namespace of its own this makes sockets in every state, and asks ss, sockwatch and ss again with each
//! filter of `fixtures/filters.txt` and with a thousand made at random. Rows are matched by cookie, those of unix sockets by
//! inode. Where ss changes its mind meanwhile (a TIME-WAIT ends), it is asked again.
//!
//! What differs on purpose is in [`DIFFERENCES`], each with a test of its own here; `sockwatch help filter`
//! documents it.

use std::collections::BTreeSet;
use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value as Json;

use crate::fallible;
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::support::sockets_in_every_state::{World, pair};
use crate::support::wait::slowness;

const REQUIREMENTS: &[Requirement] = &[Requirement::Root, Requirement::Ip, Requirement::Ss];

/// Filters, from `man ss`.
const TABLE: &str = include_str!("../fixtures/filters.txt");

/// Filters made at random; on slow processors fewer, which would take hours.
fn random_count() -> usize {
    1000 / slowness() as usize
}

/// Where sockwatch differs from ss 6.1 on purpose: letters, filter, and what the difference is.
const DIFFERENCES: [(&str, &str, Difference); 6] = [
    // With -x, ss takes a port for a pattern of names. Here it is the inode, as in ss without -x.
    ("-xa", "sport gt 4294967295", Difference::OnlySs),
    // ss compares the bytes of an address of one family with those of another: of `::` and 0.0.0.0 the first are equal.
    ("-tuwa", "! src [::]", Difference::OnlyOurs("0.0.0.0")),
    ("-tuwa", "! src 0.0.0.0", Difference::OnlyOurs("::")),
    // ss does not know the state.
    ("-ta", "state bound-inactive", Difference::SsRefuses),
    // ss takes a column for a host.
    ("-ta", "recvq > 0", Difference::SsRefuses),
    // ss's `sport > 70000` is cut to 16 bits in the kernel: 4464.
    ("-ta", "sport <= 70000", Difference::OursAreAll),
];

#[derive(Debug, Clone, Copy)]
enum Difference {
    /// sockwatch lists sockets at this local address beside those of ss.
    OnlyOurs(&'static str),
    /// ss lists sockets although none is like that.
    OnlySs,
    /// ss does not understand it.
    SsRefuses,
    /// Every socket is listed, and fewer by ss.
    OursAreAll,
}

pub(crate) const CASES: &[Case] = &[
    fallible(
        "the table: what ss selects is selected",
        REQUIREMENTS,
        || with_sockets(fixed_filters),
    ),
    fallible(
        "a thousand random filters: what ss selects is selected",
        REQUIREMENTS,
        || with_sockets(random_filters),
    ),
    fallible(
        "autobound selects what it selects with ss, in any expression and state",
        REQUIREMENTS,
        || with_sockets(autobound_in_expressions),
    ),
    fallible(
        "where sockwatch differs from ss on purpose",
        REQUIREMENTS,
        || with_sockets(documented_differences),
    ),
    fallible(
        "a raw dump made by ss -D is filtered as the kernel filters",
        REQUIREMENTS,
        || with_sockets(raw_dump_of_ss),
    ),
];

/// The sockets, and what stands for their ports in filters.
struct Machine {
    _world: World,
    directory: tempfile::TempDir,
    places: [(&'static str, String); 3],
}

impl Machine {
    /// Replaces what stands for ports in a line.
    fn with_ports(&self, line: &str) -> String {
        let replace = |line: String, (place, value): &(&str, String)| line.replace(place, value);
        self.places.iter().fold(line.to_owned(), replace)
    }
}

/// Opens sockets in every state and runs the test with them.
fn with_sockets(test: fn(&Machine) -> Result<(), Failed>) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let world = World::in_every_state(directory.path());
    let first = |letters: &[&str], field: usize| {
        let text = run("ss", letters).expect("ss answers");
        let line = text.lines().next().expect("there is a socket").to_owned();
        let end = line
            .split_whitespace()
            .nth(field)
            .expect("an end")
            .to_owned();
        end.rsplit(':').next().unwrap_or(&end).to_owned()
    };
    test(&Machine {
        places: [
            ("$L", first(&["-Htn", "state", "established"], 3)),
            ("$C", first(&["-Htn", "state", "established"], 2)),
            ("$U", first(&["-Huan"], 3)),
        ],
        _world: world,
        directory,
    })
}

/// What a command says, or its complaint.
fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    // ss complains and goes on; of what this kernel lacks it says so in passing.
    let refused = complaint
        .lines()
        .any(|line| !line.is_empty() && !line.starts_with("RTNETLINK"));
    if output.status.success() && (program != "ss" || !refused) {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(complaint)
    }
}

/// Identities of the sockets that ss lists.
fn matched_by_ss(letters: &str, filter: &[&str]) -> Result<BTreeSet<String>, String> {
    let letters = format!("-Hne{}", &letters[1..]);
    let text = run("ss", &[&[letters.as_str()], filter].concat())?;
    let identity = |line: &str| {
        let cookie = line
            .split_whitespace()
            .find_map(|word| word.strip_prefix("sk:"));
        if let Some(cookie) = cookie {
            cookie.to_owned()
        } else {
            let words: Vec<&str> = line.split_whitespace().collect();
            let name = words
                .iter()
                .position(|word| *word == "*" || word.starts_with(['/', '@']));
            match name.and_then(|at| words.get(at + 1)) {
                Some(inode) if words.len() > 4 && inode.parse::<u64>().is_ok() => {
                    format!("unix {inode}")
                }
                // Where the kernel has no raw_diag, a raw socket is read from /proc, which has no cookies.
                _ => "raw".to_owned(),
            }
        }
    };
    Ok(text.lines().map(identity).collect())
}

/// Sockets that sockwatch lists: identity and local address. Those that ss 6.1 never lists are left out.
fn matched_by_sockwatch(letters: &str, filter: &[&str]) -> Result<Vec<(String, String)>, String> {
    let arguments = [&["list", letters, "--jsonl"], filter].concat();
    let text = run(env!("CARGO_BIN_EXE_sockwatch"), &arguments)?;
    let mut found = Vec::new();
    for line in text.lines() {
        let socket: Json = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if socket["state"] == "bound-inactive" || socket["protocol"] == "udplite" {
            continue;
        }
        let identity = match socket["family"].as_str() {
            Some("unix") => format!("unix {}", socket["inode"]),
            _ => match socket["cookie"].as_u64() {
                Some(cookie) => format!("{cookie:x}"),
                None => "raw".to_owned(),
            },
        };
        let address = socket["local"]["address"].as_str().unwrap_or("");
        found.push((identity, address.to_owned()));
    }
    Ok(found)
}

/// Asks both until they agree, or ss says the same before and after; answers what it and sockwatch say.
fn matched_by_both(
    letters: &str,
    filter: &[&str],
) -> Result<(BTreeSet<String>, BTreeSet<String>), String> {
    for _ in 0..20 {
        let before = matched_by_ss(letters, filter).map_err(|error| format!("ss: {error}"))?;
        let ours =
            matched_by_sockwatch(letters, filter).map_err(|error| format!("sockwatch: {error}"))?;
        let ours: BTreeSet<String> = ours.into_iter().map(|(identity, _)| identity).collect();
        if ours == before || matched_by_ss(letters, filter)? == before {
            return Ok((before, ours));
        }
    }
    Err("ss said something else each time".to_owned())
}

/// Reports whether only sockets in some states are asked for.
fn selects_states(letters: &str, filter: &[&str]) -> bool {
    !letters.contains('a')
        || filter
            .iter()
            .any(|word| matches!(*word, "state" | "exclude"))
}

/// Compares one filter, given in words; answers how many sockets it selects.
fn compare(letters: &str, filter: &[&str]) -> Result<usize, String> {
    let text = filter.join(" ");
    let (mut theirs, ours) =
        matched_by_both(letters, filter).map_err(|error| format!("{letters} {text}: {error}"))?;
    if theirs != ours && selects_states(letters, filter) {
        // `raw_diag` does not look at states: ss lists every raw socket.
        let raw = matched_by_ss("-wa", &[])?;
        theirs.retain(|socket| ours.contains(socket) || !raw.contains(socket));
    }
    if theirs == ours {
        return Ok(ours.len());
    }
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> {
        a.difference(b).cloned().collect()
    };
    Err(format!(
        "{letters} {text}: ss has {}, sockwatch {}; only ss: {:?}; only sockwatch: {:?}",
        theirs.len(),
        ours.len(),
        only(&theirs, &ours),
        only(&ours, &theirs),
    ))
}

fn fixed_filters(machine: &Machine) -> Result<(), Failed> {
    let mut wrong = Vec::new();
    let (mut all, mut some) = (0, 0);
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let line = machine.with_ports(line);
        let words: Vec<&str> = line.split_whitespace().collect();
        all += 1;
        match compare(words[0], &words[1..]) {
            Ok(count) => some += usize::from(count > 0),
            Err(error) => wrong.push(error),
        }
    }
    if !wrong.is_empty() {
        return Err(format!("{} of {all}:\n{}", wrong.len(), wrong.join("\n")).into());
    }
    // A table that selects nothing would agree as well.
    if all < 200 || some * 2 < all {
        return Err(format!("{some} of {all} filters select something").into());
    }
    Ok(())
}

/// Expressions with `autobound`: alone, negated, combined with itself, and with conditions that ss leaves to the kernel or
/// decides itself.
const AUTOBOUND: [&str; 15] = [
    "autobound",
    "not autobound",
    "! ( ! autobound )",
    "( autobound ) or ( not ( autobound ) )",
    "autobound and not autobound",
    "not ( autobound and autobound )",
    "( autobound ) & ( sport leq :$L )",
    "autobound or sport = $L",
    "not ( autobound or sport = $C )",
    "autobound src 127.0.0.0/8",
    "not autobound or dst 127.0.0.1",
    "autobound dev lo",
    "not autobound or dev near0",
    "autobound fwmark = 42",
    "autobound or fwmark = 0",
];

/// Selections of tables and states that [`AUTOBOUND`] is tried with.
const SELECTIONS: [&str; 6] = [
    "-ta",
    "-tuwa",
    "-t state connected",
    "-ta state listening",
    "-ta state time-wait",
    "-ua",
];

fn autobound_in_expressions(machine: &Machine) -> Result<(), Failed> {
    // The kernel chose no port of these, although some are in the range from which it chooses.
    let bound = |address: &str| {
        let chosen = (40_000..50_000).find_map(|port| TcpListener::bind((address, port)).ok());
        chosen.expect("a free port")
    };
    let listeners = [bound("127.0.0.1"), bound("::1"), bound("0.0.0.0")];
    let held: Vec<_> = listeners.iter().map(pair).collect();
    let datagrams = (40_000..50_000).find_map(|port| UdpSocket::bind(("127.0.0.1", port)).ok());
    let mut wrong = Vec::new();
    let mut some = 0;
    for selection in SELECTIONS {
        for expression in AUTOBOUND {
            let line = machine.with_ports(&format!("{selection} {expression}"));
            let words: Vec<&str> = line.split_whitespace().collect();
            match compare(words[0], &words[1..]) {
                Ok(count) => some += usize::from(count > 0),
                Err(error) => wrong.push(error),
            }
        }
    }
    drop((held, datagrams));
    if !wrong.is_empty() {
        return Err(format!("{} differ:\n{}", wrong.len(), wrong.join("\n")).into());
    }
    assert!(some > AUTOBOUND.len(), "only {some} select something");
    Ok(())
}

/// Numbers that look random and are the same every time: an xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

/// A condition.
fn condition(dice: &mut Dice, ports: &[&str], words: &mut Vec<String>) {
    const OPERATORS: [&str; 16] = [
        "=", "==", "eq", "!=", "ne", "neq", ">", "gt", "<", "lt", ">=", "ge", "geq", "<=", "le",
        "leq",
    ];
    const HOSTS: [&str; 13] = [
        "127.0.0.1",
        "127.0.0.0/8",
        "192.0.2.1",
        "192.0.2.0/24",
        "192.0.2.2/31",
        "[::1]",
        "[2001:db8::/32]",
        "[fe80::/10]",
        "[::ffff:127.0.0.1]",
        "[::ffff:0:0/96]",
        "10.0.0.0/8",
        "*",
        "any",
    ];
    let side = dice.roll(2);
    match dice.roll(10) {
        0..=3 => {
            words.push(["sport", "dport"][side].to_owned());
            if dice.roll(5) > 0 {
                words.push(dice.pick(&OPERATORS).to_owned());
            }
            let colon = ["", ":"][dice.roll(2)];
            words.push(format!("{colon}{}", dice.pick(ports)));
        }
        4..=7 => {
            words.push(["src", "dst"][side].to_owned());
            if dice.roll(4) == 0 {
                words.push("=".to_owned());
            }
            let host = dice.pick(&HOSTS);
            let port = if dice.roll(3) == 0 && host != "any" {
                format!(":{}", dice.pick(ports))
            } else {
                String::new()
            };
            words.push(format!("{host}{port}"));
        }
        8 => {
            words.push(dice.pick(&["dev", "fwmark"]).to_owned());
            if dice.roll(2) == 0 {
                words.push(dice.pick(&["=", "!=", "ne"]).to_owned());
            }
            let value = match words
                .iter()
                .rev()
                .find(|word| *word == "dev" || *word == "fwmark")
            {
                Some(word) if word == "dev" => ["lo", "near0", "1", "0"][dice.roll(4)],
                _ => ["42", "0x2a", "0", "0x2/0x2"][dice.roll(4)],
            };
            words.push(value.to_owned());
        }
        _ => words.push("autobound".to_owned()),
    }
}

/// An expression with and without parentheses.
fn expression(dice: &mut Dice, ports: &[&str], depth: usize, words: &mut Vec<String>) {
    for term in 0..=dice.roll(3) {
        if term > 0 {
            let between = dice.pick(&["and", "&", "&&", "or", "|", "||", "or", ""]);
            words.extend((!between.is_empty()).then(|| between.to_owned()));
        }
        while dice.roll(4) == 0 {
            words.push(dice.pick(&["not", "!"]).to_owned());
        }
        if depth > 0 && dice.roll(3) == 0 {
            words.push("(".to_owned());
            expression(dice, ports, depth - 1, words);
            words.push(")".to_owned());
        } else {
            condition(dice, ports, words);
        }
    }
}

fn random_filters(machine: &Machine) -> Result<(), Failed> {
    let own: Vec<&str> = machine
        .places
        .iter()
        .map(|(_, port)| port.as_str())
        .collect();
    let ports = [
        &own[..],
        &own[..],
        &["1", "1024", "32768", "50000", "65535", "*"],
    ]
    .concat();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut wrong = Vec::new();
    let (mut some, random) = (0, random_count());
    for _ in 0..random {
        let mut words = Vec::new();
        while dice.roll(3) == 0 {
            words.push(dice.pick(&["state", "state", "exclude"]).to_owned());
            let state = dice.pick(&[
                "established",
                "syn-sent",
                "syn-recv",
                "fin-wait-1",
                "fin-wait-2",
                "time-wait",
                "closed",
                "close-wait",
                "last-ack",
                "listening",
                "closing",
                "connected",
                "synchronized",
                "bucket",
                "big",
            ]);
            words.push(state.to_owned());
        }
        expression(&mut dice, &ports, 3, &mut words);
        // A comparison with `*` other than for equality has no meaning, and is refused.
        for at in 1..words.len() {
            let order = matches!(
                words[at - 1].as_str(),
                ">" | "gt" | "<" | "lt" | ">=" | "ge" | "geq" | "<=" | "le" | "leq"
            );
            if order && words[at].ends_with('*') {
                own[0].clone_into(&mut words[at]);
            }
        }
        let letters = dice.pick(&["-ta", "-tuwa", "-tu", "-t", "-tuwl", "-ua", "-t4a", "-t6a"]);
        // With -4 or -6 an address of the other family is no address.
        let letters = match letters {
            "-t4a" if words.iter().any(|word| word.contains('[')) => "-ta",
            "-t6a" if words.iter().any(|word| word.contains('.')) => "-ta",
            letters => letters,
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match compare(letters, &words) {
            Ok(count) => some += usize::from(count > 0),
            Err(error) if error.contains("all states are excluded") => {}
            Err(error) => wrong.push(error),
        }
    }
    if !wrong.is_empty() {
        return Err(format!("{} of {random}:\n{}", wrong.len(), wrong.join("\n")).into());
    }
    if some * 3 < random {
        return Err(format!("only {some} of {random} select something").into());
    }
    Ok(())
}

fn documented_differences(_machine: &Machine) -> Result<(), Failed> {
    for (letters, filter, difference) in DIFFERENCES {
        let words: Vec<&str> = filter.split_whitespace().collect();
        match difference {
            Difference::SsRefuses => {
                matched_by_ss(letters, &words)
                    .err()
                    .ok_or(format!("ss takes {filter}"))?;
                matched_by_sockwatch(letters, &words)?;
            }
            Difference::OnlySs => {
                assert!(
                    matched_by_sockwatch(letters, &words)?.is_empty(),
                    "{filter}"
                );
                assert!(!matched_by_ss(letters, &words)?.is_empty(), "{filter}");
            }
            Difference::OursAreAll => {
                let all = matched_by_sockwatch(letters, &[])?;
                let ours = matched_by_sockwatch(letters, &words)?;
                assert_eq!(all, ours, "{filter}");
                assert!(
                    matched_by_ss(letters, &words)?.len() < ours.len(),
                    "{filter}"
                );
            }
            Difference::OnlyOurs(address) => {
                let theirs = matched_by_ss(letters, &words)?;
                let ours = matched_by_sockwatch(letters, &words)?;
                let more: Vec<&(String, String)> = ours
                    .iter()
                    .filter(|(identity, _)| !theirs.contains(identity))
                    .collect();
                assert!(
                    !more.is_empty(),
                    "{filter}: there is no difference any more"
                );
                let explained = |own: &str| match address {
                    "::" => own.starts_with("::"),
                    other => own == other,
                };
                assert!(
                    more.iter().all(|(_, own)| explained(own)),
                    "{filter}: {more:?}"
                );
                let ours: BTreeSet<&String> = ours.iter().map(|(identity, _)| identity).collect();
                assert!(
                    theirs.iter().all(|identity| ours.contains(identity)),
                    "{filter}"
                );
            }
        }
    }
    Ok(())
}

fn raw_dump_of_ss(machine: &Machine) -> Result<(), Failed> {
    let file = machine.directory.path().join("dump");
    let path = file.to_str().ok_or("a path")?;
    // A TIME-WAIT may end between the dump and the question.
    let written = |_: u32| -> Result<(), String> { run("ss", &["-taniem", "-D", path]).map(drop) };
    for filter in [
        "",
        "sport gt 1024",
        "state established dst 127.0.0.1",
        "state time-wait or state listening",
        "( src 127.0.0.0/8 or src [::1] ) not dport = 9",
        "rtt > 1us",
    ] {
        let words: Vec<&str> = filter.split_whitespace().collect();
        let from = [&["--from", path], &words[..]].concat();
        let mut same = false;
        for round in 0..20 {
            written(round)?;
            let read = matched_by_sockwatch("-ta", &from)?;
            let live = matched_by_sockwatch("-ta", &words)?;
            same = read.iter().collect::<BTreeSet<_>>() == live.iter().collect::<BTreeSet<_>>();
            if same && !live.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(same, "{filter}");
    }
    let whole = std::fs::read(&file)?;
    let cut = &whole[..whole.len() - 30];
    for (bytes, says) in [
        (cut, "truncated"),
        (
            &b"GIF89a, which is something else altogether, and longer than a header"[..],
            "not a dump made by ss -D",
        ),
        (&b""[..], "the file is empty"),
    ] {
        std::fs::write(&file, bytes)?;
        let output = Command::new(env!("CARGO_BIN_EXE_sockwatch"))
            .args(["list", "--from", path])
            .output()?;
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{complaint}");
        assert!(
            complaint.contains(says) && complaint.lines().count() == 1,
            "{complaint}"
        );
        assert!(output.stdout.is_empty());
    }
    Ok(())
}
