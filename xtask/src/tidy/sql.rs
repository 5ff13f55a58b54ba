//! SQL stands in store files and migrations only, and in the dialect that both engines read.

use super::Faults;
use super::source::Source;
use crate::tree::{TextFile, Tree};

/// How a statement begins.
const STATEMENTS: &[&str] =
    &["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH ", "CREATE TABLE ", "CREATE INDEX "];

/// How a fragment of one begins.
const FRAGMENTS: &[&str] = &[
    " FROM ",
    " WHERE ",
    " ORDER BY ",
    " GROUP BY ",
    " LEFT JOIN ",
    " JOIN ",
    " AND ",
    " OR ",
    " ON CONFLICT",
    " SET ",
    " VALUES ",
    " RETURNING ",
];

/// Where SQL may stand beside `src/store.rs`, `src/store/` and `migrations/`: the engines themselves, the derive
/// that writes the statements of a record, the reference servers, what tests stand on, and this rule.
const ALLOWED: &[&str] = &[
    "crates/maitred-store/",
    "crates/maitred-macros/",
    "crates/maitred-bench/",
    "crates/maitred-testkit/",
    "crates/maitred-testkit-postgres/",
    "xtask/src/tidy/",
    "tests/",
];

/// Words of one engine only, upper case, and what to write instead.
const ONE_ENGINE: &[(&str, &str)] = &[
    ("INSERT OR ", "`ON CONFLICT (..) DO ..`"),
    ("REPLACE INTO", "`ON CONFLICT (..) DO UPDATE`"),
    ("IFNULL(", "`COALESCE`"),
    ("ROWID", "a key column"),
    ("JSON_", "a column, or the value in Rust"),
    ("DATETIME(", "a parameter from `cx.stamp()`"),
    ("STRFTIME(", "a parameter from `cx.stamp()`"),
    ("CURRENT_TIMESTAMP", "a parameter from `cx.stamp()`"),
    ("GROUP_CONCAT", "the rows, joined in Rust"),
    ("STRING_AGG", "the rows, joined in Rust"),
    ("AUTOINCREMENT", "ids from `cx.fresh_id()`"),
    ("SERIAL PRIMARY", "ids from `cx.fresh_id()`"),
    ("PRAGMA ", "the engine's own file in maitred-store"),
    (" GLOB ", "`LIKE` on a folded column"),
    (" ILIKE ", "`LIKE` on a folded column"),
    (" REGEXP ", "the rows, matched in Rust"),
    ("COLLATE NOCASE", "a folded column"),
    ("::TEXT", "`CAST(.. AS TEXT)`"),
    ("::BIGINT", "`CAST(.. AS BIGINT)`"),
];

pub(super) fn check(tree: &Tree, faults: &mut Faults) {
    let tests = super::source::test_files(tree);
    for file in tree.files() {
        if is_migration(file) {
            for (index, line) in file.text.lines().enumerate() {
                let line = line.split("--").next().unwrap_or_default();
                portable(file, index + 1, line, faults);
            }
        } else if file.path.ends_with(".rs")
            && file.path.starts_with("crates/")
            && !tests.contains(&file.path)
        {
            in_rust(file, faults);
        }
    }
}

fn is_migration(file: &TextFile) -> bool {
    file.path.ends_with(".sql") && file.path.contains("/migrations/") && !file.path.contains("/sqlite/")
}

/// Store files of domains, party and directory.
fn is_store(path: &str) -> bool {
    path.ends_with("/src/store.rs") || path.contains("/src/store/")
}

fn in_rust(file: &TextFile, faults: &mut Faults) {
    if ALLOWED.iter().any(|allowed| file.path.starts_with(allowed)) || file.path.contains("/tests/") {
        return;
    }
    let source = Source::of(&file.text);
    let store = is_store(&file.path);
    for string in source.strings.iter().filter(|string| !source.in_tests(string.line)) {
        if store {
            if looks_like_sql(&string.text) {
                portable(file, string.line, &string.text, faults);
            }
        } else if looks_like_sql(&string.text) {
            faults.add(
                &file.path,
                string.line,
                "sql-place",
                "move the statement into a store file: nowhere else is SQL written",
            );
        }
    }
}

