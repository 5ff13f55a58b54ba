//! The statements that the hand-written references run: the same as the product's own, in its order.
//!
//! Rows become JSON objects by their column names, empty columns left out: `company.id` and `company.name` side by side
//! become an object `company`, and a name that ends with `?` is true or false. So changing a statement here changes the
//! reference's answer with it, and no other file needs to know.

/// Opens a contact: `$1` is its id. One row.
pub const CONTACT_GET: &str = "\
    SELECT id, version, COALESCE(given_name || ' ', '') || family_name AS name, title, email, phone, language, status \
      FROM contact WHERE id = $1";

/// The places of a contact: `$1` is its id. The first column is the company's id, the others are shown.
pub const CONTACT_PLACES: &str = "\
    SELECT company_id, role, is_primary AS \"primary?\", can_order AS \"can_order?\", since, until FROM company_contact \
     WHERE contact_id = $1 ORDER BY is_primary DESC, company_id, id";

/// The company of a place: `$1` is its id. One row.
pub const PLACE_COMPANY: &str = "SELECT id, name FROM company WHERE id = $1";

/// What is kept beside a contact: `$1` is its id. No row or one.
pub const CONTACT_PROFILE: &str = "SELECT last_contacted_at FROM crm_contact_profile WHERE id = $1";

/// Finds contacts by the beginning of one word: `$1` is the word, `$2` the first text beyond its continuations
/// ([`beyond`]), `$3` the number of rows, one more than shown. The first column is for the next page's cursor only.
pub const CONTACT_SEARCH: &str = "\
    WITH hit (id, score) AS (SELECT t0.entity_id, t0.s FROM \
         (SELECT entity_id, MAX(CASE WHEN token = $1 THEN 2 * weight ELSE weight END) AS s FROM search_token \
           WHERE kind = 'contact' AND token >= $1 AND token < $2 GROUP BY entity_id) t0) \
    SELECT h.score || '.' || c.name_key || '.' || c.id, c.id, c.version, \
           COALESCE(c.given_name || ' ', '') || c.family_name AS name, c.title, c.email, c.phone, \
           l.company_id AS \"company.id\", o.name AS \"company.name\", l.role \
      FROM hit h JOIN contact c ON c.id = h.id \
      LEFT JOIN company_contact l ON l.id = (SELECT k.id FROM company_contact k WHERE k.contact_id = c.id \
                                              ORDER BY k.is_primary DESC, k.id LIMIT 1) \
      LEFT JOIN company o ON o.id = l.company_id \
     WHERE c.status = 'active' ORDER BY h.score DESC, c.name_key, c.id LIMIT $3";

/// Every statement of the reads.
pub const READS: &[&str] = &[CONTACT_GET, CONTACT_PLACES, PLACE_COMPANY, CONTACT_PROFILE, CONTACT_SEARCH];

/// Every contact in order of id, for the stand-in's listing: `$1` is the last id of the page before, `$2` the rows.
pub const CONTACT_LISTING: &str = "SELECT id, COALESCE(given_name || ' ', '') || family_name AS name, email FROM contact WHERE id > $1 ORDER BY id LIMIT $2";

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
    /// The number of the audit line: what the statement that gives it returned.
    Line,
    /// A number.
    Number(i64),
    /// A fixed text.
    Text(&'static str),
}

/// One statement of a write. Rows that it gives are read to their end.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The statement.
    pub sql: &'static str,
    /// What its parameters are filled with.
    pub fills: &'static [Fill],
    /// The first column of its row is the number of the audit line.
    pub gives_line: bool,
}

const fn step(sql: &'static str, fills: &'static [Fill]) -> Step {
    Step { sql, fills, gives_line: false }
}

const PRINCIPAL: Fill = Fill::Text("key:01990000-0000-7000-8000-000000000000");
const DIGEST: Fill = Fill::Text("0123456789abcdef0123456789abcdef");
const CHANGE: &str = "\
    INSERT INTO change_log (audit_seq, position, entity, entity_id, kind, before_json, after_json, company_id, contact_id) \
    VALUES ($1, $2, $3, $4, 'created', NULL, $5, NULL, $6)";

/// One durable write, in order, inside one transaction: the contact is found, the activity and its link are written,
/// the receipt of an earlier run is looked for, audit line and change log follow.
pub const ACTIVITY_LOG: &[Step] = &[
    step("SELECT * FROM contact WHERE id = $1", &[Fill::Contact]),
    step(
        "INSERT INTO activity (id, version, created_at, updated_at, kind, direction, at, duration_min, summary, outcome, \
                               by_member) \
         VALUES ($1, 1, $2, $2, $3, 'none', $2, NULL, $4, NULL, (SELECT id FROM member ORDER BY id LIMIT 1))",
        &[Fill::Activity, Fill::Now, Fill::Text("note"), Fill::Summary],
    ),
    step(
        "INSERT INTO activity_link (id, activity_id, entity_kind, entity_id) VALUES ($1, $2, $3, $4)",
        &[Fill::Fresh, Fill::Activity, Fill::Text("contact"), Fill::Contact],
    ),
    step(
        "SELECT tool, arguments_digest, answer FROM receipt WHERE principal = $1 AND request_key = $2",
        &[PRINCIPAL, DIGEST],
    ),
    Step {
        sql: "UPDATE audit_head SET seq = seq + 1 WHERE one = 1 RETURNING seq, chain",
        fills: &[],
        gives_line: true,
    },
    step("UPDATE audit_head SET chain = $1 WHERE one = 1", &[DIGEST]),
    step(
        "INSERT INTO audit (seq, at, principal, actor_kind, actor_id, actor_label, tool, transport, request_key, \
                            arguments_digest, changes_digest, change_count, build, chain) \
         VALUES ($1, $2, $3, 'teammate', $3, 'reference', $4, 'http', NULL, $5, $5, 2, '0.1.0', $5)",
        &[Fill::Line, Fill::Now, PRINCIPAL, Fill::Text("crm_activity_log"), DIGEST],
    ),
    step(
        CHANGE,
        &[
            Fill::Line,
            Fill::Number(1),
            Fill::Text("activity"),
            Fill::Activity,
            Fill::Arguments,
            Fill::Contact,
        ],
    ),
    step(
        CHANGE,
        &[
            Fill::Line,
            Fill::Number(2),
            Fill::Text("activity_link"),
            Fill::Fresh,
            Fill::Arguments,
            Fill::Contact,
        ],
    ),
];

/// The first text that is greater than every continuation of `word`.
pub fn beyond(word: &str) -> String {
    format!("{word}\u{10FFFF}")
}
