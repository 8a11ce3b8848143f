//! The list of exported socket fields, the single source for JSON, CSV, Parquet and the JSON Schema.
//!
//! To export another field, add it here. A scalar of the [schema](crate::model::Socket::SCALARS) and a field of
//! `tcp_info`, `mptcp_info` or a socket's memory are exported without a change here.

use std::sync::{Arc, LazyLock};

use super::ends;
use super::field::{
    ExportField, SetBits, Shape, Unsigned, field, kernel_fields, record, scalar_field, schema_field,
};
use super::row::Row;
use super::text::Text;
use crate::column::{
    CONGESTION_ABOUT, IMAGE_ABOUT, LOCAL_ADDRESSES_ABOUT, MD5_KEYS_ABOUT, NAMESPACE_ABOUT,
    NETNS_NAME_ABOUT, POD_NAME_ABOUT, REAL_PEER_ABOUT, REMOTE_ADDRESSES_ABOUT, RUNTIME_ABOUT,
    SEEN_AS_ABOUT, UNIT_ABOUT,
};
use crate::model::field as schema;
use crate::model::{
    AddressList, Attribution, Container, Family, MemoryInfo, MptcpInfo, Pod, Protocol, Runtime,
    SOCKOPT_NAMES, SctpInfo, SctpOptions, Socket, State, TcpInfo, Timer, TimerKind, Unowned,
};

/// Every field of a socket in the order of JSON.
static FIELDS: LazyLock<Vec<ExportField>> = LazyLock::new(|| {
    let mut fields = identity();
    fields.extend(ends());
    fields.extend(queues());
    fields.extend(ownership());
    fields.extend(transport());
    fields.extend(Socket::SCALARS.iter().map(scalar_field));
    fields.push(field(
        "ulp",
        "Upper-layer protocol over TCP, such as tls. Kernel: INET_ULP_INFO_NAME.",
        Shape::Text(|row| row.socket.ulp().map(Text::Bytes)),
    ));
    fields.push(tls());
    fields.push(field(
        "md5_keys",
        MD5_KEYS_ABOUT,
        Shape::Text(|row| {
            let extras = row.socket.tcp_extras()?;
            extras.md5_peers().next()?;
            Some(Text::Md5Peers(extras))
        }),
    ));
    fields.push(rates());
    fields
});

/// Time of a row, for objects and rows that are written without their Sample.
static TAKEN_AT: LazyLock<ExportField> = LazyLock::new(|| {
    field(
        "taken_at",
        "Time of the sample.",
        Shape::Time(|row| row.socket.sample.taken_at_us),
    )
    .always()
});

/// Returns every field of a socket in the order of JSON.
pub(super) fn socket_fields() -> &'static [ExportField] {
    &FIELDS
}

/// Returns the field with the time of a row.
pub(super) fn taken_at() -> &'static ExportField {
    &TAKEN_AT
}

fn socket<'a>(row: &Row<'a>) -> &'a Socket {
    row.socket.socket
}

