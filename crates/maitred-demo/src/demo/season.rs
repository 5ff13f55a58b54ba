//! Fourteen months of trade, event by event: quotes, orders, deliveries, returns, purchases.
//!
//! What lies ahead stands in an agenda by its moment; taking one entry may add others. What would happen after now does
//! not happen, so the present is simply where the story was broken off: goods on their way, invoices unpaid.

use std::collections::{BTreeMap, BTreeSet};

use maitred_core::error::ToolResult;
use maitred_core::mode::Module;
use maitred_kernel::{Day, Stamp};
use serde_json::{Value, json};

use super::bank_file::Entry;
use super::cash::Cash;
use super::dice::{Dice, Times, fault};
use super::oddities::{Odd, Oddity};
use super::people::Trade;
use super::stage::{Part, Stage, text};
use super::trade::{CELLARS, DAYS, DEPOT, Market, decimal};
use super::wines::Form;

/// Orders that customers place.
const ORDERS: usize = 262;
/// Quotes that are asked for.
const QUOTES: usize = 26;

/// What happens.
pub enum Act {
    /// A customer orders.
    Order { customer: usize },
    /// An order is agreed on.
    Confirm { order: String, customer: usize },
    /// Finance lets an order exceed the credit limit.
    Approve { order: String, customer: usize },
    /// What is there of an order leaves, or only its first lines.
    Ship { order: String, customer: usize, part: bool, tries: u8 },
    /// It arrived.
    Delivered { shipment: String },
    /// A customer takes back an order.
    Cancel { order: String },
    /// What was shipped is invoiced.
    Bill { order: String, customer: usize },
    /// An invoice is paid.
    Pay { bill: usize },
    /// A quote is drafted.
    Quote { customer: usize, fate: Fate },
    /// It is sent.
    SendQuote { quote: String, customer: usize, fate: Fate },
    /// It is answered.
    AnswerQuote { quote: String, customer: usize, fate: Fate },
    /// Goods come back.
    Return { order: String, bill: usize },
    /// They arrived.
    TakeBack { goods: String, line: String, bill: usize },
    /// An estate is ordered from.
    Purchase { estate: usize, draft: bool },
    /// It delivers.
    Receive { purchase: String, lines: Vec<(String, i64, i64)>, short: bool, estate: usize },
    /// Those who are late are reminded.
    Remind,
    /// The statement of a week comes; the last one is left as it is.
    Statement { from: Day, to: Day, last: bool },
    /// Money that goes out.
    Spend(Entry),
    /// Recurring invoices are made.
    Recur { first: bool },
    /// Prices rise.
    Raise,
    /// The depot is counted.
    Count,
    /// Bottles go to the depot, or are on their way there.
    Transfer { arrives: bool },
    /// Something single.
    Odd(Odd),
}

/// What becomes of a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Ordered.
    Ordered,
    /// Accepted, not ordered yet.
    Accepted,
    /// Declined.
    Declined,
    /// Never answered.
    Silent,
    /// Never sent.
    Draft,
}

/// See the module.
pub struct Season<'s, 'a> {
    /// Where it is played.
    pub stage: &'s Stage<'a>,
    /// Chance.
    pub dice: Dice,
    /// Time.
    pub times: &'s Times,
    /// What there is.
    pub market: Market,
    /// Money.
    pub cash: Cash,
    /// What is wrong on purpose.
    pub oddities: Vec<Oddity>,
    /// The quote that was forgotten, and whose it is.
    pub forgotten: Option<(String, usize)>,
    /// A bill that is paid soon, less two percent.
    pub prompt: Option<usize>,
    agenda: BTreeMap<(Stamp, usize), Act>,
    entries: usize,
    sold: BTreeMap<String, i64>,
}

