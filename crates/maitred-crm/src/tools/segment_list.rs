//! `crm_segment_list`: the saved segments, each with its rule in plain words and its size.

use maitred_core::prelude::*;

use crate::model::{AboutKind, Segment, SegmentKind};
use crate::store::segments;

/// The tool.
pub struct SegmentList;

impl Tool for SegmentList {
    const NAME: &str = "crm_segment_list";
    const TITLE: &str = "List segments";
    const ABOUT: &str = "Saved segments with their rule in plain words and size. \
                         Members: pass `segment` to the search of that entity.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Success];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example = Example {
        given: "company acme; crm_segment_save {\"name\": \"Germany\", \"kind\": \"company\", \
                \"filter\": {\"all\": [{\"field\": \"country\", \"op\": \"eq\", \"value\": \"DE\"}]}}",
        args: r#"{"kind": "company"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let all = segments::all(cx, args.kind)?;
        let segments = all.into_iter().map(|segment| view(cx, segment)).collect::<ToolResult<_>>()?;
        Ok(Output { segments })
    }
}

/// A segment as tools show it: the rule is made from the stored filter, so it says what is evaluated.
pub(crate) fn view(db: &Reader<'_>, segment: Segment) -> ToolResult<SegmentView> {
    let rule = match segment.kind {
        SegmentKind::Dynamic => segments::filter_of(&segment)?.plain(db)?,
        SegmentKind::Static => "a fixed list".to_owned(),
    };
    let size = segments::size(db, &segment)?;
    Ok(SegmentView {
        id: segment.id.0,
        version: segment.version,
        name: segment.name,
        kind: segment.entity,
        members: segment.kind,
        rule,
        size,
    })
}

/// A segment.
#[derive(ToolOutput)]
pub struct SegmentView {
    /// Id.
    id: String,
    /// Version.
    version: i64,
    /// Name.
    name: String,
    /// Of what.
    kind: AboutKind,
    /// By a rule or by a list.
    members: SegmentKind,
    /// The rule in plain words.
    rule: String,
    /// How many records are in it now.
    size: i64,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Kind.
    kind: Option<AboutKind>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Segments by kind and name.
    segments: Vec<SegmentView>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_store::Sql;
    use maitred_testkit::{Fixture, check};

    use crate::model::AboutKind;
    use crate::segments::{self, fields};

    #[test]
    fn says_in_words_what_it_evaluates() {
        check(
            &crate::DOMAIN,
            r#"company acme owner=sales; company bolt country=FR; company away country=FR owner=service;
               crm_activity_log {"kind": "call", "about": ["@bolt"], "summary": "x"};
               crm_segment_save {"name": "Silent", "kind": "company", "filter": {"all": [
                 {"field": "country", "op": "in", "value": ["fr", "DE"]},
                 {"field": "owner", "op": "eq", "value": "sales"},
                 {"field": "last_contacted", "op": "is_set", "value": false}]}};
               crm_segment_save {"name": "Called", "kind": "company", "filter": {"all": [
                 {"field": "last_contacted", "op": "after", "value": "today-90"}]}}"#,
            "crm_segment_list",
            r#"{}"#,
            expect![[
                r##"{"segments":[{"id":"#1","version":1,"name":"Called","kind":"company","members":"dynamic","rule":"last contacted after 90 days ago","size":1},{"id":"#2","version":1,"name":"Silent","kind":"company","members":"dynamic","rule":"country is one of FR, DE and owner is Sales and last contacted is not known","size":1}]}"##
            ]],
        );
    }

    #[test]
    fn every_field_and_operator_runs() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "company acme; contact ada company=acme");
        for entity in AboutKind::ALL.iter().copied() {
            for field in fields(entity) {
                for op in field.kind.ops() {
                    let value = match field.kind {
                        _ if op.as_str() == "is_set" => "false",
                        segments::Kind::Words(words) | segments::Kind::WordSet(words) => words[0],
                        segments::Kind::Member => "sales",
                        segments::Kind::Company => "Acme",
                        segments::Kind::Day | segments::Kind::Moment => "today-30",
                        segments::Kind::Number => "7",
                        segments::Kind::Amount => "100 EUR",
                        segments::Kind::Flag => "false",
                        segments::Kind::Granted => "email",
                        _ => "100%_x",
                    };
                    let args = format!(
                        r#"{{"name": "s", "kind": "{entity}", "filter": {{"all": [{{"field": "{}", "op": "{op}", "value": "{value}"}}]}}}}"#,
                        field.name
                    );
                    let answer = fixture.call("crm_segment_save", &args);
                    assert!(!answer.failed, "{args}: {}", answer.raw);
                }
            }
        }
    }

    #[test]
    fn narrows_a_search() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme country=FR; company bolt; contact ada company=acme can-order=1; contact bob company=bolt;
               crm_segment_save {"name": "Orders from France", "kind": "contact", "filter": {"all": [
                 {"field": "company_country", "op": "eq", "value": "FR"}, {"field": "can_order", "op": "eq", "value": true}]}};
               crm_segment_save {"name": "Bob", "kind": "contact", "records": ["@bob"]}"#,
        );
        let members = |name: &'static str| {
            fixture.read(move |db| {
                let mut sql = Sql::new("SELECT c.id FROM contact c WHERE 1 = 1");
                segments::narrow(db, &mut sql, AboutKind::Contact, name, "c.id")?;
                Ok(db.all_of::<(String,)>(&sql)?)
            })
        };
        assert_eq!(members("orders from france").unwrap(), [(fixture.id("ada"),)]);
        assert_eq!(members("Bob").unwrap(), [(fixture.id("bob"),)]);
        let error = members("Order from France").unwrap_err();
        assert!(format!("{error:?}").contains("did you mean `Orders from France`?"), "{error:?}");
    }

    #[test]
    fn who_is_merged_stays_in_a_list() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"contact ada; contact ada2; crm_segment_save {"name": "Friends", "kind": "contact", "records": ["@ada2"]}"#,
        );
        let (kept, gone) = (fixture.id("ada"), fixture.id("ada2"));
        fixture
            .write(move |db| {
                maitred_party::store::merge::repoint_all(
                    db,
                    maitred_party::refs::RefKind::Contact,
                    &gone,
                    &kept,
                )?;
                db.delete(&db.get::<maitred_party::Contact>(&gone)?.expect("ada2"))?;
                Ok(())
            })
            .unwrap();
        assert_eq!(fixture.call("crm_segment_list", "{}").json()["segments"][0]["size"], 1);
    }
}
