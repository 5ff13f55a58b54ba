//! The organisation's own settings: section `org`.

use maitred_core::cx::Reader;
use maitred_core::error::{ToolError, ToolResult};
use maitred_kernel::wire::Moment;
use maitred_kernel::{Currency, Day, Zone};
use std::rc::Rc;

use crate::store::settings;

/// What the whole organisation agrees on.
#[derive(Clone, Debug)]
pub struct OrgSettings {
    /// Time zone of days and business hours.
    pub zone: Zone,
    /// Currency that reports are in.
    pub currency: Currency,
    /// ISO 3166 alpha-2, where new companies are when nothing else is said.
    pub country: String,
}

#[derive(serde::Deserialize)]
struct Stored {
    timezone: String,
    currency: String,
    country: String,
}

impl OrgSettings {
    /// Reads and checks the section's JSON.
    ///
    /// # Errors
    /// In words, which member is wrong.
    pub fn parse(json: &str) -> Result<Self, String> {
        let stored: Stored = serde_json::from_str(json).map_err(|error| error.to_string())?;
        Ok(Self {
            zone: Zone::parse(&stored.timezone).map_err(|fault| fault.to_string())?,
            currency: Currency::parse(&stored.currency).map_err(|fault| fault.to_string())?,
            country: maitred_kernel::country::parse(&stored.country)
                .map_err(|fault| fault.to_string())?
                .to_owned(),
        })
    }
}

/// The settings, read once per call. An organisation that never set them works in UTC and EUR.
pub fn settings_of(db: &Reader<'_>) -> ToolResult<Rc<OrgSettings>> {
    db.memo(|db| match settings::get(db, "org")? {
        Some(setting) => OrgSettings::parse(&setting.value).map_err(|what| {
            ToolError::internal(anyhow_text(format!("the section `org` of the settings: {what}")))
        }),
        None => Ok(OrgSettings { zone: Zone::UTC, currency: Currency::EUR, country: "DE".to_owned() }),
    })
}

fn anyhow_text(text: String) -> maitred_store::StoreError {
    maitred_store::StoreError::defect(text)
}

/// Today, where the organisation is.
pub fn today(db: &Reader<'_>) -> ToolResult<Day> {
    Ok(db.stamp().day(&settings_of(db)?.zone))
}
