//! Log levels by session: a small map that never grows past its bound.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::lock;
use super::service::LogLevel;
use super::session::SessionKey;

/// Sessions whose level is remembered; the oldest is forgotten first and then gets no log lines.
const CAPACITY: usize = 8192;

#[derive(Default)]
pub(super) struct Levels {
    /// False until the first level is set, so that most servers never lock.
    any: AtomicBool,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    by_session: HashMap<SessionKey, LogLevel>,
    order: VecDeque<SessionKey>,
}

impl Levels {
    pub(super) fn set(&self, session: SessionKey, level: LogLevel) {
        let mut table = lock(&self.table);
        if table.by_session.insert(session, level).is_none() {
            table.order.push_back(session);
            while table.order.len() > CAPACITY {
                if let Some(oldest) = table.order.pop_front() {
                    table.by_session.remove(&oldest);
                }
            }
        }
        self.any.store(true, Ordering::Release);
    }

    pub(super) fn get(&self, session: SessionKey) -> Option<LogLevel> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        lock(&self.table).by_session.get(&session).copied()
    }

    pub(super) fn forget(&self, session: SessionKey) {
        if self.any.load(Ordering::Acquire) {
            lock(&self.table).by_session.remove(&session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_session_is_forgotten_first() {
        let levels = Levels::default();
        for session in 0..=CAPACITY as u128 {
            levels.set(session, LogLevel::Info);
            levels.set(session, LogLevel::Error);
        }
        assert_eq!(levels.get(0), None);
        assert_eq!(levels.get(1), Some(LogLevel::Error));
        assert_eq!(lock(&levels.table).by_session.len(), CAPACITY);
        levels.forget(1);
        assert_eq!(levels.get(1), None);
    }
}
