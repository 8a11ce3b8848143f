//! Meanings of kernel counters, one sentence each. Counters of problems come first, the most severe at the top.
//!
//! Kernel: `include/uapi/linux/snmp.h` lists the names; the constant of each, such as `LINUX_MIB_LISTENOVERFLOWS`, leads to
//! the code that counts it.

use std::sync::LazyLock;

use crate::model::SeededMap;

/// Meaning of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// Rank by severity, the most severe first; `None` if the counter indicates no problem.
    pub severity_rank: Option<u16>,
    /// Meaning in one sentence.
    pub sentence: &'static str,
}

/// Counters that indicate a problem when they grow: each line has a name and a sentence. IPv4 counters stand for their IPv6
/// counterparts.
const PROBLEMS: &str = "\
TcpExt.ListenOverflows SYNs and handshakes dropped because a listener's accept queue was full: it accepts too slowly, or its backlog is too small.
TcpExt.ListenDrops SYNs and handshakes dropped by listeners for any reason, including ListenOverflows.
TcpExt.TCPReqQFullDrop SYNs dropped because too many connections were half-open while SYN cookies were off.
TcpExt.TCPReqQFullDoCookies SYNs answered with a cookie because too many connections were half-open: a SYN flood, or a burst of clients.
TcpExt.TCPTimeWaitOverflow Connections closed without TIME-WAIT because tcp_max_tw_buckets was reached.
TcpExt.TCPMemoryPressures Times the memory of all TCP sockets exceeded the second number of tcp_mem, above which buffers shrink.
TcpExt.TCPAbortOnMemory Connections reset because TCP was out of memory (tcp_mem) or had too many orphans (tcp_max_orphans).
TcpExt.TCPRcvQDrop Segments dropped because a receive buffer, or the memory of all TCP sockets, was full.
TcpExt.TCPBacklogDrop Segments dropped because too many arrived while a process held the socket's lock.
TcpExt.TCPOFODrop Out-of-order segments dropped because a receive buffer was full.
TcpExt.TCPZeroWindowDrop Segments dropped because they arrived while the local window was closed: a process does not read.
TcpExt.RcvPruned Times a receive buffer stayed too full after pruning, so segments were dropped.
TcpExt.OfoPruned Times out-of-order segments were discarded to free space in a receive buffer.
TcpExt.PruneCalled Times a full receive buffer was pruned: a process reads too slowly, or the buffer is too small.
TcpExt.TCPToZeroWindowAdv Times a zero window was advertised: a local process does not read.
Udp.RcvbufErrors Datagrams dropped because a socket's receive buffer was full: a process reads too slowly, or the buffer is too small.
Udp.MemErrors Datagrams dropped because the memory of all UDP sockets (udp_mem) was exhausted.
Udp.SndbufErrors Datagrams not sent because a send buffer or device queue was full.
Udp.InErrors Received datagrams dropped because of buffer, memory or checksum errors.
TcpExt.TCPWinProbe Window probes sent because the peer's window was closed: it does not read.
TcpExt.TCPFastOpenListenOverflow Fast Open handshakes that fell back to ordinary ones because too many were pending.
TcpExt.TCPAbortOnTimeout Connections aborted because retransmissions, keepalives or window probes were not answered.
TcpExt.TCPSynRetrans SYNs and SYN-ACKs retransmitted: the peer does not answer, or they are lost.
Tcp.RetransSegs Segments retransmitted: loss on a path, or late acknowledgments.
TcpExt.TCPLostRetransmit Retransmitted segments that were lost again: heavy loss, or a policer.
TcpExt.TCPTimeouts Retransmission timers that expired without an acknowledgment.
TcpExt.TCPRetransFail Retransmissions that failed: no route, or a full queue below TCP.
TcpExt.TCPSpuriousRTOs Retransmission timeouts that were unnecessary: the path was slow, not lossy.
Tcp.AttemptFails Connections that failed before they were established: refused, timed out, or reset while half-open.
Tcp.EstabResets Connections aborted in ESTABLISHED or CLOSE-WAIT: reset by either side, or timed out.
Tcp.OutRsts Resets sent for ports without a listener, for unknown connections, or to abort.
TcpExt.TCPAbortOnData Connections reset because data arrived after the process had closed them, or by SO_LINGER with 0.
TcpExt.TCPAbortOnClose Connections reset because the process closed them with unread data.
TcpExt.TCPAbortOnLinger Connections reset instead of entering FIN-WAIT-2 (negative TCP_LINGER2).
TcpExt.TCPAbortFailed Resets that could not be sent for lack of memory.
TcpExt.EmbryonicRsts Resets received for half-open connections.
TcpExt.SyncookiesSent SYN cookies sent; see TCPReqQFullDoCookies.
TcpExt.SyncookiesFailed Acknowledgments to a listener without a valid SYN cookie.
TcpExt.PAWSEstab Segments of established connections dropped because of an old timestamp.
TcpExt.PAWSActive Answers to SYNs dropped because of an invalid timestamp.
TcpExt.PFMemallocDrop Packets dropped because the remaining memory was reserved (swapping over the network).
TcpExt.TCPWqueueTooBig Times a send queue was too long to be split further, as in an attack with tiny segments.
Tcp.InErrs Segments dropped because of an invalid header or checksum.
Tcp.InCsumErrors Segments with an invalid checksum.
Udp.InCsumErrors Datagrams with an invalid checksum.
Udp.NoPorts Datagrams to ports without a socket.
TcpExt.IPReversePathFilter Packets dropped because answers would leave through another device (rp_filter).
Ip.InDiscards Valid received packets that were dropped, mostly for lack of memory.
Ip.OutDiscards Outgoing packets dropped, mostly because a queue was full.
Ip.OutNoRoutes Packets not sent for lack of a route.
IpExt.InNoRoutes Received packets without a route.
Ip6.InNoRoutes Received packets without a route.
Ip.ReasmFails Packets not reassembled because fragments were lost, or memory was short.
Ip.ReasmTimeout Packets discarded because fragments did not arrive in time.
Ip.FragFails Packets too large for a path that must not be fragmented: path MTU discovery, or a black hole.
Ip.InHdrErrors Packets dropped because of an invalid header or an expired time to live.
Ip.InAddrErrors Packets dropped because of an invalid address.
Ip.InTooBigErrors Packets too large to be forwarded.
Ip.InUnknownProtos Packets of an unsupported protocol.
Ip.InTruncatedPkts Packets shorter than their stated length.
IpExt.InTruncatedPkts Packets shorter than their stated length.
IpExt.InCsumErrors Packets with an invalid header checksum.
Icmp.InErrors ICMP messages dropped because of errors.
Icmp.InDestUnreachs ICMP messages received: host, port or network unreachable, or packet too large.
Icmp.OutDestUnreachs ICMP messages sent: port or host unreachable.
Icmp6.InPktTooBigs ICMPv6 messages received: packet too large for its path.
";

