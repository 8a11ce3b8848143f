//! Whether events were lost so lately that what is missing may have ended unheard.

/// Samples after a loss in which a socket that is missing may have ended with a lost event: the loss is told between two
/// dumps, and a dump may have seen the socket last.
const SAMPLES: u8 = 2;

/// Remembers losses of destroy events.
#[derive(Debug, Default)]
pub struct RecentLosses(u8);

impl RecentLosses {
    /// Takes the number of events lost since the Sample before; answers whether some were, lately.
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
