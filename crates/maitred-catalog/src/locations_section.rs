//! The settings section `catalog.locations`: where stock is kept.

use std::collections::BTreeSet;

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_kernel::wire::Moment;
use maitred_party::sources::SettingSource;
use serde::{Deserialize, Serialize};

use crate::model::{Location, LocationId, LocationKind};
use crate::store::locations;
use crate::store::products::name_key;

/// See the module.
pub struct Locations;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Value {
    locations: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    name: String,
    kind: String,
    sellable: bool,
    #[serde(default)]
    priority: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retired: bool,
}

impl SettingSource for Locations {
    fn section(&self) -> &'static str {
        "catalog.locations"
    }

    fn about(&self) -> &'static str {
        "Warehouses, stores, transit and quarantine; from sellable ones is sold, the highest priority first."
    }

    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"locations":{"type":"array","maxItems":200,"items":{"type":"object","properties":{"id":{"type":"string","description":"of a location there is; without it the name decides"},"name":{"type":"string","minLength":1,"maxLength":80},"kind":{"type":"string","enum":["warehouse","store","transit","quarantine"]},"sellable":{"type":"boolean"},"priority":{"type":"integer"},"retired":{"type":"boolean"}},"required":["name","kind","sellable"],"additionalProperties":false}}},"required":["locations"],"additionalProperties":false}"#
    }

    fn editors(&self) -> &'static [&'static str] {
        &["operations"]
    }

    fn version(&self, db: &Reader<'_>) -> ToolResult<i64> {
        locations::version(db)
    }

    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        let locations = locations::all(db)?
            .into_iter()
            .map(|location| Entry {
                id: Some(location.id.0),
                name: location.name,
                kind: location.kind.as_str().to_owned(),
                sellable: location.sellable,
                priority: location.priority,
                retired: location.retired_at.is_some(),
            })
            .collect();
        serde_json::to_string(&Value { locations }).map_err(ToolError::internal)
    }

    /// No location is removed: the ledger speaks of it for good. It can be retired when nothing lies there.
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let value: Value = serde_json::from_str(value).map_err(|error| {
            let text = error.to_string();
            let short = text.split(" at line ").next().unwrap_or("malformed").to_owned();
            ToolError::new(Code::Invalid, format!("the value does not fit the section: {short}"))
        })?;
        let known = locations::all(db)?;
        let (mut names, mut kept, mut affected) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for (index, entry) in value.locations.iter().enumerate() {
            let at = |member: &str| format!("locations[{index}]{member}");
            if name_key(&entry.name).is_empty() || !names.insert(name_key(&entry.name)) {
                return Err(invalid(&at(".name"), "must be there, and differ from every other"));
            }
            let before = match &entry.id {
                Some(id) => Some(known.iter().find(|location| location.id.0 == *id).ok_or_else(|| {
                    not_found("location", id).field(at(".id")).hint("leave `id` out for a new one")
                })?),
                None => known.iter().find(|location| location.name_key == name_key(&entry.name)),
            };
            let mut after = columns(db, entry, before, &at(""))?;
            match before {
                None => {
                    db.insert(&mut after)?;
                    affected.push(format!("location `{}` is new", after.name));
                }
                Some(before) => {
                    if !kept.insert(before.id.clone()) {
                        return Err(invalid(&at(""), "is the same location as another one"));
                    }
                    if db.update(before, &mut after)? {
                        affected.push(format!("location `{}` changes", after.name));
                    }
                }
            }
        }
        if let Some(gone) = known.iter().find(|location| !kept.contains(&location.id)) {
            return Err(refused(Code::OpenDependents, format!("location `{}` is left out", gone.name))
                .field("locations")
                .hint("locations stay, because moves speak of them: send it along, with `retired`: true if need be"));
        }
        complete(db)?;
        Ok(affected)
    }
}

