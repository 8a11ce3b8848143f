//! Sockets as JSON: the object that `list --json`, `--jsonl` and later `events` and `export` share.
//!
//! Field names and meanings are an interface that scripts rely on; what is not known is `null`.

use std::io::{self, Write};
use std::sync::mpsc;

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use crate::aggregate::{Moment, PeerIndex, SocketRates};
use crate::model::{
    Ends, Holder, MemoryInfo, ProcessRow, SOCKOPT_NAMES, SocketRef, TcpInfo, Unowned,
};

/// Version of the document.
const VERSION: u32 = 1;

/// Rows formatted at a time, about 1 MB of text: enough to be worth handing over, small enough for a cache.
const CHUNK: usize = 512;

/// Threads that format.
const WORKERS: usize = 2;

/// A time as RFC 3339 in UTC with microseconds.
pub fn timestamp(us: i64) -> String {
    Timestamp::from_microsecond(us).map_or_else(|_| String::new(), |at| format!("{at:.6}"))
}

/// Writes the whole document of `list --json` over the sockets in `rows`.
///
/// # Errors
/// What the writer says.
pub fn write_document(moment: &Moment, rows: &[u32], out: &mut impl Write) -> io::Result<()> {
    let sample = &moment.sample;
    let (mut owned, mut unowned) = (0, [0u32; Unowned::ALL.len()]);
    for socket in rows
        .iter()
        .filter_map(|&row| sample.sockets.rows.get(row as usize))
    {
        match socket.attribution.unowned() {
            None => owned += 1,
            Some(why) => unowned[why as usize] += 1,
        }
    }
    let head = Head {
        version: VERSION,
        taken_at: timestamp(sample.taken_at_us),
        monotonic_ns: sample.monotonic_ns,
        host: HostOut {
            hostname: &sample.host.hostname,
            kernel: &sample.host.kernel,
            boot_id: &sample.host.boot_id,
        },
        coverage: Coverage {
            sockets: rows.len(),
            owned,
            unowned: UnownedCounts(unowned),
        },
        faults: sample
            .faults
            .iter()
            .map(|fault| FaultOut {
                source: &fault.source,
                error: &fault.error,
                severity: fault.severity.name(),
            })
            .collect(),
    };
    let mut head = serde_json::to_vec(&head)?;
    // The head is an object; its sockets follow within it, row by row.
    head.pop();
    out.write_all(&head)?;
    out.write_all(b",\"sockets\":[")?;
    write_rows(moment, rows, b",\n", out)?;
    out.write_all(b"]}\n")
}

/// Writes one object a line.
///
/// # Errors
/// What the writer says.
pub fn write_lines(moment: &Moment, rows: &[u32], out: &mut impl Write) -> io::Result<()> {
    write_rows(moment, rows, b"\n", out)?;
    if rows.is_empty() {
        Ok(())
    } else {
        out.write_all(b"\n")
    }
}

/// Writes the objects of `rows` with `between` between them. Two threads format, each every other chunk, while this
/// one writes the chunks in their order: a hundred thousand sockets are some 200 MB.
fn write_rows(
    moment: &Moment,
    rows: &[u32],
    between: &[u8],
    out: &mut impl Write,
) -> io::Result<()> {
    let peers = PeerIndex::new(&moment.sample);
    let chunks: Vec<&[u32]> = rows.chunks(CHUNK).collect();
    if let [only] = chunks[..] {
        let mut buffer = Vec::new();
        format_rows(moment, &peers, only, between, &mut buffer)?;
        return out.write_all(&buffer);
    }
    std::thread::scope(|scope| {
        let (peers, chunks) = (&peers, &chunks);
        let workers: [_; WORKERS] = std::array::from_fn(|worker| {
            let (ready, formatted) = mpsc::sync_channel(1);
            let (empty, reused) = mpsc::channel::<Vec<u8>>();
            scope.spawn(move || {
                for rows in chunks.iter().skip(worker).step_by(WORKERS) {
                    let mut buffer = reused.try_recv().unwrap_or_default();
                    let result =
                        format_rows(moment, peers, rows, between, &mut buffer).map(|()| buffer);
                    // The writer has failed and nobody listens.
                    if ready.send(result).is_err() {
                        return;
                    }
                }
            });
            (formatted, empty)
        });
        for at in 0..chunks.len() {
            let (formatted, empty) = &workers[at % WORKERS];
            let buffer = formatted.recv().map_err(io::Error::other)??;
            if at > 0 {
                out.write_all(between)?;
            }
            out.write_all(&buffer)?;
            // A worker that is done needs no buffer.
            let _ = empty.send(buffer);
        }
        Ok(())
    })
}