impl<'s, 'a> Season<'s, 'a> {
    /// A season with all that does not follow from anything else in its agenda.
    pub fn new(stage: &'s Stage<'a>, dice: Dice, times: &'s Times, market: Market) -> ToolResult<Self> {
        let mut season = Self {
            stage,
            dice,
            times,
            market,
            cash: Cash::new(times)?,
            oddities: Vec::new(),
            forgotten: None,
            prompt: None,
            agenda: BTreeMap::new(),
            entries: 0,
            sold: BTreeMap::new(),
        };
        season.plan()?;
        Ok(season)
    }

    /// Plays until now.
    pub fn run(&mut self) -> ToolResult<()> {
        while let Some(((at, _), act)) = self.agenda.pop_first() {
            if at >= self.times.now {
                break;
            }
            self.happen(at, act)?;
        }
        Ok(())
    }

    /// Puts something on the agenda.
    pub fn at(&mut self, at: Stamp, act: Act) {
        self.entries += 1;
        self.agenda.insert((at, self.entries), act);
    }

    /// A working hour some days after a moment, later than it.
    pub fn after(&mut self, at: Stamp, days: i64) -> ToolResult<Stamp> {
        let day = self.times.workday(at.day(&self.times.zone).plus_days(days).map_err(fault)?)?;
        let minutes = self.dice.between(8 * 60, 17 * 60);
        let then = self.times.at(day, minutes)?;
        if then > at { Ok(then) } else { at.plus_millis(self.dice.between(20, 90) * 60_000).map_err(fault) }
    }

    /// A moment of a day this many days before today, on a working day.
    fn ago(&mut self, days: i64) -> ToolResult<Stamp> {
        let day = self.times.workday(self.times.today.plus_days(-days).map_err(fault)?)?;
        let minutes = self.dice.between(9 * 60, 17 * 60);
        self.times.at(day, minutes)
    }

    fn plan(&mut self) -> ToolResult<()> {
        if self.stage.has(Module::Orders) {
            for _ in 0..ORDERS {
                if let Some((at, customer)) = self.somebody(1, DAYS - 8)? {
                    self.at(at, Act::Order { customer });
                }
            }
            for number in 0..QUOTES {
                let fate = match number % 13 {
                    0..=4 => Fate::Ordered,
                    5 | 12 => Fate::Accepted,
                    6 | 7 => Fate::Declined,
                    8 | 9 => Fate::Silent,
                    10 => Fate::Draft,
                    _ => Fate::Silent,
                };
                let (least, most) = match number % 13 {
                    5 | 12 => (14, 19),
                    10 => (1, 9),
                    11 => (3, 20),
                    _ => (12, DAYS - 8),
                };
                if let Some((at, customer)) = self.somebody(least, most)? {
                    self.at(at, Act::Quote { customer, fate });
                }
            }
        }
        let mut estates: BTreeSet<usize> = BTreeSet::new();
        estates.extend(self.market.items.iter().filter_map(|item| item.estate));
        for estate in estates {
            let mut days = DAYS - self.dice.between(40, 100);
            while days > 0 {
                let at = self.ago(days)?;
                self.at(at, Act::Purchase { estate, draft: false });
                days -= self.dice.between(55, 85);
            }
        }
        for estate in self.market.estates.keys().copied().take(8).collect::<Vec<usize>>() {
            let at = self.times.ago(&mut self.dice, 1)?;
            self.at(at, Act::Purchase { estate, draft: true });
        }
        let at = self.ago(160)?;
        self.at(at, Act::Count);
        for days in [300, 240, 185, 120, 70, 30] {
            let at = self.ago(days)?;
            self.at(at, Act::Transfer { arrives: true });
        }
        let at = self.times.ago(&mut self.dice, 2)?;
        self.at(at, Act::Transfer { arrives: false });
        let year = i64::from(self.times.today.year());
        for year in [year - 1, year] {
            let notice = Day::parse(&format!("{:04}-12-01", year - 1)).map_err(fault)?;
            if notice.days_until(self.times.today) < DAYS - 10 {
                let at = self.times.at(notice, 10 * 60)?;
                self.at(at, Act::Raise);
            }
        }
        if self.stage.has(Module::Invoicing) {
            self.plan_money()?;
        }
        Ok(())
    }

