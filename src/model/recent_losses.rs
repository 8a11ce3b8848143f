//! Tracks recent losses of destroy events, after which a missing socket may have closed unnoticed.

/// Number of Samples after a loss in which a missing socket may have closed with a lost event. The loss is reported
/// between two dumps, and the later dump may have been the last to include the socket.
const SAMPLES: u8 = 2;

/// Remembers losses of destroy events.
#[derive(Debug, Default)]
pub struct RecentLosses(u8);

impl RecentLosses {
    /// Records the number of events lost since the previous Sample; returns whether events were lost recently.
    pub fn update(&mut self, lost: u64) -> bool {
        self.0 = if lost > 0 {
            SAMPLES
        } else {
            self.0.saturating_sub(1)
        };
        self.0 > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_counts_for_the_next_sample_too() {
        let mut losses = RecentLosses::default();
        assert!(!losses.update(0));
        assert!(losses.update(7) && losses.update(0));
        assert!(!losses.update(0));
    }
}
