//! Output for programs, and recordings as input: JSON, CSV and Parquet have the same content, JSON is as its schemas
//! describe it, and recordings that decode to very much are refused or read within bounds.

use libtest_mimic::Arguments;

mod export_parity;
mod json_schema;
#[cfg(feature = "parquet")]
mod parquet;
mod recording_bombs;
mod recording_limits;
#[path = "../support/mod.rs"]
mod support;

fn main() {
    if recording_bombs::play_role() {
        return;
    }
    let arguments = Arguments::from_args();
    let mut trials = recording_bombs::trials();
    trials.extend(recording_limits::trials());
    trials.extend(export_parity::trials());
    trials.extend(json_schema::trials());
    #[cfg(feature = "parquet")]
    trials.extend(parquet::trials());
    libtest_mimic::run(&arguments, trials).exit();
}
