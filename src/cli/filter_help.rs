//! Help on the filter language, generated from the lists that the parser uses.

use std::fmt::Write;

use crate::filter::{keywords, state_names};

/// Example filters with a description each. Tests run every one of them.
pub const EXAMPLES: &[(&str, &str)] = &[
    (
        "state established dport = :443",
        "established connections to https",
    ),
    (
        "( dport = :http or dport = :https ) dst 10.0.0.0/8",
        "web connections into one network",
    ),
    ("state time-wait", "what waits in TIME-WAIT"),
    (
        "exclude listening exclude closed",
        "connections of every state",
    ),
    ("dst [::1]:5432", "one address and port over IPv6"),
    ("sport >= 1024 and sport <= 2048", "a range of local ports"),
    (
        "! ( src 127.0.0.0/8 or src [::1] )",
        "nothing over loopback",
    ),
    ("port = 53", "either end is port 53"),
    ("src unix:/run/*", "unix sockets below /run"),
    ("dev lo", "sockets bound to a device"),
    ("process nginx", "owned by nginx"),
    (
        "process php-* user www-data",
        "owned by the workers of one user",
    ),
    ("owner none", "nobody holds them"),
    (
        "unowned waiting-for-accept",
        "connections that no accept() took yet",
    ),
    ("recvq > 0 state established", "unread data"),
    ("accept_queue >= backlog", "full accept queues"),
    ("rtt > 100ms", "slow paths"),
    ("retrans > 1%", "more than 1 % of the bytes sent again"),
    ("rate > 1MB", "busy connections"),
    ("age < 10s", "opened while we watch, less than 10 s ago"),
    ("cgroup =~ docker|kubepods", "in a container, by expression"),
    (
        "protocol udp drops > 0",
        "UDP sockets that dropped datagrams",
    ),
];

/// Returns examples for the help of a command that takes a filter.
pub fn examples_for(command: &str) -> String {
    let mut out = String::from(
        "FILTER is ss's: [ state STATE ]… [ EXPRESSION ], and more; in words or in one quoted argument.\n\
         'sockwatch help filter' has all of it.\n\nExamples:\n",
    );
    for at in [0, 1, 10, 14, 16] {
        if let Some((filter, about)) = EXAMPLES.get(at) {
            let _ = writeln!(out, "  sockwatch {command} '{filter}'\n      {about}");
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Returns the reference of the language.
pub fn full_text() -> String {
    let mut out = String::from(
        "FILTER := [ state STATE | exclude STATE ]… [ EXPRESSION ]

The language of ss(8), and more. It is taken in words or in one quoted argument, by the dashboard
(press /), list, events, record, replay, export and kill alike.

STATES
  Several add up: state established state time-wait. A filter that names a state decides by itself
  which states are listed; -a and -l do not count then.
",
    );
    for (name, about) in state_names() {
        if about.is_empty() {
            let _ = writeln!(out, "    {name}");
        } else {
            let _ = writeln!(out, "    {name:<14} {about}");
        }
    }
    out.push_str(
        "
CONDITIONS
  KEYWORD [OPERATOR] VALUE; without an operator = is meant.
",
    );
    for (name, others, about) in keywords() {
        let mut names = name.to_owned();
        for other in others {
            let _ = write!(names, ", {other}");
        }
        let _ = writeln!(out, "    {names:<18} {about}");
    }
    out.push_str(
        "
  HOST is [FAMILY:]ADDRESS[/PREFIX][:PORT], an IPv6 address in brackets, * for any, or a host's name.
  FAMILY is inet, inet6, unix, link, netlink or vsock; only families that are named are listed then,
  and several add up, where ss takes the last one.
  A word that begins with / or @, and any word with -x alone, is a pattern for names of unix sockets:
  * ? [a-z], of bytes as for ss. Double quotes keep spaces and signs in a name,
  and so does a backslash in front of each; with ss, quotes belong to the name.
  PORT is a number or a service's name. Unix sockets have their inodes in the ports' places, as in ss.
  Names of processes and users may have * and ? in them; a number is a pid or a user id.

COMPARISONS
  COLUMN OPERATOR VALUE, of any column; 'sockwatch help columns' lists them. Of numbers with their unit
  (100ms, 64kB, 1MB/s, 10Mbit, 1%), or with another column: accept_queue >= backlog. Of texts with
  = and != (* and ? stand for others), with =~ and !~ against a regular expression.
  What is not known compares with nothing: neither rtt > 1ms nor rtt <= 1ms holds for a listener.

TEXTS
  A text in quotes is looked for in all texts of a socket, and in its process's command; capitals do not
  count: \"10.0.0.\" state established. One word alone needs no quotes in the dashboard.

OPERATORS, in words as well
    =  ==  eq      !=  ne  neq      <  lt      <=  le  leq      >  gt      >=  ge  geq      =~      !~

TOGETHER
    and & &&, or | ||, not !, ( ); two conditions side by side both have to hold.
  As in ss, and against its manual, and and or are taken from left to right: a or b and c is
  ( a or b ) and c. Parentheses make it plain; kill insists on them.

WHERE IT DIFFERS FROM ss
  An address of one family never matches a socket of another; ss compares their bytes, so that with
  it ! src [::] leaves out IPv4 sockets on 0.0.0.0. A host's name stands for its addresses in both
  families. dst unix:NAME knows the name at the other end. bound-inactive is known. Where -x stands
  beside other letters, a word is understood by how it looks, and sport and dport are inodes; ss takes
  all of them for names. Ports above 65535 match nothing in every comparison, where the kernel would
  cut them.

EXAMPLES
",
    );
    for (filter, about) in EXAMPLES {
        let _ = writeln!(out, "    {filter:<52} {about}");
    }
    out
}
