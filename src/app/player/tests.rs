//! What a player does piece by piece, and on its thread.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};

use super::*;
use crate::app::event_loop::Message;
use crate::app::exchange::Exchange;
use crate::model::Sample;
use crate::recording::{Head, Samples};

/// How long the thread may take for what takes it milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// So many Samples, one a second.
fn samples(count: i64) -> Box<Samples> {
    let at = |second: i64| Sample {
        taken_at_us: second * 1_000_000,
        monotonic_ns: second.unsigned_abs() * 1_000_000_000,
        ..Sample::default()
    };
    let head = Head {
        interval: Duration::from_secs(1),
        ..Head::default()
    };
    Box::new(Samples::new(head, (0..count).map(at).collect()))
}

/// Works until there is something to show or to tell; answers it with the pieces of work it took.
fn until_told(player: &mut Player, moment: &mut Moment, now: Instant) -> (Work, usize) {
    let mut pieces = 1;
    loop {
        match player.work(moment, now) {
            Work::More => pieces += 1,
            work => return (work, pieces),
        }
    }
}

#[test]
fn a_jump_is_shown_at_once_and_then_with_its_history() {
    let (mut moment, now) = (Moment::default(), Instant::now());
    let mut player = Player::new(samples(1000), 800_000_000);
    let points = |moment: &Moment| moment.aggregate.history.points().len();
    let (work, pieces) = until_told(&mut player, &mut moment, now);
    assert!(matches!(work, Work::Show(Standing { at: 800, .. })));
    assert_eq!((pieces, moment.sample.taken_at_us), (1, 800_000_000));
    assert!(points(&moment) < 10);
    let (work, pieces) = until_told(&mut player, &mut moment, now);
    assert!(matches!(work, Work::Show(Standing { at: 800, .. })));
    assert!(pieces > 500, "in pieces, so that keys come between");
    assert_eq!(points(&moment), WHOLE);
    assert_eq!(player.work(&mut moment, now), Work::Rest);
    // What follows is shown once.
    player.obey(Seek::Step(1), now);
    let (work, pieces) = until_told(&mut player, &mut moment, now);
    let Work::Show(standing) = work else {
        panic!("{work:?}")
    };
    assert!(standing.at == 801 && standing.continues && pieces == 1);
    assert_eq!(points(&moment), WHOLE);
    assert_eq!(player.work(&mut moment, now), Work::Rest);
}

#[test]
fn what_is_asked_for_meanwhile_comes_first() {
    let (mut moment, now) = (Moment::default(), Instant::now());
    let mut player = Player::new(samples(1000), 800_000_000);
    until_told(&mut player, &mut moment, now);
    for _ in 0..100 {
        assert_eq!(player.work(&mut moment, now), Work::More);
    }
    player.obey(Seek::Step(-1), now);
    let work = player.work(&mut moment, now);
    let Work::Show(standing) = work else {
        panic!("{work:?}")
    };
    assert!(standing.at == 799 && !standing.continues);
    assert_eq!(moment.sample.taken_at_us, 799_000_000);
}

#[test]
fn the_start_has_all_of_its_history() {
    let (mut moment, now) = (Moment::default(), Instant::now());
    let mut player = Player::new(samples(10), i64::MIN);
    for at in 0..10 {
        let (work, pieces) = until_told(&mut player, &mut moment, now);
        let Work::Show(standing) = work else {
            panic!("{work:?}")
        };
        assert_eq!((standing.at, pieces), (at, 1));
        assert_eq!(player.work(&mut moment, now), Work::Rest);
        assert_eq!(moment.aggregate.history.points().len(), at + 1);
        player.obey(Seek::Step(1), now);
    }
    // Beyond the end there is nothing.
    assert!(matches!(player.work(&mut moment, now), Work::Tell(_)));
    assert_eq!(player.work(&mut moment, now), Work::Rest);
}

