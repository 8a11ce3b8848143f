//! Meanings of the kernel's counters, a sentence each; those that mean trouble first, the most severe at the top.
//!
//! Kernel: `include/uapi/linux/snmp.h` has their names, and where each is counted is found by its constant
//! (`LINUX_MIB_LISTENOVERFLOWS`).

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// Meaning of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// Rank by gravity, from the most serious on; `None` if the counter means no trouble.
    pub gravity: Option<u16>,
    /// Meaning in one sentence.
    pub sentence: &'static str,
}

/// Counters that mean trouble when they grow: in each line a name and a sentence. One of IPv4 stands for the same one of
/// IPv6.
const TROUBLE: &str = "\
TcpExt.ListenOverflows SYNs and handshakes dropped because a listener's accept queue was full: it accepts too slowly, or its backlog is small.
TcpExt.ListenDrops SYNs and handshakes that a listener dropped for any reason, ListenOverflows among them.
TcpExt.TCPReqQFullDrop SYNs dropped because too many connections were half-open and SYN cookies are off.
TcpExt.TCPReqQFullDoCookies SYNs answered by a cookie because too many connections were half-open: a SYN flood, or a rush of clients.
TcpExt.TCPTimeWaitOverflow Connections forgotten at once in place of TIME-WAIT, because tcp_max_tw_buckets was reached.
TcpExt.TCPMemoryPressures Times that the memory of all TCP sockets passed the second number of tcp_mem: buffers shrink from there on.
TcpExt.TCPAbortOnMemory Connections reset because TCP was out of memory (tcp_mem), or there were too many orphans (tcp_max_orphans).
TcpExt.TCPRcvQDrop Segments dropped because a receive buffer, or the memory of all TCP sockets, was full.
TcpExt.TCPBacklogDrop Segments dropped because too many arrived while a process held the socket's lock.
TcpExt.TCPOFODrop Segments out of order dropped because a receive buffer was full.
TcpExt.TCPZeroWindowDrop Segments dropped that came although the window here was closed: a process does not read.
TcpExt.RcvPruned Times that a receive buffer stayed too full whatever was done, so that segments were dropped.
TcpExt.OfoPruned Times that segments received out of order were thrown away to make room in a receive buffer.
TcpExt.PruneCalled Times that a full receive buffer had to be made smaller: a process reads too slowly, or the buffer is small.
TcpExt.TCPToZeroWindowAdv Times that a window was closed to the sender: a process here does not read.
Udp.RcvbufErrors Datagrams dropped because a socket's receive buffer was full: a process reads too slowly, or the buffer is small.
Udp.MemErrors Datagrams dropped because the memory of all UDP sockets (udp_mem) was used up.
Udp.SndbufErrors Datagrams that could not be sent because a send buffer or the device's queue was full.
Udp.InErrors Datagrams dropped on receipt: buffer, memory and checksum errors together.
TcpExt.TCPWinProbe Probes sent because the other side's window was closed: it does not read.
TcpExt.TCPFastOpenListenOverflow Fast Open handshakes made ordinary ones because too many were under way.
TcpExt.TCPAbortOnTimeout Connections given up because retransmissions, keepalive or window probes were not answered.
TcpExt.TCPSynRetrans SYNs and SYN-ACKs sent again: the other side does not answer, or drops them.
Tcp.RetransSegs Segments sent again: loss on a path, or acknowledgements that come too late.
TcpExt.TCPLostRetransmit Segments that were sent again and lost again: heavy loss, or a policer.
TcpExt.TCPTimeouts Retransmission timers that ran out: nothing was acknowledged for that long.
TcpExt.TCPRetransFail Segments that could not be sent again: no route, or no room below TCP.
TcpExt.TCPSpuriousRTOs Timeouts that turned out to be needless: the path was slow, not lossy.
Tcp.AttemptFails Connections that failed before they were established: refused, timed out, or reset half-open.
Tcp.EstabResets Connections that ended at once from ESTABLISHED or CLOSE-WAIT: reset by either side, or given up.
Tcp.OutRsts Resets sent: to ports where nobody listens, for connections that are not known, or by an abort.
TcpExt.TCPAbortOnData Connections reset because data came for a process that had closed, or by SO_LINGER with 0.
TcpExt.TCPAbortOnClose Connections reset because the process closed them without having read everything.
TcpExt.TCPAbortOnLinger Connections reset in place of waiting in FIN-WAIT-2 (TCP_LINGER2 below 0).
TcpExt.TCPAbortFailed Resets that could not be sent for want of memory.
TcpExt.EmbryonicRsts Resets that came for half-open connections.
TcpExt.SyncookiesSent SYN cookies sent, see TCPReqQFullDoCookies.
TcpExt.SyncookiesFailed Acknowledgements that came to a listener and had no valid SYN cookie.
TcpExt.PAWSEstab Segments of established connections dropped because their timestamp was too old.
TcpExt.PAWSActive Answers to SYNs dropped because their timestamp made no sense.
TcpExt.PFMemallocDrop Packets dropped because what memory was left is reserved for freeing memory.
TcpExt.TCPWqueueTooBig Times that a send queue was too long to be split further, as in an attack by small segments.
Tcp.InErrs Segments dropped because their header or checksum was wrong.
Tcp.InCsumErrors Segments with a wrong checksum.
Udp.InCsumErrors Datagrams with a wrong checksum.
Udp.NoPorts Datagrams to ports where nobody listens.
TcpExt.IPReversePathFilter Packets dropped because answers to them would leave by another device (rp_filter).
Ip.InDiscards Packets received whole and dropped all the same, mostly for want of memory.
Ip.OutDiscards Packets to be sent that were dropped, mostly for want of room.
Ip.OutNoRoutes Packets that were not sent because there is no route.
IpExt.InNoRoutes Packets received that there is no route for.
Ip6.InNoRoutes Packets received that there is no route for.
Ip.ReasmFails Packets that could not be put together from their fragments: some were lost, or there was no room.
Ip.ReasmTimeout Packets given up because fragments of them did not come in time.
Ip.FragFails Packets too large for a path that must not be split: path MTU discovery, or a black hole.
Ip.InHdrErrors Packets dropped because their header was wrong or their time to live was over.
Ip.InAddrErrors Packets dropped because their address made no sense here.
Ip.InTooBigErrors Packets too large to be forwarded.
Ip.InUnknownProtos Packets of a protocol that nobody here takes.
Ip.InTruncatedPkts Packets shorter than they claim to be.
IpExt.InTruncatedPkts Packets shorter than they claim to be.
IpExt.InCsumErrors Packets whose header has a wrong checksum.
Icmp.InErrors ICMP messages dropped because they were wrong.
Icmp.InDestUnreachs Told by others that a host, port or network cannot be reached, or that a packet is too large.
Icmp.OutDestUnreachs Told to others that a port or host cannot be reached here.
Icmp6.InPktTooBigs Told by routers that a packet is too large for its path.
";