/// A number of 8 bits.
fn u8(read: fn(&Row<'_>) -> Option<u64>) -> Shape {
    Shape::Unsigned(8, Unsigned::Row(read))
}

/// A number of 32 bits.
fn u32(read: fn(&Row<'_>) -> Option<u64>) -> Shape {
    Shape::Unsigned(32, Unsigned::Row(read))
}

/// A number of 64 bits.
fn u64(read: fn(&Row<'_>) -> Option<u64>) -> Shape {
    Shape::Unsigned(64, Unsigned::Row(read))
}

fn addresses(list: AddressList<'_>) -> Option<Text<'_>> {
    (!list.is_empty()).then_some(Text::Addresses(list))
}

/// Returns the inode; the kernel reports 0 for none.
fn known_inode(socket: &Socket) -> Option<u64> {
    (socket.inode != 0).then_some(socket.inode.into())
}

fn identity() -> Vec<ExportField> {
    vec![
        schema_field(schema::netns, u32(|row| Some(socket(row).netns.into()))).always(),
        field(
            "netns_name",
            NETNS_NAME_ABOUT,
            Shape::Text(|row| row.socket.namespace_name().map(Text::Plain)),
        ),
        schema_field(schema::cookie, u64(|row| socket(row).known_cookie())),
        schema_field(schema::inode, u32(|row| known_inode(socket(row)))),
        schema_field(
            schema::family,
            Shape::Name {
                values: || Family::ALL.map(Family::name).to_vec(),
                value: |row| Some(socket(row).family.name()),
            },
        )
        .always(),
        schema_field(
            schema::protocol,
            Shape::Text(|row| Some(Text::Plain(socket(row).protocol.name()))),
        )
        .always(),
        schema_field(
            schema::state,
            Shape::Name {
                values: || State::ALL.map(State::filter_name).to_vec(),
                value: |row| Some(socket(row).state.filter_name()),
            },
        )
        .always(),
    ]
}

fn ends() -> Vec<ExportField> {
    vec![
        record(
            "local",
            "Local endpoint: an address and a port, or the path of a unix socket. Null for unix sockets without a path.",
            ends::has_local,
            [
                field(
                    "address",
                    "IP address; protocol of a netlink socket, device of a packet or XDP socket (* for all or none), context id of a vsock socket, node of a TIPC socket.",
                    Shape::Text(ends::local_address),
                )
                .omitted(),
                field(
                    "port",
                    "Port; port id of a netlink socket, ethertype of a packet socket.",
                    u32(ends::local_port),
                )
                .omitted(),
                field(
                    "path",
                    "Path of a unix socket; an abstract name begins with @.",
                    Shape::Text(ends::local_path),
                )
                .omitted(),
            ],
        ),
        record(
            "remote",
            "Remote endpoint; null if the socket is not connected.",
            ends::has_remote,
            [
                field(
                    "address",
                    "IP address; protocol of a netlink socket, context id of a vsock socket, node of a TIPC socket.",
                    Shape::Text(ends::remote_address),
                )
                .always(),
                field(
                    "port",
                    "Port; port id of a netlink socket.",
                    u32(ends::remote_port),
                )
                .always(),
            ],
        ),
        record(
            "peer",
            "The peer of a connection within the host.",
            |row| row.peer.is_some(),
            [
                schema_field(schema::cookie, u64(|row| row.peer?.socket.known_cookie())),
                schema_field(schema::inode, u32(|row| known_inode(row.peer?.socket))),
                field(
                    "owners",
                    "Processes that own the peer; empty if none.",
                    Shape::Owners(|row| row.peer),
                )
                .always(),
            ],
        ),
        endpoint(
            "real_peer",
            REAL_PEER_ABOUT,
            (
                |row| row.socket.translation().is_some(),
                |row| Some(Text::Address(row.socket.translation()?.peer.address)),
                |row| Some(row.socket.translation()?.peer.port.into()),
            ),
        ),
        endpoint(
            "seen_as",
            SEEN_AS_ABOUT,
            (
                |row| row.socket.translation().is_some(),
                |row| Some(Text::Address(row.socket.translation()?.seen_as.address)),
                |row| Some(row.socket.translation()?.seen_as.port.into()),
            ),
        ),
        schema_field(
            schema::interface,
            Shape::Text(|row| row.socket.device().map(Text::Device)),
        ),
    ]
}

/// Whether a row has an endpoint, its address and its port.
type EndpointParts = (
    fn(&Row<'_>) -> bool,
    for<'a> fn(&Row<'a>) -> Option<Text<'a>>,
    fn(&Row<'_>) -> Option<u64>,
);

/// Returns the field of an endpoint with an IP address.
fn endpoint(
    id: &'static str,
    about: &'static str,
    (is_known, address, port): EndpointParts,
) -> ExportField {
    let address = field("address", "IP address.", Shape::Text(address)).always();
    let port = field("port", "Port.", u32(port)).always();
    record(id, about, is_known, [address, port])
}

/// Returns the length of a queue; `None` for a freed connection whose queues the kernel cleared.
fn queue(row: &Row<'_>, bytes: Option<u32>) -> Option<u64> {
    let socket = socket(row);
    let is_cleared =
        socket.protocol == Protocol::Tcp && socket.state == State::Closed && row.tcp_info.is_none();
    bytes.filter(|_| !is_cleared).map(u64::from)
}

fn queues() -> Vec<ExportField> {
    vec![
        field(
            "recv_queue",
            "Unread bytes; for UDP, memory of unread datagrams; for TIPC, unread messages. Null for listeners other than TIPC's. Kernel: idiag_rqueue.",
            u32(|row| queue(row, socket(row).received_unread())),
        ),
        field(
            "send_queue",
            "Unacknowledged and unsent bytes; for TIPC, unsent messages. Null for listeners other than TIPC's. Kernel: idiag_wqueue.",
            u32(|row| queue(row, socket(row).sent_unacknowledged())),
        ),
        field(
            "accept_queue",
            "Connections waiting for accept(). Null except for listeners. Kernel: idiag_rqueue.",
            u32(|row| Some(socket(row).accept_queue()?.waiting.into())),
        ),
        field(
            "backlog",
            "Limit of the accept queue, which can hold one more. Null except for listeners. Kernel: idiag_wqueue.",
            u32(|row| Some(socket(row).accept_queue()?.backlog.into())),
        ),
    ]
}

fn ownership() -> Vec<ExportField> {
    vec![
        schema_field(schema::uid, u32(|row| socket(row).uid.map(u64::from))),
        field(
            "user",
            "Name of the user.",
            Shape::Text(|row| row.socket.user_name().map(Text::Plain)),
        ),
        field(
            "pid",
            "Process id of the first owner, which is usually the only one.",
            u32(|row| Some(row.socket.owner()?.process.key.pid.into())),
        )
        .flat_only(),
        field(
            "process",
            "Name of the first owner.",
            Shape::Text(|row| Some(Text::Plain(&row.socket.owner()?.process.comm))),
        )
        .flat_only(),
        field(
            "owners",
            "Processes that own the socket; with attribution one-of, the processes of which one owned it. Empty if none.",
            Shape::Owners(|row| Some(row.socket)),
        )
        .always(),
        schema_field(
            schema::attribution,
            Shape::Name {
                values: || {
                    [
                        Attribution::Observed,
                        Attribution::Unverified,
                        Attribution::Remembered,
                        Attribution::Inferred,
                        Attribution::OneOf,
                    ]
                    .into_iter()
                    .filter_map(Attribution::name)
                    .collect()
                },
                value: |row| socket(row).attribution.name(),
            },
        ),
        field(
            "unowned",
            "Reason for having no owner; null if there is an owner.",
            Shape::Name {
                values: || Unowned::ALL.map(Unowned::name).to_vec(),
                value: |row| socket(row).attribution.unowned().map(Unowned::name),
            },
        ),
        record(
            "cgroup",
            "Control group of the socket. Kernel: INET_DIAG_CGROUP_ID.",
            |row| socket(row).cgroup_id != 0,
            [
                field(
                    "id",
                    "Id: the inode of the cgroup's directory.",
                    u64(|row| Some(socket(row).cgroup_id).filter(|&id| id != 0)),
                )
                .always(),
                field(
                    "path",
                    "Path relative to the cgroup-2 mount; null if the cgroup no longer exists, or if the host has cgroup 1, where every socket has the id 1 whatever its group.",
                    Shape::Text(|row| {
                        let path = row.socket.sample.cgroup_path(socket(row).cgroup_id);
                        path.map(Text::Plain)
                    }),
                )
                .in_column("cgroup"),
            ],
        ),
        record(
            "container",
            "Container of the socket's control group, or else of its first owner; null if it is in none.",
            |row| container(row).is_some(),
            container_parts(),
        ),
        record(
            "pod",
            "Pod of the container in Kubernetes or Podman; null if it is in none.",
            |row| pod(row).is_some(),
            [
                field("namespace", NAMESPACE_ABOUT, Shape::Text(|row| text(pod(row)?.namespace.as_ref()))),
                field("name", POD_NAME_ABOUT, Shape::Text(|row| text(pod(row)?.name.as_ref()))).in_column("pod"),
                field("uid", "Unique id of the pod.", Shape::Text(|row| text(pod(row)?.uid.as_ref()))),
            ],
        ),
        field(
            "unit",
            UNIT_ABOUT,
            Shape::Text(|row| row.socket.unit().map(Text::Plain)),
        ),
    ]
}

fn container<'a>(row: &Row<'a>) -> Option<&'a Container> {
    row.socket.container()
}

fn pod<'a>(row: &Row<'a>) -> Option<&'a Pod> {
    container(row)?.pod.as_ref()
}

fn text(text: Option<&Arc<str>>) -> Option<Text<'_>> {
    text.map(|text| Text::Plain(text))
}

