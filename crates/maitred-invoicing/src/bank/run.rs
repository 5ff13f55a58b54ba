//! Matching over the database: receipts as the score sees them, open invoices by currency, and the payment of a match.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use maitred_core::prelude::*;
use maitred_kernel::{Currency, Money, format_minor};
use maitred_party::CompanyId;

use crate::bank::ledger::{Ledger, Receive};
use crate::bank::matching::{Book, Explained, Ranked, Receipt, Suggestion, settle};
use crate::bank::model::{BankLine, BankLineStatus};
use crate::bank::settings::BankSettings;
use crate::store::bank;

/// The open invoices of one currency and what their companies are called.
pub struct Open {
    /// The invoices.
    pub book: Book,
    names: BTreeMap<String, Vec<String>>,
    tolerance: i64,
}

impl Open {
    /// What a company is called.
    pub fn name(&self, company: &str) -> String {
        self.names.get(company).and_then(|names| names.first()).cloned().unwrap_or_default()
    }

    /// The company of the first of these invoices.
    pub fn company(&self, places: &[usize]) -> Option<&str> {
        let first = places.first().and_then(|&place| self.book.invoices().get(place))?;
        Some(first.company.as_str())
    }
}

/// What matching needs, loaded once per call.
pub struct Matching {
    ledger: Arc<dyn Ledger>,
    settings: BankSettings,
    open: BTreeMap<Currency, Open>,
    payers: BTreeMap<String, Option<String>>,
}

impl Matching {
    /// Matching against the module's ledger.
    ///
    /// # Errors
    /// `module_missing` where no ledger is built in.
    pub fn of(db: &Reader<'_>) -> ToolResult<Self> {
        let ledger = db.port::<dyn Ledger>().ok_or_else(|| {
            ToolError::new(Code::ModuleMissing, "this server keeps no invoices to match bank lines with")
        })?;
        Ok(Self {
            ledger: Arc::clone(ledger),
            settings: BankSettings::of(db)?,
            open: BTreeMap::new(),
            payers: BTreeMap::new(),
        })
    }

    /// The open invoices of a currency.
    pub fn open(&mut self, db: &Reader<'_>, currency: Currency) -> ToolResult<&mut Open> {
        Ok(match self.open.entry(currency) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                let owed = self.ledger.owed(db, currency)?;
                let tolerance = self.settings.tolerance(currency);
                let book = Book::new(owed.invoices, owed.names.clone(), tolerance);
                free.insert(Open { book, names: owed.names, tolerance })
            }
        })
    }

    /// A line as the score sees it.
    pub fn receipt(&mut self, db: &Reader<'_>, line: &BankLine) -> ToolResult<Receipt> {
        let account_of = match &line.counterparty_iban {
            None => None,
            Some(iban) => match self.payers.get(iban) {
                Some(known) => known.clone(),
                None => {
                    let payer = self.ledger.payer(db, iban)?;
                    self.payers.insert(iban.clone(), payer.clone());
                    payer
                }
            },
        };
        Ok(Receipt {
            amount: line.amount_minor,
            booked_on: Some(line.booked_on),
            text: line.remittance.clone(),
            references: [&line.creditor_ref, &line.end_to_end_id].into_iter().flatten().cloned().collect(),
            name: line.counterparty_name.clone(),
            account_of,
        })
    }

    /// The best suggestion for a line.
    pub fn rank(&mut self, db: &Reader<'_>, line: &BankLine, min_score: i64) -> ToolResult<Option<Ranked>> {
        let receipt = self.receipt(db, line)?;
        Ok(self.open(db, line.currency)?.book.rank(&receipt, min_score))
    }

    /// The places of invoices that somebody names for a line.
    ///
    /// # Errors
    /// Why they cannot be matched.
    pub fn named(
        &mut self,
        db: &Reader<'_>,
        line: &BankLine,
        invoices: &[String],
        field: &str,
    ) -> ToolResult<Vec<usize>> {
        let ledger = Arc::clone(&self.ledger);
        let open = self.open(db, line.currency)?;
        let mut places = Vec::with_capacity(invoices.len());
        for (index, text) in invoices.iter().enumerate() {
            let field = format!("{field}.invoices[{index}]");
            let id = ledger.find(db, text, &field)?;
            let place = open
                .book
                .place_of(&id)
                .filter(|&place| open.book.invoices().get(place).is_some_and(|invoice| invoice.balance > 0));
            let place = place.ok_or_else(|| {
                refused(Code::OverAllocation, format!("`{text}` has no open balance in {}", line.currency))
                    .field(field.clone())
                    .hint("invoicing_invoice_get shows what became of it")
            })?;
            if places.contains(&place) {
                return Err(invalid(&field, "is named twice"));
            }
            let company = open.book.invoices().get(place).map(|invoice| invoice.company.as_str());
            if !places.is_empty() && company != open.company(&places) {
                return Err(invalid(&field, "is owed by another company than the others")
                    .hint("a line is one payment of one company"));
            }
            places.push(place);
        }
        Ok(places)
    }

    /// Makes the payment of a line and marks the line matched.
    ///
    /// # Errors
    /// A line that is not an unmatched receipt, and what the ledger refuses.
    pub fn apply(
        &mut self,
        db: &Writer<'_>,
        line: &BankLine,
        places: &[usize],
        field: &str,
    ) -> ToolResult<MatchView> {
        matchable(line, field)?;
        let ledger = Arc::clone(&self.ledger);
        let open = self.open(db, line.currency)?;
        let tolerance = open.tolerance;
        let chosen: Vec<_> = places
            .iter()
            .filter_map(|&place| Some((place, open.book.invoices().get(place)?.clone())))
            .collect();
        let company = open.company(places).ok_or_else(|| invalid(field, "names no invoice"))?.to_owned();
        let balances: Vec<(i64, i64)> =
            chosen.iter().map(|(_, one)| (one.balance, one.discount_on(Some(line.booked_on)))).collect();
        let parts = settle(line.amount_minor, &balances, tolerance);
        let paid = |wanted: fn(&crate::bank::matching::Part) -> i64| -> Vec<(String, i64)> {
            let amounts = chosen.iter().zip(&parts).map(|((_, one), part)| (one.id.clone(), wanted(part)));
            amounts.filter(|(_, amount)| *amount > 0).collect()
        };
        let payment = ledger.receive(
            db,
            &Receive {
                company: CompanyId(company.clone()),
                amount: Money::new(line.amount_minor, line.currency),
                received_on: line.booked_on,
                reference: line.end_to_end_id.clone().or_else(|| line.creditor_ref.clone()),
                line: line.id.clone(),
                allocations: paid(|part| part.paid),
                forgiven: paid(|part| part.forgiven),
            },
        )?;
        bank::set_status(db, line, BankLineStatus::Matched, None, line.note.clone())?;
        let money = |minor: i64| format_minor(minor, line.currency);
        let mut view = MatchView {
            line: line.id.0.clone(),
            amount: money(line.amount_minor),
            currency: line.currency,
            payment: payment.number,
            payment_id: payment.payment,
            company: CompanyName { name: open.name(&company), id: company },
            invoices: Vec::new(),
            rest: money(line.amount_minor - parts.iter().map(|part| part.paid).sum::<i64>()),
        };
        for ((place, invoice), part) in chosen.into_iter().zip(&parts) {
            open.book.pay(place, part.paid + part.forgiven);
            view.invoices.push(PaidView {
                id: invoice.id,
                number: invoice.number,
                paid: money(part.paid),
                forgiven: (part.forgiven > 0).then(|| money(part.forgiven)),
                left: money(invoice.balance - part.paid - part.forgiven),
            });
        }
        // Whoever paid from this account once is known by it for the lines that follow.
        if let Some(iban) = &line.counterparty_iban {
            self.payers.insert(iban.clone(), Some(view.company.id.clone()));
        }
        Ok(view)
    }
}

