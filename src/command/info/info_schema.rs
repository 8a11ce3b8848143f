//! JSON Schema of the document of `info --json`, which [`RecordingInfo`](super::recording_info) is.

use crate::export::host_schema;
use crate::export::json_schema::{JsonSchema, Property};

/// Describes the document.
pub fn info_schema() -> JsonSchema {
    let count = || JsonSchema::unsigned(64);
    let time = |about| JsonSchema::time().or_null().with_description(about);
    let sockets = JsonSchema::object([
        Property::new("least", count().or_null()),
        Property::new("most", count().or_null()),
    ])
    .with_description("Smallest and largest number of sockets in a sample; null without samples.");
    let clock_step = JsonSchema::object([
        Property::new("from", time("Time of the sample before it.")),
        Property::new("to", time("Time of the sample after it.")),
        Property::new(
            "seconds",
            JsonSchema::number().with_description("Forward, or back if negative."),
        ),
        Property::new(
            "may_be_suspension",
            JsonSchema::boolean().with_description(
                "True if the system may have been suspended instead, because it was not recorded.",
            ),
        ),
    ]);
    let gap = JsonSchema::object([
        Property::new("from", time("Time of the sample before it.")),
        Property::new("to", time("Time of the sample after it.")),
        Property::new(
            "seconds",
            JsonSchema::number().with_description("Its length, with the time in suspension."),
        ),
        Property::new(
            "suspended_s",
            JsonSchema::number().or_null().with_description(
                "Time of it for which the system was suspended, s; null if it was not recorded.",
            ),
        ),
        Property::new(
            "dropped_samples",
            count().with_description("Samples taken in it that could not be written."),
        ),
    ]);
    let loss = JsonSchema::object([
        Property::new(
            "after",
            time("Time of the sample before it; null if there is none."),
        ),
        Property::new(
            "before",
            time("Time of the sample after it; null if there is none."),
        ),
        Property::new(
            "offset",
            count().with_description("First byte in the file."),
        ),
        Property::new("bytes", count()),
        Property::new("why", JsonSchema::string()),
    ]);
    let stream = JsonSchema::object([
        Property::new("name", JsonSchema::string()),
        Property::new("unpacked_bytes", count()),
    ]);
    JsonSchema::object([
        Property::new(
            "version",
            JsonSchema::constant(1).with_description("Version of the document."),
        ),
        Property::new("file", JsonSchema::string()),
        Property::new(
            "format_version",
            JsonSchema::unsigned(16).with_description("Version of the file format."),
        ),
        Property::new(
            "program",
            JsonSchema::string().with_description("Version of the program that wrote it."),
        ),
        Property::new("host", host_schema()),
        Property::new("begun_at", time("Start of the recording.")),
        Property::new("first_sample_at", time("Time of the first sample.")),
        Property::new("last_sample_at", time("Time of the last sample.")),
        Property::new(
            "span_s",
            JsonSchema::number().with_description(
                "Time from the first to the last sample on the monotonic clock, s: without steps of the wall clock \
                 and time in suspension.",
            ),
        ),
        Property::new(
            "suspended_s",
            JsonSchema::number().or_null().with_description(
                "Time for which the system was suspended in between, s; null if it was not recorded.",
            ),
        ),
        Property::new(
            "interval_s",
            JsonSchema::number().with_description("Interval between samples, s."),
        ),
        Property::new(
            "measured_interval_s",
            JsonSchema::number().or_null().with_description(
                "Median time between two samples, s; null with fewer than two. It is longer than the interval if samples \
                 took longer or were dropped.",
            ),
        ),
        Property::new("samples", count()),
        Property::new("sockets", sockets),
        Property::new(
            "dropped_samples",
            count().with_description("Samples that were taken and could not be written."),
        ),
        Property::new(
            "clock_steps",
            JsonSchema::list(clock_step).with_description("Steps of the wall clock, by more than slewing."),
        ),
        Property::new(
            "gaps",
            JsonSchema::list(gap).with_description("Periods without samples."),
        ),
        Property::new(
            "losses",
            JsonSchema::list(loss).with_description("Corrupt parts of the file."),
        ),
        Property::new(
            "whole",
            JsonSchema::boolean()
                .with_description("True if nothing is corrupt and the file was closed."),
        ),
        Property::new("closed", JsonSchema::boolean()),
        Property::new(
            "capabilities",
            JsonSchema::list(JsonSchema::string())
                .with_description("Capabilities of the program that wrote it."),
        ),
        Property::new(
            "filter",
            JsonSchema::string()
                .or_null()
                .with_description("Filter of the recorded sockets; null if all were recorded."),
        ),
        Property::new("redacted", JsonSchema::boolean()),
        Property::new("bytes", count().with_description("Size of the file.")),
        Property::new("unpacked_bytes", count()),
        Property::new("key_frames", count()),
        Property::new(
            "bytes_per_socket_and_sample",
            JsonSchema::number()
                .or_null()
                .with_description("Null without a socket."),
        ),
        Property::new(
            "streams",
            JsonSchema::list(stream).with_description("Streams of the recording, largest first."),
        ),
    ])
    .with_description("The document of info --json.")
}