    /// A moment within these days before today when business is as good as it is at that time of the year, and a customer known
    /// by then.
    fn somebody(&mut self, least: i64, most: i64) -> ToolResult<Option<(Stamp, usize)>> {
        /// How good the months are.
        const MONTHS: [i64; 12] = [50, 55, 75, 85, 105, 110, 85, 45, 95, 115, 145, 165];
        for _ in 0..60 {
            let days = self.dice.between(least, most);
            let at = self.ago(days)?;
            let month = at.day(&self.times.zone).month();
            let good = MONTHS[usize::try_from(month - 1).unwrap_or(0) % 12];
            if self.dice.between(1, 165) > good || at >= self.times.now {
                continue;
            }
            let known: Vec<(i64, usize)> = self
                .market
                .customers
                .iter()
                .enumerate()
                .filter(|(_, customer)| customer.since < at)
                .map(|(place, customer)| (customer.weight, place))
                .collect();
            if !known.is_empty() {
                return Ok(Some((at, *self.dice.weighted(&known))));
            }
        }
        Ok(None)
    }

    fn happen(&mut self, at: Stamp, act: Act) -> ToolResult<()> {
        match act {
            Act::Order { customer } => self.order(at, customer),
            Act::Confirm { order, customer } => self.confirm(at, order, customer),
            Act::Approve { order, customer } => self.approve(at, order, customer),
            Act::Ship { order, customer, part, tries } => self.ship(at, order, customer, part, tries),
            Act::Delivered { shipment } => {
                let update = json!({"shipment": shipment, "status": "delivered"});
                self.stage.ask(at, Part::Operations, "orders_shipment_update", &update).map(drop)
            }
            Act::Cancel { order } => {
                let cancel = json!({"order": order, "reason": "the customer ordered twice by mistake"});
                self.stage.ask(at, Part::Sales, "orders_order_cancel", &cancel).map(drop)
            }
            Act::Bill { order, customer } => self.bill(at, &order, customer),
            Act::Pay { bill } => self.pay(at, bill),
            Act::Quote { customer, fate } => self.quote(at, customer, fate),
            Act::SendQuote { quote, customer, fate } => self.send_quote(at, quote, customer, fate),
            Act::AnswerQuote { quote, customer, fate } => self.answer_quote(at, &quote, customer, fate),
            Act::Return { order, bill } => self.send_back(at, &order, bill),
            Act::TakeBack { goods, line, bill } => self.take_back(at, &goods, &line, bill),
            Act::Purchase { estate, draft } => self.purchase(at, estate, draft),
            Act::Receive { purchase, lines, short, estate } => {
                self.receive(at, &purchase, &lines, short, estate)
            }
            Act::Remind => {
                self.stage.ask(at, Part::Finance, "invoicing_reminder_run", &json!({"max": 4})).map(drop)
            }
            Act::Statement { from, to, last } => self.statement(at, from, to, last),
            Act::Spend(entry) => {
                self.cash.lines.push(entry);
                Ok(())
            }
            Act::Recur { first } => self.recur(at, first),
            Act::Raise => self.raise(at),
            Act::Count => self.count(at),
            Act::Transfer { arrives } => self.transfer(at, arrives),
            Act::Odd(odd) => self.odd(at, odd),
        }
    }

