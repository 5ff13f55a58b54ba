//! `account_setting_get`: one section of the settings, or which there are.

use maitred_core::prelude::*;

use crate::sections;

/// The tool.
pub struct SettingGet;

impl Tool for SettingGet {
    const NAME: &str = "account_setting_get";
    const TITLE: &str = "Read settings";
    const ABOUT: &str = "Read one settings section (pipelines, tax codes, dunning, SLA policies, queues, macros, \
                         health model, playbooks, calendars, locations) with its JSON Schema and version; without \
                         `section`, list them.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example { given: "", args: r#"{"section": "org"}"# };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let Some(name) = args.section else {
            let mut listed = Vec::new();
            for source in sections::within_reach(cx) {
                listed.push(SectionView {
                    section: source.section(),
                    about: source.about(),
                    version: source.version(cx)?,
                    editable: sections::may_edit(cx, source.as_ref()),
                });
            }
            let (section, about, editable, value, schema, version) = (None, None, None, None, None, None);
            return Ok(Output { sections: Some(listed), section, about, editable, value, schema, version });
        };
        let source = sections::find(cx, &name)?;
        Ok(Output {
            sections: None,
            section: Some(source.section()),
            about: Some(source.about()),
            editable: Some(sections::may_edit(cx, source.as_ref())),
            value: Some(RawJson::new(source.get(cx)?)?),
            schema: Some(RawJson::new(source.schema().to_owned())?),
            version: Some(source.version(cx)?),
        })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Name of the section.
    #[arg(max = 60)]
    section: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Sections there are.
    sections: Option<Vec<SectionView>>,
    /// The section.
    section: Option<&'static str>,
    /// What it is about.
    about: Option<&'static str>,
    /// You may change it.
    editable: Option<bool>,
    /// What holds.
    value: Option<RawJson>,
    /// JSON Schema of the value.
    schema: Option<RawJson>,
    /// How often it was changed.
    version: Option<i64>,
}

/// A section.
#[derive(ToolOutput)]
pub struct SectionView {
    /// Name.
    section: &'static str,
    /// What it is about.
    about: &'static str,
    /// How often it was changed.
    version: i64,
    /// You may change it.
    editable: bool,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::mode::{CallerKind, Mode, ModeSet, Module, Rights};
    use maitred_testkit::{Fixture, check};

    use crate::store::probe::PROBE;

    #[test]
    fn shows_value_schema_and_version() {
        check(
            &crate::DOMAIN,
            "",
            "account_setting_get",
            r#"{"section": "org"}"#,
            expect![[
                r#"{"section":"org","about":"Time zone of days and business hours, currency of reports, home country.","editable":true,"value":{"timezone":"UTC","currency":"EUR","country":"DE"},"schema":{"type":"object","properties":{"timezone":{"type":"string","description":"IANA name: Europe/Vienna"},"currency":{"type":"string","description":"ISO 4217"},"country":{"type":"string","description":"ISO 3166 alpha-2"}},"required":["timezone","currency","country"],"additionalProperties":false},"version":0}"#
            ]],
        );
    }

    #[test]
    fn lists_the_sections_within_reach() {
        let fixture = Fixture::new(&[&crate::DOMAIN, &PROBE], "");
        let finance = fixture.caller(&[Mode::Office], false);
        expect![[r#"{"sections":[{"section":"calendars","about":"Opening hours per weekday and holidays, for members, teams and service policies.","version":0,"editable":false},{"section":"org","about":"Time zone of days and business hours, currency of reports, home country.","version":0,"editable":false},{"section":"probe.shelves","about":"How many shelves there are.","version":0,"editable":false},{"section":"sequences","about":"Last document number per series and year; the next one follows without a gap.","version":0,"editable":true},{"section":"tax_codes","about":"Rates of value added tax by country and class, with the days they are in force.","version":0,"editable":true}]}"#]].assert_eq(&fixture.call_as(&finance, "account_setting_get", "{}").unwrap().text);
        let rights = Rights::none(CallerKind::Teammate).grant(
            &[Module::Account],
            ModeSet::of(&[Mode::Office]),
            true,
            true,
        );
        let narrow = fixture.caller_with("owner", rights);
        assert!(!fixture.call_as(&narrow, "account_setting_get", "{}").unwrap().raw.contains("probe"));
        let ask = |name: &str| {
            let args = format!("{{\"section\":\"{name}\"}}");
            fixture.call_as(&narrow, "account_setting_get", &args).unwrap().raw.replace(name, "#")
        };
        assert_eq!(ask("probe.shelves"), ask("probe.cellars"));
    }
}
