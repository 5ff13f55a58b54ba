//! `crm_record_archive`: a company, contact or lead is put aside, or brought back. Nothing is deleted.

use maitred_core::prelude::*;
use maitred_kernel::wire::Moment;
use maitred_party::model::ContactStatus;
use maitred_party::sources::Dependents;
use maitred_party::store::{companies, contacts};
use maitred_party::{Company, Contact};
use maitred_store::change::json_string;

use crate::model::Lead;
use crate::store::leads;

/// The tool.
pub struct RecordArchive;

impl Tool for RecordArchive {
    const NAME: &str = "crm_record_archive";
    const TITLE: &str = "Archive record";
    const ABOUT: &str = "Archive (or restore) a company, contact or lead. Nothing is deleted; open deals, orders and the like refuse it.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example =
        Example { given: "company acme", args: r#"{"kind": "company", "record": "@acme"}"# };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let restore = args.restore.unwrap_or(false);
        let (id, name) = match args.kind {
            Kind::Company => company(cx, &args.record, restore)?,
            Kind::Contact => contact(cx, &args.record, restore)?,
            Kind::Lead => lead(cx, &args.record, restore)?,
        };
        Ok(Output { kind: args.kind, id, name, archived: !restore })
    }
}

fn company(cx: &Writer<'_>, text: &str, restore: bool) -> ToolResult<(String, String)> {
    let before =
        companies::find(cx, text.trim())?.map_or_else(|| companies::resolve(cx, text, "record"), Ok)?;
    if !restore && before.archived_at.is_none() {
        let mut open = Vec::new();
        for port in cx.ports::<dyn Dependents>() {
            open.extend(port.of_company(cx, &before.id)?);
        }
        refuse_open(&before.name, &open)?;
    }
    let archived_at = if restore { None } else { before.archived_at.or_else(|| Some(cx.stamp())) };
    let mut after = Company { archived_at, ..before.clone() };
    companies::update(cx, &before, &mut after)?;
    Ok((after.id.0, after.name))
}

fn contact(cx: &Writer<'_>, text: &str, restore: bool) -> ToolResult<(String, String)> {
    let before = contacts::resolve(cx, text, "record")?;
    let status = match (before.status, restore) {
        (ContactStatus::Erased, _) => {
            return Err(refused(Code::Immutable, "this person was erased and cannot come back"));
        }
        (ContactStatus::Archived, true) => ContactStatus::Active,
        (status, true) => status,
        (_, false) => ContactStatus::Archived,
    };
    if !restore && before.status != ContactStatus::Archived {
        let mut open = Vec::new();
        for port in cx.ports::<dyn Dependents>() {
            open.extend(port.of_contact(cx, &before.id)?);
        }
        refuse_open(&before.full_name(), &open)?;
    }
    let mut after = Contact { status, ..before.clone() };
    contacts::update(cx, &before, &mut after)?;
    for link in contacts::links_of(cx, &before.id)? {
        contacts::ensure_primary(cx, &link.company_id)?;
    }
    let name = after.full_name();
    Ok((after.id.0, name))
}

fn lead(cx: &Writer<'_>, text: &str, restore: bool) -> ToolResult<(String, String)> {
    let before = leads::resolve(cx, text, "record")?;
    let archived_at = if restore { None } else { before.archived_at.or_else(|| Some(cx.stamp())) };
    let mut after = Lead { archived_at, ..before.clone() };
    cx.update(&before, &mut after)?;
    Ok((after.id.0, after.name))
}

fn refuse_open(name: &str, open: &[String]) -> ToolResult<()> {
    if open.is_empty() {
        return Ok(());
    }
    let mut list = String::from("[");
    for (index, what) in open.iter().enumerate() {
        if index > 0 {
            list.push(',');
        }
        json_string(what, &mut list);
    }
    list.push(']');
    Err(refused(Code::OpenDependents, format!("`{name}` is still needed"))
        .field("record")
        .with("open", list)
        .hint("close or move what is open, then repeat the call"))
}

/// What can be archived.
#[derive(ToolArgs, ToolOutput, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A company.
    Company,
    /// A contact.
    Contact,
    /// A lead.
    Lead,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Kind.
    kind: Kind,
    /// Id, number, email or exact name; an archived company by id.
    #[arg(min = 1, max = 200)]
    record: String,
    /// Restore.
    restore: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Kind of record.
    kind: Kind,
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// Whether it is archived now.
    archived: bool,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn goes_and_comes_back() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            "company acme; contact ada company=acme; contact bob company=acme",
        );
        let before = fixture.contents();
        for _ in 0..2 {
            let answer = fixture.call("crm_record_archive", r#"{"kind": "contact", "record": "@ada"}"#);
            expect![[r#"{"kind":"contact","id":"@ada","name":"Ada","archived":true}"#]]
                .assert_eq(&answer.text);
        }
        let primary = fixture
            .call("crm_company_get", r#"{"company": "@acme", "fields": ["id"], "include": ["contacts"]}"#);
        expect![[r#"{"company":{"id":"@acme","version":1},"contacts":[{"id":"@bob","name":"Bob","role":"general","primary":true,"can_order":false}]}"#]]
            .assert_eq(&primary.text);
        let back =
            fixture.call("crm_record_archive", r#"{"kind": "contact", "record": "@ada", "restore": true}"#);
        expect![[r#"{"kind":"contact","id":"@ada","name":"Ada","archived":false}"#]].assert_eq(&back.text);
        assert_ne!(before, fixture.contents());
    }

    #[test]
    fn an_erased_person_stays_erased() {
        check(
            &crate::DOMAIN,
            "contact ada; crm_contact_erase {\"contact\": \"@ada\", \"reason\": \"asked\", \"confirm_name\": \"Ada\"} as gone=contact",
            "crm_record_archive",
            r#"{"kind": "contact", "record": "@ada", "restore": true}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"immutable","message":"this person was erased and cannot come back","retryable":false}}"#
            ]],
        );
    }
}
