//! `account_setting_update`: another value for a section of the settings.

use maitred_core::args::JsonObject;
use maitred_core::error::Category;
use maitred_core::prelude::*;

use crate::{schema, sections};

/// The tool.
pub struct SettingUpdate;

impl Tool for SettingUpdate {
    const NAME: &str = "account_setting_update";
    const TITLE: &str = "Change settings";
    const ABOUT: &str = "Replace one settings section after reading it with account_setting_get. Always dry-run \
                         first: the preview lists the records the change touches.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: "",
        args: r#"{"section": "org", "value": {"timezone": "Europe/Vienna", "currency": "EUR", "country": "AT"}}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let source = sections::find(cx, &args.section)?;
        if !sections::may_edit(cx, source.as_ref()) {
            let editors: Vec<&str> = ["owner", "admin"].iter().chain(source.editors()).copied().collect();
            return Err(refused(
                Code::Forbidden,
                format!("`{}` is changed by {} only", source.section(), editors.join(", ")),
            )
            .field("section")
            .hint("ask one of them; account_member_list shows who has the role"));
        }
        let known = serde_json::from_str(source.schema()).map_err(ToolError::internal)?;
        let value = serde_json::from_str(&args.value.0).map_err(ToolError::internal)?;
        schema::fit(&known, &value, VALUE)?;
        let affected = source.set(cx, &args.value.0).map_err(inside)?;
        Ok(Output {
            section: source.section(),
            value: RawJson::new(source.get(cx)?)?,
            version: source.version(cx)?,
            affected,
        })
    }
}

const VALUE: &str = "value";

