//! Sockets that only some kernels have, compared with ss field by field: SCTP and its associations, kTLS, VRF, vsock, MD5
//! keys, TCP-AO, UDP-Lite.
//!
//! Where the kernel or its module is missing, a case is reported as ignored.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use libtest_mimic::Failed;

use crate::compare_ss::compare;
use crate::support::helper_process::HelperProcess;
use crate::support::network_namespace::ip;
use crate::support::requirements::{OTHER_KERNELS, Requirement};
use crate::support::sandbox::Case;
use crate::support::ss::Layout;
use crate::{fallible, run, text};

const SCTP: &[Requirement] = &[Requirement::Ip, Requirement::Ss, Requirement::Kind("sctp")];

pub(crate) const CASES: &[Case] = &[
    fallible(
        "sctp: every socket, association and field as ss has it",
        SCTP,
        || {
            let _sockets = made("sctp");
            compare(
                "-Sa",
                &["-SaneimoOpH", "--tos", "--cgroup", "--inet-sockopt"],
                Layout::Inet,
            )
        },
    ),
    fallible(
        "sctp: letters and filters select what they select in ss",
        SCTP,
        sctp_selection,
    ),
    fallible(
        "sctp: associations are not counted as sockets, and survive a recording",
        SCTP,
        sctp_counts,
    ),
    fallible(
        "ktls: every field as ss has it",
        &[Requirement::Ip, Requirement::Ss, Requirement::Kind("ktls")],
        || {
            let _sockets = made("ktls");
            compare("-ta", TCP, Layout::Inet)?;
            expect("-tan", "tls", 9)
        },
    ),
    fallible(
        "vrf: sockets bound to devices as ss has them",
        &[
            Requirement::Ip,
            Requirement::Ss,
            Requirement::Vrf,
            Requirement::Python,
        ],
        vrf,
    ),
    fallible(
        "vsock: every socket as ss has it",
        &[Requirement::Ss, Requirement::Kind("vsock")],
        vsock,
    ),
    fallible(
        "md5: peers with keys as ss has them, and never a key",
        &[Requirement::Ip, Requirement::Ss, Requirement::Kind("md5")],
        || {
            let _sockets = made("md5");
            compare("-ta", TCP, Layout::Inet)?;
            let document = text(&run(&["list", "-ta", "--json"]).stdout);
            if document.contains("secret") {
                return Err("a key is shown".into());
            }
            expect("-tan", "md5_keys", 4)
        },
    ),
    fallible(
        "ao: sockets with keys are as ss has them",
        &[Requirement::Ip, Requirement::Ss, Requirement::Kind("ao")],
        || {
            let _sockets = made("ao");
            compare("-ta", TCP, Layout::Inet)
        },
    ),
    fallible(
        "netem: a connection that lost packets has the retransmissions that ss shows",
        &[Requirement::Ip, Requirement::Ss, Requirement::Kind("lossy")],
        || {
            let _sockets = made("lossy");
            compare("-ta", TCP, Layout::Inet)?;
            let sockets = json(&["-tn"])?;
            let count = |row: &Json| row["tcp"]["total_retrans"].as_u64();
            if sockets.iter().filter_map(count).max() >= Some(3) {
                return Ok(());
            }
            Err(format!("no connection sent anything again: {sockets:#?}").into())
        },
    ),
    fallible(
        "udp-lite: every socket as the kernel's file has it",
        &[Requirement::Ip, Requirement::Kind("udplite")],
        udplite,
    ),
];

const TCP: &[&str] = &["-taneimoOpH", "--tos", "--cgroup", "--inet-sockopt"];

/// Starts the process that has the sockets of a kind.
pub(crate) fn made(kind: &str) -> HelperProcess {
    ip("link set lo up");
    let mut command = Command::new("python3");
    command.args([OTHER_KERNELS, kind]).stdin(Stdio::piped());
    let mut sockets = HelperProcess::start(command);
    assert_eq!(sockets.read_line(), "ready");
    sockets
}

