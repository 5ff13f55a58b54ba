//! Writes what the file tells: products with prices and opening stock, then its documents in their order, a thousand in
//! a transaction. A document that is there already is left alone, so an import that was interrupted goes on where it
//! stopped, and a second one adds nothing.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{Code, ToolError, ToolResult};
use maitred_kernel::wire::Moment;
use maitred_kernel::{Day, Stamp, Zone, tokens};
use maitred_party::org;
use maitred_party::store::companies::{self, NewCompany};
use maitred_party::store::settings;
use maitred_store::Param;
use serde_json::json;

use super::countries;
use super::credits::{Credit, credits};
use super::goods::{Good, Goods, moved};
use super::report::{Class, Note, Trade};
use super::tally::{Document, Tally};
use super::{COMMAND, SOURCE, count};
use crate::Target;
use crate::retail::{self, Buyer, Known, Rows};

/// Documents of one transaction.
const BATCH: usize = 2000;
/// Moves of stock, about as many as lines of documents, that wait in memory at most.
const WAITING: usize = 1000;
/// Days to pay: the file says nothing, and a wholesaler's customers have a month.
const NET_DAYS: i64 = 30;
/// Who bought where the file does not say.
pub const NOBODY: &str = "Sales without a customer";
/// Country of documents whose word is none.
const NOWHERE: &str = "ZZ";
/// The rate of documents in the organisation's own currency, which an import insists on, times 10⁸.
const SAME_CURRENCY: i64 = 100_000_000;
const LIST: (&str, &str) = ("RETAIL", "retail");

/// What is the same for every document.
struct Stage {
    tally: Arc<Tally>,
    goods: Arc<Goods>,
    credits: HashMap<usize, Credit>,
    known: Known,
    /// Variants by the places of their products.
    variants: Vec<String>,
    /// By the number of the customer.
    customers: BTreeMap<String, Buyer>,
    nobody: String,
    house: House,
}

/// Brings in everything but the customers, who are there.
pub fn post(
    target: &Target,
    now: Timestamp,
    name: &str,
    tally: Tally,
    progress: &mut dyn FnMut(u64, u64),
) -> ToolResult<Trade> {
    let known = target.read(COMMAND, now, |db| retail::known(db, SOURCE))?;
    let tally = Arc::new(tally);
    let goods = Arc::new(Goods::of(&tally, |document| is_known(&known, document)));
    let credits = credits(&tally, &goods);
    let mut trade = Trade::default();
    let (there, levels) = target.read(COMMAND, now, |db| Ok((retail::variants(db)?, retail::levels(db)?)))?;
    let lacks = |good: &Good| match there.get(&good.key) {
        Some(variant) => good.opening > levels.get(variant).copied().unwrap_or(0),
        None => true,
    };
    if goods.list.iter().any(lacks) {
        let (tally, goods) = (Arc::clone(&tally), Arc::clone(&goods));
        (trade.products, trade.price_points, trade.stock_moves) =
            target.write(COMMAND, name, now, true, move |db| products(db, &tally, &goods))?;
    }
    trade.products_already_there = count(goods.list.len()) - trade.products;
    let nobody = target.write(COMMAND, name, now, false, nobody)?;
    let (variants, customers, house) = target.read(COMMAND, now, |db| {
        let known = retail::variants(db)?;
        let variant = |good: &Good| known.get(&good.key).cloned().unwrap_or_default();
        let variants: Vec<String> = goods.list.iter().map(variant).collect();
        Ok((variants, retail::customers(db)?, House::of(db, &target.org.name)?))
    })?;
    let stage = Arc::new(Stage { tally, goods, credits, known, variants, customers, nobody, house });
    let all = stage.tally.documents().len();
    let (mut from, mut unborne) = (0, 0);
    while from < all {
        let part = from..all.min(from + BATCH);
        from = part.end;
        progress(count(part.start), count(all));
        let shared = Arc::clone(&stage);
        let new = stage.tally.documents()[part.clone()]
            .iter()
            .filter(|document| !is_known(&stage.known, document))
            .collect::<Vec<_>>();
        // Nothing is written, not even into the audit trail, where nothing would come of it.
        let mut futile = true;
        for document in &new {
            futile &= document.class() == Class::BadDebtAdjustment
                && target.read(COMMAND, now, |db| stage.bearer(db, document))?.is_none();
            if !futile {
                break;
            }
        }
        if futile {
            unborne += count(new.len());
            trade.already_there += count(part.len() - new.len());
            continue;
        }
        let came = target.write(COMMAND, name, now, true, move |db| batch(db, &shared, part.clone()))?;
        unborne += came.unborne;
        came.add_to(&mut trade);
    }
    progress(count(all), count(all));
    trade.notes = notes(&stage, unborne);
    Ok(trade)
}

