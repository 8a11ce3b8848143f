//! The number of sockets without an owner, by reason.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::aggregate::Moment;
use crate::model::Unowned;
use crate::tui::appearance::Appearance;
use crate::tui::theme::Tone;
use crate::tui::widget::pieces::{self, Piece, right_aligned_count, write_lines};

/// Draws a line for each reason, the most frequent first.
pub(super) fn render(frame: &mut Frame<'_>, area: Rect, appearance: &Appearance, moment: &Moment) {
    let unowned = &moment.aggregate.totals.unowned;
    let mut reasons: Vec<Unowned> = Unowned::ALL
        .into_iter()
        .filter(|&why| unowned[why as usize] > 0)
        .collect();
    reasons.sort_by_key(|&why| std::cmp::Reverse(unowned[why as usize]));
    let mut lines: Vec<Vec<Piece>> = reasons
        .iter()
        .map(|&why| {
            let mut line = vec![
                (
                    format!(" {} ", right_aligned_count(unowned[why as usize], 7)),
                    Tone::Strong,
                ),
                (format!("{:<18} ", why.name()), reason_tone(why)),
            ];
            let sentence = (why.sentence().to_owned(), Tone::Muted);
            if pieces::width(&line) + pieces::width(std::slice::from_ref(&sentence)) <= area.width {
                line.push(sentence);
            }
            line
        })
        .collect();
    let one_of = moment.aggregate.totals.one_of;
    if one_of > 0 {
        lines.push(vec![
            (
                format!(" {} ", right_aligned_count(one_of, 7)),
                Tone::Strong,
            ),
            (format!("{:<18} ", "one-of"), Tone::Plain),
            ("owned by one of several processes".to_owned(), Tone::Muted),
        ]);
    }
    if lines.is_empty() {
        lines.push(vec![(
            " every socket has a known owner".to_owned(),
            Tone::Good,
        )]);
    }
    let room = usize::from(area.height);
    if lines.len() > room && room > 0 {
        let rest: u32 = reasons[room - 1..]
            .iter()
            .map(|&why| unowned[why as usize])
            .sum();
        let hidden = lines.len() + 1 - room;
        lines.truncate(room - 1);
        lines.push(vec![
            (
                format!(" {} ", right_aligned_count(rest + one_of, 7)),
                Tone::Strong,
            ),
            (format!("for {hidden} more reasons"), Tone::Muted),
        ]);
    }
    write_lines(frame, area, appearance, &lines);
}

/// The tone of a reason.
fn reason_tone(why: Unowned) -> Tone {
    match why {
        Unowned::PermissionDenied | Unowned::WaitingForAccept | Unowned::Unknown => Tone::Warning,
        _ => Tone::Plain,
    }
}
