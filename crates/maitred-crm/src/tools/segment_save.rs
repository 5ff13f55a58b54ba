//! `crm_segment_save`: a name for a rule, or for a fixed list.

use maitred_core::prelude::*;
use maitred_party::store::{companies, contacts};

use super::segment_list::{SegmentView, view};
use crate::model::AboutKind;
use crate::segments::{self, FilterArg};
use crate::store::segments::{Content, by_name, save};
use crate::store::{deals, leads};

/// The tool.
pub struct SegmentSave;

impl Tool for SegmentSave {
    const NAME: &str = "crm_segment_save";
    const TITLE: &str = "Save segment";
    const ABOUT: &str = "Create or change a segment: a dynamic filter or a fixed list.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Success];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "company acme",
        args: r#"{"name": "Silent customers", "kind": "company", "filter": {"all": [
                  {"field": "country", "op": "eq", "value": ["DE"]},
                  {"field": "last_contacted", "op": "before", "value": ["today-90"]}]}}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = SegmentView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<SegmentView> {
        let content = match (args.filter, args.records) {
            (Some(_), Some(_)) => {
                return Err(invalid("records", "cannot be given beside `filter`")
                    .hint("a segment is a rule or a fixed list"));
            }
            (Some(filter), None) => Some(Content::Rule(segments::check(cx, args.kind, filter)?)),
            (None, Some(records)) => Some(Content::List(ids(cx, args.kind, &records)?)),
            (None, None) => None,
        };
        let known = by_name(cx, args.kind, &args.name)?;
        if known.is_none() && content.is_none() {
            return Err(missing("filter").hint("give `filter` or `records`; there is no such segment yet"));
        }
        if known.is_none() && args.new_name.is_some() {
            return Err(not_found("segment", &args.name)
                .field("name")
                .hint("crm_segment_list shows the segments there are"));
        }
        let segment = save(cx, args.kind, &args.name, args.new_name, content)?;
        view(cx, segment)
    }
}

/// The ids of the records named, each once.
fn ids(db: &Reader<'_>, kind: AboutKind, records: &[String]) -> ToolResult<Vec<String>> {
    let mut ids = Vec::with_capacity(records.len());
    for (index, text) in records.iter().enumerate() {
        let field = format!("records[{index}]");
        let id = match kind {
            AboutKind::Company => companies::resolve(db, text, &field)?.id.0,
            AboutKind::Contact => contacts::resolve(db, text, &field)?.id.0,
            AboutKind::Deal => deals::resolve(db, text, &field)?.id.0,
            AboutKind::Lead => leads::resolve(db, text, &field)?.id.0,
        };
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// An existing one is changed.
    #[arg(min = 1, max = 80)]
    name: String,
    /// Kind.
    kind: AboutKind,
    /// Filter.
    filter: Option<FilterArg>,
    /// The whole fixed list: ids, numbers, emails or exact names.
    #[arg(max = 500)]
    records: Option<Vec<String>>,
    /// New name.
    #[arg(min = 1, max = 80)]
    new_name: Option<String>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn names_the_nearest_field() {
        check(
            &crate::DOMAIN,
            "",
            "crm_segment_save",
            r#"{"name": "x", "kind": "lead", "filter": {"all": [{"field": "scores", "op": "at_least", "value": 50}]}}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"unknown_field","message":"a lead has no field `scores`; did you mean `score`?","field":"filter.all[0].field","hint":"fields of a lead are email, phone, company_name, status, source, disqualify_reason, score, value, owner, tag, created, last_touched","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn says_which_operators_fit() {
        check(
            &crate::DOMAIN,
            "",
            "crm_segment_save",
            r#"{"name": "x", "kind": "deal", "filter": {"all": [{"field": "status", "op": "eq", "value": "open"},
                {"field": "close_date", "op": "contains", "value": "2026"}]}}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`close_date` takes eq, before, after, at_least, at_most, is_set, not `contains`","field":"filter.all[1].op","retryable":false}}"#
            ]],
        );
        check(
            &crate::DOMAIN,
            "",
            "crm_segment_save",
            r#"{"name": "x", "kind": "deal", "filter": {"all": [{"field": "status", "op": "eq", "value": "running"}]}}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`status` is one of open, won, lost, not `running`","field":"filter.all[0].value","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn saving_the_same_again_changes_nothing() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme; company bolt");
        let save = r#"{"name": "Best", "kind": "company", "records": ["Acme", "@bolt", "@acme"]}"#;
        let first = fixture.call("crm_segment_save", save);
        expect![[r##"{"id":"#1","version":1,"name":"Best","kind":"company","members":"static","rule":"a fixed list","size":2}"##]].assert_eq(&first.text);
        let before = fixture.contents();
        assert!(!fixture.call("crm_segment_save", save).failed);
        assert_eq!(fixture.contents(), before);
        // From a list to a rule, under another name.
        let rule = r#"{"name": "best", "kind": "company", "new_name": "Named", "filter": {"all": [{"field": "name", "op": "contains", "value": "ACM"}]}}"#;
        let answer = fixture.call("crm_segment_save", rule);
        expect![[r##"{"id":"#1","version":2,"name":"Named","kind":"company","members":"dynamic","rule":"name contains `acm`","size":1}"##]].assert_eq(&answer.text);
        let members = fixture.read(|db| Ok(db.count("SELECT COUNT(*) FROM segment_member", &[])?)).unwrap();
        assert_eq!(members, 0);
    }

    #[test]
    fn amounts_are_stored_with_their_currency() {
        check(
            &crate::DOMAIN,
            "",
            "crm_segment_save",
            r#"{"name": "Large", "kind": "deal", "filter": {"all": [{"field": "amount", "op": "at_least", "value": 5000}]}}"#,
            expect![[
                r##"{"id":"#1","version":1,"name":"Large","kind":"deal","members":"dynamic","rule":"amount is at least 5000.00 EUR","size":0}"##
            ]],
        );
    }
}
