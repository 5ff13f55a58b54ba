//! Where one SQL text would mean two things: the few words that PostgreSQL reads otherwise than SQLite.

use crate::StoreResult;
use crate::frozen::{self, Frozen, Part};
use crate::pieces::{Piece, pieces};

/// A statement as PostgreSQL must read it: `LIKE` takes ASCII letters of either case, as SQLite's does. (`ILIKE` under
/// the collation `C` is exactly that.)
pub(super) fn statement(sql: &str) -> String {
    pieces(sql)
        .into_iter()
        .map(
            |(kind, text)| {
                if kind == Piece::Word && text.eq_ignore_ascii_case("like") { "ILIKE" } else { text }
            },
        )
        .collect()
}

/// A migration as PostgreSQL must read it, with the triggers of what is frozen.
pub(super) fn migration(sql: &str) -> StoreResult<String> {
    let parts = frozen::parts(sql)?.into_iter().map(|part| match part {
        Part::Sql(sql) => collated(sql),
        Part::Frozen(frozen) => triggers(&frozen),
    });
    Ok(parts.collect())
}

/// The triggers that keep rows as they are. The function looks for tables where it was made, whoever runs it.
fn triggers(frozen: &Frozen<'_>) -> String {
    let table = frozen.table;
    let row = |row: &str| {
        let except: Vec<String> = frozen.except.iter().map(|column| format!("'{column}'")).collect();
        if except.is_empty() {
            row.to_owned()
        } else {
            format!("(to_jsonb({row}) - ARRAY[{}])", except.join(", "))
        }
    };
    let (old, new) = (frozen.holds_for("OLD"), frozen.holds_for("NEW"));
    // Only a row that another decides about can come too late, or go over to one that is final.
    let (comes, moves, events) = if frozen.by.is_some() {
        (new.as_str(), format!("({old} OR {new})"), "INSERT OR UPDATE OR DELETE")
    } else {
        ("FALSE", old.clone(), "UPDATE OR DELETE")
    };
    format!(
        "CREATE FUNCTION frozen_{table}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $frozen$ BEGIN \
         IF TG_OP = 'DELETE' THEN \
           IF {old} THEN RAISE EXCEPTION 'a row of {table} is final'; END IF; RETURN OLD; \
         ELSIF TG_OP = 'INSERT' THEN \
           IF {comes} THEN RAISE EXCEPTION 'what a row of {table} belongs to is final'; END IF; RETURN NEW; \
         END IF; \
         IF {} IS DISTINCT FROM {} AND {moves} THEN RAISE EXCEPTION 'a row of {table} is final'; END IF; \
         RETURN NEW; END $frozen$; \
         CREATE TRIGGER frozen_{table} BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION frozen_{table}();",
        row("NEW"),
        row("OLD"),
    )
}

/// Columns of text compare by their bytes whatever the database's locale, so
/// that order and ranges are the same on every engine.
fn collated(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + sql.len() / 4);
    let (mut words, mut table, mut last) = (0, false, String::new());
    for (kind, text) in pieces(sql) {
        out.push_str(match (kind, text) {
            (Piece::Word, word) if word.eq_ignore_ascii_case("like") => "ILIKE",
            _ => text,
        });
        match (kind, text) {
            (Piece::Other, ";") => (words, table) = (0, false),
            (Piece::Word, word) => {
                words += 1;
                if words == 1 {
                    table = word.eq_ignore_ascii_case("create") || word.eq_ignore_ascii_case("alter");
                }
                if words == 2 {
                    table &= word.eq_ignore_ascii_case("table");
                }
                // `CAST(x AS TEXT)` names a type and no column.
                if table && words > 3 && word.eq_ignore_ascii_case("text") && !last.eq_ignore_ascii_case("as")
                {
                    out.push_str(" COLLATE \"C\"");
                }
                last.clear();
                last.push_str(word);
            }
            _ => {}
        }
    }
    out
}

/// A name in double quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_text_get_the_collation_and_nothing_else_does() {
        assert_eq!(
            collated(
                "CREATE TABLE t (a TEXT NOT NULL, -- TEXT\n b BIGINT, c text CHECK (c <> 'TEXT')) /*clustered*/;"
            ),
            "CREATE TABLE t (a TEXT COLLATE \"C\" NOT NULL, -- TEXT\n b BIGINT, c text COLLATE \"C\" CHECK (c <> 'TEXT')) /*clustered*/;"
        );
        assert_eq!(
            collated("ALTER TABLE t ADD COLUMN d TEXT; INSERT INTO t (a) SELECT CAST(b AS TEXT) FROM t"),
            "ALTER TABLE t ADD COLUMN d TEXT COLLATE \"C\"; INSERT INTO t (a) SELECT CAST(b AS TEXT) FROM t"
        );
        assert_eq!(
            collated("CREATE TABLE t (a TEXT CHECK (CAST(b AS TEXT) = a), b BIGINT)"),
            "CREATE TABLE t (a TEXT COLLATE \"C\" CHECK (CAST(b AS TEXT) = a), b BIGINT)"
        );
        assert_eq!(collated("CREATE INDEX i ON t (text)"), "CREATE INDEX i ON t (text)");
    }

    #[test]
    fn like_takes_either_case_outside_of_literals() {
        assert_eq!(
            statement("SELECT 'it''s like' FROM t WHERE a NOT LIKE $1 ESCAPE '!' AND unlike = \"like\""),
            "SELECT 'it''s like' FROM t WHERE a NOT ILIKE $1 ESCAPE '!' AND unlike = \"like\""
        );
        assert_eq!(statement("SELECT 'ä' -- like"), "SELECT 'ä' -- like");
    }
}
