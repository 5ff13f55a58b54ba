//! `invoicing_recurring_list`: what is invoiced again and again.

use maitred_core::prelude::*;
use maitred_party::store::companies;

use crate::recurring::RecurringStatus;
use crate::repeating::{RecurringView, view};
use crate::store::recurring::{self, KEYS, RecurringFilter};

/// The tool.
pub struct RecurringList;

impl Tool for RecurringList {
    const NAME: &str = "invoicing_recurring_list";
    const TITLE: &str = "List recurring invoices";
    const ABOUT: &str = "Recurring invoices with their next dates, amount and last result.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example {
        given: r#"company acme; invoicing_recurring_save {"company": "@acme", "name": "Rent", "lines": [{"description": "Rent", "qty": 1, "unit_price": 500}], "start": "2026-03-31"} as rent"#,
        args: r#"{"company": "@acme"}"#,
    };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read>, args: Args) -> ToolResult<Output> {
        let mask = FieldMask::of(args.listing.fields.as_deref(), FieldMask::summary())?;
        let page = args.listing.paging.page(cx, KEYS)?;
        let company =
            args.company.as_deref().map(|text| companies::resolve(cx, text, "company")).transpose()?;
        let filter = RecurringFilter { company: company.map(|company| company.id), status: args.status };
        let total = page.count.then(|| recurring::count(cx, &filter)).transpose()?;
        let (rows, next_cursor) = page.cut(recurring::search(cx, &filter, &page)?, recurring::key);
        let mut templates = Vec::with_capacity(rows.len());
        for row in rows {
            templates.push(Selected::new(view(cx, row)?, mask));
        }
        Ok(Output { templates, next_cursor, total })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Company.
    #[arg(max = 200)]
    company: Option<String>,
    /// Status.
    status: Option<RecurringStatus>,
    /// Paging.
    #[arg(flatten)]
    listing: Listing,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// By next day.
    templates: Vec<Selected<RecurringView>>,
    /// Cursor of the next page.
    next_cursor: Option<String>,
    /// How many fit in all.
    total: Option<i64>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::check;

    #[test]
    fn dates_are_shown_as_they_will_fall() {
        check(
            &crate::DOMAIN,
            r#"company acme; invoicing_recurring_save {"company": "@acme", "name": "Rent", "lines": [{"description": "Rent", "qty": 1, "unit_price": 500}], "start": "2026-03-31", "end": "2026-04-30"} as rent"#,
            "invoicing_recurring_list",
            r#"{"status": "active", "fields": ["name", "next_dates", "net"]}"#,
            expect![[
                r#"{"templates":[{"id":"@rent","version":1,"name":"Rent","next_dates":["2026-03-31","2026-04-30"],"net":"500.00"}]}"#
            ]],
        );
    }

    #[test]
    fn pages_follow_the_days() {
        check(
            &crate::DOMAIN,
            r#"company acme; invoicing_recurring_save {"company": "@acme", "name": "B", "lines": [{"description": "B", "qty": 1, "unit_price": 5}], "start": "2026-05-01"} as b; invoicing_recurring_save {"company": "@acme", "name": "A", "lines": [{"description": "A", "qty": 1, "unit_price": 5}], "start": "2026-04-01"} as a"#,
            "invoicing_recurring_list",
            r#"{"count": true, "fields": ["name"]}"#,
            expect![[
                r#"{"templates":[{"id":"@a","version":1,"name":"A"},{"id":"@b","version":1,"name":"B"}],"total":2}"#
            ]],
        );
    }
}
