//! What leaves the house by mail: ordered here, in the transaction of the change, and carried out by the server.

use maitred_core::cx::Writer;
use maitred_core::error::{ToolError, ToolResult};
use serde::Serialize;

/// A mail. Sent once the change it belongs to is committed, at least once, under an id of its own.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Mail {
    /// Addresses it goes to.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body once more as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// Files with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Kind of the record it is about, e.g. `purchase_order`.
    pub entity: &'static str,
    /// Id of the record.
    pub entity_id: String,
}

/// A file in a mail.
#[derive(Clone, Debug, Serialize)]
pub struct Attachment {
    /// File name.
    pub name: String,
    /// Media type.
    pub mime: &'static str,
    /// The text of it, or its bytes as `encoding` says.
    pub content: String,
    /// `base64` where the file is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<&'static str>,
}

impl Attachment {
    /// A file of text.
    pub fn text(name: String, mime: &'static str, content: String) -> Self {
        Self { name, mime, content, encoding: None }
    }

    /// A file of bytes, given in base64.
    pub fn base64(name: String, mime: &'static str, content: String) -> Self {
        Self { name, mime, content, encoding: Some("base64") }
    }
}

impl Mail {
    /// Orders it.
    ///
    /// # Errors
    /// When the database fails.
    pub fn send(&self, db: &Writer<'_>) -> ToolResult<()> {
        let payload = serde_json::to_string(self).map_err(ToolError::internal)?;
        Ok(db.outbox("mail", &payload)?)
    }
}
