//! Laws over whole databases and whole walks: the change log replays, retries meet, pages join.

use std::collections::BTreeMap;
use std::sync::Arc;

use maitred_core::caller::{Caller, Via};
use maitred_core::menu::Registered;
use maitred_core::mode::Mode;
use maitred_core::tool::Domain;
use maitred_store::params;
use serde_json::Value;

use crate::fixture::{Fixture, with_member};

type Say<'a> = dyn FnMut(&str, String) + 'a;

/// Requests that are sent at the same moment.
const AT_ONCE: usize = 6;

fn caller_of(fixture: &Fixture, tool: &Registered) -> Arc<Caller> {
    let modes: Vec<Mode> = tool.entry.modes.iter().take(1).collect();
    fixture.caller(&modes, true)
}

/// The same confirmed request, sent several times at once, has one effect and one result (invariant 37).
pub fn retries_meet(domains: &[&'static Domain], tool: &Registered, say: &mut Say<'_>) {
    let example = tool.entry.example;
    let fixture = Fixture::new(domains, example.given);
    let caller = caller_of(&fixture, tool);
    let Ok(shown) = fixture.call_as(&caller, tool.entry.name, &with_member(example.args, "dry_run", "true"))
    else {
        return;
    };
    let shown = shown.json();
    let Some(confirm) = shown["confirm"].as_str() else { return };
    if shown["changes"].as_array().is_none_or(Vec::is_empty) {
        return;
    }
    let args = fixture.filled(&with_member(example.args, "confirm", confirm));
    let params = format!("{{\"name\":\"{}\",\"arguments\":{args}}}", tool.entry.name);
    let dispatch = fixture.dispatch();
    let guest = dispatch.guest(caller);
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..AT_ONCE)
            .map(|_| scope.spawn(|| dispatch.call_and_wait(&guest, Via::CommandLine, &params)))
            .collect();
        sent.into_iter()
            .map(|thread| {
                let result = thread.join().expect("a call").expect("an answer");
                let result: Value = serde_json::from_slice(&result).expect("JSON");
                serde_json::from_str(result["content"][0]["text"].as_str().expect("text")).expect("JSON")
            })
            .collect()
    });
    let first = answers.iter().filter(|answer| answer.get("replayed").is_none()).count();
    if first != 1 {
        say("retries", format!("{first} of {AT_ONCE} equal requests had an effect of their own"));
    }
    let mut results: Vec<Value> = answers
        .into_iter()
        .map(|mut answer| {
            if let Some(members) = answer.as_object_mut() {
                members.remove("replayed");
            }
            answer
        })
        .collect();
    results.dedup();
    if results.len() != 1 {
        say("retries", format!("equal requests were answered differently: {results:?}"));
    }
}