fn container_parts() -> [ExportField; 6] {
    [
        field(
            "runtime",
            RUNTIME_ABOUT,
            Shape::Name {
                values: || Runtime::ALL.map(Runtime::name).to_vec(),
                value: |row| Some(container(row)?.runtime?.name()),
            },
        ),
        field(
            "id",
            "Id of the container; for LXC and machines of systemd its name.",
            Shape::Text(|row| Some(Text::Plain(&container(row)?.id))),
        )
        .always(),
        field(
            "name",
            "Name of the container; null if no readable file has it.",
            Shape::Text(|row| text(container(row)?.name.as_ref())),
        )
        .in_column("container"),
        field(
            "image",
            IMAGE_ABOUT,
            Shape::Text(|row| text(container(row)?.image.as_ref())),
        ),
        field(
            "project",
            "Project of Docker Compose.",
            Shape::Text(|row| text(container(row)?.project.as_ref())),
        ),
        field(
            "service",
            "Service of Docker Compose.",
            Shape::Text(|row| text(container(row)?.service.as_ref())),
        ),
    ]
}

fn timer() -> ExportField {
    fn timer(row: &Row<'_>) -> Option<Timer> {
        row.socket.timer()
    }
    record(
        "timer",
        "Running timer.",
        |row| timer(row).is_some(),
        [
            field(
                "kind",
                "Purpose of the timer. Kernel: idiag_timer.",
                Shape::Name {
                    values: || {
                        [
                            TimerKind::Retransmit,
                            TimerKind::Keepalive,
                            TimerKind::TimeWait,
                            TimerKind::Probe,
                            TimerKind::Unknown,
                        ]
                        .map(TimerKind::name)
                        .to_vec()
                    },
                    value: |row| Some(timer(row)?.kind.name()),
                },
            )
            .always()
            .in_column("timer"),
            field(
                "expires_ms",
                "Time until it fires, ms. Kernel: idiag_expires.",
                u32(|row| Some(timer(row)?.expires_ms.into())),
            )
            .always(),
            field(
                "retries",
                "Number of times it has fired without success. Kernel: idiag_retrans.",
                u8(|row| Some(timer(row)?.retries.into())),
            )
            .always(),
        ],
    )
}

