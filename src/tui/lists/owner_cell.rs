//! The cell with the owner of a socket, shortened to a width.

use std::borrow::Cow;

use crate::model::SocketRef;
use crate::tui::text;

/// Minimum useful width of a process name.
const MIN_NAME_WIDTH: usize = 3;

/// Shortens the owner of a socket to a width: the pid is kept, a reason has a shorter name.
pub fn shorten_owner<'t>(socket: SocketRef<'_>, text: &'t str, width: usize) -> Cow<'t, str> {
    if text::width(text) <= width {
        return Cow::Borrowed(text);
    }
    if let Some(why) = socket.socket.attribution.unowned() {
        let short = format!("[{}]", why.short_name());
        return Cow::Owned(text::cut_end(&short, width).into_owned());
    }
    // A name may have a slash in it; the one before the pid is the last.
    let (name, rest) = text.split_at(text.rfind('/').unwrap_or(text.len()));
    match width.checked_sub(text::width(rest)) {
        Some(room) if room >= MIN_NAME_WIDTH => {
            Cow::Owned(text::cut_end(name, room).into_owned() + rest)
        }
        _ => text::cut_middle(text, width),
    }
}
