//! `invoicing_match_apply`: bank lines become payments of the invoices they pay.

use maitred_core::prelude::*;

use crate::bank::matching::{SURE_LEAD, SURE_SCORE};
use crate::bank::run::{MatchView, Matching};
use crate::store::bank;

/// The tool.
pub struct MatchApply;

/// Lines that are looked at in one call by themselves.
const MOST_LINES: i64 = 500;

impl Tool for MatchApply {
    const NAME: &str = "invoicing_match_apply";
    const TITLE: &str = "Apply matches";
    const ABOUT: &str = "Match bank lines to invoices: the pairs you give, or every suggestion above a score with a \
                         clear lead.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write { long: true, ..Write::PREVIEWED };
    const EXAMPLE: Example = Example { given: crate::tools::bank_import::IMPORTED, args: r#"{"auto": {}}"# };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let mut matching = Matching::of(cx)?;
        match (args.matches, args.auto) {
            (Some(pairs), None) => named(cx, &mut matching, &pairs),
            (None, Some(auto)) => by_itself(cx, &mut matching, &auto),
            (None, None) => {
                Err(missing("matches").hint("give `matches`, or `auto` as {} for every sure suggestion"))
            }
            (Some(_), Some(_)) => Err(invalid("auto", "goes without `matches`")),
        }
    }
}

/// Matches the pairs given. One pair that cannot be is an error; of several, those that cannot be are listed.
fn named(db: &Writer<'_>, matching: &mut Matching, pairs: &[MatchArg]) -> ToolResult<Output> {
    let mut report = Output::default();
    for (index, pair) in pairs.iter().enumerate() {
        db.progress(index as u64, Some(pairs.len() as u64), "lines");
        db.check_cancelled()?;
        let field = format!("matches[{index}]");
        // What the ledger itself refuses stops the call: part of a payment may be written by then.
        let found = bank::line(db, &pair.line, &format!("{field}.line")).and_then(|line| {
            crate::bank::run::matchable(&line, &field)?;
            let places = matching.named(db, &line, &pair.invoices, &field)?;
            Ok((line, places))
        });
        match found {
            Ok((line, places)) => report.matched.push(matching.apply(db, &line, &places, &field)?),
            Err(fault) if pairs.len() == 1 || fault.code() == Code::Internal => return Err(fault),
            Err(fault) => {
                report.refused.push(RefusedView { line: pair.line.clone(), why: fault.message().to_owned() })
            }
        }
    }
    report.matched_count = report.matched.len() as i64;
    Ok(report)
}

/// Matches every unmatched receipt, the oldest first, whose best suggestion is clear and explains every cent.
fn by_itself(db: &Writer<'_>, matching: &mut Matching, auto: &AutoArg) -> ToolResult<Output> {
    let account = auto.account.as_deref().map(|text| bank::resolve(db, text, "auto.account")).transpose()?;
    let min_score = auto.min_score.map_or(SURE_SCORE, i64::from);
    let min_lead = auto.min_lead.map_or(SURE_LEAD, i64::from);
    let lines = bank::receipts(db, account.as_ref().map(|account| &account.id), MOST_LINES + 1)?;
    let mut report = Output { more: lines.len() as i64 > MOST_LINES, ..Output::default() };
    for (done, line) in (0_u64..).zip(lines.iter().take(MOST_LINES as usize)) {
        db.progress(done, Some(lines.len() as u64), "lines");
        db.check_cancelled()?;
        match matching.rank(db, line, min_score)?.filter(|ranked| ranked.is_sure(min_score, min_lead)) {
            Some(ranked) => report.matched.push(matching.apply(db, line, &ranked.best.invoices, "auto")?),
            None => report.left += 1,
        }
    }
    report.matched_count = report.matched.len() as i64;
    Ok(report)
}

/// A line and the invoices it pays.
#[derive(ToolArgs)]
pub struct MatchArg {
    /// Id.
    #[arg(min = 1, max = 100)]
    line: String,
    /// Numbers or ids, paid in this order.
    #[arg(min = 1, max = 50)]
    invoices: Vec<String>,
}

/// How sure it must be.
#[derive(ToolArgs)]
pub struct AutoArg {
    /// 90.
    #[arg(min = 90, max = 100)]
    min_score: Option<u32>,
    /// 15.
    #[arg(min = 15, max = 100)]
    min_lead: Option<u32>,
    /// Only this account of ours.
    #[arg(max = 200)]
    account: Option<String>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Pairs.
    #[arg(min = 1, max = 100)]
    matches: Option<Vec<MatchArg>>,
    /// Or every sure suggestion: {}.
    auto: Option<AutoArg>,
}

/// A line that was not matched.
#[derive(ToolOutput)]
pub struct RefusedView {
    /// Id.
    line: String,
    /// Why.
    why: String,
}

