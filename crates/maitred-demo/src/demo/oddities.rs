//! A few things that are wrong on purpose, so that there is something to find.

use maitred_core::error::ToolResult;
use maitred_kernel::{Stamp, format_minor};
use serde::Serialize;
use serde_json::json;

use super::dice::fault;
use super::season::{Act, Season};
use super::stage::{Part, text};
use super::trade::decimal;
use super::wines::Form;

/// Something that is wrong on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Oddity {
    /// What is wrong.
    pub what: &'static str,
    /// Number, SKU or name it is about.
    pub about: String,
    /// The tool that finds it.
    pub tool: &'static str,
    /// Arguments to find it with, as JSON.
    pub arguments: String,
}

/// What goes wrong, and a few other single events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// The customer gets a very low credit limit and orders far above it.
    OverLimit,
    /// An order is stopped because of its address.
    Held,
    /// A price is set below cost.
    UnderCost,
    /// A line is sold below cost.
    Loss,
    /// A quote is sent that will be forgotten.
    StaleQuote,
    /// Somebody still means to follow it up.
    FollowUp,
    /// An overdue invoice is disputed, another one promised.
    Dispute,
    /// An invoice is paid twice.
    Twice,
    /// Somebody pays fifty too much.
    TooMuch,
    /// Money comes and nobody knows for what.
    Unknown,
    /// A little is taken off an invoice.
    Goodwill,
    /// A tasting is billed that will be paid soon, and less two percent.
    Prompt,
    /// Something is begun and not finished: two invoices and an order.
    Drafts,
    /// A small rest is let go.
    WriteOff {
        /// Of this bill.
        bill: usize,
    },
    /// The client of the demo has something in the basket.
    Basket,
}

impl Odd {
    /// When each happens, days before today.
    pub fn plan(season: &mut Season<'_, '_>) -> ToolResult<()> {
        for (days, odd) in [
            (50, Self::StaleQuote),
            (45, Self::Goodwill),
            (30, Self::UnderCost),
            (25, Self::TooMuch),
            (16, Self::Twice),
            (12, Self::Loss),
            (9, Self::Unknown),
            (6, Self::Dispute),
            (4, Self::Held),
            (2, Self::OverLimit),
            (2, Self::FollowUp),
            (1, Self::Drafts),
            (1, Self::Basket),
        ] {
            let at = season.times.ago(&mut season.dice, days)?;
            season.at(at, Act::Odd(odd));
        }
        let friday = season.cash.until.plus_days(-9).map_err(fault)?;
        let at = season.times.at(friday, 14 * 60)?;
        season.at(at, Act::Odd(Self::Prompt));
        Ok(())
    }
}

impl Season<'_, '_> {
    /// Lets it happen.
    pub fn odd(&mut self, at: Stamp, odd: Odd) -> ToolResult<()> {
        match odd {
            Odd::OverLimit => self.over_limit(at),
            Odd::Held => self.held(at),
            Odd::UnderCost => self.under_cost(at),
            Odd::Loss => self.loss(at),
            Odd::StaleQuote => self.stale_quote(at),
            Odd::FollowUp => self.follow_up(at),
            Odd::Dispute => self.dispute(at),
            Odd::Twice => self.twice(at),
            Odd::TooMuch => self.too_much(at),
            Odd::Unknown => self.unknown(at),
            Odd::Goodwill => self.goodwill(at),
            Odd::Prompt => self.prompt(at),
            Odd::Drafts => self.drafts(at),
            Odd::WriteOff { bill } => self.write_off(at, bill),
            Odd::Basket => self.basket_of_the_client(at),
        }
    }

    fn found(&mut self, what: &'static str, about: &str, tool: &'static str, arguments: &serde_json::Value) {
        self.oddities.push(Oddity { what, about: about.to_owned(), tool, arguments: arguments.to_string() });
    }

    /// Somebody who buys in euro and is known, the `nth` of them.
    fn buyer(&self, at: Stamp, nth: usize) -> Option<usize> {
        (0..self.market.customers.len())
            .filter(|place| {
                let who = &self.market.customers[*place];
                who.currency.code() == "EUR" && who.since < at && !who.discount
            })
            .nth(nth)
    }

