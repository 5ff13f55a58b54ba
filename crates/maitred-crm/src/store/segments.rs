//! Segments: saved, found, and compiled into statements made of constant fragments.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{Code, ToolError, ToolResult, not_found};
use maitred_kernel::wire::at_field;
use maitred_kernel::{Day, Zone, fold, nearest};
use maitred_party::org;
use maitred_store::{Record, Sql, params};

use crate::model::{AboutKind, Segment, SegmentId, SegmentKind, SegmentMember};
use crate::segments::{Condition, Filter, Kind, Op, amount, day};

/// Where a field stands.
enum Place {
    /// An expression over the record `x` and its profile `p`.
    Here(&'static str),
    /// An expression over rows that belong to the record: the subquery up to its last condition, then the expression.
    Within(&'static str, &'static str),
}

use Place::{Here, Within};

const TAG: Place = Within(
    "EXISTS (SELECT 1 FROM tagging g JOIN tag t ON t.id = g.tag_id WHERE g.entity_id = x.id AND ",
    "t.name_key",
);
const LINK: &str = "EXISTS (SELECT 1 FROM company_contact l JOIN company o ON o.id = l.company_id \
                    WHERE l.contact_id = x.id AND ";
const GRANTED: &str = "'granted' = (SELECT n.state FROM consent n WHERE n.contact_id = x.id AND n.channel = ";
const NEWEST: &str = " ORDER BY n.at DESC, n.state DESC, n.id DESC LIMIT 1)";

fn place(entity: AboutKind, field: &str) -> Option<Place> {
    Some(match (entity, field) {
        (_, "tag") => TAG,
        (AboutKind::Company | AboutKind::Contact, "name") => Here("x.name_key"),
        (_, "created") => Here("x.created_at"),
        (_, "language") => Here("x.language"),
        (_, "currency") => Here("x.currency"),
        (_, "owner") => Here("x.owner_id"),
        (_, "status") => Here("x.status"),
        (_, "email") => Here("x.email"),
        (_, "phone") => Here("x.phone"),
        (AboutKind::Company, "domain") => Here("x.domain"),
        (AboutKind::Company, "vat_id") => Here("x.vat_id"),
        (AboutKind::Company, "country") => Here("x.country"),
        (AboutKind::Company, "kind") => Here("(' ' || x.kinds || ' ')"),
        (AboutKind::Company, "lifecycle") => Here("COALESCE(p.lifecycle, 'prospect')"),
        (AboutKind::Company, "source") => Here("p.source"),
        (AboutKind::Company, "industry") => Here("p.industry"),
        (AboutKind::Company, "size_band") => Here("p.size_band"),
        (AboutKind::Company, "city") => {
            Within("EXISTS (SELECT 1 FROM address a WHERE a.company_id = x.id AND ", "a.city")
        }
        (AboutKind::Company, "parent") => Here("x.parent_id"),
        (AboutKind::Company, "next_step") => Here("p.next_step_at"),
        (AboutKind::Company | AboutKind::Contact, "last_contacted") => Here("p.last_contacted_at"),
        (AboutKind::Company, "open_deals") => {
            Here("(SELECT COUNT(*) FROM deal d WHERE d.company_id = x.id AND d.status = 'open')")
        }
        (AboutKind::Contact, "title") => Here("x.title"),
        (AboutKind::Contact, "company") => Within(LINK, "l.company_id"),
        (AboutKind::Contact, "company_country") => Within(LINK, "o.country"),
        (AboutKind::Contact, "role") => Within(LINK, "l.role"),
        (AboutKind::Contact, "can_order") => Within(LINK, "l.can_order"),
        (AboutKind::Lead, "company_name") => Here("x.company_name"),
        (AboutKind::Lead, "source") => Here("x.source"),
        (AboutKind::Lead, "disqualify_reason") => Here("x.disqualify_reason"),
        (AboutKind::Lead, "score") => Here("x.score"),
        (AboutKind::Lead, "value") => Here("x.value_minor"),
        (AboutKind::Lead, "last_touched") => Here("x.last_touched_at"),
        (AboutKind::Deal, "stage") => {
            Within("EXISTS (SELECT 1 FROM stage s WHERE s.id = x.stage_id AND ", "s.key_word")
        }
        (AboutKind::Deal, "pipeline") => {
            Within("EXISTS (SELECT 1 FROM pipeline w WHERE w.id = x.pipeline_id AND ", "w.key_word")
        }
        (AboutKind::Deal, "amount") => Here("x.amount_minor"),
        (AboutKind::Deal, "forecast") => Here("x.forecast"),
        (AboutKind::Deal, "company") => Here("x.company_id"),
        (AboutKind::Deal, "lost_reason") => Here("x.lost_reason"),
        (AboutKind::Deal, "competitor") => Here("x.competitor"),
        (AboutKind::Deal, "pushed_count") => Here("x.pushed_count"),
        (AboutKind::Deal, "close_date") => Here("x.close_date"),
        (AboutKind::Deal, "next_step") => Here("x.next_step"),
        (AboutKind::Deal, "closed") => Here("x.closed_at"),
        (AboutKind::Deal, "stage_entered") => Here("x.stage_entered_at"),
        _ => return None,
    })
}

/// The records of an entity, with the profile beside them where there is one.
fn from(entity: AboutKind) -> &'static str {
    match entity {
        AboutKind::Company => " FROM company x LEFT JOIN crm_profile p ON p.id = x.id WHERE 1 = 1",
        AboutKind::Contact => " FROM contact x LEFT JOIN crm_contact_profile p ON p.id = x.id WHERE 1 = 1",
        AboutKind::Lead => " FROM lead x WHERE 1 = 1",
        AboutKind::Deal => " FROM deal x WHERE 1 = 1",
    }
}

