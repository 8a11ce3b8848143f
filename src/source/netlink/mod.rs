//! The kernel's `sock_diag` and rtnetlink.
//!
//! - [`request`]: encodes requests for sockets and attributes.
//! - [`decode`]: decodes a message to a row; [`datagram`]: decodes a datagram of messages to rows. Pure.
//! - [`dump`]: fetches whole tables, or one socket.
//! - [`conntrack`]: entries of connection tracking, from ctnetlink.
//! - [`destroy_events`]: listens to the multicast groups for destroyed sockets.
//! - [`destroy`]: closes a socket (`SOCK_DESTROY`).
//! - [`devices`]: network devices and their addresses, from rtnetlink.
//! - `kernel_ports`: UDP ports of the kernel's tunnels, from rtnetlink and generic netlink.
//! - `wire`: numbers, attributes and headers, shared by all of them.
//!
//! The typed responses of `netlink-packet-sock-diag` are not used. They fail below 232 bytes of `tcp_info`, lose the
//! expiry of TIME-WAIT timers and the retries of keepalive and probe timers, and do not support netlink, packet and
//! vsock rows. The decoders here accept any length, because kernels differ.

pub mod conntrack;
pub mod datagram;
pub mod decode;
pub mod destroy;
pub mod destroy_events;
pub mod devices;
pub mod dump;
pub(super) mod kernel_ports;
mod link_request;
pub mod namespace_ids;
pub mod request;

pub(super) mod wire;
