mod dashboard;

use std::fs;
use std::path::Path;

use toml::Value;

use super::*;
use crate::diagnose::finding_by_id;
use crate::tui::names;

fn parse(text: &str) -> Result<Config, InvalidSetting> {
    Config::parse(text, &names())
}

fn load_file(named: Option<&Path>, environment: &Environment) -> Result<Config, ConfigError> {
    load(named, environment, &names())
}

/// The shipped sample.
const SAMPLE: &str = include_str!("../../assets/config.toml");

/// Returns the error of a configuration.
fn error_of(text: &str) -> String {
    let error = parse(text).expect_err(text);
    let said = error.to_string();
    assert!(!said.contains('\n'), "{said}");
    said
}

/// Collects every key with its sections: `diagnose.orphans.warning`.
fn paths(table: &Table, name: &str, out: &mut Vec<String>) {
    for (key, value) in table {
        let path = match name {
            "" => key.clone(),
            name => format!("{name}.{key}"),
        };
        match value {
            Value::Table(inner) => paths(inner, &path, out),
            _ => out.push(path),
        }
    }
}

#[test]
fn the_sample_has_every_key_with_its_default() {
    assert_eq!(parse(SAMPLE).unwrap(), Config::default());
    let mut defaults = Table::try_from(Config::default()).unwrap();
    names().add_defaults(&mut defaults);
    let (mut there, mut needed) = (Vec::new(), Vec::new());
    paths(&toml::from_str(SAMPLE).unwrap(), "", &mut there);
    paths(&defaults, "", &mut needed);
    assert_eq!(there, needed);
    assert!(needed.len() > 40);
}

#[test]
fn the_sample_equals_the_generated_one() {
    let (generated, shipped) = (sample(&names()).unwrap(), SAMPLE);
    for (generated, shipped) in generated.lines().zip(shipped.lines()) {
        assert_eq!(generated, shipped);
    }
    assert_eq!(generated, shipped);
}

#[test]
fn every_key_of_the_sample_is_documented() {
    for line in SAMPLE.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let mut before = "";
    for line in SAMPLE.lines() {
        let is_key = line.contains(" = ") && !line.starts_with('#');
        // Both shares of a limit may share one reason, and the orders of all tables do.
        let is_shared =
            line.starts_with("critical") || line.contains(":desc") || line.contains(":asc");
        let explained = before.starts_with('#') || is_shared;
        assert!(!is_key || explained, "no reason: {line}");
        before = line;
    }
}

#[test]
fn keys_that_are_not_set_have_their_defaults() {
    let config = parse("[diagnose.orphans]\nwarning = 0.25\n").unwrap();
    assert_eq!(config.diagnose.orphans.warning, 0.25);
    let default = Config::default().diagnose;
    assert_eq!(config.diagnose.orphans.critical, default.orphans.critical);
    assert_eq!(config.diagnose.accept_queue, default.accept_queue);
    // Seconds may be integers.
    let text = "diagnose = { hold_s = 10, close-wait-leak.age_s = 1_0 }";
    let config = parse(text).unwrap();
    assert_eq!(config.diagnose.hold_s, 10.0);
    assert_eq!(config.diagnose.close_wait_leak.age_s, 10.0);
    let text = "[diagnose]\ndisable = ['syn-flood']\nignore_processes = ['nginx']";
    let config = parse(text).unwrap();
    assert_eq!(
        config.diagnose.disable,
        [finding_by_id("syn-flood").unwrap()]
    );
    assert_eq!(config.diagnose.ignore_processes, ["nginx"]);
    assert_eq!(parse("").unwrap(), Config::default());
}

#[test]
fn unknown_keys_are_refused_with_their_position_and_a_suggestion() {
    assert_eq!(
        error_of("[diagnose.close-wait-leak]\nconections = 3\n"),
        ":2:1: unknown key 'conections' in [diagnose.close-wait-leak]; did you mean 'connections'?"
    );
    assert_eq!(
        error_of("[diagnose]\nhold_s = 3\n[diagnose.close_wait_leak]\n"),
        ":3:11: unknown key 'close_wait_leak' in [diagnose]; did you mean 'close-wait-leak'?"
    );
    assert_eq!(
        error_of("[theme]\ndark = true\n"),
        ":1:2: unknown key 'theme' in the configuration; keys are dashboard, diagnose, keys"
    );
    assert_eq!(
        error_of("[diagnose.connect-stuck]\n  seconds = 3\n"),
        ":2:3: unknown key 'seconds' in [diagnose.connect-stuck]; keys are requests, retries"
    );
    assert_eq!(
        error_of("diagnose = 3"),
        ":1:1: 'diagnose' is a section; write [diagnose] with ".to_owned()
            + &Table::try_from(Thresholds::default())
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
                .join(", ")
    );
}

