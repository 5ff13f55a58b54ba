//! `crm_tag_apply`: tags on and off, on many records at once.

use maitred_core::prelude::*;
use maitred_kernel::nearest;
use maitred_party::model::Tag;
use maitred_party::store::{companies, contacts, tags};

use crate::model::AboutKind;
use crate::store::{deals, leads};

/// The tool.
pub struct TagApply;

impl Tool for TagApply {
    const NAME: &str = "crm_tag_apply";
    const TITLE: &str = "Apply tags";
    const ABOUT: &str = "Add or remove tags on up to 100 records at once. Spelling and case are folded; new tags need create_missing.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Success, Mode::Office];
    const EFFECT: Write = Write::IDEMPOTENT;
    const EXAMPLE: Example = Example {
        given: "company acme; company zeta",
        args: r#"{"kind": "company", "records": ["@acme", "@zeta"], "add": ["VIP"], "create_missing": true}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let add = folded(args.add.unwrap_or_default(), "add")?;
        let remove = folded(args.remove.unwrap_or_default(), "remove")?;
        if add.is_empty() && remove.is_empty() {
            return Err(missing("add").hint("name tags in `add` or `remove`"));
        }
        if let Some(both) =
            add.iter().find(|name| remove.iter().any(|other| tags::key_of(other) == tags::key_of(name)))
        {
            return Err(invalid("remove", format!("has `{both}`, which is also in `add`")));
        }
        let mut records: Vec<(String, String)> = Vec::new();
        for (index, text) in args.records.iter().enumerate() {
            let record = record(cx, args.kind, text, &format!("records[{index}]"))?;
            if !records.contains(&record) {
                records.push(record);
            }
        }
        let add = known_or_made(cx, add, args.create_missing.unwrap_or(false))?;
        let mut off: Vec<Tag> = Vec::new();
        for name in &remove {
            off.extend(tags::find(cx, name)?);
        }
        let mut done = Vec::new();
        for (id, label) in records {
            done.push(apply(cx, args.kind, id, label, &add, &off)?);
        }
        Ok(Output { records: done })
    }
}

fn folded(names: Vec<String>, field: &str) -> ToolResult<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let (key, at) = (tags::key_of(&name), format!("{field}[{index}]"));
        if key.is_empty() {
            return Err(invalid(&at, "must not be empty"));
        }
        if name.chars().count() > 60 {
            return Err(ToolError::new(
                Code::LimitExceeded,
                format!("`{at}` must have at most 60 characters"),
            )
            .field(at));
        }
        if kept.iter().all(|known| tags::key_of(known) != key) {
            kept.push(name);
        }
    }
    Ok(kept)
}

fn record(db: &Reader<'_>, kind: AboutKind, text: &str, field: &str) -> ToolResult<(String, String)> {
    Ok(match kind {
        AboutKind::Company => {
            let company = companies::resolve(db, text, field)?;
            (company.id.0, company.name)
        }
        AboutKind::Contact => {
            let contact = contacts::resolve(db, text, field)?;
            if contact.status == maitred_party::ContactStatus::Erased {
                return Err(refused(Code::Immutable, "this person was erased").field(field));
            }
            (contact.id.0.clone(), contact.full_name())
        }
        AboutKind::Deal => {
            let deal = deals::resolve(db, text, field)?;
            (deal.id.0, deal.title)
        }
        AboutKind::Lead => {
            let lead = leads::resolve(db, text, field)?;
            (lead.id.0, lead.name)
        }
    })
}

fn known_or_made(cx: &Writer<'_>, names: Vec<String>, create: bool) -> ToolResult<Vec<Tag>> {
    let mut found = Vec::new();
    for name in names {
        match tags::find(cx, &name)? {
            Some(tag) => found.push(tag),
            None if create => found.push(tags::insert(cx, &name)?),
            None => {
                let all = tags::all(cx)?;
                let known: Vec<&str> = all.iter().map(|tag| tag.name.as_str()).collect();
                let meant =
                    nearest(&name, &known).map_or_else(String::new, |tag| format!("did you mean `{tag}`? "));
                return Err(not_found("tag", &name)
                    .field("add")
                    .hint(format!("{meant}to make a new tag, repeat with create_missing true")));
            }
        }
    }
    Ok(found)
}

fn apply(
    cx: &Writer<'_>,
    kind: AboutKind,
    id: String,
    name: String,
    add: &[Tag],
    remove: &[Tag],
) -> ToolResult<Tagged> {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for tag in add {
        if tags::put(cx, tag, kind.as_str(), &id)? {
            added.push(tag.name.clone());
        }
    }
    for tag in remove {
        if tags::take_off(cx, tag, &id)? {
            removed.push(tag.name.clone());
        }
    }
    Ok(Tagged { tags: tags::names(cx, &id)?, id, name, added, removed })
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Kind.
    kind: AboutKind,
    /// Ids, numbers, emails or exact names.
    #[arg(min = 1, max = 100)]
    records: Vec<String>,
    /// Add.
    #[arg(max = 20)]
    add: Option<Vec<String>>,
    /// Remove.
    #[arg(max = 20)]
    remove: Option<Vec<String>>,
    /// Create missing.
    create_missing: Option<bool>,
}

/// What happened to one record.
#[derive(ToolOutput)]
pub struct Tagged {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// Tags put on.
    added: Vec<String>,
    /// Tags taken off.
    removed: Vec<String>,
    /// All its tags now.
    tags: Vec<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The records.
    records: Vec<Tagged>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn one_tag_whatever_its_spelling() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme");
        let made = fixture.call(
            "crm_tag_apply",
            r#"{"kind": "company", "records": ["@acme", "Acme"], "add": ["Très  Chic", "tres chic"], "create_missing": true}"#,
        );
        expect![[r#"{"records":[{"id":"@acme","name":"Acme","added":["Très  Chic"],"removed":[],"tags":["Très  Chic"]}]}"#]].assert_eq(&made.text);
        let swapped = fixture.call(
            "crm_tag_apply",
            r#"{"kind": "company", "records": ["@acme"], "add": ["vip"], "remove": ["TRES CHIC", "never seen"], "create_missing": true}"#,
        );
        expect![[r#"{"records":[{"id":"@acme","name":"Acme","added":["vip"],"removed":["Très  Chic"],"tags":["vip"]}]}"#]].assert_eq(&swapped.text);
    }

    #[test]
    fn asks_before_it_makes_a_tag() {
        check(
            &crate::DOMAIN,
            "company acme; crm_tag_apply {\"kind\": \"company\", \"records\": [\"@acme\"], \"add\": [\"Wholesale\"], \"create_missing\": true} as t=records.0.id",
            "crm_tag_apply",
            r#"{"kind": "company", "records": ["@acme"], "add": ["Wholesail"]}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"not_found","message":"no tag fits `Wholesail`","field":"add","hint":"did you mean `Wholesale`? to make a new tag, repeat with create_missing true","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn all_or_nothing() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme");
        let before = fixture.contents();
        let answer = fixture.call(
            "crm_tag_apply",
            r#"{"kind": "company", "records": ["@acme", "nobody"], "add": ["vip"], "create_missing": true}"#,
        );
        assert_eq!(answer.json()["error"]["field"], "records[1]");
        assert_eq!(before, fixture.contents());
        let empty = fixture.call("crm_tag_apply", r#"{"kind": "company", "records": ["@acme"]}"#);
        assert_eq!(empty.json()["error"]["code"], "missing");
    }
}