/// What the organisation says of every document.
struct House {
    /// Id and name.
    warehouse: (String, String),
    zone: Zone,
    /// As documents keep it, JSON.
    seller: String,
}

impl House {
    fn of(db: &Reader<'_>, name: &str) -> ToolResult<Self> {
        let known = org::settings_of(db)?;
        let warehouse = retail::warehouse(db)?.ok_or_else(|| {
            ToolError::new(Code::NotFound, "there is no location from which is sold")
                .hint("add one with account_setting_update, section catalog.locations")
        })?;
        // As the module keeps it, or as much as is known without it.
        let mut seller = match settings::get(db, "invoicing.seller")? {
            Some(section) => serde_json::from_str(&section.value).map_err(ToolError::internal)?,
            None => json!({"name": name}),
        };
        seller["country"] = json!(known.country);
        Ok(Self { warehouse, zone: known.zone.clone(), seller: seller.to_string() })
    }
}

fn nobody(db: &Writer<'_>) -> ToolResult<String> {
    if let Some(id) = retail::company_named(db, NOBODY)? {
        return Ok(id);
    }
    let company = companies::insert(
        db,
        NewCompany {
            name: NOBODY.to_owned(),
            kinds: "customer".to_owned(),
            country: org::settings_of(db)?.country.clone(),
            currency: Some("GBP".to_owned()),
            ..NewCompany::default()
        },
    )?;
    Ok(company.id.0)
}

fn text(text: impl Into<String>) -> Param<'static> {
    Param::Text(text.into().into())
}

fn maybe(text: Option<&str>) -> Param<'static> {
    text.map_or(Param::Null, |text| Param::Text(text.to_owned().into()))
}

/// Makes the products that are not there, with their prices and what lay there at first; answers how many of each.
fn products(db: &Writer<'_>, tally: &Tally, goods: &Goods) -> ToolResult<(u64, u64, u64)> {
    let now = db.stamp().text();
    let known = retail::variants(db)?;
    let there = retail::levels(db)?;
    let zone = org::settings_of(db)?.zone.clone();
    let first = tally.first_day().map(Day::from_date).transpose().map_err(ToolError::internal)?;
    let list = match retail::price_list(db, LIST.1)? {
        Some(list) => list,
        None => retail::make_price_list(db, &now, LIST.0, LIST.1, "Online Retail")?,
    };
    let Some((warehouse, _)) = retail::warehouse(db)? else { return Ok((0, 0, 0)) };
    let (mut products, mut variants) = (Rows::of(&retail::PRODUCT), Rows::of(&retail::VARIANT));
    let (mut prices, mut moves, mut levels) =
        (Rows::of(&retail::PRICE), Rows::of(&retail::MOVE), Rows::of(&retail::LEVEL));
    let (mut made, mut priced, mut opened) = (0, 0, 0);
    let mut open = |variant: &str, missing: i64| -> ToolResult<()> {
        let Some(first) = first.filter(|_| missing > 0) else { return Ok(()) };
        let at = first.start(&zone).map_err(ToolError::internal)?.text();
        moves.push([
            text(db.fresh_id()),
            text(&now),
            text(at),
            text(variant),
            Param::Null,
            text(&warehouse),
            Param::Int(missing),
            text("opening"),
            text("what the file sells before it says where it came from"),
            Param::Null,
            Param::Null,
        ]);
        opened += 1;
        Ok(())
    };
    for good in &goods.list {
        if let Some(variant) = known.get(&good.key) {
            let missing = good.opening - there.get(variant).copied().unwrap_or(0);
            if missing > 0 {
                open(variant, missing)?;
                retail::add_to_level(db, variant, &warehouse, missing)?;
            }
            continue;
        }
        let (product, variant) = (db.fresh_id(), db.fresh_id());
        let kind = if good.service { "service" } else { "goods" };
        let key = maitred_kernel::fold(&good.name).split_whitespace().collect::<Vec<_>>().join(" ");
        products.push([
            text(&product),
            text(&now),
            text(&now),
            text(&good.name),
            text(key),
            text(kind),
            Param::Int(i64::from(!good.service)),
        ]);
        variants.push([
            text(&variant),
            text(&now),
            text(&now),
            text(&product),
            text(&good.sku),
            text(&good.key),
        ]);
        retail::index_product(db, &product, &good.name, &good.sku, &good.key)?;
        for (place, (day, price)) in good.prices.iter().enumerate() {
            let until = match good.prices.get(place + 1) {
                Some((next, _)) => Some(next.plus_days(-1).map_err(ToolError::internal)?.to_string()),
                None => None,
            };
            prices.push([
                text(db.fresh_id()),
                text(&now),
                text(&now),
                text(&list),
                text(&variant),
                Param::Int(price.micros()),
                text(day.to_string()),
                maybe(until.as_deref()),
            ]);
            priced += 1;
        }
        if !good.service {
            levels.push([text(&variant), text(&warehouse), Param::Int(good.opening)]);
        }
        open(&variant, good.opening)?;
        made += 1;
    }
    for rows in [&mut products, &mut variants, &mut prices, &mut moves, &mut levels] {
        rows.write(db)?;
    }
    Ok((made, priced, opened))
}

