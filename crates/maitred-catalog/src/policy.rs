//! The settings section `catalog.policy`: what is tolerated, and how stock is replenished.

use std::rc::Rc;

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Quantity};
use maitred_party::sources::SettingSource;
use maitred_party::store::settings;
use serde::{Deserialize, Serialize};

/// Name of the section.
pub const SECTION: &str = "catalog.policy";

/// What the organisation agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How much more than ordered is taken from a supplier.
    pub over_receipt: BasisPoints,
    /// Days until stock is looked at again (R of F-STK-2).
    pub review_days: i64,
    /// From how much on a client reads `low` rather than `in stock`.
    pub low_stock: Quantity,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            over_receipt: BasisPoints::from_bp(500),
            review_days: 7,
            low_stock: Quantity::from_thousandths(5_000),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    over_receipt_percent: String,
    review_days: i64,
    low_stock: String,
}

impl Stored {
    fn read(&self) -> Result<Policy, (&'static str, String)> {
        let over_receipt = BasisPoints::parse(&self.over_receipt_percent)
            .map_err(|fault| ("over_receipt_percent", fault.to_string()))?;
        if !(0..=10_000).contains(&over_receipt.bp()) {
            return Err(("over_receipt_percent", "must be from 0 to 100".to_owned()));
        }
        if !(1..=365).contains(&self.review_days) {
            return Err(("review_days", "must be from 1 to 365".to_owned()));
        }
        let low_stock = Quantity::parse(&self.low_stock).map_err(|fault| ("low_stock", fault.to_string()))?;
        if low_stock.thousandths() < 0 {
            return Err(("low_stock", "must not be negative".to_owned()));
        }
        Ok(Policy { over_receipt, review_days: self.review_days, low_stock })
    }
}

impl From<Policy> for Stored {
    fn from(policy: Policy) -> Self {
        Self {
            over_receipt_percent: policy.over_receipt.to_string(),
            review_days: policy.review_days,
            low_stock: policy.low_stock.to_string(),
        }
    }
}

/// The policy in force, read once per call.
pub fn of(db: &Reader<'_>) -> ToolResult<Rc<Policy>> {
    db.memo(|db| match settings::get(db, SECTION)? {
        None => Ok(Policy::default()),
        Some(setting) => {
            let stored: Stored = serde_json::from_str(&setting.value).map_err(ToolError::internal)?;
            stored.read().map_err(|(member, what)| {
                let text = format!("the section {SECTION} of the settings: {member} {what}");
                ToolError::internal(maitred_store::StoreError::defect(text))
            })
        }
    })
}

/// The section as account knows it.
pub struct PolicySection;

impl SettingSource for PolicySection {
    fn section(&self) -> &'static str {
        SECTION
    }

    fn about(&self) -> &'static str {
        "How much over-receipt is tolerated, how often stock is reviewed, and what clients read as low stock."
    }

    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"over_receipt_percent":{"type":"string"},"review_days":{"type":"integer","minimum":1,"maximum":365},"low_stock":{"type":"string"}},"required":["over_receipt_percent","review_days","low_stock"],"additionalProperties":false}"#
    }

    fn editors(&self) -> &'static [&'static str] {
        &["operations"]
    }

    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        serde_json::to_string(&Stored::from(*of(db)?)).map_err(ToolError::internal)
    }

    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let stored: Stored = serde_json::from_str(value).map_err(|error| {
            let text = error.to_string();
            let short = text.split(" at line ").next().unwrap_or("malformed").to_owned();
            ToolError::new(Code::Invalid, format!("the value does not fit the section: {short}"))
        })?;
        let policy = stored.read().map_err(|(member, what)| invalid(member, what))?;
        if policy == *of(db)? {
            return Ok(Vec::new());
        }
        let json = serde_json::to_string(&Stored::from(policy)).map_err(ToolError::internal)?;
        settings::put(db, SECTION, &json)?;
        Ok(vec!["goods received, reorder suggestions and what clients read follow from now on".to_owned()])
    }
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    use super::*;

    #[test]
    fn the_section_is_checked_and_kept() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let get = || fixture.read(|db| PolicySection.get(db)).unwrap();
        assert_eq!(get(), r#"{"over_receipt_percent":"5","review_days":7,"low_stock":"5"}"#);
        for wrong in [
            r#"{"over_receipt_percent":"101","review_days":7,"low_stock":"5"}"#,
            r#"{"over_receipt_percent":"5","review_days":0,"low_stock":"5"}"#,
            r#"{"over_receipt_percent":"5","review_days":7,"low_stock":"-1"}"#,
            r#"{"over_receipt_percent":"5","review_days":7}"#,
        ] {
            assert!(fixture.write(move |db| PolicySection.set(db, wrong)).is_err(), "{wrong}");
        }
        let new = r#"{"over_receipt_percent":"2.5","review_days":14,"low_stock":"0.5"}"#;
        fixture.write(move |db| PolicySection.set(db, new)).unwrap();
        assert_eq!(get(), new);
    }
}
