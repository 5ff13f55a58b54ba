//! `invoicing_terms_update`: how a customer is billed from now on.

use maitred_core::prelude::*;
use maitred_kernel::wire::Amount;
use maitred_kernel::{BasisPoints, Currency, format_minor};
use maitred_party::Company;
use maitred_party::commerce::TaxTreatment;
use maitred_party::org::today;
use maitred_party::store::{companies, contacts};

use crate::model::{BillingProfile, Delivery, DunningPolicy};
use crate::seller::is_participant;
use crate::store::profiles;
use crate::tools::balance_get::{TermsView, by_currency, terms_view};

/// The tool.
pub struct TermsUpdate;

impl Tool for TermsUpdate {
    const NAME: &str = "invoicing_terms_update";
    const TITLE: &str = "Change billing terms";
    const ABOUT: &str = "Change a customer's payment terms, credit limit, VAT treatment, billing contact, delivery or reminders, \
                         for documents issued later.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example {
        given: "company acme kind=customer; contact ada company=acme",
        args: r#"{"company": "@acme", "net_days": 30, "discount_days": 10, "discount": "2", "credit_limit": "5000", "billing_contact": "@ada"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let company = companies::resolve(cx, &args.company, "company")?;
        let (before, known) = profiles::profile(cx, &company)?;
        let mut after = changed(cx, &args, &before)?;
        let mut warnings = checked(cx, &company, &args, &after)?;
        if known {
            cx.update(&before, &mut after)?;
        } else {
            cx.insert(&mut after)?;
        }
        let owed = by_currency(cx, &company.id, today(cx)?)?;
        let owed = owed.iter().find(|(currency, _)| *currency == after.currency);
        let owed = owed.map_or(0, |(_, aging)| aging.total());
        if after.credit_limit.is_some_and(|limit| owed > limit) {
            warnings
                .push(format!("{} is owed already, more than the limit", format_minor(owed, after.currency)));
        }
        Ok(Output { company: company.id.0, terms: terms_view(after, true), warnings })
    }
}

fn changed(db: &Reader<'_>, args: &Args, before: &BillingProfile) -> ToolResult<BillingProfile> {
    let mut after = before.clone();
    let text = |given: &Option<String>, known: &Option<String>| match given {
        Some(given) => Some(given.trim().to_owned()).filter(|text| !text.is_empty()),
        None => known.clone(),
    };
    if let Some(currency) = args.currency.filter(|currency| *currency != before.currency) {
        if before.credit_limit.is_some() && args.credit_limit.is_none() {
            return Err(missing("credit_limit").hint("the limit there is counts in the currency there was"));
        }
        after.currency = currency;
    }
    if let Some(limit) = &args.credit_limit {
        let limit = limit.minor(after.currency, "credit_limit")?;
        if limit < 0 {
            return Err(invalid("credit_limit", "must not be negative"));
        }
        after.credit_limit = Some(limit);
    }
    if args.no_limit.unwrap_or(false) {
        if args.credit_limit.is_some() {
            return Err(invalid("no_limit", "goes without credit_limit"));
        }
        after.credit_limit = None;
    }
    after.net_days = args.net_days.map_or(before.net_days, i64::from);
    after.discount_days = args.discount_days.map(i64::from).or(before.discount_days);
    after.discount_bp = args.discount.or(before.discount_bp);
    if after.discount_bp.is_some_and(|share| share.bp() == 0) {
        (after.discount_days, after.discount_bp) = (None, None);
    }
    after.tax_treatment = args.tax_treatment.unwrap_or(before.tax_treatment);
    after.delivery = args.delivery.unwrap_or(before.delivery);
    after.dunning_policy = args.dunning_policy.unwrap_or(before.dunning_policy);
    after.peppol_id = text(&args.peppol_id, &before.peppol_id);
    after.buyer_reference = text(&args.buyer_reference, &before.buyer_reference);
    if let Some(contact) = &args.billing_contact {
        after.billing_contact_id = Some(contacts::resolve(db, contact, "billing_contact")?.id);
    }
    Ok(after)
}

