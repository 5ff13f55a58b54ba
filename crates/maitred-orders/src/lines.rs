//! Lines of documents: what is wanted becomes a product, a price, a tax and a net amount, and lines become totals.
//!
//! Quotes, baskets and orders all price here, so that what is offered, shown and agreed on is the same figure.

use maitred_core::prelude::*;
use maitred_kernel::round::{div_rha, narrow};
use maitred_kernel::{
    BasisPoints, Currency, Price, Quantity, TaxGroup, Totals, TotalsLine, TotalsTerms, totals,
};
use maitred_party::Company;
use maitred_party::commerce::{PriceFor, PriceResolver, ProductKind, Sellable, StockLedger, Wanted};
use maitred_party::model::{TaxCategory, TaxClass};
use maitred_party::org::{settings_of, today};
use maitred_party::taxes::{RATE_MISSING, Taxation};

use crate::model::{OrderLine, QuoteLine};

/// Unit of lines that are words alone: one piece.
const PIECE: &str = "C62";
/// Where a price comes from that somebody typed.
pub const BY_HAND: &str = "set by hand";
/// Where a price comes from when there is none.
pub const UNPRICED: &str = "no price";

/// The price book.
///
/// # Errors
/// `module_missing`, which cannot be: the registry refuses to start without it.
pub fn book<'a>(db: &Reader<'a>) -> ToolResult<&'a dyn PriceResolver> {
    db.port::<dyn PriceResolver>().map(|port| &**port).ok_or_else(|| lacking("prices"))
}

/// The stock ledger.
///
/// # Errors
/// As [`book`].
pub fn stock<'a>(db: &Reader<'a>) -> ToolResult<&'a dyn StockLedger> {
    db.port::<dyn StockLedger>().map(|port| &**port).ok_or_else(|| lacking("stock"))
}

fn lacking(what: &str) -> ToolError {
    refused(Code::ModuleMissing, format!("no module of this server keeps {what}"))
}

/// A line of a document as a caller asks for it.
#[derive(ToolArgs, Clone, Debug)]
pub struct LineArg {
    /// SKU or id.
    #[arg(max = 200)]
    pub product: Option<String>,
    /// Instead of a product.
    #[arg(max = 500)]
    pub description: Option<String>,
    /// How much.
    pub qty: Quantity,
    /// Replaces the list's.
    pub unit_price: Option<Price>,
    /// Percent.
    pub discount: Option<BasisPoints>,
}

/// A line that is wanted, its product known.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The product; without one the line is words.
    pub item: Option<Sellable>,
    /// What the document says, where not the product's name.
    pub description: Option<String>,
    /// How much.
    pub quantity: Quantity,
    /// A price that somebody set, with or without tax as the document has it.
    pub unit_price: Option<Price>,
    /// Discount.
    pub discount: BasisPoints,
    /// The argument it comes from.
    pub field: String,
}

/// A line with its price and tax.
#[derive(Clone, Debug)]
pub struct Priced {
    /// The product.
    pub item: Option<Sellable>,
    /// What the document says.
    pub description: String,
    /// What it is.
    pub kind: ProductKind,
    /// Unit of measure.
    pub unit: String,
    /// How much.
    pub quantity: Quantity,
    /// Price per unit; unset when nobody knows it.
    pub unit_price: Option<Price>,
    /// The base list's price.
    pub list_price: Option<Price>,
    /// What it costs us, in the organisation's currency.
    pub unit_cost: Option<Price>,
    /// Discount.
    pub discount: BasisPoints,
    /// Class of taxation.
    pub tax_class: TaxClass,
    /// Category of tax.
    pub tax_category: TaxCategory,
    /// Rate of tax.
    pub tax_rate: BasisPoints,
    /// Where the price comes from.
    pub source: String,
}

/// Lines priced together.
#[derive(Clone, Debug)]
pub struct PricedLines {
    /// The lines, in the order asked for.
    pub lines: Vec<Priced>,
    /// Whether their prices include tax.
    pub includes_tax: bool,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// For whom and in what lines are priced.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The buyer.
    pub company: &'a Company,
    /// Currency.
    pub currency: Currency,
    /// Whether prices include tax, where the document has decided.
    pub includes_tax: Option<bool>,
}

/// The currency a company is charged in.
///
/// # Errors
/// A defect when the stored code is none.
pub fn currency_of(db: &Reader<'_>, company: &Company) -> ToolResult<Currency> {
    match &company.currency {
        Some(code) => Currency::parse(code).map_err(ToolError::internal),
        None => Ok(settings_of(db)?.currency),
    }
}