fn format_rows(
    moment: &Moment,
    peers: &PeerIndex,
    rows: &[u32],
    between: &[u8],
    buffer: &mut Vec<u8>,
) -> io::Result<()> {
    buffer.clear();
    for (at, &row) in rows.iter().enumerate() {
        if at > 0 {
            buffer.extend_from_slice(between);
        }
        if let Some(object) = JsonSocket::of(moment, Some(peers), row as usize) {
            serde_json::to_writer(&mut *buffer, &object)?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct Head<'a> {
    version: u32,
    taken_at: String,
    monotonic_ns: u64,
    host: HostOut<'a>,
    coverage: Coverage,
    faults: Vec<FaultOut<'a>>,
}

#[derive(Serialize)]
struct HostOut<'a> {
    hostname: &'a str,
    kernel: &'a str,
    boot_id: &'a str,
}

#[derive(Serialize)]
struct Coverage {
    sockets: usize,
    owned: usize,
    unowned: UnownedCounts,
}

struct UnownedCounts([u32; Unowned::ALL.len()]);

impl Serialize for UnownedCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for why in Unowned::ALL {
            map.serialize_entry(why.name(), &self.0[why as usize])?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct FaultOut<'a> {
    source: &'a str,
    error: &'a str,
    severity: &'static str,
}

/// One socket as an object.
#[derive(Debug, Clone, Copy)]
pub struct JsonSocket<'a> {
    socket: SocketRef<'a>,
    rates: Option<&'a SocketRates>,
    peer: Option<SocketRef<'a>>,
}

impl<'a> JsonSocket<'a> {
    /// The socket in `row` of a moment; `peers` finds its other end.
    pub fn of(moment: &'a Moment, peers: Option<&PeerIndex>, row: usize) -> Option<JsonSocket<'a>> {
        let socket = moment.sample.socket(row)?;
        let peer = peers
            .and_then(|peers| peers.peer(socket.socket))
            .and_then(|row| moment.sample.socket(row));
        Some(JsonSocket {
            socket,
            rates: moment.aggregate.sockets.get(row),
            peer,
        })
    }
}

impl Serialize for JsonSocket<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = self.socket;
        let socket = view.socket;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("netns", &socket.netns)?;
        map.serialize_entry("cookie", &socket.known_cookie())?;
        map.serialize_entry("inode", &inode(socket.inode))?;
        map.serialize_entry("family", socket.family.name())?;
        map.serialize_entry("protocol", socket.protocol.name())?;
        map.serialize_entry("state", socket.state.filter_name())?;
        map.serialize_entry(
            "local",
            &EndOut {
                view,
                side: Side::Local,
            },
        )?;
        map.serialize_entry(
            "remote",
            &EndOut {
                view,
                side: Side::Remote,
            },
        )?;
        map.serialize_entry("peer", &self.peer.map(PeerOut))?;
        map.serialize_entry("interface", &view.interface_name())?;
        map.serialize_entry("recv_queue", &socket.received_unread())?;
        map.serialize_entry("send_queue", &socket.sent_unacknowledged())?;
        map.serialize_entry("accept_queue", &socket.accept_queue())?;
        map.serialize_entry("backlog", &socket.backlog())?;
        map.serialize_entry("uid", &socket.uid)?;
        map.serialize_entry("user", &view.user_name())?;
        map.serialize_entry("owners", &OwnersOut(view))?;
        map.serialize_entry("attribution", &socket.attribution.name())?;
        map.serialize_entry("unowned", &socket.attribution.unowned().map(Unowned::name))?;
        map.serialize_entry(
            "cgroup",
            &(socket.cgroup_id != 0).then_some(CgroupOut(view)),
        )?;
        map.serialize_entry("timer", &socket.timer.map(TimerOut))?;
        map.serialize_entry("tcp", &view.tcp_info().map(TcpOut))?;
        map.serialize_entry("congestion", &view.congestion())?;
        map.serialize_entry(
            "congestion_info",
            &view.congestion_info().map(|info| CongestionOut(view, info)),
        )?;
        map.serialize_entry("memory", &view.memory().map(MemoryOut))?;
        map.serialize_entry("options", &socket.options.map(OptionsOut))?;
        map.serialize_entry("mark", &socket.mark)?;
        map.serialize_entry("class_id", &socket.class_id)?;
        map.serialize_entry("tos", &socket.tos)?;
        map.serialize_entry("tclass", &socket.tclass)?;
        map.serialize_entry("v6only", &socket.v6only)?;
        map.serialize_entry("raw_protocol", &socket.raw_protocol)?;
        map.serialize_entry("shutdown", &socket.shutdown)?;
        map.serialize_entry("ulp", &view.ulp().map(String::from_utf8_lossy))?;
        map.serialize_entry("rates", &self.rates.and_then(RatesOut::of))?;
        map.end()
    }
}

