//! What a document must have before it is issued: the rules of EN 16931 that no other part of the module keeps.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day};
use maitred_party::Company;
use maitred_party::commerce::TaxTreatment;
use maitred_party::model::{AddressKind, TaxCategory};
use maitred_party::org;
use maitred_party::store::companies;
use serde::{Deserialize, Serialize};

use crate::model::{InvoiceLine, InvoiceTax};
use crate::seller::Seller;
use crate::store::profiles;

/// Who sold, as a document shows it for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerSnapshot {
    /// What the settings said.
    #[serde(flatten)]
    pub seller: Seller,
    /// Country of the organisation (BT-40).
    pub country: String,
    /// The organisation's currency, where the document is in another (BT-6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_currency: Option<String>,
}

/// Who bought, as a document shows it for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuyerSnapshot {
    /// Registered name (BT-44).
    pub name: String,
    /// Street lines.
    pub street: Vec<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Postcode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postcode: Option<String>,
    /// Country (BT-55).
    pub country: String,
    /// VAT identification number (BT-48).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_id: Option<String>,
    /// Number in the companies register (BT-47).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration_no: Option<String>,
    /// What their documents must quote (BT-10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_reference: Option<String>,
    /// Participant id in the Peppol network (BT-49).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peppol_id: Option<String>,
    /// Days in which a cash discount is granted (BT-20).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_days: Option<i64>,
    /// The cash discount in basis points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_bp: Option<i64>,
}

/// The buyer as known now: the billing address, else the registered one, else any.
pub fn buyer_snapshot(db: &Reader<'_>, company: &Company) -> ToolResult<BuyerSnapshot> {
    let addresses = companies::addresses(db, &company.id)?;
    let of_kind = |kind: AddressKind| addresses.iter().find(|address| address.kind == kind);
    let address =
        of_kind(AddressKind::Billing).or_else(|| of_kind(AddressKind::Registered)).or(addresses.first());
    let (profile, _) = profiles::profile(db, company)?;
    Ok(BuyerSnapshot {
        name: company.legal_name.clone().unwrap_or_else(|| company.name.clone()),
        street: address.map_or_else(Vec::new, |address| address.lines.lines().map(str::to_owned).collect()),
        city: address.map(|address| address.city.clone()),
        postcode: address.and_then(|address| address.postcode.clone()),
        country: address.map_or_else(|| company.country.clone(), |address| address.country.clone()),
        vat_id: company.vat_id.clone(),
        registration_no: company.registration_no.clone(),
        buyer_reference: profile.buyer_reference,
        peppol_id: profile.peppol_id,
        discount_days: profile.discount_days,
        discount_bp: profile.discount_bp.map(|discount| discount.bp()),
    })
}

/// The seller as known now, on a document in this currency.
pub fn seller_snapshot(
    db: &Reader<'_>,
    seller: Option<Seller>,
    currency: Currency,
) -> ToolResult<SellerSnapshot> {
    let org = org::settings_of(db)?;
    Ok(SellerSnapshot {
        seller: seller.unwrap_or_default(),
        country: org.country.clone(),
        vat_currency: Some(org.currency).filter(|own| *own != currency).map(|own| own.code().to_owned()),
    })
}

/// A rule that a document breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Name in EN 16931, or `maitred` for one of the house.
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub what: String,
}

/// A document before its issue.
pub struct Checked<'a> {
    /// Who sells.
    pub seller: &'a SellerSnapshot,
    /// Who buys.
    pub buyer: &'a BuyerSnapshot,
    /// Lines.
    pub lines: &'a [InvoiceLine],
    /// Tax breakdown.
    pub taxes: &'a [InvoiceTax],
    /// What was agreed with the buyer.
    pub treatment: TaxTreatment,
}

