//! A client's basket as it would be ordered today: prices, tax, dates, and what to fix first.

use maitred_core::caller::KnownClient;
use maitred_core::prelude::*;
use maitred_kernel::{Currency, Day, Price, Quantity, format_minor};
use maitred_party::Company;
use maitred_party::commerce::{Sellable, Wanted};
use maitred_party::store::companies;

use crate::lines::{Ask, PricedLines, Terms, book, currency_of, pack_fault, price, stock};
use crate::model::{Cart, CartLine};
use crate::ordering::NewLine;
use crate::store::carts;

/// A line of a basket.
#[derive(ToolOutput, Clone, Debug)]
pub struct CartLineView {
    /// SKU.
    pub sku: String,
    /// Name.
    pub name: String,
    /// How much.
    pub quantity: Quantity,
    /// Unit of measure.
    pub unit: String,
    /// Price per unit.
    pub unit_price: Option<String>,
    /// Without tax.
    pub net: Option<String>,
    /// When it can be delivered; missing when nobody knows.
    pub delivery: Option<Day>,
}

/// A basket.
#[derive(ToolOutput, Clone, Debug)]
pub struct CartView {
    /// Lines.
    pub lines: Vec<CartLineView>,
    /// Currency.
    pub currency: Currency,
    /// Whether prices include tax.
    pub includes_tax: Option<bool>,
    /// Without tax.
    pub net: String,
    /// Tax.
    pub tax: String,
    /// With tax.
    pub gross: String,
    /// When all of it can be delivered; missing when nobody knows.
    pub delivery: Option<Day>,
    /// Prices that are not what they were.
    pub changes: Vec<String>,
    /// What keeps it from being ordered.
    pub problems: Vec<String>,
}

/// A basket priced for its buyer.
pub struct Looked {
    /// The buyer.
    pub company: Company,
    /// What can be ordered, priced.
    pub priced: PricedLines,
    /// As the client sees it.
    pub view: CartView,
}

/// The acting company.
///
/// # Errors
/// A defect when it is gone.
pub fn company_of(db: &Reader<'_>, client: &KnownClient) -> ToolResult<Company> {
    companies::find(db, &client.company)?
        .ok_or_else(|| ToolError::internal(maitred_store::StoreError::defect("a client's company is gone")))
}

