//! `invoicing_invoice_generate`: a draft of what is ready to bill.

use std::sync::Arc;

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{Day, Quantity, Stamp};
use maitred_party::commerce::{Billable, BillableSource, PriceResolver};
use maitred_party::org::today;
use maitred_party::store::companies;

use crate::drafting::Line;
use crate::drafts::{Ask, Drafted, draft};
use crate::model::BillableLink;
use crate::views::{InvoiceView, invoice_view};

words! {
    /// What is billed.
    pub enum Source {
        /// An order: what left, and work agreed on.
        Order = "order",
        /// A project: approved time and reached milestones.
        Project = "project",
        /// A subscription: its period.
        Subscription = "subscription",
    }
}

words! {
    /// What a line is.
    pub enum Grouping {
        /// Each unit is a line.
        Unit = "unit",
        /// Units of one product at one price are one line.
        Product = "product",
    }
}

/// The tool.
pub struct InvoiceGenerate;

impl Tool for InvoiceGenerate {
    const NAME: &str = "invoicing_invoice_generate";
    const TITLE: &str = "Bill what is ready";
    const ABOUT: &str = "Draft an invoice from what is ready to bill: shipped order lines, approved time and reached \
                         milestones of a project, or a subscription period. Each unit is billed once.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; contact ada company=acme can-order=yes email=ada@acme.example; tax DE standard S 1900;
                  catalog_product_create {"name": "Repair", "kind": "service", "unit": "HUR", "variants": [{"sku": "REP"}]};
                  catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
                  catalog_price_set {"price_list": "BASE", "points": [{"product": "REP", "price": "60"}]};
                  catalog_product_transition {"product": "REP", "status": "active"};
                  orders_order_create {"company": "@acme", "lines": [{"product": "REP", "qty": "1.5"}]} as so=order.id;
                  orders_order_confirm {"order": "@so"}"#,
        args: r#"{"source": "order", "ref": "@so"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let source = source(cx, args.source)?;
        let ready = source.ready(cx, &args.r#ref, args.upto)?;
        let left_out: Vec<LeftOut> =
            ready.left_out.into_iter().map(|(what, why)| LeftOut { what, why }).collect();
        if ready.items.is_empty() {
            let all = serde_json::to_string(
                &left_out.iter().map(|one| format!("{}: {}", one.what, one.why)).collect::<Vec<_>>(),
            )
            .map_err(ToolError::internal)?;
            return Err(refused(
                Code::AlreadyDone,
                format!("nothing of `{}` is ready to bill", ready.document),
            )
            .field("ref")
            .with("left_out", all)
            .hint("see what was billed with invoicing_invoice_search"));
        }
        let company = companies::find(cx, ready.company.as_ref())?
            .ok_or_else(|| not_found("company", ready.company.as_ref()))?;
        let lots = lots(ready.items, args.grouping.unwrap_or(Grouping::Unit))?;
        let has_catalog = cx.port::<dyn PriceResolver>().is_some();
        let asked: Vec<Line> = lots.iter().map(|lot| lot.line(has_catalog)).collect();
        let days = lots.iter().flat_map(|lot| lot.units.iter().map(|unit| unit.supplied));
        let supplied = days.clone().min().zip(days.max());
        let day = match supplied {
            Some((_, last)) => last,
            None => today(cx)?,
        };
        let ask = Ask {
            company: &company,
            source: source.source(),
            currency: ready.currency,
            supplied,
            day,
            includes_tax: Some(ready.includes_tax),
            po_reference: ready.po_reference,
            note: None,
        };
        let drafted = draft(cx, ask, &asked)?;
        let billed = link(cx, source.as_ref(), &lots, &drafted)?;
        Ok(Output {
            id: drafted.invoice.id.0.clone(),
            document: ready.document,
            invoice: invoice_view(cx, drafted.invoice)?,
            billed,
            left_out,
            warnings: drafted.warnings,
        })
    }
}

fn source<'a>(db: &Writer<'a>, wanted: Source) -> ToolResult<&'a Arc<dyn BillableSource>> {
    db.ports::<dyn BillableSource>().iter().find(|source| source.source() == wanted.as_str()).ok_or_else(
        || {
            refused(
                Code::ModuleMissing,
                format!("this server has nothing to bill from a {}", wanted.as_str()),
            )
            .field("source")
            .hint("draft it by hand with invoicing_invoice_create")
        },
    )
}

/// Units that share a line.
struct Lot {
    units: Vec<Billable>,
    quantity: Quantity,
}

