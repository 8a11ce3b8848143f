//! Help on the filter language, generated from the lists that the parser uses.

use std::fmt::Write;

use super::page::Page;
use crate::filter::{keywords, state_names};

/// Example filters with a description each. Tests run every one of them.
pub const EXAMPLES: &[(&str, &str)] = &[
    (
        "state established dport = :443",
        "established connections to https",
    ),
    (
        "( dport = :http or dport = :https ) dst 10.0.0.0/8",
        "web connections into one network",
    ),
    ("state time-wait", "sockets in TIME-WAIT"),
    (
        "exclude listening exclude closed",
        "connections in any state",
    ),
    ("dst [::1]:5432", "one address and port over IPv6"),
    ("sport >= 1024 and sport <= 2048", "a range of local ports"),
    (
        "! ( src 127.0.0.0/8 or src [::1] )",
        "nothing over loopback",
    ),
    ("port = 53", "port 53 at either end"),
    ("src unix:/run/*", "unix sockets in /run"),
    ("dev lo", "sockets bound to a device"),
    ("process nginx", "owned by nginx"),
    (
        "process php-* user www-data",
        "owned by the workers of one user",
    ),
    ("owner none", "sockets without an owner"),
    (
        "unowned waiting-for-accept",
        "established, not accepted yet",
    ),
    ("recvq > 0 state established", "unread data"),
    ("accept_queue > backlog", "full accept queues"),
    ("rtt > 100ms", "slow paths"),
    ("retrans > 1%", "more than 1 % of the bytes retransmitted"),
    ("rate > 1MB", "busy connections"),
    (
        "age < 10s",
        "opened less than 10 s ago, while sockwatch ran",
    ),
    ("netns blue", "in a network namespace, by name"),
    ("container web", "in a container, by name"),
    (
        "pod = api-* namespace payments",
        "in the pods of one deployment",
    ),
    ("unit nginx.service", "of a systemd unit"),
    (
        "protocol udp drops > 0",
        "UDP sockets that dropped datagrams",
    ),
];

/// Text below the options in the short help of a command that takes a filter.
pub const SEE_ALSO: &str = "See 'sockwatch help filter' for FILTER, and --help for all options.";

/// Returns the text below the options in the long help of a command that takes a filter.
pub fn examples_for(command: &str) -> String {
    let mut out = String::from(
        "FILTER is [ state STATE ]… [ EXPRESSION ], as in ss, in several arguments or in one quoted argument. See 'sockwatch \
         help filter'.\n\nExamples:\n",
    );
    for at in [0, 1, 10, 14, 16] {
        if let Some((filter, about)) = EXAMPLES.get(at) {
            let _ = writeln!(out, "  {about}:\n    sockwatch {command} '{filter}'");
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Writes the reference of the language.
pub fn write(page: &mut Page) {
    page.paragraph("FILTER := [ state STATE | exclude STATE ]\u{2026} [ EXPRESSION ]");
    page.paragraph(
        "The language of ss(8), extended. The dashboard (press /), list, events, record, replay, export and kill accept \
         it as several arguments or as one quoted argument.",
    );
    page.heading("STATES");
    page.paragraph(
        "Several states add up: state established state time-wait. If a filter names a state, only the filter selects \
         states, and -a and -l have no effect.",
    );
    page.terms(state_names());
    page.heading("CONDITIONS");
    page.paragraph("KEYWORD [OPERATOR] VALUE. The default operator is =.");
    let rows: Vec<(String, &str)> = keywords()
        .map(|(name, others, about)| {
            let names: Vec<&str> = std::iter::once(name)
                .chain(others.iter().copied())
                .collect();
            (names.join(", "), about)
        })
        .collect();
    page.terms(rows.iter().map(|(names, about)| (names.as_str(), *about)));
    page.paragraph(
        "HOST is [FAMILY:]ADDRESS[/PREFIX][:PORT], with an IPv6 address in brackets; * matches any address, and a host \
         name stands for its addresses. FAMILY is inet, inet6, unix, link, netlink, vsock, tipc or xdp. Only families that are \
         named are listed then; several add up, where ss takes the last one.",
    );
    page.paragraph(
        "A word that begins with / or @, and any word if -x is the only protocol option, is a pattern for names of unix \
         sockets: * ? [a-z], on bytes as in ss. Double quotes or a backslash keep spaces and signs in a name; in ss, \
         quotes are part of the name.",
    );
    page.paragraph(
        "PORT is a number or the name of a service. Unix sockets have inodes in place of ports, as in ss. Names of \
         processes, users, cgroups, containers, pods, units, devices and states may contain * and ?; a number is a pid, a user id or the index \
         of a device. A device that was removed is called by its index: if5. The name of a process is the whole name, \
         as far as its command line is readable, or the first 15 bytes, which are all that the kernel keeps. A process \
         matches if any owner of the socket does. A container is called by its name, or by the first 12 digits of its ID if \
         no readable file has the name; see 'sockwatch help containers'."

    );
    page.paragraph(
        "autobound matches sockets whose local port the kernel chose. Only the kernel knows which: in a recording or dump, in \
         the dashboard, and where it is combined with dev or by or with a condition that the kernel cannot evaluate, any port \
         of the ephemeral range (net.ipv4.ip_local_port_range) matches, also one that a program chose.",
    );
    page.heading("COMPARISONS");
    page.paragraph(
        "COLUMN OPERATOR VALUE, for any column of 'sockwatch help columns'. Numbers are compared with a number with a \
         unit (100ms, 64kB, 1MB/s, 10Mbit, 1%) or with another column: accept_queue > backlog. Texts are compared with \
         = and != (with * and ?), or with =~ and !~ (regular expressions). No comparison matches an unknown value: a \
         listener matches neither rtt > 1ms nor rtt <= 1ms.",
    );
    page.heading("TEXTS");
    page.paragraph(
        "A text in quotes is searched for in all texts of a socket and in the command line of its process, ignoring \
         case: \"10.0.0.\" state established. In the dashboard, a single word needs no quotes.",
    );
    page.heading("OPERATORS");
    page.code(
        "=  ==  eq      !=  ne  neq      <  lt         <=  le  leq
>  gt          >=  ge  geq      =~            !~",
    );
    page.heading("COMBINATION");
    page.code("and & &&    or | ||    not !    ( )");
    page.paragraph(
        "Two conditions next to each other must both match. As in ss, and against its manual, and and or are evaluated \
         from left to right: a or b and c is ( a or b ) and c. Parentheses make the order explicit; kill requires them.",
    );
    page.heading("DIFFERENCES FROM ss");
    page.paragraph(
        "An address of one family never matches a socket of another. ss compares their bytes, so its ! src [::] excludes \
         IPv4 sockets on 0.0.0.0. A host name stands for its addresses in both families. dst unix:NAME matches the name \
         at the other end. The state bound-inactive is supported where the kernel reports it (Linux 6.8). States select \
         raw sockets and SCTP associations, too; the kernel ignores them there. If -x is combined with other protocol \
         options, the form of a word decides what it means, and sport and dport are inodes; ss takes all of them as \
         names. Ports above 65535 match nothing in every comparison; the kernel would truncate them.",
    );
    page.heading("EXAMPLES");
    let examples = EXAMPLES.iter();
    let lines: Vec<String> = examples
        .map(|(filter, about)| format!("{filter}\n    {about}\n"))
        .collect();
    page.code(&lines.concat());
}
