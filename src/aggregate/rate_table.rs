//! The rates of all sockets of a Sample. Most sockets are idle and have the same rates, which are stored once.

use super::SocketRates;
use crate::model::ClearForReuse;

/// Number of the first distinct rates that a new row is compared with: those of sockets that are idle, or not measured.
const SHARED: usize = 8;

/// Rates by row. Clearing keeps the memory.
#[derive(Debug, Clone, Default)]
pub struct RateTable {
    rows: Vec<StoredRates>,
    /// The distinct rates, without ages.
    values: Vec<SocketRates>,
}

/// Rates of one row.
#[derive(Debug, Clone, Copy)]
struct StoredRates {
    /// Position in [`RateTable::values`].
    value: u32,
    /// Time since the socket was first seen, s; not a number if it is unknown.
    age: f32,
}

impl RateTable {
    /// Removes all rows for about `sockets` new ones.
    pub(super) fn begin(&mut self, sockets: usize) {
        self.rows.clear_for_reuse();
        self.rows.reserve_exact(sockets);
        self.values.clear_for_reuse();
    }

    /// Appends the rates of the next row.
    #[inline]
    pub(super) fn push(&mut self, rates: SocketRates) {
        let age = rates.age.unwrap_or(f32::NAN);
        let value = SocketRates { age: None, ..rates };
        let mut first = self.values.iter().take(SHARED);
        let known = first.position(|known| *known == value);
        let value = known.unwrap_or_else(|| {
            self.values.push(value);
            self.values.len() - 1
        });
        self.rows.push(StoredRates {
            value: value as u32,
            age,
        });
    }

    /// Returns the rates of a row; `None` without one.
    #[inline]
    pub fn get(&self, row: usize) -> Option<SocketRates> {
        let StoredRates { value, age } = *self.rows.get(row)?;
        Some(SocketRates {
            age: (!age.is_nan()).then_some(age),
            ..*self.values.get(value as usize)?
        })
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Reports whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Iterates over the rates of all rows.
    pub fn iter(&self) -> impl Iterator<Item = SocketRates> {
        (0..self.len()).filter_map(|row| self.get(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_rates_that_were_pushed() {
        let idle = SocketRates {
            received: Some(0.0),
            sent: Some(0.0),
            ..SocketRates::default()
        };
        let rates = |row: usize| match row % 50 {
            0 => SocketRates {
                received: Some(row as f32),
                age: Some(row as f32 / 3.0),
                ..idle
            },
            1..25 => SocketRates {
                age: Some(7.5),
                ..idle
            },
            _ => SocketRates::default(),
        };
        let mut table = RateTable::default();
        for _ in 0..2 {
            table.begin(1000);
            (0..1000).for_each(|row| table.push(rates(row)));
            assert!((0..1000).all(|row| table.get(row) == Some(rates(row))));
            assert!(table.iter().eq((0..1000).map(rates)));
            assert_eq!((table.len(), table.get(1000)), (1000, None));
            assert!(table.values.len() <= 22, "{}", table.values.len());
        }
    }
}