/// Refuses a line that cannot be a customer's payment (invariant 15: a line is matched at most once).
pub fn matchable(line: &BankLine, field: &str) -> ToolResult<()> {
    let field = format!("{field}.line");
    match line.status {
        BankLineStatus::Matched => Err(refused(Code::AlreadyDone, "the line is matched already")
            .field(field)
            .hint("invoicing_payment_undo sends it back to unmatched")),
        BankLineStatus::Classified => {
            Err(refused(Code::IllegalTransition, "the line is classified as no customer's payment")
                .field(field)
                .hint("take it back with invoicing_bank_line_classify, class none"))
        }
        BankLineStatus::Unmatched if line.amount_minor <= 0 => {
            Err(invalid(&field, "is money out").hint("classify it with invoicing_bank_line_classify"))
        }
        BankLineStatus::Unmatched => Ok(()),
    }
}

/// A company as answers name it.
#[derive(ToolOutput, Clone)]
pub struct CompanyName {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// An invoice that was paid.
#[derive(ToolOutput)]
pub struct PaidView {
    /// Id.
    pub id: String,
    /// Number.
    pub number: String,
    /// Paid by the line.
    pub paid: String,
    /// Credited as cash discount or small difference.
    pub forgiven: Option<String>,
    /// Still open.
    pub left: String,
}

/// A line that was matched.
#[derive(ToolOutput)]
pub struct MatchView {
    /// Id of the line.
    pub line: String,
    /// Its amount.
    pub amount: String,
    /// Currency.
    pub currency: Currency,
    /// Number of the payment.
    pub payment: String,
    /// Id of the payment.
    pub payment_id: String,
    /// Who paid.
    pub company: CompanyName,
    /// What it paid.
    pub invoices: Vec<PaidView>,
    /// What stays as the company's credit.
    pub rest: String,
}

/// An invoice that a line may pay.
#[derive(ToolOutput)]
pub struct OwedView {
    /// Id.
    pub id: String,
    /// Number.
    pub number: String,
    /// Open balance.
    pub balance: String,
}

/// The invoices of a suggestion.
pub fn owed(open: &Open, suggestion: &Suggestion, currency: Currency) -> Vec<OwedView> {
    let chosen = suggestion.invoices.iter().filter_map(|&place| open.book.invoices().get(place));
    chosen
        .map(|one| OwedView {
            id: one.id.clone(),
            number: one.number.clone(),
            balance: format_minor(one.balance, currency),
        })
        .collect()
}

/// How an amount is explained, as a word.
pub fn explained(explained: Explained) -> &'static str {
    match explained {
        Explained::Exact => "exact",
        Explained::Discount => "less cash discount",
        Explained::Short => "within tolerance",
        Explained::No => "no",
    }
}