    /// What a customer takes this time: mostly what they always take.
    pub fn basket(&mut self, customer: usize) -> Vec<(usize, i64)> {
        let (count, packs) = match self.market.customers[customer].trade {
            Trade::Restaurant => ((3, 6), (2, 8)),
            Trade::Hotel => ((3, 7), (3, 14)),
            Trade::Shop => ((3, 7), (2, 12)),
            Trade::Importer => ((2, 5), (12, 45)),
            Trade::Estate | Trade::Group => ((2, 5), (5, 24)),
        };
        let mut basket: BTreeMap<usize, i64> = BTreeMap::new();
        for _ in 0..self.dice.between(count.0, count.1) {
            let palette = &self.market.customers[customer].palette;
            let usual = *self.dice.pick(palette);
            let any = self.dice.index(self.market.items.len());
            let place = if self.dice.chance(86) { usual } else { any };
            let many = self.dice.between(packs.0, packs.1);
            let quantity = match self.market.items[place].form {
                Form::Bottle => many * 6,
                Form::Ware => many.min(12) * 2,
                Form::Service => 1,
                Form::Case | Form::Magnum | Form::Box => many.min(9),
            };
            basket.insert(place, quantity);
        }
        if self.market.customers[customer].trade != Trade::Importer && self.dice.chance(14) {
            let delivery =
                self.market.items.iter().position(|item| item.sku == "SRV-DELIVERY").unwrap_or_default();
            basket.insert(delivery, 1);
        }
        basket.into_iter().collect()
    }

    /// A basket as the tools take it, with a discount now and then.
    pub fn lines(&mut self, basket: &[(usize, i64)]) -> Vec<Value> {
        basket
            .iter()
            .map(|(place, quantity)| {
                let item = &self.market.items[*place];
                let mut line = json!({"product": item.sku, "qty": quantity.to_string()});
                if item.form == Form::Bottle && *quantity >= 24 && self.dice.chance(12) {
                    line["discount"] = json!(if self.dice.chance(70) { "3" } else { "5" });
                }
                line
            })
            .collect()
    }

    fn order(&mut self, at: Stamp, customer: usize) -> ToolResult<()> {
        let basket = self.basket(customer);
        let lines = self.lines(&basket);
        let who = &self.market.customers[customer];
        let mut order = json!({"company": who.company, "contact": who.contact, "lines": lines});
        if self.dice.chance(35) {
            order["po_reference"] = json!(format!("PO {}", self.dice.between(1_000, 9_999)));
        }
        let Some(made) = self.stage.ask(at, Part::Sales, "orders_order_create", &order)? else {
            return Ok(());
        };
        let number = text(&made, "/order/number").to_owned();
        // What was drafted in the last days may still be a draft.
        let days = *self.dice.weighted(&[(80, 0), (15, 1), (5, 4)]);
        let then = self.after(at, days)?;
        self.at(then, Act::Confirm { order: number, customer });
        Ok(())
    }

    /// Agrees on an order and plans its way.
    pub fn confirm(&mut self, at: Stamp, order: String, customer: usize) -> ToolResult<()> {
        let how = json!({"order": order, "allow_backorder": true});
        let Some(agreed) = self.stage.ask(at, Part::Sales, "orders_order_confirm", &how)? else {
            return Ok(());
        };
        if text(&agreed, "/order/status") == "pending_approval" {
            let then = self.after(at, 1)?;
            self.at(then, Act::Approve { order, customer });
            return Ok(());
        }
        self.agreed(at, order, customer, &agreed)
    }

    fn approve(&mut self, at: Stamp, order: String, customer: usize) -> ToolResult<()> {
        let how = json!({"order": order, "allow_backorder": true,
            "override_credit": "has always paid in the end"});
        match self.stage.ask(at, Part::Finance, "orders_order_confirm", &how)? {
            Some(agreed) => self.agreed(at, order, customer, &agreed),
            None => Ok(()),
        }
    }