/// Counters and gauges that do not indicate a problem by themselves.
const OTHERS: &str = "\
Tcp.ActiveOpens Outgoing connection attempts, successful or not.
Tcp.PassiveOpens Incoming connections with a completed handshake.
Tcp.CurrEstab Connections currently in ESTABLISHED or CLOSE-WAIT.
Tcp.InSegs Segments received.
Tcp.OutSegs Segments sent, without retransmissions.
Tcp.MaxConn Maximum number of connections; -1 means no limit.
Tcp.RtoMin Shortest retransmission timeout, ms.
Tcp.RtoMax Longest retransmission timeout, ms.
TcpExt.TW Connections whose TIME-WAIT ended by timeout.
TcpExt.TWRecycled Connections in TIME-WAIT whose ports were reused (tcp_tw_reuse).
TcpExt.SyncookiesRecv Connections established with a SYN cookie.
TcpExt.DelayedACKs Delayed acknowledgments sent.
TcpExt.DelayedACKLost Segments received twice, mostly because an acknowledgment was late or lost.
TcpExt.TCPFastRetrans Segments retransmitted because acknowledgments reported a gap.
TcpExt.TCPSlowStartRetrans Segments retransmitted after a timeout.
TcpExt.TCPLossProbes Tail loss probes sent to detect the loss of the last segments.
TcpExt.TCPLossProbeRecovery Losses repaired by a tail loss probe.
TcpExt.TCPOrigDataSent Segments with data sent, without retransmissions.
TcpExt.TCPDelivered Segments delivered, as acknowledged by the peer.
TcpExt.TCPKeepAlive Keepalive probes sent.
TcpExt.TCPOFOQueue Segments received out of order and queued.
TcpExt.TCPRcvCollapsed Segments merged in a full receive buffer to save memory.
TcpExt.TCPFromZeroWindowAdv Times a closed window was reopened.
TcpExt.TCPWantZeroWindowAdv Times a window should have been closed but could not yet be.
TcpExt.TCPMemoryPressuresChrono Time under TCP memory pressure, ms.
TcpExt.TCPChallengeACK Challenge ACKs sent to verify a suspicious reset or SYN.
TcpExt.TCPSYNChallenge Challenge ACKs sent in answer to a SYN on an existing connection.
TcpExt.TCPDSACKRecv DSACKs received: the peer got a segment twice.
TcpExt.TCPDSACKOldSent DSACKs sent: a segment arrived twice.
TcpExt.TCPAutoCorking Small writes delayed to be sent together.
TcpExt.TCPBacklogCoalesce Segments merged while a process held the socket's lock.
TcpExt.ArpFilter ARP requests not answered because of arp_filter.
Udp.InDatagrams Datagrams received.
Udp.OutDatagrams Datagrams sent.
Udp.IgnoredMulti Broadcast and multicast datagrams without a receiver.
Ip.Forwarding Packet forwarding: 1 on, 2 off.
Ip.DefaultTTL Time to live of packets sent, hops.
Ip.InReceives Packets received.
Ip.InDelivers Packets delivered to TCP, UDP and other protocols.
Ip.ForwDatagrams Packets forwarded.
Ip.OutForwDatagrams Packets forwarded.
Ip.OutRequests Packets generated locally for sending.
Ip.OutTransmits Packets sent, including forwarded ones.
Ip.ReasmReqds Fragments received.
Ip.ReasmOKs Packets reassembled from fragments.
Ip.FragOKs Packets split into fragments.
Ip.FragCreates Fragments created.
Ip.InOctets Bytes received.
Ip.OutOctets Bytes sent.
IpExt.InOctets Bytes received.
IpExt.OutOctets Bytes sent.
IpExt.InMcastPkts Multicast packets received.
IpExt.OutMcastPkts Multicast packets sent.
IpExt.InBcastPkts Broadcast packets received.
IpExt.OutBcastPkts Broadcast packets sent.
IpExt.InECT0Pkts Packets received from senders with ECN support, ECT(0).
IpExt.InECT1Pkts Packets received from senders with ECN support, ECT(1).
IpExt.InCEPkts Packets received with a congestion mark (CE).
Icmp.InMsgs ICMP messages received.
Icmp.OutMsgs ICMP messages sent.
Icmp.InEchos Pings received.
Icmp.OutEchoReps Pings answered.
sockstat.sockets.used Sockets of all families.
sockstat.TCP.inuse TCP sockets over IPv4 in use, without TIME-WAIT.
sockstat.TCP.orphan TCP connections without a process (orphans) on the whole host.
sockstat.TCP.tw Connections in TIME-WAIT, and in FIN-WAIT-2 without a process.
sockstat.TCP.alloc TCP sockets in any state on the whole host.
sockstat.TCP.mem Memory of all TCP sockets on the whole host, pages.
sockstat.UDP.inuse UDP sockets over IPv4.
sockstat.UDP.mem Memory of all UDP sockets on the whole host, pages.
sockstat.UDPLITE.inuse UDP-Lite sockets over IPv4.
sockstat.RAW.inuse Raw sockets over IPv4.
sockstat.FRAG.inuse IPv4 packets being reassembled.
sockstat.FRAG.memory Memory of IPv4 packets being reassembled, bytes.
sockstat6.TCP6.inuse TCP sockets over IPv6 in use, without TIME-WAIT.
sockstat6.UDP6.inuse UDP sockets over IPv6.
sockstat6.UDPLITE6.inuse UDP-Lite sockets over IPv6.
sockstat6.RAW6.inuse Raw sockets over IPv6.
sockstat6.FRAG6.inuse IPv6 packets being reassembled.
sockstat6.FRAG6.memory Memory of IPv6 packets being reassembled, bytes.
fs.file-nr.allocated Open files of the whole host, including sockets.
net.netfilter.nf_conntrack_count Connections that netfilter tracks.
";