/// A fault inside the value, as a section says it, with the whole path.
fn inside(error: ToolError) -> ToolError {
    match error.code().category() {
        Category::Validation | Category::Domain => error.within(VALUE),
        _ => error,
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Name of the section.
    #[arg(min = 1, max = 60)]
    section: String,
    /// The whole new value.
    value: JsonObject,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The section.
    section: &'static str,
    /// What holds now.
    value: RawJson,
    /// How often it was changed.
    version: i64,
    /// What the change touches.
    affected: Vec<String>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::mode::Mode;
    use maitred_kernel::{Day, Stamp};
    use maitred_party::model::TaxClass;
    use maitred_party::store::{calendars, numbers, tax_codes};
    use maitred_testkit::{Fixture, check};
    use serde_json::{Value, json};

    use crate::store::probe::PROBE;

    fn set(fixture: &Fixture, section: &str, value: Value) -> Value {
        let args = json!({"section": section, "value": value}).to_string();
        fixture.call_confirmed("account_setting_update", &args).json()
    }

    fn refusal(answer: &Value) -> (&str, &str) {
        (
            answer["error"]["code"].as_str().unwrap_or_else(|| panic!("{answer}")),
            answer["error"]["field"].as_str().unwrap_or_else(|| panic!("{answer}")),
        )
    }

    #[test]
    fn the_path_of_a_fault_is_named() {
        check(
            &crate::DOMAIN,
            "",
            "account_setting_update",
            r#"{"section": "calendars", "value": {"calendars": [{"name": "", "timezone": "UTC", "weekly": {"monday": []}}]}}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`value.calendars[0].name` must not be empty","field":"value.calendars[0].name","hint":"account_setting_get shows the section with its schema","retryable":false,"faults":["value.calendars[0].name must not be empty","value.calendars[0].weekly.monday is unknown; known are fri, mon, sat, sun, thu, tue, wed"]}}"#
            ]],
        );
    }

    #[test]
    fn each_section_names_its_editors() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], "");
        let office = fixture.caller(&[Mode::Office], false).rights;
        let as_role = |role: &str, section: &str, value: &str| {
            let args = format!(r#"{{"section": "{section}", "value": {value}}}"#);
            let caller = fixture.caller_with(role, office);
            fixture.confirmed_as(&caller, "account_setting_update", &args).unwrap()
        };
        let org = r#"{"timezone": "UTC", "currency": "USD", "country": "US"}"#;
        expect![[r#"{"error":{"category":"security","code":"forbidden","message":"`org` is changed by owner, admin only","field":"section","hint":"ask one of them; account_member_list shows who has the role","retryable":false}}"#]].assert_eq(&as_role("finance", "org", org).text);
        assert!(as_role("delivery", "probe.shelves", r#"{"shelves": 3}"#).failed);
        expect![[
            r#"{"section":"probe.shelves","value":{"shelves":3},"version":1,"affected":["every shelf"]}"#
        ]]
        .assert_eq(&as_role("operations", "probe.shelves", r#"{"shelves": 3}"#).text);
        // What the section itself refuses is named inside the value.
        let unlucky = as_role("operations", "probe.shelves", r#"{"shelves": 7}"#).json();
        assert_eq!(refusal(&unlucky), ("invalid", "value.shelves"));
    }

    #[test]
    fn the_same_value_again_changes_nothing() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let value = json!({"timezone": "Europe/Paris", "currency": "eur", "country": "fr"});
        assert_eq!(set(&fixture, "org", value.clone())["version"], 1);
        let before = fixture.contents();
        let again = set(&fixture, "org", value);
        assert_eq!((again["version"].clone(), again["affected"].clone()), (json!(1), json!([])));
        assert_eq!(fixture.contents(), before);
    }

    #[test]
    fn an_organisation_is_somewhere() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        for (member, wrong) in [("timezone", "Europe/Atlantis"), ("currency", "XQX"), ("country", "QQ")] {
            let mut value = json!({"timezone": "UTC", "currency": "EUR", "country": "DE"});
            value[member] = wrong.into();
            assert_eq!(
                refusal(&set(&fixture, "org", value)),
                ("invalid", format!("value.{member}").as_str())
            );
        }
    }

    #[test]
    fn calendars_are_kept_and_renamed_by_id() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let shop = json!({"name": "Shop", "timezone": "Europe/Vienna",
                          "weekly": {"mon": ["09:00-12:00", "13:00-18:00"], "sun": []}, "holidays": ["2026-12-25"]});
        let made = set(&fixture, "calendars", json!({"calendars": [shop]}));
        assert_eq!(made["affected"], json!(["calendar `Shop` is new"]));
        let id = made["value"]["calendars"][0]["id"].as_str().unwrap().to_owned();
        let open = fixture.read(|db| calendars::working_time(db, Some(&id))).unwrap();
        for (moment, expected) in [
            ("2026-03-02T08:30:00.000Z", true),
            ("2026-03-02T11:30:00.000Z", false),
            ("2026-03-03T08:30:00.000Z", false),
        ] {
            assert_eq!(open.is_open(Stamp::parse(moment).unwrap()), expected, "{moment}");
        }
        let mut kept = made["value"]["calendars"][0].clone();
        kept["name"] = "Store".into();
        let renamed = set(&fixture, "calendars", json!({"calendars": [kept]}));
        assert_eq!(renamed["affected"], json!(["calendar `Store` changes; 0 members work by it"]));
        assert_eq!(renamed["version"], 2);
        let gone = set(&fixture, "calendars", json!({"calendars": []}));
        assert_eq!(refusal(&gone), ("open_dependents", "value.calendars"));
        for weekly in [json!({"mon": ["9-17"]}), json!({"mon": ["09:00-17:00", "16:00-18:00"]})] {
            let mut wrong = renamed["value"].clone();
            wrong["calendars"][0]["weekly"] = weekly;
            assert_eq!(refusal(&set(&fixture, "calendars", wrong)), ("invalid", "value.calendars[0]"));
        }
    }

    #[test]
    fn a_tax_code_in_force_can_only_be_ended() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let code = |rate: &str, from: &str, to: Option<&str>| {
            let mut code = json!({"country": "AT", "class": "standard", "category": "S", "rate": rate, "valid_from": from});
            if let Some(to) = to {
                code["valid_to"] = to.into();
            }
            code
        };
        let put = |codes: Vec<Value>| set(&fixture, "tax_codes", json!({"tax_codes": codes}));
        assert_eq!(put(vec![code("20", "2020-01-01", None)])["version"], 1);
        assert_eq!(refusal(&put(vec![code("21", "2020-01-01", None)])), ("immutable", "value.tax_codes[0]"));
        assert_eq!(refusal(&put(vec![])), ("open_dependents", "value.tax_codes"));
        let two = put(vec![code("20", "2020-01-01", None), code("21", "2026-07-01", None)]);
        assert_eq!(refusal(&two), ("invalid", "value.tax_codes[1]"));
        let next = put(vec![code("20", "2020-01-01", Some("2026-06-30")), code("21", "2026-07-01", None)]);
        assert_eq!(next["affected"].as_array().map(Vec::len), Some(2), "{next}");
        for (day, rate) in [("2026-06-30", 2_000), ("2026-07-01", 2_100)] {
            let day = Day::parse(day).unwrap();
            let codes = fixture.read(|db| tax_codes::in_force(db, "AT", TaxClass::Standard, day)).unwrap();
            assert_eq!(codes.iter().map(|code| code.rate_bp).collect::<Vec<_>>(), [rate]);
        }
        // What is not in force yet may still change.
        let better =
            put(vec![code("20", "2020-01-01", Some("2026-06-30")), code("21.5", "2026-07-01", None)]);
        assert_eq!(better["value"]["tax_codes"][1]["rate"], "21.5", "{better}");
    }

    #[test]
    fn a_tax_rate_fits_its_category() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        for (category, rate) in
            [("S", "0"), ("Z", "5"), ("S", "100.5"), ("S", "-1"), ("AE", "20"), ("S", "ten")]
        {
            let code = json!({"country": "DE", "class": "zero", "category": category, "rate": rate, "valid_from": "2026-01-01"});
            let answer = set(&fixture, "tax_codes", json!({"tax_codes": [code]}));
            assert_eq!(refusal(&answer).1, "value.tax_codes[0].rate", "{category} {rate}: {answer}");
        }
    }

    #[test]
    fn a_series_moves_until_its_first_number() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let put = |last: i64| {
            set(&fixture, "sequences", json!({"series": [{"series": "INV", "year": 2026, "last_no": last}]}))
        };
        assert_eq!(put(417)["affected"], json!(["the next number is INV-2026-00418"]));
        assert_eq!(put(471)["affected"], json!(["the next number is INV-2026-00472"]));
        let number = fixture.write(|db| numbers::next(db, "INV")).unwrap();
        assert_eq!(number, "INV-2026-00472");
        assert_eq!(refusal(&put(500)), ("immutable", "value.series[0].last_no"));
        assert_eq!(refusal(&put(471)), ("immutable", "value.series[0].last_no"));
        assert_eq!(put(472)["affected"], json!([]));
        assert_eq!(
            refusal(&set(&fixture, "sequences", json!({"series": []}))),
            ("immutable", "value.series")
        );
    }
}
