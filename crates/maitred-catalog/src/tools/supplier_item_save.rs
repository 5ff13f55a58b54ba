//! `catalog_supplier_item_save`: what a supplier sells, and on which terms.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Price, Quantity, Stamp};
use maitred_party::Company;
use maitred_party::model::CompanyKind;
use maitred_party::store::companies;

use crate::model::SupplierItem;
use crate::store::{prices, suppliers};
use crate::tools::product_get::offer_view;
use crate::tools::stock_adjust::stocked;
use crate::views::OfferView;

/// The tool.
pub struct SupplierItemSave;

impl Tool for SupplierItemSave {
    const NAME: &str = "catalog_supplier_item_save";
    const TITLE: &str = "Save supplier terms";
    const ABOUT: &str = "Say that a supplier sells a product: their SKU, cost, minimum, multiple, lead time, preferred. \
                         One supplier per product is preferred.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"company oak kind=supplier; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair"#,
        args: r#"{"supplier": "@oak", "product": "@chair", "cost": "4.25", "min_qty": 10, "multiple": 5, "lead_time_days": 7, "preferred": true}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = OfferView;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<OfferView> {
        let company = companies::resolve(cx, &args.supplier, "supplier")?;
        let item = stocked(cx, &args.product, "product")?;
        for (quantity, field) in [(args.min_qty, "min_qty"), (args.multiple, "multiple")] {
            if quantity.is_some_and(|quantity| quantity.thousandths() <= 0) {
                return Err(invalid(field, "must be more than 0"));
            }
        }
        if args.cost.is_some_and(|cost| cost.micros() < 0) {
            return Err(invalid("cost", "must not be negative"));
        }
        let known = suppliers::find(cx, &company.id, &item.variant.id)?;
        let offer = match known {
            Some(before) => {
                let mut after = args.changed(&before);
                cx.update(&before, &mut after)?;
                after
            }
            None => {
                let mut new = SupplierItem {
                    id: cx.fresh_id(),
                    version: 1,
                    created_at: Stamp::EPOCH,
                    updated_at: Stamp::EPOCH,
                    company_id: company.id.clone(),
                    variant_id: item.variant.id.clone(),
                    supplier_sku: args.supplier_sku.clone(),
                    cost: args.cost.ok_or_else(|| missing("cost"))?,
                    currency: match args.currency {
                        Some(currency) => currency,
                        None => prices::charged_in(cx, &company.id)?,
                    },
                    min_qty: args.min_qty.unwrap_or(Quantity::ONE),
                    multiple: args.multiple.unwrap_or(Quantity::ONE),
                    lead_time_days: args.lead_time_days.map_or(0, i64::from),
                    preferred: args.preferred.unwrap_or(false),
                };
                cx.insert(&mut new)?;
                new
            }
        };
        if offer.preferred {
            alone(cx, &offer)?;
        }
        supplies(cx, &company)?;
        offer_view(cx, offer, &item.variant.sku, true)
    }
}

/// One supplier of a product is preferred: the others are no longer.
fn alone(db: &Writer<'_>, offer: &SupplierItem) -> ToolResult<()> {
    for before in suppliers::of_variants(db, &[offer.variant_id.as_ref()])? {
        if before.preferred && before.id != offer.id {
            let mut after = SupplierItem { preferred: false, ..before.clone() };
            db.update(&before, &mut after)?;
        }
    }
    Ok(())
}

/// Who sells to us is a supplier.
fn supplies(db: &Writer<'_>, company: &Company) -> ToolResult<()> {
    let word = CompanyKind::Supplier.as_str();
    if company.kinds.split_whitespace().any(|kind| kind == word) {
        return Ok(());
    }
    let words: Vec<&str> = CompanyKind::WORDS
        .iter()
        .copied()
        .filter(|known| *known == word || company.kinds.split_whitespace().any(|kind| kind == *known))
        .collect();
    let mut after = Company { kinds: words.join(" "), ..company.clone() };
    companies::update(db, company, &mut after)?;
    Ok(())
}

impl Args {
    fn changed(&self, known: &SupplierItem) -> SupplierItem {
        SupplierItem {
            supplier_sku: self.supplier_sku.clone().or_else(|| known.supplier_sku.clone()),
            cost: self.cost.unwrap_or(known.cost),
            currency: self.currency.unwrap_or(known.currency),
            min_qty: self.min_qty.unwrap_or(known.min_qty),
            multiple: self.multiple.unwrap_or(known.multiple),
            lead_time_days: self.lead_time_days.map_or(known.lead_time_days, i64::from),
            preferred: self.preferred.unwrap_or(known.preferred),
            ..known.clone()
        }
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Company.
    #[arg(min = 1, max = 200)]
    supplier: String,
    /// SKU, barcode or id.
    #[arg(min = 1, max = 200)]
    product: String,
    /// Per unit; new terms need it.
    cost: Option<Price>,
    /// Theirs.
    currency: Option<Currency>,
    /// Their SKU.
    #[arg(max = 60)]
    supplier_sku: Option<String>,
    /// 1.
    min_qty: Option<Quantity>,
    /// Pack (1).
    multiple: Option<Quantity>,
    /// Working days.
    #[arg(max = 3650)]
    lead_time_days: Option<u32>,
    /// Ask first.
    preferred: Option<bool>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const GIVEN: &str = r#"company oak kind=supplier; company elm name=Elm; catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
        catalog_supplier_item_save {"supplier": "@oak", "product": "CH-1", "cost": "4.25", "preferred": true}"#;

    #[test]
    fn one_supplier_is_preferred() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let args = r#"{"supplier": "@elm", "product": "CH-1", "cost": "5", "preferred": true}"#;
        assert!(!fixture.call("catalog_supplier_item_save", args).failed);
        let product =
            fixture.call("catalog_product_get", r#"{"product": "CH-1", "include": ["suppliers"]}"#).json();
        let preferred: Vec<(&str, bool)> = product["suppliers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|offer| (offer["supplier"]["name"].as_str().unwrap(), offer["preferred"] == true))
            .collect();
        assert_eq!(preferred, [("Elm", true), ("Oak", false)]);
    }

    #[test]
    fn names_only_what_changes() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_supplier_item_save",
            r#"{"supplier": "@oak", "product": "CH-1", "lead_time_days": 9}"#,
            expect![[
                r##"{"id":"#1","sku":"CH-1","supplier":{"id":"@oak","name":"Oak"},"cost":"4.25","currency":"EUR","min_qty":"1","multiple":"1","lead_time_days":9,"preferred":true}"##
            ]],
        );
        check(
            &crate::DOMAIN,
            GIVEN,
            "catalog_supplier_item_save",
            r#"{"supplier": "@elm", "product": "CH-1"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"missing","message":"`cost` is required","field":"cost","retryable":false}}"#
            ]],
        );
    }
}