#[test]
fn what_was_made_and_not_drawn_is_drawn_when_it_pauses() {
    let (mut moment, mut now) = (Moment::default(), Instant::now());
    let mut player = Player::new(samples(1000), 0);
    until_told(&mut player, &mut moment, now);
    player.obey(Seek::Faster(6), now);
    player.obey(Seek::Toggle, now);
    let mut shown = Vec::new();
    for _ in 0..100 {
        match player.work(&mut moment, now) {
            Work::Show(standing) => shown.push(standing.at),
            Work::Wait(time) => now += time,
            Work::More | Work::Tell(_) => {}
            Work::Rest => panic!("it plays"),
        }
    }
    assert!(shown.len() > 5, "{shown:?}");
    assert!(
        shown.windows(2).all(|pair| pair[1] - pair[0] >= 3),
        "not more than frames make sense: {shown:?}"
    );
    let at = (moment.sample.taken_at_us / 1_000_000) as usize;
    player.obey(Seek::Toggle, now);
    if shown.last() != Some(&at) {
        let work = player.work(&mut moment, now);
        assert!(matches!(work, Work::Show(Standing { at: drawn, .. }) if drawn == at));
    }
}

#[test]
fn times_that_make_no_sense_do_no_harm() {
    let at = |taken_at_us: i64| Sample {
        taken_at_us,
        ..Sample::default()
    };
    for interval in [Duration::ZERO, Duration::MAX] {
        let head = Head {
            interval,
            ..Head::default()
        };
        let times = [i64::MIN, i64::MAX, 0, i64::MAX, 7].map(at);
        let (mut moment, now) = (Moment::default(), Instant::now());
        let mut player = Player::new(Box::new(Samples::new(head, times.into())), 0);
        assert_eq!(player.track().times.len(), 5);
        for seek in [
            Seek::Start,
            Seek::Toggle,
            Seek::Faster(-9),
            Seek::Jump(i64::MAX),
            Seek::Jump(i64::MIN),
            Seek::To(i64::MIN),
            Seek::Step(isize::MAX),
            Seek::Step(isize::MIN),
            Seek::Toggle,
        ] {
            player.obey(seek, now);
            for _ in 0..20 {
                player.work(&mut moment, now);
            }
        }
    }
}

#[test]
fn a_recording_without_samples_rests() {
    let (mut moment, now) = (Moment::default(), Instant::now());
    let mut player = Player::new(samples(0), 0);
    for seek in [Seek::Step(1), Seek::Jump(-1), Seek::End, Seek::Toggle] {
        player.obey(seek, now);
        assert!(matches!(player.work(&mut moment, now), Work::Tell(_)));
    }
    assert_eq!(player.work(&mut moment, now), Work::Rest);
}

#[test]
fn a_thread_plays_until_nobody_listens() {
    let exchange = Arc::new(Exchange::default());
    let (wake, messages) = mpsc::channel();
    let seeks = spawn(Player::new(samples(1000), 0), &exchange, &wake).expect("a thread");
    drop(wake);
    let mut shown = 0;
    let mut until = |wanted: &dyn Fn(&Standing) -> bool| {
        loop {
            let message = messages.recv_timeout(PATIENCE);
            assert!(matches!(message, Ok(Message::Moment)), "{message:?}");
            let fetched = exchange.fetch();
            if let Some(moment) = fetched.moment {
                shown = moment.sample.taken_at_us / 1_000_000;
                exchange.give_back(moment);
            }
            if let Some(standing) = &fetched.standing {
                assert_eq!(standing.at as i64, shown, "what is told is shown");
            }
            if fetched.standing.as_ref().is_some_and(wanted) {
                return;
            }
        }
    };
    until(&|standing| standing.at == 0);
    for _ in 0..7 {
        seeks.send(Seek::Step(10)).expect("it listens");
    }
    until(&|standing| standing.at == 70);
    seeks.send(Seek::Start).expect("it listens");
    until(&|standing| standing.at == 0);
    seeks.send(Seek::Jump(70_000_000)).expect("it listens");
    until(&|standing| standing.at == 70);
    seeks.send(Seek::Faster(6)).expect("it listens");
    seeks.send(Seek::Toggle).expect("it listens");
    until(&|standing| standing.playing && standing.at >= 80);
    drop(seeks);
    // The thread lets go of its end.
    while let Ok(message) = messages.recv_timeout(PATIENCE) {
        assert!(matches!(message, Message::Moment), "{message:?}");
    }
    let ended = messages.recv_timeout(PATIENCE);
    assert_eq!(ended.err(), Some(RecvTimeoutError::Disconnected));
}
