//! The tables every domain leans on: who exists, and small reference data.
//!
//! Party holds identity only. What a domain knows about a company stands in that domain's own table; which domains
//! point to a company or a contact they say in [`refs`], and merging and erasing walk that list. There are no tools
//! here, and no SQL outside `store/`.

pub mod commerce;
pub mod model;
pub mod org;
pub mod outward;
pub mod redact;
pub mod refs;
pub mod sources;
pub mod store;
pub mod taxes;

use maitred_store::Migration;

pub use model::{
    Address, AddressId, Company, CompanyContact, CompanyId, Consent, Contact, ContactId, ContactStatus,
    Member, MemberId, MemberStatus,
};
pub use store::membership::PartyMembership;

/// The tables of this crate.
pub const MIGRATIONS: &[Migration] = &[Migration {
    domain: "party",
    number: 1,
    name: "members, companies, contacts, reference data",
    sql: include_str!("../migrations/0001_party.sql"),
}];
