//! `invoicing_credit_note_create`: an issued invoice is corrected.

use std::collections::BTreeMap;

use maitred_core::prelude::*;
use maitred_kernel::wire::Amount;
use maitred_kernel::{BasisPoints, Quantity, Stamp, format_minor};
use maitred_party::commerce::{ComingBack, Disposition, StockLedger};
use maitred_party::model::TaxCategory;

use crate::crediting::{Ask, Group, Left, Taken, take, tax_of};
use crate::drafting::{replace, tax_row};
use crate::issuing::issue;
use crate::model::{
    Collection, CreditReason, DocumentKind, Invoice, InvoiceId, InvoiceLine, InvoiceLineId, InvoiceStatus,
    InvoiceTax,
};
use crate::store::invoices;
use crate::views::{InvoiceView, invoice_view};

/// The tool.
pub struct CreditNoteCreate;

impl Tool for CreditNoteCreate {
    const NAME: &str = "invoicing_credit_note_create";
    const TITLE: &str = "Credit an invoice";
    const ABOUT: &str =
        "Correct or reverse an issued invoice, in full or by line. The only way to change what was invoiced.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"}"#,
        args: r#"{"invoice": "@inv", "lines": [{"line": 1, "qty": 1}], "reason": "return"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let invoice = invoices::resolve(cx, &args.invoice, "invoice")?;
        creditable(&invoice)?;
        let asks = asks(cx, &invoice, &args)?;
        let restock = args.restock.unwrap_or(false);
        let issues = args.issue.unwrap_or(true);
        if restock && !issues {
            return Err(invalid("restock", "goes with a credit note that is issued, not with a draft"));
        }
        let note = draft(cx, &invoice, &asks, args.reason, args.note)?;
        let note = if issues { issue(cx, &note, None)?.0 } else { note };
        let restocked = if restock { Some(put_into_stock(cx, &note)?) } else { None };
        let left = cx.get::<Invoice>(invoice.id.as_ref())?.map_or(invoice.balance, |invoice| invoice.balance);
        Ok(Output {
            id: note.id.0.clone(),
            balance: format_minor(left, note.currency),
            credit_note: invoice_view(cx, note)?,
            restocked,
        })
    }
}

fn creditable(invoice: &Invoice) -> ToolResult<()> {
    let (what, hint) = match (invoice.kind, invoice.status) {
        (DocumentKind::CreditNote, _) => {
            ("is a credit note", "name the invoice it corrects, or invoice it again")
        }
        (_, InvoiceStatus::Draft) => ("is no invoice yet", "change it with invoicing_invoice_update"),
        (_, InvoiceStatus::Discarded) => ("was discarded", "draft another with invoicing_invoice_create"),
        (_, InvoiceStatus::WrittenOff) => {
            ("was written off", "a credit note would take back what was given up")
        }
        _ => return Ok(()),
    };
    Err(refused(Code::IllegalTransition, format!("`{}` {what}", invoice.label())).field("invoice").hint(hint))
}

/// Puts the goods that were credited by quantity where goods are sold from; answers how many moves of stock that took.
fn put_into_stock(db: &Writer<'_>, note: &Invoice) -> ToolResult<i64> {
    let Some(stock) = db.port::<dyn StockLedger>() else {
        return Err(invalid("restock", "no module of this server keeps stock"));
    };
    let place = stock.place(db, None, "restock")?;
    let mut moves = 0;
    for line in invoices::lines(db, &note.id)? {
        let Some(variant) = line.variant_id.as_deref().filter(|_| line.credited_qty.thousandths() > 0) else {
            continue;
        };
        let coming = ComingBack {
            variant,
            quantity: line.credited_qty,
            place: &place.id,
            disposition: Disposition::Restock,
            document: note.id.as_ref(),
        };
        moves += stock.take_back(db, &coming)?.len() as i64;
    }
    Ok(moves)
}