/// Counters and gauges that mean no trouble by themselves.
const OTHERS: &str = "\
Tcp.ActiveOpens Connections opened from here, successful or not.
Tcp.PassiveOpens Connections that came in and whose handshake was completed.
Tcp.CurrEstab Connections in ESTABLISHED or CLOSE-WAIT now.
Tcp.InSegs Segments received.
Tcp.OutSegs Segments sent for the first time.
Tcp.MaxConn The most connections there may be; -1 for no such limit.
Tcp.RtoMin Shortest retransmission timeout, ms.
Tcp.RtoMax Longest retransmission timeout, ms.
TcpExt.TW Connections that ended their TIME-WAIT by its timer.
TcpExt.TWRecycled Connections in TIME-WAIT whose ports were used again at once (tcp_tw_reuse).
TcpExt.SyncookiesRecv Connections made from a SYN cookie.
TcpExt.DelayedACKs Acknowledgements that were held back for a moment.
TcpExt.DelayedACKLost Segments received twice, mostly because an acknowledgement was late or lost.
TcpExt.TCPFastRetrans Segments sent again because acknowledgements told of a gap.
TcpExt.TCPSlowStartRetrans Segments sent again after a timeout.
TcpExt.TCPLossProbes Segments sent to find out whether the last ones were lost.
TcpExt.TCPLossProbeRecovery Losses that such a probe repaired.
TcpExt.TCPOrigDataSent Segments with data sent for the first time.
TcpExt.TCPDelivered Segments that arrived, as acknowledged by the other side.
TcpExt.TCPKeepAlive Keepalive probes sent.
TcpExt.TCPOFOQueue Segments received out of order and kept.
TcpExt.TCPRcvCollapsed Segments put together in a full receive buffer, to save memory.
TcpExt.TCPFromZeroWindowAdv Times that a closed window was opened again.
TcpExt.TCPWantZeroWindowAdv Times that a window should have been closed and could not be yet.
TcpExt.TCPMemoryPressuresChrono Time that TCP was short of memory, ms.
TcpExt.TCPChallengeACK Acknowledgements sent to find out whether a reset or SYN was meant.
TcpExt.TCPSYNChallenge The same in answer to a SYN within a connection.
TcpExt.TCPDSACKRecv Told by others that a segment came twice.
TcpExt.TCPDSACKOldSent Told to others that a segment came twice.
TcpExt.TCPAutoCorking Small writes that were held back to be sent together.
TcpExt.TCPBacklogCoalesce Segments put together while a process held the socket's lock.
TcpExt.ArpFilter ARP requests that arp_filter left unanswered.
Udp.InDatagrams Datagrams received.
Udp.OutDatagrams Datagrams sent.
Udp.IgnoredMulti Broadcast and multicast datagrams that nobody here wanted.
Ip.Forwarding Whether packets are forwarded: 1 yes, 2 no.
Ip.DefaultTTL Time to live of packets sent, hops.
Ip.InReceives Packets received.
Ip.InDelivers Packets received and passed on to TCP, UDP and the like.
Ip.ForwDatagrams Packets forwarded.
Ip.OutForwDatagrams Packets forwarded.
Ip.OutRequests Packets made here to be sent.
Ip.OutTransmits Packets sent, forwarded ones included.
Ip.ReasmReqds Fragments received.
Ip.ReasmOKs Packets put together from fragments.
Ip.FragOKs Packets split into fragments.
Ip.FragCreates Fragments made.
Ip.InOctets Bytes received.
Ip.OutOctets Bytes sent.
IpExt.InOctets Bytes received.
IpExt.OutOctets Bytes sent.
IpExt.InMcastPkts Multicast packets received.
IpExt.OutMcastPkts Multicast packets sent.
IpExt.InBcastPkts Broadcast packets received.
IpExt.OutBcastPkts Broadcast packets sent.
IpExt.InECT0Pkts Packets received from senders that heed congestion marks (ECT 0).
IpExt.InECT1Pkts Packets received from senders that heed congestion marks (ECT 1).
IpExt.InCEPkts Packets received with a congestion mark.
Icmp.InMsgs ICMP messages received.
Icmp.OutMsgs ICMP messages sent.
Icmp.InEchos Pings received.
Icmp.OutEchoReps Pings answered.
sockstat.sockets.used Sockets of all families.
sockstat.TCP.inuse TCP sockets over IPv4 in use, without TIME-WAIT.
sockstat.TCP.orphan TCP connections that no process holds any more, on the whole host.
sockstat.TCP.tw Connections in TIME-WAIT, and in FIN-WAIT-2 without a process.
sockstat.TCP.alloc TCP sockets that exist in any state, on the whole host.
sockstat.TCP.mem Memory of all TCP sockets, pages, on the whole host.
sockstat.UDP.inuse UDP sockets over IPv4.
sockstat.UDP.mem Memory of all UDP sockets, pages, on the whole host.
sockstat.UDPLITE.inuse UDP-Lite sockets over IPv4.
sockstat.RAW.inuse Raw sockets over IPv4.
sockstat.FRAG.inuse IPv4 packets being put together from fragments.
sockstat.FRAG.memory Their memory, bytes.
sockstat6.TCP6.inuse TCP sockets over IPv6 in use, without TIME-WAIT.
sockstat6.UDP6.inuse UDP sockets over IPv6.
sockstat6.UDPLITE6.inuse UDP-Lite sockets over IPv6.
sockstat6.RAW6.inuse Raw sockets over IPv6.
sockstat6.FRAG6.inuse IPv6 packets being put together from fragments.
sockstat6.FRAG6.memory Their memory, bytes.
fs.file-nr.allocated Open files of the whole host, sockets included.
net.netfilter.nf_conntrack_count Connections that netfilter tracks.
";

