//! The filter language: what is understood, what is refused and where, and that the kernel's program and our own answer
//! agree.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use sockwatch::aggregate::Moment;
use sockwatch::cli::filter_help;
use sockwatch::column::{SocketRow, VOCABULARY};
use sockwatch::filter::{
    EndpointSide, Filter, FilterError, NoRowValues, ObservedValues, ParseContext, RequestedSockets,
    StateSet, complete,
};
use sockwatch::model::{
    Attribution, Endpoint, Ends, Family, Parts, Protocol, Sample, Socket, State, Unowned,
};

use super::support::bytecode::run;
use super::support::known_names::KnownNames;

fn try_parse(text: &str) -> Result<Filter, FilterError> {
    let around = RequestedSockets::default();
    let context = ParseContext {
        vocabulary: &VOCABULARY,
        names: &KnownNames,
        requested: &around,
        allow_unknown_devices: false,
    };
    Filter::parse(text, &context)
}

fn parse(text: &str) -> Filter {
    try_parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn inet(local: &str, remote: &str, state: State) -> Socket {
    let end = |text: &str| -> Endpoint {
        let end: std::net::SocketAddr = text.parse().expect("an address");
        Endpoint {
            address: end.ip(),
            port: end.port(),
        }
    };
    let (local, remote) = (end(local), end(remote));
    let family = if local.address.is_ipv4() {
        Family::Inet
    } else {
        Family::Inet6
    };
    Socket::new(
        1,
        1,
        family,
        Protocol::Tcp,
        state,
        Ends::Inet { local, remote },
    )
}

/// Whether a filter lets one socket through, of which only the kernel's word is known.
fn matches(filter: &str, socket: Socket) -> bool {
    let mut sample = Sample::default();
    let pushed = sample.sockets.push(socket, Parts::default());
    pushed.expect("there is room");
    parse(filter).matches(sample.socket(0).expect("it is there"), &NoRowValues)
}

#[test]
fn an_error_points_at_its_position() {
    for (text, column, message, expected) in [
        ("dport = 80 and )", 16, "unexpected ')'", "a condition"),
        (
            "state established )",
            19,
            "unexpected ')'",
            "a matching '('",
        ),
        ("( dport = 80", 1, "unclosed '('", "a matching ')'"),
        ("dport = 80 or", 14, "is incomplete", "a condition"),
        ("not", 4, "is incomplete", "a condition"),
        ("()", 2, "unexpected ')'", "a condition"),
        ("or dport = 80", 1, "unexpected 'or'", "a condition"),
        ("dport", 6, "needs a value", "a port"),
        ("dport = https2", 9, "or a known service", "a port"),
        ("dport = odd", 9, "tcp port 1 but udp port 2", "a port"),
        ("dport > *", 9, "any port", "a port number"),
        ("state happy", 7, "unknown state 'happy'", "established"),
        ("exclude all", 9, "all states are excluded", ""),
        ("dst 10.0.0.0/33", 5, "exceeds the maximum", "a host"),
        ("dst 300.1.1.1", 5, "not an address", "a host"),
        ("dst nowhere", 5, "cannot resolve", "a host"),
        ("dst [::1", 5, "unclosed '['", "a host"),
        ("dev eth9", 5, "unknown device 'eth9'", "a device"),
        ("fwmark 0xz", 8, "invalid mark", "a mark"),
        ("cgroup /b", 8, "unknown cgroup", "a cgroup"),
        ("rtt > 100", 7, "needs a unit", "100ms"),
        ("rtt > 1MB", 7, "does not apply here", "100ms"),
        ("rtt > cwnd", 7, "has a different unit", "a time"),
        ("rtt > state", 7, "is text", "a time"),
        ("recvq", 6, "needs a comparison", "a number"),
        ("recvq =~ x", 1, "a number, not text", "="),
        ("congestion > 1", 1, "is text", "=~"),
        ("process =~ (", 12, "invalid regular expression", ""),
        (
            "process =~",
            11,
            "needs a regular expression",
            "a regular expression",
        ),
        (
            "dst > 10.0.0.1",
            1,
            "cannot be compared with '>'",
            "= or !=",
        ),
        ("dport =~ 8", 1, "=~ does not apply", "="),
        (
            "stat established",
            1,
            "unexpected 'stat'",
            "did you mean state",
        ),
        ("dport = 80 xyzzy", 12, "unexpected 'xyzzy'", "'and', 'or'"),
        ("protocol carrier-pigeon", 10, "unknown protocol", "tcp"),
        ("\"open", 1, "unclosed quote", ""),
        ("dport = 80 = 81", 12, "unexpected '='", "'and', 'or'"),
        ("dst 10.0.0.1 ü ö", 14, "unexpected 'ü'", "'and', 'or'"),
    ] {
        let error = try_parse(text).expect_err(text);
        assert_eq!(error.position(), column, "{text}: {error}");
        assert!(error.message().contains(message), "{text}: {error}");
        let hint = error.expected().unwrap_or("");
        assert!(hint.contains(expected), "{text}: {error}");
        let picture = error.excerpt(40);
        let caret = picture.lines().nth(1).unwrap_or("");
        assert_eq!(caret.chars().count(), column, "{picture}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let long = format!("{} )", "sport = 1 ".repeat(30));
    let error = try_parse(&long).expect_err("it has one too many");
    assert_eq!(
        error.to_string(),
        "unexpected ')' at character 302; expected a matching '(' before it"
    );
    assert!(
        error
            .excerpt(40)
            .lines()
            .all(|line| line.chars().count() <= 40)
    );
}

#[test]
fn and_and_or_have_equal_precedence_as_in_ss() {
    let socket = || inet("10.0.0.1:1", "10.0.0.2:2", State::Established);
    assert!(!matches("sport = 1 or sport = 5 and dport = 9", socket()));
    assert!(matches(
        "sport = 1 or ( sport = 5 and dport = 9 )",
        socket()
    ));
    assert!(parse("sport = 1 or sport = 5 and dport = 9").mixes_connectives());
    assert!(!parse("sport = 1 or ( sport = 5 and dport = 9 )").mixes_connectives());
    assert!(!parse("state established sport = 1 or dport = 2").mixes_connectives());
    // States in front hold for all that follows.
    assert!(!matches("state time-wait sport = 5 or dport = 2", socket()));
    assert!(!matches(
        "state time-wait and sport = 5 or dport = 2",
        socket()
    ));
    assert!(matches("state time-wait or dport = 2", socket()));
}

#[test]
fn words_and_operators_need_no_space_between_them() {
    let socket = || inet("10.0.0.1:1", "10.0.0.2:2", State::Established);
    for filter in [
        "(sport=1)and(dport=2)",
        "!sport=5",
        "sport>=1 dport<=2",
        "sport==1&&dport!=3",
        "sport=1|dport=9",
        r"\( sport = 1 \) \& dport = 2",
        "not(sport=5 or(dport=9))",
        "src 10.0.0.1:1 dst=10.0.0.2",
        "state = established",
        "state != time-wait and sport = 1",
        "port = 2 host 10.0.0.2 port != 9",
        "protocol tcp family inet netns 1",
    ] {
        assert!(matches(filter, socket()), "{filter}");
    }
    assert!(!matches("port != 2", socket()), "neither end is");
}

#[test]
fn an_address_matches_its_own_family_only() {
    let mapped = || {
        inet(
            "[::ffff:10.0.0.1]:80",
            "[::ffff:10.0.0.2]:9",
            State::Established,
        )
    };
    let six = || inet("[2001:db8::1]:80", "[fe80::1]:9", State::Established);
    for (filter, of_mapped, of_six) in [
        ("src 10.0.0.1", true, false),
        ("src 10/8", true, false),
        ("src 0.0.0.0/0", true, false),
        ("src [::ffff:10.0.0.1]", true, false),
        ("src [2001:db8::/32]", false, true),
        ("src [2001:db8::]/32:80", false, true),
        ("src 2001:db8::1", false, true),
        ("dst [fe80::/10]:9", false, true),
        ("dst *:9", true, true),
        ("dst :10", false, false),
        ("src inet:*", false, false),
        ("not src inet6:10.0.0.1", false, false),
        ("src inet6:*", true, true),
        ("local 10.0.0.1 remote 10.0.0.2:9", true, false),
    ] {
        if filter.contains("inet6:10") {
            assert!(try_parse(filter).is_err());
            continue;
        }
        assert_eq!(matches(filter, mapped()), of_mapped, "{filter}");
        assert_eq!(matches(filter, six()), of_six, "{filter}");
    }
    assert!(matches(
        "src both",
        inet("127.0.0.1:1", "127.0.0.1:2", State::Established)
    ));
    assert!(matches(
        "src both",
        inet("[::1]:1", "[::1]:2", State::Established)
    ));
    assert_eq!(
        parse("dst later or src later").unresolved_hosts(),
        ["later", "later"]
    );
}

#[test]
fn an_unknown_value_matches_no_comparison() {
    let mut moment = Moment::default();
    let socket = inet("1.2.3.4:1", "1.2.3.5:2", State::TimeWait);
    let pushed = moment.sample.sockets.push(socket, Parts::default());
    pushed.expect("there is room");
    let row = SocketRow::of(&moment, 0).expect("it is there");
    let row_matches = |filter: &str| parse(filter).matches(row.socket, &row);
    for filter in [
        "rtt > 1ms",
        "rtt <= 1ms",
        "rate = 0",
        "age < 10s",
        "retrans > 1%",
    ] {
        assert!(!row_matches(filter), "{filter}");
    }
    assert!(
        row_matches("not rtt > 1ms") && row_matches("recvq = 0") && row_matches("recvq <= sendq")
    );
    assert!(
        row_matches("owner none") && !row_matches("owner any") && !row_matches("process nginx")
    );
    assert!(
        row_matches("netid = tcp")
            && row_matches("state =~ ^TIME")
            && row_matches("local =~ ':1$'")
    );
    assert!(!row_matches("accept_queue >= backlog"), "it is no listener");
}

#[test]
fn sockets_can_be_filtered_by_owner_and_by_reason_for_its_absence() {
    let mut socket = inet("1.2.3.4:1", "1.2.3.5:2", State::Established);
    socket.attribution = Attribution::Unowned(Unowned::WaitingForAccept);
    assert!(matches("unowned waiting-for-accept", socket));
    assert!(matches("unowned any", socket) && !matches("unowned orphan", socket));
    socket.uid = Some(33);
    assert!(matches("user 33", socket) && !matches("user 0", socket));
}

#[test]
fn long_and_deeply_nested_filters_are_parsed_or_refused() {
    let deep = format!("{} sport = 1 {}", "( ".repeat(15_000), ") ".repeat(15_000));
    assert!(try_parse(&deep).is_ok());
    let negated = format!("{} sport = 1", "! ".repeat(30_000));
    assert!(try_parse(&negated).is_ok());
    let wide = "sport=1 or dport=2 and ".repeat(2500) + "sport=3";
    let filter = parse(&wide);
    assert!(filter.lower(true).code.len() < 16 * 1024);
    assert!(!matches(
        &wide,
        inet("1.2.3.4:9", "1.2.3.5:9", State::Established)
    ));
    let too_long = "sport = 1 ".repeat(10_000);
    assert!(
        try_parse(&too_long)
            .expect_err("100 000 bytes")
            .message()
            .contains("too long")
    );
    assert!(try_parse(&"(".repeat(60_000)).is_err());
    assert!(try_parse(&format!("process =~ {}", "(".repeat(60_000))).is_err());
    assert!(try_parse(&format!("src unix:{}", "*".repeat(60_000))).is_err());
}

/// Returns the text of `help filter`, without line breaks.
fn help_text() -> String {
    let mut page = sockwatch::cli::page::Page::new(80);
    filter_help::write(&mut page);
    let text = page.finish();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_example_is_parsed_and_those_of_the_readme_are_among_them() {
    let around = RequestedSockets::default();
    let system = sockwatch::source::SystemNames::default();
    let context = ParseContext {
        vocabulary: &VOCABULARY,
        names: &system,
        requested: &around,
        allow_unknown_devices: true,
    };
    for (example, about) in filter_help::EXAMPLES {
        Filter::parse(example, &context).unwrap_or_else(|error| panic!("{example}: {error}"));
        assert!(help_text().contains(example) && !about.is_empty());
    }
    let readme = include_str!("../../README.md");
    let section = readme
        .split("## Filters")
        .nth(1)
        .expect("a section on filters");
    let block = section.split("```\n").nth(1).expect("a block of examples");
    assert!(block.lines().count() >= 5, "{block}");
    for line in block.lines() {
        let filter = line.split("   ").next().unwrap_or(line);
        let is_example = |(example, _): &(&str, &str)| *example == filter;
        assert!(filter_help::EXAMPLES.iter().any(is_example), "{filter}");
    }
}

#[test]
fn a_quoted_text_is_searched_for_and_can_be_combined() {
    let around = RequestedSockets::default();
    let context = ParseContext {
        vocabulary: &VOCABULARY,
        names: &KnownNames,
        requested: &around,
        allow_unknown_devices: true,
    };
    let understood = |text: &str| Filter::parse_or_search(text, &context).unwrap();
    let word = understood("6379");
    assert!(word.is_search() && word.as_term() == "\"6379\"");
    let quoted = understood(&word.as_term());
    assert_eq!(
        quoted.search_text(),
        word.search_text(),
        "the same is looked for"
    );
    assert_eq!(quoted.as_term(), word.as_term());
    let further = understood(&format!("{} state established", word.as_term()));
    assert!(!further.is_search() && further.search_text().is_none());
    assert!(!understood("\"a\" or \"b\"").is_search());
    assert!(help_text().contains("in quotes"));
}

#[test]
fn the_text_of_a_filter_can_be_parsed_again_with_the_space_at_its_end() {
    for (typed, kept) in [
        ("  comm =~ a\\ ", "comm =~ a\\ "),
        ("process a\\\u{a0}\t ", "process a\\\u{a0}"),
        ("comm =~ a\\\\  ", "comm =~ a\\\\"),
        (" sport = :1 ", "sport = :1"),
        ("\"a\\\" ", "\"a\\\""),
    ] {
        let filter = parse(typed);
        assert_eq!(filter.text(), kept);
        assert_eq!(parse(filter.text()).text(), kept);
    }
}

#[test]
fn completion_offers_the_valid_continuations() {
    let around = RequestedSockets::default();
    let context = ParseContext {
        vocabulary: &VOCABULARY,
        names: &KnownNames,
        requested: &around,
        allow_unknown_devices: true,
    };
    let offered = |text: &str| {
        let mut values = |wanted| match wanted {
            ObservedValues::Processes => vec!["nginx".to_owned(), "redis".to_owned()],
            ObservedValues::Column(_) => ["cubic", "[time-wait]", "a b", "c++"]
                .map(Into::into)
                .into(),
            ObservedValues::Users => vec!["two words".to_owned(), "a\"b c".to_owned()],
            ObservedValues::Ports(EndpointSide::Local) => vec!["22".to_owned()],
            ObservedValues::Ports(_) => vec!["443".to_owned(), "53".to_owned()],
            ObservedValues::Hosts(EndpointSide::Local) => {
                vec!["127.0.0.1".to_owned(), "/run/a b".to_owned()]
            }
            ObservedValues::Hosts(_) => vec!["[::1]".to_owned()],
            _ => Vec::new(),
        };
        let found = complete(text, &context, &mut values);
        let items: Vec<String> = found.items.into_iter().map(|item| item.text).collect();
        (found.from, items)
    };
    let first = |text: &str| offered(text).1.first().cloned().unwrap_or_default();
    assert_eq!(offered("sta"), (0, vec!["state".to_owned()]));
    assert_eq!(first("state est"), "established");
    assert_eq!(first("(state "), "established");
    assert_eq!(offered("process ng"), (8, vec!["nginx".to_owned()]));
    assert_eq!(offered("dport = 80 process=re").1, ["redis"]);
    assert_eq!(offered("dport = 80 ").1[..2], ["and", "or"]);
    assert_eq!(first("dport = 80 or not sp"), "sport");
    assert_eq!(first("rtt "), ">");
    assert_eq!(offered("congestion = cu").1, ["cubic"]);
    assert_eq!(offered("dport = :4"), (9, vec!["443".to_owned()]));
    assert_eq!(offered("dport :").1, ["443", "53"]);
    assert_eq!(offered("sport eq ").1, ["22"], "this end's");
    assert_eq!(offered("dst ").1, ["[::1]"], "the other end's");
    assert_eq!(offered("src ").1, ["127.0.0.1", "\"/run/a b\""]);
    assert_eq!(offered("src \"/r"), (4, vec!["\"/run/a b\"".to_owned()]));
    assert_eq!(
        offered("user ").1,
        ["\"two words\""],
        "what cannot be written is left out"
    );
    assert_eq!(offered("user 'tw"), (5, vec!["'two words'".to_owned()]));
    assert_eq!(
        offered("congestion = ").1,
        ["cubic", "\"a b\"", "c++"],
        "no pattern that means something else"
    );
    assert_eq!(
        offered("congestion =~ ").1,
        ["cubic", "\"a b\""],
        "and no expression"
    );
    assert_eq!(offered("\"ngi").1, Vec::<String>::new());
    assert_eq!(first("accept_queue >= backl"), "backlog");
    assert_eq!(offered("dport = 80").1, Vec::<String>::new());
    for odd in [
        "",
        ")",
        "\"",
        "ü",
        "process =~ (",
        "dst [",
        "state state state",
    ] {
        offered(odd);
    }
}

// ---- the kernel's program -----------------------------------------------------------------------------------------

fn port() -> impl Strategy<Value = u16> {
    prop_oneof![
        Just(0),
        Just(80),
        Just(443),
        Just(32768),
        Just(65535),
        any::<u16>()
    ]
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(IpAddr::from),
        any::<[u8; 16]>().prop_map(IpAddr::from),
        (0..4u8).prop_map(|last| IpAddr::from([127, 0, 0, last])),
        (0..4u8).prop_map(|last| Ipv4Addr::new(10, 0, 0, last).to_ipv6_mapped().into()),
        Just(Ipv6Addr::LOCALHOST.into()),
        Just(Ipv4Addr::UNSPECIFIED.into()),
        Just(Ipv6Addr::UNSPECIFIED.into()),
    ]
}

fn any_socket() -> impl Strategy<Value = Socket> {
    let state = prop::sample::select(State::ALL.to_vec());
    let of = (
        address(),
        port(),
        address(),
        port(),
        state,
        0..3u32,
        0..3u32,
        6..9u64,
    );
    of.prop_map(
        |(local, local_port, remote, remote_port, state, interface, mark, cgroup)| {
            // Both ends are of one family.
            let remote = match (local, remote) {
                (IpAddr::V4(_), IpAddr::V6(six)) => {
                    six.to_ipv4().unwrap_or(Ipv4Addr::new(9, 9, 9, 9)).into()
                }
                (IpAddr::V6(_), IpAddr::V4(four)) => four.to_ipv6_mapped().into(),
                (_, remote) => remote,
            };
            let mut socket = inet("1.2.3.4:1", "1.2.3.4:1", state);
            socket.family = if local.is_ipv4() {
                Family::Inet
            } else {
                Family::Inet6
            };
            let end = |address, port| Endpoint { address, port };
            socket.ends = Ends::Inet {
                local: end(local, local_port),
                remote: end(remote, remote_port),
            };
            socket.interface = interface;
            socket.mark = Some(mark);
            socket.cgroup_id = cgroup;
            socket
        },
    )
}

fn any_condition() -> impl Strategy<Value = String> {
    let sides = || prop::sample::select(vec!["s", "d"]);
    let operators = prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">="]);
    let host = (
        address(),
        0..=128u8,
        prop::option::of(port()),
        any::<bool>(),
    );
    prop_oneof![
        (sides(), operators, port())
            .prop_map(|(side, operator, port)| format!("{side}port {operator} {port}")),
        (prop::sample::select(vec!["src", "dst"]), host).prop_map(
            |(side, (address, prefix, port, whole))| {
                let port = port.map_or(String::new(), |port| format!(":{port}"));
                match address {
                    IpAddr::V4(address) if whole => format!("{side} {address}{port}"),
                    IpAddr::V4(address) => format!("{side} {address}/{}{port}", prefix.min(32)),
                    IpAddr::V6(address) if whole => format!("{side} [{address}]{port}"),
                    IpAddr::V6(address) => format!("{side} [{address}/{prefix}]{port}"),
                }
            }
        ),
        Just("dst both".to_owned()),
        Just("src *:80".to_owned()),
        Just("dport = *".to_owned()),
        (0..3u32).prop_map(|index| format!("dev {index}")),
        (0..3u32).prop_map(|mark| format!("fwmark {mark}/3")),
        Just("cgroup /a".to_owned()),
        prop::sample::select(State::ALL.to_vec())
            .prop_map(|state| format!("state {}", state.filter_name())),
        Just("recvq > 0".to_owned()),
        Just("process x".to_owned()),
    ]
}

