//! The sockets of `sockwatch list --json`, as the fields that ss prints.

use std::net::IpAddr;

use serde_json::Value as Json;

use super::ss::Fields;

/// Bits of `tcpi_options` that ss has a word for.
const TCP_OPTIONS: [(u64, &str); 5] = [
    (1, "ts"),
    (2, "sack"),
    (8, "ecn"),
    (16, "ecnseen"),
    (32, "fastopen"),
];

/// The bit of `tcpi_options` that says that windows are scaled.
const WSCALE: u64 = 4;

/// Fields of `sctp_info` that ss prints.
const SCTP: [&str; 14] = [
    "rwnd",
    "unackdata",
    "penddata",
    "instrms",
    "outstrms",
    "inqueue",
    "outqueue",
    "overall_error",
    "max_burst",
    "maxseg",
    "peer_rwnd",
    "peer_tag",
    "peer_capable",
    "peer_sack",
];

/// Fields of `sctp_info` of a socket that ss prints.
const SCTP_OPTIONS: [&str; 7] = [
    "s_autoclose",
    "s_adaptation_ind",
    "s_pd_point",
    "s_nodelay",
    "s_disable_fragments",
    "s_v4mapped",
    "s_frag_interleave",
];

/// The fields of one socket under the names that [`super::ss::parse`] uses. What ss leaves out is left out.
pub(crate) fn fields(socket: &Json) -> Fields {
    let mut out = Fields::new();
    let text = |key: &str| socket[key].as_str().map(str::to_owned);
    let listening = socket["state"] == "listening";

    if let Some(state) = text("state") {
        out.insert("state".into(), state.into());
    }
    // A listener of TIPC has no accept queue but unread messages.
    let queues = if socket["accept_queue"].is_null() {
        ["recv_queue", "send_queue"]
    } else {
        ["accept_queue", "backlog"]
    };
    for (name, key) in ["recv_queue", "send_queue"].into_iter().zip(queues) {
        if let Some(number) = socket[key].as_f64() {
            out.insert(name.into(), number.into());
        }
    }
    if socket["family"] == "unix" {
        let path = socket["local"]["path"].as_str().unwrap_or("*");
        let inode = socket["inode"].as_u64().unwrap_or(0);
        let peer = socket["peer"]["inode"].as_u64().unwrap_or(0);
        out.insert("local".into(), format!("{path} {inode}").into());
        out.insert("remote".into(), format!("* {peer}").into());
        let netid = match socket["protocol"].as_str() {
            Some("stream") => "u_str",
            Some("dgram") => "u_dgr",
            Some("seqpacket") => "u_seq",
            other => other.unwrap_or("none"),
        };
        out.insert("netid".into(), netid.into());
    } else {
        let device = socket["interface"].as_str();
        out.insert("local".into(), end(&socket["local"], device).into());
        out.insert("remote".into(), end(&socket["remote"], None).into());
        if let Some(inode) = socket["inode"].as_f64() {
            out.insert("inode".into(), inode.into());
        }
    }
    let structures = [("sctp", &SCTP[..]), ("sctp_options", &SCTP_OPTIONS[..])];
    for (structure, names) in structures {
        for name in names {
            if let Some(number) = socket[structure][*name].as_f64() {
                out.insert(format!("sctp.{name}"), number.into());
            }
        }
    }
    for key in ["local_addresses", "remote_addresses", "md5_keys"] {
        if let Some(addresses) = text(key) {
            out.insert(key.into(), addresses.into());
        }
    }
    for (name, value) in socket["tls"].as_object().into_iter().flatten() {
        // Without keys there is no version or cipher.
        if let Some(value) = value.as_str() {
            out.insert(format!("tls.{name}"), value.into());
        }
    }
    for key in [
        "cookie",
        "uid",
        "mark",
        "tos",
        "tclass",
        "class_id",
        "association",
    ] {
        if let Some(number) = socket[key].as_f64() {
            out.insert(key.into(), number.into());
        }
    }
    if let Some(only) = socket["v6only"].as_bool() {
        out.insert("v6only".into(), f64::from(u8::from(only)).into());
    }
    if let Some(path) = socket["cgroup"]["path"].as_str() {
        out.insert("cgroup".into(), path.into());
    }
    if let Some(mask) = socket["shutdown"].as_f64() {
        out.insert("shutdown".into(), mask.into());
    }
    if let Some(names) = socket["options"].as_array() {
        let mut names: Vec<&str> = names.iter().filter_map(Json::as_str).collect();
        names.sort_unstable();
        out.insert("options".into(), names.join(" ").into());
    }
    if let Some(owners) = owners(socket) {
        out.insert("owners".into(), owners.into());
    }
    if let Some(ulp) = text("ulp") {
        out.insert("ulp".into(), ulp.into());
    }
    timer(&socket["timer"], &mut out);
    for (name, value) in socket["memory"].as_object().into_iter().flatten() {
        if let Some(number) = value.as_f64() {
            out.insert(format!("memory.{name}"), number.into());
        }
    }
    if socket["tcp"].is_object() {
        // ss shows these as part of tcp_info.
        if let Some(name) = text("congestion") {
            out.insert("congestion".into(), name.into());
        }
        for (name, value) in socket["congestion_info"].as_object().into_iter().flatten() {
            if let Some(number) = value.as_f64() {
                // The kernel counts gains in 256ths.
                let unit = if name.ends_with("_gain") { 256.0 } else { 1.0 };
                out.insert(format!("congestion_info.{name}"), (number / unit).into());
            }
        }
        tcp(&socket["tcp"], listening, &mut out);
    }
    out
}