/// The lines to credit and how much of each.
fn asks(db: &Reader<'_>, invoice: &Invoice, args: &Args) -> ToolResult<Vec<(InvoiceLine, Ask, String)>> {
    let lines = invoices::lines(db, &invoice.id)?;
    let full = args.full.unwrap_or(false);
    let Some(asked) = args.lines.as_ref().filter(|asked| !asked.is_empty()) else {
        if full {
            return Ok(lines.into_iter().map(|line| (line, Ask::Rest, "full".to_owned())).collect());
        }
        return Err(missing("lines").hint("or set full to take back all that is left"));
    };
    if full {
        return Err(invalid("full", "goes without lines"));
    }
    let (mut asks, mut seen) = (Vec::new(), Vec::new());
    for (index, ask) in asked.iter().enumerate() {
        let field = format!("lines[{index}]");
        let line = lines.iter().find(|line| line.position == i64::from(ask.line));
        let line = line.ok_or_else(|| {
            invalid(&format!("{field}.line"), format!("must be a line of `{}`", invoice.label()))
                .hint("see them with invoicing_invoice_get")
        })?;
        if seen.contains(&ask.line) {
            return Err(invalid(&format!("{field}.line"), "is given twice"));
        }
        seen.push(ask.line);
        let how = match (ask.qty, &ask.amount) {
            (Some(_), Some(_)) => return Err(invalid(&format!("{field}.amount"), "goes without qty")),
            (Some(units), None) => Ask::Units(units),
            (None, Some(amount)) => Ask::Net(amount.minor(invoice.currency, &format!("{field}.amount"))?),
            (None, None) => Ask::Rest,
        };
        asks.push((line.clone(), how, field));
    }
    Ok(asks)
}

/// Drafts a credit note of these lines.
///
/// # Errors
/// `over_credit` when more than is left is asked for, or nothing is left.
pub(crate) fn draft(
    db: &Writer<'_>,
    invoice: &Invoice,
    asks: &[(InvoiceLine, Ask, String)],
    reason: CreditReason,
    note: Option<String>,
) -> ToolResult<Invoice> {
    let id = InvoiceId(db.fresh_id());
    let mut lines = Vec::new();
    for (line, ask, field) in asks {
        let (units, net) = invoices::credited(db, &line.id)?;
        let left = Left {
            quantity: Quantity::from_thousandths(line.quantity.thousandths() - units.thousandths()),
            net: line.net - net,
        };
        let taken = take(line, left, *ask, invoice.currency, invoice.includes_tax);
        if let Some(taken) = taken.map_err(|error| error.within(field))? {
            lines.push(credit_line(db, &id, lines.len(), line, taken));
        }
    }
    if lines.is_empty() {
        return Err(refused(Code::OverCredit, format!("nothing is left to credit of `{}`", invoice.label()))
            .field("invoice")
            .hint("see its corrections with invoicing_invoice_get"));
    }
    let mut taxes = taxes(db, invoice, &id, &lines)?;
    let mut made = head(invoice, id, reason, note);
    made.lines_net = lines.iter().map(|line| line.net).sum();
    made.net = made.lines_net;
    made.tax = taxes.iter().map(|row| row.tax).sum();
    made.gross = made.net + made.tax;
    made.balance = made.gross;
    db.insert(&mut made)?;
    replace(db, &made.id, &mut lines, &mut taxes)?;
    Ok(made)
}

fn credit_line(
    db: &Writer<'_>,
    id: &InvoiceId,
    index: usize,
    line: &InvoiceLine,
    taken: Taken,
) -> InvoiceLine {
    InvoiceLine {
        id: InvoiceLineId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        invoice_id: id.clone(),
        position: index as i64 + 1,
        quantity: taken.quantity,
        unit_price: taken.unit_price,
        base_qty: taken.base_qty,
        discount_bp: taken.discount,
        net: taken.net,
        credited_qty: taken.credited_qty,
        corrected_line_id: Some(line.id.clone()),
        ..line.clone()
    }
}

type Key = (TaxCategory, BasisPoints);

fn taxes(
    db: &Writer<'_>,
    invoice: &Invoice,
    id: &InvoiceId,
    lines: &[InvoiceLine],
) -> ToolResult<Vec<InvoiceTax>> {
    let mut before: Vec<InvoiceTax> = Vec::new();
    for note in invoices::corrections(db, &invoice.id)? {
        before.extend(invoices::taxes(db, &note.id)?);
    }
    let whole = invoices::taxes(db, &invoice.id)?;
    let of = |rows: &[InvoiceTax], key: Key| {
        rows.iter().filter(|row| (row.category, row.rate_bp) == key).fold(Group::default(), |sum, row| {
            Group { taxable: sum.taxable + row.taxable, tax: sum.tax + row.tax }
        })
    };
    let mut nets: BTreeMap<(&str, BasisPoints), (Key, i64)> = BTreeMap::new();
    for line in lines {
        let key = (line.tax_category, line.tax_rate_bp);
        nets.entry((line.tax_category.as_str(), line.tax_rate_bp)).or_insert((key, 0)).1 += line.net;
    }
    nets.into_values()
        .map(|(key, net)| {
            let tax = tax_of(of(&whole, key), of(&before, key), net, key.1).map_err(ToolError::internal)?;
            Ok(tax_row(db, id, lines, key.0, key.1, net, tax))
        })
        .collect()
}