/// True for statements and for fragments of them; words in capitals are not spoken in sentences.
fn looks_like_sql(text: &str) -> bool {
    let text = text.trim_start_matches('\n');
    let start = text.trim_start();
    if STATEMENTS.iter().any(|word| start.starts_with(word)) {
        return true;
    }
    FRAGMENTS.iter().any(|word| {
        text.starts_with(word) || (start.starts_with(word.trim_start()) && start.len() > word.trim().len())
    })
}

fn portable(file: &TextFile, line: usize, sql: &str, faults: &mut Faults) {
    let upper = sql.to_uppercase();
    for (banned, instead) in ONE_ENGINE {
        if upper.contains(banned) {
            let fix = format!("`{}` is one engine's: use {instead}", banned.trim());
            faults.add(&file.path, line, "sql-dialect", fix);
        }
    }
    if upper.contains("SUM(") && !upper.contains("CAST(") {
        faults.add(
            &file.path,
            line,
            "sql-dialect",
            "`SUM` changes the type: write `CAST(SUM(..) AS BIGINT)`",
        );
    }
    if upper.contains('?') && !upper.contains('\'') && file.path.ends_with(".rs") {
        faults.add(&file.path, line, "sql-dialect", "parameters are `$1`, `$2`, ..");
    }
    let concatenated = upper.find("LIKE").is_some_and(|at| upper[at..].contains("||"));
    if concatenated {
        faults.add(&file.path, line, "sql-dialect", "a pattern is a parameter, not built in SQL with `||`");
    }
}

#[cfg(test)]
mod tests {
    use crate::tidy::tests::said;

    #[test]
    fn sql_stands_in_store_files() {
        let text = "//! A.\nconst A: &str = \"SELECT a FROM b\";\nfn f() { q(\" WHERE x = $1\"); say(\"select one\"); }\n";
        let found = said(&[
            ("crates/maitred-crm/src/tools/a.rs", text),
            ("crates/maitred-crm/src/store/a.rs", text),
            ("crates/maitred-directory/src/store.rs", text),
            ("crates/maitred-store/src/sql.rs", text),
        ]);
        let start = "crates/maitred-crm/src/tools/a.rs";
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with(&format!("{start}:2: sql-place:")));
        assert!(found[1].starts_with(&format!("{start}:3: sql-place:")));
    }

    #[test]
    fn tests_may_write_sql() {
        let text = "//! A.\n#[cfg(test)]\nmod tests {\n    const A: &str = \"SELECT 1\";\n}\n";
        assert_eq!(said(&[("crates/maitred-crm/src/a.rs", text)]), [""; 0]);
    }

    #[test]
    fn a_file_that_only_tests_compile_is_a_test() {
        let found = said(&[
            ("crates/maitred-crm/src/lib.rs", "//! L.\n#[cfg(test)]\nmod testing;\nmod real;\n"),
            ("crates/maitred-crm/src/testing.rs", "//! T.\nconst A: &str = \"SELECT 1\";\n"),
            ("crates/maitred-crm/src/real.rs", "//! R.\nconst A: &str = \"SELECT 1\";\n"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/maitred-crm/src/real.rs:2: sql-place:"));
    }

    #[test]
    fn one_text_serves_both_engines() {
        let store = "//! A.\nfn f() {\n    q(\"INSERT OR IGNORE INTO a VALUES ($1)\");\n    q(\"SELECT IFNULL(a, 0) FROM b\");\n    \
                     q(\"SELECT SUM(a) FROM b\");\n    q(\"SELECT CAST(SUM(a) AS BIGINT) FROM b WHERE c = ?1\");\n}\n";
        let migration = "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);\n-- no rowid here\n";
        let found = said(&[
            ("crates/maitred-crm/migrations/1.sql", migration),
            ("crates/maitred-crm/src/store.rs", store),
        ]);
        let places: Vec<&str> =
            found.iter().map(|fault| fault.split(": sql-dialect").next().unwrap()).collect();
        assert_eq!(
            places,
            [
                "crates/maitred-crm/migrations/1.sql:1",
                "crates/maitred-crm/src/store.rs:4",
                "crates/maitred-crm/src/store.rs:5",
                "crates/maitred-crm/src/store.rs:6",
            ],
            "{found:?}"
        );
    }
}
