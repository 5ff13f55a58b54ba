//! What can go wrong in a database, in the engine's absence: one closed list for both engines.

use std::fmt;

/// Result of a store operation.
pub type StoreResult<T> = Result<T, StoreError>;

/// The kinds of failure that callers treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreFault {
    /// The statement ran past its budget or was cancelled.
    Interrupted,
    /// Another process holds the lock, or the queue of writes is full. Trying again may help.
    Busy,
    /// The disk is full.
    Full,
    /// The file is damaged or is no database.
    Corrupt,
    /// The database cannot be written: rights, or a read-only directory.
    ReadOnly,
    /// A uniqueness rule was violated.
    Unique,
    /// Another constraint was violated: foreign key, check, not null, trigger.
    Constraint,
    /// The row was changed by somebody else between reading and writing.
    Stale,
    /// The database was written by a newer release.
    TooNew,
    /// The database cannot be reached or opened.
    Unavailable,
    /// A statement or a row is not what the code expects: a defect.
    Defect,
}

/// A failed store operation. Its text is for logs; callers of tools never see it.
#[derive(Debug)]
pub struct StoreError {
    /// What kind of failure.
    pub fault: StoreFault,
    detail: String,
}

impl StoreError {
    /// An error of this kind with a detail for the log.
    pub fn new(fault: StoreFault, detail: impl Into<String>) -> Self {
        Self { fault, detail: detail.into() }
    }

    /// A defect of the code or schema.
    pub fn defect(detail: impl Into<String>) -> Self {
        Self::new(StoreFault::Defect, detail)
    }

    /// The detail for the log.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.fault, self.detail)
    }
}

impl std::error::Error for StoreError {}
