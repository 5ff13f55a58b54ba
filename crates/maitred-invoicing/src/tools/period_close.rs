//! `invoicing_period_close`: a month takes no documents any more, or does again.

use maitred_core::prelude::*;
use maitred_core::words;
use maitred_kernel::{Day, Period as Span, Stamp};
use maitred_party::org::today;

use crate::model::{Period, PeriodStatus};
use crate::store::{bank_links, periods};
use crate::tools::invoice_write_off::may_close_books;

words! {
    /// What to do with a month.
    pub enum Action {
        /// Nothing may be dated in it any more.
        Close = "close",
        /// It takes documents again.
        Reopen = "reopen",
    }
}

/// The tool.
pub struct PeriodClose;

impl Tool for PeriodClose {
    const NAME: &str = "invoicing_period_close";
    const TITLE: &str = "Close month";
    const ABOUT: &str = "Close a month for invoicing, or reopen the last closed one with a reason. \
                         Afterwards nothing may be dated in it.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write::PREVIEWED;
    const EXAMPLE: Example = Example { given: "", args: r#"{"month": "2026-02", "action": "close"}"# };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        may_close_books(cx)?;
        let Ok(span @ Span::Month(..)) = Span::parse(&args.month) else {
            return Err(invalid("month", "must be a month such as 2026-02"));
        };
        let first = span.first_day().map_err(|fault| invalid("month", fault))?;
        let last = span.last_day().map_err(|fault| invalid("month", fault))?;
        let month = periods::month_of(first);
        match args.action {
            Action::Close => close(cx, &month, first, last)?,
            Action::Reopen => reopen(cx, &month, args.reason)?,
        }
        let unmatched = bank_links::unmatched(cx, first, last)?;
        let warnings = match (args.action, unmatched) {
            (Action::Close, 1..) => vec![format!("{unmatched} bank lines of the month are not matched")],
            _ => vec![],
        };
        let periods = periods::recent(cx, 12)?
            .into_iter()
            .map(|period| PeriodView { month: period.id, status: period.status, reason: period.reason })
            .collect();
        Ok(Output { periods, warnings })
    }
}

fn close(cx: &Cx<'_, Write>, month: &str, first: Day, last: Day) -> ToolResult<()> {
    if last >= today(cx)? {
        return Err(invalid("month", "is not over yet"));
    }
    let before = cx.get::<Period>(month)?;
    if before.as_ref().is_some_and(|period| period.status == PeriodStatus::Closed) {
        return Err(refused(Code::AlreadyDone, format!("`{month}` is closed")).field("month"));
    }
    let blockers = blockers(cx, first, last)?;
    if !blockers.is_empty() {
        let all = serde_json::to_string(&blockers).map_err(ToolError::internal)?;
        return Err(refused(Code::OpenDependents, format!("`{month}` cannot be closed: {}", blockers[0]))
            .field("month")
            .with("blockers", all)
            .hint("settle what `blockers` lists, then close it"));
    }
    save(cx, before, month, PeriodStatus::Closed, None)
}

/// What keeps a month open.
fn blockers(db: &Reader<'_>, first: Day, last: Day) -> ToolResult<Vec<String>> {
    let mut blockers: Vec<String> = periods::drafts_in(db, first, last)?
        .into_iter()
        .map(|(id, company)| format!("a draft for {company} is dated in it: {id}"))
        .collect();
    blockers.extend(periods::gaps(db)?);
    if let Some(earlier) = periods::open_before(db, first)? {
        blockers.push(format!("`{earlier}` is still open and has documents"));
    }
    Ok(blockers)
}

