//! Whether events were lost so lately that what is missing may have ended unheard.

/// Samples after a loss in which a socket that is missing may have ended with a lost event: the loss is told between two
/// dumps, and a dump may have seen the socket last.
const LATELY: u8 = 2;

/// Remembers losses of destroy events.
#[derive(Debug, Default)]
pub struct Losses(u8);

impl Losses {
    /// Takes the number of events lost since the Sample before; answers whether some were, lately.
    pub fn lately(&mut self, lost: u64) -> bool {
        self.0 = if lost > 0 {
            LATELY
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
        let mut losses = Losses::default();
        assert!(!losses.lately(0));
        assert!(losses.lately(7) && losses.lately(0));
        assert!(!losses.lately(0));
    }
}
