//! Limits per principal: calls per second and calls in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dashmap::DashMap;

use crate::error::{Code, ToolError};

/// What one principal may ask for.
#[derive(Clone, Copy, Debug)]
pub struct LimitSettings {
    /// Calls per second, sustained; twice as many in a burst.
    pub calls_per_second: u32,
    /// Writes per second, sustained; twice as many in a burst.
    pub writes_per_second: u32,
    /// Calls in flight at once.
    pub in_flight: u32,
    /// Calls per second for strangers, per address.
    pub stranger_calls_per_second: u32,
    /// Longest run of one call.
    pub call_time: Duration,
    /// Longest run of a keyed read in the thread that serves the network; past it, it moves to the report lane.
    pub inline_time: Duration,
    /// Largest answer, in bytes of JSON.
    pub answer_bytes: usize,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            calls_per_second: 500,
            writes_per_second: 100,
            in_flight: 64,
            stranger_calls_per_second: 5,
            call_time: Duration::from_secs(30),
            inline_time: Duration::from_millis(5),
            answer_bytes: 512 * 1024,
        }
    }
}

/// A leaky bucket in one atomic: the moment, in microseconds, at which the bucket will be empty.
#[derive(Default)]
struct Bucket(AtomicU64);

impl Bucket {
    /// Takes one drop; answers the microseconds to wait when the bucket is full.
    fn take(&self, now: u64, per_second: u32) -> Result<(), u64> {
        let cost = 1_000_000 / u64::from(per_second.max(1));
        let depth = 2_000_000.max(cost);
        let mut empty_at = self.0.load(Ordering::Relaxed);
        loop {
            let next = empty_at.max(now) + cost;
            if next > now + depth {
                return Err(next - now - depth);
            }
            match self.0.compare_exchange_weak(empty_at, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(seen) => empty_at = seen,
            }
        }
    }
}

/// The limits of one principal.
#[derive(Default)]
pub struct Gate {
    calls: Bucket,
    writes: Bucket,
    in_flight: AtomicU32,
    used: AtomicU64,
}

/// Held while a call is in flight.
pub struct Passed {
    gate: Arc<Gate>,
    over: AtomicBool,
}

impl Passed {
    /// The call is over: said before its answer goes out, so that whoever has it may call again.
    pub fn over(&self) {
        if !self.over.swap(true, Ordering::Relaxed) {
            self.gate.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Passed {
    fn drop(&mut self) {
        self.over();
    }
}

/// All gates. Those of principals that have not called for a minute are forgotten.
pub struct Gates {
    settings: LimitSettings,
    started: Instant,
    gates: DashMap<String, Arc<Gate>>,
}

const FORGET_AT: usize = 10_000;

impl Gates {
    /// Gates with these settings.
    pub fn new(settings: LimitSettings) -> Self {
        Self { settings, started: Instant::now(), gates: DashMap::new() }
    }

    /// The settings.
    pub fn settings(&self) -> &LimitSettings {
        &self.settings
    }

    fn gate(&self, principal: &str, now: u64) -> Arc<Gate> {
        if let Some(gate) = self.gates.get(principal) {
            return Arc::clone(&gate);
        }
        if self.gates.len() >= FORGET_AT {
            self.gates.retain(|_, gate| {
                gate.in_flight.load(Ordering::Relaxed) > 0
                    || now.saturating_sub(gate.used.load(Ordering::Relaxed)) < 60_000_000
            });
        }
        Arc::clone(&self.gates.entry(principal.to_owned()).or_default())
    }

    /// Lets a call of this principal pass, or says when to come back.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn pass(&self, principal: &str, stranger: bool, writes: bool) -> Result<Passed, ToolError> {
        let now = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX / 2);
        let gate = self.gate(principal, now);
        gate.used.store(now, Ordering::Relaxed);
        let wait = |micros: u64| {
            let seconds = micros.div_ceil(1_000_000).max(1);
            ToolError::new(Code::RateLimited, format!("too many calls, try again in {seconds} s"))
                .with("retry_after_seconds", seconds.to_string())
        };
        let per_second =
            if stranger { self.settings.stranger_calls_per_second } else { self.settings.calls_per_second };
        gate.calls.take(now, per_second).map_err(wait)?;
        if writes {
            gate.writes.take(now, self.settings.writes_per_second).map_err(wait)?;
        }
        if gate.in_flight.fetch_add(1, Ordering::Relaxed) >= self.settings.in_flight {
            gate.in_flight.fetch_sub(1, Ordering::Relaxed);
            return Err(ToolError::new(
                Code::RateLimited,
                format!("{} calls are running already, wait for one to end", self.settings.in_flight),
            ));
        }
        Ok(Passed { gate, over: AtomicBool::new(false) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_lets_a_burst_pass_and_then_the_rate() {
        let bucket = Bucket::default();
        let passed = (0..100).filter(|_| bucket.take(0, 10).is_ok()).count();
        assert_eq!(passed, 20);
        assert!(bucket.take(50_000, 10).is_err());
        assert!(bucket.take(100_000, 10).is_ok());
    }

    #[test]
    fn calls_in_flight_are_counted_until_dropped() {
        let gates = Gates::new(LimitSettings { in_flight: 1, ..LimitSettings::default() });
        let first = gates.pass("key:a", false, false);
        assert!(first.is_ok());
        assert!(gates.pass("key:a", false, false).is_err());
        assert!(gates.pass("key:b", false, false).is_ok());
        drop(first);
        let second = gates.pass("key:a", false, false).unwrap();
        // Its answer is on the way: the next may come, and one more may not, also once it is gone.
        second.over();
        let third = gates.pass("key:a", false, false);
        drop(second);
        assert!(third.is_ok() && gates.pass("key:a", false, false).is_err());
    }
}
