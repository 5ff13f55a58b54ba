//! A histogram of durations whose buckets grow with the value: 64 to each doubling, so 1.6 % wide at most.

use std::time::Duration;

const STEPS_LOG2: u32 = 6;
const STEPS: u64 = 1 << STEPS_LOG2;

/// Counts of durations, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    largest: u64,
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Self { buckets: vec![0; (64 - STEPS_LOG2 as usize + 1) * STEPS as usize], count: 0, largest: 0 }
    }

    /// Counts one duration.
    pub fn record(&mut self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(bucket_of(nanoseconds)) {
            *bucket += 1;
        }
        self.count += 1;
        self.largest = self.largest.max(nanoseconds);
    }

    /// Adds the counts of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.largest = self.largest.max(other.largest);
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest duration, in microseconds.
    pub fn largest_us(&self) -> f64 {
        self.largest as f64 / 1e3
    }

    /// The duration, in microseconds, that `share` (0 to 1) of the counted ones do not exceed; 0 when empty.
    pub fn quantile_us(&self, share: f64) -> f64 {
        let wanted = ((self.count as f64 * share).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return upper_bound(index).min(self.largest) as f64 / 1e3;
            }
        }
        0.0
    }
}

fn bucket_of(value: u64) -> usize {
    if value < STEPS {
        return value as usize;
    }
    let doubling = 63 - value.leading_zeros() - STEPS_LOG2;
    let step = (value >> doubling) - STEPS;
    ((u64::from(doubling) + 1) * STEPS + step) as usize
}

fn upper_bound(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let doubling = bucket / STEPS - 1;
    let step = bucket % STEPS + STEPS;
    ((step + 1) << doubling).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_a_bucket_that_ends_at_most_a_sixtieth_above_it() {
        for value in (0..100_000).chain([1 << 30, (1 << 40) + 12_345, u64::MAX / 2]) {
            let bound = upper_bound(bucket_of(value));
            assert!(bound >= value, "{value} is above its bound {bound}");
            assert!((bound - value) as f64 <= value as f64 / 60.0, "{value} is far below its bound {bound}");
        }
    }

    #[test]
    fn quantiles_of_a_thousand_even_durations() {
        let mut histogram = Histogram::new();
        let mut other = Histogram::new();
        for step in 1..=1_000 {
            let half = if step % 2 == 0 { &mut histogram } else { &mut other };
            half.record(Duration::from_micros(step));
        }
        histogram.merge(&other);
        assert_eq!(histogram.count(), 1_000);
        for (share, expected) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0), (0.999, 999.0), (1.0, 1_000.0)] {
            let found = histogram.quantile_us(share);
            assert!((found - expected).abs() <= expected * 0.02, "{share}: {found}");
        }
        assert_eq!(histogram.largest_us(), 1_000.0);
    }

    #[test]
    fn an_empty_histogram_answers_zero() {
        assert_eq!(Histogram::new().quantile_us(0.99), 0.0);
    }
}
