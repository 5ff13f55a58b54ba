//! The merchant opens: settings, warehouses, catalogue, prices, suppliers, terms of customers.

use std::collections::BTreeMap;

use maitred_core::cx::Writer;
use maitred_core::error::{ToolError, ToolResult};
use maitred_core::mode::Module;
use maitred_crm::model::Lifecycle;
use maitred_kernel::{Currency, Day, Stamp, country};
use maitred_party::model::{ContactStatus, TaxCategory, TaxClass, TaxCode};
use serde_json::{Value, json};

use super::bank_file;
use super::dice::{Dice, Times, fault, later};
use super::people::{Cast, HOUSE_DOMAIN, Trade};
use super::stage::{Part, Stage};
use super::twins::Twins;
use super::vat;
use super::wines::{self, Form, Item};

/// Days that the books go back.
pub const DAYS: i64 = 430;
/// Where most of the wine lies.
pub const CELLARS: &str = "Bercy cellars";
/// The second warehouse.
pub const DEPOT: &str = "Rouen depot";
/// Account of the house: the example that the registry of IBANs prints for France.
pub const IBAN: &str = "FR1420041010050500013M02606";

/// Price lists: code, name, kind, currency, what a cellar door price of 10,000 is there.
const LISTS: &[(&str, &str, &str, &str, i64)] = &[
    ("CELLAR", "Cellar door", "base", "EUR", 10_000),
    ("TRADE", "Trade and HoReCa", "assigned", "EUR", 8_700),
    ("EXPORT-GBP", "Export, sterling", "base", "GBP", 7_600),
    ("EXPORT-CHF", "Export, Swiss francs", "base", "CHF", 8_300),
    ("EXPORT-USD", "Export, dollars", "base", "USD", 9_500),
];

/// A customer, as far as trading goes.
pub struct Customer {
    /// Company id.
    pub company: String,
    /// Name.
    pub name: String,
    /// Person who orders.
    pub contact: String,
    /// Currency.
    pub currency: Currency,
    /// Known since.
    pub since: Stamp,
    /// How often they order, beside others.
    pub weight: i64,
    /// What they usually take, as places in the items.
    pub palette: Vec<usize>,
    /// What they live from.
    pub trade: Trade,
    /// Whether two percent may be taken within eight days.
    pub discount: bool,
    /// Credit limit, major units.
    pub limit: Option<i64>,
    /// Account they pay from.
    pub iban: String,
}

/// Everything that trading starts with.
pub struct Market {
    /// What is sold.
    pub items: Vec<Item>,
    /// Who buys.
    pub customers: Vec<Customer>,
    /// Who sells to us: company id and name by place in the cast.
    pub estates: BTreeMap<usize, (String, String)>,
    /// SKU of a bottle that sells well and of which nobody thinks any more.
    pub neglected: String,
    /// Products.
    pub products: usize,
}

/// Brings the cast to where the books begin: estates are known by then, and VAT ids of buyers elsewhere in the union are
/// checked.
pub fn prepare(times: &Times, cast: &mut Cast) -> ToolResult<()> {
    let opened = later(times.now, -DAYS - 5)?;
    for firm in 0..cast.firms.len() {
        if cast.firms[firm].trade == Trade::Estate {
            cast.firm_known(firm, opened);
        } else {
            let company = &mut cast.firms[firm].company;
            let abroad = company.country != "FR" && country::in_eu(&company.country);
            if abroad && company.vat_id.is_some() {
                company.vat_checked_at = Some(company.created_at);
            }
        }
    }
    Ok(())
}

/// Writes the rates of value added tax in France.
pub fn taxes(db: &Writer<'_>, times: &Times) -> ToolResult<()> {
    let made = later(times.now, -DAYS - 5)?;
    for (class, category, rate_bp, code) in [
        (TaxClass::Standard, TaxCategory::Standard, 2_000, None),
        (TaxClass::Reduced, TaxCategory::Standard, 550, None),
        (TaxClass::Reduced2, TaxCategory::Standard, 1_000, None),
        (TaxClass::SuperReduced, TaxCategory::Standard, 210, None),
        (TaxClass::Exempt, TaxCategory::Exempt, 0, Some("VATEX-EU-132")),
    ] {
        db.insert_quietly(&TaxCode {
            id: db.fresh_id(),
            version: 1,
            created_at: made,
            updated_at: made,
            country: "FR".to_owned(),
            class,
            category,
            rate_bp,
            exemption_code: code.map(str::to_owned),
            valid_from: Day::parse("2014-01-01").map_err(fault)?,
            valid_to: None,
        })?;
    }
    Ok(())
}