/// Every rule that the document breaks.
pub fn violations(document: &Checked<'_>) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut add = |rule: &'static str, what: &str| found.push(Violation { rule, what: what.to_owned() });
    let (seller, buyer) = (&document.seller.seller, document.buyer);
    if seller.name.trim().is_empty() {
        add(
            "BR-6",
            "the seller has no name: fill in the section `invoicing.seller` with account_setting_update",
        );
    }
    if buyer.name.trim().is_empty() {
        add("BR-7", "the buyer has no name");
    }
    if buyer.country.len() != 2 {
        add("BR-11", "the buyer's address has no country");
    }
    if document.lines.is_empty() {
        add("BR-16", "there is no line");
    }
    for row in document.taxes {
        let domestic = seller.vat_id.is_some() || seller.tax_number.is_some();
        match row.category {
            TaxCategory::Standard | TaxCategory::Zero | TaxCategory::Exempt if !domestic => {
                let rule = match row.category {
                    TaxCategory::Standard => "BR-S-2",
                    TaxCategory::Zero => "BR-Z-2",
                    _ => "BR-E-2",
                };
                add(rule, "the seller needs a VAT id or tax number in the section `invoicing.seller`");
            }
            TaxCategory::ReverseCharge | TaxCategory::IntraCommunity => {
                let rule = if row.category == TaxCategory::ReverseCharge { "BR-AE-2" } else { "BR-IC-2" };
                if seller.vat_id.is_none() {
                    add(rule, "the seller needs a VAT id in the section `invoicing.seller`");
                }
                if buyer.vat_id.is_none() {
                    add(rule, "the buyer needs a VAT id: add it to the company");
                }
            }
            TaxCategory::Export if seller.vat_id.is_none() => {
                add("BR-G-2", "the seller needs a VAT id in the section `invoicing.seller`");
            }
            _ => {}
        }
        if row.category == TaxCategory::Standard && row.rate_bp.bp() == 0 {
            add(
                "BR-S-5",
                "there is no VAT rate for a class of its lines on the day of supply: add it to the tax codes",
            );
        }
        if row.category == TaxCategory::Exempt
            && row.exemption_code.is_none()
            && document.treatment != TaxTreatment::Exempt
        {
            add("BR-E-10", "an exempt line needs the reason of its exemption: add its code to the tax codes");
        }
    }
    found.dedup();
    found
}

/// Refuses a document that breaks a rule; all of them are in the error.
///
/// # Errors
/// `invalid`.
pub fn refuse(violations: &[Violation]) -> ToolResult<()> {
    let Some(first) = violations.first() else { return Ok(()) };
    let all = serde_json::to_string(violations).map_err(ToolError::internal)?;
    Err(refused(Code::Invalid, format!("it cannot be issued: {}", first.what))
        .field("invoice")
        .with("violations", all)
        .hint("mend what `violations` lists, then issue it again"))
}

/// Days on which documents of a series may be issued: not before the last one, not after today.
///
/// # Errors
/// `invalid` at `issue_date`.
pub fn in_sequence(day: Day, last: Option<Day>, today: Day) -> ToolResult<()> {
    if day > today {
        return Err(invalid("issue_date", "is in the future").hint("leave it out for today"));
    }
    match last {
        Some(last) if day < last => Err(invalid(
            "issue_date",
            format!("must not be before {last}, the day of the last one in the series"),
        )
        .hint("leave it out for today")),
        _ => Ok(()),
    }
}

/// Refuses amounts in another currency than the document's.
///
/// # Errors
/// `invalid` at `field`.
pub fn same_currency(one: Currency, other: Currency, field: &str) -> ToolResult<()> {
    if one == other {
        return Ok(());
    }
    Err(invalid(field, format!("is in {other}, not in {one}")).hint("only what is in one currency settles"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn days_only_go_on() {
        let today = day("2026-03-02");
        assert!(in_sequence(today, None, today).is_ok());
        assert!(in_sequence(today, Some(today), today).is_ok());
        assert!(in_sequence(day("2026-03-01"), Some(today), today).is_err());
        assert!(in_sequence(day("2026-03-03"), None, today).is_err());
    }

    #[test]
    fn an_empty_document_breaks_every_rule() {
        let seller =
            SellerSnapshot { seller: Seller::default(), country: "DE".to_owned(), vat_currency: None };
        let buyer = BuyerSnapshot {
            name: String::new(),
            street: vec![],
            city: None,
            postcode: None,
            country: String::new(),
            vat_id: None,
            registration_no: None,
            buyer_reference: None,
            peppol_id: None,
            discount_days: None,
            discount_bp: None,
        };
        let broken = violations(&Checked {
            seller: &seller,
            buyer: &buyer,
            lines: &[],
            taxes: &[],
            treatment: TaxTreatment::Auto,
        });
        let rules: Vec<&str> = broken.iter().map(|violation| violation.rule).collect();
        assert_eq!(rules, ["BR-6", "BR-7", "BR-11", "BR-16"]);
        assert!(refuse(&[]).is_ok());
        assert!(refuse(&broken).is_err());
    }
}