/// Meanings by name.
static MEANINGS: LazyLock<FxHashMap<&str, Meaning>> = LazyLock::new(|| {
    let trouble = (0u16..).zip(lines(TROUBLE));
    // Between two of them is room for the one of IPv6.
    let trouble = trouble.map(|(at, (name, sentence))| (name, (Some(at * 2), sentence)));
    let others = lines(OTHERS).map(|(name, sentence)| (name, (None, sentence)));
    let all = trouble.chain(others);
    all.map(|(name, (gravity, sentence))| (name, Meaning { gravity, sentence }))
        .collect()
});

fn lines(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.lines().filter_map(|line| line.split_once(' '))
}

/// Returns the meaning of a counter, if it is known.
pub fn meaning(name: &str) -> Option<Meaning> {
    if let Some(&known) = MEANINGS.get(name) {
        return Some(known);
    }
    // `Udp6.RcvbufErrors` means what `Udp.RcvbufErrors` does.
    let (group, field) = name.split_once('.')?;
    let four = format!("{}.{field}", group.strip_suffix('6')?);
    let known = MEANINGS.get(four.as_str())?;
    Some(Meaning {
        gravity: known.gravity.map(|gravity| gravity + 1),
        sentence: known.sentence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_counter_is_described_twice() {
        let all = || lines(TROUBLE).chain(lines(OTHERS));
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
        assert_eq!(four.gravity.map(|gravity| gravity + 1), six.gravity);
        assert!(meaning("TcpExt.ListenOverflows").unwrap().gravity < four.gravity);
        assert_eq!(meaning("Tcp.InSegs").unwrap().gravity, None);
        assert_eq!(meaning("Sctp.SctpAborteds"), None);
        assert_eq!(meaning("no name"), None);
    }
}