    fn agreed(&mut self, at: Stamp, order: String, customer: usize, agreed: &Value) -> ToolResult<()> {
        for line in agreed.pointer("/order/lines").and_then(Value::as_array).into_iter().flatten() {
            let quantity = text(line, "/ordered").parse::<i64>().unwrap_or(0);
            *self.sold.entry(text(line, "/sku").to_owned()).or_default() += quantity;
        }
        if self.dice.chance(3) {
            let then = self.after(at, 1)?;
            self.at(then, Act::Cancel { order });
            return Ok(());
        }
        let part = self.dice.chance(8);
        let days = self.dice.between(1, 6);
        let then = self.after(at, days)?;
        self.at(then, Act::Ship { order, customer, part, tries: 0 });
        Ok(())
    }

    fn ship(&mut self, at: Stamp, order: String, customer: usize, part: bool, tries: u8) -> ToolResult<()> {
        let carrier = *self.dice.pick(&["Transports Garonne", "Messagerie du Quai", "Own van"]);
        let mut goods = json!({"order": order, "carrier": carrier, "shipped_at": at});
        if carrier != "Own van" {
            goods["tracking"] = json!(format!("TG{:09}", self.dice.between(1, 999_999_999)));
        }
        if part {
            // Only what the first line asks for fits the van.
            goods["lines"] = json!([{"line": "1", "qty": "1"}]);
        }
        let sent = self.stage.ask(at, Part::Operations, "orders_shipment_create", &goods)?;
        let done = sent.as_ref().is_some_and(|sent| text(sent, "/order/fulfilment") == "full");
        if let Some(sent) = sent {
            let shipment = text(&sent, "/shipment/number").to_owned();
            let days = self.dice.between(1, 4);
            let then = self.after(at, days)?;
            self.at(then, Act::Delivered { shipment });
            let then = self.after(at, 0)?;
            self.at(then, Act::Bill { order: order.clone(), customer });
        }
        if !done && tries < 4 {
            let days = self.dice.between(6, 16);
            let then = self.after(at, days)?;
            self.at(then, Act::Ship { order, customer, part: false, tries: tries + 1 });
        }
        Ok(())
    }

    fn quote(&mut self, at: Stamp, customer: usize, fate: Fate) -> ToolResult<()> {
        let basket = self.basket(customer);
        let mut lines = self.lines(&basket);
        for line in &mut lines {
            if line.get("discount").is_none() && self.dice.chance(30) {
                line["discount"] = json!("2");
            }
        }
        let who = &self.market.customers[customer];
        let quote = json!({"company": who.company, "contact": who.contact, "lines": lines,
            "terms": "Carriage paid from 36 bottles."});
        let Some(made) = self.stage.ask(at, Part::Sales, "orders_quote_create", &quote)? else {
            return Ok(());
        };
        if fate != Fate::Draft {
            let quote = text(&made, "/quote/number").to_owned();
            let then = self.after(at, 0)?;
            self.at(then, Act::SendQuote { quote, customer, fate });
        }
        Ok(())
    }

    fn send_quote(&mut self, at: Stamp, quote: String, customer: usize, fate: Fate) -> ToolResult<()> {
        let letter = json!({"quote": quote, "message": "As we discussed on the phone."});
        let sent = self.stage.ask(at, Part::Sales, "orders_quote_send", &letter)?;
        if sent.is_some() && fate != Fate::Silent {
            let days = self.dice.between(1, 9);
            let then = self.after(at, days)?;
            self.at(then, Act::AnswerQuote { quote, customer, fate });
        }
        Ok(())
    }

    fn answer_quote(&mut self, at: Stamp, quote: &str, customer: usize, fate: Fate) -> ToolResult<()> {
        if fate == Fate::Declined {
            let reason = *self.dice.pick(&["price", "bought elsewhere", "the list changed"]);
            let closed = json!({"quote": quote, "outcome": "declined", "reason": reason});
            return self.stage.ask(at, Part::Sales, "orders_quote_close", &closed).map(drop);
        }
        let who = self.market.customers[customer].contact.clone();
        let closed =
            json!({"quote": quote, "outcome": "accepted", "by_contact": who, "evidence": "e-mail of today"});
        let accepted = self.stage.ask(at, Part::Sales, "orders_quote_close", &closed)?;
        if accepted.is_none() || fate == Fate::Accepted {
            return Ok(());
        }
        let convert = json!({"quote": quote});
        if let Some(made) = self.stage.ask(at, Part::Sales, "orders_quote_convert", &convert)? {
            let order = text(&made, "/order/number").to_owned();
            let then = self.after(at, 0)?;
            self.at(then, Act::Confirm { order, customer });
        }
        Ok(())
    }

