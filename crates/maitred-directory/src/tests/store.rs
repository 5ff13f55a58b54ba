//! A small organisation database for tests, and ways to damage the directory's.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use maitred_core::door::{ClientFacts, MemberFacts, Membership};
use maitred_store::engine::write_and_wait;
use maitred_store::{Migration, ReadTx, StoreError, StoreFault, StoreResult, params};

use super::Process;

pub(super) const HOUSE: &[Migration] = &[Migration {
    domain: "house",
    number: 1,
    name: "members and contacts",
    sql: "CREATE TABLE member (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, roles TEXT NOT NULL, \
          active BIGINT NOT NULL); \
          CREATE TABLE contact (id TEXT NOT NULL PRIMARY KEY, company TEXT, can_order BIGINT NOT NULL)",
}];

pub(super) struct House;

/// Lookups of members that nobody could answer.
pub(super) static ASKED_IN_VAIN: AtomicUsize = AtomicUsize::new(0);

impl Membership for House {
    fn member(&self, tx: &ReadTx<'_>, member: &str) -> StoreResult<Option<MemberFacts>> {
        if member == "slow" {
            return Err(StoreError::new(StoreFault::Interrupted, "it took too long"));
        }
        let row: Option<(String, String, bool)> =
            tx.one("SELECT name, roles, active FROM member WHERE id = $1", params![member])?;
        if row.as_ref().is_some_and(|(_, roles, _)| roles == "too-slow") {
            ASKED_IN_VAIN.fetch_add(1, Ordering::Relaxed);
            return Err(StoreError::new(StoreFault::Interrupted, "it took too long"));
        }
        Ok(row.map(|(name, roles, active)| MemberFacts {
            name,
            roles: roles.split_whitespace().map(str::to_owned).collect(),
            active,
        }))
    }

    fn client(
        &self,
        tx: &ReadTx<'_>,
        contact: &str,
        company: Option<&str>,
        today: &str,
    ) -> StoreResult<ClientFacts> {
        assert_eq!(today.len(), 10);
        if contact == "slow" {
            return Err(StoreError::new(StoreFault::Busy, "it is locked"));
        }
        let row: Option<(Option<String>, bool)> =
            tx.one("SELECT company, can_order FROM contact WHERE id = $1", params![contact])?;
        let Some((link, can_order)) = row else {
            return Ok(ClientFacts::Nobody("contact_unknown"));
        };
        let Some(link) = link.filter(|link| company.is_none_or(|company| company == link)) else {
            return Ok(ClientFacts::Nobody("no_company"));
        };
        Ok(ClientFacts::Acting {
            contact: contact.to_owned(),
            name: "Ada".to_owned(),
            company_name: link.clone(),
            company: link,
            role: "buyer".to_owned(),
            is_primary: true,
            can_order,
        })
    }

    fn entities(&self) -> &'static [&'static str] {
        &["member", "contact"]
    }
}

fn run(store: &dyn maitred_store::OrgStore, sql: &'static str, values: &[&str]) {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    write_and_wait(store, "2026-03-01T09:00:00.000Z".to_owned(), Duration::from_secs(5), move |tx| {
        let params: Vec<_> = values.iter().map(maitred_store::Column::to_param).collect();
        tx.execute(sql, &params)
    })
    .unwrap();
}

pub(super) fn settle(process: &Process, slug: &str) {
    for (id, roles) in [
        ("owner", "owner"),
        ("sales", "sales"),
        ("viewer", "viewer"),
        ("two", "sales viewer"),
        ("nothing", ""),
        ("wizard", "owner wizard"),
        ("slow", "owner"),
        ("gone", "owner"),
        ("malformed", "owner"),
    ] {
        in_house(process, slug, "INSERT INTO member VALUES ($1, $1, $2, 1)", &[id, roles]);
    }
    in_house(process, slug, "UPDATE member SET active = 0 WHERE id = $1", &["gone"]);
    in_house(process, slug, "UPDATE member SET active = 7 WHERE id = $1", &["malformed"]);
    in_house(process, slug, "INSERT INTO contact VALUES ($1, 'brick', 1)", &["ada"]);
    in_house(process, slug, "INSERT INTO contact VALUES ($1, 'brick', 0)", &["may-not"]);
    in_house(process, slug, "INSERT INTO contact VALUES ($1, NULL, 1)", &["alone"]);
}

pub(super) fn in_house(process: &Process, slug: &str, sql: &'static str, values: &[&str]) {
    run(process.directory.open_store(slug).unwrap().as_ref(), sql, values);
}

pub(super) fn set_roles(process: &Process, member: &str, roles: &str) {
    in_house(process, "acme", "UPDATE member SET roles = $2 WHERE id = $1", &[member, roles]);
}

pub(super) fn is_member(tx: &ReadTx<'_>, member: &str) -> StoreResult<bool> {
    Ok(tx.count("SELECT COUNT(*) FROM member WHERE id = $1", params![member])? == 1)
}

pub(super) fn spoil_modules(process: &Process, word: &str) {
    run(process.directory.store().as_ref(), "UPDATE access_key SET modules = $1", &[word]);
}

pub(super) fn spoil_expiry(process: &Process, text: &str) {
    run(process.directory.store().as_ref(), "UPDATE access_key SET expires_at = $1", &[text]);
}

pub(super) fn lose_keys(process: &Process) {
    run(process.directory.store().as_ref(), "ALTER TABLE access_key RENAME TO lost", &[]);
}

pub(super) fn session_rows(process: &Process) -> i64 {
    let mut rows = 0;
    let budget = maitred_store::Budget::of(Duration::from_secs(5));
    let read = process.directory.store().read(&budget, &mut |tx| {
        rows = tx.count("SELECT COUNT(*) FROM session_end", &[]).unwrap();
    });
    read.unwrap();
    rows
}
