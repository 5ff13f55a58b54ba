//! Issue: a draft becomes final.

use maitred_core::prelude::*;
use maitred_kernel::Day;
use maitred_party::Company;
use maitred_party::org::today;
use maitred_party::store::{companies, numbers};
use maitred_party::taxes::treatment_of;

use crate::document;
use crate::drafting::{add_up, replace};
use crate::issue_rules::{Checked, buyer_snapshot, in_sequence, refuse, seller_snapshot, violations};
use crate::model::{DocumentKind, Invoice};
use crate::seller::seller_of;
use crate::settling::{Source, Target, apply, status_of};
use crate::store::{invoices, periods, rates};

/// Gives a draft its number, its day, what it shows of both sides, and makes it final. A credit note clears what is left
/// of its invoice; the rest stays the customer's credit. Answers the document and what somebody should look at.
///
/// # Errors
/// What keeps it from being issued, all at once in `violations`.
pub fn issue(
    db: &Writer<'_>,
    before: &Invoice,
    issue_date: Option<Day>,
) -> ToolResult<(Invoice, Vec<&'static str>)> {
    let company = companies::find(db, before.company_id.as_ref())?
        .ok_or_else(|| not_found("company", before.company_id.as_ref()))?;
    let today = today(db)?;
    let day = issue_date.unwrap_or(today);
    in_sequence(day, invoices::last_issued(db, &before.series)?, today)?;
    periods::open(db, day, "issue_date")?;
    let mut after = Invoice { issue_date: Some(day), ..before.clone() };
    let warnings = brought_up(db, &company, &mut after)?;
    let due = match before.due_date {
        Some(due) => due,
        None => day.plus_days(before.net_days).map_err(ToolError::internal)?,
    };
    if due < day {
        return Err(invalid("due_date", format!("{due} is before the day of issue, {day}"))
            .hint("change it with invoicing_invoice_update"));
    }
    let (seller, buyer) =
        (seller_snapshot(db, seller_of(db)?, before.currency)?, buyer_snapshot(db, &company)?);
    refuse(&violations(&Checked {
        seller: &seller,
        buyer: &buyer,
        lines: &invoices::lines(db, &before.id)?,
        taxes: &invoices::taxes(db, &before.id)?,
        treatment: treatment_of(db, &company.id)?,
    }))?;
    after.due_date = Some(due);
    after.supply_from = before.supply_from.or(Some(day));
    after.supply_to = before.supply_to.or(after.supply_from);
    // A credit note takes back at the rate at which its invoice was booked.
    if before.kind == DocumentKind::Invoice {
        after.fx_rate = rates::to_base(db, before.currency, day)?;
    }
    after.seller = Some(serde_json::to_string(&seller).map_err(ToolError::internal)?);
    after.buyer = Some(serde_json::to_string(&buyer).map_err(ToolError::internal)?);
    after.number = Some(numbers::next(db, if before.kind == DocumentKind::Invoice { "INV" } else { "CN" })?);
    after.status = status_of(&after);
    after.document_sha256 = Some(document::load(db, after.clone())?.fingerprint()?);
    db.update(before, &mut after)?;
    clear(db, &after, day)?;
    let issued = db.get::<Invoice>(after.id.as_ref())?;
    Ok((issued.unwrap_or(after), warnings))
}

/// What was not fixed when it was drafted is taxed by the day of issue. A credit note keeps the tax of its invoice.
fn brought_up(db: &Writer<'_>, company: &Company, invoice: &mut Invoice) -> ToolResult<Vec<&'static str>> {
    if invoice.kind == DocumentKind::CreditNote {
        return Ok(vec![]);
    }
    let mut lines = invoices::lines(db, &invoice.id)?;
    let (mut taxes, warnings) = add_up(db, company, invoice, &mut lines)?;
    replace(db, &invoice.id, &mut lines, &mut taxes)?;
    Ok(warnings)
}

fn clear(db: &Writer<'_>, note: &Invoice, day: Day) -> ToolResult<()> {
    let Some(corrected) = &note.corrects_id else { return Ok(()) };
    let open = db.get::<Invoice>(corrected.as_ref())?.map_or(0, |invoice| invoice.balance);
    let amount = open.min(note.balance);
    if amount > 0 {
        let (source, target) = (Source::CreditNote(note.id.clone()), Target::Invoice(corrected.clone()));
        apply(db, &source, &target, amount, day)?;
    }
    Ok(())
}
