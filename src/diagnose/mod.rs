//! Diagnoses problems, with evidence and advice. Reads no clock, kernel or screen.
//!
//! [`Diagnosis::update`] takes each [`Moment`](crate::aggregate::Moment) once, in order, and returns the active
//! [`Finding`]s: the same live, in a replay and in `sockwatch diagnose`.
//!
//! `findings` is the registry: one table, and for each finding a file with its id, documentation, thresholds, condition and
//! advice. The `Detector`s examine a moment through `Facts`, whose candidates are collected in one walk over the sockets,
//! and return `Observation`s. An observed condition becomes a finding once it has persisted ([`Thresholds::hold_s`]), and
//! clears once it has been absent for some time ([`Thresholds::clear_s`]). Observations that another finding explains are
//! suppressed.
//!
//! A [`Watch`] keeps findings for a while after they ended, and returns them with the active ones as [`Findings`].
//! [`findings_about`] selects the findings about a process, a socket or a remote host. [`documentation`] explains every
//! finding with the thresholds in force.

mod ages;
mod candidates;
mod columns;
mod concerns;
mod detector;
mod diagnosis;
mod documentation;
mod duration;
mod evidence;
mod facts;
mod finding;
mod findings;
mod help_text;
mod holders;
mod kind;
mod measure;
mod namespaces;
mod need;
mod observation;
mod path;
mod phrases;
mod plain_pages;
mod port_pools;
mod registry;
mod severity;
mod subject;
mod suppress;
mod threshold;
mod time_of_day;
mod tracking;
mod unchecked;
mod watch;
mod window;

pub use columns::{FINDING_COLUMNS, FindingLine, FindingRows};
pub use concerns::{Concern, RemoteConcern, SocketConcern, findings_about};
pub use diagnosis::Diagnosis;
pub use documentation::Documentation;
pub use duration::whole_seconds;
pub use evidence::{evidence_line, evidence_name, evidence_value};
pub use finding::{Evidence, Finding, FindingKey, FindingNamespace, Severity, Value};
pub use findings::{FINDINGS, GENERAL, SECTIONS, Thresholds, documentation, finding_by_id};
pub use kind::FindingKind;
pub use phrases::plural;
pub use subject::{ProcessName, Subject, SubjectKey};
pub use threshold::{Section, SectionGroup, Threshold, ValueRule};
pub use tracking::Change;
pub use unchecked::{Blindness, RecordedSockets, Unchecked, by_reason};
pub use watch::{Findings, Watch};
