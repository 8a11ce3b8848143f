//! The kernel's `sock_diag`: what is asked ([`request`]), how bytes become rows ([`decode`]), how a whole table is
//! fetched ([`dump`]), how freed sockets are heard of ([`events`]) and how one is ended ([`destroy`]). Beside it rtnetlink,
//! for what network devices are set to ([`devices`]).
//!
//! Decoding is pure and takes whatever length arrives: kernels differ. The typed responses of
//! `netlink-packet-sock-diag` are not used, because they fail below 232 bytes of `tcp_info`, lose the expiry of
//! TIME-WAIT timers and the retries of keepalive and probe timers, and know neither netlink, packet nor vsock rows.

pub mod decode;
pub mod destroy;
pub mod devices;
pub mod dump;
pub mod events;
pub mod request;
