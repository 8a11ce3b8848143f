//! Steps of a player.

use super::*;
use crate::model::{Sample, SocketKey};
use crate::recording::{Entry, Loss, Metadata, RecordingError, SampleArchive};

/// A recording of `count` Samples, one per second.
fn samples(count: i64) -> Box<SampleArchive> {
    let at = |second: i64| Sample {
        taken_at_us: second * 1_000_000,
        monotonic_ns: second.unsigned_abs() * 1_000_000_000,
        ..Sample::default()
    };
    let metadata = Metadata {
        interval: Duration::from_secs(1),
        ..Metadata::default()
    };
    Box::new(SampleArchive::new(metadata, (0..count).map(at).collect()))
}

/// Steps until there is a moment or a status; returns it with the number of steps.
fn until_result(player: &mut Player, moment: &mut Moment, now: Instant) -> (PlayerStep, usize) {
    let mut steps = 1;
    loop {
        match player.step(moment, now) {
            PlayerStep::Continue => steps += 1,
            step => return (step, steps),
        }
    }
}

#[test]
fn a_seek_is_shown_at_once_and_then_with_its_history() {
    let (mut moment, now) = (Moment::default(), Instant::now());
    let mut player = Player::new(samples(1000), 800);
    let points = |moment: &Moment| moment.aggregate.history.points().len();
    let (step, steps) = until_result(&mut player, &mut moment, now);
    assert!(matches!(
        step,
        PlayerStep::Show(PlaybackStatus { at: 800, .. })
    ));
    assert_eq!((steps, moment.sample.taken_at_us), (1, 800_000_000));
    assert!(points(&moment) < 10);
    let (step, steps) = until_result(&mut player, &mut moment, now);
    assert!(matches!(
        step,
        PlayerStep::Show(PlaybackStatus { at: 800, .. })
    ));
    assert!(steps > 500, "in steps, with keys handled between them");
    assert_eq!(points(&moment), FULL_DEPTH);
    assert_eq!(player.step(&mut moment, now), PlayerStep::Idle);
    // The next Sample is shown once.
    player.seek(Seek::Step(1), now);
    let (step, steps) = until_result(&mut player, &mut moment, now);
    let PlayerStep::Show(status) = step else {
        panic!("{step:?}")
    };
    assert!(status.at == 801 && status.continues && steps == 1);
    assert_eq!(points(&moment), FULL_DEPTH);
    assert_eq!(player.step(&mut moment, now), PlayerStep::Idle);
}

#[test]
fn a_seek_comes_before_the_history() {
    let (mut moment, now) = (Moment::default(), Instant::now());
    let mut player = Player::new(samples(1000), 800);
    until_result(&mut player, &mut moment, now);
    for _ in 0..100 {
        assert_eq!(player.step(&mut moment, now), PlayerStep::Continue);
    }
    player.seek(Seek::Step(-1), now);
    let step = player.step(&mut moment, now);
    let PlayerStep::Show(status) = step else {
        panic!("{step:?}")
    };
    assert!(status.at == 799 && !status.continues);
    assert_eq!(moment.sample.taken_at_us, 799_000_000);
}

#[test]
fn the_first_sample_has_a_complete_history() {
    let (mut moment, now) = (Moment::default(), Instant::now());
    let mut player = Player::new(samples(10), 0);
    for at in 0..10 {
        let (step, steps) = until_result(&mut player, &mut moment, now);
        let PlayerStep::Show(status) = step else {
            panic!("{step:?}")
        };
        assert_eq!((status.at, steps), (at, 1));
        assert_eq!(player.step(&mut moment, now), PlayerStep::Idle);
        assert_eq!(moment.aggregate.history.points().len(), at + 1);
        player.seek(Seek::Step(1), now);
    }
    // A seek beyond the end changes nothing.
    assert!(matches!(
        player.step(&mut moment, now),
        PlayerStep::Report(_)
    ));
    assert_eq!(player.step(&mut moment, now), PlayerStep::Idle);
}