/// Finds the products of the lines asked for.
///
/// # Errors
/// `not_found`, `invalid` for what is not for sale, for a quantity that is not positive, a discount beyond 100 %, and a
/// line with neither product nor words.
pub fn asks(db: &Reader<'_>, lines: &[LineArg], field: &str) -> ToolResult<Vec<Ask>> {
    let book = book(db)?;
    lines
        .iter()
        .enumerate()
        .map(|(index, line)| {
            let field = format!("{field}[{index}]");
            positive(line.qty, &format!("{field}.qty"))?;
            let discount = line.discount.unwrap_or_default();
            if !(0..=10_000).contains(&discount.bp()) {
                return Err(invalid(&format!("{field}.discount"), "must be from 0 to 100"));
            }
            if line.unit_price.is_some_and(|price| price.micros() < 0) {
                return Err(invalid(&format!("{field}.unit_price"), "must not be negative"));
            }
            let item = match line.product.as_deref() {
                Some(text) => {
                    let item = book.find(db, text, &format!("{field}.product"))?;
                    Some(for_sale(item, &format!("{field}.product"))?)
                }
                None if line.description.as_deref().is_some_and(|text| !text.trim().is_empty()) => None,
                None => return Err(missing(&format!("{field}.product"))),
            };
            Ok(Ask {
                item,
                description: line.description.clone(),
                quantity: line.qty,
                unit_price: line.unit_price,
                discount,
                field,
            })
        })
        .collect()
}

/// A product that is sold, else the refusal that names what to take instead.
pub fn for_sale(item: Sellable, field: &str) -> ToolResult<Sellable> {
    if item.for_sale {
        return Ok(item);
    }
    let error = invalid(field, format!("`{}` is not for sale", item.sku));
    Err(match item.replacement {
        Some(sku) => error.hint(format!("take `{sku}` instead")),
        None => error.hint("only active products are sold; see catalog_product_get"),
    })
}

/// A quantity that is more than nothing.
pub fn positive(quantity: Quantity, field: &str) -> ToolResult<()> {
    if quantity.thousandths() > 0 { Ok(()) } else { Err(invalid(field, "must be more than 0")) }
}

/// Minimum and multiple of a product, where a quantity keeps neither: what is wrong and the nearest that is right.
pub fn pack_fault(item: &Sellable, quantity: Quantity) -> Option<String> {
    let (least, step, given) =
        (item.min_qty.thousandths(), item.multiple.thousandths().max(1), quantity.thousandths());
    if given >= least && given % step == 0 {
        return None;
    }
    let first = least.div_euclid(step) * step + if least % step == 0 { 0 } else { step };
    let below = given.div_euclid(step) * step;
    let above = (below + step).max(first);
    let show = |thousandths| Quantity::from_thousandths(thousandths).to_string();
    let nearest = if below >= first && below != given {
        format!("{} or {}", show(below), show(above))
    } else {
        show(above)
    };
    Some(format!("`{}` is sold from {} in steps of {}: nearest {nearest}", item.sku, show(first), show(step)))
}

/// A price with tax from one without, or the other way round, exact to a millionth.
fn rebased(price: Price, from_incl: bool, to_incl: bool, rate: BasisPoints) -> ToolResult<Price> {
    let (one, all) = (10_000_i128, 10_000 + i128::from(rate.bp()));
    let micros = i128::from(price.micros());
    let value = match (from_incl, to_incl) {
        (false, true) => div_rha(micros * all, one),
        (true, false) => div_rha(micros * one, all),
        _ => return Ok(price),
    };
    let value = value.and_then(narrow).map_err(ToolError::internal)?;
    Ok(Price::from_micros(value))
}

