//! Reads the keyboard.

use std::io;
use std::sync::mpsc::Sender;
use std::time::Duration;

use crossterm::event;
use rustix::event::{PollFd, PollFlags, poll};

use super::event_loop::Message;

/// Sends events until nobody listens any more or the terminal is lost.
pub(super) fn read(sender: &Sender<Message>) {
    if let Err(error) = read_all(sender) {
        let _ = sender.send(Message::Lost(error));
    }
}

/// Waits on the terminal itself: crossterm alone does not tell that it was hung up.
fn read_all(sender: &Sender<Message>) -> io::Result<()> {
    let stdin = io::stdin();
    loop {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        if fds[0].revents().intersects(gone) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        while event::poll(Duration::ZERO)? {
            if sender.send(Message::Input(event::read()?)).is_err() {
                return Ok(());
            }
        }
    }
}
