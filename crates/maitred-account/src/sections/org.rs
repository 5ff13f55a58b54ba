//! Section `org`: what the whole organisation agrees on.

use maitred_core::prelude::*;
use maitred_kernel::wire::at_field;
use maitred_kernel::{Currency, Zone, country};
use maitred_party::sources::SettingSource;
use maitred_party::store::settings;
use serde::{Deserialize, Serialize};

const SECTION: &str = "org";

/// See the module.
pub struct Org;

#[derive(Serialize, Deserialize, Clone, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Value {
    timezone: String,
    currency: String,
    country: String,
}

impl Value {
    /// What holds where nobody has set anything; see `maitred_party::org::settings_of`.
    fn initial() -> Self {
        Self { timezone: "UTC".to_owned(), currency: "EUR".to_owned(), country: "DE".to_owned() }
    }

    fn stored(db: &Reader<'_>) -> ToolResult<Self> {
        match settings::get(db, SECTION)? {
            Some(setting) => serde_json::from_str(&setting.value).map_err(ToolError::internal),
            None => Ok(Self::initial()),
        }
    }
}

impl SettingSource for Org {
    fn section(&self) -> &'static str {
        SECTION
    }

    fn about(&self) -> &'static str {
        "Time zone of days and business hours, currency of reports, home country."
    }

    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"timezone":{"type":"string","description":"IANA name: Europe/Vienna"},"currency":{"type":"string","description":"ISO 4217"},"country":{"type":"string","description":"ISO 3166 alpha-2"}},"required":["timezone","currency","country"],"additionalProperties":false}"#
    }

    fn editors(&self) -> &'static [&'static str] {
        &[]
    }

    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        super::json(&Value::stored(db)?)
    }

    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let mut value: Value = super::read(value)?;
        at_field(Zone::parse(&value.timezone), "timezone")?;
        value.currency = at_field(Currency::parse(&value.currency), "currency")?.code().to_owned();
        value.country = at_field(country::parse(&value.country), "country")?.to_owned();
        let before = Value::stored(db)?;
        let mut affected = Vec::new();
        if before.timezone != value.timezone {
            affected.push(format!("days and due dates follow {} from now on", value.timezone));
        }
        if before.currency != value.currency {
            affected.push(format!(
                "reports are in {} from now on; documents keep the currency they have",
                value.currency
            ));
        }
        if before.country != value.country {
            affected.push(format!("new records are in {} unless said otherwise", value.country));
        }
        settings::put(db, SECTION, &super::json(&value)?)?;
        Ok(affected)
    }
}