fn transport() -> Vec<ExportField> {
    vec![
        timer(),
        record(
            "tcp",
            "Fields of struct tcp_info sent by the kernel, with its names and units.",
            |row| row.tcp_info.is_some(),
            kernel_fields(TcpInfo::FIELDS, |row| row.tcp_info),
        ),
        record(
            "mptcp",
            "Fields of struct mptcp_info sent by the kernel, with its names and units.",
            |row| row.mptcp_info.is_some(),
            kernel_fields(MptcpInfo::FIELDS, |row| row.mptcp_info),
        ),
        record(
            "sctp",
            "Fields of struct sctp_info that concern an association, with the kernel's names and units.",
            |row| row.sctp_info.is_some(),
            kernel_fields(SctpInfo::FIELDS, |row| row.sctp_info),
        ),
        record(
            "sctp_options",
            "Fields of struct sctp_info that concern a socket, with the kernel's names and units.",
            |row| row.sctp_options.is_some(),
            kernel_fields(SctpOptions::FIELDS, |row| row.sctp_options),
        ),
        field(
            "local_addresses",
            LOCAL_ADDRESSES_ABOUT,
            Shape::Text(|row| addresses(row.socket.sctp_addresses()?.locals())),
        ),
        field(
            "remote_addresses",
            REMOTE_ADDRESSES_ABOUT,
            Shape::Text(|row| addresses(row.socket.sctp_addresses()?.peers())),
        ),
        field(
            "congestion",
            CONGESTION_ABOUT,
            Shape::Text(|row| row.socket.congestion().map(Text::Plain)),
        ),
        field(
            "congestion_info",
            "Values reported by the congestion control, with the kernel's names and units. Kernel: INET_DIAG_BBRINFO, INET_DIAG_DCTCPINFO, INET_DIAG_VEGASINFO.",
            Shape::Map(|row| {
                row.socket.congestion_info()?;
                Some(row.socket.congestion_fields())
            }),
        ),
        record(
            "memory",
            "Memory of the socket, bytes. Kernel: INET_DIAG_SKMEMINFO, UNIX_DIAG_MEMINFO.",
            |row| row.memory.is_some(),
            MemoryInfo::FIELDS
                .iter()
                .enumerate()
                .map(|(index, memory)| {
                    let value = Unsigned::Memory(index);
                    field(memory.name, memory.about, Shape::Unsigned(32, value))
                }),
        ),
        schema_field(
            schema::options,
            Shape::Bits {
                names: &SOCKOPT_NAMES,
                value: |row| SetBits::of_options(socket(row)),
            },
        ),
    ]
}

