//! A tool is a file, a `mod` line and an entry of the sorted slice; its body fits on a screen.

use super::Faults;
use super::source::Source;
use crate::tree::Tree;

/// Lines of a body, at most.
const BODY: usize = 50;

pub(super) fn check(tree: &Tree, faults: &mut Faults) {
    for file in tree.files() {
        let Some(domain) = file.path.strip_suffix("/src/tools.rs") else {
            if file.path.contains("/src/tools/") && file.path.ends_with(".rs") {
                body(&file.path, &file.text, faults);
            }
            continue;
        };
        slice(tree, domain, &file.text, faults);
    }
}

/// A line of `tools.rs`.
struct Line {
    at: usize,
    module: String,
}

fn slice(tree: &Tree, domain: &str, text: &str, faults: &mut Faults) {
    let path = format!("{domain}/src/tools.rs");
    let source = Source::of(text);
    let (mut mods, mut entries): (Vec<Line>, Vec<Line>) = (Vec::new(), Vec::new());
    for (index, line) in source.code.lines().enumerate() {
        let at = index + 1;
        let line = line.trim();
        let declared =
            line.split_once("mod ").filter(|(before, _)| before.is_empty() || before.starts_with("pub"));
        if let Some(module) = declared.and_then(|(_, rest)| rest.strip_suffix(';')) {
            mods.push(Line { at, module: module.to_owned() });
        }
        for part in line.split("entry::<").skip(1) {
            let module = part.split("::").next().unwrap_or_default();
            entries.push(Line { at, module: module.to_owned() });
        }
    }
    for (list, what) in [(&mods, "mod lines"), (&entries, "entries of TOOLS")] {
        for pair in list.windows(2).filter(|pair| pair[0].module > pair[1].module) {
            let fix = format!("sort the {what}: `{}` stands behind `{}`", pair[1].module, pair[0].module);
            faults.add(&path, pair[1].at, "tool-slice", fix);
        }
    }
    for line in &mods {
        if !entries.iter().any(|entry| entry.module == line.module) {
            faults.add(&path, line.at, "tool-slice", format!("put `{}` into TOOLS", line.module));
        }
    }
    for line in &entries {
        if !mods.iter().any(|module| module.module == line.module) {
            faults.add(&path, line.at, "tool-slice", format!("declare `mod {};` in this file", line.module));
        }
    }
    let inside = format!("{domain}/src/tools/");
    for file in tree.files() {
        let Some(module) = file.path.strip_prefix(&inside).and_then(|rest| rest.strip_suffix(".rs")) else {
            continue;
        };
        if !module.contains('/') && !mods.iter().any(|line| line.module == module) {
            faults.add(
                &file.path,
                1,
                "tool-slice",
                format!("declare `mod {module};` in {path}, or delete the file"),
            );
        }
    }
}

fn body(path: &str, text: &str, faults: &mut Faults) {
    let source = Source::of(text);
    let Some(start) = source.code.find("fn call(") else { return };
    let Some((open, close)) = source.braces(start) else { return };
    let lines = source.line_of(close) - source.line_of(open) - 1;
    if lines >= BODY {
        let fix = format!("move rules out of `call`: {lines} lines, under {BODY} is asked");
        faults.add(path, source.line_of(start), "call-length", fix);
    }
}

#[cfg(test)]
mod tests {
    use crate::tidy::tests::said;

    const SLICE: &str = "//! T.\nmod b_get;\nmod a_get;\nmod c_get;\npub const TOOLS: &[E] = &[\n    \
                         entry::<a_get::A>(),\n    entry::<b_get::B>(),\n    entry::<d_get::D>(),\n];\n";

    #[test]
    fn file_mod_and_entry_agree() {
        assert_eq!(
            said(&[
                ("crates/maitred-crm/src/tools.rs", SLICE),
                ("crates/maitred-crm/src/tools/a_get.rs", "//! A.\n"),
                ("crates/maitred-crm/src/tools/b_get.rs", "//! B.\n"),
                ("crates/maitred-crm/src/tools/c_get.rs", "//! C.\n"),
                ("crates/maitred-crm/src/tools/e_get.rs", "//! E.\n"),
            ]),
            [
                "crates/maitred-crm/src/tools.rs:3: tool-slice: sort the mod lines: `a_get` stands behind `b_get`",
                "crates/maitred-crm/src/tools.rs:4: tool-slice: put `c_get` into TOOLS",
                "crates/maitred-crm/src/tools.rs:8: tool-slice: declare `mod d_get;` in this file",
                "crates/maitred-crm/src/tools/e_get.rs:1: tool-slice: declare `mod e_get;` in crates/maitred-crm/src/tools.rs, or delete the file",
            ]
        );
    }

    #[test]
    fn a_body_fits_on_a_screen() {
        let with = |lines: usize| {
            format!(
                "//! A.\nimpl Tool for A {{\n    fn call() -> R {{\n{}    }}\n}}\n",
                "        x();\n".repeat(lines)
            )
        };
        let path = "crates/maitred-crm/src/tools/a_get.rs";
        assert_eq!(said(&[(path, &with(49))]), [""; 0]);
        assert_eq!(
            said(&[(path, &with(50))]),
            [format!("{path}:3: call-length: move rules out of `call`: 50 lines, under 50 is asked")]
        );
    }
}
