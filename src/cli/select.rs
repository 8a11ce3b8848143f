//! Arguments that select sockets: ss's letters and a filter.

use std::path::PathBuf;

use clap::Args;

/// Selection of sockets, with ss's letters.
#[derive(Debug, Clone, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a letter that ss has"
)]
pub struct Select {
    /// Sockets in all states
    ///
    /// Includes listening, unconnected, TIME-WAIT and SYN-RECV sockets.
    #[arg(short, long, overrides_with = "listening")]
    pub all: bool,
    /// Listening and unconnected sockets only
    #[arg(short, long, overrides_with = "all")]
    pub listening: bool,
    /// TCP sockets
    #[arg(short, long)]
    pub tcp: bool,
    /// UDP sockets
    #[arg(short, long)]
    pub udp: bool,
    /// Unix sockets
    #[arg(short = 'x', long)]
    pub unix: bool,
    /// Raw IP sockets
    #[arg(short = 'w', long, hide_short_help = true)]
    pub raw: bool,
    /// Packet sockets
    #[arg(short = '0', long, hide_short_help = true)]
    pub packet: bool,
    /// MPTCP sockets
    #[arg(short = 'M', long, hide_short_help = true)]
    pub mptcp: bool,
    /// SCTP sockets
    #[arg(short = 'S', long, hide_short_help = true)]
    pub sctp: bool,
    /// Vsock sockets
    #[arg(long, hide_short_help = true)]
    pub vsock: bool,
    /// TIPC sockets
    #[arg(long, hide_short_help = true)]
    pub tipc: bool,
    /// XDP sockets
    #[arg(long, hide_short_help = true)]
    pub xdp: bool,
    /// IPv4 sockets only
    #[arg(short = '4', long, overrides_with = "ipv6")]
    pub ipv4: bool,
    /// IPv6 sockets only
    #[arg(short = '6', long, overrides_with = "ipv4")]
    pub ipv6: bool,
    /// inet, inet6, unix, link, netlink, vsock, tipc or xdp
    #[arg(
        short,
        long,
        value_name = "FAMILY",
        value_delimiter = ',',
        hide_short_help = true
    )]
    pub family: Vec<String>,
    /// Kinds of sockets, such as tcp,udp or all,!unix
    ///
    /// all, inet, tcp, udp, udplite, raw, icmp, mptcp, sctp, unix, packet, netlink, vsock, tipc, xdp, and parts of them
    /// such as `unix_dgram`. A leading ! excludes a kind.
    #[arg(
        short = 'A',
        long,
        visible_alias = "socket",
        value_name = "KIND,…",
        hide_short_help = true,
        value_delimiter = ','
    )]
    pub query: Vec<String>,
    /// Read more of the filter from a file
    #[arg(
        short = 'F',
        long = "filter",
        value_name = "FILE",
        hide_short_help = true
    )]
    pub filter_file: Option<PathBuf>,
    /// Filter in the language of ss
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}

impl Select {
    /// Returns true if it names kinds of sockets, not only families of addresses.
    pub fn names_kinds(&self) -> bool {
        let letters = [
            self.tcp,
            self.udp,
            self.unix,
            self.raw,
            self.packet,
            self.mptcp,
            self.sctp,
            self.vsock,
            self.tipc,
            self.xdp,
        ];
        let is_other = |name: &String| !name.starts_with("inet");
        letters.contains(&true) || !self.query.is_empty() || self.family.iter().any(is_other)
    }

    /// Formats the selection as it was typed.
    pub fn to_text(&self) -> String {
        let letters = [
            (self.all, 'a'),
            (self.listening, 'l'),
            (self.tcp, 't'),
            (self.udp, 'u'),
            (self.unix, 'x'),
            (self.raw, 'w'),
            (self.packet, '0'),
            (self.mptcp, 'M'),
            (self.sctp, 'S'),
            (self.ipv4, '4'),
            (self.ipv6, '6'),
        ];
        let mut letters: String = letters
            .into_iter()
            .filter_map(|(given, letter)| given.then_some(letter))
            .collect();
        if !letters.is_empty() {
            letters.insert(0, '-');
        }
        let option = |given: bool, name: &'static str| if given { name } else { "" };
        let vsock = option(self.vsock, "--vsock");
        let tipc = option(self.tipc, "--tipc");
        let xdp = option(self.xdp, "--xdp");
        let lists = [('f', &self.family), ('A', &self.query)].map(|(letter, names)| {
            if names.is_empty() {
                String::new()
            } else {
                format!("-{letter} {}", names.join(","))
            }
        });
        let [family, query] = lists;
        let file = self.filter_file.as_ref();
        let file = file.map_or_else(String::new, |path| format!("-F {}", path.display()));
        let filter = self.filter.join(" ");
        let parts = [&letters, vsock, tipc, xdp, &family, &query, &file, &filter];
        let given: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        given.join(" ")
    }

    /// Returns true if any letter or filter was typed.
    pub fn is_restricted(&self) -> bool {
        self.names_kinds()
            || self.ipv4
            || self.ipv6
            || !self.family.is_empty()
            || !self.filter.is_empty()
            || self.filter_file.is_some()
    }
}
