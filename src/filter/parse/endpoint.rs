//! Parses hosts and ports in the HOST SYNTAX of `man ss`: `[FAMILY:]ADDRESS[/PREFIX][:PORT]`.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::filter::context::RequestedSockets;
use crate::filter::endpoint::{Address, Host, Network};
use crate::filter::pattern::Pattern;
use crate::filter::resolver::{Lookup, NameResolver};
use crate::model::{Family, Protocol};

/// Names of families in front of an address.
const FAMILIES: [(&str, Family); 8] = [
    ("inet:", Family::Inet),
    ("inet6:", Family::Inet6),
    ("unix:", Family::Unix),
    ("link:", Family::Packet),
    ("netlink:", Family::Netlink),
    ("vsock:", Family::Vsock),
    ("tipc:", Family::Tipc),
    ("xdp:", Family::Xdp),
];

/// Splits off a leading family prefix.
fn family(text: &str) -> (Option<Family>, &str) {
    FAMILIES
        .iter()
        .find_map(|&(name, family)| Some((Some(family), text.strip_prefix(name)?)))
        .unwrap_or((None, text))
}

/// Parses the value of `dst`, `src` or `host`.
///
/// # Errors
/// A message without a position.
pub(super) fn parse_host(
    text: &str,
    names: &dyn NameResolver,
    requested: &RequestedSockets,
) -> Result<Host, String> {
    let (named, rest) = family(text);
    let path = matches!(rest.as_bytes().first(), Some(b'/' | b'@'));
    let wanted = named
        .or(requested.family)
        .or_else(|| path.then_some(Family::Unix));
    let of = |address, port| {
        Ok(Host {
            family: named,
            address,
            port,
        })
    };
    match wanted {
        Some(Family::Unix) => of(Address::Name(Pattern::file_name(rest)?), None),
        Some(Family::Packet) => {
            let (address, port) = split(rest);
            of(ethertype(address)?, device_port(port, names)?)
        }
        Some(Family::Netlink) => {
            let (address, port) = split(rest);
            of(netlink(address)?, netlink_port(port)?)
        }
        Some(family @ (Family::Vsock | Family::Tipc)) => {
            let (address, port) = split(rest);
            let number = |text: &str| parse_integer(text).and_then(|it| u32::try_from(it).ok());
            let address = match address {
                "" | "*" => Address::Any,
                text => Address::Number(number(text).ok_or_else(|| match family {
                    Family::Vsock => format!("invalid vsock context ID '{text}'"),
                    _ => format!("invalid TIPC node '{text}'"),
                })?),
            };
            of(address, number_port(port)?)
        }
        Some(Family::Xdp) => {
            let (address, port) = split(rest);
            if !matches!(address, "" | "*") {
                return Err(format!(
                    "'{address}': an XDP socket has no address; use dev"
                ));
            }
            of(Address::Any, number_port(port)?)
        }
        Some(Family::Inet | Family::Inet6) | None => {
            let (address, port) = split_inet(rest, wanted)?;
            let port = match port {
                None | Some("" | "*") => None,
                Some(port) => Some(inet_port(port, names, requested)?),
            };
            of(inet(&address, wanted, names)?, port)
        }
    }
}

/// Parses the value of `dport`, `sport` or `port`. Returns the family prefix and the port; `None` for any port.
///
/// # Errors
/// A message without a position.
pub(super) fn parse_port(
    text: &str,
    names: &dyn NameResolver,
    requested: &RequestedSockets,
) -> Result<(Option<Family>, Option<i64>), String> {
    let (named, rest) = family(text);
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    if matches!(rest, "" | "*") {
        return Ok((named, None));
    }
    let port = match named.or(requested.family) {
        Some(Family::Packet) => device_port(Some(rest), names)?,
        Some(Family::Netlink) => netlink_port(Some(rest))?,
        Some(Family::Vsock | Family::Unix | Family::Tipc | Family::Xdp) => number_port(Some(rest))?,
        Some(Family::Inet | Family::Inet6) | None => Some(inet_port(rest, names, requested)?),
    };
    Ok((named, port))
}

/// Splits a text at the first colon into address and port.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((address, port)) => (address, Some(port)),
        None => (text, None),
    }
}