/// Replaying the change log from the first entry makes the records as they are (invariant 43).
pub fn log_replays(domains: &[&'static Domain], tool: &Registered, say: &mut Say<'_>) {
    let example = tool.entry.example;
    let fixture = Fixture::new(domains, example.given);
    if fixture.confirmed_as(&caller_of(&fixture, tool), tool.entry.name, example.args).is_err() {
        return;
    }
    type Logged = (String, String, String, Option<String>);
    let log: Vec<Logged> = fixture
        .read(|db| {
            Ok(db.all(
                "SELECT entity, entity_id, kind, after_json FROM change_log ORDER BY audit_seq, position",
                &[],
            )?)
        })
        .expect("the change log");
    let mut made: BTreeMap<(String, String), Option<serde_json::Map<String, Value>>> = BTreeMap::new();
    let mut scrubbed: std::collections::BTreeSet<(String, String)> = std::collections::BTreeSet::new();
    for (entity, id, kind, after) in log {
        // Erasing a person takes the values out of the log on purpose; such a record cannot be replayed.
        if kind != "deleted" && after.is_none() {
            scrubbed.insert((entity.clone(), id.clone()));
        }
        let after: Option<Value> = after.map(|json| serde_json::from_str(&json).expect("JSON"));
        let members = after.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        match kind.as_str() {
            "created" => drop(made.insert((entity, id), Some(members))),
            "deleted" => {
                if let Some(record) = made.get_mut(&(entity, id)) {
                    *record = None;
                }
            }
            _ => {
                if let Some(Some(record)) = made.get_mut(&(entity, id)) {
                    record.extend(members);
                }
            }
        }
    }
    made.retain(|key, _| !scrubbed.contains(key));
    let schema = fixture.schema();
    for ((entity, id), replayed) in made {
        let stored = row(&fixture, &schema, &entity, &id);
        let replayed = replayed.map(|mut members| {
            members.retain(|_, value| !value.is_null());
            members
        });
        if stored != replayed {
            say("change log", format!("{entity} {id} is {stored:?}, the log makes {replayed:?}"));
        }
    }
}

/// A row as JSON without nulls and bookkeeping; `None` when there is none.
fn row(
    fixture: &Fixture,
    schema: &[(String, String, String)],
    table: &str,
    id: &str,
) -> Option<serde_json::Map<String, Value>> {
    let columns = schema.iter().filter(|(of, _, _)| of == table);
    let mut members = serde_json::Map::new();
    let mut there = false;
    for (_, column, kind) in columns {
        // The texts come from the schema, and the leak ends with the test.
        let sql: &'static str =
            Box::leak(format!("SELECT {column} FROM {table} WHERE id = $1").into_boxed_str());
        let value = fixture
            .read(|db| {
                Ok(if kind == "BIGINT" {
                    db.scalar::<Option<i64>>(sql, params![id])?.map(|number| number.map(Value::from))
                } else {
                    db.scalar::<Option<String>>(sql, params![id])?.map(|text| text.map(Value::from))
                })
            })
            .expect("a column");
        there |= value.is_some();
        if let Some(Some(value)) = value
            && !matches!(column.as_str(), "id" | "version" | "created_at" | "updated_at")
        {
            members.insert(column.clone(), value);
        }
    }
    there.then_some(members)
}

/// The pages of a list, joined, are the list; the total counts it (invariant 42).
pub fn pages_join(domains: &[&'static Domain], tool: &Registered, say: &mut Say<'_>) {
    if !tool.entry.all_fields().iter().any(|field| field.name == "cursor") {
        return;
    }
    let example = tool.entry.example;
    let fixture = Fixture::new(domains, example.given);
    let caller = caller_of(&fixture, tool);
    let call = |args: &str| {
        let answer = fixture.call_as(&caller, tool.entry.name, args).map_err(|error| error.clone());
        answer.map(|answer| answer.json())
    };
    let with = |members: &[(&str, Value)]| {
        let mut args: Value = serde_json::from_str(example.args).expect("JSON");
        for (name, value) in members {
            args[*name] = value.clone();
        }
        args.to_string()
    };
    let rows = |answer: &Value| -> Option<Vec<Value>> {
        answer.as_object()?.values().find_map(Value::as_array).cloned()
    };
    let Ok(whole) = call(&with(&[("limit", 100.into()), ("count", true.into())])) else { return };
    let Some(all) = rows(&whole) else { return };
    if whole.get("total").is_some_and(|total| total.as_u64() != Some(all.len() as u64)) {
        say("paging", format!("counts {}, has {} rows", whole["total"], all.len()));
    }
    let mut joined = Vec::new();
    let mut cursor: Option<Value> = None;
    for _ in 0..=all.len() {
        let mut members = vec![("limit", Value::from(1))];
        members.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let Ok(page) = call(&with(&members)) else { return };
        joined.extend(rows(&page).unwrap_or_default());
        match page.get("next_cursor") {
            Some(next) => cursor = Some(next.clone()),
            None => break,
        }
    }
    if joined != all {
        say("paging", format!("pages of one row make {joined:?}, one page has {all:?}"));
    }
    let forged = call(&with(&[("cursor", "AAAA".into())]));
    if forged.is_ok_and(|answer| answer["error"]["code"] != "cursor_invalid") {
        say("paging", "accepts a cursor that it never gave".to_owned());
    }
}
