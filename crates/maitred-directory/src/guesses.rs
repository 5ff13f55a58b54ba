//! Whoever shows one bad key after the other is told to wait, by address.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Bad keys an address may show within [`WINDOW`]. A client with an outdated key asks a few times; who tries keys does
/// not stop there.
const MOST: u32 = 120;
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses remembered at most; when there are more, those whose window is over are forgotten, then all.
const ADDRESSES: usize = 10_000;

#[derive(Default)]
pub(crate) struct Guesses(Mutex<HashMap<String, (Instant, u32)>>);

impl Guesses {
    /// Counts a bad key; answers the seconds to wait when there were too many.
    pub fn count(&self, address: &str, now: Instant) -> Option<u32> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= ADDRESSES && !known.contains_key(address) {
            known.retain(|_, (since, _)| now.saturating_duration_since(*since) < WINDOW);
            if known.len() >= ADDRESSES {
                known.clear();
            }
        }
        let (since, count) = known.entry(address.to_owned()).or_insert((now, 0));
        let passed = now.saturating_duration_since(*since);
        if passed >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        (*count > MOST).then(|| u32::try_from((WINDOW - passed.min(WINDOW)).as_secs()).unwrap_or(60).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_waits_and_others_do_not() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        for _ in 0..MOST {
            assert_eq!(guesses.count("192.0.2.1", start), None);
        }
        assert_eq!(guesses.count("192.0.2.1", start), Some(60));
        assert_eq!(guesses.count("192.0.2.1", start + Duration::from_secs(50)), Some(10));
        assert_eq!(guesses.count("192.0.2.2", start), None);
        assert_eq!(guesses.count("192.0.2.1", start + WINDOW), None);
    }

    #[test]
    fn memory_is_bounded() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        for number in 0..ADDRESSES * 2 {
            guesses.count(&number.to_string(), start);
        }
        assert!(guesses.0.lock().unwrap().len() <= ADDRESSES);
    }
}