    fn ordered(
        &mut self,
        at: Stamp,
        customer: usize,
        lines: &serde_json::Value,
    ) -> ToolResult<Option<String>> {
        let who = &self.market.customers[customer];
        let order = json!({"company": who.company, "contact": who.contact, "lines": lines});
        let made = self.stage.ask(at, Part::Sales, "orders_order_create", &order)?;
        Ok(made.map(|made| text(&made, "/order/number").to_owned()))
    }

    fn over_limit(&mut self, at: Stamp) -> ToolResult<()> {
        let Some(customer) = self.buyer(at, 7) else { return Ok(()) };
        let company = self.market.customers[customer].company.clone();
        let limit = json!({"company": company, "credit_limit": "1500"});
        self.stage.ask(at, Part::Finance, "invoicing_terms_update", &limit)?;
        let item = &self.market.items[self.market.customers[customer].palette[0]];
        // Well over the limit, in whole packs of six.
        let quantity = (250_000 / item.price.max(1) / 6 + 1) * 6;
        let lines = json!([{"product": item.sku, "qty": quantity.to_string()}]);
        let Some(order) = self.ordered(at, customer, &lines)? else { return Ok(()) };
        let how = json!({"order": order, "allow_backorder": true});
        let then = at.plus_millis(900_000).map_err(fault)?;
        let agreed = self.stage.ask(then, Part::Sales, "orders_order_confirm", &how)?;
        if agreed.is_some_and(|agreed| text(&agreed, "/order/status") == "pending_approval") {
            let find = json!({"status": "pending_approval"});
            self.found(
                "an order above the credit limit waits for approval",
                &order,
                "orders_order_search",
                &find,
            );
        }
        Ok(())
    }

    fn held(&mut self, at: Stamp) -> ToolResult<()> {
        let Some(customer) = self.buyer(at, 3) else { return Ok(()) };
        let basket = self.basket(customer);
        let lines = json!(self.lines(&basket));
        let Some(order) = self.ordered(at, customer, &lines)? else { return Ok(()) };
        let how = json!({"order": order, "allow_backorder": true, "override_credit": "a small order"});
        if self.stage.ask(at, Part::Finance, "orders_order_confirm", &how)?.is_none() {
            return Ok(());
        }
        let hold = json!({"order": order, "hold_reason": "the address of delivery does not exist"});
        if self.stage.ask(at, Part::Operations, "orders_order_update", &hold)?.is_some() {
            let find = json!({"on_hold": true});
            self.found("an order is held because of its address", &order, "orders_order_search", &find);
        }
        Ok(())
    }

    fn under_cost(&mut self, at: Stamp) -> ToolResult<()> {
        let item = self.market.items.iter().filter(|item| item.form == Form::Bottle).nth(11);
        let Some(item) = item.cloned() else { return Ok(()) };
        let points = json!([{"product": item.sku, "price": decimal(item.cost * 9 / 10)}]);
        let set = json!({"price_list": "CELLAR", "points": points, "allow_below_cost": true});
        if self.stage.ask(at, Part::Operations, "catalog_price_set", &set)?.is_some() {
            let find = json!({"product": item.sku, "include": ["prices", "suppliers"]});
            self.found("a price is below cost", &item.sku, "catalog_product_get", &find);
        }
        Ok(())
    }

    fn loss(&mut self, at: Stamp) -> ToolResult<()> {
        let Some(customer) = self.buyer(at, 5) else { return Ok(()) };
        let item = self.market.items.iter().filter(|item| item.form == Form::Bottle).nth(4);
        let Some(item) = item.cloned() else { return Ok(()) };
        let lines = json!([{"product": item.sku, "qty": "12", "unit_price": decimal(item.cost * 85 / 100)}]);
        let Some(order) = self.ordered(at, customer, &lines)? else { return Ok(()) };
        self.confirm(at, order.clone(), customer)?;
        let find = json!({"order": order});
        self.found("a line is sold below cost", &order, "orders_order_get", &find);
        Ok(())
    }

    fn stale_quote(&mut self, at: Stamp) -> ToolResult<()> {
        let Some(customer) = self.buyer(at, 9) else { return Ok(()) };
        let basket = self.basket(customer);
        let lines = self.lines(&basket);
        let who = &self.market.customers[customer];
        let quote = json!({"company": who.company, "contact": who.contact, "lines": lines});
        let Some(made) = self.stage.ask(at, Part::Sales, "orders_quote_create", &quote)? else {
            return Ok(());
        };
        let number = text(&made, "/quote/number").to_owned();
        let sent = json!({"quote": number, "message": "Here is what we spoke of at the tasting."});
        if self.stage.ask(at, Part::Sales, "orders_quote_send", &sent)?.is_some() {
            self.forgotten = Some((number, customer));
        }
        Ok(())
    }