/// Prices and taxes lines for a buyer, today.
pub fn price(db: &Reader<'_>, terms: &Terms<'_>, asks: Vec<Ask>) -> ToolResult<PricedLines> {
    let day = today(db)?;
    let book = book(db)?;
    let wanted: Vec<Wanted<'_>> = asks
        .iter()
        .filter_map(|ask| Some(Wanted { variant: &ask.item.as_ref()?.variant, quantity: ask.quantity }))
        .collect();
    let who = PriceFor { company: Some(&terms.company.id), day, currency: terms.currency };
    let mut found = book.prices(db, who, &wanted)?.into_iter();
    let variants: Vec<&str> = wanted.iter().map(|one| one.variant).collect();
    let mut costs = book.average_costs(db, &variants)?.into_iter();
    let mut prices = Vec::with_capacity(asks.len());
    for ask in &asks {
        prices.push(match &ask.item {
            Some(_) => (found.next().flatten(), costs.next().flatten()),
            None => (None, None),
        });
    }
    let first = prices.iter().find_map(|(price, _)| price.as_ref().map(|price| price.includes_tax));
    let includes_tax = terms.includes_tax.or(first).unwrap_or(false);
    let mut taxation = Taxation::new(db, Some(terms.company), day)?;
    let mut warnings = Vec::new();
    let mut lines = Vec::with_capacity(asks.len());
    for (ask, (price, cost)) in asks.into_iter().zip(prices) {
        let kind = ask.item.as_ref().map_or(ProductKind::Service, |item| item.kind);
        let tax_class = ask.item.as_ref().map_or(TaxClass::Standard, |item| item.tax_class);
        let taxed = taxation.of(db, tax_class, kind == ProductKind::Service)?;
        if let Some(warning) = taxed.warning {
            warnings.push(tax_warning(warning, tax_class));
        }
        let name = ask.item.as_ref().map(|item| item.name.clone());
        let description = ask.description.filter(|text| !text.trim().is_empty()).or(name).unwrap_or_default();
        let mut list_price = None;
        let mut listed = None;
        if let Some(price) = price {
            let based = |one| rebased(one, price.includes_tax, includes_tax, taxed.rate);
            list_price = price.list_price.map(based).transpose()?;
            listed = Some((based(price.unit_price)?, price.source));
        }
        let (unit_price, source) = match (ask.unit_price, listed) {
            (Some(set), listed) => {
                if let Some((price, source)) = listed.filter(|(price, _)| *price != set) {
                    let shown = price.format(terms.currency);
                    warnings.push(format!(
                        "{description}: {} set by hand, {source} has {shown}",
                        set.format(terms.currency)
                    ));
                }
                (Some(set), BY_HAND.to_owned())
            }
            (None, Some((price, source))) => (Some(price), source),
            (None, None) => {
                warnings.push(format!("{description}: nobody has set a price in {}", terms.currency));
                (None, UNPRICED.to_owned())
            }
        };
        if let Some(item) = &ask.item {
            warnings.extend(pack_fault(item, ask.quantity));
            if item.discontinued {
                let instead =
                    item.replacement.as_ref().map_or(String::new(), |sku| format!("; then comes `{sku}`"));
                warnings.push(format!("`{}` is being sold down{instead}", item.sku));
            }
        }
        lines.push(Priced {
            unit: ask.item.as_ref().map_or_else(|| PIECE.to_owned(), |item| item.unit.clone()),
            item: ask.item,
            description,
            kind,
            quantity: ask.quantity,
            unit_price,
            list_price,
            unit_cost: cost,
            discount: ask.discount,
            tax_class,
            tax_category: taxed.category,
            tax_rate: taxed.rate,
            source,
        });
    }
    dedup(&mut warnings);
    Ok(PricedLines { lines, includes_tax, warnings })
}

/// What somebody should know about the tax of a line.
fn tax_warning(warning: &str, class: TaxClass) -> String {
    if warning == RATE_MISSING {
        format!("{warning}: no rate is in force for the class {class}; set it in the tax codes")
    } else {
        format!("{warning}: the buyer's VAT id is not checked, so the seller's rate is used")
    }
}

fn dedup(warnings: &mut Vec<String>) {
    let mut seen = std::collections::HashSet::new();
    warnings.retain(|warning| seen.insert(warning.clone()));
}

/// What of the lines is not in stock now, in words.
pub fn stock_warnings(db: &Reader<'_>, lines: &[(&str, &str, Quantity)]) -> ToolResult<Vec<String>> {
    let wanted: Vec<Wanted<'_>> =
        lines.iter().map(|(variant, _, quantity)| Wanted { variant, quantity: *quantity }).collect();
    let found = stock(db)?.availability(db, &wanted, None)?;
    Ok(lines
        .iter()
        .zip(found)
        .filter(|(_, found)| found.shortfall.thousandths() > 0)
        .map(|((_, sku, _), found)| match found.earliest {
            Some(day) => format!("`{sku}`: {} of it is not there before {day}", found.shortfall),
            None => format!("`{sku}`: {} of it is not there, nobody knows when", found.shortfall),
        })
        .collect())
}

