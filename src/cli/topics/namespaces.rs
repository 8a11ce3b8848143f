//! `help namespaces`: which network namespaces are shown.

use crate::cli::page::Page;

/// Values of `-N`.
const SCOPES: [(&str, &str); 4] = [
    (
        "all",
        "Every network namespace of the host that you may enter.",
    ),
    ("own", "That of sockwatch alone."),
    (
        "NAME",
        "One that 'ip netns list' prints, in /run/netns or /run/docker/netns.",
    ),
    (
        "PID or PATH",
        "That of a process, or of a file such as /proc/812/ns/net.",
    ),
];

/// Writes which namespaces are shown, and what that costs.
pub fn write(page: &mut Page) {
    page.paragraph(
        "A container usually has a network namespace of its own, with its own sockets, ports, counters and limits. The dashboard, \
         record and diagnose show all namespaces of the host; list, summary, events and kill only their own, as ss does. \
         -N changes that:",
    );
    page.terms(SCOPES);
    page.code(
        "sockwatch list -tl -N all
sockwatch list -ta -N all netns blue
sockwatch record -o FILE -N own",
    );
    page.paragraph(
        "Entering a namespace requires root or CAP_SYS_ADMIN. Namespaces that are left out are counted: in the header of the \
         dashboard, on standard error, and in JSON (coverage). Events of short connections in other namespaces also require \
         CAP_NET_ADMIN and CAP_NET_BROADCAST: the kernel reports them by an id, which sockwatch assigns and which remains \
         until the namespace goes.",
    );
    page.heading("NAMES");
    page.paragraph(
        "A namespace is named after its file in /run/netns, host if it is the initial one, else after its pod or container, or else \
         after its oldest process, as nginx(812). The column netns_name and the condition netns take that name, the column netns its inode. b n \
         groups sockets by namespace, and v opens one. Recordings keep the names; --redact replaces them.",
    );
    page.heading("FINDINGS");
    page.paragraph(
        "Each namespace is examined by its own sockets, counters and limits (ip_local_port_range, somaxconn, tcp_max_tw_buckets), \
         and a finding says which one it is about. Processes, open files and socket memory are those of the host. The screen System \
         shows the counters, limits, interfaces and settings of one namespace; v chooses which.",
    );
    page.heading("TRANSLATED ADDRESSES");
    page.paragraph(
        "Where the kernel's connection tracking translates the addresses of a TCP connection or a connected UDP socket (NAT: a \
         Service of Kubernetes, a published port, masquerading), the column real_peer is the endpoint behind its remote one, and \
         seen_as its own as the peer sees it. Both ends of such a connection find each other, also in different namespaces. This \
         requires CAP_NET_ADMIN, and for translations in other namespaces -N all.",
    );
    page.code("sockwatch list -t -N all real_peer = 10.244.1.7:8443");
    page.paragraph(
        "Each new connection is looked up in its own namespace and in those that forward packets, if these have tracked connections; \
         UDP sockets again every 10 s. A peer is not known if the translation bypasses connection tracking (eBPF, IPVS) or has a zone of its own, or if two \
         namespaces translate the same addresses in different ways. The two connections of a userland proxy, such as docker-proxy, \
         are those of that process.",
    );
    page.heading("MANY NAMESPACES");
    page.paragraph(
        "Up to 20 others are read for each sample. Of more, those are read whose counts of sockets or traffic of devices have \
         changed; the rest stay as they were, and are read in turn: all but TCP, UDP and raw sockets once in 64 samples, those once \
         in 256. Nothing is open between samples, so no namespace is kept alive.",
    );
}
