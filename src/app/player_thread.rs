//! Runs a player on a separate thread. Seeks are handled before any other work.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::Instant;

use super::allocator;
use super::latest_slot::LatestSlot;
use super::message::Message;
use super::player::{Player, PlayerStep};
use super::threads;
use crate::aggregate::Moment;
use crate::tui::timeline::Seek;

/// Starts a player that publishes to `slot`. It ends when the sender that is returned is dropped.
///
/// # Errors
/// If the thread cannot be started.
pub(super) fn spawn(
    player: Player,
    slot: &Arc<LatestSlot>,
    wake: &Sender<Message>,
) -> anyhow::Result<Sender<Seek>> {
    let (sender, seeks) = mpsc::channel();
    let (slot, messages) = (Arc::clone(slot), wake.clone());
    threads::spawn("player", wake, move || {
        run(player, &seeks, &slot, &messages);
        // Everything but the moments on their way is released by now.
        drop((seeks, slot));
        allocator::return_free_pages();
    })?;
    Ok(sender)
}

/// Plays until one of the channels is closed.
fn run(mut player: Player, seeks: &Receiver<Seek>, slot: &LatestSlot, wake: &Sender<Message>) {
    let mut held: Option<Arc<Moment>> = None;
    loop {
        loop {
            match seeks.try_recv() {
                Ok(seek) => player.seek(seek, Instant::now()),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        let mut moment = held.take().unwrap_or_else(|| slot.acquire_spare());
        // Never shared: the slot returns only moments without another owner.
        let Some(making) = Arc::get_mut(&mut moment) else {
            continue;
        };
        if slot.publish_progress(player.progress()) && wake.send(Message::MomentReady).is_err() {
            return;
        }
        let received = match player.step(making, Instant::now()) {
            PlayerStep::Show(status) => {
                let notify = slot.publish_with_status(moment, player.findings(), status);
                if notify && wake.send(Message::MomentReady).is_err() {
                    return;
                }
                continue;
            }
            PlayerStep::Report(status) => {
                held = Some(moment);
                if slot.publish_status(status) && wake.send(Message::MomentReady).is_err() {
                    return;
                }
                continue;
            }
            PlayerStep::Continue => {
                held = Some(moment);
                continue;
            }
            PlayerStep::Wait(time) => {
                held = Some(moment);
                match seeks.recv_timeout(time) {
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Ok(seek) => Some(seek),
                }
            }
            PlayerStep::Idle => {
                slot.give_back(moment);
                seeks.recv().ok()
            }
        };
        match received {
            Some(seek) => player.seek(seek, Instant::now()),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Sample;
    use crate::recording::{Metadata, SampleArchive};
    use crate::tui::timeline::PlaybackStatus;

    /// Maximum time to wait for a message, which normally takes milliseconds.
    const TIMEOUT: Duration = Duration::from_secs(20);

    #[test]
    fn it_plays_until_the_sender_of_seeks_is_dropped() {
        let samples = (0..1000u64).map(|second| Sample {
            taken_at_us: second.cast_signed() * 1_000_000,
            monotonic_ns: second * 1_000_000_000,
            ..Sample::default()
        });
        let metadata = Metadata {
            interval: Duration::from_secs(1),
            ..Metadata::default()
        };
        let archive = Box::new(SampleArchive::new(metadata, samples.collect()));
        let slot = Arc::new(LatestSlot::default());
        let (wake, messages) = mpsc::channel();
        let seeks = spawn(Player::new(archive, 0), &slot, &wake).expect("a thread");
        drop(wake);
        let mut shown = 0;
        let mut until = |wanted: &dyn Fn(&PlaybackStatus) -> bool| {
            loop {
                let message = messages.recv_timeout(TIMEOUT);
                assert!(matches!(message, Ok(Message::MomentReady)), "{message:?}");
                let fetched = slot.fetch();
                if let Some(moment) = fetched.moment {
                    shown = moment.sample.taken_at_us / 1_000_000;
                    slot.release(moment);
                }
                if let Some(status) = &fetched.status {
                    assert_eq!(status.at as i64, shown, "the status matches its moment");
                }
                if fetched.status.as_ref().is_some_and(wanted) {
                    return;
                }
            }
        };
        until(&|status| status.at == 0);
        for _ in 0..7 {
            seeks.send(Seek::Step(10)).expect("the player runs");
        }
        until(&|status| status.at == 70);
        seeks.send(Seek::Start).expect("the player runs");
        until(&|status| status.at == 0);
        seeks.send(Seek::Jump(70_000_000)).expect("the player runs");
        until(&|status| status.at == 70);
        seeks.send(Seek::ChangeSpeed(6)).expect("the player runs");
        seeks.send(Seek::Toggle).expect("the player runs");
        until(&|status| status.playing && status.at >= 80);
        drop(seeks);
        while let Ok(message) = messages.recv_timeout(TIMEOUT) {
            assert!(matches!(message, Message::MomentReady), "{message:?}");
        }
        let ended = messages.recv_timeout(TIMEOUT);
        assert_eq!(ended.err(), Some(RecvTimeoutError::Disconnected));
    }
}