/// Opens the house.
pub fn open(
    stage: &Stage<'_>,
    dice: &mut Dice,
    times: &Times,
    cast: &Cast,
    twins: &Twins,
) -> ToolResult<Market> {
    let day = times.workday(times.today.plus_days(-DAYS).map_err(fault)?)?;
    let opened = times.at(day, 8 * 60)?;
    settings(stage, dice, opened)?;
    let articles = wines::invent(dice, cast, i64::from(times.today.year()));
    for article in &articles {
        stage.must(opened, Part::Operations, "catalog_product_create", &article.arguments)?;
        let sku = &article.items[0].sku;
        if article.changes.as_object().is_some_and(|changes| !changes.is_empty()) {
            let changes = json!({"product": sku, "changes": article.changes});
            stage.must(opened, Part::Operations, "catalog_product_update", &changes)?;
        }
        let active = json!({"product": sku, "status": "active"});
        stage.must(opened, Part::Operations, "catalog_product_transition", &active)?;
    }
    let products = articles.len();
    let mut items: Vec<Item> = articles.into_iter().flat_map(|article| article.items).collect();
    let customers = customers(dice, cast, twins, &items)?;
    let neglected = favourite(&items, &customers);
    if let Some(item) = items.iter_mut().find(|item| item.sku == neglected) {
        item.opening = 120;
    }
    prices(stage, opened, &items, &customers)?;
    suppliers(stage, dice, opened, cast, &items)?;
    stock(stage, opened, &items)?;
    if stage.has(Module::Invoicing) {
        terms(stage, opened, &customers)?;
    }
    let estates = (0..cast.firms.len())
        .filter(|place| cast.firms[*place].trade == Trade::Estate)
        .map(|place| {
            (place, (cast.firms[place].company.id.0.clone(), cast.firms[place].company.name.clone()))
        })
        .collect();
    Ok(Market { items, customers, estates, neglected, products })
}

/// The bottle that most customers like.
fn favourite(items: &[Item], customers: &[Customer]) -> String {
    let mut liked: BTreeMap<usize, i64> = BTreeMap::new();
    for customer in customers {
        for place in customer.palette.iter().filter(|place| items[**place].form == Form::Bottle) {
            *liked.entry(*place).or_default() += customer.weight;
        }
    }
    let most = liked.iter().max_by_key(|(place, weight)| (**weight, std::cmp::Reverse(**place)));
    most.map_or_else(String::new, |(place, _)| items[*place].sku.clone())
}

fn settings(stage: &Stage<'_>, dice: &mut Dice, opened: Stamp) -> ToolResult<()> {
    let vat_id = vat::make(dice, "FR").unwrap_or_default();
    let siren = vat_id.get(4..).unwrap_or_default().to_owned();
    stage.set(opened, "invoicing.seller", |_| {
        json!({
            "name": "Maison Valbrune & Filles SAS",
            "street": ["12 quai des Tonneliers"],
            "city": "Paris",
            "postcode": "75012",
            "vat_id": vat_id,
            "registration_no": siren,
            "email": format!("comptabilite@{HOUSE_DOMAIN}"),
            "iban": IBAN,
            "net_days": 30,
        })
    })?;
    stage.set(opened, "catalog.locations", |mut value| {
        if let Some(list) = value.get_mut("locations").and_then(Value::as_array_mut) {
            for entry in list.iter_mut().filter(|entry| entry["kind"] == "warehouse") {
                entry["name"] = json!(CELLARS);
                entry["priority"] = json!(10);
            }
            list.push(json!({"name": DEPOT, "kind": "warehouse", "sellable": true, "priority": 5}));
        }
        value
    })?;
    stage.set(opened, "invoicing.bank", |_| {
        json!({
            "accounts": [{"name": "Main account", "iban": IBAN, "bic": "VALBFRPPXXX", "currency": "EUR"}],
            "csv_profiles": [],
            "rules": bank_file::rules(),
            "tolerance": "0.05",
        })
    })
}