/// Splits an internet address from its port. Colons of the address itself are inside brackets.
fn split_inet(text: &str, family: Option<Family>) -> Result<(Cow<'_, str>, Option<&str>), String> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest
            .split_once(']')
            .ok_or_else(|| "unclosed '['".to_owned())?;
        let (length, port) = match rest.split_once(':') {
            Some((length, port)) => (length, Some(port)),
            None => (rest, None),
        };
        // ss expects the prefix length inside the brackets; other programs write it after them.
        return match length {
            "" => Ok((Cow::Borrowed(address), port)),
            _ if length.starts_with('/') && !address.contains('/') => {
                Ok((Cow::Owned(format!("{address}{length}")), port))
            }
            _ => Err(format!("invalid port '{rest}' after ']'")),
        };
    }
    // An IPv6 address without brackets, which ss rejects.
    let whole = text.split('/').next().unwrap_or(text);
    if family != Some(Family::Inet) && whole.parse::<Ipv6Addr>().is_ok() {
        return Ok((Cow::Borrowed(text), None));
    }
    if let Some(rest) = text.strip_prefix('*') {
        return Ok((
            Cow::Borrowed("*"),
            Some(rest.strip_prefix(':').unwrap_or(rest)),
        ));
    }
    // A colon after the prefix length, or the last one.
    let from = text.find('/').unwrap_or(0);
    Ok(match text[from..].rfind(':') {
        Some(at) => (
            Cow::Borrowed(&text[..from + at]),
            Some(&text[from + at + 1..]),
        ),
        None => (Cow::Borrowed(text), None),
    })
}

/// Parses an internet address, a network, or a host name.
fn inet(text: &str, family: Option<Family>, names: &dyn NameResolver) -> Result<Address, String> {
    if matches!(text, "" | "*" | "any" | "all" | "default") {
        return Ok(Address::Any);
    }
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let known: Option<IpAddr> = match family {
        Some(Family::Inet) => v4_address(address).map(IpAddr::V4),
        Some(Family::Inet6) => address.parse().ok().map(IpAddr::V6),
        _ if address.contains(':') => address.parse().ok().map(IpAddr::V6),
        _ => v4_address(address).map(IpAddr::V4),
    };
    if let Some(address) = known {
        let mut network = Network::single(address);
        if let Some(length) = length {
            network.prefix = prefix(length, address)?;
        }
        return Ok(Address::Networks(vec![network]));
    }
    if length.is_some() || !is_host_name(address) {
        return Err(format!("'{text}' is not an address, network or host name"));
    }
    match names.hosts(address) {
        Lookup::Known(addresses) => {
            let fits = |address: &IpAddr| match family {
                Some(Family::Inet) => address.is_ipv4(),
                Some(Family::Inet6) => address.is_ipv6(),
                _ => true,
            };
            let networks: Vec<Network> = addresses
                .into_iter()
                .filter(fits)
                .map(Network::single)
                .collect();
            if networks.is_empty() {
                return Err(format!("cannot resolve host '{address}'"));
            }
            Ok(Address::Networks(networks))
        }
        Lookup::Pending => Ok(Address::Unresolved(address.to_owned())),
        Lookup::NotFound => Err(format!("cannot resolve host '{address}'")),
    }
}

/// Reports whether a text consists of host name characters, with at least one letter.
fn is_host_name(text: &str) -> bool {
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    text.chars().all(fine) && text.chars().any(char::is_alphabetic)
}

/// Parses one to four numbers: `10.8` is 10.8.0.0, as in ss.
fn v4_address(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for (at, octet) in octets.iter_mut().enumerate() {
        match parts.next() {
            Some(part) => {
                *octet = parse_integer(part).and_then(|number| u8::try_from(number).ok())?;
            }
            None if at > 0 => break,
            None => return None,
        }
    }
    parts.next().is_none().then(|| octets.into())
}

/// Parses a prefix length, or an IPv4 netmask.
fn prefix(text: &str, address: IpAddr) -> Result<u8, String> {
    let most = if address.is_ipv4() { 32 } else { 128 };
    if let Some(length) = parse_integer(text) {
        return u8::try_from(length)
            .ok()
            .filter(|&length| length <= most)
            .ok_or_else(|| format!("prefix length {length} exceeds the maximum of {most}"));
    }
    let mask: Option<Ipv4Addr> = text.parse().ok().filter(|_| address.is_ipv4());
    let mask = mask.map(u32::from);
    mask.filter(|mask| mask.leading_ones() + mask.trailing_zeros() >= 32)
        .map(|mask| mask.leading_ones() as u8)
        .ok_or_else(|| format!("invalid prefix length '{text}'"))
}

/// Parses an integer as `strtol` does: decimal, hexadecimal with `0x`, octal with `0`.
pub(super) fn parse_integer(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    if let Some(digits) = lower.strip_prefix("0x") {
        return i64::from_str_radix(digits, 16)
            .ok()
            .filter(|_| is_digits(digits, 16));
    }
    if !is_digits(&lower, 10) {
        return None;
    }
    if lower.len() > 1 && lower.starts_with('0') {
        return i64::from_str_radix(&lower, 8).ok();
    }
    lower.parse().ok()
}

