//! `orders_quote_create`: a draft quote, priced, taxed and looked up in stock.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::{Day, Quantity, Stamp};
use maitred_party::MemberId;
use maitred_party::store::numbers;

use crate::lines::{LineArg, Terms, asks, currency_of, price, stock_warnings};
use crate::model::{Quote, QuoteId, QuoteLine, QuoteStatus};
use crate::ordering::buyer;
use crate::quoting::{figure, lines_of, thin, valid_until};
use crate::snapshot::Buyer;
use crate::store::quotes;
use crate::views::{QuoteView, quote as viewed};

/// The tool.
pub struct QuoteCreate;

impl Tool for QuoteCreate {
    const NAME: &str = "orders_quote_create";
    const TITLE: &str = "Create quote";
    const ABOUT: &str = "Draft a quote; prices, tax and availability are computed for you. Then send it with orders_quote_send.";
    const MODES: &[Mode] = &[Mode::Sales];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: shop!(""),
        args: r#"{"company": "@acme", "contact": "@ada", "lines": [{"product": "CH-1", "qty": 20, "unit_price": "9.50"},
                  {"product": "TA-1", "qty": 2, "discount": "5"}], "valid_until": "2026-03-31", "terms": "30 days net"}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let (company, contact) = buyer(cx, &args.company, args.contact.as_deref())?;
        let valid_until = valid_until(cx, args.valid_until)?;
        let currency = currency_of(cx, &company)?;
        let lines: Vec<LineArg> = args.lines.into_iter().map(|line| line.0).collect();
        let terms = Terms { company: &company, currency, includes_tax: None };
        let priced = price(cx, &terms, asks(cx, &lines, "lines")?)?;
        let mut warnings = priced.warnings.clone();
        let caller = cx.teammate().map(|teammate| MemberId(teammate.member.clone()));
        let mut quote = Quote {
            id: QuoteId(cx.fresh_id()),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            number: numbers::next(cx, "Q")?,
            revision: 1,
            supersedes_id: None,
            status: QuoteStatus::Draft,
            company_id: company.id.clone(),
            contact_id: contact.map(|contact| contact.id),
            owner_id: caller.or_else(|| company.owner_id.clone()),
            deal_id: args.deal,
            currency,
            includes_tax: priced.includes_tax,
            valid_until,
            terms: args.terms,
            po_reference: None,
            buyer: Buyer::of(cx, &company)?.json()?,
            net: 0,
            tax: 0,
            gross: 0,
            sent_at: None,
            sent_to: None,
            answered_at: None,
            accepted_contact_id: None,
            accepted_channel: None,
            accepted_gross: None,
            evidence: None,
            close_reason: None,
        };
        let mut lines = lines_of(cx, &quote.id, priced);
        figure(&mut quote, &mut lines)?;
        cx.insert(&mut quote)?;
        for line in &mut lines {
            cx.insert(line)?;
        }
        quotes::index(cx, &quote, &lines)?;
        warnings.extend(looked_at(cx, &quote, &lines)?);
        Ok(Output { quote: viewed(cx, &quote)?, warnings })
    }
}

/// What somebody should know before a quote goes out: thin margins and missing stock.
pub(crate) fn looked_at(db: &Reader<'_>, quote: &Quote, lines: &[QuoteLine]) -> ToolResult<Vec<String>> {
    let mut warnings: Vec<String> = thin(db, quote, lines)?
        .into_iter()
        .map(|why| format!("{why}: an owner, admin or finance role has to send it"))
        .collect();
    let goods: Vec<(&str, &str, Quantity)> = lines
        .iter()
        .filter_map(|line| Some((line.variant_id.as_deref()?, line.sku.as_deref()?, line.quantity)))
        .collect();
    warnings.extend(stock_warnings(db, &goods)?);
    Ok(warnings)
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, name, domain or VAT id.
    #[arg(min = 1, max = 200)]
    company: String,
    /// Id or email.
    #[arg(max = 200)]
    contact: Option<String>,
    /// Lines.
    #[arg(min = 1, max = 200)]
    lines: Vec<Bare<LineArg>>,
    /// Last day; default by the rules.
    valid_until: Option<Day>,
    /// Id of the deal.
    #[arg(max = 80)]
    deal: Option<String>,
    /// In words.
    #[arg(max = 2000)]
    terms: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The quote.
    quote: QuoteView,
    /// What somebody should look at: prices, tax, margin, stock.
    warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check_with;

    use crate::shop::DOMAINS;

    #[test]
    fn a_price_by_hand_stands_beside_the_list() {
        check_with(
            DOMAINS,
            shop!(""),
            "orders_quote_create",
            r#"{"company": "@acme", "lines": [{"product": "CH-1", "qty": 2, "unit_price": "9"}, {"description": "Assembly", "qty": 1}]}"#,
            expect![[
                r##"{"quote":{"id":"#1","version":1,"number":"Q-2026-00001","revision":1,"status":"draft","company":{"id":"@acme","name":"Acme"},"owner":{"id":"@owner","name":"Owner"},"valid_until":"2026-04-01","currency":"EUR","net":"18.00","tax":"0.00","gross":"18.00","created_at":"@now","lines":[{"line":1,"sku":"CH-1","description":"Chair","unit":"C62","quantity":"2","unit_price":"9.00","list_price":"10.00","tax_rate":"0","tax_category":"S","net":"18.00","price_source":"set by hand"},{"line":2,"description":"Assembly","unit":"C62","quantity":"1","tax_rate":"0","tax_category":"S","net":"0.00","price_source":"no price"}]},"warnings":["tax_rate_missing: no rate is in force for the class standard; set it in the tax codes","Chair: 9.00 set by hand, base list BASE has 10.00","Assembly: nobody has set a price in EUR"]}"##
            ]],
        );
    }

    #[test]
    fn it_is_valid_for_some_time() {
        check_with(
            DOMAINS,
            shop!(""),
            "orders_quote_create",
            r#"{"company": "@acme", "lines": [{"product": "CH-1", "qty": 2}], "valid_until": "2026-03-01"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`valid_until` is in the past","field":"valid_until","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn a_person_of_the_company() {
        check_with(
            DOMAINS,
            shop!("company other; contact bob company=other"),
            "orders_quote_create",
            r#"{"company": "@acme", "contact": "@bob", "lines": [{"product": "CH-1", "qty": 2}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`contact` Bob is not a person of this company","field":"contact","hint":"crm_company_get shows who is","retryable":false}}"#
            ]],
        );
    }
}
