//! The steps of a Sample in this process, as multiples of the raw dump of the same sockets, and whether every socket has
//! the process that holds it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sockwatch::aggregate::{Aggregator, Moment};
use sockwatch::model::{Sample, State};
use sockwatch::recording::{Encoder, FrameHistory, Metadata};
use sockwatch::source::{LiveOptions, LiveSource, Source};

use crate::scene::{Holder, Scene};
use crate::support::cost_baseline::{RawDump, process_cpu_time};

/// Rounds of each measurement; the median counts.
const ROUNDS: usize = 7;

/// Sockets that are replaced between two Samples.
const CHANGED: u32 = 1000;

/// Medians of one scene.
#[derive(Debug)]
pub(crate) struct SamplingFigures {
    /// Raw dump: processor and wall time.
    pub(crate) raw: Duration,
    pub(crate) raw_wall: Duration,
    /// Processor time of a Sample, of deriving from it, of adding it to the history.
    pub(crate) sample: Duration,
    pub(crate) aggregate: Duration,
    pub(crate) history: Duration,
    /// Wall time of the first Sample, and of a later one.
    pub(crate) first_wall: Duration,
    pub(crate) sample_wall: Duration,
    /// Wall time for owners in a steady Sample, and in one after sockets were replaced.
    pub(crate) owners: Duration,
    pub(crate) owners_changed: Option<Duration>,
    pub(crate) sockets: usize,
    pub(crate) processes: u32,
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Returns the processor and the wall time of some work.
fn timed(work: impl FnOnce()) -> (Duration, Duration) {
    let (processor, wall) = (process_cpu_time(), Instant::now());
    work();
    (process_cpu_time().saturating_sub(processor), wall.elapsed())
}

/// Measures a scene.
///
/// # Errors
/// In one line, if a socket has another owner than the process that holds it.
pub(crate) fn measure(scene: Scene, holder: &mut Holder) -> Result<SamplingFigures, String> {
    let mut raw = match scene {
        Scene::Unix(_) => RawDump::of_unix(),
        _ => RawDump::new(),
    };
    raw.run(|_| ());
    let dumps: Vec<(Duration, Duration)> = (0..ROUNDS).map(|_| timed(|| raw.run(|_| ()))).collect();

    let mut live = LiveSource::new(LiveOptions::default()).expect("the kernel gives sock_diag");
    let mut moment = Moment::default();
    let mut aggregator = Aggregator::new();
    let mut encoder = Encoder::new();
    let mut history = FrameHistory::new(Metadata::default(), Duration::from_secs(600), 48 << 20);
    let mut round = |moment: &mut Moment| {
        let sample = timed(|| {
            live.next_into(&mut moment.sample)
                .expect("the kernel answers");
        });
        let aggregate = timed(|| moment.derive(&mut aggregator));
        let encode = timed(|| {
            if history.needs_key() {
                encoder.restart();
            }
            let frame = encoder.encode(&moment.sample).expect("there is memory");
            history.push(&frame);
        });
        (sample, aggregate.0, encode.0)
    };
    let ((_, first_wall), ..) = round(&mut moment);
    for _ in 0..2 {
        round(&mut moment);
    }
    check_owners(scene, holder, &moment.sample)?;
    let mut owners = Vec::new();
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let times = round(&mut moment);
            owners.push(Duration::from_nanos(moment.sample.timings.owners_ns));
            times
        })
        .collect();
    let can_change = matches!(
        scene,
        Scene::Connections(_) | Scene::Processes(..) | Scene::One(_)
    );
    let owners_changed = can_change.then(|| {
        let changed = (0..ROUNDS).map(|_| {
            holder.change(CHANGED);
            round(&mut moment);
            Duration::from_nanos(moment.sample.timings.owners_ns)
        });
        median(changed.collect())
    });
    check_owners(scene, holder, &moment.sample)?;
    Ok(SamplingFigures {
        raw: median(dumps.iter().map(|times| times.0).collect()),
        raw_wall: median(dumps.iter().map(|times| times.1).collect()),
        sample: median(
            rounds
                .iter()
                .map(|((processor, _), ..)| *processor)
                .collect(),
        ),
        aggregate: median(rounds.iter().map(|(_, aggregate, _)| *aggregate).collect()),
        history: median(rounds.iter().map(|(.., encode)| *encode).collect()),
        first_wall,
        sample_wall: median(rounds.iter().map(|((_, wall), ..)| *wall).collect()),
        owners: median(owners),
        owners_changed,
        sockets: moment.sample.iter().len(),
        processes: moment.sample.visibility.processes,
    })
}

/// Checks that every process that holds sockets is the owner of as many.
fn check_owners(scene: Scene, holder: &Holder, sample: &Sample) -> Result<(), String> {
    let mut owned: HashMap<u32, u32> = HashMap::new();
    let mut time_wait = 0;
    for socket in sample.iter() {
        time_wait += u64::from(socket.socket.state == State::TimeWait);
        if let Some(owner) = socket.owner() {
            *owned.entry(owner.process.key.pid).or_default() += 1;
        }
    }
    if let Scene::TimeWait(expected) = scene
        && time_wait * 10 < expected * 9
    {
        return Err(format!("only {time_wait} sockets are in TIME-WAIT"));
    }
    let wrong = |&&(pid, sockets): &&(u32, u32)| owned.get(&pid).copied() != Some(sockets);
    match holder.held.iter().find(wrong) {
        Some((pid, sockets)) => Err(format!(
            "WRONG: process {pid} holds {sockets} sockets and is shown with {}",
            owned.get(pid).copied().unwrap_or(0)
        )),
        None => Ok(()),
    }
}

/// Number of sockets that [`SamplingFigures::owners_changed`] is about.
pub(crate) const fn changed() -> u32 {
    CHANGED
}