impl Lot {
    fn line(&self, has_catalog: bool) -> Line {
        let first = &self.units[0];
        Line {
            product: first.variant.clone().filter(|_| has_catalog),
            description: Some(first.description.clone()),
            qty: self.quantity,
            unit_price: Some(first.unit_price),
            discount: Some(first.discount).filter(|share| share.bp() != 0),
            tax_class: Some(first.tax_class),
            service: Some(first.service),
            unit: Some(first.unit.clone()),
        }
    }
}

fn alike(a: &Billable, b: &Billable) -> bool {
    (&a.variant, &a.description, &a.unit) == (&b.variant, &b.description, &b.unit)
        && (a.unit_price, a.discount, a.tax_class, a.service)
            == (b.unit_price, b.discount, b.tax_class, b.service)
}

fn lots(items: Vec<Billable>, grouping: Grouping) -> ToolResult<Vec<Lot>> {
    let mut lots: Vec<Lot> = Vec::new();
    for item in items {
        let known = match grouping {
            Grouping::Unit => None,
            Grouping::Product => lots.iter_mut().find(|lot| alike(&lot.units[0], &item)),
        };
        match known {
            Some(lot) => {
                let sum = lot.quantity.thousandths().checked_add(item.quantity.thousandths());
                lot.quantity = Quantity::from_thousandths(
                    sum.ok_or_else(|| invalid("ref", "bills more than can be counted"))?,
                );
                lot.units.push(item);
            }
            None => lots.push(Lot { quantity: item.quantity, units: vec![item] }),
        }
    }
    Ok(lots)
}

fn link(
    db: &Writer<'_>,
    source: &dyn BillableSource,
    lots: &[Lot],
    drafted: &Drafted,
) -> ToolResult<Vec<BilledView>> {
    let mut billed = Vec::new();
    for (lot, line) in lots.iter().zip(&drafted.lines) {
        for unit in &lot.units {
            db.insert(&mut BillableLink {
                id: db.fresh_id(),
                version: 1,
                created_at: Stamp::EPOCH,
                updated_at: Stamp::EPOCH,
                unit_kind: unit.unit_kind.to_owned(),
                unit_id: unit.unit_id.clone(),
                quantity: unit.quantity,
                invoice_line_id: line.id.clone(),
            })?;
            source.billed(db, &unit.unit_id, unit.quantity)?;
            billed.push(BilledView {
                line: line.position,
                description: unit.description.clone(),
                qty: unit.quantity,
                supplied: unit.supplied,
            });
        }
    }
    Ok(billed)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Source.
    source: Source,
    /// Its number or id.
    #[arg(min = 1, max = 80)]
    r#ref: String,
    /// Supplied by then.
    upto: Option<Day>,
    /// Default unit.
    grouping: Option<Grouping>,
}

/// A unit that is billed.
#[derive(ToolOutput)]
pub struct BilledView {
    /// Number of the line.
    line: i64,
    /// What it is.
    description: String,
    /// How much of it.
    qty: Quantity,
    /// When it was supplied.
    supplied: Day,
}

/// Something that is not billed.
#[derive(ToolOutput)]
pub struct LeftOut {
    /// What it is.
    what: String,
    /// Why.
    why: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id of the draft.
    id: String,
    /// What it bills.
    document: String,
    /// The draft.
    invoice: InvoiceView,
    /// Units on it.
    billed: Vec<BilledView>,
    /// What is not on it, and why.
    left_out: Vec<LeftOut>,
    /// What somebody should look at.
    warnings: Vec<&'static str>,
}

#[cfg(test)]
mod tests {
    use maitred_core::tool::Domain;
    use maitred_party::commerce::{Credit, DocumentDrafter};
    use maitred_testkit::Fixture;
    use serde_json::{Value, json};