    /// Some bottles were corked.
    fn send_back(&mut self, at: Stamp, order: &str, bill: usize) -> ToolResult<()> {
        let asked = json!({"order": order, "resolution": "credit", "note": "corked",
            "lines": [{"line": "1", "qty": "1", "reason": "defective"}]});
        let Some(made) = self.stage.ask(at, Part::Service, "orders_return_create", &asked)? else {
            return Ok(());
        };
        let goods = text(&made, "/return/number").to_owned();
        let goods = if goods.is_empty() { text(&made, "/number").to_owned() } else { goods };
        let decided = json!({"return": goods, "decision": "approve"});
        let then = at.plus_millis(3_600_000).map_err(fault)?;
        if self.stage.ask(then, Part::Service, "orders_return_decide", &decided)?.is_some() {
            let days = self.dice.between(3, 8);
            let then = self.after(at, days)?;
            self.at(then, Act::TakeBack { goods, line: "1".to_owned(), bill });
        }
        Ok(())
    }

    fn take_back(&mut self, at: Stamp, goods: &str, line: &str, bill: usize) -> ToolResult<()> {
        let condition = *self.dice.pick(&["opened", "as_new", "opened"]);
        let came = json!({"return": goods, "lines": [{"line": line, "qty": "1", "condition": condition}]});
        if self.stage.ask(at, Part::Operations, "orders_return_receive", &came)?.is_some() {
            self.credit(at, bill)?;
        }
        Ok(())
    }

