//! `help cost`: measured figures.

use crate::cli::page::Page;

/// With 100 000 established loopback sockets.
const SOCKETS: [(&str, &str); 8] = [
    (
        "1.26",
        "times the CPU time of a bare dump with every attribute (138 ms): a sample with its owners; 1.36 with rates and totals, \
         1.41 with the history",
    ),
    (
        "0.2 µs",
        "finding owners, per socket; 5 µs for a socket that was replaced",
    ),
    (
        "20 to 22 % of a core",
        "the dashboard with its history at one sample per second; 77 MB resident",
    ),
    (
        "19 to 23 % of a core",
        "record at one sample per second, 74 MB resident; 0.6 bytes per idle socket and sample",
    ),
    ("19 ms", "until the first sockets are on the screen"),
    (
        "3 ms",
        "a frame of Sockets sorted by rate, with a new sample",
    ),
    (
        "0.19 s",
        "list -tan; 0.36 s with processes, and ss -tan took 0.21 s",
    ),
    ("0.6 s", "list -ta --json into a pipe, 226 MB of text"),
];

/// Other numbers of established loopback sockets: the dashboard with its history.
const SCALE: [(&str, &str); 3] = [
    (
        "200",
        "11 MB resident, of which 8.5 MB are pages of the program's file and its libraries; 0.25 % of a core, first rows after 18 ms",
    ),
    (
        "10 000",
        "20 MB resident, of which 8.5 MB are pages of the program's file and its libraries; 2.8 % of a core, first rows after 11 ms",
    ),
    (
        "800 000",
        "527 MB resident, 659 bytes a socket; 1.57 times the bare dump (1.1 s) for a sample with everything, which comes every \
         2.2 s; first rows after 24 ms. A frame follows a key within 13 ms (99th percentile), and rows that have to be sorted \
         or filtered again follow within 0.6 s",
    ),
];

/// Recordings of 10 000 connections, one sample per second.
const RECORDINGS: [(&str, &str); 5] = [
    (
        "130 MB per hour",
        "over loopback, 15 % of the connections moving data and 1 % replaced each second; 3.2 bytes per socket and \
         sample",
    ),
    (
        "172 MB per hour",
        "a synthetic server on the internet, where every round-trip time and rate differs; 4.8 bytes per socket and \
         sample",
    ),
    (
        "0.3 µs",
        "encoding, per socket; 12 % of the cost of a sample",
    ),
    (
        "25 ms",
        "reading any instant of that hour: median; maximum 44 ms",
    ),
    ("28 ms", "the same on a busy machine: median; maximum 62 ms"),
];

/// Other loads.
const LOADS: [(&str, &str); 3] = [
    (
        "10 000 sockets",
        "and 2 000 connections per second that open and close, for five minutes: frames of 2 ms (median; maximum \
         6 ms), 92 MB resident from the second minute on",
    ),
    (
        "1 000 network namespaces",
        "with 10 sockets each: 3.7 % of a core and 42 MB, 1.7 times as much CPU time as 10 000 sockets in one; their first sample \
         takes 2 s",
    ),
    (
        "10 000 connections",
        "with connection tracking: 4 µs to look up each once, when it is new, 42 ms of the first sample; later samples without new \
         connections take no longer",
    ),
];

/// Parts of the dashboard's memory.
const MEMORY: [(&str, &str); 4] = [
    (
        "64 MB at most",
        "the history, with the findings at each sample and all of it that a frozen display still needs",
    ),
    ("12 MB at most", "the latest 20 000 events"),
    (
        "in proportion",
        "to the number of sockets: the latest samples, with what is known of each socket",
    ),
    (
        "the last two again",
        "while an earlier sample is shown; marking adds one sample. Returned to the system when the display resumes",
    ),
];

/// Writes the figures.
pub fn write(page: &mut Page) {
    page.paragraph(
        "Measured on two cores. The ratios carry over to other machines, times and shares of a core do not; cargo bench repeats \
         most of the measurements.",
    );
    page.heading("100 000 SOCKETS");
    page.paragraph(
        "Established over loopback, held by six processes, with every attribute in each sample:",
    );
    page.terms(SOCKETS);
    page.heading("OTHER NUMBERS OF SOCKETS");
    page.terms(SCALE);
    page.paragraph(
        "cargo bench --bench scale -- 100000 repeats this for any number, and cargo bench --bench keys -- 800000 the time of each \
         key. The former says so where a machine is too small.",
    );
    page.heading("RECORDING");
    page.paragraph("10 000 connections, one sample per second, with every attribute:");
    page.terms(RECORDINGS);
    page.heading("MEMORY OF THE DASHBOARD");
    page.paragraph(
        "Beside the program itself (11 MB, of which 8.5 MB are pages of its file and its libraries), in parts. It does not grow with time: once the history is full and an earlier sample was \
         shown, the same load takes no more.",
    );
    page.terms(MEMORY);
    page.heading("VERY MANY SOCKETS");
    page.paragraph(
        "While the first sample takes long, the dashboard shows the first TCP, UDP and unix sockets as a preview, and its \
         progress. Where a sample takes longer than the interval, the next one follows after a pause of a fourth of that \
         time, at most one interval: the status line, and standard error of record, events, list --watch and diagnose, \
         have the longer interval. Rates are per second of the time that has passed. info has the median interval of a \
         recording.",
    );
    page.paragraph(
        "From 10 000 sockets on, filtering, sorting, grouping and comparing them happens beside the screen, so that no key \
         waits for it. Until the new rows are ready, the table keeps the previous ones, and its title has the number of \
         sockets that are being sorted or filtered.",
    );
    page.heading("OTHER LOADS");
    page.terms(LOADS);
}
