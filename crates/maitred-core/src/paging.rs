//! Pages: keyset cursors that belong to one query of one caller.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use maitred_macros::ToolArgs;
use maitred_store::Param;

use crate::args::Object;
use crate::cx::Reader;
use crate::error::{Code, ToolError, ToolResult};

/// The arguments every list shares.
#[derive(ToolArgs, Clone, Debug, Default)]
pub struct Paging {
    /// Rows (25).
    #[arg(min = 1, max = 100)]
    pub limit: Option<u32>,
    /// From next_cursor.
    #[arg(max = 1000)]
    pub cursor: Option<String>,
    /// Add total.
    pub count: Option<bool>,
}

/// The arguments every list with field selection shares.
#[derive(ToolArgs, Clone, Debug, Default)]
pub struct Listing {
    /// Paging.
    #[arg(flatten)]
    pub paging: Paging,
    /// * shows all.
    pub fields: Option<Vec<String>>,
}

const DEFAULT_ROWS: u32 = 25;
const VERSION: &str = "1";

/// One page to be read.
pub struct Page {
    /// Rows wanted.
    pub rows: usize,
    /// The key of the last row of the page before.
    pub after: Option<Vec<Param<'static>>>,
    /// True when the total is wanted.
    pub count: bool,
    digest: String,
}

impl Paging {
    /// Reads the cursor, which must come from the same query of the same caller and hold `keys` values.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub fn page(&self, db: &Reader<'_>, keys: usize) -> ToolResult<Page> {
        let digest = digest(db)?;
        let after = match &self.cursor {
            None => None,
            Some(cursor) => Some(decode(cursor, &digest, keys).ok_or_else(|| {
                ToolError::new(Code::CursorInvalid, "the cursor does not belong to this query")
                    .field("cursor")
                    .hint("repeat the call without `cursor`, or with the arguments it came from")
            })?),
        };
        Ok(Page {
            rows: self.limit.unwrap_or(DEFAULT_ROWS) as usize,
            after,
            count: self.count.unwrap_or(false),
            digest,
        })
    }
}

impl Page {
    /// The first page of a search that nobody asked for with arguments: of an export, or of a search within another.
    ///
    /// # Errors
    /// As [`Paging::page`].
    pub fn first(db: &Reader<'_>, keys: usize, rows: usize) -> ToolResult<Self> {
        Ok(Self { rows, ..Paging::default().page(db, keys)? })
    }

    /// How many rows to ask the database for: one more than wanted shows whether there is another page.
    pub fn fetch(&self) -> i64 {
        self.rows as i64 + 1
    }

    /// Cuts the rows to the page and makes the cursor of the next one from the key of the last row kept.
    pub fn cut<T>(
        &self,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> Vec<Param<'static>>,
    ) -> (Vec<T>, Option<String>) {
        if rows.len() <= self.rows {
            return (rows, None);
        }
        rows.truncate(self.rows);
        let next = rows.last().map(|last| encode(&self.digest, &key(last)));
        (rows, next)
    }
}

/// What a cursor is bound to: caller, and arguments without those that may differ from page to page.
fn digest(db: &Reader<'_>) -> ToolResult<String> {
    let mut object = Object::parse(db.arguments())?;
    for free in ["limit", "cursor", "count", "fields"] {
        object.take_raw(free);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(db.secret()).map_err(ToolError::internal)?;
    mac.update(db.caller().principal.as_bytes());
    mac.update(db.caller().org.slug.as_bytes());
    if let Some(client) = db.caller().client() {
        mac.update(client.contact.as_bytes());
    }
    for (name, value) in object.left() {
        mac.update(name.as_bytes());
        mac.update(b"=");
        mac.update(value.as_bytes());
        mac.update(b"\n");
    }
    Ok(URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..9]))
}

fn encode(digest: &str, key: &[Param<'static>]) -> String {
    let mut text = format!("{VERSION}{digest}");
    for part in key {
        match part {
            Param::Null => text.push_str("\u{1f}n"),
            Param::Int(number) => text.push_str(&format!("\u{1f}i{number}")),
            Param::Text(value) => text.push_str(&format!("\u{1f}t{value}")),
        }
    }
    URL_SAFE_NO_PAD.encode(text)
}

fn decode(cursor: &str, digest: &str, keys: usize) -> Option<Vec<Param<'static>>> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.strip_prefix(VERSION)?.split('\u{1f}');
    if parts.next()? != digest {
        return None;
    }
    let key: Option<Vec<Param<'static>>> = parts
        .map(|part| match part.split_at_checked(1)? {
            ("n", "") => Some(Param::Null),
            ("i", number) => number.parse().ok().map(Param::Int),
            ("t", value) => Some(Param::Text(value.to_owned().into())),
            _ => None,
        })
        .collect();
    key.filter(|key| key.len() == keys)
}
