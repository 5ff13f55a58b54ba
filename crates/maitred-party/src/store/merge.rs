//! Moving every reference from an absorbed record to the kept one, and scrubbing a person, by the reference registry.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_core::output::Counts;
use maitred_kernel::wire::Moment;
use maitred_store::change::{Change, ChangeKind, json_string};
use maitred_store::{Record, Sql, params};

use crate::model::{Company, CompanyContact, CompanyId, Contact, ContactId, Redirect};
use crate::redact::ERASED;
use crate::refs::{OnErase, OnMerge, PartyRef, RefKind, all};
use crate::store::{companies, contacts, redirects, tags};

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
    own("tagging", "entity_id", RefKind::Company, OnMerge::Fold(tags::fold_into), OnErase::Tombstone),
    own(
        "tagging",
        "entity_id",
        RefKind::Contact,
        OnMerge::Fold(tags::fold_into),
        OnErase::Scrub(tags::strip),
    ),
    own("attachment", "entity_id", RefKind::Company, OnMerge::Repoint, OnErase::Tombstone),
    own("attachment", "entity_id", RefKind::Contact, OnMerge::Repoint, OnErase::Scrub(drop_filenames)),
    own("party_redirect", "new_id", RefKind::Company, OnMerge::Repoint, OnErase::Tombstone),
    own("party_redirect", "new_id", RefKind::Contact, OnMerge::Repoint, OnErase::Tombstone),
    own("change_log", "company_id", RefKind::Company, OnMerge::Keep, OnErase::Tombstone),
    own("change_log", "contact_id", RefKind::Contact, OnMerge::Keep, OnErase::Scrub(scrub_change_log)),
];

/// Moves every reference of `absorbed` to `kept` and leaves a redirect. Answers by table how many rows pointed to
/// `absorbed`; none does afterwards. The absorbed row itself is the caller's to remove.
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

/// Scrubs or keeps every row that points to a contact, as its owner has registered. The contact's own row must still
/// say who they are: what others wrote about them is found by their name.
pub fn erase_all(db: &Writer<'_>, contact: &ContactId) -> ToolResult<Vec<Erased>> {
    let mut done: Vec<Erased> = Vec::new();
    let mut add = |table: &'static str, rows: i64, kept_because| {
        if rows == 0 {
            return;
        }
        match done.iter_mut().find(|known| known.table == table && known.kept_because == kept_because) {
            Some(known) => known.rows += rows,
            None => done.push(Erased { table, rows, kept_because }),
        }
    };
    for reference in all(db).into_iter().filter(|reference| reference.kind == RefKind::Contact) {
        match reference.on_erase {
            OnErase::Tombstone => {}
            OnErase::Scrub(scrub) => add(reference.table, scrub(db, &contact.0)?, None),
            OnErase::KeepLegal(reason) => {
                let mut count = Sql::new("SELECT COUNT(*) FROM ");
                count.push(reference.table).push(" WHERE ").push(reference.column).push(" = ").bind(contact);
                add(reference.table, db.count_of(&count)?, Some(reason));
            }
        }
    }
    add("receipt", drop_receipts(db, contact)?, None);
    Ok(done)
}

/// Notes that a row was scrubbed by a bulk statement: `after` is what it says now, as a JSON object. What the change
/// log knew of the row's values goes with them, and the values before are not noted, or erasing would write them down
/// once more.
pub fn note_scrubbed(
    db: &Writer<'_>,
    table: &'static str,
    id: &str,
    contact: &str,
    after: &str,
) -> ToolResult<()> {
    db.execute(
        "UPDATE change_log SET before_json = NULL, after_json = NULL WHERE entity_id = $1 AND entity = $2",
        params![id, table],
    )?;
    db.note_change(Change {
        entity: table,
        id: id.to_owned(),
        kind: ChangeKind::Updated,
        before: None,
        after: Some(after.to_owned()),
        company: None,
        contact: Some(contact.to_owned()),
    });
    Ok(())
}

fn fold_parents(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let (absorbed, kept) = (CompanyId(absorbed.to_owned()), CompanyId(kept.to_owned()));
    // A kept company below the absorbed one takes its place in the chain; anything else would close a circle.
    if companies::would_cycle(db, &absorbed, &kept)?
        && let Some(before) = db.get::<Company>(&kept.0)?
    {
        let above = db.get::<Company>(&absorbed.0)?.and_then(|company| company.parent_id);
        let was_child = before.parent_id.as_ref() == Some(&absorbed);
        let mut after = Company { parent_id: above, ..before.clone() };
        db.update(&before, &mut after)?;
        return Ok(i64::from(was_child) + adopt(db, &absorbed, &kept)?);
    }
    adopt(db, &absorbed, &kept)
}

