//! Moving every reference from an absorbed record to the kept one, and scrubbing a person, by the reference registry.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_core::output::Counts;
use maitred_kernel::wire::Moment;
use maitred_store::change::{Change, ChangeKind, json_string};
use maitred_store::{Record, Sql};

use crate::model::{CompanyContact, CompanyId, ContactId, Redirect};
use crate::refs::{OnErase, OnMerge, PartyRef, RefKind, all};
use crate::store::{contacts, tags};

const fn own(
    table: &'static str,
    column: &'static str,
    kind: RefKind,
    on_merge: OnMerge,
    on_erase: OnErase,
) -> PartyRef {
    PartyRef { table, column, kind, on_merge, on_erase }
}

/// Party's own columns.
pub const OWN_REFS: &[PartyRef] = &[
    own("company", "parent_id", RefKind::Company, OnMerge::Fold(fold_parents), OnErase::Tombstone),
    own(
        "company_contact",
        "company_id",
        RefKind::Company,
        OnMerge::Fold(fold_links_of_company),
        OnErase::Tombstone,
    ),
    own(
        "company_contact",
        "contact_id",
        RefKind::Contact,
        OnMerge::Fold(fold_links_of_contact),
        OnErase::Tombstone,
    ),
    own("address", "company_id", RefKind::Company, OnMerge::Fold(fold_addresses), OnErase::Tombstone),
    own("channel_handle", "contact_id", RefKind::Contact, OnMerge::Repoint, OnErase::Scrub(drop_handles)),
    own("contact_point", "contact_id", RefKind::Contact, OnMerge::Repoint, OnErase::Scrub(drop_points)),
    own("consent", "contact_id", RefKind::Contact, OnMerge::Repoint, OnErase::KeepLegal("proof of consent")),
    own("change_log", "company_id", RefKind::Company, OnMerge::Keep, OnErase::Tombstone),
    own("change_log", "contact_id", RefKind::Contact, OnMerge::Keep, OnErase::Scrub(scrub_change_log)),
];

/// Moves every reference of `absorbed` to `kept`, tags included, and leaves a redirect. Answers the rows moved by table.
/// The absorbed row itself is the caller's to remove.
pub fn repoint_all(db: &Writer<'_>, kind: RefKind, absorbed: &str, kept: &str) -> ToolResult<Counts> {
    let mut moved = Counts::default();
    for reference in all(db).into_iter().filter(|reference| reference.kind == kind) {
        let count = match reference.on_merge {
            OnMerge::Repoint => repoint(db, reference.table, reference.column, absorbed, kept)?,
            OnMerge::Fold(fold) => fold(db, absorbed, kept)?,
            OnMerge::Keep => 0,
        };
        moved.add(reference.table, count);
    }
    moved.add("tagging", tags::fold_into(db, absorbed, kept)?);
    let word = match kind {
        RefKind::Company => "company",
        RefKind::Contact => "contact",
    };
    let mut redirect =
        Redirect { id: absorbed.to_owned(), new_id: kept.to_owned(), kind: word.to_owned(), at: db.stamp() };
    db.insert(&mut redirect)?;
    Ok(moved)
}

/// Points the rows of one column elsewhere and reports each as a change.
pub fn repoint(
    db: &Writer<'_>,
    table: &'static str,
    column: &'static str,
    absorbed: &str,
    kept: &str,
) -> ToolResult<i64> {
    let mut select = Sql::new("SELECT id FROM ");
    select.push(table).push(" WHERE ").push(column).push(" = ").bind(absorbed).push(" ORDER BY id");
    let rows: Vec<(String,)> = db.all_of(&select)?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut update = Sql::new("UPDATE ");
    update.push(table).push(" SET ").push(column).push(" = ").bind(kept);
    update.push(" WHERE ").push(column).push(" = ").bind(absorbed);
    db.execute_of(&update)?;
    let moved = rows.len() as i64;
    for (id,) in rows {
        db.note_change(Change {
            entity: table,
            id,
            kind: ChangeKind::Updated,
            before: Some(member(column, absorbed)),
            after: Some(member(column, kept)),
            company: None,
            contact: None,
        });
    }
    Ok(moved)
}

fn member(column: &str, value: &str) -> String {
    let mut json = String::from("{");
    json_string(column, &mut json);
    json.push(':');
    json_string(value, &mut json);
    json.push('}');
    json
}

/// What erasing a person did in one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Table.
    pub table: &'static str,
    /// Rows scrubbed, or rows kept.
    pub rows: i64,
    /// Why rows were kept, when they were.
    pub kept_because: Option<&'static str>,
}