/// The output of a program, line by line, with single spaces.
fn lines(output: &[u8]) -> Vec<String> {
    let text = text(output);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

fn ss(arguments: &[&str]) -> Result<Vec<String>, Failed> {
    let output = Command::new("ss").args(arguments).output()?;
    Ok(lines(&output.stdout))
}

pub(crate) fn json(arguments: &[&str]) -> Result<Vec<Json>, Failed> {
    let output = run(&[&["list", "--json"], arguments].concat());
    let document: Json = serde_json::from_slice(&output.stdout)?;
    Ok(document["sockets"].as_array().cloned().unwrap_or_default())
}

/// Checks how many sockets have a field.
fn expect(select: &str, field: &str, count: usize) -> Result<(), Failed> {
    let sockets = json(&[select])?;
    let found = sockets
        .iter()
        .filter(|socket| !socket[field].is_null())
        .count();
    if found == count {
        return Ok(());
    }
    Err(format!("{found} sockets have {field} in place of {count}: {sockets:?}").into())
}

/// State, queues and ports, which identify every socket that is made here: addresses of IPv6 sockets are not shown alike.
fn identities(lines: &[String]) -> BTreeSet<String> {
    let identity = |line: &String| {
        let line = line.replace("`- ", "`-").replace('–', "*:*");
        let mut words = line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for word in words.iter_mut().skip(3) {
            if let Some((_, port)) = word.rsplit_once(':') {
                *word = port.to_owned();
            }
        }
        words.join(" ")
    };
    lines.iter().map(identity).collect()
}

fn sctp_selection() -> Result<(), Failed> {
    let _sockets = made("sctp");
    let columns = ["--columns", "state,recv_queue,send_queue,local,remote"];
    let mut wrong = Vec::new();
    for selection in [
        &["-SanH"][..],
        &["-SnH"],
        &["-SlnH"],
        &["-San4H"],
        &["-San6H"],
        &["-SanH", "sport = :5002"],
        &["-SanH", "dport = :5001 or sport = :5004"],
        &["-SanH", "dst 127.0.0.1:5002"],
        &["-SanH", "dev = lo and sport != :5001"],
        &["-SanH", "not dport = :5002"],
    ] {
        let other = identities(&ss(selection)?);
        let own = run(&[&["list"], selection, &columns].concat());
        let own = identities(&lines(&own.stdout));
        // ss 6.1 marks an association only below its socket.
        let unmarked = |lines: &BTreeSet<String>| -> BTreeSet<String> {
            lines
                .iter()
                .map(|line| line.split_once(' ').map_or("", |(_, rest)| rest).to_owned())
                .collect()
        };
        if unmarked(&other) != unmarked(&own) || other.is_empty() {
            wrong.push(format!("{selection:?}:\nss {other:#?}\nsockwatch {own:#?}"));
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

fn sctp_counts() -> Result<(), Failed> {
    let _sockets = made("sctp");
    let rows = json(&["-Sa"])?;
    let associations = |rows: &[Json]| -> BTreeSet<String> {
        let all = rows.iter().filter(|row| !row["association"].is_null());
        all.map(|row| {
            format!(
                "{} {} {} {}",
                row["cookie"], row["association"], row["recv_queue"], row["remote_addresses"]
            )
        })
        .collect()
    };
    let live = associations(&rows);
    // Both ends of ten associations, and of the one that was peeled off.
    if live.len() != 22 {
        return Err(format!("{} associations in place of 22: {rows:#?}", live.len()).into());
    }
    let summary = run(&["summary", "--json"]);
    let summary: Json = serde_json::from_slice(&summary.stdout)?;
    let total = |name: &str| -> u64 {
        let protocols = summary["protocols"].as_array().into_iter().flatten();
        let of_name = protocols.filter(|row| row["protocol"] == name);
        of_name.filter_map(|row| row["sockets"].as_u64()).sum()
    };
    let sockets = rows.len() - live.len();
    if (total("sctp"), total("sctp-assoc")) != (sockets as u64, live.len() as u64) {
        return Err(format!("the summary is not of {sockets} sockets: {summary}").into());
    }
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("sctp.swr");
    let file = file.to_str().ok_or("a path of UTF-8")?;
    run(&[
        "record",
        "-o",
        file,
        "--duration",
        "2s",
        "--interval",
        "500ms",
    ]);
    let recorded = json(&["-Sa", "--from", file])?;
    if associations(&recorded) != live {
        return Err(format!("the recording has other associations: {recorded:#?}").into());
    }
    Ok(())
}

fn vrf() -> Result<(), Failed> {
    ip("link add blue type vrf table 10");
    ip("link set blue up");
    ip("link add inside type veth peer name outside");
    ip("link set inside master blue");
    ip("link set inside up");
    let _sockets = made("bound");
    compare("-ta", TCP, Layout::Inet)?;
    compare(
        "-ua",
        &["-uaneimoOpH", "--tos", "--cgroup", "--inet-sockopt"],
        Layout::Inet,
    )?;
    for device in ["blue", "inside", "lo"] {
        let filter = format!("dev = {device}");
        let (own, other) = (run(&["list", "-tanH", &filter]), ss(&["-tanH", &filter])?);
        if lines(&own.stdout).len() != other.len() || other.is_empty() {
            return Err(format!("{filter}: ss {other:?}, sockwatch {}", text(&own.stdout)).into());
        }
    }
    Ok(())
}

fn vsock() -> Result<(), Failed> {
    let _sockets = made("vsock");
    for letter in ["-a", "-l", "-n"] {
        let other = ss(&[letter, "--vsock", "-nOH"])?;
        let columns = [
            "--columns",
            "netid,state,recv_queue,send_queue,local,remote",
        ];
        let own = run(&[&["list", letter, "--vsock", "-nH"], &columns[..]].concat());
        let own: BTreeSet<String> = lines(&own.stdout)
            .iter()
            .map(|line| line.replace('–', "*:*"))
            .collect();
        let other: BTreeSet<String> = other.into_iter().collect();
        if own != other || other.is_empty() {
            return Err(format!("{letter}: ss {other:#?}, sockwatch {own:#?}").into());
        }
    }
    Ok(())
}

fn udplite() -> Result<(), Failed> {
    let _sockets = made("udplite");
    let rows = json(&["-a", "-A", "udplite"])?;
    let mut own: Vec<u64> = rows
        .iter()
        .filter_map(|row| row["inode"].as_u64())
        .collect();
    let mut other = Vec::new();
    for file in ["/proc/self/net/udplite", "/proc/self/net/udplite6"] {
        for line in fs::read_to_string(file)?.lines().skip(1) {
            let inode = line.split_whitespace().nth(9).ok_or("a field is missing")?;
            other.push(inode.parse::<u64>()?);
        }
    }
    own.sort_unstable();
    other.sort_unstable();
    if own != other || own.len() != 3 {
        return Err(format!("the kernel's files have {other:?}, sockwatch {rows:#?}").into());
    }
    Ok(())
}
