//! How many bytes of `struct tcp_info` this kernel reports, and that what it does not report is absent everywhere.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;

use libtest_mimic::Failed;
use serde_json::Value as Json;
use sockwatch::model::{Protocol, Sample, State, TcpInfo};
use sockwatch::source::netlink::datagram::decode_datagram;
use sockwatch::source::netlink::request::Table;

use crate::support::dumps;
use crate::support::requirements::kernel_version;
use crate::support::sandbox::Case;
use crate::support::sockets_in_every_state::{listener, pair};
use crate::support::wait;
use crate::{fallible, run};

/// Versions of Linux from which the structure has this many bytes. Kernel: `include/uapi/linux/tcp.h`.
const LENGTHS: [((u32, u32), usize); 4] =
    [((5, 4), 232), ((6, 2), 240), ((6, 7), 248), ((6, 18), 280)];

/// Environment variable with a directory in which to keep the dump: the source of the `tcp-VERSION.dump` of
/// `tests/fixtures`.
const KEPT_IN: &str = "SOCKWATCH_KEEP_DUMPS";

pub(crate) const CASES: &[Case] = &[
    fallible(
        "the length is that of this version, and fields beyond it are absent",
        &[],
        length_of_this_version,
    ),
    fallible(
        "list --json has the fields that were reported, and no others",
        &[],
        json_has_what_was_reported,
    ),
];

/// Returns the length that this version reports.
fn expected_length() -> Result<usize, Failed> {
    let version = kernel_version().ok_or("the kernel has no version")?;
    let known = LENGTHS.iter().rev().find(|(since, _)| *since <= version);
    Ok(known.ok_or("a kernel before 5.4")?.1)
}

/// Some TCP sockets: a listener, a connection that has exchanged data, a TIME-WAIT.
struct Sockets {
    _listener: TcpListener,
    connection: (TcpStream, TcpStream),
}

impl Sockets {
    fn open() -> Result<Sockets, Failed> {
        let listener = listener(Ipv4Addr::LOCALHOST);
        let (mut near, mut far) = pair(&listener);
        near.write_all(&[1; 5000])?;
        far.read_exact(&mut [0; 5000])?;
        far.write_all(&[2; 300])?;
        near.read_exact(&mut [0; 300])?;
        let (first, second) = pair(&listener);
        let (local, remote) = (first.local_addr()?.port(), first.peer_addr()?.port());
        drop(first);
        drop(second);
        wait::until_tcp("TIME-WAIT", local, remote, 6);
        Ok(Sockets {
            _listener: listener,
            connection: (near, far),
        })
    }
}

fn length_of_this_version() -> Result<(), Failed> {
    let sockets = Sockets::open()?;
    let own = sockets.connection.0.local_addr()?.port();
    let datagrams = dumps::record(Table::Inet(Protocol::Tcp))?;
    if let Some(directory) = std::env::var_os(KEPT_IN) {
        let (major, minor) = kernel_version().ok_or("the kernel has no version")?;
        let file = format!("tcp-{major}.{minor}.dump");
        std::fs::write(
            Path::new(&directory).join(file),
            dumps::to_bytes(&datagrams),
        )?;
    }
    let mut sample = Sample::default();
    for datagram in &datagrams {
        let status = decode_datagram(datagram, None, Some(Protocol::Tcp), 1, &mut sample.sockets);
        assert_eq!(status.malformed, 0, "{:?}", status.reason);
    }
    let length = expected_length()?;
    let (mut with, mut without, mut own_found) = (0, 0, false);
    for row in sample.iter() {
        let Some(info) = row.tcp_info() else {
            assert!(
                !matches!(row.socket.state, State::Established | State::Listen),
                "{:?}",
                row.socket
            );
            without += 1;
            continue;
        };
        with += 1;
        let bytes = info.bytes();
        assert_eq!(bytes.len(), length, "on {:?}", kernel_version());
        for field in TcpInfo::FIELDS {
            let reported = field.offset + field.width <= length;
            let value = field.read(bytes);
            assert!(reported || value.is_none(), "{} is absent", field.name);
        }
        if row.socket.local().is_some_and(|local| local.port == own) {
            own_found = true;
            assert_eq!(info.bytes_sent(), Some(5000));
            assert_eq!(info.bytes_received(), Some(300));
        }
    }
    assert!(own_found && with >= 3 && without >= 1, "{with}, {without}");
    Ok(())
}

fn json_has_what_was_reported() -> Result<(), Failed> {
    let sockets = Sockets::open()?;
    let own = sockets.connection.0.local_addr()?.port();
    let filter = format!("sport = {own}");
    let output = run(&["list", "-t", "--jsonl", &filter]);
    let row: Json = serde_json::from_slice(&output.stdout)?;
    let fields = row["tcp"].as_object().ok_or("it has tcp_info")?;
    let length = expected_length()?;
    for field in TcpInfo::FIELDS {
        let reported = field.offset + field.width <= length;
        let is_there = fields.get(field.name).is_some_and(|value| !value.is_null());
        // Ages have no meaning before something was sent or received.
        let may_be_absent = !reported || field.name.starts_with("last_");
        assert!(
            is_there == reported || (!is_there && may_be_absent),
            "{}: {is_there}, although the length is {length}",
            field.name
        );
    }
    Ok(())
}