/// A line that can be added up.
pub trait Figured {
    /// How much counts.
    fn counted(&self) -> Quantity;
    /// Price per unit.
    fn price(&self) -> Price;
    /// Discount.
    fn discount(&self) -> BasisPoints;
    /// How it is taxed.
    fn tax(&self) -> TaxGroup<'static>;
    /// Takes its net amount.
    fn set_net(&mut self, net: i64);
    /// What it costs us, where known.
    fn cost(&self) -> Option<Price>;
}

impl Figured for QuoteLine {
    fn counted(&self) -> Quantity {
        self.quantity
    }
    fn price(&self) -> Price {
        self.unit_price.unwrap_or_default()
    }
    fn discount(&self) -> BasisPoints {
        self.discount_bp
    }
    fn tax(&self) -> TaxGroup<'static> {
        TaxGroup { category: self.tax_category.as_str(), rate: self.tax_rate_bp }
    }
    fn set_net(&mut self, net: i64) {
        self.net = net;
    }
    fn cost(&self) -> Option<Price> {
        self.unit_cost
    }
}

impl Figured for OrderLine {
    fn counted(&self) -> Quantity {
        self.wanted()
    }
    fn price(&self) -> Price {
        self.unit_price
    }
    fn discount(&self) -> BasisPoints {
        self.discount_bp
    }
    fn tax(&self) -> TaxGroup<'static> {
        TaxGroup { category: self.tax_category.as_str(), rate: self.tax_rate_bp }
    }
    fn set_net(&mut self, net: i64) {
        self.net = net;
    }
    fn cost(&self) -> Option<Price> {
        self.unit_cost
    }
}

/// The totals of a document (F-INV-1), and every line's net set.
///
/// # Errors
/// `invalid` when they are too large to be kept.
pub fn add_up<L: Figured>(
    lines: &mut [L],
    currency: Currency,
    includes_tax: bool,
) -> ToolResult<Totals<'static>> {
    let figures: Vec<TotalsLine<'static>> = lines
        .iter()
        .map(|line| TotalsLine {
            quantity: line.counted(),
            unit_price: line.price(),
            base_qty: Quantity::ONE,
            discount: line.discount(),
            tax: line.tax(),
        })
        .collect();
    let terms = TotalsTerms { includes_tax, ..TotalsTerms::plain(currency) };
    let sums = totals(&figures, &[], &terms)
        .map_err(|fault| invalid("lines", format!("cannot be added up: {fault}")))?;
    for (line, net) in lines.iter_mut().zip(&sums.line_nets) {
        line.set_net(*net);
    }
    Ok(sums)
}

/// What the lines cost us in minor units, where all that cost something are known.
pub fn cost_of<L: Figured>(lines: &[L], currency: Currency) -> Option<i64> {
    let mut sum = 0_i64;
    for line in lines {
        let net =
            maitred_kernel::line_net(line.counted(), line.cost()?, BasisPoints::default(), currency).ok()?;
        sum = sum.checked_add(net)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(least: i64, step: i64) -> Sellable {
        Sellable {
            variant: "v".to_owned(),
            product: "p".to_owned(),
            sku: "CH-1".to_owned(),
            name: "Chair".to_owned(),
            kind: ProductKind::Goods,
            unit: PIECE.to_owned(),
            tax_class: TaxClass::Standard,
            tracked: true,
            allow_backorder: false,
            min_qty: Quantity::whole(least).unwrap(),
            multiple: Quantity::whole(step).unwrap(),
            lead_time_days: 0,
            for_sale: true,
            discontinued: false,
            client_visible: true,
            replacement: None,
        }
    }

    #[test]
    fn the_nearest_quantities_are_named() {
        let said = |least, step, given| pack_fault(&item(least, step), Quantity::whole(given).unwrap());
        assert_eq!(said(1, 1, 3), None);
        assert_eq!(said(6, 6, 12), None);
        assert_eq!(said(6, 6, 8).unwrap(), "`CH-1` is sold from 6 in steps of 6: nearest 6 or 12");
        assert_eq!(said(5, 2, 3).unwrap(), "`CH-1` is sold from 6 in steps of 2: nearest 6");
    }

    #[test]
    fn a_price_keeps_its_worth_with_and_without_tax() {
        let price = Price::parse("119").unwrap();
        let rate = BasisPoints::from_bp(1900);
        let bare = rebased(price, true, false, rate).unwrap();
        assert_eq!(bare, Price::parse("100").unwrap());
        assert_eq!(rebased(bare, false, true, rate).unwrap(), price);
        assert_eq!(rebased(bare, false, false, rate).unwrap(), bare);
    }
}
