//! The registry is complete, and what is written outside of it agrees with it.

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
fn a_kind_is_found_by_its_id_and_written_by_it() {
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
fn the_readme_lists_every_finding_as_it_is_registered() {
    let mut table = "| finding | tells |\n|---|---|\n".to_owned();
    for kind in &FINDINGS {
        table += &format!("| `{}` | {} |\n", kind.id(), kind.title());
    }
    let start = README.find("| finding | tells |\n").unwrap();
    let shown = README[start..].split("\n\n").next().unwrap();
    assert_eq!(shown, table.trim_end());
}
