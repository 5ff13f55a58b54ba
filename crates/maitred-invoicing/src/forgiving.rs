//! Small amounts that are forgiven: an agreed cash discount, a difference too small to ask for. Each becomes a credit
//! note in the invoice's own VAT split, so that the VAT falls with it.

use std::collections::BTreeMap;

use maitred_core::prelude::*;
use maitred_kernel::round::{largest_remainder, share_of, tax_within};
use maitred_kernel::{BasisPoints, Day};
use maitred_party::store::companies;

use crate::crediting::Ask;
use crate::issuing::issue;
use crate::model::{CreditReason, DocumentKind, Invoice, InvoiceLine, InvoiceStatus};
use crate::store::{invoices, profiles};
use crate::tools::credit_note_create::draft;

/// The cash discount agreed on an invoice and the last day on which it may be taken; none where nothing was agreed, or
/// something was credited or paid already.
pub fn discount_of(db: &Reader<'_>, invoice: &Invoice) -> ToolResult<Option<(i64, Day)>> {
    let untouched = invoice.status == InvoiceStatus::Issued && invoice.kind == DocumentKind::Invoice;
    let (Some(issued), true) = (invoice.issue_date, untouched) else { return Ok(None) };
    let Some(company) = companies::find(db, invoice.company_id.as_ref())? else { return Ok(None) };
    let (profile, _) = profiles::profile(db, &company)?;
    let (Some(days), Some(share)) = (profile.discount_days, profile.discount_bp) else { return Ok(None) };
    let amount = share_of(invoice.gross, share).map_err(ToolError::internal)?;
    let until = issued.plus_days(days).map_err(ToolError::internal)?;
    Ok(Some((amount, until)).filter(|(amount, _)| *amount > 0 && *amount < invoice.balance))
}

/// Issues a credit note over `gross` with tax, spread over the invoice's VAT groups in proportion. Tax is rounded on
/// each group, and not every amount is a net with its rounded tax: where it comes to a minor unit more or less in a
/// group, the credit note's rounding (BT-114) makes up for it.
///
/// # Errors
/// `over_credit` when more is forgiven than is left to credit.
pub fn forgive(db: &Writer<'_>, invoice: &Invoice, gross: i64, why: &str) -> ToolResult<Invoice> {
    let mut lines: Vec<(InvoiceLine, i64)> = Vec::new();
    for line in invoices::lines(db, &invoice.id)? {
        let (_, taken) = invoices::credited(db, &line.id)?;
        let left = line.net - taken;
        if left > 0 {
            lines.push((line, left));
        }
    }
    let mut groups: BTreeMap<(&str, BasisPoints), i64> = BTreeMap::new();
    for (line, left) in &lines {
        *groups.entry((line.tax_category.as_str(), line.tax_rate_bp)).or_default() += left;
    }
    let weights: Vec<i64> = groups
        .iter()
        .map(|((_, rate), net)| Ok(net + share_of(*net, *rate).map_err(ToolError::internal)?))
        .collect::<ToolResult<_>>()?;
    if gross <= 0 || weights.iter().sum::<i64>() < gross {
        return Err(refused(Code::OverCredit, format!("more than is left of `{}`", invoice.label())));
    }
    let parts = largest_remainder(gross, &weights).map_err(ToolError::internal)?;
    let mut asks = Vec::new();
    for ((key, _), part) in groups.iter().zip(parts) {
        let own: Vec<&(InvoiceLine, i64)> =
            lines.iter().filter(|(line, _)| (line.tax_category.as_str(), line.tax_rate_bp) == *key).collect();
        let net = part - tax_within(part, key.1).map_err(ToolError::internal)?;
        let lefts: Vec<i64> = own.iter().map(|(_, left)| *left).collect();
        let shares = largest_remainder(net, &lefts).map_err(ToolError::internal)?;
        for ((line, left), share) in own.into_iter().zip(shares) {
            if share > 0 {
                asks.push((line.clone(), Ask::Net(share.min(*left)), "allocations".to_owned()));
            }
        }
    }
    let mut note = draft(db, invoice, &asks, CreditReason::Price, Some(why.to_owned()))?;
    let off = gross - note.gross;
    if off != 0 && off.unsigned_abs() <= groups.len() as u64 {
        let before = note.clone();
        (note.rounding, note.balance) = (off, gross);
        db.update(&before, &mut note)?;
    }
    Ok(issue(db, &note, None)?.0)
}

/// Takes the agreed discounts on these invoices as far as `rest` then pays them whole; answers the credit notes.
///
/// # Errors
/// Whatever keeps a credit note from being issued.
pub fn take_discounts(
    db: &Writer<'_>,
    open: &[Invoice],
    mut rest: i64,
    paid_on: Day,
) -> ToolResult<Vec<Invoice>> {
    let mut notes = Vec::new();
    for invoice in open {
        let Some((discount, until)) = discount_of(db, invoice)? else {
            rest -= invoice.balance.min(rest);
            continue;
        };
        let to_pay = invoice.balance - discount;
        if paid_on <= until && to_pay <= rest {
            notes.push(forgive(db, invoice, discount, "Cash discount as agreed")?);
            rest -= to_pay;
        } else {
            rest -= invoice.balance.min(rest);
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    use super::*;

    #[test]
    fn exactly_as_much_is_forgiven_as_was_asked() {
        let given = r#"company acme; tax DE standard S 1900; tax DE reduced S 700; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
            invoicing_invoice_create {"company": "@acme", "lines": [
                {"description": "Wine", "qty": 1, "unit_price": "100"},
                {"description": "Glass", "qty": 3, "unit_price": "33.33"},
                {"description": "Bread", "qty": 1, "unit_price": "50", "tax_class": "reduced"}]} as inv;
            invoicing_invoice_issue {"invoice": "@inv"}"#;
        let fixture = Fixture::new(&[&crate::DOMAIN], given);
        let id = fixture.id("inv");
        let rounded = fixture.write(move |db| {
            let mut rounded = 0;
            for gross in 1..=120 {
                let Some(invoice) = db.get::<Invoice>(&id)? else { continue };
                let note = forgive(db, &invoice, gross, "Small difference")?;
                assert_eq!(note.payable(), gross, "{note:?}");
                let after = db.get::<Invoice>(&id)?.map(|after| after.balance);
                assert_eq!(after, Some(invoice.balance - gross));
                rounded += i32::from(note.rounding != 0);
                let shown = crate::views::invoice_view(db, note.clone())?.rounding;
                assert_eq!(
                    shown,
                    crate::views::some(note.rounding, note.currency),
                    "what is settled is shown"
                );
            }
            Ok(rounded)
        });
        assert!(rounded.unwrap() > 0, "some amounts are no net with its tax");
    }
}