fn columns(db: &Writer<'_>, entry: &Entry, before: Option<&Location>, field: &str) -> ToolResult<Location> {
    let kind = LocationKind::parse(&entry.kind).ok_or_else(|| {
        invalid(&format!("{field}.kind"), format!("must be one of {}", LocationKind::WORDS.join(", ")))
    })?;
    if entry.sellable && matches!(kind, LocationKind::Transit | LocationKind::Quarantine) {
        return Err(invalid(&format!("{field}.sellable"), "is for warehouses and stores"));
    }
    if !(-1_000..=1_000).contains(&entry.priority) {
        return Err(invalid(&format!("{field}.priority"), "must be from -1000 to 1000"));
    }
    if let Some(before) = before {
        let holds = locations::holds_stock(db, &before.id)?;
        if holds && entry.retired && before.retired_at.is_none() {
            return Err(refused(Code::OpenDependents, format!("stock lies at `{}`", before.name))
                .field(format!("{field}.retired"))
                .hint("move it with catalog_stock_transfer first"));
        }
        if holds && before.kind != kind {
            return Err(refused(
                Code::OpenDependents,
                format!("stock lies at `{}`, so its kind stays", before.name),
            )
            .field(format!("{field}.kind"))
            .hint("move it with catalog_stock_transfer first"));
        }
    }
    let retired_at = match (entry.retired, before.and_then(|before| before.retired_at)) {
        (false, _) => None,
        (true, Some(since)) => Some(since),
        (true, None) => Some(db.stamp()),
    };
    let name = entry.name.trim().to_owned();
    Ok(Location {
        id: before.map_or_else(|| LocationId(db.fresh_id()), |before| before.id.clone()),
        version: before.map_or(1, |before| before.version),
        created_at: before.map_or(Stamp::EPOCH, |before| before.created_at),
        updated_at: before.map_or(Stamp::EPOCH, |before| before.updated_at),
        name_key: name_key(&name),
        name,
        kind,
        sellable: entry.sellable,
        priority: entry.priority,
        retired_at,
    })
}

/// Somewhere must be sold from, and somewhere damaged goods and goods on their way must go.
fn complete(db: &Reader<'_>) -> ToolResult<()> {
    let live = locations::live(db)?;
    let has = |kind: LocationKind| live.iter().any(|location| location.kind == kind);
    if live.iter().any(|location| location.sellable)
        && has(LocationKind::Transit)
        && has(LocationKind::Quarantine)
    {
        return Ok(());
    }
    Err(invalid(
        "locations",
        "must hold one that is sold from, one for transit and one for quarantine, not retired",
    ))
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    use super::*;

    fn set(fixture: &Fixture, change: impl Fn(&mut serde_json::Value)) -> Result<Vec<String>, String> {
        let mut value: serde_json::Value =
            serde_json::from_str(&fixture.read(|db| Locations.get(db)).unwrap()).unwrap();
        change(&mut value);
        let text = value.to_string();
        fixture.write(move |db| Locations.set(db, &text)).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn an_organisation_starts_with_three_and_adds_more() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let names = || {
            let all = fixture.read(locations::all).unwrap();
            all.into_iter().map(|location| location.name).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(names(), "Main warehouse, Quarantine, Transit");
        let added = set(&fixture, |value| {
            let shop = serde_json::json!({"name": "Shop", "kind": "store", "sellable": true, "priority": 5});
            value["locations"].as_array_mut().unwrap().push(shop);
        });
        assert_eq!(added, Ok(vec!["location `Shop` is new".to_owned()]));
        assert_eq!(names(), "Shop, Main warehouse, Quarantine, Transit");
        assert_eq!(set(&fixture, |_| {}), Ok(vec![]));
    }

    #[test]
    fn what_is_needed_stays() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]};
               catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 3, "reason": "found"}]}"#,
        );
        type Change = fn(&mut serde_json::Value);
        let wrong: [(Change, &str); 5] = [
            (|value| drop(value["locations"].as_array_mut().unwrap().pop()), "left out"),
            (|value| value["locations"][2]["retired"] = true.into(), "must hold one"),
            (|value| value["locations"][0]["retired"] = true.into(), "stock lies at"),
            (|value| value["locations"][1]["sellable"] = true.into(), "is for warehouses"),
            (|value| value["locations"][1]["name"] = "main  WAREHOUSE".into(), "differ from every other"),
        ];
        for (change, why) in wrong {
            let said = set(&fixture, change).unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}