/// Refuses terms that contradict one another.
fn checked(
    db: &Reader<'_>,
    company: &Company,
    args: &Args,
    after: &BillingProfile,
) -> ToolResult<Vec<String>> {
    match (after.discount_days, after.discount_bp) {
        (Some(_), None) => return Err(missing("discount").hint("give it beside discount_days")),
        (None, Some(_)) => return Err(missing("discount_days").hint("give it beside discount")),
        (Some(days), Some(share)) if days > after.net_days || !(1..=5_000).contains(&share.bp()) => {
            return Err(invalid("discount", "must be from 0.01 to 50 percent, within net_days"));
        }
        _ => {}
    }
    if args.tax_treatment == Some(TaxTreatment::ReverseCharge)
        && (company.vat_id.is_none() || company.vat_checked_at.is_none())
    {
        return Err(invalid("tax_treatment", format!("needs a checked VAT id of `{}`", company.name))
            .hint("add the VAT id to the company and have it checked"));
    }
    if args.peppol_id.is_some() && after.peppol_id.as_deref().is_some_and(|id| !is_participant(id)) {
        return Err(invalid("peppol_id", "must be a scheme of four digits, `:` and the id in it")
            .hint("such as `0088:4006381333931` for a GLN"));
    }
    if after.delivery == Delivery::Peppol && after.peppol_id.is_none() {
        return Err(missing("peppol_id").hint("delivery by peppol needs it"));
    }
    if let (Some(_), Some(id)) = (&args.billing_contact, &after.billing_contact_id) {
        let linked = contacts::links_at(db, &company.id)?.iter().any(|link| link.contact_id == *id);
        if !linked {
            return Ok(vec![format!("the billing contact does not belong to `{}`", company.name)]);
        }
    }
    Ok(vec![])
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Customer.
    #[arg(min = 1, max = 200)]
    company: String,
    /// Days to pay.
    #[arg(min = 0, max = 365)]
    net_days: Option<u32>,
    /// For cash discount.
    #[arg(min = 0, max = 365)]
    discount_days: Option<u32>,
    /// Percent; 0 ends it.
    discount: Option<BasisPoints>,
    /// Most they may owe.
    credit_limit: Option<Amount>,
    /// Takes the limit away.
    no_limit: Option<bool>,
    /// Currency.
    currency: Option<Currency>,
    /// Tax treatment.
    tax_treatment: Option<TaxTreatment>,
    /// Contact.
    #[arg(max = 200)]
    billing_contact: Option<String>,
    /// Delivery.
    delivery: Option<Delivery>,
    /// scheme:id.
    #[arg(max = 80)]
    peppol_id: Option<String>,
    /// Dunning policy.
    dunning_policy: Option<DunningPolicy>,
    /// Buyer reference.
    #[arg(max = 100)]
    buyer_reference: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Id of the customer.
    company: String,
    /// Terms from now on.
    terms: TermsView,
    /// What somebody should look at.
    warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn terms_must_fit_together() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            "company acme; company fr country=FR vat=FR40303265045 checked=yes",
        );
        let update = |company: &str, rest: &str| {
            let args = format!(r#"{{"company": "@{company}", {rest}}}"#);
            fixture.call_confirmed("invoicing_terms_update", &args).json()
        };
        let code = |rest: &str| update("acme", rest)["error"]["code"].clone();
        assert_eq!(code(r#""discount": "2""#), "missing");
        assert_eq!(code(r#""discount": "2", "discount_days": 30"#), "invalid");
        assert_eq!(code(r#""tax_treatment": "reverse_charge""#), "invalid");
        assert_eq!(code(r#""delivery": "peppol""#), "missing");
        assert_eq!(code(r#""credit_limit": "10.001""#), "too_precise");
        let agreed =
            update("fr", r#""tax_treatment": "reverse_charge", "credit_limit": "10", "net_days": 3"#);
        assert_eq!(
            (&agreed["terms"]["credit_limit"], &agreed["terms"]["net_days"]),
            (&"10.00".into(), &3.into())
        );
        assert_eq!(update("fr", r#""no_limit": true"#)["terms"]["credit_limit"], serde_json::Value::Null);
    }
}
