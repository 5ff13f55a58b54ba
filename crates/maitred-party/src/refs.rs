//! The reference registry: every column that points to a company or a contact, said by the crate that owns it.
//!
//! Merging and erasing walk this list in one transaction. A test reads the live schema and fails when a column whose
//! name speaks of a company or a contact is missing here.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;

/// What a column points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefKind {
    /// A company.
    Company,
    /// A contact.
    Contact,
}

/// What a merge does with the rows of the absorbed record.
#[derive(Clone, Copy)]
pub enum OnMerge {
    /// They point to the kept record.
    Repoint,
    /// They are folded one by one: the function moves or unites the rows of `absorbed` and answers how many moved.
    Fold(fn(&Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64>),
    /// They stay as they are: history.
    Keep,
}

/// What erasing a person does with the rows that point to them.
#[derive(Clone, Copy)]
pub enum OnErase {
    /// Nothing: the row holds no words of theirs, and the pointer leads to a tombstone.
    Tombstone,
    /// The function scrubs what they wrote or what names them, and answers which fields it scrubbed.
    Scrub(fn(&Writer<'_>, contact: &str) -> ToolResult<i64>),
    /// The row stays whole; the reason is shown.
    KeepLegal(&'static str),
}

/// One column that points to the party.
#[derive(Clone, Copy)]
pub struct PartyRef {
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// To what it points.
    pub kind: RefKind,
    /// On a merge.
    pub on_merge: OnMerge,
    /// On erasure; of no effect for columns that point to companies.
    pub on_erase: OnErase,
}

/// Given by every crate that has such columns.
pub trait PartyRefs: Send + Sync {
    /// Its columns.
    fn refs(&self) -> &'static [PartyRef];
}

/// Every registered column, of party itself and of all domains compiled in.
pub fn all(db: &Reader<'_>) -> Vec<PartyRef> {
    let mut refs = crate::store::merge::OWN_REFS.to_vec();
    for port in db.ports::<dyn PartyRefs>() {
        refs.extend_from_slice(port.refs());
    }
    refs
}