    fn follow_up(&mut self, at: Stamp) -> ToolResult<()> {
        let Some((quote, customer)) = self.forgotten.clone() else { return Ok(()) };
        let due = self.times.ahead(&mut self.dice, 2)?;
        let who = &self.market.customers[customer];
        let todo = json!({"title": format!("Call {} about quote {quote}: do they want it?", who.name),
            "due_at": due, "about": [who.company]});
        if self.stage.ask(at, Part::Sales, "crm_todo_create", &todo)?.is_some() {
            let find = json!({"status": "expired", "limit": 100});
            self.found("a quote is followed up that has expired", &quote, "orders_quote_search", &find);
        }
        Ok(())
    }

    /// Bills in euro that nobody speaks for, with something open, the longest due first.
    fn open_bills(&self, at: Stamp) -> Vec<usize> {
        let day = at.day(&self.times.zone);
        let mut open: Vec<usize> = (0..self.cash.bills.len())
            .filter(|place| {
                let bill = &self.cash.bills[*place];
                bill.open > 0 && !bill.spoken_for && bill.currency.code() == "EUR" && bill.issued < day
            })
            .collect();
        open.sort_by_key(|place| self.cash.bills[*place].due);
        open
    }

    fn dispute(&mut self, at: Stamp) -> ToolResult<()> {
        let open = self.open_bills(at);
        let day = at.day(&self.times.zone);
        for (nth, place) in open.into_iter().take(2).enumerate() {
            let number = self.cash.bills[place].number.clone();
            let mark = if nth == 0 {
                json!({"invoice": number, "mark": "disputed", "reason": "says that two cases were corked"})
            } else {
                let until = day.plus_days(12).map_err(fault)?;
                json!({"invoice": number, "mark": "promised", "date": until.to_string()})
            };
            if self.stage.ask(at, Part::Finance, "invoicing_collection_mark", &mark)?.is_some() {
                self.cash.bills[place].spoken_for = true;
                if nth == 0 {
                    let find = json!({"overdue": true, "limit": 100, "fields": ["*"]});
                    self.found("an overdue invoice is disputed", &number, "invoicing_invoice_search", &find);
                }
            }
        }
        Ok(())
    }

    fn payment(&self, bill: usize, cents: i64) -> serde_json::Value {
        let bill = &self.cash.bills[bill];
        json!({
            "company": self.market.customers[bill.customer].company,
            "amount": format_minor(cents, bill.currency),
            "method": "cheque",
            "reference": bill.number,
            "allocations": [{"invoice": bill.number}],
        })
    }

    fn twice(&mut self, at: Stamp) -> ToolResult<()> {
        let Some(place) = self.open_bills(at).first().copied() else { return Ok(()) };
        let number = self.cash.bills[place].number.clone();
        let mut payment = self.payment(place, self.cash.bills[place].open);
        if self.stage.ask(at, Part::Finance, "invoicing_payment_record", &payment)?.is_none() {
            return Ok(());
        }
        self.cash.bills[place].open = 0;
        if let Some(fields) = payment.as_object_mut() {
            fields.remove("allocations");
            fields.insert("allocate".to_owned(), json!("none"));
            fields.insert("confirm_duplicate".to_owned(), json!(true));
        }
        let then = self.after(at, 2)?;
        if self.stage.ask(then, Part::Finance, "invoicing_payment_record", &payment)?.is_some() {
            let find = json!({"unallocated": true, "limit": 100});
            self.found("an invoice was paid twice", &number, "invoicing_payment_search", &find);
        }
        Ok(())
    }

    fn too_much(&mut self, at: Stamp) -> ToolResult<()> {
        let Some(place) = self.open_bills(at).last().copied() else { return Ok(()) };
        let payment = self.payment(place, self.cash.bills[place].open + 5_000);
        if self.stage.ask(at, Part::Finance, "invoicing_payment_record", &payment)?.is_some() {
            self.cash.bills[place].open = 0;
        }
        Ok(())
    }

