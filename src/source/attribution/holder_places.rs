//! Places in [`Sample::holders`](crate::model::Sample::holders). A socket keeps its place from one Sample to the next, so
//! that its row stays the same.

use crate::model::Holder;

/// Longest range whose place is used again by others.
const LONGEST: usize = 16;

/// Number of holders below which places are not assigned again.
const SMALL: u32 = 1024;

/// A holder of no socket: it fills places that are not in use.
const NONE: Holder = Holder {
    process: u32::MAX,
    fd: 0,
};

/// The place of a socket's holders.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    at: u32,
    len: u16,
    /// The [`HolderPlaces::epoch`] in which it was assigned.
    epoch: u16,
}

/// Assigns the places.
#[derive(Debug)]
pub(super) struct HolderPlaces {
    /// The first position that was never used.
    end: u32,
    /// Number of positions in use.
    used: u32,
    /// Free places, by the number of their holders less 1.
    free: [Vec<u32>; LONGEST],
    /// Places that are in use for one Sample only.
    temporary: Vec<Place>,
    /// Increases when all places are assigned again.
    epoch: u16,
}

impl Default for HolderPlaces {
    fn default() -> Self {
        HolderPlaces {
            end: 0,
            used: 0,
            free: Default::default(),
            temporary: Vec::new(),
            epoch: 1,
        }
    }
}

impl HolderPlaces {
    /// Begins a Sample. If most positions are free, all places are assigned again.
    pub(super) fn begin(&mut self, holders: &mut Vec<Holder>) {
        while let Some(mut place) = self.temporary.pop() {
            self.release(&mut place);
        }
        if self.end > SMALL && self.used < self.end / 2 {
            (self.end, self.used) = (0, 0);
            self.free = Default::default();
            // A place of 65 536 epochs ago would be taken for a current one; none is kept for so long.
            self.epoch = self.epoch.checked_add(1).unwrap_or(1);
        }
        holders.clear();
        holders.resize(self.end as usize, NONE);
    }

    /// Returns the position of `count` holders, which is the present one if it has that many.
    #[inline]
    pub(super) fn assign(
        &mut self,
        place: &mut Place,
        count: u16,
        holders: &mut Vec<Holder>,
    ) -> usize {
        if place.epoch != self.epoch || place.len != count {
            self.release(place);
            *place = self.find(count);
            let end = self.end as usize;
            if holders.len() < end {
                holders.resize(end, NONE);
            }
        }
        place.at as usize
    }

    /// Returns a position for `count` holders in this Sample only.
    pub(super) fn assign_temporarily(&mut self, count: u16, holders: &mut Vec<Holder>) -> usize {
        let mut place = Place::default();
        let at = self.assign(&mut place, count, holders);
        self.temporary.push(place);
        at
    }

    /// Frees a place.
    pub(super) fn release(&mut self, place: &mut Place) {
        if place.epoch == self.epoch {
            self.used -= u32::from(place.len);
            if let Some(free) = usize::from(place.len).checked_sub(1)
                && let Some(free) = self.free.get_mut(free)
            {
                free.push(place.at);
            }
        }
        *place = Place::default();
    }

    fn find(&mut self, count: u16) -> Place {
        let free = usize::from(count).checked_sub(1);
        let free = free.and_then(|free| self.free.get_mut(free)?.pop());
        let at = free.unwrap_or_else(|| {
            let at = self.end;
            self.end = self.end.saturating_add(count.into());
            at
        });
        self.used += u32::from(count);
        Place {
            at,
            len: count,
            epoch: self.epoch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_until_the_number_of_holders_changes() {
        let (mut places, mut holders) = (HolderPlaces::default(), Vec::new());
        let (mut first, mut second) = (Place::default(), Place::default());
        places.begin(&mut holders);
        assert_eq!(places.assign(&mut first, 1, &mut holders), 0);
        assert_eq!(places.assign(&mut second, 2, &mut holders), 1);
        assert_eq!(holders.len(), 3);
        places.begin(&mut holders);
        assert_eq!(places.assign(&mut second, 2, &mut holders), 1);
        assert_eq!(places.assign(&mut first, 2, &mut holders), 3);
        places.release(&mut second);
        assert_eq!(places.assign_temporarily(2, &mut holders), 1);
        assert_eq!(places.assign_temporarily(1, &mut holders), 0);
        assert_eq!(holders.len(), 5);
        places.begin(&mut holders);
        assert_eq!(places.assign(&mut second, 1, &mut holders), 0);
    }

    #[test]
    fn places_are_assigned_again_once_most_are_free() {
        let (mut places, mut holders) = (HolderPlaces::default(), Vec::new());
        places.begin(&mut holders);
        let mut all = vec![Place::default(); 3000];
        for place in &mut all {
            places.assign(place, 1, &mut holders);
        }
        for place in &mut all[..2900] {
            places.release(place);
        }
        places.begin(&mut holders);
        for (at, place) in all[2900..].iter_mut().enumerate() {
            assert_eq!(places.assign(place, 1, &mut holders), at);
        }
        assert_eq!(holders.len(), 100);
    }
}
