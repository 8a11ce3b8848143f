//! The parser of ss's lines, which other tests rely on.

use crate::support::ss::{Layout, Value, parse};

/// Every field of a line as `name=value`.
fn fields(line: &str, layout: Layout) -> Vec<String> {
    parse(line, layout)
        .unwrap_or_else(|error| panic!("{error:?}"))
        .into_iter()
        .map(|(name, value)| match value {
            Value::Number(number) => format!("{name}={number}"),
            Value::Text(text) => format!("{name}={text}"),
        })
        .collect()
}

#[test]
fn a_tcp_line_gives_every_field_in_the_kernels_unit() {
    let line = r#"ESTAB  0 3797504 127.0.0.1:58234 127.0.0.1:45727 users:(("a b(",pid=7,fd=19),("a b(",pid=7,fd=4)) timer:(persist,1.024ms,3) uid:1000 ino:29714 sk:1c fwmark:0x2a cgroup:/x.slice <-> tos:0x10 class_id:0x6 cgroup:/x.slice inet-sockopt: ( is_icsk mc_loop) skmem:(r1,rb2,t3,tb4,f5,w6,o7,bl8,d9) ts sack bbr wscale:10,9 rto:208 backoff:1 rtt:5.13/10.251 ato:40 mss:47616 cwnd:15 bytes_sent:160768 bbr:(bw:80bps,mrtt:0.005,pacing_gain:2.88672) send 1113824561bps lastsnd:120 pacing_rate 16bps/32bps delivery_rate 24bps app_limited busy:128ms rwnd_limited:127ms(99.2%) unacked:4 retrans:0/1 notsent:3797504 minrtt:0.005 tcp-ulp-tls"#;
    assert_eq!(
        fields(line, Layout::Inet),
        [
            "cgroup=/x.slice",
            "class_id=6",
            "congestion=bbr",
            "congestion_info.bw=10",
            "congestion_info.min_rtt=5",
            "congestion_info.pacing_gain=2.88672",
            "cookie=28",
            "inode=29714",
            "local=127.0.0.1:58234",
            "mark=42",
            "memory.backlog=8",
            "memory.drops=9",
            "memory.fwd_alloc=5",
            "memory.optmem=7",
            "memory.rcvbuf=2",
            "memory.rmem_alloc=1",
            "memory.sndbuf=4",
            "memory.wmem_alloc=3",
            "memory.wmem_queued=6",
            "options=is_icsk mc_loop",
            "owners=a b(/7/19 a b(/7/4",
            "recv_queue=0",
            "remote=127.0.0.1:45727",
            "send_queue=3797504",
            "shutdown=0",
            "state=ESTAB",
            "tcp option sack=1",
            "tcp option ts=1",
            "tcp.ato=40000",
            "tcp.backoff=1",
            "tcp.busy_time=128000",
            "tcp.bytes_sent=160768",
            "tcp.delivery_rate=3",
            "tcp.delivery_rate_app_limited=1",
            "tcp.last_data_sent=120",
            "tcp.max_pacing_rate=4",
            "tcp.min_rtt=5",
            "tcp.notsent_bytes=3797504",
            "tcp.pacing_rate=2",
            "tcp.rcv_wscale=9",
            "tcp.retrans=0",
            "tcp.rto=208000",
            "tcp.rtt=5130",
            "tcp.rttvar=10251",
            "tcp.rwnd_limited=127000",
            "tcp.snd_cwnd=15",
            "tcp.snd_mss=47616",
            "tcp.snd_wscale=10",
            "tcp.total_retrans=1",
            "tcp.unacked=4",
            "timer.expires_ms=1024",
            "timer.kind=persist",
            "timer.retries=3",
            "tos=16",
            "uid=1000",
            "ulp=tls",
        ]
    );
}

#[test]
fn a_unix_line_gives_names_peers_and_the_inode_in_sockfs() {
    let line = r#"u_str LISTEN 2 4096 /tmp/x/stream 29745 * 0 users:(("x",pid=1,fd=48)) skmem:(r0,rb1,t0,tb1,f0,w0,o0,bl0,d0) --> ino:10068082 dev:0/65024 peers: 29746 29747"#;
    let found = fields(line, Layout::Unix);
    for expected in [
        "netid=u_str",
        "state=LISTEN",
        "recv_queue=2",
        "local=/tmp/x/stream 29745",
        "remote=* 0",
        "inode=10068082",
        "pending=2",
        "shutdown=1",
    ] {
        assert!(
            found.iter().any(|field| field == expected),
            "{expected}: {found:?}"
        );
    }
}

#[test]
fn times_are_read_as_ss_writes_them() {
    for (text, milliseconds) in [
        ("204ms", 204.0),
        ("1.204ms", 1204.0),
        ("1.004ms", 1004.0),
        ("3sec", 3000.0),
        ("59sec", 59_000.0),
        ("1min2sec", 62_000.0),
        ("119min", 7_140_000.0),
    ] {
        let line = format!("ESTAB 0 0 1.1.1.1:1 2.2.2.2:2 timer:(on,{text},0)");
        let fields = parse(&line, Layout::Inet).unwrap();
        assert_eq!(
            fields["timer.expires_ms"],
            Value::Number(milliseconds),
            "{text}"
        );
    }
}

#[test]
fn an_unknown_field_is_an_error() {
    for line in [
        "ESTAB 0 0 1.1.1.1:1 2.2.2.2:2 novelty:1",
        "ESTAB 0 x 1.1.1.1:1 2.2.2.2:2",
        "ESTAB 0 0 1.1.1.1:1",
        "ESTAB 0 0 1.1.1.1:1 2.2.2.2:2 timer:(on,soon,0)",
        "ESTAB 0 0 1.1.1.1:1 2.2.2.2:2 users:((\"x\",pid=1,fd=2)",
    ] {
        assert!(parse(line, Layout::Inet).is_err(), "{line}");
    }
}
