//! `catalog_my_product_get`: one product as one client sees it.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Quantity};
use maitred_party::CompanyId;
use maitred_party::commerce::{ProductKind, StockLedger, Wanted};

use crate::book::{Stock, replacement_sku};
use crate::clients::{self, ClientStep, InStock};
use crate::model::{Category, Product, Variant, VariantStatus};
use crate::quoting::Quoter;
use crate::store::products;

/// The tool.
pub struct MyProductGet;

impl Tool for MyProductGet {
    const NAME: &str = "catalog_my_product_get";
    const TITLE: &str = "Get a product";
    const ABOUT: &str = "One product with your price steps, pack size and expected delivery.";
    const MODES: &[Mode] = &[Mode::ClientOrder];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme; contact ada company=acme can-order=yes;
                  catalog_product_create {"name": "Oak chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_product_transition {"product": "@chair", "status": "active"};
                  catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
                  catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}, {"product": "CH-1", "price": 9, "min_qty": 10}]}"#,
        args: r#"{"product": "@chair", "qty": 4}"#,
    };
    type Effect = Read;
    type Audience = Client;
    type Args = Args;
    type Output = Selected<MyProduct>;

    fn call(cx: &mut Cx<'_, Read, Client>, args: Args) -> ToolResult<Self::Output> {
        let mask = FieldMask::of(args.fields.as_deref(), FieldMask::all())?;
        let company = CompanyId(cx.client()?.company.clone());
        let product = visible(cx, &args.product)?;
        if args.qty.is_some_and(|qty| qty.thousandths() <= 0) {
            return Err(invalid("qty", "must be more than 0"));
        }
        let qty = args.qty.unwrap_or(product.min_qty);
        let live: Vec<Variant> = products::variants(cx, &product.id)?
            .into_iter()
            .filter(|variant| variant.status == VariantStatus::Active)
            .collect();
        let ids: Vec<&str> = live.iter().map(|variant| variant.id.as_ref()).collect();
        let quoter = Quoter::new(cx, Some(&company), None, None, &ids)?;
        let asked: Vec<(&str, bool)> = ids.iter().map(|id| (*id, product.allow_backorder)).collect();
        let words = clients::words_of(cx, &asked)?;
        let mut variants = Vec::new();
        for (variant, word) in live.iter().zip(words) {
            variants.push(mine(cx, &quoter, &product, variant, word, qty)?);
        }
        let category = match &product.category_id {
            Some(id) => cx.get::<Category>(id.as_ref())?.map(|category| category.path),
            None => None,
        };
        let attributes = match product.attributes.as_str() {
            "{}" => None,
            json => Some(RawJson::new(json.to_owned())?),
        };
        let full = MyProduct {
            instead: replacement_sku(cx, product.replacement_id.as_ref())?,
            id: product.id.0,
            name: product.name,
            category,
            brand: product.brand,
            description: product.description,
            attributes,
            unit: product.unit,
            min_qty: product.min_qty,
            multiple: product.multiple,
            currency: quoter.currency,
            variants,
        };
        Ok(Selected::new(full, mask))
    }
}

/// The product a text means, if the client may see it: another is as if it did not exist.
fn visible(db: &Reader<'_>, text: &str) -> ToolResult<Product> {
    let nothing =
        || not_found("product", text).field("product").hint("find it with catalog_my_product_search");
    match products::resolve_product(db, text, "product") {
        Ok(product) if clients::may_see(&product) => Ok(product),
        Ok(_) => Err(nothing()),
        // Candidates may be ones that the client must not see.
        Err(error) if matches!(error.code(), Code::NotFound | Code::AmbiguousReference) => Err(nothing()),
        Err(error) => Err(error),
    }
}

fn mine(
    db: &Reader<'_>,
    quoter: &Quoter,
    product: &Product,
    variant: &Variant,
    availability: InStock,
    qty: Quantity,
) -> ToolResult<MyVariant> {
    let id = variant.id.as_ref();
    let chosen = quoter.price(id, qty)?.chosen;
    let steps = quoter.steps(id, product.min_qty)?;
    let there = Stock.availability(db, &[Wanted { variant: id, quantity: qty }], None)?;
    let expected = there.into_iter().next().and_then(|there| there.earliest);
    Ok(MyVariant {
        sku: variant.sku.clone(),
        options: match variant.options.as_str() {
            "{}" => None,
            json => Some(RawJson::new(json.to_owned())?),
        },
        your_price: chosen.as_ref().map(|chosen| chosen.unit_price.format(quoter.currency)),
        includes_tax: chosen.map(|chosen| chosen.includes_tax),
        price_steps: steps
            .into_iter()
            .map(|(from, price)| ClientStep { from, unit_price: price.format(quoter.currency) })
            .collect(),
        availability,
        expected_delivery: expected.filter(|_| product.kind != ProductKind::Service),
    })
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// SKU, id or exact name.
    #[arg(min = 1, max = 200)]
    product: String,
    /// How much you want.
    qty: Option<Quantity>,
    /// * shows all.
    fields: Option<Vec<String>>,
}

/// A variant as its buyer sees it.
#[derive(ToolOutput)]
pub struct MyVariant {
    /// SKU to order by.
    sku: String,
    /// What tells it from the others.
    options: Option<RawJson>,
    /// Your price per unit for the quantity asked for; missing where it must be asked for.
    your_price: Option<String>,
    /// Whether tax is within the price.
    includes_tax: Option<bool>,
    /// Your prices by quantity.
    price_steps: Vec<ClientStep>,
    /// Whether it can be delivered.
    availability: InStock,
    /// When the quantity asked for can leave; missing when nobody knows.
    expected_delivery: Option<Day>,
}

/// A product as its buyer sees it.
#[derive(ToolOutput)]
pub struct MyProduct {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// Category.
    category: Option<String>,
    /// Brand.
    brand: Option<String>,
    /// Words about it.
    description: Option<String>,
    /// Attributes.
    attributes: Option<RawJson>,
    /// Unit of measure.
    unit: String,
    /// The least one can order.
    min_qty: Quantity,
    /// Pack size: orders are multiples of it.
    multiple: Quantity,
    /// Currency of the prices.
    currency: Currency,
    /// Variants.
    variants: Vec<MyVariant>,
    /// SKU to take instead.
    instead: Option<String>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn what_is_hidden_is_as_if_it_did_not_exist() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; contact ada company=acme can-order=yes;
               catalog_product_import {"kind": "product", "csv": "sku,name,client_visible,active\nCH-1,Chair,yes,yes\nCH-2,Secret,no,yes\nCH-3,Draft,yes,no"}"#,
        );
        let ada = fixture.client_caller("ada");
        let call = |sku: &str| {
            let args = format!(r#"{{"product": "{sku}"}}"#);
            fixture.call_as(&ada, "catalog_my_product_get", &args).unwrap().raw
        };
        let nothing = call("CH-9");
        assert!(nothing.contains("not_found"));
        for hidden in ["CH-2", "CH-3"] {
            assert_eq!(call(hidden).replace(hidden, "CH-9"), nothing);
        }
        assert!(call("CH-1").contains("\"availability\":\"on order\""));
    }
}