/// `{"address", "port"}` as ss writes it; nothing for an unset one.
fn end(end: &Json, device: Option<&str>) -> String {
    let Some(address) = end["address"].as_str() else {
        return String::new();
    };
    let port = end["port"].as_u64().unwrap_or(0);
    let parsed: Result<IpAddr, _> = address.parse();
    let address = match parsed {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => format!("{address:?}, which is no address"),
    };
    let device = device.map_or(String::new(), |device| format!("%{device}"));
    let port = if port == 0 {
        "*".to_owned()
    } else {
        port.to_string()
    };
    format!("{address}{device}:{port}")
}

/// As `comm/pid/fd`, sorted. Owners without a descriptor are remembered or inferred ones, which ss does not know.
fn owners(socket: &Json) -> Option<String> {
    let mut out = Vec::new();
    for owner in socket["owners"].as_array()? {
        for fd in owner["fds"].as_array().into_iter().flatten() {
            out.push(format!(
                "{}/{}/{fd}",
                owner["comm"].as_str().unwrap_or("?"),
                owner["pid"]
            ));
        }
    }
    out.sort_unstable();
    (!out.is_empty()).then(|| out.join(" "))
}

fn timer(timer: &Json, out: &mut Fields) {
    let Some(kind) = timer["kind"].as_str() else {
        return;
    };
    let shown = match kind {
        "retransmit" => "on",
        "time-wait" => "timewait",
        "probe" => "persist",
        other => other,
    };
    out.insert("timer.kind".into(), shown.into());
    for key in ["expires_ms", "retries"] {
        if let Some(number) = timer[key].as_f64() {
            out.insert(format!("timer.{key}"), number.into());
        }
    }
}

/// `tcp_info` with what ss leaves out left out.
fn tcp(tcp: &Json, listening: bool, out: &mut Fields) {
    let get = |key: &str| tcp[key].as_u64();
    let options = get("options").unwrap_or(0);
    for (bit, word) in TCP_OPTIONS {
        if options & bit != 0 {
            out.insert(format!("tcp option {word}"), 1.0.into());
        }
    }
    let busy = get("busy_time").unwrap_or(0) > 0;
    for (name, value) in tcp.as_object().into_iter().flatten() {
        let Some(number) = value.as_u64() else {
            continue;
        };
        let shown = match name.as_str() {
            "rto" => number != 3_000_000,
            "rttvar" => get("rtt") != Some(0),
            "snd_wscale" | "rcv_wscale" => options & WSCALE != 0,
            "snd_ssthresh" => number < 0xffff,
            "min_rtt" => number != u64::from(u32::MAX),
            "pacing_rate" | "max_pacing_rate" => {
                number != u64::MAX && get("pacing_rate").is_some_and(|rate| rate != u64::MAX)
            }
            "rwnd_limited" | "sndbuf_limited" => busy,
            "sacked" => !listening,
            _ => true,
        };
        // ss writes these in whole milliseconds.
        let number = match name.as_str() {
            "busy_time" | "rwnd_limited" | "sndbuf_limited" => number / 1000 * 1000,
            _ => number,
        };
        if shown {
            out.insert(format!("tcp.{name}"), (number as f64).into());
        }
    }
}
