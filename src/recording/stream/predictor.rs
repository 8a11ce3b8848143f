//! Predicts streams from changes of other streams.

use super::numbers::{SEND_QUEUE, TCP};

/// Streams whose change usually follows from changes of lower streams: most segments carry data, sent data is
/// delivered, and sent data is acknowledged or stays in the queue. Kernel: `tcpi_data_segs_in`, `tcpi_data_segs_out`,
/// `tcpi_delivered`, `tcpi_bytes_sent`.
pub(in crate::recording) const PREDICTED_STREAMS: [usize; 4] =
    [TCP + 152 / 4, TCP + 156 / 4, TCP + 192 / 4, TCP + 200 / 4];

// Indices of `PREDICTED_STREAMS`.
const DATA_SEGS_IN: usize = 0;
const DATA_SEGS_OUT: usize = 1;
const DELIVERED: usize = 2;
const BYTES_SENT: usize = 3;

/// The streams that predict others, in order: the stream, the index of the predicted stream, and whether the prediction
/// is negative. Kernel: `idiag_wqueue`, `tcpi_bytes_acked`, `tcpi_segs_out`, `tcpi_segs_in`, `tcpi_notsent_bytes`,
/// `tcpi_data_segs_out`.
const PREDICTORS: [(usize, usize, bool); 6] = [
    (SEND_QUEUE, BYTES_SENT, false),
    (TCP + 120 / 4, BYTES_SENT, false),
    (TCP + 136 / 4, DATA_SEGS_OUT, false),
    (TCP + 140 / 4, DATA_SEGS_IN, false),
    (TCP + 144 / 4, BYTES_SENT, true),
    (TCP + 156 / 4, DELIVERED, false),
];

/// Index of no stream: changes added to it are never read.
const NOT_A_PREDICTOR: usize = PREDICTED_STREAMS.len();

/// The prediction of one stream by another: the index of the predicted one in [`PREDICTED_STREAMS`], and the sign.
#[derive(Debug, Clone, Copy)]
pub(in crate::recording) struct Predictor {
    slot: u8,
    is_negative: bool,
}

impl Predictor {
    /// Returns the predictor of a stream, which may predict nothing.
    pub(in crate::recording) const fn of_stream(stream: usize) -> Predictor {
        let mut at = 0;
        while at < PREDICTORS.len() {
            let (predictor, slot, is_negative) = PREDICTORS[at];
            if predictor == stream {
                return Predictor {
                    slot: slot as u8,
                    is_negative,
                };
            }
            at += 1;
        }
        Predictor {
            slot: NOT_A_PREDICTOR as u8,
            is_negative: false,
        }
    }

    /// Reports whether it predicts any stream.
    pub(in crate::recording) const fn predicts_any(self) -> bool {
        (self.slot as usize) < NOT_A_PREDICTOR
    }

    /// Reports whether it predicts a stream.
    pub(in crate::recording) fn predicts(self, stream: usize) -> bool {
        PREDICTED_STREAMS.get(usize::from(self.slot)) == Some(&stream)
    }
}

/// Predicted changes of one socket's cells, by index of [`PREDICTED_STREAMS`].
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::recording) struct PredictedChanges([u64; PREDICTED_STREAMS.len() + 1]);

impl PredictedChanges {
    /// Adds the change of a predictor's cell.
    #[inline]
    pub(in crate::recording) fn add(&mut self, predictor: Predictor, change: u64) {
        let predicted = &mut self.0[usize::from(predictor.slot)];
        *predicted = if predictor.is_negative {
            predicted.wrapping_sub(change)
        } else {
            predicted.wrapping_add(change)
        };
    }

    /// Returns the predicted change.
    #[inline]
    pub(in crate::recording) fn get(&self, slot: usize) -> u64 {
        self.0[slot]
    }
}

/// Iterates over the streams that predict others.
#[inline]
pub(in crate::recording) fn predictors() -> impl Iterator<Item = (usize, Predictor)> {
    let predictors = PREDICTORS.into_iter();
    predictors.map(|(stream, slot, is_negative)| {
        let slot = slot as u8;
        (stream, Predictor { slot, is_negative })
    })
}

/// Returns the index of a stream in [`PREDICTED_STREAMS`].
#[inline]
pub(in crate::recording) const fn predicted_slot(stream: usize) -> Option<usize> {
    let mut slot = 0;
    while slot < PREDICTED_STREAMS.len() {
        if PREDICTED_STREAMS[slot] == stream {
            return Some(slot);
        }
        slot += 1;
    }
    None
}