fn inode(inode: u32) -> Option<u32> {
    (inode != 0).then_some(inode)
}

#[derive(Clone, Copy)]
enum Side {
    Local,
    Remote,
}

/// One end, or null.
struct EndOut<'a> {
    view: SocketRef<'a>,
    side: Side,
}

impl Serialize for EndOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let socket = self.view.socket;
        match (socket.ends, self.side) {
            (Ends::Inet { local, .. }, Side::Local) => {
                pair(serializer, &local.address, local.port.into())
            }
            (Ends::Inet { .. }, Side::Remote) => match socket.remote() {
                Some(remote) => pair(serializer, &remote.address, remote.port.into()),
                None => serializer.serialize_none(),
            },
            (Ends::Unix { .. }, Side::Local) => match self.view.name() {
                Some(name) => {
                    let path = String::from_utf8_lossy(name).replace('\0', "@");
                    let mut map = serializer.serialize_map(Some(1))?;
                    map.serialize_entry("path", &path)?;
                    map.end()
                }
                None => serializer.serialize_none(),
            },
            (Ends::Netlink { port_id, .. }, Side::Local) => {
                pair(serializer, socket.protocol.name(), port_id)
            }
            (Ends::Netlink { remote_port_id, .. }, Side::Remote) if remote_port_id != 0 => {
                pair(serializer, socket.protocol.name(), remote_port_id)
            }
            (Ends::Packet { ethertype }, Side::Local) => pair(
                serializer,
                self.view.interface_name().unwrap_or("*"),
                ethertype.into(),
            ),
            (
                Ends::Vsock {
                    local: (cid, port), ..
                },
                Side::Local,
            ) => pair(serializer, &cid.to_string(), port),
            (
                Ends::Vsock {
                    remote: (cid, port),
                    ..
                },
                Side::Remote,
            ) if (cid, port) != (u32::MAX, u32::MAX) => pair(serializer, &cid.to_string(), port),
            (
                Ends::Unix { .. } | Ends::Netlink { .. } | Ends::Packet { .. } | Ends::Vsock { .. },
                Side::Remote,
            ) => serializer.serialize_none(),
        }
    }
}

fn pair<S: Serializer>(
    serializer: S,
    address: &(impl Serialize + ?Sized),
    port: u32,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(2))?;
    map.serialize_entry("address", address)?;
    map.serialize_entry("port", &port)?;
    map.end()
}

struct PeerOut<'a>(SocketRef<'a>);

impl Serialize for PeerOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("cookie", &self.0.socket.known_cookie())?;
        map.serialize_entry("inode", &inode(self.0.socket.inode))?;
        map.serialize_entry("owners", &OwnersOut(self.0))?;
        map.end()
    }
}

struct OwnersOut<'a>(SocketRef<'a>);

impl Serialize for OwnersOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for (process, holders) in self.0.owners() {
            list.serialize_element(&OwnerOut(process, holders))?;
        }
        list.end()
    }
}

