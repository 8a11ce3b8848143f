//! Every socket and every field that both ss and sockwatch have, compared on the real kernel.
//!
//! In a network namespace of its own this makes sockets in every state, asks ss, sockwatch and ss again, and matches
//! rows by cookie. Time passes between the three: a number that moves must lie between what ss said before and after;
//! everything else must be what ss said.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::Ipv6Addr;
use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use serde_json::Value as Json;

use crate::fallible;
use crate::support::list_json;
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::support::sockets_in_every_state::{Made, World};
use crate::support::ss::{self, Fields, Layout, Value};

const REQUIREMENTS: &[Requirement] = &[Requirement::Root, Requirement::Ip, Requirement::Ss];

/// The kernel's clock for ages and timers ticks 100 to 1000 times a second.
const TICK_MS: f64 = 10.0;

/// ss writes rates of time and of gain with six significant digits (`%g`).
const SIX_DIGITS: f64 = 1e-5;

/// Fields of `tcp_info` that ss prints only in versions after 6.1: compared if this ss has them.
const NEWER: [&str; 2] = ["tcp.rcv_wnd", "tcp.rehash"];

/// Fields of `tcp_info` that ss 6.1 prints; others are sockwatch's alone.
const TCP_FIELDS: [&str; 48] = [
    "snd_wscale",
    "rcv_wscale",
    "rto",
    "backoff",
    "rtt",
    "rttvar",
    "ato",
    "snd_mss",
    "pmtu",
    "rcv_mss",
    "advmss",
    "snd_cwnd",
    "snd_ssthresh",
    "bytes_sent",
    "bytes_retrans",
    "bytes_acked",
    "bytes_received",
    "segs_out",
    "segs_in",
    "data_segs_out",
    "data_segs_in",
    "last_data_sent",
    "last_data_recv",
    "last_ack_recv",
    "pacing_rate",
    "max_pacing_rate",
    "delivery_rate",
    "delivered",
    "delivered_ce",
    "delivery_rate_app_limited",
    "busy_time",
    "rwnd_limited",
    "sndbuf_limited",
    "unacked",
    "retrans",
    "total_retrans",
    "lost",
    "sacked",
    "dsack_dups",
    "reordering",
    "reord_seen",
    "rcv_rtt",
    "rcv_space",
    "rcv_ssthresh",
    "notsent_bytes",
    "min_rtt",
    "rcv_ooopack",
    "snd_wnd",
];

/// The MD5 key that `other_kernels.py` sets.
const MD5_KEY: &str = "secret";

/// ss with all it has of TCP, of UDP, of raw and of unix sockets.
const TCP: &[&str] = &["-taneimoOpH", "--tos", "--cgroup", "--inet-sockopt"];
const UDP: &[&str] = &["-uaneimoOpH", "--tos", "--cgroup", "--inet-sockopt"];
const RAW: &[&str] = &["-waneimOpH", "--tos", "--cgroup", "--inet-sockopt"];
const UNIX: &[&str] = &["-xaneimOpH"];

pub(crate) const CASES: &[Case] = &[
    fallible(
        "every socket was brought into its state, says ss",
        REQUIREMENTS,
        || with_sockets(states_are_made),
    ),
    fallible(
        "ss agrees with itself, and a change would be noticed",
        REQUIREMENTS,
        || with_sockets(ss_agrees_with_itself),
    ),
    fallible(
        "tcp: every socket and field as ss has it",
        REQUIREMENTS,
        || with_sockets(|_| compare("-ta", TCP, Layout::Inet)),
    ),
    fallible(
        "udp: every socket and field as ss has it",
        REQUIREMENTS,
        || with_sockets(|_| compare("-ua", UDP, Layout::Inet)),
    ),
    fallible(
        "unix: every socket and field as ss has it",
        REQUIREMENTS,
        || with_sockets(|_| compare("-xa", UNIX, Layout::Unix)),
    ),
    fallible("raw: every socket as ss has it", REQUIREMENTS, || {
        with_sockets(|_| compare("-wa", RAW, Layout::Inet))
    }),
    fallible(
        "bound-inactive sockets are listed, which ss 6.1 does not",
        &[
            Requirement::Root,
            Requirement::Ip,
            Requirement::Ss,
            Requirement::BoundInactive,
        ],
        || with_sockets(bound_inactive_is_listed),
    ),
];

