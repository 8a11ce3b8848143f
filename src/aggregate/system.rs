//! Rates of the host's counters and network interfaces since the previous Sample, and over the last minute.

use std::sync::Arc;

use crate::model::SeededMap;
use crate::model::{Counters, Device, Interface, Sample};

use super::Recent;

/// Growth of one counter, or values of one gauge.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CounterTrend {
    /// Growth per second. `None` on a first Sample, for a gauge, and if it went backwards.
    pub per_s: Option<f64>,
    /// The last minute: growth per second, or the values of a gauge.
    pub recent: Recent,
    /// Time since the last Sample in which it grew, ns. `None` if it did not grow in the last 60 Samples.
    pub grew_ago_ns: Option<u64>,
    /// Samples since it grew.
    still: u8,
}

/// Rates of one network interface. `None` on a first Sample and if a counter went backwards.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct InterfaceTrend {
    /// Bytes received per second.
    pub received_bytes: Option<f64>,
    /// Packets received per second.
    pub received_packets: Option<f64>,
    /// Bytes sent per second.
    pub sent_bytes: Option<f64>,
    /// Packets sent per second.
    pub sent_packets: Option<f64>,
    /// Errors per second, both directions.
    pub errors: Option<f64>,
    /// Packets dropped per second, both directions.
    pub dropped: Option<f64>,
    /// The last minute: bytes per second, both directions.
    pub recent: Recent,
    /// Index in [`Sample::devices`] of the device with its name.
    pub device: Option<usize>,
}

/// Rates of all counters and network interfaces of the host.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SystemTrends {
    /// In the order of the names in [`Protocols`](crate::model::Protocols).
    pub counters: Vec<CounterTrend>,
    /// In the order of [`Counters::interfaces`].
    pub interfaces: Vec<InterfaceTrend>,
}

/// Gauges among the names of `snmp`: present values, not counts of events.
const GAUGES: [&str; 7] = [
    "Ip.Forwarding",
    "Ip.DefaultTTL",
    "Tcp.RtoAlgorithm",
    "Tcp.RtoMin",
    "Tcp.RtoMax",
    "Tcp.MaxConn",
    "Tcp.CurrEstab",
];

/// Reports whether a counter's name is that of a gauge. All names of `sockstat` and of single files are.
pub fn is_gauge(name: &str) -> bool {
    ["sockstat", "fs.", "net."]
        .iter()
        .any(|group| name.starts_with(group))
        || GAUGES.contains(&name)
}

/// Derives [`SystemTrends`] from each Sample's counters and those of the previous Sample.
#[derive(Debug, Default)]
pub(super) struct SystemTracker {
    before: Counters,
    /// True for each name that is a gauge.
    gauges: Vec<bool>,
    now: SystemTrends,
    /// Trends of the previous Sample, while those of this one are computed.
    old: Vec<InterfaceTrend>,
    is_known: bool,
}

/// Samples after which [`CounterTrend::grew_ago_ns`] is `None`.
const GROWTH_MEMORY: u8 = super::RECENT_POINTS as u8;

/// Returns the growth of a counter; `None` if it went backwards.
fn growth(now: u64, before: u64) -> Option<f64> {
    now.checked_sub(before).map(|grown| grown as f64)
}

impl SystemTracker {
    /// Processes the next Sample, `since` ns after the one before; `seconds` is `None` if that is too short for a rate.
    pub(super) fn update(
        &mut self,
        sample: &Sample,
        since: Option<u64>,
        seconds: Option<f64>,
        out: &mut SystemTrends,
    ) {
        self.update_counters(&sample.counters, since.unwrap_or(0), seconds);
        let devices = sample.devices.as_deref().map_or(&[][..], Vec::as_slice);
        self.update_interfaces(&sample.counters.interfaces, devices, seconds);
        self.before.clone_from(&sample.counters);
        self.is_known = true;
        out.counters.clone_from(&self.now.counters);
        out.interfaces.clone_from(&self.now.interfaces);
    }