struct Days<'a> {
    today: Day,
    zone: &'a Zone,
}

/// Appends ` AND <condition>`.
fn compile(sql: &mut Sql, entity: AboutKind, condition: &Condition, days: &Days<'_>) -> ToolResult<()> {
    let value = condition.values.first().map_or("", String::as_str);
    if condition.field.kind == Kind::Granted {
        sql.push(" AND ").push(GRANTED).bind(value).push(NEWEST);
        return Ok(());
    }
    let place = place(entity, condition.field.name).ok_or_else(|| {
        let what = format!("a {entity} segment cannot be compiled: {}", condition.field.name);
        ToolError::internal(maitred_store::StoreError::defect(what))
    })?;
    // What is asked of no row is asked as "there is none".
    let none = value == "false" && matches!(condition.field.kind, Kind::Flag);
    let unknown = value == "false" && condition.op == Op::IsSet;
    match place {
        Here(expression) if unknown => {
            sql.push(" AND ").push(expression).push(" IS NULL");
            Ok(())
        }
        Here(expression) => {
            sql.push(" AND ");
            compare(sql, expression, condition, days)
        }
        Within(subquery, expression) => {
            sql.push(if none || unknown { " AND NOT " } else { " AND " }).push(subquery);
            compare(sql, expression, condition, days)?;
            sql.push(")");
            Ok(())
        }
    }
}

/// Appends a comparison of an expression with the condition's values.
fn compare(
    sql: &mut Sql,
    expression: &'static str,
    condition: &Condition,
    days: &Days<'_>,
) -> ToolResult<()> {
    let value = condition.values.first().map_or("", String::as_str);
    if condition.op == Op::IsSet {
        sql.push(expression).push(" IS NOT NULL");
        return Ok(());
    }
    match condition.field.kind {
        Kind::Flag => {
            sql.push(expression).push(" = 1");
        }
        Kind::WordSet(_) => {
            sql.push("(1 = 0");
            for word in &condition.values {
                sql.push(" OR ").push(expression).push(" LIKE ").bind(format!("% {word} %"));
            }
            sql.push(")");
        }
        Kind::Number => {
            let numbers: Vec<i64> = condition.values.iter().filter_map(|value| value.parse().ok()).collect();
            sql.push(expression);
            match condition.op {
                Op::In => sql.push(" IN ").bind_list(&numbers),
                op => sql.push(sign(op)).bind(numbers.first().copied()),
            };
        }
        Kind::Amount => {
            let wanted = amount(value, maitred_kernel::Currency::EUR);
            let (minor, currency) = wanted.map_or((None, None), |(minor, code)| (Some(minor), Some(code)));
            sql.push("x.currency = ").bind(currency).push(" AND ");
            sql.push(expression).push(sign(condition.op)).bind(minor);
        }
        Kind::Day => {
            let day = at_field(day(value, days.today), "filter")?;
            sql.push(expression).push(sign(condition.op)).bind(day);
        }
        Kind::Moment => {
            let day = at_field(day(value, days.today), "filter")?;
            let (start, end) = at_field(day.bounds(days.zone), "filter")?;
            match condition.op {
                Op::Before => sql.push(expression).push(" < ").bind(start),
                Op::AtLeast => sql.push(expression).push(" >= ").bind(start),
                Op::After => sql.push(expression).push(" >= ").bind(end),
                Op::AtMost => sql.push(expression).push(" < ").bind(end),
                _ => {
                    sql.push(expression).push(" >= ").bind(start).push(" AND ");
                    sql.push(expression).push(" < ").bind(end)
                }
            };
        }
        _ => {
            sql.push(expression);
            match condition.op {
                Op::In => sql.push(" IN ").bind_list(&condition.values),
                Op::Contains => sql.push(" LIKE ").bind(pattern(value)).push(" ESCAPE '!'"),
                _ => sql.push(" = ").bind(value),
            };
        }
    }
    Ok(())
}

