//! The dashboard: whole screens, real key presses, replays, and the real program in a pseudo-terminal.

mod clock_steps;
mod configured;
mod containers;
mod dashboard_findings;
mod extreme_values;
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "written for fuzzing"
)]
#[path = "../fuzz/src/extremes.rs"]
mod extremes;
mod first_sample;
mod hostile_names;
mod journey;
mod keys;
mod namespaces;
mod never_behind;
mod operator_questions;
mod pickers;
mod random_input;
mod replay;
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "written for fuzzing"
)]
#[path = "../fuzz/src/shown.rs"]
mod shown;
mod steady_order;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod translated;
mod whole_screens;

use support::{edited_numbers, edited_rows, hostile_sample, machine, sensitive_thresholds};
