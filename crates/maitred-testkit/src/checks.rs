//! The rules that every tool keeps, tried on every tool of a domain.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use maitred_core::menu::Registered;
use maitred_core::mode::{Mode, ModeSet};
use maitred_core::tool::Domain;
use serde_json::Value;

use crate::fixture::{Fixture, with_member};
use crate::{faults_of_schema, fits, laws};

/// Verbs and what they may do: read, write, destructive.
const READ_VERBS: &[&str] = &[
    "search", "get", "list", "report", "check", "quote", "suggest", "explain", "render", "test", "whoami",
    "export",
];
const WRITE_VERBS: &[&str] = &[
    "create",
    "update",
    "archive",
    "save",
    "set",
    "add",
    "log",
    "record",
    "apply",
    "assign",
    "move",
    "transition",
    "close",
    "reopen",
    "complete",
    "convert",
    "send",
    "confirm",
    "submit",
    "repeat",
    "answer",
    "request",
    "decide",
    "receive",
    "post",
    "adjust",
    "transfer",
    "generate",
    "issue",
    "mark",
    "allocate",
    "run",
    "import",
    "classify",
    "approve",
    "reach",
    "recalculate",
    "note",
    "escalate",
    "reply",
    "claim",
    "bulk_update",
    "start",
    "change",
    "recompute",
    "acknowledge",
    "snooze",
    "resolve",
    "judge",
    "publish",
    "rate",
];
const DESTRUCTIVE_VERBS: &[&str] = &["merge", "erase", "discard", "write_off", "undo", "cancel", "close"];
const BANNED_WORDS: &[&str] = &["manage", "handle", "process", "do", "data", "info", "tool", "execute"];
/// Argument names that are the machinery's, or would let a caller name a tenant.
const RESERVED: &[&str] = &["dry_run", "confirm", "tenant", "org", "organisation", "mode", "_identity"];