/// Answer.
#[derive(ToolOutput, Default)]
pub struct Output {
    /// Lines matched.
    matched: Vec<MatchView>,
    /// How many.
    matched_count: i64,
    /// Lines that could not be.
    refused: Vec<RefusedView>,
    /// Receipts looked at and left, because nothing was sure.
    left: i64,
    /// Whether there are more receipts than one call looks at.
    more: bool,
}

#[cfg(test)]
mod tests {
    use maitred_testkit::Fixture;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::bank::testing::import;
    use crate::store::bank_testing::{BANK, LEDGER, balance, invoice, payments};
    use crate::tools::bank_import::IMPORTED;

    /// A fixture with these invoices of two companies, and the lines of [`IMPORTED`].
    fn fixture(invoices: &[(&str, &str, i64, i64)]) -> Fixture {
        let given = format!("company alpine name=Alpine_Lanterns; company bolt name=Bolt; {IMPORTED}");
        let fixture = Fixture::new(&[&BANK, &LEDGER], &given);
        for (number, debtor, balance, discount) in invoices {
            let (number, debtor) = ((*number).to_owned(), fixture.id(debtor));
            let (balance, discount) = (*balance, *discount);
            fixture.write(move |db| invoice(db, &number, &debtor, balance, discount)).expect("an invoice");
        }
        fixture
    }

    fn open(fixture: &Fixture, number: &str) -> i64 {
        fixture.read(|db| balance(db, number)).expect("a balance")
    }

    fn apply(fixture: &Fixture, args: &Value) -> Value {
        let args = fixture.filled(&args.to_string());
        fixture.call_confirmed("invoicing_match_apply", &args).json()
    }

    const THREE: &[(&str, &str, i64, i64)] = &[
        ("INV-2026-00042", "alpine", 31_200, 0),
        ("INV-2026-00043", "alpine", 10_000, 0),
        ("INV-2026-00044", "bolt", 250, 0),
    ];

