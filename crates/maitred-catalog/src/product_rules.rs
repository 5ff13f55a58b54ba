//! Rules of products without a database: barcodes, units, texts about them, and how far they can go.

use std::collections::BTreeMap;

use maitred_core::args::JsonObject;
use maitred_core::error::{ToolError, ToolResult, invalid};
use maitred_party::commerce::ProductKind;
use maitred_party::model::TaxClass;

use crate::model::ProductStatus;

/// A GTIN (8, 12, 13 or 14 digits) whose check digit fits, without spaces and hyphens.
///
/// # Errors
/// `invalid` at `field`.
pub fn gtin(text: &str, field: &str) -> ToolResult<String> {
    let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    if !matches!(digits.len(), 8 | 12 | 13 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid(field, format!("must be a GTIN of 8, 12, 13 or 14 digits, not `{text}`")));
    }
    // Every second digit from the right counts three times, the check digit once.
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([1, 3].into_iter().cycle())
        .map(|(byte, weight)| u32::from(byte - b'0') * weight)
        .sum();
    if !sum.is_multiple_of(10) {
        return Err(invalid(field, format!("`{digits}` has a wrong check digit")));
    }
    Ok(digits)
}

/// A code of UN/ECE Recommendation 20; a few words that people use are understood.
///
/// # Errors
/// `invalid` at `field`.
pub fn unit(text: &str, field: &str) -> ToolResult<String> {
    let word = text.trim().to_lowercase();
    let known = match word.as_str() {
        "piece" | "pieces" | "pcs" | "pc" | "each" | "unit" | "one" => "C62",
        "kg" | "kilogram" => "KGM",
        "g" | "gram" => "GRM",
        "l" | "litre" | "liter" => "LTR",
        "m" | "metre" | "meter" => "MTR",
        "m2" => "MTK",
        "m3" => "MTQ",
        "hour" | "hours" | "h" => "HUR",
        "day" | "days" => "DAY",
        "month" | "months" => "MON",
        "bottle" => "BO",
        "box" => "BX",
        "pack" => "PK",
        "pair" => "PR",
        _ => "",
    };
    if !known.is_empty() {
        return Ok(known.to_owned());
    }
    let code = text.trim().to_uppercase();
    if (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(code);
    }
    Err(invalid(field, "must be a code of UN/ECE Recommendation 20, such as C62 (piece), KGM, LTR or HUR"))
}

/// A class of taxation by its word.
///
/// # Errors
/// `invalid` at `field`, naming the words.
pub fn tax_class(text: &str, field: &str) -> ToolResult<TaxClass> {
    TaxClass::parse(text.trim())
        .ok_or_else(|| invalid(field, format!("must be one of {}", TaxClass::WORDS.join(", "))))
}

/// The unit of a kind of product when nobody says one.
pub fn default_unit(kind: ProductKind) -> &'static str {
    match kind {
        ProductKind::Service => "HUR",
        ProductKind::Goods | ProductKind::Bundle => "C62",
    }
}

/// An object of names and short texts, in the order of the names, as stored.
///
/// # Errors
/// `invalid` at `field` when a value is neither text, number nor flag, or there are more than 50.
pub fn texts(object: Option<&JsonObject>, field: &str) -> ToolResult<BTreeMap<String, String>> {
    let Some(object) = object else { return Ok(BTreeMap::new()) };
    let members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&object.0).map_err(ToolError::internal)?;
    if members.len() > 50 {
        return Err(invalid(field, "has more than 50 members"));
    }
    let mut texts = BTreeMap::new();
    for (name, value) in members {
        let text = match value {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(flag) => flag.to_string(),
            serde_json::Value::Null => continue,
            _ => return Err(invalid(&format!("{field}.{name}"), "must be text, a number or a flag")),
        };
        let (name, text) = (name.trim().to_owned(), text.trim().to_owned());
        if name.is_empty() || name.chars().count() > 60 || text.chars().count() > 500 {
            return Err(invalid(&format!("{field}.{name}"), "must have a name and at most 500 characters"));
        }
        texts.insert(name, text);
    }
    Ok(texts)
}

/// An object of texts as stored.
pub fn stored(texts: &BTreeMap<String, String>) -> ToolResult<String> {
    serde_json::to_string(texts).map_err(ToolError::internal)
}

/// Whether a product may go from one state to another. A draft that never was for sale may be archived as it is.
pub fn may_go(from: ProductStatus, to: ProductStatus) -> bool {
    use ProductStatus::{Active, Archived, Discontinued, Draft};
    matches!(
        (from, to),
        (Draft, Active | Archived) | (Active, Discontinued) | (Discontinued, Active | Archived)
    )
}

/// The states that can follow.
pub fn next_of(from: ProductStatus) -> Vec<&'static str> {
    ProductStatus::ALL.iter().filter(|to| may_go(from, **to)).map(|to| to.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn check_digits_are_checked() {
        assert_eq!(gtin("4006381333931", "barcode").unwrap(), "4006381333931");
        assert_eq!(gtin("0 36000 29145 2", "barcode").unwrap(), "036000291452");
        assert_eq!(gtin("96385074", "barcode").unwrap(), "96385074");
        assert!(gtin("4006381333932", "barcode").is_err());
        assert!(gtin("123", "barcode").is_err() && gtin("40063813339a1", "barcode").is_err());
    }

    #[test]
    fn units_are_codes() {
        assert_eq!(unit("pcs", "unit").unwrap(), "C62");
        assert_eq!(unit("ltr", "unit").unwrap(), "LTR");
        assert!(unit("bunches", "unit").is_err());
    }

    proptest! {
        /// One digit changed is always noticed.
        #[test]
        fn a_wrong_digit_is_noticed(body in "[0-9]{12}", at in 0..12_usize, by in 1..10_u8) {
            let sum: u32 = body.bytes().rev().zip([3, 1].into_iter().cycle())
                .map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
            let code = format!("{body}{}", (10 - sum % 10) % 10);
            prop_assert!(gtin(&code, "barcode").is_ok());
            let mut wrong = code.into_bytes();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            prop_assert!(gtin(std::str::from_utf8(&wrong).unwrap(), "barcode").is_err());
        }
    }
}
