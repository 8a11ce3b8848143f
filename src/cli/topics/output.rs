//! `help output`: tables, JSON, CSV, and exit statuses.

use crate::cli::page::Page;
use crate::model::Unowned;

/// Formats of `list`.
const FORMATS: [(&str, &str); 5] = [
    (
        "table",
        "The default. It fits the terminal, and is not cut when piped.",
    ),
    (
        "--json",
        "One document: host, time, coverage, faults, and the sockets with everything the kernel reports.",
    ),
    ("--jsonl", "One JSON object per line and socket."),
    (
        "--csv",
        "A heading and a row for each socket, with the same content as JSON.",
    ),
    ("--watch 5s", "JSON Lines every 5 seconds, with rates."),
];

/// Lines of `events --json` that are not about a socket that opened, changed state or closed.
const EVENT_COUNTS: [(&str, &str); 2] = [
    (
        "lost",
        "Events that the kernel dropped because its buffer was full, with their count.",
    ),
    (
        "undecided",
        "At the end: sockets that closed before the filter could be evaluated for them, because their owner or \
         their other end was not known yet, with their count.",
    ),
];

/// Exit statuses of all commands but `diagnose`.
const STATUSES: [(&str, &str); 3] = [
    (
        "0",
        "success; also if the reader closes the pipe, as head does, and if parts of a recording are damaged",
    ),
    (
        "1",
        "failure: one line on standard error says what failed and what to do; also if list is asked by name for kinds of \
         sockets (-S, --vsock, --tipc, -A mptcp) of which the kernel supports none; if it supports some, a line names the others",
    ),
    ("2", "wrong usage, including an invalid filter"),
];

/// Ways in which a socket can have no descriptor in any process.
const UNKNOWN_OWNERS: [(&str, &str); 5] = [
    (
        "in flight",
        "Its descriptor was sent with SCM_RIGHTS and has not been received yet.",
    ),
    (
        "outside",
        "A process outside of this pid namespace has it open, and its control group is not visible from here or also \
         has processes of this namespace.",
    ),
    (
        "kernel",
        "The kernel opened it for a purpose other than those above: NFS, iSCSI, NVMe over TCP, RDS, L2TP, or a tunnel \
         whose device was moved to another network namespace.",
    ),
    (
        "io_uring",
        "It is registered with an io_uring that has no descriptor, or whose files the kernel lists without inodes.",
    ),
    (
        "replaced",
        "Its descriptor replaced another one of the same process. It is found within 15 seconds.",
    ),
];

/// Returns the description of a reason for having no owner.
fn about(why: Unowned) -> &'static str {
    match why {
        Unowned::TimeWait => "its process has closed it, and TCP waits for late segments",
        Unowned::Handshake => "the TCP handshake is not complete",
        Unowned::WaitingForAccept => "established, but no process has accepted it yet",
        Unowned::Orphan => "its process has closed it, and the kernel finishes the connection",
        Unowned::Kernel => {
            "the kernel opened it: for netlink, VXLAN, GENEVE, bareudp, FOU or, recognized with CAP_NET_ADMIN, WireGuard"
        }
        Unowned::OtherNamespace => {
            "it was opened by a process outside of this pid namespace: its control group has only such processes"
        }
        Unowned::PermissionDenied => {
            "no readable process has it open, and this user may not read some processes, or hidepid= hides them; see \
             'sockwatch help privileges'"
        }
        Unowned::Exited => "its process closed it or ended while owners were read",
        Unowned::Unknown => "no process has it open, and nothing proves why; see below",
        Unowned::IoUring => {
            "registered with an io_uring of a process that has closed its descriptor"
        }
        Unowned::NotRead => {
            "processes have not been read yet: only in the dashboard, while it starts"
        }
    }
}

