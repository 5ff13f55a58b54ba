//! Rules for every source file: length, module docs, standard output, layers, leftovers.

use std::collections::BTreeSet;

use super::Faults;
use super::source::Source;
use crate::tree::{TextFile, Tree};

/// A file over this is two files.
const LONGEST: usize = 1_000;

/// Who may write to standard output, which in stdio mode is the protocol's: the transport, the command line, and
/// programs that never serve a client.
const MAY_PRINT: &[&str] = &[
    "crates/maitred-server/src/stdio.rs",
    "crates/maitred-server/src/cli/",
    "crates/maitred-bench/",
    "crates/maitred-testkit/",
    "crates/maitred-testkit-postgres/",
    "xtask/",
    "tests/",
];

/// Parts of the wire, and what they may not know.
const EDGE: &[&str] = &["crates/maitred-core/src/jsonrpc/", "crates/maitred-core/src/mcp/"];
const BEHIND_THE_EDGE: &[&str] = &[
    "maitred_store",
    "crate::tool",
    "crate::registry",
    "crate::cx",
    "crate::menu",
    "crate::dispatch",
    "crate::args",
    "crate::output",
    "crate::effect",
];

/// Directories of a person's machine, which tests of paths may make up. Cut in two so that this file keeps its own rule.
const PEOPLES: &[&str] = &[concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("C:\\", "Users")];

/// Directories of a workplace's machine, which nothing names.
const WORKPLACES: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

pub(super) fn check(tree: &Tree, faults: &mut Faults) {
    let tests = super::source::test_files(tree);
    for file in tree.files() {
        let source = file.path.ends_with(".rs").then(|| Source::of(&file.text));
        machine_paths(file, source.as_ref(), faults);
        let Some(source) = source else { continue };
        length(file, faults);
        docs(file, faults);
        leftovers(file, &source, faults);
        prints(file, &source, faults);
        edge(file, &source, faults);
        sideways(tree, &tests, file, &source, faults);
    }
}

fn machine_paths(file: &TextFile, source: Option<&Source>, faults: &mut Faults) {
    if file.path.ends_with(".lock") || file.path.ends_with("package-lock.json") {
        return;
    }
    for (index, line) in file.text.lines().enumerate() {
        // Behind a letter it is part of a relative path or an address.
        let own = |at: usize| {
            !line[..at]
                .ends_with(|letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | '/'))
        };
        let names = |list: &[&str]| list.iter().any(|name| line.match_indices(name).any(|(at, _)| own(at)));
        let made_up = source.is_some_and(|source| source.in_tests(index + 1));
        if names(WORKPLACES) || names(PEOPLES) && !made_up {
            faults.add(&file.path, index + 1, "machine-path", "name no directory of one machine");
        }
    }
}

fn length(file: &TextFile, faults: &mut Faults) {
    let lines = file.text.lines().count();
    if lines > LONGEST {
        faults.add(&file.path, lines, "file-length", format!("split it: {lines} lines, at most {LONGEST}"));
    }
}

fn docs(file: &TextFile, faults: &mut Faults) {
    let first = file.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    if !first.starts_with("//!") {
        faults.add(
            &file.path,
            1,
            "module-docs",
            "begin with `//!` and say what belongs here and what does not",
        );
    }
}

fn leftovers(file: &TextFile, source: &Source, faults: &mut Faults) {
    for comment in &source.comments {
        for (index, line) in comment.text.lines().enumerate() {
            for word in ["TODO", "FIXME", "XXX", "HACK"] {
                let Some(at) = line.find(word) else { continue };
                let before = line[..at].chars().next_back();
                let rest = &line[at + word.len()..];
                let whole = !before.is_some_and(char::is_alphanumeric)
                    && !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '`');
                let kind = word == "TODO"
                    && rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).is_some_and(
                        |(kind, _)| {
                            kind.split_once(" #").is_some_and(|(kind, issue)| {
                                !kind.is_empty()
                                    && !issue.is_empty()
                                    && issue.bytes().all(|b| b.is_ascii_digit())
                            })
                        },
                    );
                if whole && !kind {
                    let fix = "do it, or write `TODO(kind #issue): ..`";
                    faults.add(&file.path, comment.line + index, "leftover", fix);
                }
            }
        }
    }
}

fn prints(file: &TextFile, source: &Source, faults: &mut Faults) {
    if MAY_PRINT.iter().any(|allowed| file.path.starts_with(allowed)) {
        return;
    }
    for (index, line) in source.code.lines().enumerate() {
        let printing = ["println!", "print!", "stdout()", "Stdout"]
            .iter()
            .any(|word| line.match_indices(word).any(|(at, _)| !line[..at].ends_with('e')));
        if printing && !source.in_tests(index + 1) && !file.path.contains("/tests/") {
            faults.add(
                &file.path,
                index + 1,
                "stdout",
                "log with `tracing` or return the text: standard output is the protocol's",
            );
        }
    }
}

