//! Reads keys, mouse events and pasted text from the terminal.

use std::io;
use std::sync::mpsc::Sender;
use std::time::Duration;

use crossterm::event;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::background_query::{AnswerFilter, Filtered};
use super::message::Message;

/// Shortest timeout of a poll. With zero, crossterm does not read the terminal at all.
const POLL_TIMEOUT: Duration = Duration::from_millis(1);

/// Longest time between the parts of an answer of the terminal.
const ANSWER_TIMEOUT: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// Sends events until the loop has ended or the terminal is lost. With a `filter`, an answer of the terminal about its
/// background is sent as such.
pub(super) fn run(sender: &Sender<Message>, filter: Option<AnswerFilter>) {
    if let Err(error) = read(sender, filter) {
        let _ = sender.send(Message::TerminalLost(error));
    }
}

/// Waits on the terminal itself: crossterm alone does not report a hangup.
fn read(sender: &Sender<Message>, mut filter: Option<AnswerFilter>) -> io::Result<()> {
    let stdin = io::stdin();
    loop {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        let is_holding = filter.as_ref().is_some_and(AnswerFilter::is_holding);
        match poll(&mut fds, is_holding.then_some(&ANSWER_TIMEOUT)) {
            Ok(0) => {
                let held = filter.as_mut().map(AnswerFilter::finish);
                if !send(sender, Filtered::Events(held.unwrap_or_default())) {
                    return Ok(());
                }
                continue;
            }
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let hangup = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        if fds[0].revents().intersects(hangup) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        while event::poll(POLL_TIMEOUT)? {
            let event = event::read()?;
            let outcome = match &mut filter {
                Some(filter) => filter.push(event),
                None => Filtered::Events(vec![event]),
            };
            if matches!(outcome, Filtered::Background(_)) {
                filter = None;
            }
            if !send(sender, outcome) {
                return Ok(());
            }
        }
    }
}

/// Sends events or an answer; returns false once the loop has ended.
fn send(sender: &Sender<Message>, outcome: Filtered) -> bool {
    match outcome {
        Filtered::Held => true,
        Filtered::Background(rgb) => sender.send(Message::Background(rgb)).is_ok(),
        Filtered::Events(events) => events
            .into_iter()
            .all(|event| sender.send(Message::Input(event)).is_ok()),
    }
}