/// Opens sockets in every state and runs the test with them.
fn with_sockets(test: fn(&World) -> Result<(), Failed>) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let world = World::in_every_state(directory.path());
    test(&world)
}

/// What ss says now.
fn ask_ss(arguments: &[&str], layout: Layout) -> Result<Vec<Fields>, Failed> {
    let output = Command::new("ss").args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("ss: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let output = String::from_utf8(output.stdout)?;
    // ss writes MD5 keys at once, ahead of the lines that it holds back.
    output
        .trim_start_matches(MD5_KEY)
        .lines()
        .map(|line| {
            let mut fields = ss::parse(line, layout).map_err(|error| Failed::from(error.0))?;
            normalise(&mut fields, layout);
            Ok(fields)
        })
        .collect()
}

/// Brings what ss writes in more than one way into one form.
fn normalise(fields: &mut Fields, layout: Layout) {
    if let Some(Value::Text(state)) = fields.get("state") {
        let name = ss::filter_name(state).into();
        fields.insert("state".into(), name);
    }
    // ss knows T3-rtx, the only timer of an association that is reported, by the number that is TCP's probe.
    if fields.contains_key("association") && fields.contains_key("timer.kind") {
        fields.insert("timer.kind".into(), "on".into());
    }
    if layout == Layout::Unix {
        // The second inode is that of the path in its file system.
        fields.remove("inode");
        fields.remove("device of the path");
        return;
    }
    for end in ["local", "remote"] {
        if let Some(Value::Text(text)) = fields.get(end) {
            // A dual-stack socket's wildcard; `v6only` distinguishes it from the other one.
            let text = match text.strip_prefix('*') {
                Some(rest) => format!("[::]{rest}"),
                None => text.clone(),
            };
            let unset = end == "remote" && matches!(text.as_str(), "[::]:*" | "0.0.0.0:*");
            let text = if unset { String::new() } else { text };
            if fields.contains_key("association") && is_misread_ipv4(&text) {
                fields.remove(end);
            } else {
                fields.insert(end.into(), text.into());
            }
        }
    }
}

/// Whether an end of an SCTP association is an IPv4 address that the kernel took for one of IPv6, as it does for IPv6 sockets:
/// `sin_zero` in place of the first half, and on Linux 5.10 uninitialised memory in place of the second.
fn is_misread_ipv4(end: &str) -> bool {
    let address = end.strip_prefix('[').and_then(|text| text.split_once(']'));
    let address = address.and_then(|(address, _)| address.parse::<Ipv6Addr>().ok());
    address.is_some_and(|address| {
        address.segments()[..4] == [0; 4]
            && !address.is_loopback()
            && address.to_ipv4_mapped().is_none()
    })
}

/// What sockwatch says now.
fn ask_sockwatch(select: &str) -> Result<(Vec<Fields>, Json), Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_sockwatch"))
        .args(["list", select, "--json"])
        .output()?;
    if !output.status.success() {
        return Err(format!(
            "sockwatch list {select} --json: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    }
    let document: Json = serde_json::from_slice(&output.stdout)?;
    let sockets = document["sockets"]
        .as_array()
        .ok_or("the document has no sockets")?
        .iter()
        .map(list_json::fields)
        .collect();
    Ok((sockets, document))
}

/// Identity of a socket in both programs: the cookie; on unix, where ss has none, its name and inode; on raw
/// sockets, whose rows ss may take from `/proc/net/raw`, both ends.
fn identity(fields: &Fields) -> String {
    match (fields.get("cookie"), fields.get("association")) {
        (Some(cookie), Some(tag)) => format!("cookie {cookie} association {tag}"),
        (Some(cookie), None) => format!("cookie {cookie}"),
        (None, _) => format!("{} → {}", text(fields, "local"), text(fields, "remote")),
    }
}

fn text(fields: &Fields, key: &str) -> String {
    fields
        .get(key)
        .map_or("nothing".into(), |value| match value {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
        })
}

/// Rows by identity. Rows that share one (unix sockets waiting for accept have no inode) are distinguished by number.
fn by_identity(rows: Vec<Fields>, with_cookie: bool) -> BTreeMap<String, Fields> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    rows.into_iter()
        .map(|mut row| {
            if !with_cookie {
                row.remove("cookie");
            }
            let identity = identity(&row);
            let count = seen.entry(identity.clone()).or_default();
            *count += 1;
            let identity = match *count {
                1 => identity,
                count => format!("{identity} #{count}"),
            };
            (identity, row)
        })
        .collect()
}

/// A difference that is there only once was the time that passed between two looks at a moving socket.
const LOOKS: usize = 3;

pub(crate) fn compare(select: &str, arguments: &[&str], layout: Layout) -> Result<(), Failed> {
    let mut lasting: Option<Vec<Difference>> = None;
    let mut faults = Json::Null;
    for _ in 0..LOOKS {
        let start = Instant::now();
        let before = ask_ss(arguments, layout)?;
        let (ours, document) = ask_sockwatch(select)?;
        let after = ask_ss(arguments, layout)?;
        let mut found = all_differences(before, ours, after, start.elapsed())?;
        if let Some(known) = lasting {
            found.retain(|one| known.iter().any(|other| one.is_same(other)));
        }
        if found.is_empty() {
            return Ok(());
        }
        lasting = Some(found);
        faults = document["faults"].clone();
    }
    let lasting = lasting.unwrap_or_default();
    let lines: Vec<String> = lasting.iter().map(ToString::to_string).collect();
    Err(format!(
        "{} differences; sockwatch's faults: {faults}\n{}",
        lines.len(),
        lines.join("\n")
    )
    .into())
}

/// Something on which ss and sockwatch do not agree.
#[derive(Debug)]
struct Difference {
    identity: String,
    socket: String,
    field: String,
    what: String,
}

impl Difference {
    fn is_same(&self, other: &Difference) -> bool {
        self.identity == other.identity && self.field == other.field
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Difference {
            identity,
            socket,
            field,
            what,
        } = self;
        write!(f, "{identity} ({socket}): {field}: {what}")
    }
}

/// What `ours` has that ss neither had before nor after: one sentence for each socket or field.
fn all_differences(
    before: Vec<Fields>,
    ours: Vec<Fields>,
    after: Vec<Fields>,
    elapsed: Duration,
) -> Result<Vec<Difference>, Failed> {
    if before.is_empty() {
        return Err("ss lists nothing to compare with".into());
    }
    let with_cookie = before.iter().all(|row| row.contains_key("cookie"));
    let ours: Vec<Fields> = ours
        .into_iter()
        .filter(|row| text(row, "state") != "bound-inactive")
        .collect();
    let before = by_identity(before, with_cookie);
    let ours = by_identity(ours, with_cookie);
    let after = by_identity(after, with_cookie);

    let mut out = Vec::new();
    let mut report = |identity: &String, row: &Fields, field: &str, what: String| {
        out.push(Difference {
            identity: identity.clone(),
            socket: describe(row),
            field: field.to_owned(),
            what,
        });
    };
    for (identity, first) in &before {
        let Some(second) = after.get(identity) else {
            continue;
        };
        match ours.get(identity) {
            None => report(identity, first, "the socket", "only ss lists it".into()),
            Some(row) => {
                for (field, what) in differences(first, row, second, elapsed) {
                    report(identity, first, &field, what);
                }
            }
        }
    }
    for (identity, row) in &ours {
        if !before.contains_key(identity) && !after.contains_key(identity) {
            report(
                identity,
                row,
                "the socket",
                "only sockwatch lists it".into(),
            );
        }
    }
    Ok(out)
}

/// The comparison proves something: ss three times agrees, and a changed field or a missing socket is reported.
fn ss_agrees_with_itself(_: &World) -> Result<(), Failed> {
    for (arguments, layout) in [
        (TCP, Layout::Inet),
        (UDP, Layout::Inet),
        (UNIX, Layout::Unix),
    ] {
        let start = Instant::now();
        let [before, ours, after] = [0; 3].map(|_| ask_ss(arguments, layout));
        let (before, ours, after) = (before?, ours?, after?);
        let elapsed = start.elapsed();
        let differences = |ours: Vec<Fields>| {
            all_differences(before.clone(), ours, after.clone(), elapsed)
                .map_err(|error| error.message().unwrap_or("no message").to_owned())
        };
        let found = differences(ours.clone())?;
        if !found.is_empty() {
            return Err(format!("ss disagrees with itself: {found:?}").into());
        }
        if differences(ours[1..].to_vec())?.len() != 1 {
            return Err("a socket that is missing goes unnoticed".into());
        }
        let mut tried = HashSet::new();
        for (at, row) in ours.iter().enumerate() {
            for (key, value) in row {
                // These identify the socket; it would be another one.
                let identifies = key == "cookie"
                    || (!row.contains_key("cookie") && matches!(key.as_str(), "local" | "remote"));
                if identifies || NEWER.contains(&key.as_str()) || !tried.insert(key.clone()) {
                    continue;
                }
                let mut changed = ours.clone();
                let other = match value {
                    Value::Number(number) => Value::Number(number * 2.0 + 100_000.0),
                    Value::Text(text) => Value::Text(format!("{text}x")),
                };
                changed[at].insert(key.clone(), other);
                if differences(changed)?.is_empty() {
                    return Err(format!("a change of {key} goes unnoticed: {row:?}").into());
                }
            }
        }
    }
    Ok(())
}

fn describe(row: &Fields) -> String {
    let (state, local, remote) = (text(row, "state"), text(row, "local"), text(row, "remote"));
    format!("{state} {local} → {remote}")
}

/// The fields in which sockwatch's row agrees with neither of ss's, with both values.
fn differences(
    before: &Fields,
    ours: &Fields,
    after: &Fields,
    elapsed: Duration,
) -> Vec<(String, String)> {
    let mut keys: Vec<&String> = before
        .keys()
        .chain(after.keys())
        .chain(ours.keys())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let timer = agrees_on_timer(before, ours, after, elapsed);
    keys.into_iter()
        .filter(|key| both_have(key, before, ours))
        .filter(|key| {
            if let Some(field) = key.strip_prefix("timer.") {
                return match field {
                    "expires_ms" => !timer,
                    _ => !agrees(key, before, ours, after),
                };
            }
            if key.starts_with("tcp.last_") {
                return !agrees_on_age(key, before, ours, after, elapsed);
            }
            !agrees(key, before, ours, after)
        })
        .map(|key| {
            let [first, own, second] = [before, ours, after]
                .map(|row| row.get(key).map_or("nothing".into(), Value::to_string));
            if first == second {
                (key.clone(), format!("ss {first}, sockwatch {own}"))
            } else {
                (
                    key.clone(),
                    format!("ss {first} and then {second}, sockwatch {own}"),
                )
            }
        })
        .collect()
}

/// Whether ss and sockwatch both have such a field, so that its absence means a value that is not shown.
fn both_have(key: &str, before: &Fields, ours: &Fields) -> bool {
    // Without raw_diag in the kernel ss reads /proc/net/raw, and has ends, queues and owners alone.
    if !before.contains_key("cookie") && !before.contains_key("netid") {
        return before.contains_key(key);
    }
    if NEWER.contains(&key) {
        return before.contains_key(key);
    }
    if let Some(field) = key.strip_prefix("tcp.") {
        let printed = TCP_FIELDS.contains(&field);
        return printed || before.contains_key(key);
    }
    match key {
        "local" | "remote" if before.contains_key("association") => before.contains_key(key),
        // Fields of `-e` and `-x` that JSON need not carry, and the reverse.
        "v6only" | "tclass" | "class_id" | "pending" => {
            ours.contains_key(key) && before.contains_key(key)
        }
        "cgroup" | "options" | "tos" | "shutdown" | "inode" | "uid"
            if before.contains_key("netid") =>
        {
            before.contains_key(key)
        }
        _ => true,
    }
}

/// What ss means by not printing a number.
fn unprinted(key: &str) -> f64 {
    match key {
        "tcp.reordering" => 3.0,
        _ => 0.0,
    }
}

fn number(row: &Fields, key: &str) -> Option<f64> {
    match row.get(key) {
        None => Some(unprinted(key)),
        Some(Value::Number(number)) => Some(*number),
        Some(Value::Text(_)) => None,
    }
}

/// Equal to one of both, or a number between them.
fn agrees(key: &str, before: &Fields, ours: &Fields, after: &Fields) -> bool {
    let (Some(first), Some(own), Some(second)) =
        (number(before, key), number(ours, key), number(after, key))
    else {
        let own = ours.get(key);
        return own == before.get(key) || own == after.get(key);
    };
    let slack = own.abs() * if is_rounded(key) { SIX_DIGITS } else { 1e-12 };
    first.min(second) - slack <= own && own <= first.max(second) + slack
}

/// Whether ss writes the field with six digits only.
fn is_rounded(key: &str) -> bool {
    key.starts_with("congestion_info.")
        || matches!(
            key,
            "tcp.rto" | "tcp.rtt" | "tcp.rttvar" | "tcp.ato" | "tcp.rcv_rtt" | "tcp.min_rtt"
        )
}

/// An age grows with time until it starts from 0 again.
fn agrees_on_age(
    key: &str,
    before: &Fields,
    ours: &Fields,
    after: &Fields,
    elapsed: Duration,
) -> bool {
    let (Some(first), Some(own), Some(second)) =
        (number(before, key), number(ours, key), number(after, key))
    else {
        return false;
    };
    let elapsed = elapsed.as_secs_f64() * 1000.0 + TICK_MS;
    let between = first - TICK_MS <= own && own <= second + TICK_MS;
    let begun_anew_before = own < first && own <= elapsed;
    let begins_anew_after = own > second && second <= elapsed && own <= first + elapsed;
    between || begun_anew_before || begins_anew_after
}

/// A timer runs down until it is set again.
fn agrees_on_timer(before: &Fields, ours: &Fields, after: &Fields, elapsed: Duration) -> bool {
    const KEY: &str = "timer.expires_ms";
    let (Some(first), Some(own), Some(second)) =
        (number(before, KEY), number(ours, KEY), number(after, KEY))
    else {
        return false;
    };
    let coarse = ss::timer_resolution(first.max(second)) + TICK_MS;
    let elapsed = elapsed.as_secs_f64() * 1000.0;
    let between = second - coarse <= own && own <= first + coarse;
    let set_anew = first <= elapsed + coarse || second > first;
    between || (set_anew && own <= first.max(second) + elapsed + coarse)
}

/// The state maker made what it says, in the eyes of ss.
fn states_are_made(world: &World) -> Result<(), Failed> {
    let mut rows = ask_ss(&["-taneOH"], Layout::Inet)?;
    rows.extend(ask_ss(&["-uaneOH"], Layout::Inet)?);
    let mut wrong = Vec::new();
    for made in &world.made {
        // ss 6.1 does not ask for bound-inactive sockets, and shows no cookies of unix and raw ones.
        if made.state == "bound-inactive" || !matches!(made.protocol, "tcp" | "udp") {
            continue;
        }
        match rows.iter().find(|row| is_made(row, made)) {
            None => wrong.push(format!("{made:?}: ss does not list it")),
            Some(row) if text(row, "state") != made.state => {
                wrong.push(format!("{made:?}: ss says {}", text(row, "state")));
            }
            Some(_) => {}
        }
    }
    let mut states: Vec<&str> = world
        .made
        .iter()
        .filter(|made| made.protocol == "tcp")
        .map(|made| made.state)
        .collect();
    states.sort_unstable();
    states.dedup();
    let all = [
        "bound-inactive",
        "close-wait",
        "closing",
        "established",
        "fin-wait-1",
        "fin-wait-2",
        "last-ack",
        "listening",
        "syn-recv",
        "syn-sent",
        "time-wait",
    ];
    if states != all {
        wrong.push(format!("states made: {states:?}"));
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

/// Whether the row is that of the made socket.
fn is_made(row: &Fields, made: &Made) -> bool {
    if let Some(cookie) = made.cookie {
        return row.get("cookie") == Some(&Value::Number(cookie as f64));
    }
    made.ends.is_some_and(|(local, remote)| {
        text(row, "local") == local.to_string() && text(row, "remote") == remote.to_string()
    })
}

/// The one difference that is meant: ss 6.1 does not ask for sockets that are bound and nothing else.
fn bound_inactive_is_listed(world: &World) -> Result<(), Failed> {
    let (rows, _) = ask_sockwatch("-ta")?;
    for made in &world.made {
        if made.state != "bound-inactive" {
            continue;
        }
        let row = rows
            .iter()
            .find(|row| is_made(row, made))
            .ok_or_else(|| format!("{made:?}: sockwatch does not list it"))?;
        if text(row, "state") != "bound-inactive" {
            return Err(format!("{made:?}: sockwatch says {}", text(row, "state")).into());
        }
    }
    Ok(())
}