/// Scrubs or keeps every row that points to a contact, as its owner has registered.
pub fn erase_all(db: &Writer<'_>, contact: &ContactId) -> ToolResult<Vec<Erased>> {
    let mut done = Vec::new();
    for reference in all(db).into_iter().filter(|reference| reference.kind == RefKind::Contact) {
        let (rows, kept_because) = match reference.on_erase {
            OnErase::Tombstone => (0, None),
            OnErase::Scrub(scrub) => (scrub(db, &contact.0)?, None),
            OnErase::KeepLegal(reason) => {
                let mut count = Sql::new("SELECT COUNT(*) FROM ");
                count.push(reference.table).push(" WHERE ").push(reference.column).push(" = ").bind(contact);
                (db.count_of(&count)?, Some(reason))
            }
        };
        if rows > 0 {
            done.push(Erased { table: reference.table, rows, kept_because });
        }
    }
    Ok(done)
}

fn fold_parents(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    // The kept company must not become its own parent.
    let mut sql = Sql::new(crate::Company::SELECT);
    sql.push(" WHERE parent_id = ").bind(absorbed).push(" ORDER BY id");
    let mut moved = 0;
    for before in db.all_of::<crate::Company>(&sql)? {
        let parent_id = (before.id.0 != kept).then(|| CompanyId(kept.to_owned()));
        let mut after = crate::Company { parent_id, ..before.clone() };
        db.update(&before, &mut after)?;
        moved += 1;
    }
    Ok(moved)
}

fn fold_addresses(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let there = crate::store::companies::addresses(db, &CompanyId(kept.to_owned()))?;
    let mut moved = 0;
    for before in crate::store::companies::addresses(db, &CompanyId(absorbed.to_owned()))? {
        let mut after = crate::Address {
            company_id: CompanyId(kept.to_owned()),
            is_default: before.is_default
                && !there.iter().any(|other| other.kind == before.kind && other.is_default),
            ..before.clone()
        };
        db.update(&before, &mut after)?;
        moved += 1;
    }
    Ok(moved)
}

fn fold_links_of_company(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let there = contacts::links_at(db, &CompanyId(kept.to_owned()))?;
    let mut has_primary = there.iter().any(|link| link.is_primary);
    let mut moved = 0;
    for before in contacts::links_at(db, &CompanyId(absorbed.to_owned()))? {
        if let Some(twin) = there.iter().find(|link| link.contact_id == before.contact_id) {
            unite(db, twin, &before)?;
        } else {
            let is_primary = before.is_primary && !has_primary;
            has_primary |= is_primary;
            let company_id = CompanyId(kept.to_owned());
            let mut after = CompanyContact { company_id, is_primary, ..before.clone() };
            db.update(&before, &mut after)?;
        }
        moved += 1;
    }
    Ok(moved)
}

fn fold_links_of_contact(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let there = contacts::links_of(db, &ContactId(kept.to_owned()))?;
    let mut moved = 0;
    for before in contacts::links_of(db, &ContactId(absorbed.to_owned()))? {
        if let Some(twin) = there.iter().find(|link| link.company_id == before.company_id) {
            unite(db, twin, &before)?;
        } else {
            let mut after = CompanyContact { contact_id: ContactId(kept.to_owned()), ..before.clone() };
            db.update(&before, &mut after)?;
        }
        moved += 1;
    }
    Ok(moved)
}

/// Two links between the same person and company become one: it runs as long as either did. The right to order is the
/// kept one's own, because a merge must not hand out rights.
fn unite(db: &Writer<'_>, kept: &CompanyContact, absorbed: &CompanyContact) -> ToolResult<()> {
    let until = match (kept.until, absorbed.until) {
        (Some(a), Some(b)) => Some(a.max(b)),
        _ => None,
    };
    let mut after = CompanyContact {
        is_primary: kept.is_primary || absorbed.is_primary,
        since: kept.since.min(absorbed.since),
        until,
        ..kept.clone()
    };
    db.delete(absorbed)?;
    db.update(kept, &mut after)?;
    Ok(())
}

fn drop_handles(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let mut sql = Sql::new(crate::model::ChannelHandle::SELECT);
    sql.push(" WHERE contact_id = ").bind(contact).push(" AND revoked_at IS NULL ORDER BY id");
    let mut scrubbed = 0;
    for before in db.all_of::<crate::model::ChannelHandle>(&sql)? {
        let mut after = crate::model::ChannelHandle {
            revoked_at: Some(db.stamp()),
            handle_hash: String::new(),
            ..before.clone()
        };
        db.update(&before, &mut after)?;
        scrubbed += 1;
    }
    Ok(scrubbed)
}

fn drop_points(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let points = contacts::points(db, &ContactId(contact.to_owned()))?;
    for point in &points {
        db.delete(point)?;
    }
    Ok(points.len() as i64)
}

/// The change log keeps that something changed, not what: the values of the person's own rows go.
fn scrub_change_log(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let mut sql = Sql::new("UPDATE change_log SET before_json = NULL, after_json = NULL WHERE contact_id = ");
    sql.bind(contact).push(" AND (before_json IS NOT NULL OR after_json IS NOT NULL)");
    Ok(db.execute_of(&sql)? as i64)
}