    fn update_counters(&mut self, counters: &Counters, since: u64, seconds: Option<f64>) {
        let (now, before) = (&counters.protocols, &mut self.before.protocols);
        if !self.is_known || !Arc::ptr_eq(&now.names, &before.names) {
            self.gauges.clear();
            self.gauges
                .extend(now.names.iter().map(|name| is_gauge(name)));
            if now.names != before.names {
                // Names may have moved: each continues its own trend.
                let old: SeededMap<&str, usize> =
                    (before.names.iter().map(String::as_str).zip(0..)).collect();
                let old = |name: &String| old.get(name.as_str()).copied();
                let places: Vec<Option<usize>> = now.names.iter().map(old).collect();
                let at = |place: &Option<usize>| place.unwrap_or(usize::MAX);
                let trends = places.iter().map(|place| {
                    let trend = self.now.counters.get(at(place)).copied();
                    trend.unwrap_or_default()
                });
                let trends = trends.collect();
                // A new counter is compared with itself, so that its growth is zero.
                let values = places.iter().zip(&now.values).map(|(place, value)| {
                    let value_before = before.values.get(at(place)).copied();
                    value_before.unwrap_or(*value)
                });
                before.values = values.collect();
                self.now.counters = trends;
            }
        }
        let trends = &mut self.now.counters;
        trends.resize(now.values.len(), CounterTrend::default());
        for (at, (trend, &value)) in trends.iter_mut().zip(&now.values).enumerate() {
            if self.gauges.get(at) == Some(&true) {
                trend.recent.push(Some(value as f64));
                continue;
            }
            // Values above `i64::MAX` wrap, differences do not.
            let known = before.values.get(at).filter(|_| self.is_known);
            let grown = known.and_then(|&before| u64::try_from(value.wrapping_sub(before)).ok());
            trend.per_s = seconds.and_then(|seconds| Some(grown? as f64 / seconds));
            if grown.is_some_and(|grown| grown > 0) {
                (trend.grew_ago_ns, trend.still) = (Some(0), 0);
            } else {
                trend.still = trend.still.saturating_add(1);
                let ago = trend.grew_ago_ns.filter(|_| trend.still < GROWTH_MEMORY);
                trend.grew_ago_ns = ago.map(|ago| ago.saturating_add(since));
            }
            if seconds.is_some() {
                trend.recent.push(trend.per_s);
            }
        }
    }

