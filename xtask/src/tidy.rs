//! Rules about the whole repository that no compiler holds. Every fault is found, none stops the search.
//!
//! Rules about tools as such (names, descriptions, schemas, examples) are `maitred_testkit::check_domain`'s.

mod manifests;
mod source;
mod sources;
mod sql;
mod tools;

use std::fmt;

use crate::tree::Tree;

/// A place where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Path from the root.
    pub path: String,
    /// Line from 1; 0 for the file as such.
    pub line: usize,
    /// The rule's name.
    pub rule: &'static str,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.fix)
    }
}

/// Collects faults.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, path: &str, line: usize, rule: &'static str, fix: impl Into<String>) {
        self.0.push(Fault { path: path.to_owned(), line, rule, fix: fix.into() });
    }
}

/// Every fault of the repository, sorted by place.
pub fn faults(tree: &Tree) -> Vec<Fault> {
    let mut faults = Faults::default();
    sources::check(tree, &mut faults);
    sql::check(tree, &mut faults);
    tools::check(tree, &mut faults);
    manifests::check(tree, &mut faults);
    architecture(tree, &mut faults);
    faults.0.sort();
    faults.0
}

const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// `docs/ARCHITECTURE.md` names exactly the crates that exist.
fn architecture(tree: &Tree, faults: &mut Faults) {
    let Some(text) = tree.text(ARCHITECTURE) else {
        faults.add(ARCHITECTURE, 0, "architecture", "write it");
        return;
    };
    let crates = tree.crates();
    for name in &crates {
        if !text.contains(&format!("`{name}`")) {
            faults.add(ARCHITECTURE, 0, "architecture", format!("put `{name}` into the crate map"));
        }
    }
    for (index, line) in text.lines().enumerate() {
        for word in line.split('`').skip(1).step_by(2) {
            let is_name = word.strip_prefix("maitred-").is_some_and(|rest| {
                !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            });
            if is_name && !crates.contains(&word) {
                faults.add(
                    ARCHITECTURE,
                    index + 1,
                    "architecture",
                    format!("there is no crate `{word}`: take it out"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::faults;
    use crate::tree::Tree;

    /// The faults of a repository with these files, a line each; those of files that are missing left out.
    pub(crate) fn said(files: &[(&str, &str)]) -> Vec<String> {
        let found = faults(&Tree::of(files));
        found.iter().filter(|fault| fault.line > 0).map(ToString::to_string).collect()
    }

    #[test]
    fn a_crate_map_may_not_be_stale() {
        let tree = Tree::of(&[
            ("docs/ARCHITECTURE.md", "# Map\n`maitred-core` and `maitred-gone`\n"),
            ("crates/maitred-core/Cargo.toml", "[lints]\nworkspace = true\n"),
            ("crates/maitred-store/Cargo.toml", "[lints]\nworkspace = true\n"),
        ]);
        let found: Vec<String> = faults(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "docs/ARCHITECTURE.md:0: architecture: put `maitred-store` into the crate map",
                "docs/ARCHITECTURE.md:2: architecture: there is no crate `maitred-gone`: take it out",
            ]
        );
    }
}
