//! Numbers and recurring phrases in the sentences of findings.

use crate::column::format;
use crate::model::Activity;

/// `341 connections`, `1 connection`.
pub fn plural(count: u64, one: &str, many: &str) -> String {
    let mut out = String::new();
    format::count(&mut out, count);
    out.push(' ');
    out.push_str(if count == 1 { one } else { many });
    out
}

/// `12 431`.
pub(super) fn count(count: u64) -> String {
    let mut out = String::new();
    format::count(&mut out, count);
    out
}

/// `4.10 MB`.
pub(super) fn bytes(bytes: u64) -> String {
    let mut out = String::new();
    format::bytes(&mut out, bytes as f64);
    out
}

/// `12/s`.
pub(super) fn per_second(rate: f64) -> String {
    let mut out = String::new();
    format::per_second(&mut out, rate);
    out
}

/// `93 %`.
pub(super) fn share(share: f64) -> String {
    let mut out = String::new();
    format::share(&mut out, share);
    out
}

/// `12 s`, `5 min`.
pub(super) fn seconds(seconds: f64) -> String {
    let mut out = String::new();
    format::short_duration_us(&mut out, seconds.round() * 1e6);
    out
}

/// Advice for a process that a signal or a debugger has stopped.
pub(super) fn stopped(pid: Option<u32>, activity: Option<Activity>) -> String {
    if activity.is_some_and(|activity| activity.state == 't') {
        return "A debugger has stopped it (state t). Continue it there, or detach.".to_owned();
    }
    match pid {
        Some(pid) => format!(
            "It is stopped (state T), most likely by SIGSTOP or Ctrl-Z. Continue it with `kill -CONT {pid}`."
        ),
        None => "It is stopped (state T). Continue it with `kill -CONT PID`.".to_owned(),
    }
}

/// `once`, `twice`, `5 times`.
pub(super) fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}