/// What a credit note takes over from its invoice. Its prices are without tax, whatever the invoice's are.
fn head(invoice: &Invoice, id: InvoiceId, reason: CreditReason, note: Option<String>) -> Invoice {
    Invoice {
        id,
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        number: None,
        series: "CN".to_owned(),
        kind: DocumentKind::CreditNote,
        corrects_id: Some(invoice.id.clone()),
        reason_code: Some(reason),
        status: InvoiceStatus::Draft,
        issue_date: None,
        due_date: None,
        net_days: 0,
        includes_tax: false,
        allowances: 0,
        charges: 0,
        prepaid: 0,
        rounding: 0,
        allocated: 0,
        credited: 0,
        written_off: 0,
        collection: Collection::None,
        promise_date: None,
        promise_amount: None,
        seller: None,
        buyer: None,
        note,
        document_sha256: None,
        ..invoice.clone()
    }
}

/// What to take back.
#[derive(ToolArgs)]
pub struct Line {
    /// Line number.
    #[arg(min = 1, max = 1000)]
    line: u32,
    /// Default all that is left.
    qty: Option<Quantity>,
    /// Instead of qty: net price reduction.
    amount: Option<Amount>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    invoice: String,
    /// What to take back.
    #[arg(min = 1, max = 200)]
    lines: Option<Vec<Line>>,
    /// All that is left, instead of lines.
    full: Option<bool>,
    /// Why.
    reason: CreditReason,
    /// Printed.
    #[arg(max = 1000)]
    note: Option<String>,
    /// Default true; else a draft.
    issue: Option<bool>,
    /// Goods back in stock.
    restock: Option<bool>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id of the credit note.
    id: String,
    /// The credit note.
    credit_note: InvoiceView,
    /// What is left to pay of the invoice.
    balance: String,
    /// Moves of stock.
    restocked: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    const GIVEN: &str = r#"company acme; tax DE standard S 1900; tax DE reduced S 700; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 3, "unit_price": "0.335"}, {"description": "Book", "qty": 1, "unit_price": "10", "tax_class": "reduced"}]} as inv;
        invoicing_invoice_issue {"invoice": "@inv"}"#;

    #[test]
    fn in_full_it_mirrors_the_invoice() {
        check(
            &crate::DOMAIN,
            GIVEN,
            "invoicing_credit_note_create",
            r#"{"invoice": "INV-2026-00001", "full": true, "reason": "cancelled"}"#,
            expect![[
                r##"{"id":"#1","credit_note":{"id":"#1","version":3,"number":"CN-2026-00001","kind":"credit_note","company":{"id":"@acme","name":"Acme"},"status":"paid","overdue":false,"issue_date":"2026-03-02","due_date":"2026-03-02","supply_from":"2026-03-02","supply_to":"2026-03-02","corrects":"INV-2026-00001","reason":"cancelled","currency":"EUR","lines":[{"line":1,"description":"A","qty":"3","unit":"C62","unit_price":"0.335","net":"1.01","tax_category":"S","tax_rate":"19"},{"line":2,"description":"Book","qty":"1","unit":"C62","unit_price":"10.00","net":"10.00","tax_category":"S","tax_rate":"7"}],"taxes":[{"category":"S","rate":"7","taxable":"10.00","tax":"0.70"},{"category":"S","rate":"19","taxable":"1.01","tax":"0.19"}],"net":"11.01","tax":"0.89","gross":"11.90","allocated":"11.90","balance":"0.00","applied":[{"document":"INV-2026-00001","amount":"11.90","on":"2026-03-02"}],"created_at":"@now","next":[]},"balance":"0.00"}"##
            ]],
        );
    }