fn adopt(db: &Writer<'_>, absorbed: &CompanyId, kept: &CompanyId) -> ToolResult<i64> {
    let mut sql = Sql::new(Company::SELECT);
    sql.push(" WHERE parent_id = ").bind(absorbed).push(" ORDER BY id");
    let mut moved = 0;
    for before in db.all_of::<Company>(&sql)? {
        let mut after = Company { parent_id: Some(kept.clone()), ..before.clone() };
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
    let (absorbed, kept) = (CompanyId(absorbed.to_owned()), CompanyId(kept.to_owned()));
    // The kept company's own primary contact stays it; one of the absorbed company is, where there was none.
    let has_primary = contacts::links_at(db, &kept)?.iter().any(|link| link.is_primary);
    let mut moved = 0;
    for before in contacts::links_at(db, &absorbed)? {
        let there = contacts::links_at(db, &kept)?;
        let is_primary = before.is_primary && !has_primary;
        match there.into_iter().find(|link| link.contact_id == before.contact_id) {
            Some(twin) => unite(db, &twin, &before, is_primary)?,
            None => {
                let mut after = CompanyContact { company_id: kept.clone(), is_primary, ..before.clone() };
                db.update(&before, &mut after)?;
            }
        }
        moved += 1;
    }
    contacts::ensure_primary(db, &kept)?;
    for link in contacts::links_at(db, &kept)? {
        if let Some(contact) = db.get::<Contact>(&link.contact_id.0)? {
            contacts::index(db, &contact)?;
        }
    }
    Ok(moved)
}

fn fold_links_of_contact(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let (absorbed, kept) = (ContactId(absorbed.to_owned()), ContactId(kept.to_owned()));
    let mut moved = 0;
    for before in contacts::links_of(db, &absorbed)? {
        let there = contacts::links_of(db, &kept)?;
        match there.into_iter().find(|link| link.company_id == before.company_id) {
            Some(twin) => unite(db, &twin, &before, before.is_primary)?,
            None => {
                let mut after = CompanyContact { contact_id: kept.clone(), ..before.clone() };
                db.update(&before, &mut after)?;
            }
        }
        contacts::ensure_primary(db, &before.company_id)?;
        moved += 1;
    }
    Ok(moved)
}

/// Two links between the same person and company become one: it runs as long as either did. The right to order is the
/// kept one's own, because a merge must not hand out rights.
fn unite(
    db: &Writer<'_>,
    kept: &CompanyContact,
    absorbed: &CompanyContact,
    is_primary: bool,
) -> ToolResult<()> {
    let until = match (kept.until, absorbed.until) {
        (Some(a), Some(b)) => Some(a.max(b)),
        _ => None,
    };
    let mut after = CompanyContact {
        is_primary: kept.is_primary || is_primary,
        since: kept.since.min(absorbed.since),
        until,
        ..kept.clone()
    };
    db.delete(absorbed)?;
    db.update(kept, &mut after)?;
    Ok(())
}

fn drop_handles(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let rows: Vec<(String,)> = db.all(
        "SELECT id FROM channel_handle WHERE contact_id = $1 AND handle_hash <> '' ORDER BY id",
        params![contact],
    )?;
    for (id,) in &rows {
        db.execute(
            "UPDATE channel_handle SET handle_hash = '', revoked_at = COALESCE(revoked_at, $1) WHERE id = $2",
            params![db.stamp(), id],
        )?;
        note_scrubbed(db, "channel_handle", id, contact, r#"{"handle_hash":""}"#)?;
    }
    Ok(rows.len() as i64)
}

fn drop_points(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let points = contacts::points(db, &ContactId(contact.to_owned()))?;
    for point in &points {
        db.execute("DELETE FROM contact_point WHERE id = $1", params![point.id])?;
        note_scrubbed(db, "contact_point", &point.id, contact, r#"{"value":null}"#)?;
    }
    Ok(points.len() as i64)
}

fn drop_filenames(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let rows: Vec<(String,)> = db.all(
        "SELECT id FROM attachment WHERE entity_id = $1 AND filename <> $2 ORDER BY id",
        params![contact, ERASED],
    )?;
    for (id,) in &rows {
        db.execute("UPDATE attachment SET filename = $1 WHERE id = $2", params![ERASED, id])?;
        note_scrubbed(db, "attachment", id, contact, r#"{"filename":"(erased)"}"#)?;
    }
    Ok(rows.len() as i64)
}

/// The change log keeps that something changed, not what: the values of the person's own rows go, also those of the
/// records that were merged into theirs. What their orders or deals were worth stays.
fn scrub_change_log(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let mut scrubbed = 0;
    for id in redirects::family(db, contact)? {
        scrubbed += db.execute(
            "UPDATE change_log SET before_json = NULL, after_json = NULL WHERE contact_id = $1 \
             AND entity IN ('contact', 'contact_point', 'channel_handle') \
             AND (before_json IS NOT NULL OR after_json IS NOT NULL)",
            params![id],
        )? as i64;
    }
    Ok(scrubbed)
}

/// Kept answers for retries may show the person; a retry after their erasure is made anew.
fn drop_receipts(db: &Writer<'_>, contact: &ContactId) -> ToolResult<i64> {
    let mut dropped = 0;
    for id in redirects::family(db, &contact.0)? {
        dropped += db.execute("DELETE FROM receipt WHERE answer LIKE $1", params![format!("%{id}%")])? as i64;
    }
    Ok(dropped)
}
