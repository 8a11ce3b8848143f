//! The list of findings: active ones first, then the ended ones.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;

use super::headings::{Widths, headings};
use super::processes::process_index;
use crate::aggregate::{Cancellation, Moment};
use crate::column::format::MISSING;
use crate::column::{Service, SortKey};
use crate::diagnose::{
    self, FINDING_COLUMNS, Finding, FindingKey, FindingLine, FindingRows, Subject,
};
use crate::model::RemoteHost;
use crate::tui::open_target::OpenTarget;
use crate::tui::table::{ColumnSet, Heading, List};
use crate::tui::text;
use crate::tui::theme::Tone;
use crate::tui::value_tones::severity_tone;

/// Bit that is set in the row number of a finding that has ended.
const ENDED: u32 = 1 << 31;

/// All findings.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The findings at the moment.
    pub findings: Arc<diagnose::Findings>,
    zone: TimeZone,
}

impl Findings {
    /// Lists findings with times in a zone.
    pub fn new(zone: TimeZone) -> Findings {
        Findings {
            findings: Arc::default(),
            zone,
        }
    }

    fn finding(&self, number: u32) -> Option<&Finding> {
        let (active, ended) = (&self.findings.active, &self.findings.ended);
        let found = match number & ENDED {
            0 => active.get(number as usize),
            _ => ended.get((number & !ENDED) as usize),
        };
        found.map(AsRef::as_ref)
    }
}

const WIDTHS: [Widths; 9] = [
    ("severity", 10, 10, 0),
    ("finding", 20, 20, 0),
    ("subject", 12, 48, 0),
    ("for", 8, 8, 1),
    ("number", 8, 8, 1),
    ("minute", 10, 10, 2),
    ("since", 8, 8, 3),
    ("of", 12, 24, 5),
    ("summary", 30, 160, 4),
];

static HEADINGS: LazyLock<Vec<Heading>> = LazyLock::new(|| headings(&FINDING_COLUMNS, &WIDTHS));

static COLUMN_SET: ColumnSet<FindingRows> = ColumnSet {
    columns: &FINDING_COLUMNS,
    headings: &HEADINGS,
    totals: &[],
};

impl List for Findings {
    type Kind = FindingRows;
    /// The finding, and the number of findings with the same identity that were raised after it.
    type Key = (FindingKey, usize);

    fn column_set() -> &'static ColumnSet<FindingRows> {
        &COLUMN_SET
    }

    fn is_filtered() -> bool {
        false
    }

    fn collect_rows(&mut self, _moment: &Moment, _: &Cancellation, out: &mut Vec<u32>) {
        out.extend(0..self.findings.active.len() as u32);
        out.extend((0..self.findings.ended.len() as u32).map(|at| at | ENDED));
    }

    fn unfiltered_len(&self, _moment: &Moment) -> usize {
        self.findings.active.len() + self.findings.ended.len()
    }

    fn row<'m>(&'m self, moment: &'m Moment, number: u32) -> Option<FindingLine<'m>> {
        Some(FindingLine {
            finding: self.finding(number)?,
            now_us: moment.sample.taken_at_us,
            now_ns: moment.sample.monotonic_ns,
            zone: &self.zone,
        })
    }

    fn key(&self, _moment: &Moment, number: u32) -> Option<Self::Key> {
        let key = self.finding(number)?.key();
        if number & ENDED == 0 {
            return Some((key, 0));
        }
        let same = |finding: &&Arc<Finding>| finding.key() == key;
        let newer = self.findings.ended.iter().take((number & !ENDED) as usize);
        let active = self.findings.active.iter().filter(same).count();
        Some((key, active + newer.filter(same).count()))
    }

    fn tie_breaker(&self, _moment: &Moment, number: u32) -> u64 {
        // The findings are sorted already.
        number.into()
    }

    fn sort_key<'m>(&'m self, moment: &'m Moment, number: u32, column: usize) -> SortKey<'m> {
        // Ended findings are below active ones, newest first, whatever the order.
        let row = self.row(moment, number).filter(|_| number & ENDED == 0);
        row.map_or(SortKey::Missing, |row| {
            FINDING_COLUMNS[column].sort_key(&row)
        })
    }

    fn target(&self, moment: &Moment, number: u32) -> Option<OpenTarget> {
        self.finding(number)
            .map(|finding| finding_target(finding, moment))
    }

    fn shorten<'t>(
        &self,
        _moment: &Moment,
        _number: u32,
        column: usize,
        text: &'t str,
        width: usize,
    ) -> Cow<'t, str> {
        match FINDING_COLUMNS[column].id {
            "summary" => text::cut_end(text, width),
            _ => text::cut_middle(text, width),
        }
    }

    fn cell_tone(&self, _moment: &Moment, number: u32, column: usize, text: &str) -> Tone {
        let Some(finding) = self.finding(number).filter(|_| number & ENDED == 0) else {
            return Tone::Muted;
        };
        match FINDING_COLUMNS[column].id {
            _ if text == MISSING => Tone::Muted,
            "severity" => severity_tone(finding.severity),
            "subject" => Tone::Strong,
            _ => Tone::Plain,
        }
    }
}

/// The subject of a finding, to be opened.
pub fn finding_target(finding: &Finding, moment: &Moment) -> OpenTarget {
    let process = || {
        let key = finding.subject.process()?.key;
        let row = process_index(moment, key)? as usize;
        let row = moment.sample.processes.get(row)?;
        Some(OpenTarget::Process(Arc::clone(&row.process)))
    };
    let gone = |what: &str| OpenTarget::Unavailable(format!("{what} is not in this sample"));
    let netns = (finding.namespace.as_ref()).map_or(moment.sample.own_netns, |known| known.inode);
    let seen = |address| RemoteHost::seen_from(netns, address);
    match &finding.subject {
        Subject::Process(named) => process().unwrap_or_else(|| gone(&named.to_string())),
        // For a closed listener, the process that had it.
        // Among many sockets it is not searched for before it is opened.
        Subject::Socket { key, .. } if !moment.is_small() => OpenTarget::Socket(*key),
        Subject::Socket { key, .. } => match moment.row_of(*key) {
            Some(_) => OpenTarget::Socket(*key),
            None => process().unwrap_or_else(|| gone(&finding.subject.to_string())),
        },
        Subject::Remote { address, port, .. } => {
            let service = port.map(|port| Service { port, here: false });
            OpenTarget::Remote(seen(*address), service)
        }
        Subject::Path { destination, .. } => {
            let port = destination.port;
            OpenTarget::Remote(
                seen(destination.address),
                Some(Service { port, here: false }),
            )
        }
        Subject::User { .. } => OpenTarget::Unavailable(format!(
            "permission denied for the processes of {}; run as root",
            finding.subject
        )),
        Subject::LocalPorts { .. } => process().unwrap_or(OpenTarget::System),
        Subject::Host => OpenTarget::System,
    }
}
