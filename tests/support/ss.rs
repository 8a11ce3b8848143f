//! What ss prints of each socket with `-O`, taken apart.
//!
//! Values get the kernel's names and units: what ss shows as `rtt:0.023/0.011` becomes `tcp.rtt` = 23 and `tcp.rttvar`
//! = 11. Written from ss's own output code (`misc/ss.c` of iproute2 6.1): a zero is mostly not printed at all.

use std::collections::BTreeMap;

/// A value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Anything that can be compared by size, in the kernel's unit.
    Number(f64),
    /// Anything else.
    Text(String),
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// Fields of one socket by name.
pub(crate) type Fields = BTreeMap<String, Value>;

/// Which of ss's layouts a line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `-t`, `-u` or `-w` alone: state, queues, `address:port` twice.
    Inet,
    /// `-x`: netid, state, queues, name and inode twice.
    Unix,
}

/// A line could not be understood: the line, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unparsed(pub(crate) String);

struct Cursor<'a> {
    line: &'a str,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn fail<T>(&self, what: &str) -> Result<T, Unparsed> {
        Err(Unparsed(format!(
            "{what} at {:?} of {:?}",
            self.rest, self.line
        )))
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// The next word, which ends at white space.
    fn word(&mut self) -> Result<&'a str, Unparsed> {
        self.skip_space();
        let end = self
            .rest
            .find(char::is_whitespace)
            .unwrap_or(self.rest.len());
        if end == 0 {
            return self.fail("a word is missing");
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(word)
    }

    /// What stands up to `end`, which is passed over.
    fn up_to(&mut self, end: &str) -> Result<&'a str, Unparsed> {
        match self.rest.split_once(end) {
            Some((text, rest)) => {
                self.rest = rest;
                Ok(text)
            }
            None => self.fail("no end"),
        }
    }

    fn take(&mut self, prefix: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

/// Takes one line apart.
pub(crate) fn parse(line: &str, layout: Layout) -> Result<Fields, Unparsed> {
    let mut cursor = Cursor { line, rest: line };
    let mut out = Fields::new();
    if layout == Layout::Unix {
        out.insert("netid".into(), cursor.word()?.into());
    }
    // An SCTP association, below the line of its socket.
    cursor.take("`- ");
    out.insert("state".into(), cursor.word()?.into());
    for queue in ["recv_queue", "send_queue"] {
        let word = cursor.word()?;
        let Ok(value) = word.parse::<f64>() else {
            return cursor.fail("a queue is no number");
        };
        out.insert(queue.into(), value.into());
    }
    for end in ["local", "remote"] {
        let text = match layout {
            Layout::Inet => cursor.word()?.to_owned(),
            Layout::Unix => format!("{} {}", cursor.word()?, cursor.word()?),
        };
        out.insert(end.into(), text.into());
    }
    loop {
        cursor.skip_space();
        if cursor.rest.is_empty() {
            return Ok(out);
        }
        item(&mut cursor, &mut out)?;
    }
}

/// One item after the addresses.
fn item(cursor: &mut Cursor<'_>, out: &mut Fields) -> Result<(), Unparsed> {
    if cursor.take("users:(") {
        let owners = owners(cursor)?;
        out.insert("owners".into(), owners.into());
        return Ok(());
    }
    if cursor.take("inet-sockopt: (") {
        let mut names: Vec<&str> = cursor
            .up_to(")")?
            .split_whitespace()
            .map(|name| match name {
                "bind_addr_no_port" => "bind_address_no_port",
                other => other,
            })
            .collect();
        names.sort_unstable();
        out.insert("options".into(), names.join(" ").into());
        return Ok(());
    }
    if cursor.take("skmem:(") {
        for part in cursor.up_to(")")?.split(',') {
            let digits = part
                .find(|c: char| c.is_ascii_digit())
                .unwrap_or(part.len());
            let (short, number) = part.split_at(digits);
            let name = match short {
                "r" => "rmem_alloc",
                "rb" => "rcvbuf",
                "t" => "wmem_alloc",
                "tb" => "sndbuf",
                "f" => "fwd_alloc",
                "w" => "wmem_queued",
                "o" => "optmem",
                "bl" => "backlog",
                "d" => "drops",
                _ => return cursor.fail("an unknown part of skmem"),
            };
            number_into(cursor, out, &format!("memory.{name}"), number, 1.0)?;
        }
        return Ok(());
    }
    if cursor.take("timer:(") {
        let text = cursor.up_to(")")?;
        let mut parts = text.split(',');
        let (Some(kind), Some(left), Some(retries)) = (parts.next(), parts.next(), parts.next())
        else {
            return cursor.fail("a timer has three parts");
        };
        let Some(left) = milliseconds(left) else {
            return cursor.fail("a timer's time");
        };
        out.insert("timer.kind".into(), kind.into());
        out.insert("timer.expires_ms".into(), left.into());
        return number_into(cursor, out, "timer.retries", retries, 1.0);
    }
    if cursor.take("bbr:(") {
        for part in cursor.up_to(")")?.split(',') {
            let Some((name, value)) = part.split_once(':') else {
                return cursor.fail("a part of bbr");
            };
            let (name, factor) = match name {
                "bw" => ("bw", 1.0 / 8.0),
                "mrtt" => ("min_rtt", 1000.0),
                other => (other, 1.0),
            };
            let value = value.trim_end_matches("bps");
            number_into(
                cursor,
                out,
                &format!("congestion_info.{name}"),
                value,
                factor,
            )?;
        }
        return Ok(());
    }
    if cursor.take("locals:") {
        out.insert("local_addresses".into(), cursor.word()?.into());
        return Ok(());
    }
    if cursor.take("md5keys:") {
        // Without the keys themselves.
        let keys = cursor.word()?.split(',');
        let peers: Vec<&str> = keys
            .map(|key| key.split_once('=').map_or(key, |(peer, _)| peer))
            .collect();
        out.insert("md5_keys".into(), peers.join(",").into());
        return Ok(());
    }
    if cursor.take("peers:") {
        if !cursor.rest.starts_with(' ') {
            out.insert("remote_addresses".into(), cursor.word()?.into());
            return Ok(());
        }
        let mut pending = 0.0;
        while cursor
            .rest
            .trim_start()
            .starts_with(|c: char| c.is_ascii_digit())
        {
            cursor.word()?;
            pending += 1.0;
        }
        out.insert("pending".into(), pending.into());
        return Ok(());
    }
    let word = cursor.word()?;
    match word {
        "send" => {
            // Derived by ss from the window and the round-trip time, which are compared themselves.
            cursor.word()?;
        }
        "pacing_rate" => {
            let rates = cursor.word()?;
            let (rate, most) = rates
                .split_once('/')
                .map_or((rates, None), |(a, b)| (a, Some(b)));
            bits_into(cursor, out, "tcp.pacing_rate", rate)?;
            if let Some(most) = most {
                bits_into(cursor, out, "tcp.max_pacing_rate", most)?;
            }
        }
        "delivery_rate" => {
            let rate = cursor.word()?;
            bits_into(cursor, out, "tcp.delivery_rate", rate)?;
        }
        "version:" | "cipher:" | "rxconf:" | "txconf:" => {
            let key = format!("tls.{}", word.trim_end_matches(':'));
            out.insert(key, cursor.word()?.into());
        }
        "app_limited" => {
            out.insert("tcp.delivery_rate_app_limited".into(), 1.0.into());
        }
        "ts" | "sack" | "ecn" | "ecnseen" | "fastopen" => {
            out.insert(format!("tcp option {word}"), 1.0.into());
        }
        "<->" | "-->" | "<--" | "---" => {
            let mask = f64::from(u8::from(word.starts_with('-')))
                + 2.0 * f64::from(u8::from(word.ends_with('-')));
            out.insert("shutdown".into(), mask.into());
        }
        _ => match word.split_once(':') {
            Some((name, value)) => pair(cursor, out, name, value)?,
            None => match word.strip_prefix("tcp-ulp-") {
                Some(ulp) => drop(out.insert("ulp".into(), ulp.into())),
                None => drop(out.insert("congestion".into(), word.into())),
            },
        },
    }
    Ok(())
}

/// `name:value`.
fn pair(cursor: &Cursor<'_>, out: &mut Fields, name: &str, value: &str) -> Result<(), Unparsed> {
    let hexadecimal = |text: &str| {
        u64::from_str_radix(text.trim_start_matches("0x"), 16).map_or(f64::NAN, |n| n as f64)
    };
    let mut number = |key: &str, text: &str, factor| number_into(cursor, out, key, text, factor);
    match name {
        "uid" => number("uid", value, 1.0),
        "ino" => number("inode", value, 1.0),
        "v6only" => number("v6only", value, 1.0),
        "rto" | "ato" | "rcv_rtt" => number(&format!("tcp.{name}"), value, 1000.0),
        "minrtt" => number("tcp.min_rtt", value, 1000.0),
        "rtt" | "wscale" | "retrans" => {
            let (keys, factor) = match name {
                "rtt" => (["rtt", "rttvar"], 1000.0),
                "wscale" => (["snd_wscale", "rcv_wscale"], 1.0),
                _ => (["retrans", "total_retrans"], 1.0),
            };
            let Some((first, second)) = value.split_once(['/', ',']) else {
                return cursor.fail("a pair of numbers");
            };
            number(&format!("tcp.{}", keys[0]), first, factor)?;
            number(&format!("tcp.{}", keys[1]), second, factor)
        }
        "busy" | "rwnd_limited" | "sndbuf_limited" => {
            let key = if name == "busy" { "busy_time" } else { name };
            let value = value.split_once("ms").map_or(value, |(number, _)| number);
            number(&format!("tcp.{key}"), value, 1000.0)
        }
        "mss" | "rcvmss" | "cwnd" | "ssthresh" | "lastsnd" | "lastrcv" | "lastack" | "notsent" => {
            let key = match name {
                "mss" => "snd_mss",
                "rcvmss" => "rcv_mss",
                "cwnd" => "snd_cwnd",
                "ssthresh" => "snd_ssthresh",
                "lastsnd" => "last_data_sent",
                "lastrcv" => "last_data_recv",
                "lastack" => "last_ack_recv",
                _ => "notsent_bytes",
            };
            number(&format!("tcp.{key}"), value, 1.0)
        }
        "backoff" | "pmtu" | "advmss" | "bytes_sent" | "bytes_retrans" | "bytes_acked"
        | "bytes_received" | "segs_out" | "segs_in" | "data_segs_out" | "data_segs_in"
        | "delivered" | "delivered_ce" | "unacked" | "lost" | "sacked" | "dsack_dups"
        | "fackets" | "reordering" | "reord_seen" | "rcv_space" | "rcv_ssthresh"
        | "rcv_ooopack" | "snd_wnd" | "rcv_wnd" | "rehash" => {
            number(&format!("tcp.{name}"), value, 1.0)
        }
        "tag" | "ptag" => {
            let key = match name {
                "tag" => "association",
                _ => "sctp.peer_tag",
            };
            out.insert(key.into(), hexadecimal(value).into());
            Ok(())
        }
        // That of the association, once more.
        "state" => Ok(()),
        "rwnd" | "unackdata" | "penddata" | "instrms" | "outstrms" | "inqueue" | "outqueue"
        | "overerr" | "maxburst" | "maxseg" | "prwnd" | "pcapable" | "psack" => {
            let key = match name {
                "overerr" => "overall_error",
                "maxburst" => "max_burst",
                "prwnd" => "peer_rwnd",
                "pcapable" => "peer_capable",
                "psack" => "peer_sack",
                other => other,
            };
            number(&format!("sctp.{key}"), value, 1.0)
        }
        "autoclose" | "adapind" | "pdpoint" | "nodelay" | "nofrag" | "v4mapped" | "fraginl" => {
            let key = match name {
                "adapind" => "adaptation_ind",
                "pdpoint" => "pd_point",
                "nofrag" => "disable_fragments",
                "fraginl" => "frag_interleave",
                other => other,
            };
            number(&format!("sctp.s_{key}"), value, 1.0)
        }
        "sk" => {
            out.insert("cookie".into(), hexadecimal(value).into());
            Ok(())
        }
        "fwmark" | "tos" | "tclass" | "class_id" => {
            let key = if name == "fwmark" { "mark" } else { name };
            out.insert(key.into(), hexadecimal(value).into());
            Ok(())
        }
        "cgroup" => {
            out.insert("cgroup".into(), value.into());
            Ok(())
        }
        "dev" => {
            out.insert("device of the path".into(), value.into());
            Ok(())
        }
        _ => cursor.fail(&format!("an unknown field {name}")),
    }
}

fn number_into(
    cursor: &Cursor<'_>,
    out: &mut Fields,
    key: &str,
    text: &str,
    factor: f64,
) -> Result<(), Unparsed> {
    match text.parse::<f64>() {
        Ok(number) => {
            // A unix socket has two inodes: that in sockfs comes with its name, that of its path later.
            out.entry(key.to_owned())
                .or_insert(Value::Number(number * factor));
            Ok(())
        }
        Err(_) => cursor.fail(&format!("{key} is no number")),
    }
}

/// A rate in bits per second, kept in bytes per second.
fn bits_into(cursor: &Cursor<'_>, out: &mut Fields, key: &str, text: &str) -> Result<(), Unparsed> {
    number_into(cursor, out, key, text.trim_end_matches("bps"), 1.0 / 8.0)
}

/// `("comm",pid=1,fd=2),("other",pid=3,fd=4))` as `comm/1/2 other/3/4`, sorted.
fn owners(cursor: &mut Cursor<'_>) -> Result<String, Unparsed> {
    let mut out = Vec::new();
    loop {
        if !cursor.take("(\"") {
            return cursor.fail("an owner");
        }
        let comm = cursor.up_to("\",pid=")?;
        let pid = cursor.up_to(",fd=")?;
        let fd = cursor.up_to(")")?;
        let (Ok(pid), Ok(fd)) = (pid.parse::<u32>(), fd.parse::<u32>()) else {
            return cursor.fail("an owner's numbers");
        };
        out.push(format!("{comm}/{pid}/{fd}"));
        if cursor.take(")") {
            out.sort_unstable();
            return Ok(out.join(" "));
        }
        if !cursor.take(",") {
            return cursor.fail("another owner");
        }
    }
}

/// ss's way to write a time: `204ms`, `1.204ms` (1204 ms), `59sec`, `1min2sec`, `119min`.
fn milliseconds(text: &str) -> Option<f64> {
    let (minutes, rest) = text.split_once("min").unwrap_or(("0", text));
    let (seconds, thousandths) = if let Some(seconds) = rest.strip_suffix("sec") {
        (seconds, "0")
    } else if let Some(rest) = rest.strip_suffix("ms") {
        rest.split_once('.').unwrap_or(("0", rest))
    } else if rest.is_empty() {
        ("0", "0")
    } else {
        return None;
    };
    let number = |text: &str| text.parse::<u32>().ok().map(f64::from);
    Some(number(minutes)? * 60_000.0 + number(seconds)? * 1000.0 + number(thousandths)?)
}

/// How coarse ss writes a time of so many milliseconds.
pub(crate) fn timer_resolution(milliseconds: f64) -> f64 {
    if milliseconds >= 600_000.0 {
        60_000.0
    } else if milliseconds >= 10_000.0 {
        1000.0
    } else {
        1.0
    }
}

/// ss's filter name of the state that its State column shows.
pub(crate) fn filter_name(shown: &str) -> &str {
    match shown {
        "ESTAB" => "established",
        "SYN-SENT" => "syn-sent",
        "SYN-RECV" => "syn-recv",
        "FIN-WAIT-1" => "fin-wait-1",
        "FIN-WAIT-2" => "fin-wait-2",
        "TIME-WAIT" => "time-wait",
        "UNCONN" => "closed",
        "CLOSE-WAIT" => "close-wait",
        "LAST-ACK" => "last-ack",
        "LISTEN" => "listening",
        "CLOSING" => "closing",
        "COOKIE_WAIT" => "cookie-wait",
        "COOKIE_ECHOED" => "cookie-echoed",
        "SHUTDOWN_PENDING" => "shutdown-pending",
        "SHUTDOWN_SENT" => "shutdown-sent",
        "SHUTDOWN_RECEIVED" => "shutdown-received",
        "ACK_SENT" => "shutdown-ack-sent",
        other => other,
    }
}