/// The product that a client means. What they may not see or buy is not there, whatever the reason.
///
/// # Errors
/// `not_found` at `field`.
pub fn product_of(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Sellable> {
    let seen = |item: &Sellable| item.for_sale && item.client_visible;
    let unknown =
        || not_found("product", text).field(field).hint("find products with catalog_my_product_search");
    match book(db)?.find(db, text, field) {
        Ok(item) if seen(&item) => Ok(item),
        Ok(_) => Err(unknown()),
        Err(error) if error.code() == Code::Internal => Err(error),
        Err(_) => Err(unknown()),
    }
}

/// Looks at a basket.
pub fn look(db: &Reader<'_>, company: Company, cart: Option<&Cart>) -> ToolResult<Looked> {
    let lines = match cart {
        Some(cart) => carts::lines(db, &cart.id)?,
        None => Vec::new(),
    };
    let currency = currency_of(db, &company)?;
    let variants: Vec<&str> = lines.iter().map(|line| line.variant_id.as_str()).collect();
    let items = book(db)?.sellables(db, &variants)?;
    let (mut asks, mut kept, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (line, item) in lines.iter().zip(items) {
        let Some(item) = item.filter(|item| item.for_sale && item.client_visible) else {
            problems.push(
                "something in the basket is not sold any more: set the basket anew with replace".to_owned(),
            );
            continue;
        };
        problems.extend(pack_fault(&item, line.quantity));
        kept.push(line);
        asks.push(Ask {
            item: Some(item),
            description: None,
            quantity: line.quantity,
            unit_price: None,
            discount: Default::default(),
            field: "lines".to_owned(),
        });
    }
    let terms = Terms { company: &company, currency, includes_tax: None };
    let priced = price(db, &terms, asks)?;
    let view = viewed(db, &priced, &kept, currency, problems)?;
    Ok(Looked { company, priced, view })
}

fn viewed(
    db: &Reader<'_>,
    priced: &PricedLines,
    kept: &[&CartLine],
    currency: Currency,
    mut problems: Vec<String>,
) -> ToolResult<CartView> {
    let wanted: Vec<Wanted<'_>> = priced
        .lines
        .iter()
        .filter_map(|line| Some(Wanted { variant: &line.item.as_ref()?.variant, quantity: line.quantity }))
        .collect();
    let found = stock(db)?.availability(db, &wanted, None)?;
    // The lines are made only to be added up by the routine that adds up the order.
    let mut figures: Vec<Figure> =
        priced.lines.iter().map(|line| Figure { line: line.clone(), net: 0 }).collect();
    let sums = crate::lines::add_up(&mut figures, currency, priced.includes_tax)?;
    let mut changes = Vec::new();
    let mut delivery = None;
    let mut views = Vec::new();
    for (((figure, cart), found), at) in figures.iter().zip(kept).zip(&found).zip(0..) {
        let Some(item) = &figure.line.item else { continue };
        delivery = if at == 0 {
            found.earliest
        } else {
            delivery.zip(found.earliest).map(|(one, other): (Day, Day)| one.max(other))
        };
        if found.shortfall.thousandths() > 0 && !item.allow_backorder {
            problems.push(format!("`{}`: not all of that quantity is available", item.sku));
        }
        let now = figure.line.unit_price;
        if now.is_none() {
            problems.push(format!("`{}` has no price: ask us for a quote", item.sku));
        }
        if let (Some(then), Some(now)) = (cart.seen_price, now)
            && then != now
        {
            changes.push(format!(
                "`{}` costs {} now, {} when it was put in",
                item.sku,
                now.format(currency),
                then.format(currency)
            ));
        }
        views.push(CartLineView {
            sku: item.sku.clone(),
            name: item.name.clone(),
            quantity: figure.line.quantity,
            unit: item.unit.clone(),
            unit_price: now.map(|price: Price| price.format(currency)),
            net: now.map(|_| format_minor(figure.net, currency)),
            delivery: found.earliest,
        });
    }
    Ok(CartView {
        lines: views,
        currency,
        includes_tax: priced.includes_tax.then_some(true),
        net: format_minor(sums.net, currency),
        tax: format_minor(sums.tax, currency),
        gross: format_minor(sums.gross, currency),
        delivery,
        changes,
        problems,
    })
}

struct Figure {
    line: crate::lines::Priced,
    net: i64,
}

impl crate::lines::Figured for Figure {
    fn counted(&self) -> Quantity {
        self.line.quantity
    }
    fn price(&self) -> Price {
        self.line.unit_price.unwrap_or_default()
    }
    fn discount(&self) -> maitred_kernel::BasisPoints {
        self.line.discount
    }
    fn tax(&self) -> maitred_kernel::TaxGroup<'static> {
        maitred_kernel::TaxGroup { category: self.line.tax_category.as_str(), rate: self.line.tax_rate }
    }
    fn set_net(&mut self, net: i64) {
        self.net = net;
    }
    fn cost(&self) -> Option<Price> {
        self.line.unit_cost
    }
}

/// Sets quantities in a basket: absolute ones, 0 takes out; with `replace` what is not named goes. Lines that are as
/// asked stay as they are, so that doing it twice changes nothing more.
pub fn set(
    db: &Writer<'_>,
    client: &KnownClient,
    company: &Company,
    wanted: &[(Sellable, Quantity)],
    replace: bool,
) -> ToolResult<Option<Cart>> {
    let empty = wanted.iter().all(|(_, quantity)| quantity.thousandths() == 0);
    let cart = match carts::open(db, &client.company, &client.contact)? {
        Some(cart) => cart,
        None if empty => return Ok(None),
        None => carts::ensure(db, &client.company, &client.contact)?,
    };
    let there = carts::lines(db, &cart.id)?;
    let asks: Vec<Ask> = wanted
        .iter()
        .map(|(item, quantity)| Ask {
            item: Some(item.clone()),
            description: None,
            quantity: *quantity,
            unit_price: None,
            discount: Default::default(),
            field: "lines".to_owned(),
        })
        .collect();
    let terms = Terms { company, currency: currency_of(db, company)?, includes_tax: None };
    let priced = price(db, &terms, asks)?;
    for ((item, quantity), priced) in wanted.iter().zip(&priced.lines) {
        let known = there.iter().find(|line| line.variant_id == item.variant);
        match known {
            Some(line) if quantity.thousandths() == 0 => db.delete(line)?,
            Some(line) if line.quantity != *quantity => {
                let mut after =
                    CartLine { quantity: *quantity, seen_price: priced.unit_price, ..line.clone() };
                db.update(line, &mut after)?;
            }
            Some(_) => {}
            None if quantity.thousandths() == 0 => {}
            None => {
                let now = maitred_kernel::Stamp::EPOCH;
                let mut line = CartLine {
                    id: db.fresh_id(),
                    version: 1,
                    created_at: now,
                    updated_at: now,
                    cart_id: cart.id.clone(),
                    variant_id: item.variant.clone(),
                    quantity: *quantity,
                    seen_price: priced.unit_price,
                };
                db.insert(&mut line)?;
            }
        }
    }
    if replace {
        for line in there.iter().filter(|line| wanted.iter().all(|(item, _)| item.variant != line.variant_id))
        {
            db.delete(line)?;
        }
    }
    Ok(Some(cart))
}

/// The basket's lines as lines of an order.
pub fn as_lines(priced: PricedLines) -> Vec<NewLine> {
    priced.lines.into_iter().map(|priced| NewLine { priced, quote_line: None }).collect()
}
