//! Crm's columns that point to companies and contacts: what a merge and an erasure do with them.

use maitred_core::cx::Writer;
use maitred_core::error::ToolResult;
use maitred_party::redact::{ERASED, redact};
use maitred_party::refs::{OnErase, OnMerge, PartyRef, RefKind};
use maitred_party::store::contacts;
use maitred_party::store::merge::note_scrubbed;
use maitred_party::store::redirects;
use maitred_party::{CompanyId, Contact, ContactId};
use maitred_store::change::json_string;
use maitred_store::{Record, Sql, params, search};

use crate::model::{
    ActivityLink, ContactProfile, DealContact, DedupeVerdict, Lead, Lifecycle, Profile, SegmentMember,
    TodoLink,
};

const fn company(table: &'static str, column: &'static str, on_merge: OnMerge) -> PartyRef {
    PartyRef { table, column, kind: RefKind::Company, on_merge, on_erase: OnErase::Tombstone }
}

const fn contact(
    table: &'static str,
    column: &'static str,
    on_merge: OnMerge,
    on_erase: OnErase,
) -> PartyRef {
    PartyRef { table, column, kind: RefKind::Contact, on_merge, on_erase }
}

/// Every column of crm that points to the party.
pub const REFS: &[PartyRef] = &[
    company("deal", "company_id", OnMerge::Repoint),
    contact("deal", "contact_id", OnMerge::Repoint, OnErase::Scrub(redact_deals)),
    company("lead", "company_id", OnMerge::Repoint),
    contact("lead", "contact_id", OnMerge::Repoint, OnErase::Scrub(scrub_leads)),
    contact("deal_contact", "contact_id", OnMerge::Fold(fold_stakeholders), OnErase::Tombstone),
    company("crm_profile", "id", OnMerge::Fold(fold_profile)),
    contact("crm_contact_profile", "id", OnMerge::Fold(fold_contact_profile), OnErase::Tombstone),
    company("activity_link", "entity_id", OnMerge::Fold(fold_activities)),
    contact("activity_link", "entity_id", OnMerge::Fold(fold_activities), OnErase::Scrub(scrub_activities)),
    company("todo_link", "entity_id", OnMerge::Fold(fold_todos)),
    contact("todo_link", "entity_id", OnMerge::Fold(fold_todos), OnErase::Scrub(redact_todos)),
    company("segment_member", "entity_id", OnMerge::Fold(fold_members)),
    contact("segment_member", "entity_id", OnMerge::Fold(fold_members), OnErase::Scrub(leave_segments)),
    company("dedupe_verdict", "a_id", OnMerge::Fold(fold_verdicts_a)),
    company("dedupe_verdict", "b_id", OnMerge::Fold(fold_verdicts_b)),
    contact("dedupe_verdict", "a_id", OnMerge::Fold(fold_verdicts_a), OnErase::Tombstone),
    contact("dedupe_verdict", "b_id", OnMerge::Fold(fold_verdicts_b), OnErase::Tombstone),
    company("merge_log", "kept_id", OnMerge::Keep),
    contact("merge_log", "kept_id", OnMerge::Keep, OnErase::Scrub(scrub_merge_log)),
];

/// Moves the rows of a link table one by one: a row whose twin the kept record has already goes, the others follow.
fn fold_rows<R: Record + Clone>(
    db: &Writer<'_>,
    rows: Vec<R>,
    has_twin: impl Fn(&R) -> ToolResult<bool>,
    moved_to: impl Fn(R) -> R,
) -> ToolResult<i64> {
    let count = rows.len() as i64;
    for before in rows {
        if has_twin(&before)? {
            db.delete(&before)?;
        } else {
            let mut after = moved_to(before.clone());
            db.update(&before, &mut after)?;
        }
    }
    Ok(count)
}