#[test]
fn long_texts_are_shortened_in_messages() {
    let long = "sender-".repeat(2000);
    for text in [
        format!("'{long}' = 1"),
        format!("[diagnose.'{long}']"),
        format!("diagnose.orphans.'{long}' = 1"),
        format!("diagnose.orphans.warning = '{long}'"),
        format!("diagnose.disable = ['{long}']"),
        format!("diagnose.disable = '{long}'"),
        format!("diagnose.ignore_processes = [1, '{long}']"),
        format!("{long} {long}"),
        format!("'{long}"),
    ] {
        let message = error_of(&text);
        assert!(message.chars().count() < 1000, "{message}");
    }
}

#[test]
fn invalid_values_are_refused_with_the_allowed_ones() {
    let share = "must be a share above 0 and at most 1 (0.8 is 80 %)";
    for value in [
        "1.5", "80", "0", "0.0", "-0.1", "nan", "inf", "'0.8'", "true",
    ] {
        assert_eq!(
            error_of(&format!("[diagnose.orphans]\nwarning = {value}\n")),
            format!(":2:11: warning = {value} in [diagnose.orphans]: {share}")
        );
    }
    for value in ["0", "-5", "601", "nan", "inf", "\"10s\"", "[1]"] {
        assert_eq!(
            error_of(&format!("[diagnose.udp-drops]\nwindow_s = {value}\n")),
            format!(
                ":2:12: window_s = {value} in [diagnose.udp-drops]: must be a number of seconds from 1 to 600"
            )
        );
    }
    assert_eq!(
        error_of("[diagnose]\nclear_s = -1\n"),
        ":2:11: clear_s = -1 in [diagnose]: must be a number of seconds from 0 to 86400"
    );
    for value in ["0", "-1", "2.5", "4294967296", "99999999999999999999999"] {
        assert_eq!(
            error_of(&format!("[diagnose.syn-queue]\nhalf_open = {value}")),
            format!(
                ":2:13: half_open = {value} in [diagnose.syn-queue]: must be an integer from 1 to 4294967295"
            )
        );
    }
    assert_eq!(
        error_of("[diagnose.connect-stuck]\nretries = 256"),
        ":2:11: retries = 256 in [diagnose.connect-stuck]: must be an integer from 0 to 255"
    );
    assert_eq!(
        error_of("[diagnose.time-wait-buildup]\nper_s = 0"),
        ":2:9: per_s = 0 in [diagnose.time-wait-buildup]: must be a number per second above 0"
    );
    let text = "[diagnose]\ndisable = ['orphans', 'time-waits']";
    assert!(error_of(text).starts_with(
        ":2:11: disable = ['orphans', 'time-waits'] in [diagnose]: must be a list of these: close-wait-leak, "
    ));
    assert_eq!(
        error_of("[diagnose]\nignore_processes = 'nginx'"),
        ":2:20: ignore_processes = 'nginx' in [diagnose]: must be a list of process names"
    );
}

#[test]
fn a_warning_is_not_above_critical() {
    assert_eq!(
        error_of("[diagnose.orphans]\nwarning = 0.9\n"),
        ":2:11: warning = 0.9 in [diagnose.orphans] is above critical = 0.8 (the default); it must not be higher"
    );
    assert_eq!(
        error_of("[diagnose.descriptors-low]\nwarning = 0.5\ncritical = 0.4\n"),
        ":3:12: warning = 0.5 in [diagnose.descriptors-low] is above critical = 0.4; it must not be higher"
    );
    let same = "[diagnose.descriptors-low]\nwarning = 0.5\ncritical = 0.5\n";
    assert!(parse(same).is_ok());
}