/// Tries every rule on every tool of `domain`, which is `domains[0]`; the others are there because it needs them.
///
/// # Panics
/// With the list of all faults, one line each: tool, rule, what to do.
#[track_caller]
pub fn check_domain(domains: &[&'static Domain]) {
    let domain = domains.first().expect("a domain");
    let mut faults = Vec::new();
    if !domain.tools.windows(2).all(|pair| pair[0].name < pair[1].name) {
        faults.push(format!("{}: order: sort TOOLS by name", domain.module));
    }
    let fixture = Fixture::new(domains, "");
    faults.extend(crate::unregistered(&fixture).into_iter().map(|what| format!("references: {what}")));
    let all = fixture.registry().tools();
    let waiting = Mutex::new(all.iter().filter(|tool| tool.module == domain.module));
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let found = std::thread::scope(|scope| {
        let helpers: Vec<_> = (0..std::thread::available_parallelism().map_or(1, NonZero::get))
            .map(|_| {
                scope.spawn(|| {
                    std::iter::from_fn(next)
                        .flat_map(|tool| faults_of(domains, tool, all))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        helpers
            .into_iter()
            .flat_map(|helper| helper.join().expect("the rules can be tried"))
            .collect::<Vec<_>>()
    });
    faults.extend(found);
    faults.sort();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

fn faults_of(domains: &[&'static Domain], tool: &Registered, all: &[Registered]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut say = |rule: &str, what: String| faults.push(format!("{}: {rule}: {what}", tool.entry.name));
    named(tool, &mut say);
    described(tool, all, &mut say);
    typed(tool, &mut say);
    snapshot(tool, &mut say);
    example_by_mode(domains, tool, &mut say);
    pure(domains, tool, &mut say);
    isolated(domains, tool, &mut say);
    laws::retries_meet(domains, tool, &mut say);
    laws::log_replays(domains, tool, &mut say);
    laws::pages_join(domains, tool, &mut say);
    faults
}

type Say<'a> = dyn FnMut(&str, String) + 'a;

fn named(tool: &Registered, say: &mut Say<'_>) {
    let name = tool.entry.name;
    if name.len() > 30 {
        say("name", format!("has {} characters, 30 are the most", name.len()));
    }
    let verb = READ_VERBS
        .iter()
        .chain(WRITE_VERBS)
        .chain(DESTRUCTIVE_VERBS)
        .filter(|verb| name.ends_with(&format!("_{verb}")))
        .max_by_key(|verb| verb.len());
    let Some(verb) = verb else {
        say("name", "ends in no known verb".to_owned());
        return;
    };
    let effect = &tool.entry.effect;
    let allowed = if effect.read {
        READ_VERBS.contains(verb)
    } else if effect.destructive {
        DESTRUCTIVE_VERBS.contains(verb)
    } else {
        WRITE_VERBS.contains(verb)
    };
    // An export writes a file of ours and nothing of the business; its verb is a reading one.
    if !allowed && *verb != "export" {
        say("verb", format!("`{verb}` does not agree with what it does"));
    }
    if name.split('_').any(|word| BANNED_WORDS.contains(&word)) {
        say("name", "has a word that says nothing".to_owned());
    }
}

fn described(tool: &Registered, all: &[Registered], say: &mut Say<'_>) {
    let entry = &tool.entry;
    let length = entry.about.chars().count();
    if !(40..=400).contains(&length) || !entry.about.ends_with('.') {
        say("about", format!("must be sentences of 40 to 400 characters, has {length}"));
    }
    if entry.modes.is_empty() {
        say("modes", "nobody may see it".to_owned());
    }
    if entry.title.is_empty() || entry.title.len() > 60 {
        say("title", "must have 1 to 60 characters".to_owned());
    }
    let prefix = format!("{}_", tool.module);
    for word in entry.about.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
        if word.starts_with(&prefix) && !all.iter().any(|known| known.entry.name == word) {
            say("about", format!("names `{word}`, which does not exist"));
        }
    }
    for field in entry.all_fields() {
        if field.about.is_empty() && field.name != "dry_run" {
            say("field", format!("`{}` has no comment", field.name));
        }
    }
    let mut own = Vec::new();
    (entry.fields)(&mut own);
    for field in own {
        if RESERVED.contains(&field.name) {
            say("field", format!("`{}` is a reserved name", field.name));
        }
    }
}

fn typed(tool: &Registered, say: &mut Say<'_>) {
    let definition: Value = serde_json::from_str(&tool.definition).expect("a definition is JSON");
    for fault in faults_of_schema(&definition["inputSchema"]) {
        say("schema", fault);
    }
    for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
        if !definition["annotations"][hint].is_boolean() {
            say("annotations", format!("`{hint}` is missing"));
        }
    }
    // Four bytes and more make a token of such JSON; 300 tokens are the most a tool may cost.
    if tool.definition.len() > 1_400 {
        say("budget", format!("its definition has {} bytes, 1,400 are the most", tool.definition.len()));
    }
    if serde_json::from_str::<Value>(tool.entry.example.args).is_err() {
        say("example", "its arguments are not JSON".to_owned());
    }
}

fn snapshot(tool: &Registered, say: &mut Say<'_>) {
    let directory =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../maitred-{}/snapshots", tool.module));
    let path = directory.join(format!("{}.json", tool.entry.name));
    let definition: Value = serde_json::from_str(&tool.definition).expect("a definition is JSON");
    let answer: Value = serde_json::from_str(&tool.entry.answer_schema()).expect("a schema is JSON");
    let now = serde_json::json!({ "tool": definition, "answer": answer });
    let text = format!("{}\n", serde_json::to_string_pretty(&now).expect("JSON"));
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept == text {
        return;
    }
    if expect_test_update() {
        std::fs::create_dir_all(&directory).expect("a directory for snapshots");
        std::fs::write(&path, text).expect("a snapshot");
    } else {
        say(
            "snapshot",
            "differs from snapshots/; run the test with UPDATE_EXPECT=1 and read the difference".to_owned(),
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "the variable of the snapshot library, read by tests only")]
fn expect_test_update() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some_and(|value| value == "1")
}

fn modes_of(tool: &Registered) -> Vec<Mode> {
    tool.entry.modes.iter().collect()
}

fn is_staff(mode: Mode) -> bool {
    ModeSet::of(&[mode]).within(ModeSet::of(&[Mode::Sales, Mode::Service, Mode::Success, Mode::Office]))
}

/// The example works in each mode listed and is an unknown tool in every other; its answer fits its schema.
fn example_by_mode(domains: &[&'static Domain], tool: &Registered, say: &mut Say<'_>) {
    let example = tool.entry.example;
    let schema: Value = serde_json::from_str(&tool.entry.answer_schema()).expect("a schema is JSON");
    for mode in Mode::ALL.iter().copied() {
        let fixture = Fixture::new(domains, example.given);
        let listed = modes_of(tool).contains(&mode);
        match fixture.confirmed_as(&fixture.caller_in(mode, true), tool.entry.name, example.args) {
            Ok(answer) if !listed => say("modes", format!("can be called as {mode}: {}", answer.raw)),
            Ok(answer) if answer.failed => say("example", format!("fails as {mode}: {}", answer.raw)),
            Ok(answer) => {
                for fault in fits(&schema, &answer.json()) {
                    say("answer", fault);
                }
            }
            Err(error) if listed => say("example", format!("is refused as {mode}: {error}")),
            Err(error) if !error.starts_with("-32602 unknown tool") => {
                say("modes", format!("{mode}: {error}"))
            }
            Err(_) => {}
        }
        if tool.entry.admin && listed && is_staff(mode) {
            let plain = fixture.call_as(&fixture.caller(&[mode], false), tool.entry.name, example.args);
            if plain.is_ok() {
                say("admin", format!("can be called as {mode} without the admin flag"));
            }
        }
    }
}

/// A dry run leaves the database as it was, and shows what the real run then does; what is idempotent may be repeated.
fn pure(domains: &[&'static Domain], tool: &Registered, say: &mut Say<'_>) {
    let example = tool.entry.example;
    let fixture = Fixture::new(domains, example.given);
    let Some(mode) = modes_of(tool).into_iter().next() else {
        return;
    };
    let caller = fixture.caller_in(mode, true);
    let before = fixture.contents();
    if tool.entry.effect.read {
        let first = fixture.call_as(&caller, tool.entry.name, example.args);
        if fixture.contents() != before {
            say("pure", "a read changed the database".to_owned());
        }
        if fixture.call_as(&caller, tool.entry.name, example.args) != first {
            say("pure", "two reads of the same answer differently".to_owned());
        }
        return;
    }
    let dry = with_member(example.args, "dry_run", "true");
    let Ok(shown) = fixture.call_as(&caller, tool.entry.name, &dry) else {
        say("dry run", "is refused".to_owned());
        return;
    };
    let changed: Vec<String> = fixture
        .contents()
        .iter()
        .zip(&before)
        .filter(|(after, before)| after != before)
        .map(|(after, _)| after.table.clone())
        .collect();
    if !changed.is_empty() {
        say("dry run", format!("changed {}", changed.join(", ")));
    }
    let shown = shown.json();
    let Some(confirm) = shown["confirm"].as_str() else {
        say("dry run", format!("shows no confirm: {shown}"));
        return;
    };
    let sequence_before = last_audit(&fixture);
    let real = match fixture.call_as(&caller, tool.entry.name, &with_member(example.args, "confirm", confirm))
    {
        Ok(real) if !real.failed => real,
        other => {
            say("confirm", format!("{other:?}"));
            return;
        }
    };
    let mut preview = shown["preview"].clone();
    if let Some(members) = preview.as_object_mut() {
        members.remove("action");
    }
    if fixture.shown(&preview.to_string()) != fixture.shown(&real.json().to_string()) {
        say("preview", format!("shows {preview}, the call then answers {}", real.raw));
    }
    let (logged, seq) = (changes_after(&fixture, sequence_before), last_audit(&fixture));
    let announced = fixture.shown(&shown["changes"].to_string());
    if shown.get("more_changes").is_none() && fixture.shown(&logged.to_string()) != announced {
        say("preview", format!("announces {announced}, the change log has {logged}"));
    }
    if seq != sequence_before + i64::from(!logged.as_array().is_some_and(Vec::is_empty)) {
        say("audit", "not exactly one line for the write".to_owned());
    }
    // The same request again is answered from its receipt and changes nothing.
    let done = fixture.contents();
    match fixture.call_as(&caller, tool.entry.name, &with_member(example.args, "confirm", confirm)) {
        Ok(again) if again.json()["replayed"] == true => {}
        Ok(_) if logged.as_array().is_some_and(Vec::is_empty) => {}
        other => say("receipt", format!("the same request again: {other:?}")),
    }
    if fixture.contents() != done {
        say("receipt", "the same request again changed the database".to_owned());
    }
    if tool.entry.effect.idempotent {
        match fixture.confirmed_as(&caller, tool.entry.name, example.args) {
            Ok(again) if !again.failed => {}
            other => say("idempotent", format!("the second call: {other:?}")),
        }
        if fixture.contents() != done {
            say("idempotent", "the second call changed something".to_owned());
        }
    }
}

fn last_audit(fixture: &Fixture) -> i64 {
    fixture.read(|db| Ok(db.count("SELECT MAX(seq) FROM audit", &[])?)).expect("the audit trail")
}

fn changes_after(fixture: &Fixture, seq: i64) -> Value {
    type Logged = (String, String, String, Option<String>, Option<String>);
    let rows: Vec<Logged> = fixture
        .read(|db| {
            Ok(db.all(
                "SELECT entity, entity_id, kind, before_json, after_json FROM change_log WHERE audit_seq > $1 \
                 ORDER BY audit_seq, position",
                maitred_store::params![seq],
            )?)
        })
        .expect("the change log");
    rows.into_iter()
        .map(|(entity, id, kind, before, after)| {
            let mut change = serde_json::json!({ "entity": entity, "id": id, "change": kind });
            for (name, json) in [("before", before), ("after", after)] {
                if let Some(json) = json {
                    change[name] = serde_json::from_str(&json).expect("the log holds JSON");
                }
            }
            change
        })
        .collect()
}

/// Another organisation that calls with this one's ids finds nothing, writes nothing and reads nothing of it: neither
/// a teammate of it, nor one of its clients, nor a stranger at its door.
fn isolated(domains: &[&'static Domain], tool: &Registered, say: &mut Say<'_>) {
    let modes = modes_of(tool);
    let staff = modes.iter().copied().find(|mode| is_staff(*mode));
    for mode in staff.into_iter().chain(modes.iter().copied().filter(|mode| !is_staff(*mode))) {
        isolated_in(domains, tool, mode, say);
    }
}

fn isolated_in(domains: &[&'static Domain], tool: &Registered, mode: Mode, say: &mut Say<'_>) {
    let example = tool.entry.example;
    let ours = Fixture::named(domains, example.given, "ours", 1);
    let theirs = Fixture::named(domains, "", "theirs", 2);
    let args = ours.filled(example.args);
    let names_ours = args != example.args;
    let caller = theirs.caller_in(mode, true);
    let before = (ours.contents(), theirs.contents());
    let answer = theirs.confirmed_as(&caller, tool.entry.name, &args);
    if ours.contents() != before.0 {
        say("isolation", "another organisation's call changed this one's database".to_owned());
    }
    match answer {
        Ok(answer) if names_ours => {
            let code = answer.json()["error"]["code"].clone();
            let empty = tool.entry.effect.read && !answer.failed;
            if code != "not_found" && !empty {
                say("isolation", format!("with foreign ids: {}", answer.raw));
            }
            if theirs.contents() != before.1 {
                say("isolation", "wrote something with foreign ids".to_owned());
            }
            foreign_ids(&ours, &answer.raw, &args, say);
        }
        Ok(answer) => foreign_ids(&ours, &answer.raw, &args, say),
        Err(error) => say("isolation", error),
    }
}

fn foreign_ids(ours: &Fixture, answer: &str, args: &str, say: &mut Say<'_>) {
    for (name, id) in ours.ids() {
        if answer.contains(&id) && !args.contains(&id) {
            say("isolation", format!("shows the foreign id of {name}"));
        }
    }
}
