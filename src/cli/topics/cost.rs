//! `help cost`: measured figures.

use crate::cli::page::Page;

/// With 100 000 established loopback sockets.
const SOCKETS: [(&str, &str); 8] = [
    (
        "146 ms",
        "CPU time of a sample with owners, rates and totals; a bare dump of the same sockets takes 128 ms",
    ),
    ("73 ns", "decoding, per socket"),
    ("64 ns", "aggregating, per socket"),
    (
        "16 % of a core",
        "the dashboard at one sample per second; 108 MB resident without history, 212 MB once the history is full",
    ),
    (
        "3 ms",
        "a frame of Sockets sorted by rate, with a new sample",
    ),
    (
        "0.7 ms",
        "from a key press to the screen while sampling: median; maximum 9 ms",
    ),
    (
        "0.15 s",
        "list -tan (0.31 s with processes); ss -tan takes 0.21 s",
    ),
    ("0.5 s", "list -ta --json into a pipe, 215 MB of text"),
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
const LOADS: [(&str, &str); 2] = [
    (
        "10 000 sockets",
        "and 2 000 connections per second that open and close, for five minutes: frames of 2 ms (median; maximum \
         6 ms), 92 MB resident from the second minute on",
    ),
    (
        "200 sockets",
        "first frame after 18 ms, 0.4 % of a core, 13 MB resident, of which 10 MB are pages of the program's file",
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
        "Measured on two cores. The ratios carry over to other machines; cargo bench repeats most of the measurements.",
    );
    page.heading("100 000 SOCKETS");
    page.paragraph(
        "Established over loopback, held by six processes, with every attribute in each sample:",
    );
    page.terms(SOCKETS);
    page.heading("RECORDING");
    page.paragraph("10 000 connections, one sample per second, with every attribute:");
    page.terms(RECORDINGS);
    page.heading("MEMORY OF THE DASHBOARD");
    page.paragraph(
        "Beside the program itself (13 MB), in parts. It does not grow with time: once the history is full and an earlier sample was \
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