    fn update_interfaces(
        &mut self,
        interfaces: &[Interface],
        devices: &[Device],
        seconds: Option<f64>,
    ) {
        let before = &self.before.interfaces;
        let mut moved: Option<SeededMap<&str, usize>> = None;
        let mut reordered: Option<SeededMap<&str, usize>> = None;
        std::mem::swap(&mut self.old, &mut self.now.interfaces);
        let trends = &mut self.now.interfaces;
        trends.clear();
        for (at, interface) in interfaces.iter().enumerate() {
            // Interfaces mostly keep their positions.
            let same = |known: &Interface| known.name == interface.name;
            let place = match before.get(at) {
                Some(known) if same(known) => Some(at),
                _ => {
                    let places = moved.get_or_insert_with(|| {
                        let names = before.iter().map(|known| known.name.as_str());
                        names.zip(0..).collect()
                    });
                    places.get(interface.name.as_str()).copied()
                }
            };
            let known = place.and_then(|place| before.get(place));
            let old = place.and_then(|place| self.old.get(place));
            // Both are mostly in the order of the kernel's indices.
            let device = match devices.get(at) {
                Some(device) if device.name == interface.name => Some(at),
                _ => {
                    let places = reordered.get_or_insert_with(|| {
                        let names = devices.iter().map(|device| device.name.as_str());
                        names.zip(0..).collect()
                    });
                    places.get(interface.name.as_str()).copied()
                }
            };
            let mut trend = InterfaceTrend {
                device,
                recent: old.map(|trend| trend.recent).unwrap_or_default(),
                ..InterfaceTrend::default()
            };
            if let Some(seconds) = seconds {
                let rate = |of: fn(&Interface) -> u64| {
                    let grown = growth(of(interface), of(known?))?;
                    Some(grown / seconds)
                };
                let both = |one: Option<f64>, other: Option<f64>| Some(one? + other?);
                trend.received_bytes = rate(|it| it.received_bytes);
                trend.received_packets = rate(|it| it.received_packets);
                trend.sent_bytes = rate(|it| it.sent_bytes);
                trend.sent_packets = rate(|it| it.sent_packets);
                trend.errors = both(rate(|it| it.received_errors), rate(|it| it.sent_errors));
                trend.dropped = both(rate(|it| it.received_dropped), rate(|it| it.sent_dropped));
                trend
                    .recent
                    .push(both(trend.received_bytes, trend.sent_bytes));
            }
            trends.push(trend);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::{Aggregate, Aggregator};

    /// A Sample one second after the previous one.
    fn sample(second: u64, counters: &[(&str, i64)], interfaces: &[(&str, u64)]) -> Sample {
        let mut sample = Sample {
            monotonic_ns: 1_000_000_000 * second,
            ..Sample::default()
        };
        let protocols = &mut sample.counters.protocols;
        protocols.names = Arc::new(counters.iter().map(|(name, _)| (*name).into()).collect());
        protocols.values = counters.iter().map(|(_, value)| *value).collect();
        let interface = |&(name, bytes): &(&str, u64)| Interface {
            name: name.to_owned(),
            received_bytes: bytes,
            received_dropped: bytes / 100,
            ..Interface::default()
        };
        sample.counters.interfaces = interfaces.iter().map(interface).collect();
        sample
    }

    fn derived(samples: &[Sample]) -> SystemTrends {
        let (mut aggregator, mut out) = (Aggregator::new(), Aggregate::default());
        for sample in samples {
            aggregator.update(sample, &mut out);
        }
        out.system
    }

    #[test]
    fn counters_have_rates_and_gauges_their_values() {
        let given = |second, segments, sockets| {
            let counters = [("Tcp.InSegs", segments), ("sockstat.TCP.tw", sockets)];
            sample(second, &counters, &[])
        };
        let first = derived(&[given(1, 100, 7)]).counters[0];
        assert_eq!((first.per_s, first.grew_ago_ns), (None, None));
        let system = derived(&[given(1, 100, 7), given(2, 100, 5), given(4, 130, 9)]);
        let [counter, gauge] = system.counters[..] else {
            panic!("two counters");
        };
        assert_eq!((counter.per_s, counter.grew_ago_ns), (Some(15.0), Some(0)));
        assert!(counter.recent.values().eq([Some(0.0), Some(15.0)]));
        assert_eq!((gauge.per_s, gauge.grew_ago_ns), (None, None));
        assert!(gauge.recent.values().eq([7.0, 5.0, 9.0].map(Some)));
    }

    #[test]
    fn a_counter_that_goes_backwards_has_no_rate_and_one_that_wraps_has() {
        let given = |second, value| sample(second, &[("IpExt.InOctets", value)], &[]);
        let system = derived(&[given(1, 9), given(2, 5)]);
        assert_eq!(system.counters[0].per_s, None);
        let system = derived(&[given(1, i64::MAX), given(2, i64::MIN + 1)]);
        assert_eq!(system.counters[0].per_s, Some(2.0));
    }

    #[test]
    fn added_and_removed_names_do_not_affect_other_counters() {
        let system = derived(&[
            sample(1, &[("Tcp.InSegs", 1), ("Udp.NoPorts", 3)], &[]),
            sample(2, &[("Tcp.InSegs", 2), ("Udp.NoPorts", 3)], &[]),
            sample(3, &[("Sctp.InPkts", 50), ("Tcp.InSegs", 6)], &[]),
        ]);
        let [new, known] = system.counters[..] else {
            panic!("two counters");
        };
        assert_eq!(new.per_s, Some(0.0), "it is not known to have grown");
        assert_eq!(new.grew_ago_ns, None);
        assert_eq!(known.per_s, Some(4.0));
        assert!(known.recent.values().eq([Some(1.0), Some(4.0)]));
    }

    #[test]
    fn the_time_since_a_counter_grew_is_known_for_a_minute() {
        let mut samples = vec![sample(1, &[("Tcp.OutRsts", 0)], &[])];
        let still =
            |from: u64, to: u64| (from..to).map(|at| sample(at, &[("Tcp.OutRsts", 4)], &[]));
        samples.extend(still(2, 5));
        assert_eq!(
            derived(&samples).counters[0].grew_ago_ns,
            Some(2_000_000_000)
        );
        samples.extend(still(5, 100));
        assert_eq!(derived(&samples).counters[0].grew_ago_ns, None);
    }

    #[test]
    fn interfaces_are_matched_by_name() {
        let system = derived(&[
            sample(1, &[], &[("lo", 100), ("eth0", 1000)]),
            sample(2, &[], &[("eth0", 3000), ("lo", 50), ("wg0", 5)]),
        ]);
        let [eth0, lo, wg0] = system.interfaces[..] else {
            panic!("three devices");
        };
        assert_eq!(eth0.received_bytes, Some(2000.0));
        assert_eq!(eth0.dropped, Some(20.0));
        assert_eq!(lo.received_bytes, None, "it went backwards");
        assert_eq!(
            wg0,
            InterfaceTrend {
                recent: wg0.recent,
                ..InterfaceTrend::default()
            }
        );
    }
}
