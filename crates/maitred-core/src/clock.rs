//! Time and fresh ids, as values that a test can set.

use std::sync::Mutex;

use jiff::Timestamp;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that stands where it was put.
#[derive(Debug)]
pub struct FixedClock(Mutex<Timestamp>);

impl FixedClock {
    /// A clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Puts the clock.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Where ids come from: UUIDv7, so that rows made together lie together.
pub trait Ids: Send + Sync {
    /// A fresh id for this moment, lower case.
    fn fresh(&self, now: Timestamp) -> String;
}

/// Random ids, rising within a process.
#[derive(Debug, Default)]
pub struct RandomIds(Mutex<(u64, u16)>);

impl Ids for RandomIds {
    fn fresh(&self, now: Timestamp) -> String {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        // 12 bits of counter behind the milliseconds keep ids of one moment in order.
        let (millis, counter) = {
            let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *last = match *last {
                (moment, counter) if millis <= moment && counter < 0xfff => (moment, counter + 1),
                (moment, _) if millis <= moment => (moment + 1, 0),
                _ => (millis, 0),
            };
            *last
        };
        uuid_v7(millis, counter, random_bits())
    }
}

fn random_bits() -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        // Ids need to be unique, not secret: a weaker source will do.
        Err(_) => fastrand::u64(..),
    }
}

/// Ids in a row, for tests and generated data.
#[derive(Debug)]
pub struct SerialIds(Mutex<u64>, u64);

impl SerialIds {
    /// Ids that differ from those of other series.
    pub fn new(series: u64) -> Self {
        Self(Mutex::new(0), series)
    }
}

impl Ids for SerialIds {
    fn fresh(&self, now: Timestamp) -> String {
        let mut next = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *next += 1;
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid_v7(millis, 0, (self.1 << 40) | *next)
    }
}

fn uuid_v7(millis: u64, counter: u16, rest: u64) -> String {
    let high = (millis << 16) | 0x7000 | u64::from(counter & 0xfff);
    let low = (rest & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    uuid::Uuid::from_u64_pair(high, low).to_string()
}

/// The form in which every moment is stored and sent: `2026-03-01T09:30:00.000Z`.
pub fn stamp(moment: Timestamp) -> String {
    use std::fmt::Write as _;
    let civil = jiff::tz::TimeZone::UTC.to_datetime(moment);
    let mut out = String::with_capacity(24);
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second(),
        civil.millisecond()
    );
    out
}
