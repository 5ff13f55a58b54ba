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
pub struct RandomIds(Mutex<Rising>);

/// Where the ids of a process stand.
#[derive(Debug, Default)]
struct Rising {
    millis: u64,
    /// 12 bits behind the milliseconds keep ids of one moment in order.
    counter: u16,
    /// Random bytes of ids to come, eight for each: the system is asked once for many.
    spare: Vec<u8>,
}

/// Ids whose randomness is fetched at once.
const IDS_AT_ONCE: usize = 64;

impl Ids for RandomIds {
    fn fresh(&self, now: Timestamp) -> String {
        let now = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let mut rising = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (rising.millis, rising.counter) = match (rising.millis, rising.counter) {
            (millis, counter) if now <= millis && counter < 0xfff => (millis, counter + 1),
            (millis, _) if now <= millis => (millis + 1, 0),
            _ => (now, 0),
        };
        let rest = rising.random_bits();
        uuid_v7(rising.millis, rising.counter, rest)
    }
}

impl Rising {
    fn random_bits(&mut self) -> u64 {
        if self.spare.is_empty() {
            self.spare.resize(IDS_AT_ONCE * 8, 0);
            if getrandom::fill(&mut self.spare).is_err() {
                // Ids need to be unique, not secret: a weaker source will do.
                fastrand::fill(&mut self.spare);
            }
        }
        let kept = self.spare.len() - 8;
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.spare[kept..]);
        self.spare.truncate(kept);
        u64::from_le_bytes(bytes)
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
