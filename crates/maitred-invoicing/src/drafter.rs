//! Documents for what other modules did: which bill a unit, and what crediting units comes to.

use std::collections::BTreeMap;

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Money, Quantity};
use maitred_party::commerce::{Credit, CreditProposal, DocumentDrafter, DocumentOf};
use maitred_party::model::TaxCategory;

use crate::crediting::{Ask, Group, Left, take, tax_of};
use crate::model::{CreditReason, DocumentKind, Invoice, InvoiceLine, InvoiceLineId};
use crate::store::{billables, invoices};
use crate::tools::credit_note_create::draft;

/// See the module.
pub struct Drafter;

fn shown(invoice: Invoice) -> DocumentOf {
    DocumentOf {
        kind: match invoice.kind {
            DocumentKind::Invoice => "invoice",
            DocumentKind::CreditNote => "credit_note",
        },
        gross: Money::new(invoice.gross, invoice.currency),
        balance: Money::new(invoice.balance, invoice.currency),
        status: invoice.status.as_str().to_owned(),
        id: invoice.id.0,
        number: invoice.number,
        due: invoice.due_date,
    }
}

/// An invoice, and how much of which of its lines is to be credited.
type Asked = (Invoice, Vec<(InvoiceLine, Ask, String)>);

fn left_of(db: &Reader<'_>, line: &InvoiceLine) -> ToolResult<Left> {
    let (units, net) = invoices::credited(db, &line.id)?;
    Ok(Left {
        quantity: Quantity::from_thousandths(line.quantity.thousandths() - units.thousandths()),
        net: line.net - net,
    })
}

/// Spreads what is to be credited over the invoices that bill it, oldest first. What was never invoiced, or is credited
/// already, needs no credit and is left out.
fn asked(db: &Reader<'_>, credits: &[Credit<'_>]) -> ToolResult<Vec<Asked>> {
    let mut wanted: BTreeMap<InvoiceLineId, i64> = BTreeMap::new();
    let mut order: Vec<(crate::model::InvoiceId, InvoiceLineId)> = Vec::new();
    for credit in credits {
        let mut rest = credit.quantity.thousandths();
        for billed in billables::billing(db, credit.unit_id)? {
            let Some(line) = db.get::<InvoiceLine>(billed.line.as_ref())? else { continue };
            let taken = wanted.get(&line.id).copied().unwrap_or(0);
            let left = left_of(db, &line)?.quantity.thousandths() - taken;
            let part = rest.min(left).min(billed.quantity.thousandths());
            if part > 0 {
                if taken == 0 {
                    order.push((billed.invoice.clone(), line.id.clone()));
                }
                *wanted.entry(line.id).or_default() += part;
                rest -= part;
            }
        }
    }
    let mut found: Vec<Asked> = Vec::new();
    for (invoice, line) in order {
        let (Some(invoice), Some(line)) =
            (db.get::<Invoice>(invoice.as_ref())?, db.get::<InvoiceLine>(line.as_ref())?)
        else {
            continue;
        };
        let units = Quantity::from_thousandths(wanted.get(&line.id).copied().unwrap_or(0));
        let ask = (line, Ask::Units(units), "credits".to_owned());
        match found.iter_mut().find(|(known, _)| known.id == invoice.id) {
            Some((_, asks)) => asks.push(ask),
            None => found.push((invoice, vec![ask])),
        }
    }
    Ok(found)
}

type Key = (&'static str, BasisPoints);

/// What crediting lines of an invoice comes to, with tax.
fn gross(db: &Reader<'_>, (invoice, asks): &Asked) -> ToolResult<i64> {
    let mut nets: BTreeMap<Key, i64> = BTreeMap::new();
    for (line, ask, _) in asks {
        let taken = take(line, left_of(db, line)?, *ask, invoice.currency, invoice.includes_tax)?;
        if let Some(taken) = taken {
            *nets.entry((line.tax_category.as_str(), line.tax_rate_bp)).or_default() += taken.net;
        }
    }
    let mut before: BTreeMap<Key, Group> = BTreeMap::new();
    let mut whole: BTreeMap<Key, Group> = BTreeMap::new();
    let add = |groups: &mut BTreeMap<Key, Group>, category: TaxCategory, rate, taxable, tax| {
        let group: &mut Group = groups.entry((category.as_str(), rate)).or_default();
        group.taxable += taxable;
        group.tax += tax;
    };
    for row in invoices::taxes(db, &invoice.id)? {
        add(&mut whole, row.category, row.rate_bp, row.taxable, row.tax);
    }
    for note in invoices::corrections(db, &invoice.id)? {
        for row in invoices::taxes(db, &note.id)? {
            add(&mut before, row.category, row.rate_bp, row.taxable, row.tax);
        }
    }
    let mut gross = 0;
    for (key, net) in nets {
        let of = |groups: &BTreeMap<Key, Group>| groups.get(&key).copied().unwrap_or_default();
        gross += net + tax_of(of(&whole), of(&before), net, key.1).map_err(ToolError::internal)?;
    }
    Ok(gross)
}

impl DocumentDrafter for Drafter {
    fn documents_of(&self, db: &Reader<'_>, unit_ids: &[&str]) -> ToolResult<Vec<DocumentOf>> {
        if unit_ids.is_empty() {
            return Ok(vec![]);
        }
        Ok(billables::documents(db, unit_ids)?.into_iter().map(shown).collect())
    }

    fn credit_proposal(&self, db: &Reader<'_>, credits: &[Credit<'_>]) -> ToolResult<Vec<CreditProposal>> {
        asked(db, credits)?
            .iter()
            .map(|one| {
                Ok(CreditProposal {
                    invoice: one.0.label(),
                    gross: Money::new(gross(db, one)?, one.0.currency),
                })
            })
            .collect()
    }

    fn draft_credit(
        &self,
        db: &Writer<'_>,
        credits: &[Credit<'_>],
        reason: &str,
    ) -> ToolResult<Vec<DocumentOf>> {
        let mut drafted = Vec::new();
        for (invoice, asks) in asked(db, credits)? {
            let why = CreditReason::parse(reason).unwrap_or(CreditReason::Returned);
            let note = Some(reason.to_owned()).filter(|text| CreditReason::parse(text).is_none());
            drafted.push(shown(draft(db, &invoice, &asks, why, note)?));
        }
        Ok(drafted)
    }
}
