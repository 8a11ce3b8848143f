//! Limits of a process and of the namespace.

use serde_json::json;

use crate::actors::Actor;
use crate::support::requirements::Requirement;
use crate::support::sandbox::{Case, nft, sysctl_number};
use crate::watch::Watch;
use crate::{needing, plain};

pub(crate) const CASES: &[Case] = &[
    plain(
        "descriptors-low: a process close to its limit",
        descriptors_low,
    ),
    needing(
        "conntrack-full: a nearly full table of flows",
        &[Requirement::Nft],
        conntrack_full,
    ),
];

fn descriptors_low() {
    let mut hoarder = Actor::start("hoarder", "hoard", &["200", "6"]);
    let mut watch = Watch::begin();
    let finding = watch.finds("descriptors-low");
    hoarder.assert_named(&finding, &["of 200 file descriptors"]);
    finding.assert_subject("process", &json!({}));
    // Some may have been inherited that are beyond the limit.
    finding.assert_in("open", 194.0..=198.0);
    finding.assert_in("limit", 200.0..=200.0);
    hoarder.send_order("close");
    watch.goes();
}

fn conntrack_full() {
    // Flows are known where a rule asks for them. They count for each namespace against the host's limit, which stays.
    nft("add table ip known; \
         add chain ip known out { type filter hook output priority 0; }; \
         add rule ip known out ct state new counter");
    let most = sysctl_number("netfilter.nf_conntrack_max");
    let count = (most * 97 / 100).to_string();
    let _filler = Actor::start("flow-maker", "fill-conntrack", &[&count]);
    let known = sysctl_number("netfilter.nf_conntrack_count");
    assert!(known > most * 96 / 100, "{known} of {most} flows");
    let mut watch = Watch::begin();
    let finding = watch.finds("conntrack-full");
    finding.assert_subject("host", &json!({}));
    finding.assert_in("tracked", most as f64 * 0.95..=most as f64);
    finding.assert_in("limit", most as f64..=most as f64);
    forget_flows();
    watch.goes();
}

/// Deletes every flow of this namespace, as `conntrack -F` does.
fn forget_flows() {
    use netlink_sys::protocols::NETLINK_NETFILTER;
    use netlink_sys::{Socket, SocketAddr};

    /// `NFNL_SUBSYS_CTNETLINK`, `IPCTNL_MSG_CT_DELETE`.
    const DELETE: u16 = 1 << 8 | 2;
    /// `NLM_F_REQUEST`, `NLM_F_ACK`.
    const FLAGS: u16 = 1 | 4;

    let mut request = Vec::new();
    request.extend(20_u32.to_ne_bytes());
    request.extend(DELETE.to_ne_bytes());
    request.extend(FLAGS.to_ne_bytes());
    // Sequence, port; any family, version 0, no resource.
    request.extend([0; 12]);
    let socket = Socket::new(NETLINK_NETFILTER).expect("a netlink socket");
    socket
        .send_to(&request, &SocketAddr::new(0, 0), 0)
        .expect("the kernel takes it");
    let (answer, _) = socket.recv_from_full().expect("the kernel answers");
    // An error of 0.
    assert_eq!(answer[16..20], [0; 4], "{answer:?}");
    assert_eq!(sysctl_number("netfilter.nf_conntrack_count"), 0);
}
