//! The cell with a socket's owner, or the reason why it has none.

use std::fmt::Write;

use super::row::SocketRow;
use crate::column::SortKey;
use crate::column::format;
use crate::column::sort_key::text_key;
use crate::model::Attribution;

/// Appends `nginx/812`, `nginx/812 +3` for several owners, `nginx/812 (?)`, `nginx/812 (was)`, `nginx/812 (inf)`,
/// `nginx/812 +3 (one of)`, or `[time-wait]`.
pub(in crate::column) fn process(row: &SocketRow<'_>, out: &mut String) -> Option<()> {
    let attribution = row.socket.socket.attribution;
    if let Attribution::Unowned(why) = attribution {
        return write!(out, "[{}]", why.name()).ok();
    }
    let mut owners = row.socket.owners();
    let (first, _) = owners.next()?;
    format::sanitize(out, first.process.comm.as_bytes());
    write!(out, "/{}", first.process.key.pid).ok()?;
    let others = owners.count();
    if others > 0 {
        write!(out, " +{others}").ok()?;
    }
    match attribution {
        Attribution::Unverified => out.push_str(" (?)"),
        Attribution::Remembered => out.push_str(" (was)"),
        Attribution::Inferred => out.push_str(" (inf)"),
        Attribution::OneOf => out.push_str(" (one of)"),
        Attribution::Observed | Attribution::Unowned(_) => {}
    }
    Some(())
}

pub(in crate::column) fn process_key<'a>(row: &SocketRow<'a>) -> Option<SortKey<'a>> {
    text_key(&row.socket.owner()?.process.comm)
}