#[test]
fn syntax_errors_are_reported_in_one_line_with_their_position() {
    assert_eq!(
        error_of("[diagnose]\nhold_s = \n"),
        ":2:10: invalid TOML: string values must be quoted, expected literal string; correct it, or use '--config none' to \
         run without it"
    );
    assert!(
        error_of("[diagnose]\nhold_s = 1\nhold_s = 2\n")
            .starts_with(":3:1: invalid TOML: duplicate key")
    );
    assert!(error_of("[diagnose").starts_with(":1:10: invalid TOML: "));
    assert!(error_of("\u{1b}[2J").contains("invalid TOML: "));
    // The first of several errors is reported.
    let text = "[diagnose]\nhold_s = -1\n[diagnose.accept-queue]\nfilling = 1\n";
    assert!(error_of(text).starts_with(":2:10: hold_s = -1"));
}

/// A home directory with files.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    fn has(&self, file: &str, text: &str) {
        let path = self.0.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn environment(&self) -> Environment {
        Environment {
            config_dir: Some(self.0.path().join(".config")),
            system: self.0.path().join("etc/config.toml"),
            ..Environment::default()
        }
    }
}

fn hold_s(loaded: Result<Config, ConfigError>) -> f64 {
    loaded.unwrap().diagnose.hold_s
}

#[test]
fn a_named_file_overrides_the_users_file_which_overrides_the_system_file() {
    let home = Home::new();
    let mut around = home.environment();
    assert_eq!(hold_s(load_file(None, &around)), 2.0, "no file exists");
    home.has("etc/config.toml", "diagnose.hold_s = 3");
    assert_eq!(hold_s(load_file(None, &around)), 3.0);
    home.has(".config/sockwatch/config.toml", "diagnose.hold_s = 4");
    assert_eq!(hold_s(load_file(None, &around)), 4.0);
    around.config_dir = Some("relative".into());
    assert_eq!(
        hold_s(load_file(None, &around)),
        3.0,
        "a relative directory is ignored"
    );
    home.has("xdg/sockwatch/config.toml", "diagnose.hold_s = 5");
    around.config_dir = Some(home.0.path().join("xdg"));
    assert_eq!(hold_s(load_file(None, &around)), 5.0);
    home.has("mine.toml", "diagnose.hold_s = 6");
    let mine = home.0.path().join("mine.toml");
    around.file = Some(mine.clone().into());
    assert_eq!(hold_s(load_file(None, &around)), 6.0);
    assert_eq!(hold_s(load_file(Some(Path::new("none")), &around)), 2.0);
    around.file = Some("none".into());
    assert_eq!(hold_s(load_file(None, &around)), 2.0);
    assert_eq!(hold_s(load_file(Some(&mine), &around)), 6.0);
    around.file = Some("".into());
    assert_eq!(hold_s(load_file(None, &around)), 5.0);
}

#[test]
fn an_unreadable_file_is_reported_with_the_remedy() {
    let home = Home::new();
    let around = home.environment();
    let said = |path: &Path| load_file(Some(path), &around).unwrap_err().to_string();
    let root = home.0.path().display().to_string();
    assert_eq!(
        said(&home.0.path().join("gone.toml")),
        format!(
            "cannot read the configuration {root}/gone.toml: No such file or directory (os error 2); \
             use '--config none' to run without it"
        )
    );
    assert!(said(home.0.path()).contains("Is a directory"));
    fs::write(home.0.path().join("binary"), [0xff, 0xfe]).unwrap();
    assert_eq!(
        said(&home.0.path().join("binary")),
        format!("{root}/binary: not valid UTF-8; use '--config none' to run without it")
    );
    assert!(said(Path::new("/dev/zero")).contains("larger than 1 MiB"));
    home.has("wrong", "diagnose.hold_s = 'long'");
    assert_eq!(
        said(&home.0.path().join("wrong")),
        format!(
            "{root}/wrong:1:19: hold_s = 'long' in [diagnose]: must be a number of seconds from 0 to 86400"
        )
    );
    // A file that is found is not skipped if it is invalid.
    home.has(".config/sockwatch/config.toml", "x");
    assert!(load_file(None, &around).is_err());
}

proptest::proptest! {
    #[test]
    fn parsing_never_panics(start in 0..SAMPLE.len(), length in 0usize..200, text in "\\PC{0,20}") {
        let mut whole = SAMPLE.to_owned();
        let is_start = whole.is_char_boundary(start);
        let end = (start + length).min(whole.len());
        if is_start && whole.is_char_boundary(end) {
            whole.replace_range(start..end, &text);
        }
        if let Err(error) = parse(&whole) {
            proptest::prop_assert!(!error.to_string().contains('\n'));
        }
    }
}
