//! Byte counts of connections: what the programs at both ends wrote and read, exactly, however the connection ended.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use libtest_mimic::Failed;
use serde_json::Value as Json;

use crate::commands::EventStream;
use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::support::sockets_in_every_state::{address, cookie, listener, pair};
use crate::{fallible, sockwatch};

const REQUIREMENTS: &[Requirement] = &[Requirement::Root, Requirement::Ip];

/// Bytes that the opener writes, and the acceptor.
const SENT: usize = 3000;
const REPLIED: usize = 2000;

pub(crate) const CASES: &[Case] = &[
    fallible(
        "an aborted connection keeps the counts of the last sample",
        REQUIREMENTS,
        aborted_connections_keep_their_counts,
    ),
    fallible(
        "an aborted connection that no sample saw has no counts",
        REQUIREMENTS,
        unseen_aborted_connections_have_no_counts,
    ),
    fallible(
        "closed connections have what both ends wrote, without SYN and FIN",
        REQUIREMENTS,
        closed_connections_have_their_payload,
    ),
];

/// Events of the connections to a listener, and the listener that is used to wait for the start.
fn events(server: &TcpListener, interval: &str) -> Result<(EventStream, TcpListener), Failed> {
    let marker = listener(std::net::Ipv4Addr::LOCALHOST);
    let ports = [server, &marker].map(|listener| address(listener).port());
    let filter = format!("port = {} or port = {}", ports[0], ports[1]);
    let arguments = ["events", "-t", "--json", "--interval", interval, &filter];
    Ok((EventStream::start(sockwatch(&arguments), &marker)?, marker))
}

/// A connection over which both ends have sent and received everything.
fn used_pair(server: &TcpListener) -> Result<(TcpStream, TcpStream), Failed> {
    let (mut opener, mut acceptor) = pair(server);
    opener.write_all(&[1; SENT])?;
    acceptor.read_exact(&mut [0; SENT])?;
    acceptor.write_all(&[2; REPLIED])?;
    opener.read_exact(&mut [0; REPLIED])?;
    Ok((opener, acceptor))
}

/// Closes a connection with a reset (`SO_LINGER` 0).
fn abort(stream: TcpStream) -> Result<(), Failed> {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
    drop(stream);
    Ok(())
}

fn is_of(event: &Json, kind: &str, port: u16) -> bool {
    event["event"] == kind && event["socket"]["local"]["port"] == port
}

fn bytes(event: &Json) -> (Option<u64>, Option<u64>) {
    (
        event["sent_bytes"].as_u64(),
        event["received_bytes"].as_u64(),
    )
}

fn aborted_connections_keep_their_counts() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let (stream, _marker) = events(&server, "100ms")?;
    let (opener, acceptor) = used_pair(&server)?;
    let port = opener.local_addr()?.port();
    stream.until(|event| is_of(event, "opened", port))?;
    // A connection is known with the counts of a sample; one more sample has all of them.
    let (other, _held) = pair(&server);
    let other_port = other.local_addr()?.port();
    stream.until(|event| is_of(event, "opened", other_port))?;
    abort(opener)?;
    drop(acceptor);
    let all = stream.until(|event| is_of(event, "closed", port))?;
    let closed = all.last().ok_or("a line")?;
    assert_eq!(
        bytes(closed),
        (Some(SENT as u64), Some(REPLIED as u64)),
        "{closed}"
    );
    assert!(
        closed["totals_as_of"].is_string(),
        "a lower bound: {closed}"
    );
    assert!(closed["socket"]["tcp"].is_null(), "the kernel cleared it");
    assert!(closed["socket"]["send_queue"].is_null());
    Ok(())
}