/// What a transaction brought in.
#[derive(Default)]
struct Came {
    orders: u64,
    order_lines: u64,
    credit_notes: u64,
    adjustments: u64,
    write_offs: u64,
    stock_moves: u64,
    already_there: u64,
    unborne: u64,
}

impl Came {
    fn add_to(self, trade: &mut Trade) {
        trade.orders += self.orders;
        trade.order_lines += self.order_lines;
        trade.credit_notes += self.credit_notes;
        trade.adjustments += self.adjustments;
        trade.write_offs += self.write_offs;
        trade.stock_moves += self.stock_moves;
        trade.already_there += self.already_there;
    }
}

/// The tables that a transaction fills, and what becomes of stock.
struct Sheets {
    now: String,
    orders: Rows,
    order_lines: Rows,
    shipments: Rows,
    shipment_lines: Rows,
    moves: Rows,
    invoices: Rows,
    invoice_lines: Rows,
    taxes: Rows,
    billed: Rows,
    allocations: Rows,
    /// Drafts that become final, with their numbers.
    issued: Vec<(String, String)>,
    /// Credit notes with the invoices they correct, and how much.
    applied: Vec<(String, String, i64)>,
    levels: BTreeMap<usize, i64>,
    came: Came,
}

impl Sheets {
    fn new(now: Stamp) -> Self {
        Self {
            now: now.text(),
            orders: Rows::of(&retail::ORDER),
            order_lines: Rows::of(&retail::ORDER_LINE),
            shipments: Rows::of(&retail::SHIPMENT),
            shipment_lines: Rows::of(&retail::SHIPMENT_LINE),
            moves: Rows::of(&retail::MOVE),
            invoices: Rows::of(&retail::INVOICE),
            invoice_lines: Rows::of(&retail::INVOICE_LINE),
            taxes: Rows::of(&retail::INVOICE_TAX),
            billed: Rows::of(&retail::BILLED),
            allocations: Rows::of(&retail::ALLOCATION),
            issued: Vec::new(),
            applied: Vec::new(),
            levels: BTreeMap::new(),
            came: Came::default(),
        }
    }

    /// Writes what waits, each table behind those that it refers to.
    fn write(&mut self, db: &Writer<'_>) -> ToolResult<()> {
        for rows in [
            &mut self.orders,
            &mut self.order_lines,
            &mut self.shipments,
            &mut self.shipment_lines,
            &mut self.moves,
            &mut self.invoices,
            &mut self.invoice_lines,
            &mut self.taxes,
            &mut self.billed,
            &mut self.allocations,
        ] {
            rows.write(db)?;
        }
        for (invoice, number) in self.issued.drain(..) {
            retail::issue(db, &invoice, &number)?;
        }
        for (note, invoice, amount) in self.applied.drain(..) {
            retail::apply(db, &note, &invoice, amount)?;
        }
        Ok(())
    }
}

