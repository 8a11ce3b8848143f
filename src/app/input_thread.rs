//! Reads keys, mouse events and pasted text from the terminal.

use std::io;
use std::sync::mpsc::Sender;
use std::time::Duration;

use crossterm::event;
use rustix::event::{PollFd, PollFlags, poll};

use super::message::Message;

/// Shortest timeout of a poll. With zero, crossterm does not read the terminal at all.
const POLL_TIMEOUT: Duration = Duration::from_millis(1);

/// Sends events until the loop has ended or the terminal is lost.
pub(super) fn run(sender: &Sender<Message>) {
    if let Err(error) = read(sender) {
        let _ = sender.send(Message::TerminalLost(error));
    }
}

/// Waits on the terminal itself: crossterm alone does not report a hangup.
fn read(sender: &Sender<Message>) -> io::Result<()> {
    let stdin = io::stdin();
    loop {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let hangup = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        if fds[0].revents().intersects(hangup) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        while event::poll(POLL_TIMEOUT)? {
            if sender.send(Message::Input(event::read()?)).is_err() {
                return Ok(());
            }
        }
    }
}