    #[test]
    fn goods_go_back_into_stock_only_when_that_is_said() {
        let given = r#"company acme kind=customer; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "1"};
            catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]};
            catalog_price_list_save {"code": "BASE", "kind": "base", "currency": "EUR"};
            catalog_price_set {"price_list": "BASE", "points": [{"product": "CH-1", "price": "10"}]};
            catalog_product_transition {"product": "CH-1", "status": "active"};
            catalog_stock_adjust {"lines": [{"product": "CH-1", "delta": 5, "reason": "found"}]};
            invoicing_invoice_create {"company": "@acme", "lines": [{"product": "CH-1", "qty": 4}, {"description": "Work", "qty": 1, "unit_price": "30"}]} as inv;
            invoicing_invoice_issue {"invoice": "@inv"}"#;
        let fixture = Fixture::new(&[&maitred_catalog::DOMAIN, &crate::DOMAIN], given);
        let on_hand = || {
            let list = fixture.call("catalog_stock_list", r#"{"product": "CH-1"}"#).json();
            list["rows"][0]["on_hand"].as_str().unwrap_or_else(|| panic!("{list}")).to_owned()
        };
        let credit = |more: &str| {
            let args = format!(r#"{{"invoice": "@inv", "reason": "return", {more}}}"#);
            fixture.call_confirmed("invoicing_credit_note_create", &args).json()
        };
        let before = on_hand();
        let plain = credit(r#""lines": [{"line": 1, "qty": 1}]"#);
        assert_eq!((plain["restocked"].is_null(), on_hand()), (true, before), "{plain}");
        let price = credit(r#""lines": [{"line": 1, "amount": "2"}], "restock": true"#);
        assert_eq!((&price["restocked"], on_hand().as_str()), (&serde_json::json!(0), "5"), "{price}");
        let back = credit(r#""lines": [{"line": 1, "qty": 2}, {"line": 2}], "restock": true"#);
        assert_eq!((&back["restocked"], on_hand().as_str()), (&serde_json::json!(1), "7"), "{back}");
        let draft = credit(r#""full": true, "issue": false, "restock": true"#);
        assert_eq!(draft["error"]["code"], "invalid", "{draft}");
        let alone = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let args = r#"{"invoice": "@inv", "full": true, "reason": "return", "restock": true}"#;
        let refused = alone.call("invoicing_credit_note_create", args).json();
        assert_eq!(refused["error"]["field"], "restock", "{refused}");
    }

    #[test]
    fn line_by_line_it_comes_to_the_same_and_not_more() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let credit = |args: &str| fixture.call_confirmed("invoicing_credit_note_create", args);
        let one = r#"{"invoice": "@inv", "lines": [{"line": 1, "qty": 1}], "reason": "return"}"#;
        for _ in 0..3 {
            assert!(!credit(one).failed);
        }
        assert!(credit(one).raw.contains("over_credit"));
        assert!(
            credit(r#"{"invoice": "@inv", "lines": [{"line": 2, "amount": "10.01"}], "reason": "price"}"#)
                .raw
                .contains("over_credit")
        );
        assert!(
            !credit(r#"{"invoice": "@inv", "lines": [{"line": 2, "amount": "4"}], "reason": "price"}"#)
                .failed
        );
        let last = credit(r#"{"invoice": "@inv", "full": true, "reason": "goodwill"}"#).json();
        assert_eq!(last["balance"], "0.00");
        let invoice = fixture.call("invoicing_invoice_get", r#"{"invoice": "@inv"}"#).json();
        assert_eq!((&invoice["status"], &invoice["credited"]), (&"credited".into(), &invoice["gross"]));
        assert!(
            credit(r#"{"invoice": "@inv", "full": true, "reason": "error"}"#).raw.contains("nothing is left")
        );
    }

    #[test]
    fn drafts_are_changed_and_not_credited() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let draft = r#"{"invoice": "@inv", "full": true, "reason": "error", "issue": false}"#;
        let note = fixture.call_confirmed("invoicing_credit_note_create", draft).json();
        assert!(note["credit_note"]["number"].is_null());
        fixture.name("note", note["id"].as_str().unwrap());
        let again = fixture.call_confirmed("invoicing_credit_note_create", draft);
        assert!(again.raw.contains("over_credit"), "the draft holds it");
        fixture.call_confirmed("invoicing_invoice_discard", r#"{"invoice": "@note"}"#);
        assert!(!fixture.call_confirmed("invoicing_credit_note_create", draft).failed, "and lets go of it");
    }
}
