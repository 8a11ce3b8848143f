//! Numbers and recurring phrases in the sentences of findings.

use crate::column::format;

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

/// Maximum number of names in a sentence.
const MAX_NAMES: usize = 5;

/// `nginx (8)`, `nginx (8) and nginx (9)`, `nginx (8), nginx (9), nginx (10), nginx (11) and 3 more`.
pub(super) fn names(all: &[String]) -> String {
    let (shown, last) = match all {
        [] => return String::new(),
        [only] => return only.clone(),
        [shown @ .., last] if all.len() <= MAX_NAMES => (shown, last.clone()),
        _ => {
            let (shown, more) = all.split_at(MAX_NAMES - 1);
            (shown, format!("{} more", more.len()))
        }
    };
    format!("{} and {last}", shown.join(", "))
}

/// Refers to `some` of `all` connections: `it`, `them` or `some of them`.
pub(super) fn all_or_some(some: u32, all: u32) -> &'static str {
    match (some >= all, all) {
        (true, 1) => "it",
        (true, _) => "them",
        (false, _) => "some of them",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_cut() {
        let all: Vec<String> = (1..=7).map(|n| format!("nginx ({n})")).collect();
        assert_eq!(names(&all[..1]), "nginx (1)");
        assert_eq!(names(&all[..3]), "nginx (1), nginx (2) and nginx (3)");
        assert_eq!(
            names(&all),
            "nginx (1), nginx (2), nginx (3), nginx (4) and 3 more"
        );
    }
}