#[test]
fn a_moment_between_frames_is_shown_on_pause() {
    let (mut moment, mut now) = (Moment::default(), Instant::now());
    let mut player = Player::new(samples(1000), 0);
    until_result(&mut player, &mut moment, now);
    player.seek(Seek::ChangeSpeed(6), now);
    player.seek(Seek::Toggle, now);
    let mut shown = Vec::new();
    for _ in 0..100 {
        match player.step(&mut moment, now) {
            PlayerStep::Show(status) => shown.push(status.at),
            PlayerStep::Wait(time) => now += time,
            PlayerStep::Continue | PlayerStep::Report(_) => {}
            PlayerStep::Idle => panic!("it plays"),
        }
    }
    assert!(shown.len() > 5, "{shown:?}");
    assert!(
        shown.windows(2).all(|pair| pair[1] - pair[0] >= 3),
        "at most one per frame: {shown:?}"
    );
    let at = (moment.sample.taken_at_us / 1_000_000) as usize;
    player.seek(Seek::Toggle, now);
    if shown.last() != Some(&at) {
        let step = player.step(&mut moment, now);
        assert!(matches!(step, PlayerStep::Show(PlaybackStatus { at: drawn, .. }) if drawn == at));
    }
}

#[test]
fn absurd_times_do_no_harm() {
    let at = |time: i64| Sample {
        taken_at_us: time,
        monotonic_ns: time.cast_unsigned(),
        suspended_ns: Some(time.cast_unsigned()),
        ..Sample::default()
    };
    for interval in [Duration::ZERO, Duration::MAX] {
        let metadata = Metadata {
            interval,
            ..Metadata::default()
        };
        let times = [i64::MIN, i64::MAX, 0, i64::MAX, 7].map(at);
        let (mut moment, now) = (Moment::default(), Instant::now());
        let mut player = Player::new(Box::new(SampleArchive::new(metadata, times.into())), 0);
        assert_eq!(player.track().times.len(), 5);
        for seek in [
            Seek::Start,
            Seek::Toggle,
            Seek::ChangeSpeed(-9),
            Seek::Jump(i64::MAX),
            Seek::Jump(i64::MIN),
            Seek::To(usize::MAX),
            Seek::Step(isize::MAX),
            Seek::Step(isize::MIN),
            Seek::Toggle,
        ] {
            player.seek(seek, now);
            for _ in 0..20 {
                player.step(&mut moment, now);
            }
        }
    }
}

#[test]
fn an_empty_recording_is_idle() {
    let (mut moment, now) = (Moment::default(), Instant::now());
    let mut player = Player::new(samples(0), 0);
    for seek in [Seek::Step(1), Seek::Jump(-1), Seek::End, Seek::Toggle] {
        player.seek(seek, now);
        assert!(matches!(
            player.step(&mut moment, now),
            PlayerStep::Report(_)
        ));
    }
    assert_eq!(player.step(&mut moment, now), PlayerStep::Idle);
}

/// An archive whose Samples claim to have very many sockets.
struct Large {
    samples: Box<SampleArchive>,
    entries: Vec<Entry>,
}

impl Large {
    fn new(count: i64) -> Large {
        let samples = samples(count);
        let mut entries = samples.entries().to_vec();
        for entry in &mut entries {
            entry.sockets = 812_000;
        }
        Large { samples, entries }
    }
}

impl Archive for Large {
    fn metadata(&self) -> &Metadata {
        self.samples.metadata()
    }

    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn losses(&self) -> &[Loss] {
        &[]
    }

    fn read_into(&mut self, at: usize, sample: &mut Sample) -> Result<(), RecordingError> {
        self.samples.read_into(at, sample)
    }

    fn first_seen(&self) -> Vec<(SocketKey, u64)> {
        Vec::new()
    }
}

#[test]
fn decoding_very_many_sockets_has_a_progress() {
    let (mut moment, now) = (Moment::default(), Instant::now());
    let mut player = Player::new(Box::new(Large::new(1000)), 800);
    let recorded = SampleProgress::Recorded { sockets: 812_000 };
    assert_eq!(player.progress(), Some(recorded));
    until_result(&mut player, &mut moment, now);
    let history = |read| SampleProgress::RecordedHistory {
        read,
        expected: 600,
    };
    assert_eq!(player.progress(), Some(history(0)));
    player.step(&mut moment, now);
    assert_eq!(player.progress(), Some(history(1)));
    until_result(&mut player, &mut moment, now);
    assert_eq!(player.progress(), None, "everything is shown");
    assert_eq!(Player::new(samples(1000), 800).progress(), None);
}