fn edge(file: &TextFile, source: &Source, faults: &mut Faults) {
    // service.rs is the seam: it names what the wire asks of the rest.
    if !EDGE.iter().any(|edge| file.path.starts_with(edge)) || file.path.ends_with("/service.rs") {
        return;
    }
    for (index, line) in source.code.lines().enumerate() {
        for banned in BEHIND_THE_EDGE {
            if line.contains(banned) && !source.in_tests(index + 1) {
                let fix = format!("ask through `Service`: the wire does not know `{banned}`");
                faults.add(&file.path, index + 1, "edge", fix);
            }
        }
    }
}

/// No domain names another, not even in a comment that compiles. Its tests may: which ones, its manifest's rule says.
fn sideways(tree: &Tree, tests: &BTreeSet<String>, file: &TextFile, source: &Source, faults: &mut Faults) {
    let Some(own) = file.path.strip_prefix("crates/").and_then(|rest| rest.split('/').next()) else { return };
    let tried = file.path.contains("/tests/") || tests.contains(&file.path);
    if !super::manifests::is_domain(own) || tried {
        return;
    }
    for other in tree.crates().into_iter().filter(|other| *other != own && super::manifests::is_domain(other))
    {
        let ident = other.replace('-', "_");
        let named = source.code.lines().enumerate().filter(|(_, line)| line.contains(&ident));
        for (index, _) in named.filter(|(index, _)| !source.in_tests(index + 1)) {
            faults.add(
                &file.path,
                index + 1,
                "sideways",
                format!("a domain does not know `{other}`: ask through a port"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tidy::tests::said;

    #[test]
    fn a_file_has_docs_and_an_end() {
        let long = format!("//! Long.\n{}", "fn f() {}\n".repeat(1_000));
        assert_eq!(
            said(&[("crates/maitred-core/src/a.rs", "use b;\n"), ("crates/maitred-core/src/b.rs", &long)]),
            [
                "crates/maitred-core/src/a.rs:1: module-docs: begin with `//!` and say what belongs here and what does not",
                "crates/maitred-core/src/b.rs:1001: file-length: split it: 1001 lines, at most 1000",
            ]
        );
    }

    #[test]
    fn leftovers_have_a_kind_and_an_issue() {
        let text = "//! A.\n// TODO: later\n// TODO(speed #7): cache.\n// FIXME\nfn f() { g(\"TODO\") }\n";
        assert_eq!(
            said(&[("crates/maitred-core/src/a.rs", text)]),
            [
                "crates/maitred-core/src/a.rs:2: leftover: do it, or write `TODO(kind #issue): ..`",
                "crates/maitred-core/src/a.rs:4: leftover: do it, or write `TODO(kind #issue): ..`",
            ]
        );
    }

    #[test]
    fn standard_output_is_the_protocols() {
        let text = "//! A.\nfn f() { println!(\"x\"); eprintln!(\"y\"); std::io::stdout(); }\n";
        let found = said(&[
            ("crates/maitred-core/src/a.rs", text),
            ("crates/maitred-server/src/stdio.rs", text),
            ("crates/maitred-server/src/cli/show.rs", text),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/maitred-core/src/a.rs:2: stdout:"));
    }

    #[test]
    fn the_wire_knows_neither_tools_nor_store() {
        let text = "//! A.\nuse crate::tool::Tool;\nuse maitred_store::Engine;\nuse crate::jsonrpc::Id;\n";
        let found =
            said(&[("crates/maitred-core/src/mcp/a.rs", text), ("crates/maitred-core/src/b.rs", text)]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("mcp/a.rs:2: edge:") && found[1].contains("mcp/a.rs:3: edge:"));
    }

    #[test]
    fn no_domain_knows_another() {
        let found = said(&[
            ("crates/maitred-crm/Cargo.toml", "[lints]\nworkspace = true\n"),
            ("crates/maitred-account/Cargo.toml", "[lints]\nworkspace = true\n"),
            (
                "crates/maitred-crm/src/lib.rs",
                "//! maitred_account may be spoken of.\nuse maitred_account::X;\n",
            ),
        ]);
        assert_eq!(
            found,
            [
                "crates/maitred-crm/src/lib.rs:2: sideways: a domain does not know `maitred-account`: ask through a port"
            ]
        );
    }

    #[test]
    fn no_machine_is_named() {
        let bad = concat!("see /ho", "me/eve/notes\nsee https://a.example/ho", "me/x\n");
        let found = said(&[("README.md", bad)]);
        assert_eq!(found, ["README.md:1: machine-path: name no directory of one machine"]);
    }
}