fn tls() -> ExportField {
    record(
        "tls",
        "What kTLS reports of a connection. Kernel: INET_ULP_INFO_TLS.",
        |row| row.socket.tls().is_some(),
        [
            field(
                "version",
                "Version: 1.2 or 1.3. Kernel: TLS_INFO_VERSION.",
                Shape::Text(|row| row.socket.tls()?.version_name().map(Text::Plain)),
            ),
            field(
                "cipher",
                "Cipher. Kernel: TLS_INFO_CIPHER.",
                Shape::Text(|row| row.socket.tls()?.cipher_name().map(Text::Plain)),
            ),
            field(
                "rxconf",
                "Who decrypts: none for user space, sw for the kernel, hw for the device. Kernel: TLS_INFO_RXCONF.",
                Shape::Text(|row| row.socket.tls()?.rx_name().map(Text::Plain)),
            ),
            field(
                "txconf",
                "Who encrypts: none for user space, sw for the kernel, hw for the device. Kernel: TLS_INFO_TXCONF.",
                Shape::Text(|row| row.socket.tls()?.tx_name().map(Text::Plain)),
            ),
        ],
    )
}

fn rates() -> ExportField {
    record(
        "rates",
        "Rates since the previous sample; null in the first sample and where the kernel does not count.",
        |row| {
            row.rates
                .is_some_and(|rates| rates.received.is_some() || rates.sent.is_some())
        },
        [
            field(
                "received_bytes_per_s",
                "Payload received, bytes per second.",
                Shape::Float(|row| row.rates?.received),
            )
            .in_column("received_bytes_per_s"),
            field(
                "sent_bytes_per_s",
                "Payload sent and acknowledged, bytes per second.",
                Shape::Float(|row| row.rates?.sent),
            )
            .in_column("sent_bytes_per_s"),
        ],
    )
}