fn rows_of<R: Record>(db: &Writer<'_>, column: &'static str, id: &str) -> ToolResult<Vec<R>> {
    let mut sql = Sql::new(R::SELECT);
    sql.push(" WHERE ").push(column).push(" = ").bind(id).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

fn fold_stakeholders(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    fold_rows(
        db,
        rows_of::<DealContact>(db, "contact_id", absorbed)?,
        |row| {
            Ok(db.count(
                "SELECT COUNT(*) FROM deal_contact WHERE deal_id = $1 AND contact_id = $2",
                params![row.deal_id, kept],
            )? > 0)
        },
        |row| DealContact { contact_id: ContactId(kept.to_owned()), ..row },
    )
}

fn fold_activities(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    fold_rows(
        db,
        rows_of::<ActivityLink>(db, "entity_id", absorbed)?,
        |row| {
            Ok(db.count(
                "SELECT COUNT(*) FROM activity_link WHERE activity_id = $1 AND entity_id = $2",
                params![row.activity_id, kept],
            )? > 0)
        },
        |row| ActivityLink { entity_id: kept.to_owned(), ..row },
    )
}

fn fold_todos(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    fold_rows(
        db,
        rows_of::<TodoLink>(db, "entity_id", absorbed)?,
        |row| {
            Ok(db.count(
                "SELECT COUNT(*) FROM todo_link WHERE todo_id = $1 AND entity_id = $2",
                params![row.todo_id, kept],
            )? > 0)
        },
        |row| TodoLink { entity_id: kept.to_owned(), ..row },
    )
}

fn fold_members(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    fold_rows(
        db,
        rows_of::<SegmentMember>(db, "entity_id", absorbed)?,
        |row| {
            Ok(db.count(
                "SELECT COUNT(*) FROM segment_member WHERE segment_id = $1 AND entity_id = $2",
                params![row.segment_id, kept],
            )? > 0)
        },
        |row| SegmentMember { entity_id: kept.to_owned(), ..row },
    )
}

fn fold_verdicts_a(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    fold_verdicts(db, rows_of(db, "a_id", absorbed)?, absorbed, kept)
}

fn fold_verdicts_b(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    fold_verdicts(db, rows_of(db, "b_id", absorbed)?, absorbed, kept)
}

/// What was judged of the absorbed record holds for the kept one, except that the two were different.
fn fold_verdicts(db: &Writer<'_>, rows: Vec<DedupeVerdict>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let pair = |row: &DedupeVerdict| {
        let other = if row.a_id == absorbed { &row.b_id } else { &row.a_id };
        let (a, b) = if other.as_str() < kept { (other.as_str(), kept) } else { (kept, other.as_str()) };
        (a.to_owned(), b.to_owned())
    };
    fold_rows(
        db,
        rows,
        |row| {
            let (a, b) = pair(row);
            Ok(a == b
                || db.count(
                    "SELECT COUNT(*) FROM dedupe_verdict WHERE a_id = $1 AND b_id = $2",
                    params![a, b],
                )? > 0)
        },
        |row| {
            let (a_id, b_id) = pair(&row);
            DedupeVerdict { a_id, b_id, ..row }
        },
    )
}

/// The kept company's profile stands; what it does not say comes from the absorbed one, the later contact counts, and
/// whoever bought under either record is a customer.
fn fold_profile(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let Some(gone) = db.get::<Profile>(absorbed)? else { return Ok(0) };
    match db.get::<Profile>(kept)? {
        Some(before) => {
            let is_customer = [before.lifecycle, gone.lifecycle].contains(&Lifecycle::Customer);
            let mut after = Profile {
                lifecycle: if is_customer { Lifecycle::Customer } else { before.lifecycle },
                source: before.source.clone().or_else(|| gone.source.clone()),
                industry: before.industry.clone().or_else(|| gone.industry.clone()),
                size_band: before.size_band.clone().or_else(|| gone.size_band.clone()),
                last_contacted_at: before.last_contacted_at.max(gone.last_contacted_at),
                next_step_at: before.next_step_at.or(gone.next_step_at),
                ..before.clone()
            };
            db.update(&before, &mut after)?;
        }
        None => {
            let mut profile = Profile { id: CompanyId(kept.to_owned()), ..gone.clone() };
            db.insert(&mut profile)?;
        }
    }
    db.delete(&gone)?;
    Ok(1)
}

fn fold_contact_profile(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let Some(gone) = db.get::<ContactProfile>(absorbed)? else { return Ok(0) };
    match db.get::<ContactProfile>(kept)? {
        Some(before) => {
            let last_contacted_at = before.last_contacted_at.max(gone.last_contacted_at);
            let mut after = ContactProfile { last_contacted_at, ..before.clone() };
            db.update(&before, &mut after)?;
        }
        None => {
            let mut profile = ContactProfile { id: ContactId(kept.to_owned()), ..gone.clone() };
            db.insert(&mut profile)?;
        }
    }
    db.delete(&gone)?;
    Ok(1)
}

fn words(db: &Writer<'_>, contact: &str) -> ToolResult<Vec<String>> {
    match db.get::<Contact>(contact)? {
        Some(contact) => contacts::identity_words(db, &contact),
        None => Ok(Vec::new()),
    }
}

fn json(members: &[(&str, Option<&str>)]) -> String {
    let mut out = String::from("{");
    for (name, value) in members {
        if out.len() > 1 {
            out.push(',');
        }
        json_string(name, &mut out);
        out.push(':');
        match value {
            Some(value) => json_string(value, &mut out),
            None => out.push_str("null"),
        }
    }
    out.push('}');
    out
}

fn redact_deals(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let words = words(db, contact)?;
    let rows: Vec<(String, String, Option<String>)> =
        db.all("SELECT id, title, next_step FROM deal WHERE contact_id = $1 ORDER BY id", params![contact])?;
    let mut scrubbed = 0;
    for (id, title, next_step) in rows {
        let (new_title, new_step) =
            (redact(&title, &words), next_step.as_deref().and_then(|text| redact(text, &words)));
        if new_title.is_none() && new_step.is_none() {
            continue;
        }
        let (title, next_step) = (new_title.unwrap_or(title), new_step.or(next_step));
        db.execute(
            "UPDATE deal SET title = $1, next_step = $2 WHERE id = $3",
            params![title, next_step, id],
        )?;
        let after = json(&[("title", Some(&title)), ("next_step", next_step.as_deref())]);
        note_scrubbed(db, "deal", &id, contact, &after)?;
        scrubbed += 1;
    }
    Ok(scrubbed)
}

