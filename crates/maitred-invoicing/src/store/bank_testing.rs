//! A ledger for the tests of matching: invoices and payments in tables of its own, with their rules as CHECKs.

use std::collections::BTreeMap;
use std::sync::Arc;

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{ToolResult, not_found};
use maitred_core::mode::Module;
use maitred_core::ports::Ports;
use maitred_core::tool::{Domain, entry};
use maitred_kernel::{Currency, Day};
use maitred_store::{Migration, params};

use crate::bank::ledger::{Ledger, Owed, Receive, Received};
use crate::bank::matching::OpenInvoice;
use crate::tools::{
    bank_account_list, bank_import, bank_line_classify, bank_line_search, match_apply, match_suggest,
};

/// The module with the tools that need a ledger.
pub(crate) static BANK: Domain = Domain {
    module: Module::Invoicing,
    tools: &[
        entry::<bank_account_list::BankAccountList>(),
        entry::<bank_import::BankImport>(),
        entry::<bank_line_classify::BankLineClassify>(),
        entry::<bank_line_search::BankLineSearch>(),
        entry::<match_apply::MatchApply>(),
        entry::<match_suggest::MatchSuggest>(),
    ],
    migrations: crate::MIGRATIONS,
    requires: &[],
    provides: provide_bank,
    check: crate::store::check,
};

fn provide_bank(ports: &mut Ports) {
    crate::ports::provide_bank(ports);
}

/// The ledger itself, as a module of its own.
pub(crate) static LEDGER: Domain = Domain {
    module: Module::Orders,
    tools: &[],
    migrations: &[Migration {
        domain: "orders",
        number: 1,
        name: "a ledger for tests",
        sql: "CREATE TABLE test_invoice (id TEXT NOT NULL PRIMARY KEY, debtor TEXT NOT NULL, currency TEXT NOT NULL, \
              balance BIGINT NOT NULL CHECK (balance >= 0), discount BIGINT NOT NULL, issued_on TEXT NOT NULL, \
              due_on TEXT NOT NULL); \
              CREATE TABLE test_payment (line TEXT NOT NULL PRIMARY KEY, debtor TEXT NOT NULL, amount BIGINT NOT NULL, \
              allocated BIGINT NOT NULL, CHECK (allocated <= amount))",
    }],
    requires: &[],
    provides: provide_ledger,
    check: |_| Ok(()),
};

fn provide_ledger(ports: &mut Ports) {
    ports.provide::<dyn Ledger>(Arc::new(TestLedger));
}

struct TestLedger;

type InvoiceRow = (String, String, i64, i64, Day, Day);

impl Ledger for TestLedger {
    fn owed(&self, db: &Reader<'_>, currency: Currency) -> ToolResult<Owed> {
        let rows: Vec<InvoiceRow> = db.all(
            "SELECT id, debtor, balance, discount, issued_on, due_on FROM test_invoice \
             WHERE currency = $1 AND balance > 0 ORDER BY id",
            params![currency],
        )?;
        let names: Vec<(String, String)> = db.all("SELECT id, name FROM company ORDER BY id", &[])?;
        let invoices =
            rows.into_iter().map(|(id, company, balance, discount, issued_on, due_on)| OpenInvoice {
                number: id.clone(),
                id,
                company,
                balance,
                discount,
                discount_until: Some(due_on),
                issued_on,
                due_on,
            });
        let names: BTreeMap<String, Vec<String>> =
            names.into_iter().map(|(id, name)| (id, vec![name])).collect();
        Ok(Owed { invoices: invoices.collect(), names })
    }

    fn find(&self, db: &Reader<'_>, text: &str, field: &str) -> ToolResult<String> {
        db.scalar("SELECT id FROM test_invoice WHERE id = $1", params![text])?
            .ok_or_else(|| not_found("invoice", text).field(field))
    }

    fn payer(&self, db: &Reader<'_>, iban: &str) -> ToolResult<Option<String>> {
        Ok(db.scalar(
            "SELECT p.debtor FROM test_payment p JOIN bank_line b ON b.id = p.line \
             WHERE b.counterparty_iban = $1 ORDER BY b.booked_on DESC, b.id DESC LIMIT 1",
            params![iban],
        )?)
    }

    fn receive(&self, db: &Writer<'_>, payment: &Receive) -> ToolResult<Received> {
        for (invoice, amount) in payment.allocations.iter().chain(&payment.forgiven) {
            db.execute(
                "UPDATE test_invoice SET balance = balance - $1 WHERE id = $2",
                params![*amount, invoice],
            )?;
        }
        let allocated: i64 = payment.allocations.iter().map(|(_, amount)| amount).sum();
        db.execute(
            "INSERT INTO test_payment (line, debtor, amount, allocated) VALUES ($1, $2, $3, $4)",
            params![payment.line, payment.company, payment.amount.minor, allocated],
        )?;
        let count = db.count("SELECT COUNT(*) FROM test_payment", &[])?;
        Ok(Received { payment: format!("payment-{count}"), number: format!("PAY-2026-{count:05}") })
    }
}

/// Writes an invoice in euros, issued on 1 February and due on 1 March 2026.
pub(crate) fn invoice(
    db: &Writer<'_>,
    number: &str,
    debtor: &str,
    balance: i64,
    discount: i64,
) -> ToolResult<()> {
    db.execute(
        "INSERT INTO test_invoice (id, debtor, currency, balance, discount, issued_on, due_on) \
         VALUES ($1, $2, 'EUR', $3, $4, '2026-02-01', '2026-03-01')",
        params![number, debtor, balance, discount],
    )?;
    Ok(())
}

/// Balance of an invoice.
pub(crate) fn balance(db: &Reader<'_>, number: &str) -> ToolResult<i64> {
    Ok(db.count("SELECT balance FROM test_invoice WHERE id = $1", params![number])?)
}

/// Payments, their sum, and how much of it is allocated.
pub(crate) fn payments(db: &Reader<'_>) -> ToolResult<(i64, i64, i64)> {
    Ok((
        db.count("SELECT COUNT(*) FROM test_payment", &[])?,
        db.count("SELECT CAST(SUM(amount) AS BIGINT) FROM test_payment", &[])?,
        db.count("SELECT CAST(SUM(allocated) AS BIGINT) FROM test_payment", &[])?,
    ))
}

#[test]
fn every_tool_keeps_every_rule_where_there_is_a_ledger() {
    maitred_testkit::check_domain(&[&BANK, &LEDGER]);
}