fn sign(op: Op) -> &'static str {
    match op {
        Op::Before => " < ",
        Op::After => " > ",
        Op::AtLeast => " >= ",
        Op::AtMost => " <= ",
        _ => " = ",
    }
}

fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// Members of a fixed list stay members when they are merged into another record, and when that is merged again.
const MEMBERS: &str = " AND x.id IN (SELECT COALESCE(r3.new_id, r2.new_id, r1.new_id, m.entity_id) FROM segment_member m \
                       LEFT JOIN party_redirect r1 ON r1.id = m.entity_id \
                       LEFT JOIN party_redirect r2 ON r2.id = r1.new_id \
                       LEFT JOIN party_redirect r3 ON r3.id = r2.new_id WHERE m.segment_id = ";

/// Appends the conditions that make a record `x` a member.
fn rule(db: &Reader<'_>, sql: &mut Sql, segment: &Segment) -> ToolResult<()> {
    if segment.kind == SegmentKind::Static {
        sql.push(MEMBERS).bind(&segment.id).push(")");
        return Ok(());
    }
    let filter = filter_of(segment)?;
    let settings = org::settings_of(db)?;
    let days = Days { today: org::today(db)?, zone: &settings.zone };
    filter.0.iter().try_for_each(|condition| compile(sql, segment.entity, condition, &days))
}

/// The stored filter; one that lets everything pass for a fixed list.
pub fn filter_of(segment: &Segment) -> ToolResult<Filter> {
    match &segment.filter_json {
        Some(json) => Filter::stored(segment.entity, json),
        None => Ok(Filter(Vec::new())),
    }
}

/// Narrows a search to the members of a segment: appends ` AND <id_column> IN (..)`. The filter of a dynamic segment
/// binds at most 72 parameters.
///
/// # Errors
/// `not_found` when there is no such segment of that entity.
pub fn narrow(
    db: &Reader<'_>,
    sql: &mut Sql,
    entity: AboutKind,
    name_or_id: &str,
    id_column: &'static str,
) -> ToolResult<()> {
    let segment = resolve(db, entity, name_or_id)?;
    sql.push(" AND ").push(id_column).push(" IN (SELECT x.id").push(from(entity));
    rule(db, sql, &segment)?;
    sql.push(")");
    Ok(())
}

/// How many records are members now. Archived companies and leads, and contacts who are no longer active, do not count,
/// as the searches do not show them; except where the rule itself speaks of the status.
pub fn size(db: &Reader<'_>, segment: &Segment) -> ToolResult<i64> {
    let mut sql = Sql::new("SELECT COUNT(*)");
    sql.push(from(segment.entity));
    match segment.entity {
        AboutKind::Company | AboutKind::Lead => {
            sql.push(" AND x.archived_at IS NULL");
        }
        AboutKind::Contact if !filter_of(segment)?.names("status") => {
            sql.push(" AND x.status = 'active'");
        }
        AboutKind::Contact | AboutKind::Deal => {}
    }
    rule(db, &mut sql, segment)?;
    Ok(db.count_of(&sql)?)
}

