//! The registry is complete, and texts outside of it agree with it.

use std::collections::HashSet;
use std::path::Path;

use super::*;

const README: &str = include_str!("../../../README.md");

#[test]
fn every_file_of_a_finding_is_registered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnose/findings");
    let files = folder.read_dir().unwrap().map(|file| {
        let path = file.unwrap().path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    let mut files: Vec<String> = files.filter(|name| name != "tests").collect();
    files.sort();
    let ids = FINDINGS.iter().map(|kind| kind.id().replace('-', "_"));
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    assert_eq!(files, ids, "a file is named after its finding");
}

#[test]
fn a_kind_is_found_and_serialized_by_its_id() {
    let ids: HashSet<&str> = FINDINGS.iter().map(FindingKind::id).collect();
    assert_eq!(ids.len(), FINDINGS.len(), "ids are unique");
    for (place, kind) in FINDINGS.iter().enumerate() {
        assert_eq!(kind.index(), place);
        assert_eq!(finding_by_id(kind.id()), Some(kind));
        let written = serde_json::to_value(kind).unwrap();
        assert_eq!(written, kind.id());
        let read: &FindingKind = serde_json::from_value(written).unwrap();
        assert_eq!(read, kind);
    }
    assert_eq!(finding_by_id("nothing"), None);
    assert!(serde_json::from_str::<&FindingKind>("\"nothing\"").is_err());
}

#[test]
fn every_finding_is_documented_and_refers_to_others_by_their_ids() {
    let all = documentation(&Thresholds::default());
    assert_eq!(all.len(), FINDINGS.len());
    for (entry, kind) in all.iter().zip(&FINDINGS) {
        assert_eq!(entry.kind, kind);
        let texts = [
            kind.title(),
            &entry.reported_when,
            &entry.severity,
            &entry.look_alikes,
            &entry.remedy,
        ];
        for text in texts {
            assert!(text.ends_with('.'), "{}: {text}", kind.id());
            assert!(!text.contains('{'), "{}: {text}", kind.id());
        }
    }
}

#[test]
fn every_section_is_one_of_the_thresholds() {
    let thresholds = serde_json::to_value(Thresholds::default()).unwrap();
    let mut names: Vec<&str> = GENERAL.iter().map(|threshold| threshold.name).collect();
    for section in SECTIONS.iter().flat_map(|group| group.sections) {
        names.push(section.name);
        let values = thresholds[section.name].as_object().unwrap();
        assert_eq!(values.len(), section.thresholds.len(), "{}", section.name);
        for threshold in section.thresholds {
            assert!(values.contains_key(threshold.name), "{}", threshold.name);
            let doc = section.doc(threshold).concat();
            assert!(!doc.contains('{'), "{}: {doc}", section.name);
        }
    }
    let mut fields: Vec<&String> = thresholds.as_object().unwrap().keys().collect();
    fields.sort();
    names.sort_unstable();
    assert_eq!(fields, names);
}

#[test]
fn the_readme_lists_every_finding_in_the_order_of_the_registry() {
    let ids: Vec<String> = FINDINGS
        .iter()
        .map(|kind| format!("`{}`", kind.id()))
        .collect();
    let list = format!("{}.", ids.join(", "));
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(README).contains(&list), "README.md lacks: {list}");
}

/// Collects the source files below a folder, without comments and tests: a comment may draw a screen with findings.
fn sources(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            sources(&path, out);
        } else if name != "tests.rs" {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let lines = text.lines();
            let code = lines.filter(|line| !line.trim_start().starts_with("//"));
            out.push((name, code.collect::<Vec<_>>().join("\n")));
        }
    }
}

#[test]
fn a_finding_is_named_only_in_its_file_and_in_the_registry() {
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&root, &mut files);
    // These ids are also TCP terms, used in the names and meanings of counters.
    let is_term = |id: &str| !id.contains('-') || id == "zero-window";
    for kind in FINDINGS.iter().filter(|kind| !is_term(kind.id())) {
        let own = format!("{}.rs", kind.id().replace('-', "_"));
        let capitalized = kind.id().split('-').map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_uppercase() + rest
        });
        let type_name = capitalized.collect::<String>();
        // `TCPTimeWaitOverflow` is a counter, not the type.
        let has_type = |text: &str| {
            let mut words = text.split(|character: char| !character.is_alphanumeric());
            words.any(|word| word == type_name)
        };
        let names = |text: &str| text.contains(kind.id()) || has_type(text);
        let naming = files.iter().filter(|(_, text)| names(text));
        let mut naming: Vec<&str> = naming.map(|(name, _)| name.as_str()).collect();
        naming.sort_unstable();
        let mut expected = ["findings.rs", own.as_str()];
        expected.sort_unstable();
        assert_eq!(naming, expected, "{}", kind.id());
    }
}
