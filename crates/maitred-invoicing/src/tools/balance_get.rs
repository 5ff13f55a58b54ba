//! `invoicing_balance_get`: what a customer owes.

use maitred_core::prelude::*;
use maitred_kernel::{BasisPoints, Currency, Day, format_minor};
use maitred_party::CompanyId;
use maitred_party::commerce::{Exposed, Exposure, TaxTreatment};
use maitred_party::org::today;
use maitred_party::store::companies;

use crate::model::{BillingProfile, Delivery, DunningPolicy};
use crate::receivables::{Aging, AgingView};
use crate::store::{ledger, profiles};
use crate::views::Named;

/// The tool.
pub struct BalanceGet;

impl Tool for BalanceGet {
    const NAME: &str = "invoicing_balance_get";
    const TITLE: &str = "Get balance";
    const ABOUT: &str = "What a customer owes: open and overdue by age, credit, limit, exposure with orders not yet invoiced, \
                         and the terms agreed on.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme kind=customer; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
                  invoicing_invoice_create {"company": "@acme", "lines": [{"description": "Chair", "qty": 2, "unit_price": "50"}]} as inv;
                  invoicing_invoice_issue {"invoice": "@inv"}"#,
        args: r#"{"company": "@acme"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let company = companies::resolve(cx, &args.company, "company")?;
        let as_of = args.as_of.unwrap_or(today(cx)?);
        let (profile, agreed) = profiles::profile(cx, &company)?;
        let balances = by_currency(cx, &company.id, as_of)?;
        let mut parts = Vec::new();
        for port in cx.ports::<dyn Exposure>() {
            parts.push(port.exposed(cx, &company.id)?);
        }
        let exposure = exposure_view(&parts, profile.currency, profile.credit_limit);
        Ok(Output {
            company: Named { id: company.id.0, name: company.name },
            as_of,
            balances: balances
                .into_iter()
                .map(|(currency, aging)| BalanceView {
                    open: format_minor(aging.open(), currency),
                    overdue: format_minor(aging.overdue(), currency),
                    credit: format_minor(-aging.unapplied, currency),
                    ages: aging.view(currency),
                })
                .collect(),
            exposure,
            terms: terms_view(profile, agreed),
        })
    }
}

/// What a customer owes as of a day, by currency.
pub(crate) fn by_currency(
    db: &Reader<'_>,
    company: &CompanyId,
    as_of: Day,
) -> ToolResult<Vec<(Currency, Aging)>> {
    let mut found: Vec<(Currency, Aging)> = Vec::new();
    for item in ledger::open_items(db, Some(company), as_of)? {
        let at = match found.iter().position(|(currency, _)| *currency == item.currency) {
            Some(at) => at,
            None => {
                found.push((item.currency, Aging::default()));
                found.len() - 1
            }
        };
        found[at].1.add(&item, as_of, false);
    }
    found.sort_by(|a, b| a.0.code().cmp(b.0.code()));
    Ok(found)
}

fn exposure_view(parts: &[Exposed], currency: Currency, limit: Option<i64>) -> ExposureView {
    // Parts in another currency are shown, but no sum is made of what does not add up.
    let total: i64 =
        parts.iter().filter(|part| part.amount.currency == currency).map(|part| part.amount.minor).sum();
    ExposureView {
        currency,
        parts: parts
            .iter()
            .map(|part| PartView {
                what: part.what,
                amount: part.amount.amount(),
                currency: part.amount.currency,
            })
            .collect(),
        total: format_minor(total, currency),
        limit: limit.map(|limit| format_minor(limit, currency)),
        headroom: limit.map(|limit| format_minor(limit - total, currency)),
        exceeded: limit.is_some_and(|limit| total > limit),
    }
}