/// Writes the formats, their conventions and the exit statuses.
pub fn write(page: &mut Page) {
    page.heading("FORMATS OF LIST");
    page.terms(FORMATS);
    page.paragraph(
        "record --jsonl and export write the same objects, with the time of the sample; export also writes CSV and \
         Parquet. JSON Schemas are in assets/schema of the source, with the columns of CSV and Parquet in its README.",
    );
    page.heading("UNKNOWN VALUES");
    page.paragraph(
        "An unknown value is – in a table, null in JSON and Parquet, and empty in CSV. It is never 0: the kernel does \
         not count the bytes of UDP and unix sockets, for example. In a filter, no comparison matches an unknown \
         value.",
    );
    page.heading("OWNERS");
    page.paragraph(
        "A socket has its processes in owners, or the reason for having none in unowned. In tables, (was) marks the \
         owner that a closed socket had, and (inf) an inferred one: the process that listens on the port of a \
         connection that closed between two samples. If several processes share that listener or its port, (one of) \
         marks them as candidates: attribution is one-of, and no process counts the socket as its own. The column \
         and field attribution has the same as a word: observed, unverified, remembered, inferred or one-of.",
    );
    page.paragraph(
        "Owners are the processes with an open descriptor of the socket in /proc/PID/fd, or in that of a thread with a \
         table of its own. A process can pass a socket on to another. While all processes together have up to 4096 \
         sockets, every owner is verified in every sample. With more, up to 4096 owners of sockets that have changed \
         (state, queues or bytes) are verified in every sample, and all others within 15 s; a new descriptor is \
         found at once. A process with a single thread that has not run since its descriptors were read needs no \
         reading for two minutes, because only it can change them. If a process is found to have passed a socket on, all its descriptors are read again. An \
         owner that was not verified since then, or for 30 s, is unverified, and marked (?).",
    );
    page.paragraph(
        "Of several owners, the one that uses the socket comes first: a process that accepts its connections (it was \
         seen waiting for the socket, which root can see, or has accepted one while sockwatch ran), then one with an \
         accepted connection, and last those that waited for something else and those that open sockets for others \
         (pid 1, systemd, inetd and the like). Of equal ones, the first remains first, and else the one that started \
         last comes first.",
    );
    page.paragraph(
        "Names and command lines of owners are read again in every second sample, of up to 1024 processes at once.",
    );
    page.terms(Unowned::ALL.map(|why| (why.name(), about(why))));
    page.paragraph(
        "A reason is given only if it is proven. The user of a socket is the one who opened it, and says nothing about \
         the process that has it open now. These sockets are unknown if every process could be read:",
    );
    page.terms(UNKNOWN_OWNERS);
    page.heading("EVENTS");
    page.paragraph(
        "events --json writes one object per line. A connection has one opened and one closed, with its lifetime and \
         final bytes. If a connection is reset while its process has it open, a state event to closed comes first.",
    );
    page.paragraph(
        "The kernel clears the counters of a connection that its own process aborts (SO_LINGER 0, a failed connect). Its \
         bytes are then those of the last sample, a lower bound: ≥ in a table, and totals_as_of has the time of that \
         sample. They are unknown if no sample saw the connection.",
    );
    page.heading("BYTES");
    page.paragraph(
        "Byte counts and rates of TCP are payload, as the programs at both ends see it: without SYN, FIN, headers and \
         retransmissions. sent_bytes counts each byte once it was sent, bytes_acked once the peer acknowledged it. \
         The fields of tcp are the kernel's own: bytes_acked counts SYN and FIN there, bytes_received the peer's FIN, \
         bytes_sent every retransmission. Whether a connection that no sample saw closing received the peer's FIN \
         follows from how it ended.",
    );
    page.terms(EVENT_COUNTS);
    page.heading("COLORS AND CHARACTERS");
    page.paragraph(
        "TERM and COLORTERM decide the colors: 256 where they name them, 16 for other terminals with colors, and none \
         for dumb, vt100, unknown names and without TERM, or if NO_COLOR is not empty. The dashboard always needs a \
         terminal that understands the cursor movements of a VT100.",
    );
    page.paragraph(
        "If the locale (LC_ALL, LC_CTYPE or LANG, the first that is not empty) is not UTF-8, tables and texts are \
         ASCII: - for an unknown value, > for a lower bound, and \\u{e9} for a character of a name. JSON and CSV are \
         always UTF-8.",
    );
    page.paragraph(
        "Characters of a name that control a terminal, hide text or reorder it are written as escapes, such as \\n and \
         \\u{1b}: in tables, texts, messages and on screens, and in JSON as \\u001b, which a parser reads as the name. \
         CSV has them as they are in a file or a pipe, for a program to read, and as escapes on a terminal.",
    );
    page.paragraph(
        "The dashboard is drawn in at most 1000 columns and 300 rows. A terminal that claims no size has that of \
         COLUMNS and LINES, or 80x24.",
    );
    page.heading("COST");
    page.paragraph(
        "list --timings prints the time that each step took to standard error, as one JSON object. If a filter or \
         --sort needs rates, list takes two samples, one second apart.",
    );
    page.heading("EXIT STATUS");
    page.terms(STATUSES);
    page.paragraph("diagnose has its own: see 'sockwatch help monitoring'.");
}