/// Leads that became this person, and leads that gave one of their addresses: what they asked for is their own words.
fn scrub_leads(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let mut sql = Sql::new(Lead::SELECT);
    sql.push(" WHERE contact_id = ").bind(contact);
    sql.push(" OR email = (SELECT email FROM contact WHERE id = ").bind(contact);
    sql.push(") OR email IN (SELECT value FROM contact_point WHERE kind = 'email' AND contact_id = ");
    sql.bind(contact).push(") ORDER BY id");
    let leads: Vec<Lead> = db.all_of(&sql)?;
    for lead in &leads {
        db.execute(
            "UPDATE lead SET name = $1, email = NULL, phone = NULL, need = $1 WHERE id = $2",
            params![ERASED, lead.id],
        )?;
        search::remove(db.tx(), "lead", &lead.id.0)?;
        let after = json(&[("name", Some(ERASED)), ("email", None), ("phone", None), ("need", Some(ERASED))]);
        note_scrubbed(db, "lead", &lead.id.0, contact, &after)?;
    }
    Ok(leads.len() as i64)
}

/// Messages they wrote go whole; in what others noted about them, their names and addresses go.
fn scrub_activities(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let words = words(db, contact)?;
    let rows: Vec<(String, String, String, String, Option<String>)> = db.all(
        "SELECT a.id, a.kind, a.direction, a.summary, a.outcome FROM activity_link l \
         JOIN activity a ON a.id = l.activity_id WHERE l.entity_id = $1 ORDER BY a.id",
        params![contact],
    )?;
    let mut scrubbed = 0;
    for (id, kind, direction, summary, outcome) in rows {
        let theirs = direction == "in" && matches!(kind.as_str(), "email" | "message");
        let new_summary = if theirs { Some(ERASED.to_owned()) } else { redact(&summary, &words) };
        let new_outcome = outcome.as_deref().and_then(|text| redact(text, &words));
        if new_summary.is_none() && new_outcome.is_none() {
            continue;
        }
        let (summary, outcome) = (new_summary.unwrap_or(summary), new_outcome.or(outcome));
        db.execute(
            "UPDATE activity SET summary = $1, outcome = $2 WHERE id = $3",
            params![summary, outcome, id],
        )?;
        let after = json(&[("summary", Some(&summary)), ("outcome", outcome.as_deref())]);
        note_scrubbed(db, "activity", &id, contact, &after)?;
        scrubbed += 1;
    }
    Ok(scrubbed)
}

fn redact_todos(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let words = words(db, contact)?;
    let rows: Vec<(String, String, Option<String>)> = db.all(
        "SELECT t.id, t.title, t.outcome FROM todo_link l JOIN todo t ON t.id = l.todo_id \
         WHERE l.entity_id = $1 ORDER BY t.id",
        params![contact],
    )?;
    let mut scrubbed = 0;
    for (id, title, outcome) in rows {
        let (new_title, new_outcome) =
            (redact(&title, &words), outcome.as_deref().and_then(|text| redact(text, &words)));
        if new_title.is_none() && new_outcome.is_none() {
            continue;
        }
        let (title, outcome) = (new_title.unwrap_or(title), new_outcome.or(outcome));
        db.execute("UPDATE todo SET title = $1, outcome = $2 WHERE id = $3", params![title, outcome, id])?;
        let after = json(&[("title", Some(&title)), ("outcome", outcome.as_deref())]);
        note_scrubbed(db, "todo", &id, contact, &after)?;
        scrubbed += 1;
    }
    Ok(scrubbed)
}

fn leave_segments(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let rows: Vec<SegmentMember> = rows_of(db, "entity_id", contact)?;
    for row in &rows {
        db.delete(row)?;
    }
    Ok(rows.len() as i64)
}

/// The snapshots of the records that were merged into theirs, over any number of steps.
fn scrub_merge_log(db: &Writer<'_>, contact: &str) -> ToolResult<i64> {
    let mut scrubbed = 0;
    for absorbed in redirects::family(db, contact)? {
        let rows: Vec<(String,)> = db.all(
            "SELECT id FROM merge_log WHERE (kept_id = $1 OR absorbed_id = $1) AND absorbed_json <> '{}' ORDER BY id",
            params![absorbed],
        )?;
        for (id,) in rows {
            db.execute(
                "UPDATE merge_log SET absorbed_json = '{}', choices_json = '[]' WHERE id = $1",
                params![id],
            )?;
            note_scrubbed(db, "merge_log", &id, contact, r#"{"absorbed_json":"{}","choices_json":"[]"}"#)?;
            scrubbed += 1;
        }
    }
    Ok(scrubbed)
}