/// Meanings by name.
static MEANINGS: LazyLock<SeededMap<&str, Meaning>> = LazyLock::new(|| {
    let problem = (0u16..).zip(lines(PROBLEMS));
    // Leaves a rank for the IPv6 counterpart after each.
    let problem = problem.map(|(at, (name, sentence))| (name, (Some(at * 2), sentence)));
    let others = lines(OTHERS).map(|(name, sentence)| (name, (None, sentence)));
    let all = problem.chain(others);
    all.map(|(name, (severity_rank, sentence))| {
        (
            name,
            Meaning {
                severity_rank,
                sentence,
            },
        )
    })
    .collect()
});

fn lines(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.lines().filter_map(|line| line.split_once(' '))
}

/// Returns the meaning of a counter, if known.
pub fn meaning(name: &str) -> Option<Meaning> {
    if let Some(&known) = MEANINGS.get(name) {
        return Some(known);
    }
    // `Udp6.RcvbufErrors` means what `Udp.RcvbufErrors` does.
    let (group, field) = name.split_once('.')?;
    let four = format!("{}.{field}", group.strip_suffix('6')?);
    let known = MEANINGS.get(four.as_str())?;
    Some(Meaning {
        severity_rank: known.severity_rank.map(|severity_rank| severity_rank + 1),
        sentence: known.sentence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_counter_is_described_twice() {
        let all = || lines(PROBLEMS).chain(lines(OTHERS));
        assert_eq!(MEANINGS.len(), all().count());
        for (name, sentence) in all() {
            assert!(sentence.ends_with('.'), "{name}");
            assert!(name.contains('.'), "{name}");
        }
    }

    #[test]
    fn a_counter_of_ipv6_means_the_same_and_comes_next() {
        let four = meaning("Udp.RcvbufErrors").unwrap();
        let six = meaning("Udp6.RcvbufErrors").unwrap();
        assert_eq!(four.sentence, six.sentence);
        assert_eq!(
            four.severity_rank.map(|severity_rank| severity_rank + 1),
            six.severity_rank
        );
        assert!(meaning("TcpExt.ListenOverflows").unwrap().severity_rank < four.severity_rank);
        assert_eq!(meaning("Tcp.InSegs").unwrap().severity_rank, None);
        assert_eq!(meaning("Sctp.SctpAborteds"), None);
        assert_eq!(meaning("no name"), None);
    }
}
