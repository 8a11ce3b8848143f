//! What one Sample costs, measured against the least that asking the kernel for the same can cost.
//!
//! `cargo bench --bench sample` opens established connections over loopback (1 000, 10 000 and 100 000 sockets), held by
//! child processes, and measures in CPU time, so that a busy machine does not spoil the numbers:
//!
//! - `raw dump`: the same request for TCP over IPv4 and IPv6 with every attribute, into one buffer of 32 KiB, nothing
//!   parsed. The floor.
//! - `sample`: a steady-state Sample by `Live` with everything in it, taken in by an `Aggregator`.
//! - `decode`: the dump's bytes to rows. `aggregate`: rows to rates and totals.
//!
//! After each size a line tells CPU ms, the ratio of `sample` to `raw dump`, and ns for each socket.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use netlink_sys::{Socket, SocketAddr};
use rustix::time::{ClockId, clock_gettime};
use sockwatch::aggregate::{Aggregate, Aggregator};
use sockwatch::model::{Protocol, Sample, SocketTable};
use sockwatch::source::netlink::dump::decode_datagram;
use sockwatch::source::{Live, LiveOptions, Source};

#[path = "../support/mod.rs"]
mod support;

use support::crowd::{self, Crowd};
use support::needs::{self, Need};
use support::roles;

/// Sockets to measure with.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// What the kernel fills at most for one recv of a dump.
const BUFFER: usize = 32 * 1024;

fn main() {
    if roles::role().as_deref() == Some("hold") {
        return crowd::hold();
    }
    if needs::unmet(&[Need::Root, Need::Ip]).is_none() {
        support::net::enter_own_namespace();
    } else {
        println!("not root: other sockets of this machine are measured too");
    }
    let mut criterion = Criterion::default().configure_from_args();
    for sockets in SIZES {
        match Crowd::gather(sockets) {
            Ok(crowd) => measure(&mut criterion, sockets, &crowd),
            Err(why) => println!("SKIPPED: {sockets} sockets: {why}"),
        }
    }
    criterion.final_summary();
}

/// CPU time of all threads of this process so far.
fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

/// CPU time of so many rounds of `work`, added to `sum` together with their number.
fn cpu_of(rounds: u64, sum: &mut (Duration, u64), mut work: impl FnMut()) -> Duration {
    let before = cpu();
    for _ in 0..rounds {
        work();
    }
    let spent = cpu().saturating_sub(before);
    sum.0 += spent;
    sum.1 += rounds;
    spent
}

fn milliseconds(sum: (Duration, u64)) -> f64 {
    sum.0.as_secs_f64() * 1000.0 / sum.1.max(1) as f64
}

