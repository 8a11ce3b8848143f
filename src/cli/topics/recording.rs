//! `help recording`: recording, replaying and exporting.

use crate::cli::page::Page;

/// Times that `--at`, `--from`, `--to` and @ accept.
const TIMES: [(&str, &str); 5] = [
    ("2026-11-20T20:14:07Z", "RFC 3339"),
    ("'2026-11-20 20:14:07'", "local time"),
    (
        "20:14:07 or 20:14",
        "local time, on the last day of the recording that includes it",
    ),
    ("-5m", "5 minutes before the end of the recording"),
    ("+30s", "30 seconds after its start"),
];

/// Clocks that do not run evenly.
const CLOCKS: [(&str, &str); 4] = [
    (
        "clock set back",
        "A time that occurs twice is the later one for --at, --to and @, and the earlier one for --from. A line on \
         standard error says so and has the relative time of the other.",
    ),
    (
        "clock set forward",
        "A time that the clock skipped is the nearest sample, and a line on standard error says so.",
    ),
    (
        "slewing",
        "A clock that NTP speeds up or slows down was not set: a step is more than 1 s, and more than 10 % of the time \
         between two samples.",
    ),
    (
        "suspension",
        "A gap with its length. Relative times and durations do not include it.",
    ),
];

/// Section on files that are not intact: skipped parts and their reports.
const DAMAGE: [(&str, &str); 6] = [
    (
        "not closed",
        "The recorder was killed, or is still running. Everything that was written can be read; a line on standard \
         error says that the end may be missing.",
    ),
    (
        "gaps",
        "Samples that could not be written, for example because the disk was slow. They are counted and listed.",
    ),
    (
        "a flipped bit",
        "Repaired by its checksum and reported: no samples are lost, at any interval.",
    ),
    (
        "damaged parts",
        "Checksums find them. The samples in them are lost, and those up to the next complete sample, of which there is \
         one every 10 s (every 30 s above 3600 busy sockets, where it is large) and every 64 samples: at most 64 samples \
         (6.4 s) at 100 ms, 10 samples (30) at 1 s, 1 sample (3) at 10 s. Each part is reported on standard error in one line, and the rest is read, also behind \
         inserted or missing bytes (up to eight times in a file). The exit status is 0, but 3 of diagnose without \
         findings; info --json has \"whole\": false.",
    ),
    (
        "unreadable samples",
        "A sample with a right checksum may still not be decodable. list and summary then show the one before, and say so.",
    ),
    (
        "full disk",
        "record ends with exit status 1. What was written can be read.",
    ),
];

/// Writes how to record, replay, query and export.
pub fn write(page: &mut Page) {
    page.paragraph(
        "A recording (.swr) has every sample as the kernel reported it, with owners, counters and limits. Rates, \
         groups and findings are recomputed when it is read, and equal those of the live session.",
    );
    page.heading("RECORD");
    page.code(
        "sockwatch record -o FILE                       until Ctrl-C
sockwatch record -o FILE --duration 1h
sockwatch record -o FILE -t dport = :5432      only what matches
sockwatch record -o FILE --max-size 100MB --keep 10",
    );
    page.paragraph(
        "A socket that matches the filter once is recorded until it is closed. With --max-size, full files are named \
         FILE.1 (the latest), FILE.2 and so on, and --keep limits their number. SIGINT, SIGTERM, SIGHUP and the end of \
         --duration close the file properly. --jsonl FILE writes the same samples as JSON Lines.",
    );
    page.paragraph(
        "In the dashboard, R starts and stops a recording, and W saves the last minutes after the fact. --history sets \
         how far back the dashboard can go (default: 10 minutes, at most 64 MB; 'sockwatch help cost' has all of its \
         memory).",
    );
    page.heading("REPLAY");
    page.code(
        "sockwatch replay FILE
sockwatch replay FILE --at 14:05",
    );
    page.paragraph(
        "The dashboard over a recording, with the same screens, keys and filters. Space plays and pauses, the arrow keys \
         move by one sample, @ goes to a time, n and N go to the next and the previous finding. The timeline shows \
         findings, gaps and damage. M marks an instant, and D compares it with the current one. 'sockwatch help keys' \
         lists all keys.",
    );
    page.heading("QUERY AND EXPORT");
    page.code(
        "sockwatch info FILE                           time range, gaps, integrity
sockwatch list -ta --from FILE --at 14:05     the sockets at 14:05
sockwatch summary --from FILE --at -5m        totals 5 min before its end
sockwatch events --from FILE                  connections opened and closed
sockwatch diagnose FILE                       all findings
sockwatch export FILE --format csv --from 14:00 --to 14:10
sockwatch export FILE --format parquet -o sockets.parquet",
    );
    page.paragraph(
        "Host names are not looked up on the machine that reads a recording. What was unknown when it was recorded \
         stays unknown.",
    );
    page.heading("TIMES");
    page.terms(TIMES);
    page.paragraph(
        "Samples are ordered by the monotonic clock, which measures relative times, spans and gaps. Other times are what \
         the wall clock showed. info lists when it was set.",
    );
    page.terms(CLOCKS);
    page.heading("REDACT");
    page.paragraph(
        "record --redact and export --redact replace addresses (within their class: private, public, link-local), \
         paths and abstract names of unix sockets, host and user names, control groups and command lines. The same \
         original always has the same replacement within a file. Loopback addresses, ports and other numbers, and the \
         first word of each process name stay. With export --redact, a filter applies to the original values.",
    );
    page.heading("DAMAGE");
    page.terms(DAMAGE);
}