    fn unknown(&mut self, at: Stamp) -> ToolResult<()> {
        let Some(customer) = self.buyer(at, 2) else { return Ok(()) };
        let payment = json!({"company": self.market.customers[customer].company, "amount": "420.00",
            "method": "bank_transfer", "reference": "deposit", "allocate": "none"});
        self.stage.ask(at, Part::Finance, "invoicing_payment_record", &payment).map(drop)
    }

    fn goodwill(&mut self, at: Stamp) -> ToolResult<()> {
        let Some(place) = self.open_bills(at).last().copied() else { return Ok(()) };
        let note = json!({"invoice": self.cash.bills[place].number, "reason": "goodwill",
            "lines": [{"line": 1, "amount": "12.00"}], "note": "two labels were torn"});
        let credited = self.stage.ask(at, Part::Finance, "invoicing_credit_note_create", &note)?;
        self.left(place, credited.as_ref());
        Ok(())
    }

    fn prompt(&mut self, at: Stamp) -> ToolResult<()> {
        let prompt = (0..self.market.customers.len()).find(|place| {
            let who = &self.market.customers[*place];
            who.discount && who.since < at
        });
        let Some(customer) = prompt else { return Ok(()) };
        let draft = json!({"company": self.market.customers[customer].company,
            "lines": [{"product": "SRV-TASTING", "qty": "14"}], "note": "Tasting for your team"});
        let Some(made) = self.stage.ask(at, Part::Finance, "invoicing_invoice_create", &draft)? else {
            return Ok(());
        };
        let id = json!({"invoice": text(&made, "/id")});
        if let Some(issued) = self.stage.ask(at, Part::Finance, "invoicing_invoice_issue", &id)? {
            let bill = self.billed(at, customer, issued.get("invoice").unwrap_or(&issued))?;
            self.cash.bills[bill].spoken_for = true;
            self.prompt = Some(bill);
        }
        Ok(())
    }

    fn drafts(&mut self, at: Stamp) -> ToolResult<()> {
        for (nth, guests) in [(1, 12), (4, 9)] {
            let Some(customer) = self.buyer(at, nth) else { continue };
            let draft = json!({"company": self.market.customers[customer].company,
                "lines": [{"product": "SRV-TASTING", "qty": guests.to_string()},
                    {"product": "SRV-DELIVERY", "qty": "1"}]});
            self.stage.ask(at, Part::Finance, "invoicing_invoice_create", &draft)?;
        }
        let Some(customer) = self.buyer(at, 6) else { return Ok(()) };
        let basket = self.basket(customer);
        let lines = json!(self.lines(&basket));
        self.ordered(at, customer, &lines).map(drop)
    }

    fn write_off(&mut self, at: Stamp, bill: usize) -> ToolResult<()> {
        let small = json!({"invoice": self.cash.bills[bill].number, "cause": "small_difference",
            "reason": "bank charges of the customer"});
        if self.stage.ask(at, Part::Finance, "invoicing_invoice_write_off", &small)?.is_some() {
            self.cash.bills[bill].open = 0;
        }
        Ok(())
    }

    fn basket_of_the_client(&mut self, at: Stamp) -> ToolResult<()> {
        let bottles: Vec<&str> = self
            .market
            .items
            .iter()
            .filter(|item| item.form == Form::Bottle && item.sku != self.market.neglected)
            .map(|item| item.sku.as_str())
            .take(2)
            .collect();
        let lines: Vec<_> = bottles.iter().map(|sku| json!({"product": sku, "qty": "6"})).collect();
        let basket = json!({"lines": lines});
        self.stage.ask(at, Part::Client, "orders_my_cart_set", &basket).map(drop)
    }

    /// What is only known when the story is told: what sold out and was not bought again.
    pub fn sold_out(&mut self) -> ToolResult<()> {
        let find = json!({"limit": 100});
        let now = self.times.now;
        let found = self.stage.ask(now, Part::Operations, "catalog_replenishment_suggest", &find)?;
        let found = found.unwrap_or_default();
        let lines = found.get("lines").and_then(serde_json::Value::as_array);
        let skus: Vec<&str> = lines.into_iter().flatten().map(|line| text(line, "/sku")).collect();
        let neglected = skus.iter().find(|sku| **sku == self.market.neglected).or(skus.first());
        if let Some(sku) = neglected.map(|sku| (*sku).to_owned()) {
            self.found("a wine is below its reorder point", &sku, "catalog_replenishment_suggest", &find);
        }
        Ok(())
    }
}
