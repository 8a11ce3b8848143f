//! The data model: plain data for one instant.
//!
//! Everything that sockwatch knows about the system at one instant is a [`Sample`]. Sources create Samples, recordings
//! store them, and everything on display is derived from one Sample and the previous one.

mod accept_queue;
mod ages;
mod attribution;
mod cgroup_path;
mod clear_for_reuse;
mod congestion;
mod container;
mod counters;
mod device;
mod ends;
mod fault;
mod kernel_bytes;
mod kernel_struct;
mod listener_index;
mod memory;
mod message_digest;
mod mptcp_info;
mod net_namespace;
mod payload;
mod presentation;
mod process;
mod program_name;
mod protocol;
mod recent_losses;
mod remote_host;
mod row;
mod row_links;
mod sample;
mod sample_progress;
mod schema;
mod sctp_addresses;
mod sctp_info;
mod seeded;
mod settings;
mod shared_pages;
mod socket;
mod socket_page;
mod socket_table;
mod state;
mod stored;
mod tcp_extras;
mod tcp_info;
mod time_axis;
mod timer;
mod tracker;
mod translation;
mod workload;

pub use accept_queue::AcceptQueue;
pub use ages::{AGE_OFFSETS, AGES_END};
pub use attribution::{Attribution, Unowned};
pub use cgroup_path::{CgroupPath, ContainerInPath, TaskInPath, last_of_cgroup, unit_of_cgroup};
pub use clear_for_reuse::ClearForReuse;
pub use congestion::congestion_fields;
pub use container::{Container, Pod, Runtime};
pub use counters::{Counters, Interface, Protocols};
pub use device::{Device, DeviceAddress};
pub use ends::{Endpoint, Ends};
pub use fault::{Fault, FaultSeverity};
pub use kernel_bytes::KernelBytes;
pub use kernel_struct::KernelField;
pub use listener_index::ListenerIndex;
pub use memory::{MemoryField, MemoryInfo};
pub use message_digest::{Clocks, MessageDigest};
pub use mptcp_info::MptcpInfo;
pub use net_namespace::{NamespaceHandle, NetNamespace, OmittedNamespaces};
pub use payload::{EndingEvidence, Payload, fin_received};
pub use presentation::{FieldGroup, Notation, Presentation, Total};
pub use process::{
    Activity, DescriptorKind, Holder, Namespaces, Process, ProcessKey, ProcessRow, UnlistedSockets,
    Visibility,
};
pub use protocol::{Family, Protocol};
pub use recent_losses::RecentLosses;
pub use remote_host::{RemoteHost, is_local_address};
pub use row::Row;
pub use row_links::{PageLink, PageLinks, PreviousRows, RowLinks};
pub use sample::{BoundDevice, ClosedSocket, Host, Sample, SocketRef, Timings};
pub use sample_progress::{Preview, SampleProgress};
pub use schema::{FieldInfo, Scalar, ScalarGroup, StoredCells};
pub use sctp_addresses::{AddressList, MAX_SCTP_ADDRESSES, SctpAddresses};
pub use sctp_info::{SctpInfo, SctpOptions};
pub use seeded::{Seed, SeededMap, SeededSet};
pub use settings::{LocalPorts, Settings};

pub use socket::{Blob, MAX_NAME, SOCKOPT_NAMES, Socket, SocketKey, field};
pub use socket_page::Parts;
pub use socket_table::SocketTable;
pub use state::State;
pub use stored::{Stored, Unrepresentable};
pub use tcp_extras::{Md5Peer, TcpExtras, TlsInfo};
pub use tcp_info::TcpInfo;
pub use time_axis::{ClockChange, SUSPENDED_MODULUS, SampleTime, TimeAxis};
pub use timer::{StoredTimer, Timer, TimerKind};
pub use tracker::{Tracker, Visit};
pub use translation::{Translation, Translations};
