//! Tags: one spelling per meaning, on records of any kind.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;
use maitred_kernel::fold;
use maitred_store::{Record, Sql, params};

use crate::model::{Tag, Tagging};

/// The folded form under which a tag is one and the same.
pub fn key_of(name: &str) -> String {
    fold(name).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The tag with this meaning, if there is one.
pub fn find(db: &Reader<'_>, name: &str) -> ToolResult<Option<Tag>> {
    let mut sql = Sql::new(Tag::SELECT);
    sql.push(" WHERE name_key = ").bind(key_of(name));
    Ok(db.one_of(&sql)?)
}

/// Makes a tag.
pub fn insert(db: &Writer<'_>, name: &str) -> ToolResult<Tag> {
    let mut tag = Tag { id: db.fresh_id(), name: name.trim().to_owned(), name_key: key_of(name) };
    db.insert(&mut tag)?;
    Ok(tag)
}

/// Puts a tag on a record; `false` when it was there already.
pub fn put(db: &Writer<'_>, tag: &Tag, entity_kind: &str, entity_id: &str) -> ToolResult<bool> {
    if on(db, tag, entity_id)?.is_some() {
        return Ok(false);
    }
    let mut tagging = Tagging {
        id: db.fresh_id(),
        tag_id: tag.id.clone(),
        entity_kind: entity_kind.to_owned(),
        entity_id: entity_id.to_owned(),
    };
    db.insert(&mut tagging)?;
    Ok(true)
}

/// Takes a tag off a record; `false` when it was not there.
pub fn take_off(db: &Writer<'_>, tag: &Tag, entity_id: &str) -> ToolResult<bool> {
    match on(db, tag, entity_id)? {
        Some(tagging) => {
            db.delete(&tagging)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

fn on(db: &Reader<'_>, tag: &Tag, entity_id: &str) -> ToolResult<Option<Tagging>> {
    let mut sql = Sql::new(Tagging::SELECT);
    sql.push(" WHERE entity_id = ").bind(entity_id).and("tag_id =", &tag.id);
    Ok(db.one_of(&sql)?)
}

/// The names of a record's tags, sorted.
pub fn names(db: &Reader<'_>, entity_id: &str) -> ToolResult<Vec<String>> {
    let rows: Vec<(String,)> = db.all(
        "SELECT t.name FROM tagging g JOIN tag t ON t.id = g.tag_id WHERE g.entity_id = $1 ORDER BY t.name_key",
        params![entity_id],
    )?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

/// Moves the tags of an absorbed record to the kept one, without doubling any; answers how many the absorbed one had.
pub fn fold_into(db: &Writer<'_>, absorbed: &str, kept: &str) -> ToolResult<i64> {
    let mut sql = Sql::new(Tagging::SELECT);
    sql.push(" WHERE entity_id = ").bind(absorbed).push(" ORDER BY id");
    let mut moved = 0;
    for tagging in db.all_of::<Tagging>(&sql)? {
        let there = db.count(
            "SELECT COUNT(*) FROM tagging WHERE entity_id = $1 AND tag_id = $2",
            params![kept, tagging.tag_id],
        )?;
        if there > 0 {
            db.delete(&tagging)?;
        } else {
            let mut after = Tagging { entity_id: kept.to_owned(), ..tagging.clone() };
            db.update(&tagging, &mut after)?;
        }
        moved += 1;
    }
    Ok(moved)
}

/// Takes every tag off a record; answers how many it had.
pub fn strip(db: &Writer<'_>, entity_id: &str) -> ToolResult<i64> {
    let mut sql = Sql::new(Tagging::SELECT);
    sql.push(" WHERE entity_id = ").bind(entity_id).push(" ORDER BY id");
    let taggings: Vec<Tagging> = db.all_of(&sql)?;
    for tagging in &taggings {
        db.delete(tagging)?;
    }
    Ok(taggings.len() as i64)
}

/// Every tag there is, by folded name.
pub fn all(db: &Reader<'_>) -> ToolResult<Vec<Tag>> {
    let mut sql = Sql::new(Tag::SELECT);
    sql.push(" ORDER BY name_key");
    Ok(db.all_of(&sql)?)
}
