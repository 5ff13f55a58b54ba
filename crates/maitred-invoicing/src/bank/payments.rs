//! The bank's ledger: this module's own invoices and payments.

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Stamp, fold};
use maitred_party::store::{companies, numbers};

use crate::bank::ledger::{Ledger, Owed, Receive, Received};
use crate::bank::matching::OpenInvoice;
use crate::forgiving::{discount_of, forgive};
use crate::model::{Direction, Invoice, InvoiceId, Method, Payment, PaymentId, PaymentStatus};
use crate::settling::{Source, Target, apply};
use crate::store::{bank_links, invoices, periods};

/// See the module.
pub struct OwnLedger;

impl Ledger for OwnLedger {
    fn owed(&self, db: &Reader<'_>, currency: Currency) -> ToolResult<Owed> {
        let mut owed = Owed::default();
        for invoice in bank_links::open_in(db, currency)? {
            let (Some(number), Some(issued_on), Some(due_on)) =
                (invoice.number.clone(), invoice.issue_date, invoice.due_date)
            else {
                continue;
            };
            let company = invoice.company_id.0.clone();
            if !owed.names.contains_key(&company)
                && let Some(known) = companies::find(db, &company)?
            {
                let names = [Some(known.name), known.legal_name].into_iter().flatten().collect();
                owed.names.insert(company.clone(), names);
            }
            let discount = discount_of(db, &invoice)?;
            owed.invoices.push(OpenInvoice {
                id: invoice.id.0,
                number,
                company,
                balance: invoice.balance,
                discount: discount.map_or(0, |(amount, _)| amount),
                discount_until: discount.map(|(_, until)| until),
                issued_on,
                due_on,
            });
        }
        Ok(owed)
    }

    fn find(&self, db: &Reader<'_>, text: &str, field: &str) -> ToolResult<String> {
        Ok(invoices::resolve(db, text, field)?.id.0)
    }

    fn payer(&self, db: &Reader<'_>, iban: &str) -> ToolResult<Option<String>> {
        bank_links::payer(db, iban)
    }

    fn receive(&self, db: &Writer<'_>, receive: &Receive) -> ToolResult<Received> {
        periods::open(db, receive.received_on, "lines")?;
        let reference = receive.reference.clone().filter(|text| !text.trim().is_empty());
        let mut payment = Payment {
            id: PaymentId(db.fresh_id()),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            number: numbers::next(db, "PAY")?,
            company_id: receive.company.clone(),
            direction: Direction::In,
            method: Method::BankTransfer,
            received_on: receive.received_on,
            amount: receive.amount.minor,
            allocated: 0,
            currency: receive.amount.currency,
            reference_key: reference.as_deref().map(fold),
            reference,
            bank_line_id: Some(receive.line.0.clone()),
            status: PaymentStatus::Posted,
            reversed_on: None,
            reversal_reason: None,
        };
        db.insert(&mut payment)?;
        for (id, amount) in &receive.forgiven {
            forgive(db, &open(db, id)?, *amount, "Cash discount or small difference")?;
        }
        for (id, amount) in &receive.allocations {
            let invoice = open(db, id)?;
            let day = invoice.issue_date.map_or(receive.received_on, |day| day.max(receive.received_on));
            apply(db, &Source::Payment(payment.id.clone()), &Target::Invoice(invoice.id), *amount, day)?;
        }
        Ok(Received { payment: payment.id.0, number: payment.number })
    }
}

fn open(db: &Reader<'_>, id: &str) -> ToolResult<Invoice> {
    db.get::<Invoice>(InvoiceId(id.to_owned()).as_ref())?.ok_or_else(|| not_found("invoice", id))
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use serde_json::{Value, json};

    use crate::bank::testing::import;

    fn statement(name: &str, amount: &str, text: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt>\
             <Stmt><Id>S1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>\
             <Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-01</Dt></Dt></Bal>\
             <Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>\
             <Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt>\
             <NtryDtls><TxDtls><RltdPties><Dbtr><Nm>{name}</Nm></Dbtr></RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\
             </Stmt></BkToCstmrStmt></Document>"
        )
    }

    const GIVEN: &str = r#"company acme name=Alpine_Lanterns; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
        invoicing_terms_update {"company": "@acme", "discount_days": 7, "discount": "2"};
        invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}]} as inv;
        invoicing_invoice_issue {"invoice": "@inv"}"#;

    fn matched(amount: &str, by_itself: bool) -> (Fixture, Value, Value) {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        import(&fixture, &statement("Alpine Lanterns", amount, "INV-2026-00001 thank you"));
        let lines = fixture.call("invoicing_bank_line_search", "{}").json();
        let args = if by_itself {
            json!({"auto": {}})
        } else {
            json!({"matches": [{"line": lines["lines"][0]["id"], "invoices": ["INV-2026-00001"]}]})
        };
        let report = fixture.call_confirmed("invoicing_match_apply", &args.to_string()).json();
        let invoice = fixture.call("invoicing_invoice_get", r#"{"invoice": "@inv"}"#).json();
        (fixture, report, invoice)
    }

    #[test]
    fn a_receipt_pays_its_invoice_and_undoing_the_payment_frees_the_line() {
        let (fixture, report, invoice) = matched("119.00", true);
        assert_eq!(report["matched_count"], 1, "{report}");
        assert_eq!((&invoice["status"], &invoice["balance"]), (&json!("paid"), &json!("0.00")));
        fixture.call_confirmed(
            "invoicing_payment_undo",
            r#"{"payment": "PAY-2026-00001", "scope": "payment", "reason": "wrong customer"}"#,
        );
        let again = fixture.call("invoicing_invoice_get", r#"{"invoice": "@inv"}"#).json();
        assert_eq!((&again["status"], &again["balance"]), (&json!("issued"), &json!("119.00")));
        let lines = fixture.call("invoicing_bank_line_search", r#"{"status": "unmatched"}"#).json();
        assert_eq!(lines["lines"].as_array().map(Vec::len), Some(1), "{lines}");
    }

    #[test]
    fn a_discount_in_its_window_becomes_a_credit_note() {
        // Nothing but the number speaks for it, and the amount is not the balance: a person has to say so.
        assert_eq!(matched("116.62", true).1["matched_count"], 0);
        let (_, report, invoice) = matched("116.62", false);
        assert_eq!(report["matched_count"], 1, "{report}");
        assert_eq!(
            (&invoice["status"], &invoice["allocated"], &invoice["credited"]),
            (&json!("paid"), &json!("116.62"), &json!("2.38")),
            "{invoice}"
        );
    }
}
