//! Ports that every domain can give: search, briefs, exports, settings, open work, timelines.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{ToolError, ToolResult};
use maitred_core::mode::Module;
use maitred_core::output::{FieldMask, Fields, Selected};
use maitred_core::paging::Page;
use maitred_store::Param;

use crate::model::{CompanyId, ContactId};

/// One record found by a piece of text.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Kind of record, e.g. `company`.
    pub kind: &'static str,
    /// Id.
    pub id: String,
    /// Document number, where the record has one.
    pub number: Option<String>,
    /// What to call it.
    pub label: String,
    /// Why it fits: `email`, `number`, `name`, ..
    pub why: &'static str,
    /// Exact hits (number, e-mail, SKU) are 1,000 and more; fuzzy ones less.
    pub score: i64,
}

/// Finds records by a piece of text, within what the caller may open.
pub trait SearchSource: Send + Sync {
    /// The module that answers.
    fn module(&self) -> Module;
    /// Kinds of records it finds.
    fn kinds(&self) -> &'static [&'static str];
    /// Entities of the change log that whoever may read this module may read about: the records it finds and their
    /// parts. The audit trail shows no others, except to the office.
    fn entities(&self) -> &'static [&'static str] {
        self.kinds()
    }
    /// At most `limit` hits, best first.
    fn search(&self, db: &Reader<'_>, text: &str, limit: usize) -> ToolResult<Vec<Hit>>;
}

/// What a module can say about a company when somebody prepares a conversation.
pub trait BriefSource: Send + Sync {
    /// The module that answers.
    fn module(&self) -> Module;
    /// Name of the section, e.g. `open_deals`.
    fn section(&self) -> &'static str;
    /// The section as one JSON value; `None` when there is nothing to say.
    fn brief(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Option<String>>;
}

/// A section of the settings.
pub trait SettingSource: Send + Sync {
    /// Section name, e.g. `crm.pipelines`.
    fn section(&self) -> &'static str;
    /// What it is about, in a sentence.
    fn about(&self) -> &'static str;
    /// Its JSON Schema.
    fn schema(&self) -> &'static str;
    /// Roles that may change it beside owner and admin.
    fn editors(&self) -> &'static [&'static str];
    /// How often the section was changed. A section with tables of its own counts there.
    fn version(&self, db: &Reader<'_>) -> ToolResult<i64> {
        Ok(crate::store::settings::get(db, self.section())?.map_or(0, |setting| setting.version))
    }
    /// The value in force as JSON.
    fn get(&self, db: &Reader<'_>) -> ToolResult<String>;
    /// Checks and applies a new value (one JSON value that fits the schema); answers what it touches, in words.
    /// Fields in errors are paths inside the value: `tax_codes[2].rate`.
    fn set(&self, db: &Writer<'_>, value: &str) -> ToolResult<Vec<String>>;
}

/// A result that can be written to a file: the rows of a search tool, without paging.
pub trait ExportSource: Send + Sync {
    /// The search tool whose rows these are.
    fn dataset(&self) -> &'static str;
    /// Hands each row to `row` as a JSON object, in a stable order, for the search tool's own filter arguments.
    /// `fields` as in the search tool. `row` answers `false` to stop.
    fn export(
        &self,
        db: &Reader<'_>,
        filter: &str,
        fields: Option<&[String]>,
        row: &mut dyn FnMut(&str) -> ToolResult<bool>,
    ) -> ToolResult<()>;
}

/// Rows that an export reads at a time.
const EXPORT_ROWS: usize = 500;

/// Hands the rows of a search on, as [`ExportSource::export`] does, until there are no more or nobody wants them. `read`
/// answers the rows of a page, which are behind its `after` and at most its `fetch()`; `key` is the key of a row, of
/// `keys` values, by which the search is ordered.
///
/// # Errors
/// What `read`, `view` or `row` refuse, and `cancelled`.
pub fn export_rows<R, V: Fields>(
    db: &Reader<'_>,
    keys: usize,
    mask: FieldMask<V>,
    read: impl Fn(&Page) -> ToolResult<Vec<R>>,
    key: impl Fn(&R) -> Vec<Param<'static>>,
    view: impl Fn(R) -> ToolResult<V>,
    row: &mut dyn FnMut(&str) -> ToolResult<bool>,
) -> ToolResult<()> {
    let mut page = Page::first(db, keys, EXPORT_ROWS)?;
    loop {
        db.check_cancelled()?;
        let (rows, more) = page.cut(read(&page)?, &key);
        page.after = rows.last().map(&key);
        for found in rows {
            let json =
                serde_json::to_string(&Selected::new(view(found)?, mask)).map_err(ToolError::internal)?;
            if !row(&json)? {
                return Ok(());
            }
        }
        if more.is_none() {
            return Ok(());
        }
    }
}

/// Where exported files go. Given by the server, because only it knows where files may be.
pub trait ExportSink: Send + Sync {
    /// Starts a file of this organisation.
    fn create(&self, org: &str) -> ToolResult<Box<dyn ExportFile>>;
}

/// A file being written. One that is dropped unfinished leaves nothing behind.
pub trait ExportFile: std::io::Write {
    /// Puts the whole file in its place under this name (`a-z`, `0-9`, `_`, `-` and one dot), over one that has it
    /// already: equal names mean equal contents.
    fn finish(self: Box<Self>, name: &str) -> ToolResult<StoredExport>;
}

/// A file in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredExport {
    /// Where it can be fetched.
    pub uri: String,
    /// Until when, where that is known.
    pub expires_at: Option<maitred_kernel::Stamp>,
}

/// Work of a member that somebody must take over when they leave.
pub trait OpenWork: Send + Sync {
    /// What it is called: `deals`, `to-dos`.
    fn kind(&self) -> &'static str;
    /// How much of it is open.
    fn count(&self, db: &Reader<'_>, member: &str) -> ToolResult<i64>;
    /// Gives it to another member; answers how much moved.
    fn reassign(&self, db: &Writer<'_>, from: &str, to: &str) -> ToolResult<i64>;
}

/// What keeps a company or a contact from being archived.
pub trait Dependents: Send + Sync {
    /// Open records of the company, in words such as "deal D-2026-00012 is open". At most ten.
    fn of_company(&self, db: &Reader<'_>, company: &CompanyId) -> ToolResult<Vec<String>>;
    /// Open records of the contact.
    fn of_contact(&self, db: &Reader<'_>, contact: &ContactId) -> ToolResult<Vec<String>>;
}

/// A document that came of a deal: a quote or an order.
#[derive(Clone, Debug)]
pub struct DealDocument {
    /// Kind of record, e.g. `quote`.
    pub kind: &'static str,
    /// Id.
    pub id: String,
    /// Document number.
    pub number: String,
    /// How far it is, in its own word.
    pub status: String,
    /// Total as a decimal string.
    pub total: String,
    /// Currency of the total.
    pub currency: String,
}

/// Documents that came of deals, from whoever keeps quotes and orders.
pub trait DealDocuments: Send + Sync {
    /// Quotes and orders of a deal, newest first.
    fn of_deal(&self, db: &Reader<'_>, deal: &str) -> ToolResult<Vec<DealDocument>>;
    /// The number of an order of the deal that is confirmed and not cancelled, which keeps a won deal won.
    fn confirmed_order(&self, db: &Reader<'_>, deal: &str) -> ToolResult<Option<String>>;
}
