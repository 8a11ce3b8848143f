//! The request for network devices, without their counters. Kernel: `include/uapi/linux/rtnetlink.h`, `if_link.h`.

use super::wire::push_attribute;

/// Message type of the request.
pub(super) const RTM_GETLINK: u16 = 18;

/// Bytes of `struct ifinfomsg`, with which the request and its answers begin.
pub(super) const IFINFOMSG: usize = 16;

const IFLA_EXT_MASK: u16 = 29;

/// `RTEXT_FILTER_SKIP_STATS`: omits the counters, which are most of an answer.
const SKIP_STATS: u32 = 1 << 3;

/// Returns the payload of a request for all devices.
pub(super) fn payload() -> Vec<u8> {
    let mut payload = vec![0; IFINFOMSG];
    push_attribute(&mut payload, IFLA_EXT_MASK, &SKIP_STATS.to_ne_bytes());
    payload
}
