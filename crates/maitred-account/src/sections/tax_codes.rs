//! Section `tax_codes`: rates of value added tax and when they are in force.

use std::collections::BTreeSet;

use maitred_core::prelude::*;
use maitred_kernel::wire::at_field;
use maitred_kernel::{BasisPoints, Day, Stamp, country};
use maitred_party::model::{TaxCategory, TaxClass, TaxCode};
use maitred_party::org;
use maitred_party::sources::SettingSource;
use maitred_party::store::tax_codes;
use serde::{Deserialize, Serialize};

/// See the module.
pub struct TaxCodes;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Value {
    tax_codes: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    country: String,
    class: String,
    category: String,
    rate: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exemption_code: Option<String>,
    valid_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to: Option<String>,
}

impl SettingSource for TaxCodes {
    fn section(&self) -> &'static str {
        "tax_codes"
    }

    fn about(&self) -> &'static str {
        "Rates of value added tax by country and class, with the days they are in force."
    }

    fn schema(&self) -> &'static str {
        r#"{"type":"object","properties":{"tax_codes":{"type":"array","maxItems":1000,"items":{"type":"object","properties":{"id":{"type":"string","description":"of a code there is"},"country":{"type":"string","description":"ISO 3166 alpha-2"},"class":{"type":"string","enum":["standard","reduced","reduced2","super_reduced","zero","exempt"]},"category":{"type":"string","enum":["S","Z","E","AE","K","G","O"],"description":"EN 16931"},"rate":{"type":"string","description":"percent: 19 or 5.5"},"exemption_code":{"type":"string","maxLength":30,"description":"VATEX"},"valid_from":{"type":"string","description":"first day"},"valid_to":{"type":"string","description":"last day"}},"required":["country","class","category","rate","valid_from"],"additionalProperties":false}}},"required":["tax_codes"],"additionalProperties":false}"#
    }

    fn editors(&self) -> &'static [&'static str] {
        &["finance"]
    }

    fn version(&self, db: &Reader<'_>) -> ToolResult<i64> {
        tax_codes::version(db)
    }

    fn get(&self, db: &Reader<'_>) -> ToolResult<String> {
        let entry = |code: TaxCode| Entry {
            id: Some(code.id),
            country: code.country,
            class: code.class.as_str().to_owned(),
            category: code.category.as_str().to_owned(),
            rate: BasisPoints::from_bp(code.rate_bp).to_string(),
            exemption_code: code.exemption_code,
            valid_from: code.valid_from.to_string(),
            valid_to: code.valid_to.map(|day| day.to_string()),
        };
        super::json(&Value { tax_codes: tax_codes::all(db)?.into_iter().map(entry).collect() })
    }

    /// A code that is, or was, in force stands on documents: it can be ended and nothing else. None is left out.
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>> {
        let value: Value = super::read(value)?;
        let (known, today) = (tax_codes::all(db)?, org::today(db)?);
        let (mut kept, mut affected, mut result) = (BTreeSet::new(), Vec::new(), Vec::new());
        for (index, entry) in value.tax_codes.iter().enumerate() {
            let at = format!("tax_codes[{index}]");
            let read = parse(entry).map_err(|error| error.within(&at))?;
            let before = match &entry.id {
                Some(id) => Some(known.iter().find(|code| code.id == *id).ok_or_else(|| {
                    not_found("tax code", id).field(format!("{at}.id")).hint("leave `id` out for a new one")
                })?),
                None => {
                    known.iter().find(|code| key(code) == key(&read) && code.valid_from == read.valid_from)
                }
            };
            let mut after = match before {
                None => TaxCode { id: db.fresh_id(), ..read },
                Some(before) => {
                    if !kept.insert(before.id.clone()) {
                        return Err(invalid(&at, "is the same code as another one"));
                    }
                    let (id, version) = (before.id.clone(), before.version);
                    let after = TaxCode { id, version, created_at: before.created_at, ..read };
                    let ended =
                        TaxCode { valid_to: after.valid_to, updated_at: after.updated_at, ..before.clone() };
                    if before.valid_from <= today && after != ended {
                        return Err(refused(
                            Code::Immutable,
                            format!("`{at}` is in force: it can only be ended"),
                        )
                        .field(at)
                        .hint("set its `valid_to` and add another code from the day after"));
                    }
                    after
                }
            };
            match before {
                None => {
                    db.insert(&mut after)?;
                    affected.push(format!("{} from {}", named(&after), after.valid_from));
                }
                Some(before) => {
                    if db.update(before, &mut after)? {
                        affected.push(format!("{} changes; issued documents keep theirs", named(before)));
                    }
                }
            }
            result.push(after);
        }
        if let Some(gone) = known.iter().find(|code| !kept.contains(&code.id)) {
            return Err(refused(Code::OpenDependents, format!("{} is left out", named(gone)))
                .field("tax_codes")
                .hint("documents may use it: send it along, ended by `valid_to` where it is out of use"));
        }
        apart(&result)?;
        Ok(affected)
    }
}

fn key(code: &TaxCode) -> (&str, TaxClass, TaxCategory) {
    (&code.country, code.class, code.category)
}

fn named(code: &TaxCode) -> String {
    let rate = BasisPoints::from_bp(code.rate_bp);
    format!("tax code {} {} {} {rate} %", code.country, code.class, code.category)
}

fn parse(entry: &Entry) -> ToolResult<TaxCode> {
    let word = |field: &str| invalid(field, "is no word of the list");
    let category = TaxCategory::parse(&entry.category).ok_or_else(|| word("category"))?;
    let rate = at_field(BasisPoints::parse(&entry.rate), "rate")?.bp();
    if !(0..=10_000).contains(&rate) || (rate > 0) != (category == TaxCategory::Standard) {
        return Err(invalid("rate", "must be above 0 and at most 100 for category S, and 0 for every other"));
    }
    if entry.exemption_code.is_some() && matches!(category, TaxCategory::Standard | TaxCategory::Zero) {
        return Err(invalid("exemption_code", "is for codes without tax: E, AE, K, G, O"));
    }
    let valid_from = at_field(Day::parse(&entry.valid_from), "valid_from")?;
    let valid_to = entry.valid_to.as_deref().map(|day| at_field(Day::parse(day), "valid_to")).transpose()?;
    if valid_to.is_some_and(|last| last < valid_from) {
        return Err(invalid("valid_to", "is before `valid_from`"));
    }
    Ok(TaxCode {
        id: String::new(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        country: at_field(country::parse(&entry.country), "country")?.to_owned(),
        class: TaxClass::parse(&entry.class).ok_or_else(|| word("class"))?,
        category,
        rate_bp: rate,
        exemption_code: entry.exemption_code.clone(),
        valid_from,
        valid_to,
    })
}

/// On no day are two codes of the same country, class and category in force.
fn apart(codes: &[TaxCode]) -> ToolResult<()> {
    for (index, code) in codes.iter().enumerate() {
        for earlier in codes.iter().take(index).filter(|earlier| key(earlier) == key(code)) {
            let starts_in_time =
                |a: &TaxCode, b: &TaxCode| b.valid_to.is_none_or(|last| a.valid_from <= last);
            if starts_in_time(code, earlier) && starts_in_time(earlier, code) {
                return Err(invalid(
                    &format!("tax_codes[{index}]"),
                    format!("overlaps with {} from {}", named(earlier), earlier.valid_from),
                )
                .hint("end the earlier one the day before with `valid_to`"));
            }
        }
    }
    Ok(())
}