/// The folded name under which a segment is known.
pub fn key_of(name: &str) -> String {
    fold(name).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The segment of this entity with this name, if there is one.
pub fn by_name(db: &Reader<'_>, entity: AboutKind, name: &str) -> ToolResult<Option<Segment>> {
    let mut sql = Sql::new(Segment::SELECT);
    sql.push(" WHERE name_key = ").bind(key_of(name)).and("entity =", entity);
    Ok(db.one_of(&sql)?)
}

/// The segment a text refers to: its id or its name.
///
/// # Errors
/// `not_found`, with the nearest name there is.
pub fn resolve(db: &Reader<'_>, entity: AboutKind, text: &str) -> ToolResult<Segment> {
    if let Some(segment) = db.get::<Segment>(text.trim())?.filter(|segment| segment.entity == entity) {
        return Ok(segment);
    }
    if let Some(segment) = by_name(db, entity, text)? {
        return Ok(segment);
    }
    let all = all(db, Some(entity))?;
    let names: Vec<&str> = all.iter().map(|segment| segment.name.as_str()).collect();
    let error = not_found("segment", text).field("segment");
    Err(match nearest(text, &names) {
        Some(near) => error.hint(format!("did you mean `{near}`? crm_segment_list shows all")),
        None => error.hint("crm_segment_list shows the segments there are"),
    })
}

/// Every segment, by entity and name.
pub fn all(db: &Reader<'_>, entity: Option<AboutKind>) -> ToolResult<Vec<Segment>> {
    let mut sql = Sql::new(Segment::SELECT);
    sql.push(" WHERE 1 = 1");
    if let Some(entity) = entity {
        sql.and("entity =", entity);
    }
    sql.push(" ORDER BY entity, name_key, id");
    Ok(db.all_of(&sql)?)
}

/// What a segment is made of.
pub enum Content {
    /// A rule.
    Rule(Filter),
    /// A fixed list of ids.
    List(Vec<String>),
}

/// Makes a segment or changes the one of this name; nothing is written when nothing differs.
///
/// # Errors
/// `duplicate_suspect` when the new name is another segment's.
pub fn save(
    db: &Writer<'_>,
    entity: AboutKind,
    name: &str,
    new_name: Option<String>,
    content: Option<Content>,
) -> ToolResult<Segment> {
    let before = by_name(db, entity, name)?;
    let name = new_name.unwrap_or_else(|| before.as_ref().map_or(name, |known| &known.name).to_owned());
    if let Some(other) = by_name(db, entity, &name)?
        && before.as_ref().is_none_or(|before| before.id != other.id)
    {
        return Err(ToolError::new(Code::DuplicateSuspect, format!("there is a segment `{name}` already"))
            .field("new_name")
            .hint("crm_segment_list shows the segments there are"));
    }
    let (kind, filter_json) = match (&content, &before) {
        (Some(Content::Rule(filter)), _) => (SegmentKind::Dynamic, Some(filter.json())),
        (Some(Content::List(_)), _) => (SegmentKind::Static, None),
        (None, Some(before)) => (before.kind, before.filter_json.clone()),
        (None, None) => (SegmentKind::Static, None),
    };
    let (name, name_key) = (name.trim().to_owned(), key_of(&name));
    let segment = match before {
        Some(before) => {
            let mut after = Segment { name, name_key, kind, filter_json, ..before.clone() };
            db.update(&before, &mut after)?;
            after
        }
        None => {
            let mut segment = Segment {
                id: SegmentId(db.fresh_id()),
                version: 1,
                created_at: maitred_kernel::Stamp::EPOCH,
                updated_at: maitred_kernel::Stamp::EPOCH,
                name,
                name_key,
                entity,
                kind,
                filter_json,
            };
            db.insert(&mut segment)?;
            segment
        }
    };
    match content {
        Some(Content::List(ids)) => list(db, &segment, &ids)?,
        Some(Content::Rule(_)) => list(db, &segment, &[])?,
        None => {}
    }
    Ok(segment)
}

/// Brings the fixed list of a segment to exactly these ids.
fn list(db: &Writer<'_>, segment: &Segment, ids: &[String]) -> ToolResult<()> {
    let mut sql = Sql::new(SegmentMember::SELECT);
    sql.push(" WHERE segment_id = ").bind(&segment.id).push(" ORDER BY id");
    let known: Vec<SegmentMember> = db.all_of(&sql)?;
    for member in known.iter().filter(|member| !ids.contains(&member.entity_id)) {
        db.delete(member)?;
    }
    for id in ids {
        let there = db.count(
            "SELECT COUNT(*) FROM segment_member WHERE segment_id = $1 AND entity_id = $2",
            params![segment.id, id],
        )?;
        if there == 0 {
            let mut member =
                SegmentMember { id: db.fresh_id(), segment_id: segment.id.clone(), entity_id: id.clone() };
            db.insert(&mut member)?;
        }
    }
    Ok(())
}
