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
        let sample = Sample {
            taken_at_us: sample.taken_at_us,
            monotonic_ns: now,
            host: Arc::clone(&sample.host),
            counters: namespace.counters.clone(),
            devices: namespace.devices.clone(),
            settings: Arc::clone(&namespace.settings),
            own_netns: self.inode,
            ..Sample::default()
        };
        let mut moment = Moment {
            sample,
            ..Moment::default()
        };
        let window = since.filter(|&since| since >= MIN_WINDOW_NS);
        let seconds = window.map(|ns| ns as f64 / 1e9);
        let trends = &mut moment.aggregate.system;
        (self.tracker).update(&moment.sample, since, seconds, trends);
        self.moment = Arc::new(moment);
    }
}
