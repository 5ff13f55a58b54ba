//! WAL checkpoints on a thread of their own: inside somebody's commit they would cost that caller ten milliseconds.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::connection::{Purpose, SqliteConnection};
use crate::{StoreError, StoreFault, StoreResult};

/// A checkpoint is asked for when the log has this many pages (4 KiB each).
pub(super) const PAGES: i32 = 1_000;
/// Past this many pages the log is cut back even if readers have to finish first.
const TOO_MANY_PAGES: i64 = 16_000;
/// Connections kept for the databases that are written most.
const KEPT: usize = 16;

pub(super) struct Checkpointer {
    paths: Sender<PathBuf>,
}

impl Checkpointer {
    pub(super) fn new() -> StoreResult<Self> {
        let (paths, receiver) = channel();
        std::thread::Builder::new().name("checkpoint".to_owned()).spawn(move || work(&receiver)).map_err(
            |error| StoreError::new(StoreFault::Unavailable, format!("no thread for checkpoints: {error}")),
        )?;
        Ok(Self { paths })
    }

    /// Asks for a checkpoint of this database, some time soon.
    pub(super) fn ask(&self, path: PathBuf) {
        // The thread lives as long as this sender, so there is always somebody to ask.
        drop(self.paths.send(path));
    }
}

fn work(receiver: &Receiver<PathBuf>) {
    let mut kept: HashMap<PathBuf, SqliteConnection> = HashMap::new();
    loop {
        let path = match receiver.recv_timeout(Duration::from_secs(5)) {
            Ok(path) => path,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                // Databases that nobody writes are let go, so that their last user can clean up after itself.
                kept.clear();
                continue;
            }
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return,
        };
        if kept.len() >= KEPT && !kept.contains_key(&path) {
            kept.clear();
        }
        if !kept.contains_key(&path) {
            match SqliteConnection::open(&path, Purpose::Write, Duration::from_millis(200)) {
                Ok(connection) => drop(kept.insert(path.clone(), connection)),
                Err(error) => {
                    tracing::warn!(%error, "no checkpoint");
                    continue;
                }
            }
        }
        if let Some(connection) = kept.get(&path)
            && let Err(error) = checkpoint(connection)
        {
            tracing::warn!(%error, "checkpoint failed");
            kept.remove(&path);
        }
    }
}

fn checkpoint(connection: &SqliteConnection) -> StoreResult<()> {
    let run = |sql: &str| -> StoreResult<i64> {
        connection.raw.query_row(sql, [], |row| row.get(1)).map_err(super::connection::translate)
    };
    if run("PRAGMA wal_checkpoint(PASSIVE)")? > TOO_MANY_PAGES {
        run("PRAGMA wal_checkpoint(TRUNCATE)")?;
    }
    Ok(())
}