fn reopen(cx: &Cx<'_, Write>, month: &str, reason: Option<String>) -> ToolResult<()> {
    if !cx.teammate().is_some_and(|mate| mate.has_role(&["owner", "admin"])) {
        return Err(refused(Code::Forbidden, "reopening a month is for owners and admins")
            .field("action")
            .hint("ask one of them to do it"));
    }
    let reason = reason.filter(|text| !text.trim().is_empty()).ok_or_else(|| missing("reason"))?;
    let closed = periods::last_closed(cx)?;
    match closed {
        Some(period) if period.id == month => save(cx, Some(period), month, PeriodStatus::Open, Some(reason)),
        Some(period) => Err(refused(
            Code::IllegalTransition,
            format!("only the last closed month can be reopened, which is `{}`", period.id),
        )
        .field("month")),
        None => Err(refused(Code::IllegalTransition, "no month is closed").field("month")),
    }
}

fn save(
    db: &Writer<'_>,
    before: Option<Period>,
    month: &str,
    status: PeriodStatus,
    reason: Option<String>,
) -> ToolResult<()> {
    match before {
        Some(before) => {
            db.update(&before, &mut Period { status, reason, ..before.clone() })?;
        }
        None => db.insert(&mut Period {
            id: month.to_owned(),
            version: 1,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            status,
            reason,
        })?,
    }
    Ok(())
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// 2026-02.
    #[arg(min = 7, max = 7)]
    month: String,
    /// Action.
    action: Action,
    /// To reopen.
    #[arg(max = 500)]
    reason: Option<String>,
}

/// A month.
#[derive(ToolOutput)]
pub struct PeriodView {
    /// Month.
    month: String,
    /// Whether it takes documents.
    status: PeriodStatus,
    /// Why it was reopened.
    reason: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Months that were ever closed, newest first.
    periods: Vec<PeriodView>,
    /// What somebody should look at.
    warnings: Vec<String>,
}

#[cfg(test)]
mod tests {
    use maitred_core::mode::Mode;
    use maitred_testkit::Fixture;
    use serde_json::{Value, json};

    fn close(fixture: &Fixture, args: &str) -> Value {
        fixture.call_confirmed("invoicing_period_close", args).json()
    }

    #[test]
    fn months_close_in_order_and_the_last_one_reopens() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        assert_eq!(close(&fixture, r#"{"month": "2026-03", "action": "close"}"#)["error"]["code"], "invalid");
        assert_eq!(
            close(&fixture, r#"{"month": "2026-01", "action": "close"}"#)["periods"][0]["status"],
            "closed"
        );
        close(&fixture, r#"{"month": "2026-02", "action": "close"}"#);
        assert_eq!(
            close(&fixture, r#"{"month": "2026-02", "action": "close"}"#)["error"]["code"],
            "already_done"
        );
        let reopen = r#"{"month": "2026-02", "action": "reopen", "reason": "a forgotten bill"}"#;
        let finance = fixture.caller(&[Mode::Office], false);
        let by_finance = fixture.confirmed_as(&finance, "invoicing_period_close", reopen).unwrap().json();
        assert_eq!(by_finance["error"]["code"], "forbidden");
        let early = close(&fixture, r#"{"month": "2026-01", "action": "reopen", "reason": "x"}"#);
        assert_eq!(early["error"]["code"], "illegal_transition", "{early}");
        assert_eq!(
            close(&fixture, reopen)["periods"][0],
            json!({"month": "2026-02", "status": "open", "reason": "a forgotten bill"})
        );
    }

    #[test]
    fn a_draft_dated_in_it_keeps_it_open() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            r#"company acme; invoicing_invoice_create {"company": "@acme", "supply_from": "2026-02-10", "lines": [{"description": "A", "qty": 1, "unit_price": 5}]} as inv"#,
        );
        let refused = close(&fixture, r#"{"month": "2026-02", "action": "close"}"#);
        assert_eq!(refused["error"]["code"], "open_dependents", "{refused}");
        assert_eq!(refused["error"]["blockers"].as_array().map(Vec::len), Some(1));
        fixture.call_confirmed("invoicing_invoice_discard", r#"{"invoice": "@inv"}"#);
        assert!(close(&fixture, r#"{"month": "2026-02", "action": "close"}"#)["error"].is_null());
    }
}