fn unseen_aborted_connections_have_no_counts() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let (stream, marker) = events(&server, "1s")?;
    // A sample has just been taken.
    let (mark, _held) = pair(&marker);
    let port = mark.local_addr()?.port();
    stream.until(|event| is_of(event, "opened", port))?;
    let (opener, acceptor) = used_pair(&server)?;
    let port = opener.local_addr()?.port();
    abort(opener)?;
    drop(acceptor);
    let all = stream
        .until(|event| event["event"] == "closed" && event["socket"]["remote"]["port"] == port)?;
    let acceptor = all.last().ok_or("a line")?;
    assert_eq!(
        bytes(acceptor),
        (Some(REPLIED as u64), Some(SENT as u64)),
        "the end that was reset has them: {acceptor}"
    );
    let aborted = all.iter().find(|event| is_of(event, "closed", port));
    if let Some(aborted) = aborted.filter(|event| event["from"].is_null()) {
        assert_eq!(bytes(aborted), (None, None), "{aborted}");
        assert!(aborted["totals_as_of"].is_null());
    }
    Ok(())
}

/// Closes a connection, given the opener's and the acceptor's end.
type Ending = fn(TcpStream, TcpStream) -> Result<(), Failed>;

/// The ways in which a connection is closed.
const ENDINGS: [Ending; 5] = [
    |opener, mut acceptor| {
        drop(opener);
        assert_eq!(acceptor.read(&mut [0])?, 0);
        Ok(())
    },
    |mut opener, acceptor| {
        drop(acceptor);
        assert_eq!(opener.read(&mut [0])?, 0);
        Ok(())
    },
    |mut opener, mut acceptor| {
        opener.shutdown(Shutdown::Write)?;
        assert_eq!(acceptor.read(&mut [0])?, 0);
        drop(acceptor);
        assert_eq!(opener.read(&mut [0])?, 0);
        Ok(())
    },
    |opener, acceptor| {
        drop((opener, acceptor));
        Ok(())
    },
    // Reset: only the acceptor's end is aborted by its own process.
    |opener, acceptor| {
        abort(acceptor)?;
        drop(opener);
        Ok(())
    },
];

/// The one of [`ENDINGS`] that aborts the acceptor's end.
const ABORTED: usize = 4;

fn closed_connections_have_their_payload() -> Result<(), Failed> {
    let server = listener(std::net::Ipv4Addr::LOCALHOST);
    let (stream, marker) = events(&server, "100ms")?;
    // By cookie: within seconds a port may be used again.
    let mut endings = BTreeMap::new();
    for at in 0..100 {
        let (opener, acceptor) = used_pair(&server)?;
        let ending = at % ENDINGS.len();
        endings.insert(cookie(&opener), ("opener", ending));
        endings.insert(cookie(&acceptor), ("acceptor", ending));
        ENDINGS[ending](opener, acceptor)?;
    }
    let (mark, _held) = pair(&marker);
    let last = mark.local_addr()?.port();
    let mut exact = BTreeMap::new();
    for event in stream.until(|event| is_of(event, "opened", last))? {
        let known = event["socket"]["cookie"].as_u64();
        let Some((end, ending)) = known.and_then(|cookie| endings.get(&cookie)) else {
            continue;
        };
        if event["event"] != "closed" {
            continue;
        }
        let all = match *end {
            "opener" => (SENT as u64, REPLIED as u64),
            _ => (REPLIED as u64, SENT as u64),
        };
        if event["totals_as_of"].is_null() && !event["sent_bytes"].is_null() {
            assert_eq!(
                bytes(&event),
                (Some(all.0), Some(all.1)),
                "{end}, ending {ending}: {event}"
            );
            *exact.entry(*end).or_insert(0) += 1;
            continue;
        }
        // The kernel cleared the counts of an end that its own process aborted. Those of a sample, which may have seen it
        // before it had sent anything, are a lower bound and said to be one.
        assert_eq!((*end, *ending), ("acceptor", ABORTED), "{event}");
        assert!(event["socket"]["tcp"].is_null(), "{event}");
        if !event["sent_bytes"].is_null() {
            let (sent, received) = bytes(&event);
            assert!(
                sent <= Some(all.0) && received <= Some(all.1),
                "no more than there was: {event}"
            );
        }
    }
    let aborted = endings
        .values()
        .filter(|end| **end == ("acceptor", ABORTED));
    assert_eq!(exact["opener"], endings.len() / 2, "each has its counts");
    assert_eq!(exact["acceptor"], endings.len() / 2 - aborted.count());
    Ok(())
}
