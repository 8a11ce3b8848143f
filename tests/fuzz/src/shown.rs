//! Writes and draws a Sample in every form, and checks what a terminal would get.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::Value;
use sockwatch::aggregate::{Aggregator, Moment, Summary};
use sockwatch::column::{EventLine, SOCKET_COLUMNS, SocketColumn};
use sockwatch::diagnose::{Diagnosis, Findings, Thresholds, Watch};
use sockwatch::export::csv::{self, CsvOptions};
use sockwatch::export::findings::{self, FindingsReport};
use sockwatch::export::table::{self, DetailPlacement, Layout};
use sockwatch::export::{TextWriter, events, json, summary};
use sockwatch::model::Sample;
use sockwatch::printable::is_printable;
use sockwatch::source::Source as _;
use sockwatch::tui::theme::{ColorSupport, Theme};
use sockwatch::tui::{self, Appearance, State};
use unicode_width::UnicodeWidthStr as _;

use crate::edited_rows::edit_rows;
use crate::hostile_sample::rename;
use crate::machine::Machine;

/// Columns of text, which are shrunk to fit a terminal, and their width together when they are narrowest: 9 each, two
/// spaces between.
const SHRUNK: ([&str; 4], usize) = (["process", "local", "remote", "user"], 42);

/// Maximum size of a screen.
const MAX_SIZE: (u16, u16) = (150, 44);

/// Number of rows that are written unless everything is: what is written of each is the same.
pub const FEW_ROWS: usize = 24;

/// Bits of the number that leave a form out: with all forms, there are several times fewer tries.
const NO_TEXT: u8 = 1 << 5;
const NO_JSON: u8 = 1 << 6;
const NO_SCREEN: u8 = 1 << 7;

/// Shows a Sample with these names; `head` chooses size, machine and numbers.
pub fn check(head: [u8; 8], names: &[&[u8]]) {
    let [width, height, widths, kind, screen, number, first, second] = head;
    let size = (
        u16::from(width) % MAX_SIZE.0 + 1,
        u16::from(height) % MAX_SIZE.1 + 1,
    );
    let mut machine = Machine::of_kind(kind);
    let mut aggregator = Aggregator::new();
    let mut watch = Watch::new(Diagnosis::new(Thresholds::default(), TimeZone::UTC));
    let appearance = Appearance {
        theme: Theme::Dark,
        colors: ColorSupport::Many,
        ascii: kind & 32 > 0,
        timezone: TimeZone::UTC,
        keys: Arc::default(),
    };
    let mut state = State::new(appearance, Duration::from_secs(1));
    let mut findings = Arc::new(Findings::default());
    let mut shown = Arc::new(Moment::default());
    for _ in 0..2 {
        let mut moment = Moment::default();
        machine
            .next_into(&mut moment.sample)
            .expect("it always has a Sample");
        rename(&mut moment.sample, names);
        enlarge(&mut moment.sample, number);
        moment.derive(&mut aggregator);
        findings = watch.update(&moment);
        shown = Arc::new(moment);
        state.show(Arc::clone(&shown), Arc::clone(&findings));
    }
    let is_all = number & (NO_TEXT | NO_JSON | NO_SCREEN) == 0;
    let rows = rows_of(&shown, if is_all { usize::MAX } else { FEW_ROWS });
    if number & NO_TEXT == 0 {
        let ascii = kind & 32 > 0;
        check_text(&shown, &rows, &findings, (widths.into(), ascii));
    }
    if number & NO_JSON == 0 {
        check_json(&shown, &rows);
    }
    if number & NO_SCREEN > 0 {
        return;
    }
    for byte in [b'1' + screen % 8, first, second] {
        let _ = tui::press(&mut state, &key(byte));
        draw(&mut state, size);
    }
    if let Some(name) = names.first() {
        tui::paste(&mut state, &String::from_utf8_lossy(name));
        draw(&mut state, size);
    }
}

