//! Counters, interfaces and settings of a network namespace that the user looks at, with their rates.

use std::sync::Arc;

use super::Moment;
use super::rates::MIN_WINDOW_NS;
use super::system::SystemTracker;
use crate::model::{NetNamespace, Sample};

/// Counters, interfaces and settings of one other network namespace, followed from Sample to Sample. Rates are known from
/// the second Sample on.
#[derive(Debug)]
pub struct NamespaceSystem {
    /// Its number.
    pub inode: u32,
    /// Its name, as it was last known.
    pub name: Arc<str>,
    /// True if the last Sample has it.
    pub is_present: bool,
    tracker: SystemTracker,
    /// When it was first sampled, ns of the monotonic clock: a later one may have the same number.
    since_ns: u64,
    /// Time of the last Sample, ns of the monotonic clock.
    last_ns: Option<u64>,
    /// Time of the last check of the namespace, which idle ones of many do not have in each Sample, ns.
    checked_ns: u64,
    moment: Arc<Moment>,
}

impl NamespaceSystem {
    /// Starts to follow a network namespace.
    pub fn new(namespace: &NetNamespace) -> NamespaceSystem {
        NamespaceSystem {
            inode: namespace.inode,
            name: Arc::clone(&namespace.name),
            is_present: true,
            tracker: SystemTracker::default(),
            since_ns: namespace.since_ns,
            last_ns: None,
            checked_ns: 0,
            moment: Arc::default(),
        }
    }

    /// Returns a moment in which the counters, interfaces and settings are those of the namespace. It has no sockets.
    pub fn moment(&self) -> &Arc<Moment> {
        &self.moment
    }

    /// Processes the next Sample. The last known figures stay if the namespace is not in it.
    pub fn update(&mut self, sample: &Sample) {
        let namespace = sample.namespace(self.inode);
        let Some(namespace) = namespace.filter(|known| known.since_ns == self.since_ns) else {
            self.is_present = false;
            return;
        };
        let now = sample.monotonic_ns;
        if self.last_ns == Some(now) {
            return;
        }
        let since = self.last_ns.and_then(|last| now.checked_sub(last));
        if since.is_none() {
            // The first one, or an earlier one: growth is not known.
            self.tracker = SystemTracker::default();
        }
        self.is_present = true;
        self.name.clone_from(&namespace.name);
        self.last_ns = Some(now);
        let before_ns = std::mem::replace(&mut self.checked_ns, namespace.checked_ns);
        let sample = Sample {
            taken_at_us: sample.taken_at_us,
            monotonic_ns: now,
            host: Arc::clone(&sample.host),
            counters: namespace.counters.as_ref().clone(),
            devices: namespace.devices.clone(),
            settings: Arc::clone(&namespace.settings),
            own_netns: self.inode,
            ..Sample::default()
        };
        let mut moment = Moment {
            sample,
            ..Moment::default()
        };
        // The last known figures are repeated until the next check, whose growth is that since the one before.
        let is_repeated = namespace.checked_ns == before_ns;
        let measured = if is_repeated {
            since
        } else {
            since.and_then(|_| namespace.checked_ns.checked_sub(before_ns))
        };
        let window = measured.filter(|&measured| measured >= MIN_WINDOW_NS);
        let seconds = window.map(|ns| ns as f64 / 1e9);
        let trends = &mut moment.aggregate.system;
        (self.tracker).update(&moment.sample, since, seconds, trends);
        self.moment = Arc::new(moment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Counters;

    const SECOND: u64 = 1_000_000_000;

    fn sample(seconds: u64, checked: u64, drops: i64) -> Sample {
        let mut counters = Counters::default();
        counters.protocols.names = Arc::new(vec!["TcpExt.ListenDrops".to_owned()]);
        counters.protocols.values = vec![drops];
        let namespace = NetNamespace {
            since_ns: SECOND,
            checked_ns: checked * SECOND,
            counters: Arc::new(counters),
            ..NetNamespace::named(7, "blue")
        };
        Sample {
            monotonic_ns: seconds * SECOND,
            namespaces: vec![Arc::new(namespace)],
            ..Sample::default()
        }
    }

    #[test]
    fn rates_are_measured_from_check_to_check() {
        let first = sample(10, 10, 100);
        let mut system = NamespaceSystem::new(&first.namespaces[0]);
        let mut rates = Vec::new();
        for (seconds, checked, drops) in [
            (10, 10, 100),
            (11, 10, 100),
            (12, 10, 100),
            (13, 10, 100),
            // 50 in four seconds.
            (14, 14, 150),
            (15, 15, 160),
            (16, 15, 160),
            // Back to an earlier Sample of a recording.
            (12, 10, 100),
            (13, 10, 100),
        ] {
            system.update(&sample(seconds, checked, drops));
            let trends = &system.moment().aggregate.system.counters;
            rates.push(trends[0].per_s);
        }
        let known = |rate: f64| Some(rate);
        assert_eq!(
            rates,
            [
                None,
                known(0.0),
                known(0.0),
                known(0.0),
                known(12.5),
                known(10.0),
                known(0.0),
                None,
                known(0.0),
            ]
        );
    }
}
