//! Sockets as CSV (RFC 4180): a heading and a row for each, fields named as in JSON, missing values empty.

use std::io::{self, Write};

use crate::aggregate::Moment;
use crate::model::{Ends, SocketRef, TcpInfo, Unowned};

/// The fields before those of `tcp_info`.
const FIELDS: [&str; 25] = [
    "netns",
    "cookie",
    "inode",
    "family",
    "protocol",
    "state",
    "local_address",
    "local_port",
    "remote_address",
    "remote_port",
    "path",
    "interface",
    "recv_queue",
    "send_queue",
    "accept_queue",
    "backlog",
    "uid",
    "user",
    "pids",
    "comms",
    "attribution",
    "unowned",
    "cgroup",
    "received_bytes_per_s",
    "sent_bytes_per_s",
];

/// Writes a heading and the sockets in `rows`.
///
/// # Errors
/// What the writer says.
pub fn write(moment: &Moment, rows: &[u32], heading: bool, out: &mut impl Write) -> io::Result<()> {
    write_rows(moment, rows, heading, None, out).map_err(io_error)
}

/// The same with the time of the moment in front, in a field `taken_at`.
///
/// # Errors
/// What the writer says.
pub fn write_with_time(
    moment: &Moment,
    rows: &[u32],
    heading: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let taken_at = super::timestamp(moment.sample.taken_at_us);
    write_rows(moment, rows, heading, Some(&taken_at), out).map_err(io_error)
}

/// What the writer said, by which a closed pipe is known.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn write_rows(
    moment: &Moment,
    rows: &[u32],
    heading: bool,
    taken_at: Option<&str>,
    out: &mut impl Write,
) -> csv::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    if heading {
        if taken_at.is_some() {
            writer.write_field("taken_at")?;
        }
        for field in FIELDS {
            writer.write_field(field)?;
        }
        writer.write_field("timer")?;
        writer.write_field("timer_expires_ms")?;
        writer.write_field("congestion")?;
        for field in TcpInfo::FIELDS {
            writer.write_field(format!("tcp_{}", field.name))?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    for &row in rows {
        let Some(socket) = moment.sample.socket(row as usize) else {
            continue;
        };
        let rates = moment.aggregate.sockets.get(row as usize);
        if let Some(taken_at) = taken_at {
            writer.write_field(taken_at)?;
        }
        let mut field = |text: String| writer.write_field(text);
        for text in fixed_fields(socket) {
            field(text)?;
        }
        field(text(rates.and_then(|rates| rates.received)))?;
        field(text(rates.and_then(|rates| rates.sent)))?;
        let timer = socket.socket.timer;
        field(text(timer.map(|timer| timer.kind.name())))?;
        field(text(timer.map(|timer| timer.expires_ms)))?;
        field(text(socket.congestion()))?;
        for known in TcpInfo::FIELDS {
            field(text(
                socket.tcp_info().and_then(|info| known.read(info.bytes())),
            ))?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    Ok(writer.flush()?)
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// All of [`FIELDS`] but the rates.
fn fixed_fields(view: SocketRef<'_>) -> [String; 23] {
    let socket = view.socket;
    let (local, remote, path) = match socket.ends {
        Ends::Inet { local, .. } => {
            let end = |end: crate::model::Endpoint| (end.address.to_string(), end.port.to_string());
            (Some(end(local)), socket.remote().map(end), String::new())
        }
        Ends::Unix { .. } => {
            let path = view
                .name()
                .map(|name| String::from_utf8_lossy(name).replace('\0', "@"));
            (None, None, path.unwrap_or_default())
        }
        Ends::Netlink { port_id, .. } => (
            Some((socket.protocol.name().to_owned(), port_id.to_string())),
            None,
            String::new(),
        ),
        Ends::Packet { ethertype } => (
            Some((String::new(), ethertype.to_string())),
            None,
            String::new(),
        ),
        Ends::Vsock { local, remote } => {
            let end = |(cid, port): (u32, u32)| (cid.to_string(), port.to_string());
            (Some(end(local)), Some(end(remote)), String::new())
        }
    };
    let (local_address, local_port) = local.unwrap_or_default();
    let (remote_address, remote_port) = remote.unwrap_or_default();
    let owners = || view.owners().map(|(process, _)| &process.process);
    [
        socket.netns.to_string(),
        text(socket.known_cookie()),
        text((socket.inode != 0).then_some(socket.inode)),
        socket.family.name().to_owned(),
        socket.protocol.name().to_owned(),
        socket.state.filter_name().to_owned(),
        local_address,
        local_port,
        remote_address,
        remote_port,
        path,
        text(view.interface_name()),
        text(socket.received_unread()),
        text(socket.sent_unacknowledged()),
        text(socket.accept_queue()),
        text(socket.backlog()),
        text(socket.uid),
        text(view.user_name()),
        owners()
            .map(|process| process.key.pid.to_string())
            .collect::<Vec<_>>()
            .join(" "),
        owners()
            .map(|process| process.comm.clone())
            .collect::<Vec<_>>()
            .join(" "),
        text(socket.attribution.name()),
        text(socket.attribution.unowned().map(Unowned::name)),
        text(view.sample.cgroup_path(socket.cgroup_id)),
    ]
}
