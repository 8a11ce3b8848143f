//! One socket as a JSON object.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};

use crate::aggregate::{Moment, PeerIndex, SocketRates};
use crate::model::{
    Ends, Holder, KernelField, MemoryInfo, MptcpInfo, ProcessRow, SOCKOPT_NAMES, SocketRef,
    TcpInfo, Unowned,
};

/// One socket as an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonSocket<'a> {
    socket: SocketRef<'a>,
    rates: Option<&'a SocketRates>,
    peer: Option<SocketRef<'a>>,
}

impl<'a> JsonSocket<'a> {
    /// The socket in `row` of a moment; `peers` finds its other end.
    pub(super) fn of(moment: &'a Moment, peers: &PeerIndex, row: usize) -> Option<JsonSocket<'a>> {
        let socket = moment.sample.socket(row)?;
        let peer = peers
            .peer(socket.socket)
            .and_then(|row| moment.sample.socket(row));
        Some(JsonSocket {
            socket,
            rates: moment.aggregate.sockets.get(row),
            peer,
        })
    }
}

impl<'a> JsonSocket<'a> {
    /// A socket of which only this is known.
    pub(super) fn alone(socket: SocketRef<'a>) -> JsonSocket<'a> {
        JsonSocket {
            socket,
            rates: None,
            peer: None,
        }
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
        let tcp = view.tcp_info();
        let tcp = tcp.map(|info| FieldsOut(TcpInfo::FIELDS, info.bytes()));
        map.serialize_entry("tcp", &tcp)?;
        let mptcp = view.mptcp_info();
        let mptcp = mptcp.map(|info| FieldsOut(MptcpInfo::FIELDS, info.bytes()));
        map.serialize_entry("mptcp", &mptcp)?;
        map.serialize_entry("congestion", &view.congestion())?;
        map.serialize_entry(
            "congestion_info",
            &view.congestion_info().map(|_| CongestionOut(view)),
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

/// The fields of a kernel structure that arrived.
struct FieldsOut<'a>(&'static [KernelField], &'a [u8]);

impl Serialize for FieldsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for field in self.0 {
            if let Some(value) = field.read(self.1) {
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
struct CongestionOut<'a>(SocketRef<'a>);

impl Serialize for CongestionOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.congestion_fields())
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