    #[test]
    fn suggestions_say_why_and_what_else() {
        let fixture = fixture(THREE);
        let shown = fixture.call("invoicing_match_suggest", r#"{"min_score": 1}"#).json();
        let lines = shown["lines"].as_array().expect("lines");
        let is_receipt = |line: &Value| line["line"]["untrusted"]["text"] == "INV-2026-00042";
        let place = lines.iter().position(is_receipt).expect("the line");
        let first = &lines[place]["suggestion"];
        assert_eq!(first["invoices"][0]["number"], "INV-2026-00042", "{shown}");
        assert_eq!(first["score"], 55 + 25 + 8 + 2);
        assert_eq!(first["sure"], true);
        assert_eq!(first["company"]["name"], "Alpine Lanterns");
        // Bolt's two and a half euros: the amount alone is not enough.
        assert_eq!(lines[1 - place]["suggestion"]["sure"], false);
        let strict = fixture.call("invoicing_match_suggest", r#"{"min_score": 50}"#).json();
        assert!(strict["lines"][1 - place].get("suggestion").is_none(), "{strict}");
    }

    #[test]
    fn only_what_is_sure_is_matched_by_itself_and_only_once() {
        let fixture = fixture(THREE);
        let report = apply(&fixture, &json!({ "auto": {} }));
        assert_eq!((&report["matched_count"], &report["left"]), (&json!(1), &json!(1)), "{report}");
        assert_eq!(report["matched"][0]["rest"], "0.00");
        assert_eq!(open(&fixture, "INV-2026-00042"), 0);
        assert_eq!(open(&fixture, "INV-2026-00044"), 250);
        let again = apply(&fixture, &json!({ "auto": {} }));
        assert_eq!(again["matched_count"], 0);
        let pair = json!({ "matches": [{ "line": "@receipt", "invoices": ["INV-2026-00043"] }] });
        assert_eq!(apply(&fixture, &pair)["error"]["code"], "already_done");
        assert_eq!(fixture.read(payments).expect("payments"), (1, 31_200, 31_200));
        let classify = r#"{"line": "@receipt", "class": "other"}"#;
        let fault = fixture.call("invoicing_bank_line_classify", classify).json();
        assert_eq!(fault["error"]["code"], "illegal_transition");
        // Its payment undone, the line can be matched again.
        let id = fixture.id("receipt");
        fixture.write(move |db| crate::store::bank::unmatch(db, &id)).expect("unmatched");
        let shown = fixture.call("invoicing_bank_line_search", r#"{"q": "lanterns"}"#).json();
        assert_eq!(shown["lines"][0]["status"], "unmatched");
    }

    #[test]
    fn pairs_pay_in_their_order_and_the_rest_stays_as_credit() {
        let fixture = fixture(THREE);
        let pair =
            |line: &str, invoices: &[&str]| json!({ "matches": [{ "line": line, "invoices": invoices }] });
        let report = apply(&fixture, &pair("@receipt", &["INV-2026-00043"]));
        assert_eq!(report["matched"][0]["rest"], "212.00");
        assert_eq!(report["matched"][0]["invoices"][0]["left"], "0.00");
        let fault = apply(&fixture, &pair("@bare", &["INV-2026-00043"]));
        assert_eq!(fault["error"]["code"], "over_allocation");
        let fault = apply(&fixture, &pair("@bare", &["INV-2026-00042", "INV-2026-00044"]));
        assert_eq!(fault["error"]["field"], "matches[0].invoices[1]");
        let fault = apply(&fixture, &pair("@fee", &["INV-2026-00044"]));
        assert_eq!(fault["error"]["field"], "matches[0].line");
        // Of several pairs those that can be are matched, the others are named.
        let report = apply(
            &fixture,
            &json!({ "matches": [
                { "line": "@fee", "invoices": ["INV-2026-00044"] },
                { "line": "@bare", "invoices": ["INV-2026-00042"] },
            ]}),
        );
        assert_eq!(
            (&report["matched_count"], report["refused"].as_array().map(Vec::len)),
            (&json!(1), Some(1))
        );
        assert_eq!(open(&fixture, "INV-2026-00042"), 31_200 - 250);
    }

    #[test]
    fn a_discount_in_its_window_is_forgiven_and_a_known_account_counts() {
        let fixture = fixture(&[("N-1", "alpine", 10_000, 200), ("N-2", "alpine", 5_000, 0)]);
        import(
            &fixture,
            ":20:B\n:25:GB82WEST12345698765432\n:60F:C260302EUR0,\n\
            :61:260228C98,NTRFNONREF\n:86:166?00X?20N-1?31DE02120300000000202051?32Alpine Lanterns\n\
            :61:260305C50,NTRFNONREF\n:86:166?00X?20thanks?31DE02120300000000202051?32A. Person\n:62F:C260305EUR148,\n-\n",
        );
        let report = apply(&fixture, &json!({ "auto": {} }));
        assert_eq!(report["matched_count"], 0, "a score of 85 is not 90");
        let lines =
            fixture.call("invoicing_bank_line_search", r#"{"max_amount": "98", "min_amount": "98"}"#).json();
        let line = lines["lines"][0]["id"].as_str().expect("an id").to_owned();
        let report = apply(&fixture, &json!({ "matches": [{ "line": line, "invoices": ["N-1"] }] }));
        assert_eq!(report["matched"][0]["invoices"][0]["forgiven"], "2.00");
        assert_eq!(open(&fixture, "N-1"), 0);
        let shown = fixture.call("invoicing_match_suggest", "{}").json();
        let lines = shown["lines"].as_array().expect("lines");
        let line =
            lines.iter().find(|line| line["line"]["untrusted"]["author"] == "A. Person").expect("the line");
        let reasons = line["suggestion"]["reasons"].to_string();
        assert!(reasons.contains("known account"), "{shown}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        /// Invariant 15 over the tools: whatever is tried, a line is matched at most once, its allocations stay within
        /// its amount, and no balance goes below zero (the ledger's CHECKs would refuse the call).
        #[test]
        fn lines_are_matched_once_and_within_their_amount(
            receipts in prop::collection::vec((1_i64..9, 0_usize..4), 1..8),
            tries in prop::collection::vec((0_usize..8, prop::collection::vec(0_usize..4, 1..4), any::<bool>()), 1..10),
        ) {
            let invoices = [("N-0", "alpine", 400, 0), ("N-1", "alpine", 300, 0), ("N-2", "bolt", 500, 10), ("N-3", "bolt", 100, 0)];
            let fixture = fixture(&invoices);
            let total: i64 = receipts.iter().map(|(euros, _)| euros).sum();
            let lines: String = receipts
                .iter()
                .map(|(euros, invoice)| format!(":61:260301C{euros},NTRFNONREF\n:86:N-{invoice} row\n"))
                .collect();
            import(&fixture, &format!(":20:B\n:25:GB82WEST12345698765432\n:60F:C260301EUR0,\n{lines}:62F:C260301EUR{total},\n-\n"));
            let found = fixture.call("invoicing_bank_line_search", r#"{"q": "row", "limit": 100}"#).json();
            let ids: Vec<String> = found["lines"].as_array().expect("lines").iter()
                .map(|line| line["id"].as_str().expect("an id").to_owned()).collect();
            for (line, wanted, by_itself) in tries {
                let args = if by_itself {
                    json!({ "auto": {} })
                } else {
                    let names: Vec<String> = wanted.iter().map(|at| format!("N-{at}")).collect();
                    json!({ "matches": [{ "line": ids[line % ids.len()], "invoices": names }] })
                };
                let answer = apply(&fixture, &args);
                prop_assert_ne!(&answer["error"]["code"], "internal", "{}", answer);
            }
            let (count, amount, allocated) = fixture.read(payments).expect("payments");
            let matched = fixture.call("invoicing_bank_line_search", r#"{"status": "matched", "limit": 100}"#).json();
            prop_assert_eq!(matched["lines"].as_array().map(|lines| lines.len() as i64), Some(count));
            prop_assert!(allocated <= amount);
        }
    }
}
