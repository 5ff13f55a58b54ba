//! `invoicing_match_suggest`: which invoices each unmatched receipt pays, with a score and the reasons (F-INV-7).

use maitred_core::prelude::*;

use crate::bank::matching::{SURE_LEAD, SURE_SCORE};
use crate::bank::model::{BankLine, BankLineStatus};
use crate::bank::run::{CompanyName, Matching, OwedView, explained, owed};
use crate::bank::views::{self, LineView};
use crate::store::bank::{self, KEYS, LineFilter};

/// The tool.
pub struct MatchSuggest;

/// Score from which suggestions are shown when nothing else is said.
const MIN_SCORE: u32 = 40;

impl Tool for MatchSuggest {
    const NAME: &str = "invoicing_match_suggest";
    const TITLE: &str = "Suggest matches";
    const ABOUT: &str = "Suggest which invoices each unmatched receipt pays, with a score and the reasons.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::REPORT;
    const EXAMPLE: Example =
        Example { given: crate::tools::bank_import::IMPORTED, args: r#"{"min_score": 60}"# };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let page = args.paging.page(cx, KEYS)?;
        let account = args.account.as_deref().map(|text| bank::resolve(cx, text, "account")).transpose()?;
        let filter = LineFilter {
            account: account.map(|account| account.id),
            status: Some(BankLineStatus::Unmatched),
            ids: args.lines,
            receipts: true,
            ..LineFilter::default()
        };
        let total = page.count.then(|| bank::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(bank::search(cx, &filter, &page)?, bank::key);
        let min_score = i64::from(args.min_score.unwrap_or(MIN_SCORE));
        let mut matching = Matching::of(cx)?;
        let count = rows.len() as u64;
        let mut lines = Vec::with_capacity(rows.len());
        for (done, line) in (1_u64..).zip(rows) {
            let suggestion = suggest(cx, &mut matching, &line, min_score)?;
            lines.push(LineMatch { line: views::summary(line), suggestion });
            cx.progress(done, Some(count), "lines");
            cx.check_cancelled()?;
        }
        Ok(Output { lines, next_cursor, total })
    }
}

fn suggest(
    db: &Reader<'_>,
    matching: &mut Matching,
    line: &BankLine,
    min_score: i64,
) -> ToolResult<Option<SuggestionView>> {
    let currency = line.currency;
    let Some(ranked) = matching.rank(db, line, min_score)? else { return Ok(None) };
    let open = matching.open(db, currency)?;
    let company = open.company(&ranked.best.invoices).unwrap_or_default().to_owned();
    Ok(Some(SuggestionView {
        company: CompanyName { name: open.name(&company), id: company },
        invoices: owed(open, &ranked.best, currency),
        score: ranked.best.score,
        lead: ranked.lead(),
        sure: ranked.is_sure(SURE_SCORE, SURE_LEAD),
        explained: explained(ranked.best.explained).to_owned(),
        reasons: ranked.best.reasons.iter().map(|&reason| reason.to_owned()).collect(),
        runner_up: ranked.runner_up.map(|next| RunnerUp {
            score: next.score,
            numbers: owed(open, &next, currency).into_iter().map(|one| one.number).collect(),
        }),
    }))
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Ids; all unmatched receipts.
    #[arg(min = 1, max = 100)]
    lines: Option<Vec<String>>,
    /// Id, IBAN or name of ours.
    #[arg(max = 200)]
    account: Option<String>,
    /// 40.
    #[arg(min = 1, max = 100)]
    min_score: Option<u32>,
    /// Paging.
    #[arg(flatten)]
    paging: Paging,
}

/// The next best.
#[derive(ToolOutput)]
pub struct RunnerUp {
    /// Its invoices.
    numbers: Vec<String>,
    /// Its score.
    score: i64,
}

/// What a line seems to pay.
#[derive(ToolOutput)]
pub struct SuggestionView {
    /// Who seems to have paid.
    company: CompanyName,
    /// What it seems to pay.
    invoices: Vec<OwedView>,
    /// 0 to 100.
    score: i64,
    /// Points before the next best.
    lead: i64,
    /// Whether invoicing_match_apply would take it by itself.
    sure: bool,
    /// How the amount is explained.
    explained: String,
    /// Why.
    reasons: Vec<String>,
    /// The next best.
    runner_up: Option<RunnerUp>,
}

/// A line and what it seems to pay.
#[derive(ToolOutput)]
pub struct LineMatch {
    /// The line.
    line: Selected<LineView>,
    /// The best suggestion, unless nothing scores enough.
    suggestion: Option<SuggestionView>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Unmatched receipts, the latest first.
    lines: Vec<LineMatch>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// Unmatched receipts in all.
    total: Option<i64>,
}