    const DOMAINS: &[&Domain] = &[&crate::DOMAIN, &maitred_orders::DOMAIN, &maitred_catalog::DOMAIN];
    const GIVEN: &str = r#"company acme kind=customer; contact ada company=acme can-order=yes email=ada@acme.example; tax DE standard S 1900;
        setting invoicing.seller {"name": "Maison GmbH", "tax_number": "1"};
        catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]};
        catalog_product_create {"name": "Repair", "kind": "service", "unit": "HUR", "variants": [{"sku": "REP"}]};
        catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
        catalog_price_set {"price_list": "BASE", "points": [{"product": "REP", "price": "60"}, {"product": "CH-1", "price": "9.99"}]};
        catalog_product_transition {"product": "REP", "status": "active"};
        catalog_product_transition {"product": "CH-1", "status": "active"};
        catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 12, "reason": "found"}]};
        orders_order_create {"company": "@acme", "po_reference": "4711", "lines": [{"product": "REP", "qty": "1.5"}, {"product": "CH-1", "qty": 4}]} as so=order.id;
        orders_order_confirm {"order": "@so"}"#;

    fn generate(fixture: &Fixture) -> Value {
        fixture.call("invoicing_invoice_generate", r#"{"source": "order", "ref": "@so"}"#).json()
    }

    fn ship(fixture: &Fixture, qty: u32) {
        let args = format!(
            r#"{{"order": "@so", "lines": [{{"line": "2", "qty": {qty}}}], "shipped_at": "2026-03-02T09:30:00Z"}}"#
        );
        let answer = fixture.call_confirmed("orders_shipment_create", &args);
        assert!(!answer.failed, "{}", answer.raw);
    }

    #[test]
    fn each_unit_is_billed_once_and_a_discarded_draft_frees_it() {
        let fixture = Fixture::new(DOMAINS, GIVEN);
        ship(&fixture, 3);
        let first = generate(&fixture);
        assert_eq!(first["billed"].as_array().map(Vec::len), Some(2), "{first}");
        assert_eq!(first["invoice"]["net"], "119.97");
        assert_eq!(first["invoice"]["po_reference"], "4711");
        assert_eq!(generate(&fixture)["error"]["code"], "already_done");
        let other = format!(
            r#"{{"invoice": {}, "lines": [{{"description": "X", "qty": 1, "unit_price": 1}}]}}"#,
            first["id"]
        );
        assert_eq!(fixture.call("invoicing_invoice_update", &other).json()["error"]["code"], "immutable");
        let discard = format!(r#"{{"invoice": {}}}"#, first["id"]);
        assert_eq!(fixture.call_confirmed("invoicing_invoice_discard", &discard).json()["freed"], 2);
        let second = generate(&fixture);
        assert_eq!(second["invoice"]["net"], "119.97");
        ship(&fixture, 1);
        let third = generate(&fixture);
        assert_eq!((&third["invoice"]["net"], &third["billed"][0]["qty"]), (&json!("9.99"), &json!("1")));
    }

    #[test]
    fn order_and_invoice_come_to_the_same() {
        let fixture = Fixture::new(DOMAINS, GIVEN);
        ship(&fixture, 4);
        let order = fixture.call("orders_order_get", r#"{"order": "@so"}"#).json();
        let invoice = generate(&fixture)["invoice"].clone();
        for member in ["net", "tax", "gross"] {
            let of_order = order["order"][member].as_str();
            assert_eq!(of_order, invoice[member].as_str(), "{member} of {order}");
        }
    }

    #[test]
    fn what_a_server_lacks_is_said() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        assert_eq!(generate_of(&fixture, "order"), "module_missing");
        assert_eq!(generate_of(&fixture, "project"), "module_missing");
    }

    fn generate_of(fixture: &Fixture, source: &str) -> Value {
        let args = format!(r#"{{"source": "{source}", "ref": "x"}}"#);
        fixture.call("invoicing_invoice_generate", &args).json()["error"]["code"].clone()
    }

    #[test]
    fn a_credit_is_proposed_and_drafted_at_what_was_invoiced() {
        let fixture = Fixture::new(DOMAINS, GIVEN);
        ship(&fixture, 4);
        let made = generate(&fixture);
        let issue = format!(r#"{{"invoice": {}}}"#, made["id"]);
        fixture.call_confirmed("invoicing_invoice_issue", &issue);
        let unit = fixture.read(|db| Ok(crate::store::testing::units(db)?)).unwrap();
        let chair = unit.iter().find(|(_, quantity)| *quantity == 4_000).unwrap().0.clone();
        let credit = |quantity: i64| -> (String, i64) {
            let chair = chair.clone();
            fixture
                .read(|db| {
                    let quantity = maitred_kernel::Quantity::from_thousandths(quantity);
                    let credits = [Credit { unit_id: &chair, quantity }];
                    let found = crate::drafter::Drafter.credit_proposal(db, &credits)?;
                    let one = &found[0];
                    Ok((one.invoice.clone(), one.gross.minor))
                })
                .unwrap()
        };
        assert_eq!(credit(1_000), ("INV-2026-00001".to_owned(), 1189));
        let drafted = fixture
            .write({
                let chair = chair.clone();
                move |db| {
                    let quantity = maitred_kernel::Quantity::from_thousandths(1_000);
                    let credits = [Credit { unit_id: &chair, quantity }];
                    let made = crate::drafter::Drafter.draft_credit(db, &credits, "scratched")?;
                    Ok((made[0].gross.minor, made[0].kind, made[0].status.clone()))
                }
            })
            .unwrap();
        assert_eq!(drafted, (1189, "credit_note", "draft".to_owned()));
        let known =
            fixture.read(|db| Ok(crate::drafter::Drafter.documents_of(db, &[&chair])?.len())).unwrap();
        assert_eq!(known, 2);
        assert_eq!(credit(9_000).1, 3566, "the three that are left, and the tax that is left");
    }
}