fn measure(criterion: &mut Criterion, sockets: usize, _crowd: &Crowd) {
    let mut group = criterion.benchmark_group("sample");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5))
        .throughput(Throughput::Elements(sockets as u64));

    let mut raw = RawDump::new();
    let mut dumped = (Duration::ZERO, 0);
    group.bench_function(BenchmarkId::new("raw dump", sockets), |bencher| {
        bencher.iter_custom(|rounds| cpu_of(rounds, &mut dumped, || raw.run(|_| ())));
    });

    let mut live = Live::new(LiveOptions::default()).expect("the kernel gives sock_diag");
    let mut sample = Sample::default();
    let (mut aggregator, mut aggregate) = (Aggregator::new(), Aggregate::default());
    // The first ones find owners and make room; a steady state comes after them.
    for _ in 0..3 {
        live.next_into(&mut sample).expect("the kernel answers");
        aggregator.update(&sample, &mut aggregate);
    }
    let mut sampled = (Duration::ZERO, 0);
    group.bench_function(BenchmarkId::new("sample", sockets), |bencher| {
        bencher.iter_custom(|rounds| {
            cpu_of(rounds, &mut sampled, || {
                live.next_into(&mut sample).expect("the kernel answers");
                aggregator.update(&sample, &mut aggregate);
            })
        });
    });

    let mut datagrams: Vec<Vec<u8>> = Vec::new();
    raw.run(|datagram| datagrams.push(datagram.to_vec()));
    let mut table = SocketTable::default();
    let mut decoded = (Duration::ZERO, 0);
    group.bench_function(BenchmarkId::new("decode", sockets), |bencher| {
        bencher.iter_custom(|rounds| {
            cpu_of(rounds, &mut decoded, || {
                table.clear();
                for datagram in &datagrams {
                    decode_datagram(datagram, None, Some(Protocol::Tcp), 0, &mut table);
                }
            })
        });
    });

    let mut aggregated = (Duration::ZERO, 0);
    group.bench_function(BenchmarkId::new("aggregate", sockets), |bencher| {
        bencher.iter_custom(|rounds| {
            cpu_of(rounds, &mut aggregated, || {
                // The same sockets a second later.
                sample.monotonic_ns += 1_000_000_000;
                sample.taken_at_us += 1_000_000;
                aggregator.update(&sample, &mut aggregate);
            })
        });
    });
    group.finish();

    let rows = sample.sockets.rows.len().max(1) as f64;
    let tcp = table.rows.len().max(1) as f64;
    let [raw, whole, decode, aggregate] = [dumped, sampled, decoded, aggregated].map(milliseconds);
    println!(
        "{rows} sockets: raw dump {raw:.2} ms CPU, sample {whole:.2} ms CPU, ratio {:.2}; \
         decode {:.0} ns/socket, aggregate {:.0} ns/socket",
        whole / raw,
        decode * 1e6 / tcp,
        aggregate * 1e6 / rows,
    );
}

/// The floor: asks for every TCP socket with every attribute and reads the answers into one buffer.
struct RawDump {
    socket: Socket,
    buffer: Vec<u8>,
}

impl RawDump {
    fn new() -> RawDump {
        let socket = Socket::new(NETLINK_SOCK_DIAG).expect("a netlink socket");
        socket.connect(&SocketAddr::new(0, 0)).expect("the kernel");
        RawDump {
            socket,
            buffer: Vec::with_capacity(BUFFER),
        }
    }

    /// Dumps IPv4 and IPv6, in one walk of the kernel's, and hands each datagram to `each`.
    fn run(&mut self, mut each: impl FnMut(&[u8])) {
        self.socket
            .send(&request(), 0)
            .expect("the kernel takes requests");
        loop {
            self.buffer.clear();
            self.socket
                .recv(&mut self.buffer, 0)
                .expect("the kernel answers");
            each(&self.buffer);
            if is_last(&self.buffer) {
                break;
            }
        }
    }
}

/// `struct nlmsghdr` and `struct inet_diag_req` for every TCP socket with every attribute.
fn request() -> [u8; 76] {
    /// `TCPDIAG_GETSOCK`.
    const TYPE: u16 = 18;
    /// `NLM_F_REQUEST | NLM_F_DUMP`.
    const FLAGS: u16 = 0x301;
    /// States 1 to 13.
    const STATES: u32 = 0x3ffe;
    let mut out = [0; 76];
    out[..4].copy_from_slice(&76u32.to_ne_bytes());
    out[4..6].copy_from_slice(&TYPE.to_ne_bytes());
    out[6..8].copy_from_slice(&FLAGS.to_ne_bytes());
    // AF_INET; the kernel answers with both families.
    out[16] = 2;
    out[19] = 0xff;
    out[68..72].copy_from_slice(&STATES.to_ne_bytes());
    out
}

/// Whether the datagram ends with `NLMSG_DONE`, which is 20 bytes long.
fn is_last(datagram: &[u8]) -> bool {
    /// Length 20, type 3.
    const DONE: (u32, u16) = (20, 3);
    let Some(last) = datagram.last_chunk::<20>() else {
        return true;
    };
    let length = u32::from_ne_bytes([last[0], last[1], last[2], last[3]]);
    let kind = u16::from_ne_bytes([last[4], last[5]]);
    (length, kind) == DONE
}
