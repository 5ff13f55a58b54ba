//! Arguments that several tools on deals share, and what they mean.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::wire::{Amount, at_field};
use maitred_kernel::{BasisPoints, Currency, Day, Price, Quantity};
use maitred_party::org::{settings_of, today};
use maitred_party::store::{companies, contacts, members};
use maitred_party::{Company, CompanyId, ContactId, Member};

use crate::deal_rules::{self, Filled, LineFacts, missing};
use crate::model::{Deal, DealStatus, Stage, StakeholderRole};
use crate::store::deals::NewLine;
use crate::store::pipelines::Way;

/// A line of a deal.
#[derive(ToolArgs)]
pub struct LineArg {
    /// What.
    #[arg(min = 1, max = 500)]
    description: String,
    /// How much.
    quantity: Quantity,
    /// Price of one.
    unit_price: Price,
    /// Percent off.
    discount: Option<BasisPoints>,
}

/// Checks lines and adds them up, in minor units.
///
/// # Errors
/// `invalid` for negative quantities and prices, for discounts beyond 100 %, and for sums that cannot be kept.
pub fn lines_of(args: Vec<LineArg>, currency: Currency) -> ToolResult<(Vec<NewLine>, i64)> {
    let mut lines = Vec::with_capacity(args.len());
    for (index, arg) in args.into_iter().enumerate() {
        let discount = arg.discount.unwrap_or_default();
        let fault = |name: &str, why: &str| Err(invalid(&format!("lines[{index}].{name}"), why));
        if arg.quantity.thousandths() <= 0 {
            return fault("quantity", "must be more than zero");
        }
        if arg.unit_price.micros() < 0 {
            return fault("unit_price", "must not be negative");
        }
        if !(0..=10_000).contains(&discount.bp()) {
            return fault("discount", "must be from 0 to 100");
        }
        let facts = LineFacts { quantity: arg.quantity, unit_price: arg.unit_price, discount };
        lines.push(NewLine { description: arg.description, facts });
    }
    let facts: Vec<LineFacts> = lines.iter().map(|line| line.facts).collect();
    let sum = at_field(deal_rules::amount_of(&facts, currency), "lines")?;
    Ok((lines, sum))
}

/// A person's part in a deal.
#[derive(ToolArgs)]
pub struct StakeholderArg {
    /// Contact.
    #[arg(max = 200)]
    contact: String,
    /// Part.
    role: StakeholderRole,
}

/// Checks who has a part in a deal.
///
/// # Errors
/// When a person cannot be found or is named twice.
pub fn stakeholders_of(
    db: &Reader<'_>,
    args: Vec<Bare<StakeholderArg>>,
) -> ToolResult<Vec<(ContactId, StakeholderRole)>> {
    let mut people: Vec<(ContactId, StakeholderRole)> = Vec::with_capacity(args.len());
    for (index, Bare(arg)) in args.into_iter().enumerate() {
        let field = format!("stakeholders[{index}].contact");
        let contact = contacts::resolve(db, &arg.contact, &field)?;
        if people.iter().any(|(known, _)| *known == contact.id) {
            return Err(invalid(&field, "is there twice"));
        }
        people.push((contact.id, arg.role));
    }
    Ok(people)
}

/// The company of a new deal.
///
/// # Errors
/// When it cannot be found or is archived.
pub fn company_of(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Company> {
    let company = companies::resolve(db, text, field)?;
    if company.archived_at.is_some() {
        return Err(refused(Code::Immutable, format!("`{}` is archived", company.name))
            .field(field)
            .hint("bring it back with crm_record_archive, restore"));
    }
    Ok(company)
}

/// The member who is to own something: `me` when nobody is named.
///
/// # Errors
/// When the member cannot be found or no longer works here.
pub fn owner_of(db: &Reader<'_>, text: Option<&str>, field: &str) -> ToolResult<Member> {
    let member = members::resolve(db, text.unwrap_or("me"), field)?;
    if !member.is_active() {
        return Err(invalid(field, "is no longer active").hint("account_member_list shows who is"));
    }
    Ok(member)
}

/// The currency of a new deal: as given, that of the pipeline, of the company, of the organisation.
///
/// # Errors
/// When another is given than the pipeline has.
pub fn currency_of(
    db: &Reader<'_>,
    given: Option<Currency>,
    way: &Way,
    company: Option<&Company>,
) -> ToolResult<Currency> {
    if let Some(fixed) = way.pipeline.currency {
        return match given {
            Some(other) if other != fixed => {
                Err(invalid("currency", format!("must be {} in `{}`", fixed.code(), way.pipeline.name)))
            }
            _ => Ok(fixed),
        };
    }
    let usual = company.and_then(|company| company.currency.as_deref());
    match given.or_else(|| usual.and_then(|code| Currency::parse(code).ok())) {
        Some(currency) => Ok(currency),
        None => Ok(settings_of(db)?.currency),
    }
}

/// An amount of a deal in minor units.
///
/// # Errors
/// When it does not fit the currency or is negative.
pub fn amount_of(amount: &Amount, currency: Currency, field: &str) -> ToolResult<i64> {
    let minor = amount.minor(currency, field)?;
    if minor < 0 {
        return Err(invalid(field, "must not be negative"));
    }
    Ok(minor)
}

/// Checks that a day of decision is not over.
///
/// # Errors
/// `invalid`.
pub fn check_close_date(db: &Reader<'_>, day: Day, field: &str) -> ToolResult<()> {
    if day < today(db)? {
        return Err(invalid(field, "is in the past"));
    }
    Ok(())
}

/// Checks that everything a stage requires is filled in.
///
/// # Errors
/// `illegal_transition` with the missing fields.
pub fn check_required(stage: &Stage, filled: Filled) -> ToolResult<()> {
    let missing = missing(stage, filled);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|field| field.as_str()).collect();
    let list = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
    Err(refused(
        Code::IllegalTransition,
        format!("the stage `{}` requires {}, nothing was changed", stage.name, names.join(", ")),
    )
    .with("missing", format!("[{list}]"))
    .hint("fill them in with crm_deal_update, then repeat the call"))
}

/// Checks that a deal is open.
///
/// # Errors
/// `immutable`.
pub fn check_open(deal: &Deal) -> ToolResult<()> {
    if deal_rules::after(deal.status, deal_rules::Event::Change) != Some(DealStatus::Open) {
        return Err(refused(Code::Immutable, format!("`{}` is {} and read-only", deal.number, deal.status))
            .field("deal")
            .hint("bring it back to life with crm_deal_reopen"));
    }
    Ok(())
}

/// Refuses a second open deal of the same title.
///
/// # Errors
/// `duplicate_suspect` naming the first.
pub fn check_title(db: &Reader<'_>, company: &CompanyId, title: &str) -> ToolResult<()> {
    match crate::store::deals::same_title(db, company, title)? {
        None => Ok(()),
        Some(there) => {
            let label = format!("{} {}", there.number, there.title);
            let message = format!("the company has the open deal `{label}` already");
            Err(crate::sales_views::suspect(message, &[("deal", &there.id.0, &label)])
                .field("title")
                .hint("change it with crm_deal_update, or open another with `allow_duplicate`"))
        }
    }
}
