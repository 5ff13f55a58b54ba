//! The statements that the hand-written references run: the one place to align with the product's own.
//!
//! Rows become JSON objects by their column names, empty columns left out; so changing a statement here changes the
//! reference's answer with it, and no other file needs to know. [`SCHEMA`] is for the fixture only; the statements
//! are otherwise run against a database that the product made.

/// Opens a contact: `$1` is its id. One row.
pub const CONTACT_GET: &str = "\
    SELECT id, given_name, family_name, name, email, phone, job_title, language, owner_id, last_contacted_at, \
           created_at, updated_at, version \
      FROM contact WHERE id = $1 AND archived_at IS NULL";

/// What belongs to an opened contact: field of the answer, statement with `$1` the contact's id.
pub const CONTACT_PARTS: &[(&str, &str)] = &[
    (
        "companies",
        "SELECT m.id AS company, m.name, l.role, l.is_primary, l.can_order, l.since \
           FROM company_contact l JOIN company m ON m.id = l.company_id \
          WHERE l.contact_id = $1 AND l.until IS NULL ORDER BY l.is_primary DESC, m.name, m.id",
    ),
    (
        "consents",
        "SELECT channel, state, basis, at FROM consent WHERE contact_id = $1 ORDER BY channel, at DESC",
    ),
    (
        "interactions",
        "SELECT a.id, a.kind, a.at, a.summary FROM activity_link l JOIN activity a ON a.id = l.activity_id \
          WHERE l.kind = 'contact' AND l.record_id = $1 ORDER BY a.at DESC, a.id DESC LIMIT 5",
    ),
];

/// Finds contacts: `$1` is [`match_expression`] of the words, `$2` the number of rows.
pub const CONTACT_SEARCH: &str = "\
    SELECT c.id, c.name, c.email, c.phone, c.job_title, c.owner_id, c.last_contacted_at, \
           (SELECT m.name FROM company_contact l JOIN company m ON m.id = l.company_id \
             WHERE l.contact_id = c.id AND l.is_primary = 1 AND l.until IS NULL LIMIT 1) AS company \
      FROM contact_search s JOIN contact c ON c.id = s.id \
     WHERE contact_search MATCH $1 AND c.archived_at IS NULL \
     ORDER BY c.family_name, c.id LIMIT $2";

/// Every contact in order of id, for the stand-in's listing: `$1` is the last id of the page before, `$2` the rows.
pub const CONTACT_LISTING: &str =
    "SELECT id, name, email FROM contact WHERE id > $1 AND archived_at IS NULL ORDER BY id LIMIT $2";

/// A look at every contact against every other of the same family name, for the stand-in's scan.
pub const CONTACT_SCAN: &str = "\
    SELECT a.id AS a, b.id AS b FROM contact a JOIN contact b ON a.id < b.id \
     WHERE lower(a.given_name) = lower(b.given_name) AND a.email LIKE '%' || b.family_name || '%' LIMIT 25";

/// What goes into a parameter of a write's statement.
#[derive(Clone, Copy, Debug)]
pub enum Fill {
    /// The id of the activity that the call writes.
    Activity,
    /// A fresh id, another for each place.
    Fresh,
    /// The contact that the call is about.
    Contact,
    /// The summary.
    Summary,
    /// The arguments as they came.
    Arguments,
    /// The time of the call.
    Now,
    /// A fixed text.
    Text(&'static str),
}

/// One durable write, in order, inside one transaction: the record, its link, change log, audit line and receipt.
pub const ACTIVITY_LOG: &[(&str, &[Fill])] = &[
    (
        "INSERT INTO activity (id, kind, direction, at, summary, author_id, created_at) \
         VALUES ($1, $2, 'none', $3, $4, $5, $3)",
        &[Fill::Activity, Fill::Text("note"), Fill::Now, Fill::Summary, Fill::Text("reference")],
    ),
    (
        "INSERT INTO activity_link (activity_id, kind, record_id) VALUES ($1, $2, $3)",
        &[Fill::Activity, Fill::Text("contact"), Fill::Contact],
    ),
    (
        "INSERT INTO change_log (id, entity, record_id, before, after, at) VALUES ($1, 'activity', $2, NULL, $3, $4)",
        &[Fill::Fresh, Fill::Activity, Fill::Arguments, Fill::Now],
    ),
    (
        "INSERT INTO audit (id, at, actor, tool, arguments, outcome) VALUES ($1, $2, $3, $4, $5, 'ok')",
        &[Fill::Fresh, Fill::Now, Fill::Text("reference"), Fill::Text("crm_activity_log"), Fill::Arguments],
    ),
    (
        "INSERT INTO receipt (id, tool, result, at) VALUES ($1, $2, $3, $4)",
        &[Fill::Fresh, Fill::Text("crm_activity_log"), Fill::Activity, Fill::Now],
    ),
];

/// The query of full-text search for the words of a caller: each a quoted prefix, all of them wanted.
pub fn match_expression(words: &str) -> String {
    let mut expression = String::with_capacity(words.len() + 8);
    for word in words.split_whitespace() {
        if !expression.is_empty() {
            expression.push(' ');
        }
        expression.push('"');
        expression.extend(word.chars().filter(|character| *character != '"'));
        expression.push_str("\"*");
    }
    expression
}

/// Tables of the fixture that the references are tried on when there is no product database.
pub const SCHEMA: &str = "
    CREATE TABLE contact (id TEXT PRIMARY KEY NOT NULL, given_name TEXT, family_name TEXT NOT NULL,
        name TEXT NOT NULL, email TEXT, phone TEXT, job_title TEXT, language TEXT, owner_id TEXT,
        last_contacted_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, archived_at TEXT,
        version BIGINT NOT NULL) WITHOUT ROWID;
    CREATE TABLE company (id TEXT PRIMARY KEY NOT NULL, name TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE company_contact (contact_id TEXT NOT NULL, company_id TEXT NOT NULL, role TEXT NOT NULL,
        is_primary BIGINT NOT NULL, can_order BIGINT NOT NULL, since TEXT NOT NULL, until TEXT,
        PRIMARY KEY (contact_id, company_id)) WITHOUT ROWID;
    CREATE TABLE consent (contact_id TEXT NOT NULL, channel TEXT NOT NULL, at TEXT NOT NULL, state TEXT NOT NULL,
        basis TEXT NOT NULL, PRIMARY KEY (contact_id, channel, at)) WITHOUT ROWID;
    CREATE TABLE activity (id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, direction TEXT NOT NULL, at TEXT NOT NULL,
        summary TEXT NOT NULL, author_id TEXT NOT NULL, created_at TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE activity_link (activity_id TEXT NOT NULL, kind TEXT NOT NULL, record_id TEXT NOT NULL,
        PRIMARY KEY (kind, record_id, activity_id)) WITHOUT ROWID;
    CREATE TABLE change_log (id TEXT PRIMARY KEY NOT NULL, entity TEXT NOT NULL, record_id TEXT NOT NULL, before TEXT,
        after TEXT, at TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE audit (id TEXT PRIMARY KEY NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, tool TEXT NOT NULL,
        arguments TEXT NOT NULL, outcome TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE receipt (id TEXT PRIMARY KEY NOT NULL, tool TEXT NOT NULL, result TEXT NOT NULL, at TEXT NOT NULL)
        WITHOUT ROWID;
    CREATE VIRTUAL TABLE contact_search USING fts5(id UNINDEXED, words);
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_quoted_prefixes() {
        assert_eq!(match_expression("ada  love\"lace"), "\"ada\"* \"lovelace\"*");
        assert_eq!(match_expression(""), "");
    }
}