/// Returns the key that a byte stands for.
pub fn key(byte: u8) -> KeyEvent {
    let code = match byte {
        b'\t' => KeyCode::Tab,
        0x1b => KeyCode::Esc,
        b' '..=b'~' => KeyCode::Char(char::from(byte)),
        0..=3 => KeyCode::Down,
        _ => KeyCode::Enter,
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}

/// Makes some numbers as large as they get.
fn enlarge(sample: &mut Sample, number: u8) {
    if number & 1 > 0 {
        for socket in sample.sockets.iter_mut() {
            socket.recv_queue = u32::MAX;
            socket.send_queue = u32::MAX;
            socket.uid = Some(u32::MAX);
            socket.inode = u32::MAX;
        }
    }
    if number & 2 > 0 {
        for value in &mut sample.counters.protocols.values {
            *value = i64::MAX;
        }
    }
    if number & 4 > 0 {
        for interface in &mut sample.counters.interfaces {
            interface.received_bytes = u64::MAX;
            interface.sent_dropped = u64::MAX;
        }
        for row in &mut sample.processes {
            row.descriptors = Some(u32::MAX);
        }
    }
    if number & 8 > 0 {
        // Information of every kind: what it counts is huge.
        edit_rows(&mut sample.sockets, |_, _, parts| {
            parts.info.fill(0xff);
            parts.memory.fill(0xff);
            parts.congestion_info.fill(0xff);
            parts.name.fill(0xff);
        });
    }
}

/// Returns at most this many rows, from the whole Sample.
pub fn rows_of(moment: &Moment, most: usize) -> Vec<u32> {
    let all = moment.sample.sockets.len();
    let step = all.div_ceil(most).max(1);
    (0..all as u32).step_by(step).collect()
}

/// Asserts that a text has nothing but printable characters in lines.
fn assert_printable(text: &[u8], form: &str) {
    let text = std::str::from_utf8(text).unwrap_or_else(|error| panic!("{form}: {error}"));
    let hidden = |c: char| !is_printable(c) && !matches!(c, '\n' | '\t');
    if let Some(at) = text.find(hidden) {
        let line = text[..at].matches('\n').count();
        panic!("{form}: {:?}", text.lines().nth(line));
    }
}

/// Writes a moment and its findings in every form of text.
pub fn check_text(
    moment: &Moment,
    rows: &[u32],
    findings: &Findings,
    (width, ascii): (usize, bool),
) {
    let all: Vec<&SocketColumn> = SOCKET_COLUMNS.iter().collect();
    let some: Vec<&SocketColumn> = SHRUNK
        .0
        .iter()
        .filter_map(|id| SocketColumn::by_id(id))
        .collect();
    let layout = |columns, max_width, details| Layout {
        columns,
        heading: true,
        max_width,
        details,
        names: None,
        has_owners: true,
        ascii,
    };
    let mut out = Vec::new();
    table::write(
        moment,
        rows,
        &layout(&all, None, DetailPlacement::Below),
        &mut out,
    )
    .expect("a Vec");
    assert_printable(&out, "table");
    assert!(!ascii || out.is_ascii());

    out.clear();
    table::write(
        moment,
        rows,
        &layout(&some, Some(width), DetailPlacement::None),
        &mut out,
    )
    .expect("a Vec");
    let text = String::from_utf8_lossy(&out);
    assert_eq!(text.lines().count(), rows.len() + 1, "a row is a line");
    for line in text.lines() {
        assert!(line.width() <= width.max(SHRUNK.1), "{width}: {line:?}");
    }

    out.clear();
    let options = CsvOptions {
        heading: true,
        for_terminal: true,
    };
    csv::write(moment, rows, options, &mut out).expect("a Vec");
    assert_printable(&out, "CSV");
    assert_eq!(
        String::from_utf8_lossy(&out).matches('\n').count(),
        rows.len() + 1
    );

    let text = RefCell::new(Vec::new());
    let writer = || TextWriter::new(Appending(&text), ascii);
    summary::write(moment, &Summary::new(moment), &mut writer()).expect("a Vec");
    let report = FindingsReport {
        findings: findings
            .active
            .iter()
            .map(|finding| (**finding).clone())
            .collect(),
        ..FindingsReport::default()
    };
    findings::write_text(&report, width, &TimeZone::UTC, &mut writer()).expect("a Vec");
    let zone = TimeZone::UTC;
    for batch in moment.aggregate.events.batches() {
        for event in &batch.events {
            if let Some(socket) = batch.sample.socket(event.row as usize) {
                let line = EventLine::new(0, event, socket, &zone);
                events::write_line(&line, ascii, &mut Appending(&text)).expect("a Vec");
            }
        }
    }
    assert_printable(&text.borrow(), "text");
    let hostname = &moment.sample.host.hostname;
    let first = String::from_utf8_lossy(&text.borrow())
        .lines()
        .next()
        .map(str::to_owned);
    assert!(
        first.is_some_and(|line| line.ends_with("sockets in use")),
        "{hostname:?} is on a line"
    );
}

/// Appends to a buffer that others append to as well.
struct Appending<'a>(&'a RefCell<Vec<u8>>);

impl Write for Appending<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Checks that JSON is printable and that a parser reads the names as they are.
pub fn check_json(moment: &Moment, rows: &[u32]) {
    let mut lines = Vec::new();
    json::write_lines(moment, rows, &mut lines).expect("a Vec");
    assert_printable(&lines, "JSON Lines");
    let lines = String::from_utf8(lines).expect("it is printable");
    assert_eq!(lines.lines().count(), rows.len());
    let sockets = rows
        .iter()
        .filter_map(|&row| moment.sample.socket(row as usize));
    for (line, socket) in lines.lines().zip(sockets) {
        let object: Value = serde_json::from_str(line).expect("it is JSON");
        let owners = object["owners"].as_array().expect("a list");
        assert_eq!(owners.len(), socket.owners().count());
        for (owner, (row, _)) in owners.iter().zip(socket.owners()) {
            assert_eq!(owner["comm"], row.process.comm.as_str());
        }
        if let Some(name) = socket.name() {
            let path = String::from_utf8_lossy(name).replace('\0', "@");
            assert_eq!(object["local"]["path"], path);
        }
    }
    let mut document = Vec::new();
    json::write_document(moment, rows, &mut document).expect("a Vec");
    let mut counts = Vec::new();
    json::write_summary(moment, &Summary::new(moment), &mut counts).expect("a Vec");
    for (form, bytes) in [("document", document), ("summary", counts)] {
        assert_printable(&bytes, form);
        let value: Value = serde_json::from_slice(&bytes).expect("it is JSON");
        assert_eq!(
            value["host"]["hostname"],
            moment.sample.host.hostname.as_str()
        );
    }
}

/// Draws the screen and checks its cells.
pub fn draw(state: &mut State, size: (u16, u16)) {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("it is in memory");
    tui::commit_input(state);
    terminal
        .draw(|frame| tui::render(frame, state))
        .expect("it is in memory");
    let buffer = terminal.backend().buffer();
    for y in 0..size.1 {
        let mut x = 0;
        while x < size.0 {
            let symbol = buffer[(x, y)].symbol();
            if symbol == " " {
                x += 1;
                continue;
            }
            assert!(symbol.chars().all(is_printable), "{symbol:?} at {x}, {y}");
            let width = symbol.width().max(1) as u16;
            assert!(x + width <= size.0, "{symbol:?} at {x}, {y} is cut");
            x += width;
        }
    }
}
