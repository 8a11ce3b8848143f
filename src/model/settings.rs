//! Kernel settings.

use std::ops::RangeInclusive;

/// Settings by `sysctl` name (`net.ipv4.tcp_max_tw_buckets`), with the kernel's text. Settings that the kernel does not
/// report in this network namespace are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Names and values, in the order in which they were read.
    pub values: Vec<(String, String)>,
}

impl Settings {
    /// Page size in bytes: the unit in which the kernel counts socket memory. Not a sysctl: `getconf PAGE_SIZE`.
    pub const PAGE_SIZE: &'static str = "page_size";

    /// Returns the text of a setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.values.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// Returns one number of a setting that may have several, counted from 0.
    pub fn number(&self, name: &str, place: usize) -> Option<u64> {
        self.get(name)?
            .split_ascii_whitespace()
            .nth(place)?
            .parse()
            .ok()
    }

    /// Returns one number of a setting in pages, converted to bytes.
    pub fn pages(&self, name: &str, place: usize) -> Option<u64> {
        self.number(name, place)?
            .checked_mul(self.number(Self::PAGE_SIZE, 0)?)
    }

    /// Returns the local ports from which the kernel chooses; `None` if the range is not known.
    pub fn local_ports(&self) -> Option<LocalPorts> {
        const RANGE: &str = "net.ipv4.ip_local_port_range";
        let low = u16::try_from(self.number(RANGE, 0)?).ok()?;
        let high = u16::try_from(self.number(RANGE, 1)?).ok()?;
        let reserved = self.get("net.ipv4.ip_local_reserved_ports").unwrap_or("");
        let reserved = bitmap(reserved);
        let words = (0..).zip(reserved.iter());
        let bits = words.map(|(word, bits)| bits & bits_between(low, high, word));
        Some(LocalPorts {
            range: low..=high,
            reserved_in_range: bits.map(u64::count_ones).sum(),
            reserved,
        })
    }
}

/// The local ports from which the kernel chooses for connections that request none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPorts {
    /// Kernel: `net.ipv4.ip_local_port_range`.
    pub range: RangeInclusive<u16>,
    /// Ports that are excluded, one bit each. Kernel: `net.ipv4.ip_local_reserved_ports`.
    reserved: Box<[u64; WORDS]>,
    /// Number of those in the range.
    reserved_in_range: u32,
}

impl LocalPorts {
    /// Reports whether the kernel may choose the port.
    #[inline]
    pub fn contains(&self, port: u16) -> bool {
        self.range.contains(&port) && !self.is_reserved(port)
    }

    /// Returns the number of ports available to choose from.
    pub fn count(&self) -> u32 {
        let all = self.range.clone().count() as u32;
        all - self.reserved()
    }

    /// Returns the number of reserved ports in the range.
    pub fn reserved(&self) -> u32 {
        self.reserved_in_range
    }

    #[inline]
    fn is_reserved(&self, port: u16) -> bool {
        self.reserved[usize::from(port) / 64] >> (port % 64) & 1 == 1
    }
}

/// Words of a bitmap of all ports.
const WORDS: usize = (u16::MAX as usize + 1) / 64;

/// Parses `8080,9000-9010` to a bitmap.
fn bitmap(text: &str) -> Box<[u64; WORDS]> {
    let mut all = Box::new([0; WORDS]);
    for part in text.split(',') {
        let (low, high) = part.trim().split_once('-').unwrap_or((part, part));
        if let (Ok(low), Ok(high)) = (low.trim().parse::<u16>(), high.trim().parse::<u16>()) {
            for word in low / 64..=high / 64 {
                all[usize::from(word)] |= bits_between(low, high, word.into());
            }
        }
    }
    all
}

/// Returns the bits of the ports from `low` to `high` in one word of a bitmap.
fn bits_between(low: u16, high: u16, word: u32) -> u64 {
    let first = word * 64;
    let (low, high) = (u32::from(low).max(first), u32::from(high).min(first + 63));
    if low > high {
        return 0;
    }
    (u64::MAX << (low - first)) & (u64::MAX >> (first + 63 - high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(values: &[(&str, &str)]) -> Settings {
        let values = values.iter().copied();
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Settings {
            values: values.collect(),
        }
    }

    #[test]
    fn a_setting_may_have_several_numbers() {
        let settings = settings(&[("net.ipv4.tcp_mem", "1\t2\t3"), ("page_size", "4096")]);
        assert_eq!(settings.number("net.ipv4.tcp_mem", 2), Some(3));
        assert_eq!(settings.pages("net.ipv4.tcp_mem", 1), Some(8192));
        assert_eq!(settings.number("net.ipv4.tcp_mem", 3), None);
        assert_eq!(settings.get("net.ipv4.tcp_rmem"), None);
    }

    #[test]
    fn reserved_ports_are_not_chosen() {
        let settings = settings(&[
            ("net.ipv4.ip_local_port_range", "1000\t1099"),
            (
                "net.ipv4.ip_local_reserved_ports",
                "80,1010-1019,1015-1020,5000",
            ),
        ]);
        let ports = settings.local_ports().unwrap();
        assert_eq!((ports.count(), ports.reserved()), (89, 11));
        assert!(ports.contains(1000) && ports.contains(1099));
        assert!(!ports.contains(1012) && !ports.contains(80) && !ports.contains(1100));
    }

    #[test]
    fn a_range_that_makes_no_sense_holds_no_port() {
        let text = "2000 1000";
        let reserved = ("net.ipv4.ip_local_reserved_ports", "1-65535");
        let settings = settings(&[("net.ipv4.ip_local_port_range", text), reserved]);
        let ports = settings.local_ports().unwrap();
        assert_eq!((ports.count(), ports.reserved()), (0, 0));
        let text = "a b";
        let settings = super::Settings {
            values: vec![("net.ipv4.ip_local_port_range".into(), text.into())],
        };
        assert_eq!(settings.local_ports(), None);
    }
}
