//! The settings sections of the organisation itself: the ones that belong to no other module.

mod calendars;
mod org;
mod sequences;
mod tax_codes;

pub use calendars::Calendars;
pub use org::Org;
pub use sequences::Sequences;
pub use tax_codes::TaxCodes;

use std::sync::Arc;

use maitred_core::mode::Module;
use maitred_core::prelude::*;
use maitred_party::sources::SettingSource;
use serde::Deserialize;

/// The sections of modules within the caller's reach, by name. A section called `crm.pipelines` is crm's; one without
/// a point is the organisation's.
pub fn within_reach<'a>(db: &Reader<'a>) -> Vec<&'a Arc<dyn SettingSource>> {
    let rights = &db.caller().rights;
    let mut sections: Vec<_> = db
        .ports::<dyn SettingSource>()
        .iter()
        .filter(|source| {
            let module =
                source.section().split_once('.').map_or(Some(Module::Account), |(m, _)| Module::parse(m));
            module.is_some_and(|module| !rights.reads(module).is_empty())
        })
        .collect();
    sections.sort_by_key(|source| source.section());
    sections
}

/// The section of this name.
///
/// # Errors
/// `not_found`, the same for one out of reach as for one that does not exist.
pub fn find<'a>(db: &Reader<'a>, name: &str) -> ToolResult<&'a Arc<dyn SettingSource>> {
    within_reach(db).into_iter().find(|source| source.section() == name.trim()).ok_or_else(|| {
        not_found("section", name).field("section").hint("account_setting_get without `section` lists them")
    })
}

/// Owners and admins edit every section, others where it names one of their roles.
pub fn may_edit(db: &Reader<'_>, source: &dyn SettingSource) -> bool {
    db.caller().rights.admin() || db.teammate().is_some_and(|teammate| teammate.has_role(source.editors()))
}

/// Reads a value that fits the section's schema.
fn read<'de, T: Deserialize<'de>>(value: &'de str) -> ToolResult<T> {
    serde_json::from_str(value).map_err(|error| {
        let text = error.to_string();
        let short = text.split(" at line ").next().unwrap_or("malformed");
        ToolError::new(Code::Invalid, format!("the value does not fit the section: {short}"))
    })
}

fn json<T: serde::Serialize>(value: &T) -> ToolResult<String> {
    serde_json::to_string(value).map_err(ToolError::internal)
}

#[cfg(test)]
mod tests {
    use maitred_party::sources::SettingSource;

    use super::*;

    #[test]
    fn every_schema_is_understood() {
        for source in [&Org as &dyn SettingSource, &Calendars, &TaxCodes, &Sequences] {
            let schema = serde_json::from_str(source.schema()).unwrap();
            assert_eq!(crate::schema::unsupported(&schema), [""; 0], "{}", source.section());
        }
    }
}
