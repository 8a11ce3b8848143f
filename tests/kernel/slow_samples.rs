//! Samples of many sockets: a preview of the first ones, progress while a Sample takes long, and intervals that are longer
//! than configured.
//!
//! Nothing here depends on how fast the machine is: where Samples turn out to be slow, that must have been reported.

use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sockwatch::model::{Attribution, Protocol, Sample, SampleProgress, Unowned};
use sockwatch::recording::{Archive as _, Reader};
use sockwatch::source::{LiveOptions, LiveSource, ProgressObserver, Source};

use crate::support::requirements::Requirement;
use crate::support::sandbox::Case;
use crate::{panicking, run, text};

pub(crate) const CASES: &[Case] = &[
    panicking(
        "a preview has the first TCP, UDP and unix sockets, and says so",
        &[Requirement::Root, Requirement::Ip],
        preview,
    ),
    panicking(
        "progress is reported while the first sample takes long",
        &[Requirement::Root, Requirement::Ip],
        progress,
    ),
    panicking(
        "a recorder that cannot keep its interval reports the longer one",
        &[Requirement::Root, Requirement::Ip],
        longer_interval,
    ),
];

/// UDP sockets that this process opens.
const SOCKETS: usize = 12_000;

fn many_sockets() -> Vec<UdpSocket> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, raised).expect("the soft limit can be raised to the hard one");
    let open = |_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    (0..SOCKETS).map(open).collect()
}

fn count(sample: &Sample, protocol: Protocol) -> usize {
    let of_protocol = sample.iter().filter(|row| row.socket.protocol == protocol);
    of_protocol.count()
}

fn preview() {
    let _many = many_sockets();
    let directory = tempfile::tempdir().expect("a directory");
    let _unix = UnixListener::bind(directory.path().join("socket")).expect("a socket");
    let options = LiveOptions::preview();
    let first = options.first_rows.expect("a preview is limited");
    let mut live = LiveSource::new(options).expect("the kernel gives sock_diag");
    let mut sample = Sample::default();
    // The dump that was not read to its end does not disturb the next one.
    for _ in 0..2 {
        live.next_into(&mut sample).expect("the kernel answers");
        let udp = count(&sample, Protocol::Udp);
        assert!((first..first + 1000).contains(&udp), "{udp}");
        assert!(
            count(&sample, Protocol::Stream) > 0,
            "unix sockets are read as well"
        );
        let preview = sample.preview.expect("it is marked");
        let expected = preview.expected.expect("sockstat counts them");
        assert!(expected >= SOCKETS as u64, "{expected}");
        assert!(!sample.is_complete());
        assert!(sample.processes.is_empty());
        let unread = Attribution::Unowned(Unowned::NotRead);
        assert!(sample.iter().all(|row| row.socket.attribution == unread));
        assert!(sample.faults.iter().all(|fault| !fault.hides_data()));
    }
    let mut live = LiveSource::new(LiveOptions::default()).expect("the kernel gives sock_diag");
    live.next_into(&mut sample).expect("the kernel answers");
    assert_eq!(sample.preview, None);
    assert_eq!(count(&sample, Protocol::Udp), SOCKETS);
    let unread = Attribution::Unowned(Unowned::NotRead);
    assert!(sample.iter().all(|row| row.socket.attribution != unread));
}

/// Keeps all reports.
#[derive(Debug, Default)]
struct Reports(Mutex<Vec<SampleProgress>>);

impl ProgressObserver for Reports {
    fn report(&self, progress: SampleProgress) {
        self.0.lock().expect("nothing panics").push(progress);
    }
}

fn progress() {
    let _many = many_sockets();
    let mut live = LiveSource::new(LiveOptions::default()).expect("the kernel gives sock_diag");
    let reports = Arc::new(Reports::default());
    live.observe_progress(Arc::clone(&reports) as _);
    let mut sample = Sample::default();
    live.next_into(&mut sample).expect("the kernel answers");
    let took = Duration::from_nanos(sample.timings.total_ns);
    let first = std::mem::take(&mut *reports.0.lock().expect("nothing panics"));
    // Reported from 100 ms on, between two datagrams or processes.
    assert!(
        !first.is_empty() || took < Duration::from_millis(300),
        "{took:?}"
    );
    for progress in &first {
        if let SampleProgress::Sockets { read, expected } = *progress {
            // The kernel may report a netlink socket twice.
            assert!(read <= sample.iter().len() as u64 + 8);
            assert!(expected.expect("sockstat counts them") >= SOCKETS as u64);
        }
    }
    // Later ones are reported from a second on.
    live.next_into(&mut sample).expect("the kernel answers");
    let took = Duration::from_nanos(sample.timings.total_ns);
    let later = reports.0.lock().expect("nothing panics").len();
    assert!(later == 0 || took >= Duration::from_secs(1), "{took:?}");
}

fn longer_interval() {
    let _many = many_sockets();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("slow.swr");
    let file = file.to_str().expect("a name");
    let record = run(&[
        "record",
        "-o",
        file,
        "--interval",
        "100ms",
        "--duration",
        "3s",
    ]);
    let said = text(&record.stderr);
    assert!(record.status.success(), "{said}");
    let axis = Reader::open(Path::new(file))
        .expect("a recording")
        .time_axis();
    let info = text(&run(&["info", file]).stdout);
    let pauses = (0..axis.len()).filter_map(|at| axis.pause_us(at));
    let pauses: Vec<i64> = pauses.collect();
    let is_slow = pauses.iter().all(|&pause| pause > 130_000) && pauses.len() > 1;
    if is_slow {
        assert!(said.contains("recording a sample every 0."), "{said}");
        assert!(said.contains(" s, not 0.1 s: 12 0"), "{said}");
        assert!(info.contains("0.1 s; a sample every 0."), "{info}");
    } else if pauses.iter().all(|&pause| pause < 110_000) {
        assert!(!said.contains("a sample every"), "{said}");
        assert!(!info.contains("a sample every"), "{info}");
    }
    // They follow each other as usual, so nothing is missing between them.
    let gaps: Vec<usize> = (0..axis.len())
        .filter(|&at| axis.is_gap(at, 100_000))
        .collect();
    let dropped = said.contains("none dropped");
    assert!(
        gaps.len() * 4 <= axis.len() || !dropped,
        "{gaps:?} of {pauses:?}"
    );
}
