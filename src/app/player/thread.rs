//! A player on a thread of its own: what is asked for comes before any work.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::Instant;

use super::{Player, Work};
use crate::aggregate::Moment;
use crate::app::event_loop::Message;
use crate::app::exchange::Exchange;
use crate::tui::timeline::Seek;

/// Starts to play on a thread of its own, until what is answered is dropped.
pub(in crate::app) fn spawn(
    player: Player,
    exchange: &Arc<Exchange>,
    wake: &Sender<Message>,
) -> anyhow::Result<Sender<Seek>> {
    let (sender, mailbox) = mpsc::channel();
    let (exchange, messages) = (Arc::clone(exchange), wake.clone());
    crate::app::spawn("player", wake, move || {
        run(player, &mailbox, &exchange, &messages);
    })?;
    Ok(sender)
}

/// Plays until nobody listens any more.
fn run(mut player: Player, mailbox: &Receiver<Seek>, exchange: &Exchange, wake: &Sender<Message>) {
    let mut held: Option<Arc<Moment>> = None;
    loop {
        // All that is asked for comes before any work.
        loop {
            match mailbox.try_recv() {
                Ok(seek) => player.obey(seek, Instant::now()),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        let mut moment = held.take().unwrap_or_else(|| exchange.spare());
        // Nobody else holds it: the exchange gives away only what is free.
        let Some(making) = Arc::get_mut(&mut moment) else {
            continue;
        };
        let asked = match player.work(making, Instant::now()) {
            Work::Show(standing) => {
                let told = exchange.publish_at(moment, player.findings(), standing);
                if told && wake.send(Message::Moment).is_err() {
                    return;
                }
                continue;
            }
            Work::Tell(standing) => {
                held = Some(moment);
                if exchange.tell(standing) && wake.send(Message::Moment).is_err() {
                    return;
                }
                continue;
            }
            Work::More => {
                held = Some(moment);
                continue;
            }
            Work::Wait(time) => {
                held = Some(moment);
                match mailbox.recv_timeout(time) {
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Ok(seek) => Some(seek),
                }
            }
            Work::Rest => {
                held = Some(moment);
                mailbox.recv().ok()
            }
        };
        match asked {
            Some(seek) => player.obey(seek, Instant::now()),
            None => return,
        }
    }
}
