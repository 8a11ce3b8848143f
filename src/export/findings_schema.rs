//! JSON Schema of the document of `diagnose --json`, which [`findings`](super::findings) writes.

use super::document::version_schema;
use super::json_schema::{JsonSchema, Property};
use super::namespace_counts::namespace_counts_schema;
use crate::diagnose::{FINDINGS, FindingKind, Severity};

/// Describes the document.
pub fn findings_schema() -> JsonSchema {
    let evidence = JsonSchema::any_of([
        JsonSchema::number(),
        JsonSchema::string(),
        JsonSchema::boolean(),
    ]);
    let finding = JsonSchema::object([
        Property::new("id", JsonSchema::names(FINDINGS.iter().map(FindingKind::id))),
        Property::new(
            "severity",
            JsonSchema::names(Severity::ALL.map(Severity::name)),
        ),
        Property::new("subject", subject()),
        Property::new("namespace", namespace()),
        Property::new(
            "since",
            JsonSchema::time().with_description("Time since which the condition has persisted."),
        ),
        Property::new(
            "until",
            JsonSchema::time()
                .or_null()
                .with_description("Time at which it ended; null if it persists at the end."),
        ),
        Property::new(
            "evidence",
            JsonSchema::map(evidence).with_description(
                "Supporting values by name; the name includes the unit. Names differ between findings.",
            ),
        ),
        Property::new("summary", JsonSchema::string().with_description("The finding in one sentence.")),
        Property::new("advice", JsonSchema::string().with_description("Recommended action.")),
    ]);
    JsonSchema::object([
        Property::new("version", version_schema()),
        Property::new("findings", JsonSchema::list(finding)),
        Property::new("namespaces", namespace_counts_schema()),
        Property::new(
            "not_checked",
            JsonSchema::list(unchecked()).with_description(
                "Findings that could not be looked for, or not under every condition, because something could not be \
                 read. Without a finding that fails, one of them makes the exit status 3.",
            ),
        ),
        Property::new(
            "limited",
            JsonSchema::list(unchecked()).with_description(
                "Findings that were looked for only in part of the machine: as far as the privileges, the network \
                 namespace, the time or the filter of the recording allow.",
            ),
        ),
    ])
    .define("process", process())
    .define("end", end())
    .with_description("The document of diagnose --json.")
}

fn unchecked() -> JsonSchema {
    JsonSchema::object([
        Property::new(
            "id",
            JsonSchema::names(FINDINGS.iter().map(FindingKind::id)),
        ),
        Property::new(
            "why",
            JsonSchema::string().with_description("What is missing, and the remedy."),
        ),
    ])
}

fn process() -> JsonSchema {
    JsonSchema::object([
        Property::new("pid", JsonSchema::unsigned(32)),
        Property::new(
            "start_time",
            JsonSchema::unsigned(64)
                .with_description("Start of the process, clock ticks since boot."),
        ),
        Property::new("comm", JsonSchema::string()),
    ])
}

fn end() -> JsonSchema {
    JsonSchema::object([
        Property::new("address", JsonSchema::string()),
        Property::new("port", JsonSchema::unsigned(16)),
    ])
}

/// Describes the network namespace of a finding.
fn namespace() -> JsonSchema {
    let namespace = JsonSchema::object([
        Property::new("netns", JsonSchema::unsigned(32)),
        Property::new("name", JsonSchema::string()),
    ]);
    namespace
        .or_null()
        .with_description("Its network namespace; null if it is that of sockwatch.")
}

fn subject() -> JsonSchema {
    let process = || JsonSchema::reference("process");
    let of_kind = |kind: &'static str, properties: Vec<Property>| {
        let kind = Property::new("kind", JsonSchema::constant(kind));
        JsonSchema::object([kind].into_iter().chain(properties))
    };
    JsonSchema::any_of([
        of_kind("process", vec![Property::new("process", process())]),
        of_kind(
            "user",
            vec![
                Property::new("uid", JsonSchema::unsigned(32)),
                Property::new("user", JsonSchema::string().or_null()),
            ],
        ),
        of_kind(
            "socket",
            vec![
                Property::new("netns", JsonSchema::unsigned(32)),
                Property::new("cookie", JsonSchema::unsigned(64)),
                Property::new("protocol", JsonSchema::string()),
                Property::new("local", JsonSchema::reference("end").or_null()),
                Property::new("path", JsonSchema::string().or_null()),
                Property::new("process", process().or_null()),
                Property::new(
                    "others",
                    JsonSchema::list(process()).with_description(
                        "Further processes that share the socket, or its address and port.",
                    ),
                ),
            ],
        ),
        of_kind(
            "remote",
            vec![
                Property::new("address", JsonSchema::string()),
                Property::new("port", JsonSchema::unsigned(16).or_null()),
                Property::new("process", process().or_null()),
            ],
        ),
        of_kind(
            "path",
            vec![
                Property::new("source", JsonSchema::string()),
                Property::new("destination", JsonSchema::reference("end")),
                Property::new("process", process().or_null()),
            ],
        ),
        of_kind(
            "local-ports",
            vec![
                Property::new("protocol", JsonSchema::string()),
                Property::new(
                    "address",
                    JsonSchema::string()
                        .or_null()
                        .with_description("Local address; null for all."),
                ),
                Property::new("process", process().or_null()),
            ],
        ),
        of_kind("host", Vec::new()),
    ])
    .with_description(
        "Subject of the finding: a process, socket, remote host, path, user, the local ports of an address or a \
         protocol, or the host.",
    )
}