struct OwnerOut<'a>(&'a ProcessRow, &'a [Holder]);

impl Serialize for OwnerOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let process = &self.0.process;
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("pid", &process.key.pid)?;
        map.serialize_entry("start_time", &process.key.start_time)?;
        map.serialize_entry("comm", &process.comm)?;
        map.serialize_entry("fds", &FdsOut(self.1))?;
        map.end()
    }
}

struct FdsOut<'a>(&'a [Holder]);

impl Serialize for FdsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|holder| holder.fd))
    }
}

struct CgroupOut<'a>(SocketRef<'a>);

impl Serialize for CgroupOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let id = self.0.socket.cgroup_id;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("id", &id)?;
        map.serialize_entry("path", &self.0.sample.cgroup_path(id))?;
        map.end()
    }
}

struct TimerOut(crate::model::Timer);

impl Serialize for TimerOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("kind", self.0.kind.name())?;
        map.serialize_entry("expires_ms", &self.0.expires_ms)?;
        map.serialize_entry("retries", &self.0.retries)?;
        map.end()
    }
}

struct TcpOut<'a>(TcpInfo<'a>);

impl Serialize for TcpOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in TcpInfo::FIELDS {
            if let Some(value) = field.read(self.0) {
                map.serialize_entry(field.name, &value)?;
            }
        }
        map.end()
    }
}

struct MemoryOut<'a>(MemoryInfo<'a>);

impl Serialize for MemoryOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (index, name) in MemoryInfo::NAMES.iter().enumerate() {
            map.serialize_entry(name, &self.0.get(index))?;
        }
        map.end()
    }
}

/// The bits that are set, by name.
struct OptionsOut(u16);

impl Serialize for OptionsOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let set = SOCKOPT_NAMES
            .iter()
            .enumerate()
            .filter(|(bit, _)| self.0 >> bit & 1 == 1);
        serializer.collect_seq(set.map(|(_, name)| name))
    }
}

/// What the congestion control reports, field by field, in the kernel's units.
struct CongestionOut<'a>(SocketRef<'a>, &'a [u8]);

impl Serialize for CongestionOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let word = |at: usize| {
            self.1
                .get(at..at + 4)
                .and_then(|bytes| bytes.try_into().ok())
                .map(u32::from_ne_bytes)
        };
        let half = |at: usize| {
            self.1
                .get(at..at + 2)
                .and_then(|bytes| bytes.try_into().ok())
                .map(u16::from_ne_bytes)
        };
        let mut map = serializer.serialize_map(None)?;
        match self.0.congestion() {
            Some("bbr") => {
                let bandwidth = word(0)
                    .zip(word(4))
                    .map(|(low, high)| u64::from(low) | u64::from(high) << 32);
                map.serialize_entry("bw", &bandwidth)?;
                map.serialize_entry("min_rtt", &word(8))?;
                map.serialize_entry("pacing_gain", &word(12))?;
                map.serialize_entry("cwnd_gain", &word(16))?;
            }
            Some("dctcp" | "dctcp-reno") => {
                map.serialize_entry("enabled", &half(0))?;
                map.serialize_entry("ce_state", &half(2))?;
                map.serialize_entry("alpha", &word(4))?;
                map.serialize_entry("ab_ecn", &word(8))?;
                map.serialize_entry("ab_tot", &word(12))?;
            }
            _ if self.1.len() == 16 => {
                // struct tcpvegas_info, which vegas, veno, westwood, illinois and others fill.
                map.serialize_entry("enabled", &word(0))?;
                map.serialize_entry("rttcnt", &word(4))?;
                map.serialize_entry("rtt", &word(8))?;
                map.serialize_entry("minrtt", &word(12))?;
            }
            _ => {}
        }
        map.end()
    }
}

#[derive(Serialize)]
struct RatesOut {
    received_bytes_per_s: Option<f32>,
    sent_bytes_per_s: Option<f32>,
}

impl RatesOut {
    fn of(rates: &SocketRates) -> Option<RatesOut> {
        (rates.received.is_some() || rates.sent.is_some()).then_some(RatesOut {
            received_bytes_per_s: rates.received,
            sent_bytes_per_s: rates.sent,
        })
    }
}
