//! The connections of one node: few, shared by all organisations, each preferring the one it served last.

use std::ops::Deref;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::connection::{OWN, PgConnection, Trouble};
use super::driver::Driver;
use crate::engine::Budget;
use crate::news::News;
use crate::{StoreError, StoreFault, StoreResult};

pub(super) struct Pool {
    driver: Arc<Driver>,
    most: usize,
    patience: Duration,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    /// The one given back last is at the end.
    idle: Vec<PgConnection>,
    /// Idle and lent out.
    open: usize,
}

/// A connection that is lent out. It is closed when it is dropped and kept when it is given back.
pub(super) struct Lent {
    connection: PgConnection,
    /// It served before, so the server may have ended it since.
    pub(super) reused: bool,
    place: Place,
}

/// One of the connections that may be open. Dropped with its connection it makes room for another.
struct Place {
    pool: Arc<Pool>,
    kept: bool,
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl Lent {
    /// Returns a connection that stands outside of any transaction; one that is of no more use is closed.
    pub(super) fn give_back(self) {
        let Self { connection, mut place, .. } = self;
        if connection.trouble() != Trouble::None || connection.is_closed() {
            return;
        }
        // What failed in the last transaction is of no concern to the next.
        drop(connection.take_failure());
        place.kept = true;
        let mut state = place.pool.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle.push(connection);
        drop(state);
        place.pool.freed.notify_one();
    }

    /// Undoes the transaction and returns the connection if it is of further use; a transaction that met another is no
    /// fault of its connection.
    pub(super) fn roll_back(self) {
        self.connection.undo();
        self.give_back();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.kept {
            let mut state = self.pool.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.open = state.open.saturating_sub(1);
            drop(state);
            self.pool.freed.notify_one();
        }
    }
}

impl Pool {
    pub(super) fn new(driver: Driver, most: usize, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            driver: Arc::new(driver),
            most: most.max(1),
            patience,
            state: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// Passes on what is announced, for as long as the pool lives, over a connection of its own.
    pub(super) fn listen(&self, news: Arc<News>) {
        self.driver.listen(news);
    }

    /// A connection that stands in this schema. Waits for one until the engine's patience or `until` ends.
    ///
    /// # Errors
    /// `Busy` when all are in use for that long, `Unavailable` when the server cannot be reached.
    pub(super) fn take(self: &Arc<Self>, schema: &str, until: Option<Instant>) -> StoreResult<Lent> {
        loop {
            let lent = self.take_to_begin(schema, until)?;
            match lent.settle() {
                Ok(()) => return Ok(lent),
                // The server ended it while it was idle: the next one, or a new one, may stand.
                Err(error) if lent.reused && error.fault == StoreFault::Unavailable => drop(lent),
                Err(error) => return Err(error),
            }
        }
    }

    /// [`Pool::take`] for who begins a transaction: it enters the schema, which saves a round trip.
    pub(super) fn take_to_begin(self: &Arc<Self>, schema: &str, until: Option<Instant>) -> StoreResult<Lent> {
        let last = Instant::now() + self.patience;
        let last = until.map_or(last, |until| until.min(last));
        let found = self.find(schema, last)?;
        let place = Place { pool: Arc::clone(self), kept: false };
        let lent = match found {
            Some(connection) => Lent { connection, reused: true, place },
            None => Lent { connection: PgConnection::open(&self.driver)?, reused: false, place },
        };
        // The time of whoever had it last is over.
        lent.limit(&Budget::of(OWN));
        lent.enter(schema);
        Ok(lent)
    }

    /// Sends what idle connections still hold: for who gave one back and has no further use for it.
    pub(super) fn flush(&self) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle.iter().for_each(PgConnection::flush);
    }

    /// An idle connection, or `None` when there is room for another one, which is counted as open from now on.
    fn find(&self, schema: &str, last: Instant) -> StoreResult<Option<PgConnection>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let idle = &state.idle;
            let own = idle.iter().rposition(|connection| connection.stands_in(schema));
            // Where a schema was served before, its statements need not be read and planned anew.
            let own = own.or_else(|| idle.iter().position(|connection| connection.knows(schema)));
            // The one that was idle longest serves whom none has served, if there is no room for another.
            let any = (state.open >= self.most && !idle.is_empty()).then_some(0);
            if let Some(at) = own.or(any) {
                let connection = state.idle.remove(at);
                if !connection.is_closed() {
                    return Ok(Some(connection));
                }
                state.open -= 1;
                continue;
            }
            if state.open < self.most {
                state.open += 1;
                return Ok(None);
            }
            let left = last.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::new(
                    StoreFault::Busy,
                    format!("all {} connections to PostgreSQL are in use", self.most),
                ));
            }
            state = self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