fn any_filter() -> impl Strategy<Value = String> {
    any_condition().prop_recursive(4, 40, 4, |inner| {
        let between = prop::sample::select(vec!["and", "or", ""]);
        prop_oneof![
            prop::collection::vec((inner.clone(), between), 1..4).prop_map(|terms| {
                let text: Vec<String> = terms
                    .iter()
                    .map(|(term, between)| format!("{term} {between}"))
                    .collect();
                let joined = text.join(" ");
                let trimmed = joined.trim_end();
                let whole = trimmed
                    .strip_suffix(" and")
                    .or_else(|| trimmed.strip_suffix(" or"));
                format!("( {} )", whole.unwrap_or(trimmed))
            }),
            inner.prop_map(|term| format!("not {term}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_lowered_program_accepts_every_socket_that_the_filter_matches(filter in any_filter(), sockets in prop::collection::vec(any_socket(), 1..8)) {
        let understood = parse(&filter);
        let lowered = understood.lower(true);
        // What only sockwatch can decide makes the kernel's part larger, and nothing else does.
        let whole = !filter.contains("recvq") && !filter.contains("process") && !filter.contains("state");
        for socket in sockets {
            let ours = matches(&filter, socket);
            let kernels = lowered.states.contains(socket.state)
                && (lowered.code.is_empty() || run(&lowered.code, &socket).expect("the kernel takes it"));
            prop_assert!(kernels || !ours, "{} leaves out {:?}", filter, socket);
            if whole {
                prop_assert_eq!(kernels, ours, "{} with {:?}", filter, socket);
            }
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let _ = try_parse(&text);
    }

    #[test]
    fn no_sequence_of_keywords_panics(words in prop::collection::vec(
        prop::sample::select(vec![
            "(", ")", "not", "!", "and", "or", "&", "||", "state", "exclude", "established", "all", "dport", "sport", "=",
            "!=", ">", "<=", "=~", "80", ":http", "*", "dst", "src", "10.0.0.0/8", "[::1]:443", "[", "]", "unix:/a*", "dev",
            "lo", "fwmark", "0x1/0x3", "cgroup", "/a", "process", "nginx", "rtt", "100ms", "1%", "retrans", "recvq",
            "backlog", "\"", "'", "\\", "autobound", "owner", "none", "is", "eq", "ge",
        ]), 0..14)) {
        let text = words.join(" ");
        if let Ok(filter) = try_parse(&text) {
            let _ = filter.lower(true);
            let _ = matches(&text, inet("1.2.3.4:1", "1.2.3.5:80", State::Established));
        }
        if let Err(error) = try_parse(&text) {
            prop_assert!(error.position() <= text.chars().count() + 1);
        }
    }
}

#[test]
fn a_filter_of_ports_is_lowered_exactly() {
    let lowered = parse("state established dport = 443 or sport = 443").lower(false);
    assert_eq!(lowered.states, StateSet::of(State::Established));
    assert_eq!(lowered.code.len(), 2 * 16);
    assert_eq!(
        parse("process nginx dport = 443").lower(false).code.len(),
        16
    );
    assert!(
        parse("process nginx or dport = 443")
            .lower(false)
            .code
            .is_empty()
    );
    assert!(
        parse("fwmark 1 ").lower(false).code.is_empty(),
        "only an administrator may ask for marks"
    );
}