fn batch(db: &Writer<'_>, stage: &Stage, part: Range<usize>) -> ToolResult<Came> {
    let mut sheets = Sheets::new(db.stamp());
    let mut later = Vec::new();
    for place in part {
        let document = &stage.tally.documents()[place];
        if is_known(&stage.known, document) {
            sheets.came.already_there += 1;
            continue;
        }
        match document.class() {
            Class::Sale => stage.sale(db, &mut sheets, document)?,
            Class::StockAdjustment => stage.adjustment(db, &mut sheets, document)?,
            Class::CreditNote | Class::BadDebtAdjustment => later.push(place),
        }
        if sheets.moves.len() >= WAITING {
            sheets.write(db)?;
        }
    }
    // What they take back must be there; what is put back must have been given up.
    sheets.write(db)?;
    later.sort_by_key(|place| {
        let document = &stage.tally.documents()[*place];
        let debt = document.class() == Class::BadDebtAdjustment;
        (debt, if debt { document.total } else { 0 })
    });
    for place in later {
        let document = &stage.tally.documents()[place];
        if document.class() == Class::CreditNote {
            stage.credit(db, &mut sheets, place, document)?;
        } else {
            stage.bad_debt(db, &mut sheets, document)?;
        }
        // One by one: two notes may take back from the same invoice.
        sheets.write(db)?;
    }
    for (good, change) in &sheets.levels {
        if *change != 0 {
            retail::add_to_level(db, &stage.variants[*good], &stage.house.warehouse.0, *change)?;
        }
    }
    Ok(sheets.came)
}

fn is_known(known: &Known, document: &Document) -> bool {
    let number = &*document.number;
    match document.class() {
        Class::Sale => known.orders.contains(number),
        Class::CreditNote => known.invoices.contains(number),
        Class::StockAdjustment => known.adjustments.contains(number),
        Class::BadDebtAdjustment => {
            known.write_offs.iter().any(|reason| reason.ends_with(&format!("({number})")))
        }
    }
}

/// A document's time and both sides, as its rows show them.
struct Sides {
    buyer: Buyer,
    country: String,
    at: String,
    day: Day,
}

impl Stage {
    fn sides(&self, document: &Document) -> ToolResult<Sides> {
        let at = self.house.zone.instant(document.at).map_err(ToolError::internal)?;
        let day = Day::from_date(document.at.date()).map_err(ToolError::internal)?;
        let word = self.tally.country_word(document.country);
        let country = countries::place(word).country().unwrap_or(NOWHERE).to_owned();
        let known = document.customer.and_then(|number| self.customers.get(&number.to_string()));
        let buyer = known.cloned().unwrap_or_else(|| Buyer {
            company: self.nobody.clone(),
            name: NOBODY.to_owned(),
            contact: None,
        });
        Ok(Sides { buyer, country, at: at.text(), day })
    }

    fn described(&self, line: &super::tally::Line) -> String {
        let text = self.tally.texts().get(line.text);
        if text.is_empty() { self.goods.get(line.code).1.name.clone() } else { text.to_owned() }
    }