fn is_digits(text: &str, radix: u32) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_digit(radix))
}

/// Parses a port number or a service name.
fn inet_port(
    text: &str,
    names: &dyn NameResolver,
    requested: &RequestedSockets,
) -> Result<i64, String> {
    if let Some(port) = parse_integer(text) {
        // Unix sockets have their inode in place of a port, so any number is valid.
        return u32::try_from(port)
            .map(i64::from)
            .map_err(|_| format!("port '{text}' is too large"));
    }
    let asked =
        |wanted: bool, protocol: &str| wanted.then(|| names.service(text, protocol)).flatten();
    let nothing = !requested.protocols.contains(&Protocol::Tcp)
        && !requested.protocols.contains(&Protocol::Udp);
    let tcp = asked(
        nothing || requested.protocols.contains(&Protocol::Tcp),
        "tcp",
    );
    let udp = asked(
        nothing || requested.protocols.contains(&Protocol::Udp),
        "udp",
    );
    match (tcp, udp) {
        (Some(tcp), Some(udp)) if tcp != udp => Err(format!(
            "'{text}' is tcp port {tcp} but udp port {udp}; use the number"
        )),
        (Some(port), _) | (None, Some(port)) => Ok(port.into()),
        (None, None) => Err(format!("'{text}' is not a port number or a known service")),
    }
}

fn number_port(text: Option<&str>) -> Result<Option<i64>, String> {
    match text {
        None | Some("" | "*") => Ok(None),
        Some(text) => parse_integer(text)
            .map(Some)
            .ok_or_else(|| format!("invalid port '{text}'")),
    }
}

/// Parses the device given in place of a packet socket's port.
fn device_port(text: Option<&str>, names: &dyn NameResolver) -> Result<Option<i64>, String> {
    match text {
        None | Some("" | "*") => Ok(None),
        Some(text) => parse_integer(text)
            .or_else(|| names.device(text).map(i64::from))
            .map(Some)
            .ok_or_else(|| format!("unknown device '{text}'")),
    }
}

fn netlink_port(text: Option<&str>) -> Result<Option<i64>, String> {
    match text {
        Some("kernel") => Ok(Some(0)),
        // Port ids are 32 bits wide; ss shows them as signed numbers.
        Some(text) if text.starts_with('-') => parse_integer(&text[1..])
            .map(|number| Some(-number))
            .ok_or_else(|| format!("invalid port ID '{text}'")),
        text => number_port(text),
    }
}

/// Names of Ethernet protocols in iproute2.
const ETHERTYPES: [(&str, u16); 14] = [
    ("all", 0x0003),
    ("loop", 0x0060),
    ("ip", 0x0800),
    ("ipv4", 0x0800),
    ("arp", 0x0806),
    ("rarp", 0x8035),
    ("802.1q", 0x8100),
    ("ipv6", 0x86dd),
    ("mpls_uc", 0x8847),
    ("mpls_mc", 0x8848),
    ("ppp_disc", 0x8863),
    ("ppp_ses", 0x8864),
    ("802.1ad", 0x88a8),
    ("lldp", 0x88cc),
];

fn ethertype(text: &str) -> Result<Address, String> {
    if matches!(text, "" | "*") {
        return Ok(Address::Any);
    }
    let named = ETHERTYPES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    named
        .map(|&(_, number)| number)
        .or_else(|| parse_integer(text).and_then(|number| u16::try_from(number).ok()))
        .map(Address::Ethertype)
        .ok_or_else(|| format!("unknown Ethernet protocol '{text}'"))
}

/// Names of netlink protocols in iproute2 that differ from the kernel's.
const NETLINK: [(&str, u8); 11] = [
    ("rtnl", 0),
    ("fw", 3),
    ("tcpdiag", 4),
    ("fiblookup", 10),
    ("nft", 12),
    ("ip6fw", 13),
    ("dec-rt", 14),
    ("uevent", 15),
    ("genl", 16),
    ("scsi-trans", 18),
    ("connector", 11),
];

fn netlink(text: &str) -> Result<Address, String> {
    if matches!(text, "" | "*") {
        return Ok(Address::Any);
    }
    let by_number = parse_integer(text).and_then(|number| u8::try_from(number).ok());
    let by_name = NETLINK.iter().find(|(name, _)| *name == text);
    let ours = || (0..=22).find(|&number| Protocol::Netlink(number).name() == text);
    by_number
        .or(by_name.map(|&(_, number)| number))
        .or_else(ours)
        .map(Address::Netlink)
        .ok_or_else(|| format!("unknown netlink protocol '{text}'"))
}