/// Cents as a decimal.
pub fn decimal(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// A cellar door price on a list, ending in ten cents.
fn on_list(price: i64, share: i64) -> i64 {
    (price * share / 100_000 * 10).max(10)
}

fn prices(stage: &Stage<'_>, opened: Stamp, items: &[Item], customers: &[Customer]) -> ToolResult<()> {
    for (code, name, kind, currency, share) in LISTS {
        let list = json!({"code": code, "name": name, "kind": kind, "currency": currency});
        stage.must(opened, Part::Operations, "catalog_price_list_save", &list)?;
        if *kind == "assigned" {
            let assigned: Vec<&str> = customers
                .iter()
                .filter(|customer| customer.currency.code() == *currency)
                .map(|customer| customer.company.as_str())
                .collect();
            for some in assigned.chunks(100) {
                let assign = json!({"code": code, "assign_to": some});
                stage.must(opened, Part::Operations, "catalog_price_list_save", &assign)?;
            }
        }
        let mut points = Vec::new();
        for item in items {
            let price = on_list(item.price, *share);
            points.push(json!({"product": item.sku, "price": decimal(price)}));
            if *kind == "assigned" && item.form == Form::Bottle {
                let more = on_list(item.price, *share - 400);
                points.push(json!({"product": item.sku, "price": decimal(more), "min_qty": "60"}));
            }
        }
        for points in points.chunks(500) {
            let set = json!({"price_list": code, "points": points, "allow_below_cost": true});
            stage.must(opened, Part::Operations, "catalog_price_set", &set)?;
        }
    }
    Ok(())
}

fn suppliers(
    stage: &Stage<'_>,
    dice: &mut Dice,
    opened: Stamp,
    cast: &Cast,
    items: &[Item],
) -> ToolResult<()> {
    for (number, item) in (101..).zip(items) {
        let Some(estate) = item.estate else { continue };
        let pack = match item.form {
            Form::Bottle | Form::Ware => 6,
            _ => 1,
        };
        let terms = json!({
            "supplier": cast.firms[estate].company.id.0,
            "product": item.sku,
            "supplier_sku": format!("{number}"),
            "cost": decimal(item.cost),
            "currency": "EUR",
            "min_qty": (pack * 2).to_string(),
            "multiple": pack.to_string(),
            "lead_time_days": dice.between(6, 15),
            "preferred": true,
        });
        stage.must(opened, Part::Operations, "catalog_supplier_item_save", &terms)?;
    }
    Ok(())
}

fn stock(stage: &Stage<'_>, opened: Stamp, items: &[Item]) -> ToolResult<()> {
    let mut csv = "sku;qty;location;cost\n".to_owned();
    for item in items.iter().filter(|item| item.opening > 0) {
        let away = if item.form == Form::Bottle { item.opening / 18 * 6 } else { 0 };
        csv.push_str(&format!("{};{};{CELLARS};{}\n", item.sku, item.opening - away, decimal(item.cost)));
    }
    stage.must(opened, Part::Operations, "catalog_product_import", &json!({"kind": "stock", "csv": csv}))?;
    let away: Vec<Value> = items
        .iter()
        .filter(|item| item.form == Form::Bottle && item.opening >= 90)
        .map(|item| json!({"product": item.sku, "qty": (item.opening / 18 * 6 / 2).to_string()}))
        .collect();
    if away.is_empty() {
        return Ok(());
    }
    let moved = json!({"lines": away, "from": CELLARS, "to": DEPOT});
    stage.must(opened, Part::Operations, "catalog_stock_transfer", &moved).map(drop)
}

/// Who buys: customers that are there once and have somebody who reads e-mail.
fn customers(dice: &mut Dice, cast: &Cast, twins: &Twins, items: &[Item]) -> ToolResult<Vec<Customer>> {
    let bottles: Vec<usize> = (0..items.len()).filter(|place| items[*place].form == Form::Bottle).collect();
    let others: Vec<usize> = (0..items.len())
        .filter(|place| matches!(items[*place].form, Form::Case | Form::Magnum | Form::Ware | Form::Box))
        .collect();
    let mut customers = Vec::new();
    for (place, firm) in cast.firms.iter().enumerate() {
        let doubled = twins.firms.iter().any(|(one, other)| [*one, *other].contains(&place));
        if firm.lifecycle != Lifecycle::Customer || firm.trade == Trade::Estate || doubled {
            continue;
        }
        let Some(person) = cast.primary(place).map(|person| &cast.people[person].contact) else { continue };
        if person.status != ContactStatus::Active || person.email.is_none() {
            continue;
        }
        let currency = Currency::parse(firm.company.currency.as_deref().unwrap_or("EUR"))
            .map_err(ToolError::internal)?;
        let mut palette: Vec<usize> = (0..dice.between(5, 9)).map(|_| *dice.pick(&bottles)).collect();
        palette.extend((0..dice.between(1, 3)).map(|_| *dice.pick(&others)));
        palette.sort_unstable();
        palette.dedup();
        let euro = currency.code() == "EUR";
        let limits: &[(i64, Option<i64>)] =
            &[(30, None), (30, Some(20_000)), (25, Some(40_000)), (15, Some(90_000))];
        customers.push(Customer {
            company: firm.company.id.0.clone(),
            name: firm.company.name.clone(),
            contact: person.id.0.clone(),
            currency,
            since: firm.company.created_at,
            weight: *dice.weighted(&[(40, 1), (30, 2), (18, 4), (12, 8)]),
            palette,
            trade: firm.trade,
            discount: euro && dice.chance(18),
            limit: if euro { *dice.weighted(limits) } else { None },
            iban: bank_file::account(dice, &firm.company.country),
        });
    }
    Ok(customers)
}

/// What was agreed on with customers: most pay after thirty days, some sooner for two percent.
fn terms(stage: &Stage<'_>, opened: Stamp, customers: &[Customer]) -> ToolResult<()> {
    for customer in customers {
        let mut terms = json!({"company": customer.company, "net_days": 30});
        if customer.discount {
            terms["discount"] = json!("2");
            terms["discount_days"] = json!(8);
        }
        if let Some(limit) = customer.limit {
            terms["credit_limit"] = json!(limit.to_string());
        }
        if customer.discount || customer.limit.is_some() {
            stage.must(opened, Part::Finance, "invoicing_terms_update", &terms)?;
        }
    }
    Ok(())
}