    /// An order that was shipped and invoiced the same minute.
    fn sale(&self, db: &Writer<'_>, sheets: &mut Sheets, document: &Document) -> ToolResult<()> {
        let sides = self.sides(document)?;
        let number = document.number.to_string();
        let (order, shipment, invoice) = (db.fresh_id(), db.fresh_id(), db.fresh_id());
        let now = sheets.now.clone();
        sheets.orders.push([
            text(&order),
            text(&sides.at),
            text(&now),
            text(&number),
            text(&sides.buyer.company),
            maybe(sides.buyer.contact.as_deref()),
            text(json!({"name": sides.buyer.name, "country": sides.country}).to_string()),
            Param::Int(document.total),
            Param::Int(document.total),
            text(&sides.at),
        ]);
        sheets.shipments.push([
            text(&shipment),
            text(&sides.at),
            text(&now),
            text(&number),
            text(&order),
            text(&self.house.warehouse.0),
            text(&self.house.warehouse.1),
            text(&sides.at),
            text(&sides.at),
        ]);
        self.invoice(sheets, &sides, &invoice, document, None);
        for (at, line) in document.lines.iter().enumerate() {
            let (place, good) = self.goods.get(line.code);
            let (ordered, billed) = (db.fresh_id(), db.fresh_id());
            let (position, quantity) = (Param::Int(at as i64 + 1), line.quantity.thousandths());
            let (variant, described) = (&self.variants[place], self.described(line));
            sheets.order_lines.push([
                text(&ordered),
                text(&sides.at),
                text(&now),
                text(&order),
                position.clone(),
                text(variant),
                text(&good.sku),
                text(&described),
                text(if good.service { "service" } else { "goods" }),
                Param::Int(quantity),
                Param::Int(if good.service { 0 } else { quantity }),
                Param::Int(quantity),
                Param::Int(line.price.micros()),
                Param::Int(line.net),
            ]);
            if !good.service {
                sheets.shipment_lines.push([
                    text(db.fresh_id()),
                    text(&sides.at),
                    text(&now),
                    text(&shipment),
                    text(&ordered),
                    Param::Int(quantity),
                ]);
                self.moves(db, sheets, document, line, &sides.at, "shipment", ("shipment", &shipment), None);
            }
            sheets.invoice_lines.push([
                text(&billed),
                text(&sides.at),
                text(&now),
                text(&invoice),
                position,
                text(variant),
                text(&good.sku),
                text(described),
                Param::Int(quantity),
                Param::Int(line.price.micros()),
                Param::Int(line.net),
                Param::Int(i64::from(good.service)),
                Param::Int(0),
                Param::Null,
            ]);
            sheets.billed.push([
                text(db.fresh_id()),
                text(&sides.at),
                text(&now),
                text(&ordered),
                Param::Int(quantity),
                text(&billed),
            ]);
        }
        self.tax(db, sheets, &sides, &invoice, document.total);
        retail::index_order(db, &order, &number, &tokens(&sides.buyer.name))?;
        sheets.issued.push((invoice, number));
        sheets.came.orders += 1;
        sheets.came.order_lines += count(document.lines.len());
        Ok(())
    }

    fn invoice(
        &self,
        sheets: &mut Sheets,
        sides: &Sides,
        id: &str,
        document: &Document,
        credit: Option<Option<&str>>,
    ) {
        let due = sides.day.plus_days(NET_DAYS).unwrap_or(sides.day).to_string();
        let day = sides.day.to_string();
        let amount = document.total.abs();
        let buyer = json!({"name": sides.buyer.name, "street": [], "country": sides.country});
        sheets.invoices.push([
            text(id),
            text(&sides.at),
            text(&sheets.now),
            text(if credit.is_some() { "CN" } else { "INV" }),
            text(if credit.is_some() { "credit_note" } else { "invoice" }),
            text(&sides.buyer.company),
            maybe(credit.flatten()),
            maybe(credit.map(|_| "return")),
            text(match credit {
                None => "order",
                Some(_) => "import",
            }),
            text(&day),
            text(due),
            text(&day),
            text(&day),
            Param::Int(SAME_CURRENCY),
            Param::Int(amount),
            Param::Int(amount),
            Param::Int(amount),
            Param::Int(amount),
            text(&self.house.seller),
            text(buyer.to_string()),
        ]);
    }

