//! The tools of invoicing, sorted by name.

pub(crate) mod balance_get;
pub(crate) mod bank_account_list;
pub(crate) mod bank_import;
pub(crate) mod bank_line_classify;
pub(crate) mod bank_line_search;
mod cash_report;
mod collection_mark;
pub(crate) mod credit_note_create;
pub(crate) mod invoice_create;
mod invoice_discard;
mod invoice_generate;
mod invoice_get;
mod invoice_issue;
mod invoice_render;
pub(crate) mod invoice_search;
mod invoice_send;
pub(crate) mod invoice_update;
pub(crate) mod invoice_write_off;
pub(crate) mod match_apply;
pub(crate) mod match_suggest;
mod my_invoice_get;
mod my_invoice_list;
mod my_statement_get;
mod payment_allocate;
mod payment_record;
pub(crate) mod payment_search;
mod payment_undo;
mod period_close;
mod receivables_report;
mod recurring_list;
mod recurring_run;
mod recurring_save;
mod reminder_list;
mod reminder_run;
pub(crate) mod revenue_report;
mod statement_get;
mod tax_code_list;
pub(crate) mod tax_report;
mod terms_update;

use maitred_core::tool::{ToolEntry, entry};

/// Every tool of this module.
pub const TOOLS: &[ToolEntry] = &[
    entry::<balance_get::BalanceGet>(),
    entry::<bank_account_list::BankAccountList>(),
    entry::<bank_import::BankImport>(),
    entry::<bank_line_classify::BankLineClassify>(),
    entry::<bank_line_search::BankLineSearch>(),
    entry::<cash_report::CashReport>(),
    entry::<collection_mark::CollectionMark>(),
    entry::<credit_note_create::CreditNoteCreate>(),
    entry::<invoice_create::InvoiceCreate>(),
    entry::<invoice_discard::InvoiceDiscard>(),
    entry::<invoice_generate::InvoiceGenerate>(),
    entry::<invoice_get::InvoiceGet>(),
    entry::<invoice_issue::InvoiceIssue>(),
    entry::<invoice_render::InvoiceRender>(),
    entry::<invoice_search::InvoiceSearch>(),
    entry::<invoice_send::InvoiceSend>(),
    entry::<invoice_update::InvoiceUpdate>(),
    entry::<invoice_write_off::InvoiceWriteOff>(),
    entry::<match_apply::MatchApply>(),
    entry::<match_suggest::MatchSuggest>(),
    entry::<my_invoice_get::MyInvoiceGet>(),
    entry::<my_invoice_list::MyInvoiceList>(),
    entry::<my_statement_get::MyStatementGet>(),
    entry::<payment_allocate::PaymentAllocate>(),
    entry::<payment_record::PaymentRecord>(),
    entry::<payment_search::PaymentSearch>(),
    entry::<payment_undo::PaymentUndo>(),
    entry::<period_close::PeriodClose>(),
    entry::<receivables_report::ReceivablesReport>(),
    entry::<recurring_list::RecurringList>(),
    entry::<recurring_run::RecurringRun>(),
    entry::<recurring_save::RecurringSave>(),
    entry::<reminder_list::ReminderList>(),
    entry::<reminder_run::ReminderRun>(),
    entry::<revenue_report::RevenueReport>(),
    entry::<statement_get::StatementGet>(),
    entry::<tax_code_list::TaxCodeList>(),
    entry::<tax_report::TaxReport>(),
    entry::<terms_update::TermsUpdate>(),
];
