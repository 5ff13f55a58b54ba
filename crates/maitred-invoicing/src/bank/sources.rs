//! What the bank answers to other modules: the rows of the line search as an export.

use maitred_core::args::{Object, parse_object};
use maitred_core::prelude::*;
use maitred_party::sources::{ExportSource, export_rows};

use crate::bank::views::LineView;
use crate::store::bank;
use crate::tools::bank_line_search;

/// The rows of `invoicing_bank_line_search`.
pub struct BankLineExport;

impl ExportSource for BankLineExport {
    fn dataset(&self) -> &'static str {
        "invoicing_bank_line_search"
    }

    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()> {
        let args: bank_line_search::Args = parse_object(Object::parse(filter)?)?;
        let mask = FieldMask::<LineView>::of(fields, FieldMask::summary())?;
        let filter = args.filter(db)?;
        let read = |page: &Page| bank::search(db, &filter, page);
        export_rows(db, bank::KEYS, mask, read, bank::key, |line| Ok(LineView::from(line)), row)
    }
}