    fn purchase(&mut self, at: Stamp, estate: usize, draft: bool) -> ToolResult<()> {
        let mut lines: Vec<(String, i64, i64)> = Vec::new();
        for item in self.market.items.iter().filter(|item| item.estate == Some(estate)) {
            if item.sku == self.market.neglected && self.times.days_since(at) < 150 {
                continue;
            }
            let sold = self.sold.get(&item.sku).copied().unwrap_or(0);
            let pack = if matches!(item.form, Form::Bottle | Form::Ware) { 12 } else { 3 };
            if sold > 0 {
                let wanted = (sold * 12 / 10 + pack - 1) / pack * pack;
                lines.push((item.sku.clone(), wanted, item.cost));
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        let Some(supplier) = self.market.estates.get(&estate).cloned() else { return Ok(()) };
        let wanted: Vec<Value> =
            lines.iter().map(|(sku, qty, _)| json!({"product": sku, "qty": qty.to_string()})).collect();
        let order = json!({"supplier": supplier.0, "lines": wanted, "location": CELLARS});
        let Some(made) = self.stage.ask(at, Part::Operations, "catalog_purchase_create", &order)? else {
            return Ok(());
        };
        for (sku, ..) in &lines {
            self.sold.remove(sku);
        }
        let purchase = text(&made, "/purchase_order/number").to_owned();
        // What was drafted yesterday waits for somebody to look at it.
        if draft {
            return Ok(());
        }
        let then = at.plus_millis(1_800_000).map_err(fault)?;
        let send = json!({"purchase_order": purchase, "to": format!("orders@{}.example",
            super::people::slug(&supplier.1))});
        if self.stage.ask(then, Part::Operations, "catalog_purchase_send", &send)?.is_some() {
            let days = self.dice.between(9, 24);
            let then = self.after(at, days)?;
            let short = lines.len() > 1 && (self.times.days_since(at) < 45 || self.dice.chance(18));
            self.at(then, Act::Receive { purchase, lines, short, estate });
        }
        Ok(())
    }

    fn receive(
        &mut self,
        at: Stamp,
        purchase: &str,
        lines: &[(String, i64, i64)],
        short: bool,
        estate: usize,
    ) -> ToolResult<()> {
        let came = if short { &lines[..lines.len().div_ceil(2)] } else { lines };
        // Estates change their prices a little from one delivery to the next.
        let change = self.dice.between(-2, 4);
        let mut total = 0;
        let mut goods = Vec::new();
        for (sku, quantity, cost) in came {
            let cost = cost * (100 + change) / 100;
            total += cost * quantity;
            let mut line = json!({"line": sku, "qty": quantity.to_string(), "cost": decimal(cost)});
            if self.dice.chance(3) {
                line["damaged_qty"] = json!("1");
            }
            goods.push(line);
        }
        let note = format!("BL {}", self.dice.between(10_000, 99_999));
        let book = json!({"purchase_order": purchase, "lines": goods, "delivery_note": note});
        if self.stage.ask(at, Part::Operations, "catalog_purchase_receive", &book)?.is_none() {
            return Ok(());
        }
        if short {
            let rest = lines[lines.len().div_ceil(2)..].to_vec();
            let days = self.dice.between(12, 40);
            let then = self.after(at, days)?;
            self.at(then, Act::Receive { purchase: purchase.to_owned(), lines: rest, short: false, estate });
        }
        self.owe(at, estate, total, purchase)
    }

    fn raise(&mut self, at: Stamp) -> ToolResult<()> {
        let first = at.day(&self.times.zone).plus_months(1).map_err(fault)?.first_of_month();
        for list in ["CELLAR", "TRADE", "EXPORT-GBP", "EXPORT-CHF", "EXPORT-USD"] {
            let rise = json!({"price_list": list, "category": "Wine", "percent": "3.5", "rounding": "0.10",
                "valid_from": first.to_string(), "allow_below_cost": true});
            self.stage.ask(at, Part::Operations, "catalog_price_adjust", &rise)?;
        }
        Ok(())
    }

    /// The depot is counted: two items are short, one is over.
    fn count(&mut self, at: Stamp) -> ToolResult<()> {
        let asked = json!({"location": DEPOT, "limit": 12});
        let Some(found) = self.stage.ask(at, Part::Operations, "catalog_stock_list", &asked)? else {
            return Ok(());
        };
        let rows = found.as_object().and_then(|answer| answer.values().find_map(Value::as_array));
        let mut lines = Vec::new();
        for (place, row) in rows.into_iter().flatten().enumerate() {
            let there = text(row, "/on_hand").parse::<i64>().unwrap_or(0);
            let reserved = text(row, "/reserved").parse::<i64>().unwrap_or(0);
            let counted = match place {
                1 if there > reserved => there - 1,
                4 if there > reserved + 1 => there - 2,
                7 => there + 1,
                _ => there,
            };
            lines.push(json!({"product": text(row, "/sku"), "counted": counted.to_string()}));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let count = json!({"location": DEPOT, "lines": lines});
        self.stage.ask(at, Part::Operations, "catalog_count_post", &count).map(drop)
    }

    fn transfer(&mut self, at: Stamp, arrives: bool) -> ToolResult<()> {
        let bottles: Vec<String> = self
            .market
            .items
            .iter()
            .filter(|item| item.form == Form::Bottle && item.sku != self.market.neglected)
            .map(|item| item.sku.clone())
            .collect();
        // Each line by itself: what is reserved stays, and the others go.
        for _ in 0..4 {
            let line = json!({"product": self.dice.pick(&bottles), "qty": "12"});
            let moved = json!({"lines": [line], "from": CELLARS, "to": DEPOT, "via_transit": !arrives});
            self.stage.ask(at, Part::Operations, "catalog_stock_transfer", &moved)?;
        }
        Ok(())
    }
}