    fn tax(&self, db: &Writer<'_>, sheets: &mut Sheets, sides: &Sides, invoice: &str, taxable: i64) {
        sheets.taxes.push([
            text(db.fresh_id()),
            text(&sides.at),
            text(&sheets.now),
            text(invoice),
            Param::Int(taxable),
        ]);
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of a move")]
    fn moves(
        &self,
        db: &Writer<'_>,
        sheets: &mut Sheets,
        document: &Document,
        line: &super::tally::Line,
        at: &str,
        kind: &str,
        source: (&str, &str),
        reason: Option<&str>,
    ) {
        let (place, _) = self.goods.get(line.code);
        let change = moved(document.class(), line.quantity.thousandths());
        if change == 0 {
            return;
        }
        let own = text(&self.house.warehouse.0);
        let (from, to) = if change < 0 { (own, Param::Null) } else { (Param::Null, own) };
        sheets.moves.push([
            text(db.fresh_id()),
            text(&sheets.now),
            text(at),
            text(&self.variants[place]),
            from,
            to,
            Param::Int(change.abs()),
            text(kind),
            maybe(reason),
            text(source.0),
            text(source.1),
        ]);
        *sheets.levels.entry(place).or_default() += change;
        sheets.came.stock_moves += 1;
    }

    fn adjustment(&self, db: &Writer<'_>, sheets: &mut Sheets, document: &Document) -> ToolResult<()> {
        let sides = self.sides(document)?;
        for line in &document.lines {
            if self.goods.get(line.code).1.service {
                continue;
            }
            let said = self.tally.texts().get(line.text);
            let reason = if said.is_empty() { "adjustment" } else { said };
            let source = (SOURCE, &*document.number);
            self.moves(db, sheets, document, line, &sides.at, "adjustment", source, Some(reason));
        }
        sheets.came.adjustments += 1;
        Ok(())
    }

    fn credit(
        &self,
        db: &Writer<'_>,
        sheets: &mut Sheets,
        place: usize,
        document: &Document,
    ) -> ToolResult<()> {
        let sides = self.sides(document)?;
        let number = |place: usize| &*self.tally.documents()[place].number;
        let none = Credit::default();
        let credit = self.credits.get(&place).unwrap_or(&none);
        let corrected = match credit.corrects() {
            Some(sale) => retail::invoice(db, number(sale))?,
            None => None,
        };
        let (id, now) = (db.fresh_id(), sheets.now.clone());
        let corrects = corrected.as_ref().map(|(invoice, _)| invoice.as_str());
        self.invoice(sheets, &sides, &id, document, Some(corrects));
        for (at, line) in document.lines.iter().enumerate() {
            let (place, good) = self.goods.get(line.code);
            let sold = match credit.lines.get(at).copied().flatten() {
                Some(sold) => match retail::invoice(db, number(sold.document))? {
                    Some((invoice, _)) => retail::invoice_line(db, &invoice, sold.line as i64 + 1)?,
                    None => None,
                },
                None => None,
            };
            let quantity = line.quantity.thousandths().abs();
            sheets.invoice_lines.push([
                text(db.fresh_id()),
                text(&sides.at),
                text(&now),
                text(&id),
                Param::Int(at as i64 + 1),
                text(&self.variants[place]),
                text(&good.sku),
                text(self.described(line)),
                Param::Int(quantity),
                Param::Int(line.price.micros()),
                Param::Int(line.net.abs()),
                Param::Int(i64::from(good.service)),
                Param::Int(if sold.is_some() { quantity } else { 0 }),
                maybe(sold.as_deref()),
            ]);
            if !good.service {
                self.moves(db, sheets, document, line, &sides.at, "return", ("invoice", &id), None);
            }
        }
        self.tax(db, sheets, &sides, &id, document.total.abs());
        if let Some((invoice, balance)) = corrected {
            let amount = balance.min(document.total.abs());
            if amount > 0 {
                sheets.allocations.push([
                    text(db.fresh_id()),
                    text(&sides.at),
                    text(&now),
                    text(&id),
                    text(&invoice),
                    Param::Int(amount),
                    text(sides.day.to_string()),
                ]);
                sheets.applied.push((id.clone(), invoice, amount));
            }
        }
        sheets.issued.push((id, document.number.to_string()));
        sheets.came.credit_notes += 1;
        Ok(())
    }

    /// The invoice that a bad debt is taken off, or put back on.
    fn bearer(&self, db: &Reader<'_>, document: &Document) -> ToolResult<Option<String>> {
        let sides = self.sides(document)?;
        match -document.total {
            0 => Ok(None),
            given_up if given_up > 0 => {
                retail::owing(db, &sides.buyer.company, &sides.day.to_string(), given_up)
            }
            put_back => retail::given_up(db, &sides.buyer.company, -put_back),
        }
    }

    /// Bad debt is nobody's in particular: it is taken off the newest invoice without a customer that bears it, and put
    /// back where something was taken off before.
    fn bad_debt(&self, db: &Writer<'_>, sheets: &mut Sheets, document: &Document) -> ToolResult<()> {
        let Some(invoice) = self.bearer(db, document)? else {
            sheets.came.unborne += 1;
            return Ok(());
        };
        let (day, given_up) = (self.sides(document)?.day.to_string(), -document.total);
        let said = document.lines.first().map_or("", |line| self.tally.texts().get(line.text));
        let reason = format!("{said} ({})", document.number);
        retail::write_off(db, &sheets.now, &invoice, &day, given_up, &reason)?;
        sheets.came.write_offs += 1;
        Ok(())
    }
}

/// What was odd, and what was made of it.
fn notes(stage: &Stage, unborne: u64) -> Vec<Note> {
    let documents = stage.tally.documents();
    let of = |class: Class| documents.iter().filter(move |document| document.class() == class);
    let lines = |class: Class| of(class).flat_map(|document| &document.lines);
    let goods = &stage.goods.list;
    let nameless = documents.iter().filter(|document| document.customer.is_none()).count();
    let silent = documents
        .iter()
        .flat_map(|document| &document.lines)
        .filter(|line| stage.tally.texts().get(line.text).is_empty())
        .count();
    let repeats = documents
        .iter()
        .filter(|document| {
            let mut seen = std::collections::BTreeSet::new();
            document.lines.iter().any(|line| !seen.insert(stage.goods.get(line.code).0))
        })
        .count();
    let nowhere = documents
        .iter()
        .filter(|document| countries::place(stage.tally.country_word(document.country)).country().is_none())
        .count();
    let whole = of(Class::CreditNote).count();
    let corrects = stage.credits.values().filter(|credit| credit.corrects().is_some()).count();
    let traced =
        stage.credits.values().flat_map(|credit| &credit.lines).filter(|line| line.is_some()).count();
    [
        (nameless, format!("documents without a customer: booked on `{NOBODY}`")),
        (silent, "rows without a description: they say what the product is called".to_owned()),
        (
            goods.iter().filter(|good| good.descriptions > 1).count(),
            "products with several descriptions: called what most rows say, each line keeps its own words".to_owned(),
        ),
        (
            stage.goods.of_code.len() - goods.len(),
            "codes that differ from another by case alone: one product".to_owned(),
        ),
        (
            goods.iter().filter(|good| good.service).count(),
            "codes for postage, fees, discounts and the like: services, without stock and list price".to_owned(),
        ),
        (
            goods.iter().filter(|good| good.opening > 0).count(),
            "products that are sold before anything is known to have come in: opening stock, as little as will do"
                .to_owned(),
        ),
        (
            lines(Class::Sale).filter(|line| line.price.micros() == 0).count(),
            "rows at no price inside sales: free items".to_owned(),
        ),
        (
            lines(Class::Sale).filter(|line| line.price.micros() % 10_000 != 0).count(),
            "prices below a penny: kept to the millionth, the line is rounded".to_owned(),
        ),
        (
            documents.iter().filter(|document| document.two_moments).count(),
            "documents with two moments: the first one counts".to_owned(),
        ),
        (repeats, "documents that name a product more than once: every row is a line".to_owned()),
        (nowhere, format!("documents from no country: `{NOWHERE}`")),
        (
            corrects,
            "credit notes that take back from one sale: they correct its invoice and are applied to it".to_owned(),
        ),
        (
            whole - corrects,
            "credit notes over several sales, or of sales from before the file: the customer's open credit".to_owned(),
        ),
        (traced, "credited rows whose sale was found: the newest earlier one at that price with enough left".to_owned()),
        (
            lines(Class::CreditNote).count(),
            "credited rows: goods among them came back to stock".to_owned(),
        ),
        (usize::try_from(unborne).unwrap_or(usize::MAX), "bad debts that no invoice bears: not booked".to_owned()),
        (
            of(Class::Sale).count(),
            "invoices without VAT and without a payment, as the file knows neither: outside the scope of VAT, due in 30 days, open"
                .to_owned(),
        ),
    ]
    .into_iter()
    .filter(|(found, _)| *found > 0)
    .map(|(found, what)| Note { count: count(found), what })
    .collect()
}