/// Terms as shown.
pub(crate) fn terms_view(profile: BillingProfile, agreed: bool) -> TermsView {
    TermsView {
        agreed,
        net_days: profile.net_days,
        discount_days: profile.discount_days,
        discount: profile.discount_bp,
        credit_limit: profile.credit_limit.map(|limit| format_minor(limit, profile.currency)),
        currency: profile.currency,
        tax_treatment: profile.tax_treatment,
        billing_contact: profile.billing_contact_id.map(|contact| contact.0),
        delivery: profile.delivery,
        peppol_id: profile.peppol_id,
        dunning_policy: profile.dunning_policy,
        buyer_reference: profile.buyer_reference,
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Customer.
    #[arg(min = 1, max = 200)]
    company: String,
    /// Default today.
    as_of: Option<Day>,
}

/// What is owed in one currency.
#[derive(ToolOutput)]
pub struct BalanceView {
    /// Invoices not paid.
    open: String,
    /// What of that is late.
    overdue: String,
    /// Credit not applied.
    credit: String,
    /// By age.
    ages: AgingView,
}

/// A part of the exposure.
#[derive(ToolOutput)]
pub struct PartView {
    /// What it is.
    what: &'static str,
    /// How much.
    amount: String,
    /// Currency.
    currency: Currency,
}

/// What a customer owes or is about to owe, now.
#[derive(ToolOutput)]
pub struct ExposureView {
    /// Currency.
    currency: Currency,
    /// What it is made of.
    parts: Vec<PartView>,
    /// Sum of the parts in this currency.
    total: String,
    /// Credit limit.
    limit: Option<String>,
    /// What is left of it; negative when it is exceeded.
    headroom: Option<String>,
    /// Whether it is.
    exceeded: bool,
}

/// How a customer is billed.
#[derive(ToolOutput)]
pub struct TermsView {
    /// False where nothing was agreed, so these are the usual terms.
    pub agreed: bool,
    /// Days to pay.
    pub net_days: i64,
    /// Days in which a cash discount is granted.
    pub discount_days: Option<i64>,
    /// The cash discount, percent.
    pub discount: Option<BasisPoints>,
    /// The most they may owe.
    pub credit_limit: Option<String>,
    /// Billed in.
    pub currency: Currency,
    /// How they are taxed.
    pub tax_treatment: TaxTreatment,
    /// Id of the contact who receives invoices.
    pub billing_contact: Option<String>,
    /// How documents reach them.
    pub delivery: Delivery,
    /// Peppol participant id.
    pub peppol_id: Option<String>,
    /// How they are reminded.
    pub dunning_policy: DunningPolicy,
    /// What their documents must quote.
    pub buyer_reference: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Customer.
    company: Named,
    /// At the end of this day.
    as_of: Day,
    /// By currency.
    balances: Vec<BalanceView>,
    /// Now, whatever as_of.
    exposure: ExposureView,
    /// Terms.
    terms: TermsView,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;

    #[test]
    fn a_day_is_as_it_was() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}], "net_days": 7} as inv;
               invoicing_invoice_issue {"invoice": "@inv", "issue_date": "2026-02-10"};
               invoicing_payment_record {"company": "@acme", "amount": "150", "method": "cash", "received_on": "2026-02-25"} as pay"#,
        );
        let at = |day: &str| {
            let args = format!(r#"{{"company": "@acme", "as_of": "{day}"}}"#);
            fixture.call("invoicing_balance_get", &args).json()["balances"].clone()
        };
        assert_eq!(at("2026-02-09"), serde_json::json!([]));
        assert_eq!(
            (at("2026-02-17")[0]["open"].clone(), at("2026-02-17")[0]["overdue"].clone()),
            ("119.00".into(), "0.00".into())
        );
        assert_eq!(at("2026-02-18")[0]["ages"]["days_1_30"], "119.00");
        assert_eq!(
            (at("2026-02-25")[0]["open"].clone(), at("2026-02-25")[0]["credit"].clone()),
            ("0.00".into(), "31.00".into())
        );
        fixture.call_confirmed(
            "invoicing_payment_undo",
            r#"{"payment": "@pay", "scope": "payment", "reason": "bounced"}"#,
        );
        assert_eq!(at("2026-03-02")[0]["open"], "119.00");
        assert_eq!(at("2026-02-25")[0]["credit"], "31.00", "then it stood");
    }

    #[test]
    fn a_limit_leaves_headroom() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; tax DE standard S 1900; setting invoicing.seller {"name": "Maison GmbH", "tax_number": "12/345"};
               invoicing_terms_update {"company": "@acme", "credit_limit": "100"};
               invoicing_invoice_create {"company": "@acme", "lines": [{"description": "A", "qty": 1, "unit_price": "100"}]} as inv"#,
        );
        let exposure =
            || fixture.call("invoicing_balance_get", r#"{"company": "@acme"}"#).json()["exposure"].clone();
        assert_eq!(exposure()["headroom"], "100.00", "a draft is not owed");
        fixture.call_confirmed("invoicing_invoice_issue", r#"{"invoice": "@inv"}"#);
        assert_eq!(
            (exposure()["headroom"].clone(), exposure()["exceeded"].clone()),
            ("-19.00".into(), true.into())
        );
    }
}
