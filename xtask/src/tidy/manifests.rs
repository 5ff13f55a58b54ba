//! Who may depend on whom, and that manifests share what they can share.

use super::Faults;
use crate::tree::Tree;

/// The modules. A crate `maitred-<module>` is a domain.
const DOMAINS: &[&str] = &[
    "account",
    "crm",
    "catalog",
    "orders",
    "invoicing",
    "projects",
    "desk",
    "success",
    "supervisor",
    "onboard",
    "bridge",
];

const BASE: &[&str] = &["store", "macros", "core", "kernel", "party"];

pub(super) fn is_domain(name: &str) -> bool {
    name.strip_prefix("maitred-").is_some_and(|module| DOMAINS.contains(&module))
}

/// Whether the tests of a domain may know another: orders are tried on the real price book and stock ledger rather than
/// on a double of them, invoices on real orders.
pub(super) fn tried_on(own: &str, other: &str) -> bool {
    matches!(
        (own, other),
        ("maitred-orders", "maitred-catalog") | ("maitred-invoicing", "maitred-catalog" | "maitred-orders")
    )
}

/// What a crate may depend on, by the part of the name behind `maitred-`; `None` for crates nobody has placed yet.
fn may_use(name: &str, dev: bool) -> Option<Vec<&'static str>> {
    let mut list: Vec<&'static str> = match name {
        "store" | "macros" | "testkit-postgres" => Vec::new(),
        "core" => vec!["store", "macros"],
        "directory" => vec!["store", "macros", "core"],
        "kernel" => vec!["store", "macros", "core"],
        "party" => vec!["store", "macros", "core", "kernel"],
        "bank" => vec!["kernel"],
        "testkit" => [BASE, &["testkit-postgres"]].concat(),
        "demo" => [BASE, DOMAINS, &["directory"]].concat(),
        "server" => [BASE, DOMAINS, &["directory", "demo"]].concat(),
        "conformance" => vec!["core", "server"],
        "bench" => [BASE, &["directory", "server"]].concat(),
        "invoicing" => [BASE, &["bank"]].concat(),
        domain if DOMAINS.contains(&domain) => BASE.to_vec(),
        _ => return None,
    };
    if dev {
        list.push("macros");
        list.push("store");
        // It knows nothing of maitred, so everybody may start a PostgreSQL with it.
        list.push("testkit-postgres");
        list.extend(
            DOMAINS.iter().filter(|other| tried_on(&format!("maitred-{name}"), &format!("maitred-{other}"))),
        );
        if !matches!(name, "store" | "macros") {
            list.push("testkit");
        }
    }
    Some(list)
}

/// Crates with Cargo features: domains and sinks are chosen in the server, engines in the store.
const WITH_FEATURES: &[&str] = &["crates/maitred-server/Cargo.toml", "crates/maitred-store/Cargo.toml"];

pub(super) fn check(tree: &Tree, faults: &mut Faults) {
    for file in tree.files() {
        if file.path == "Cargo.toml" || !file.path.ends_with("Cargo.toml") {
            continue;
        }
        let manifest: toml::Table = match file.text.parse() {
            Ok(manifest) => manifest,
            Err(error) => {
                faults.add(&file.path, 1, "manifest", format!("make it TOML: {}", error.message()));
                continue;
            }
        };
        let line = |word: &str| line_of(&file.text, word);
        let inherits =
            manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        if inherits != Some(true) {
            faults.add(&file.path, 1, "manifest", "inherit the lints: `[lints] workspace = true`");
        }
        if manifest.contains_key("features") && !WITH_FEATURES.contains(&file.path.as_str()) {
            faults.add(
                &file.path,
                line("[features]"),
                "manifest",
                "features are chosen in maitred-server and maitred-store only",
            );
        }
        let mut tables = vec![&manifest];
        if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
            tables.extend(targets.values().filter_map(toml::Value::as_table));
        }
        for table in tables {
            for (kind, dev) in
                [("dependencies", false), ("dev-dependencies", true), ("build-dependencies", true)]
            {
                let Some(list) = table.get(kind).and_then(toml::Value::as_table) else { continue };
                for (name, value) in list {
                    dependency(&file.path, line(name), name, value, dev, faults);
                }
            }
        }
    }
}

fn dependency(path: &str, line: usize, name: &str, value: &toml::Value, dev: bool, faults: &mut Faults) {
    let shared = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
    if !shared {
        let fix = format!("take `{name}` from `[workspace.dependencies]`");
        faults.add(path, line, "manifest", fix);
    }
    let (Some(own), Some(other)) = (
        path.strip_prefix("crates/maitred-").and_then(|rest| rest.strip_suffix("/Cargo.toml")),
        name.strip_prefix("maitred-"),
    ) else {
        return;
    };
    match may_use(own, dev) {
        Some(allowed) if allowed.contains(&other) => {}
        Some(_) => faults.add(
            path,
            line,
            "layers",
            format!(
                "`maitred-{own}` may not know `{name}`: server -> domains -> party -> kernel -> core -> store"
            ),
        ),
        None => faults.add(path, line, "layers", format!("say in xtask where `maitred-{own}` stands")),
    }
}

fn line_of(text: &str, word: &str) -> usize {
    let found = text.lines().position(|line| {
        let rest = line.trim_start().strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '-'))
    });
    found.map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use crate::tidy::tests::said;

    #[test]
    fn dependencies_run_one_way() {
        let crm = "[dependencies]\nmaitred-party.workspace = true\nmaitred-account.workspace = true\n\n\
                   [dev-dependencies]\nmaitred-testkit.workspace = true\n\n[lints]\nworkspace = true\n";
        let store = "[dependencies]\nmaitred-core.workspace = true\n[lints]\nworkspace = true\n";
        assert_eq!(
            said(&[("crates/maitred-crm/Cargo.toml", crm), ("crates/maitred-store/Cargo.toml", store)]),
            [
                "crates/maitred-crm/Cargo.toml:3: layers: `maitred-crm` may not know `maitred-account`: server -> domains -> party -> kernel -> core -> store",
                "crates/maitred-store/Cargo.toml:2: layers: `maitred-store` may not know `maitred-core`: server -> domains -> party -> kernel -> core -> store",
            ]
        );
    }

    #[test]
    fn manifests_share_versions_and_lints() {
        let text = "[features]\nx = []\n[dependencies]\nserde = \"1\"\n[target.'cfg(unix)'.dependencies]\nlibc = { version = \"1\" }\n";
        assert_eq!(
            said(&[("crates/maitred-crm/Cargo.toml", text)]),
            [
                "crates/maitred-crm/Cargo.toml:1: manifest: features are chosen in maitred-server and maitred-store only",
                "crates/maitred-crm/Cargo.toml:1: manifest: inherit the lints: `[lints] workspace = true`",
                "crates/maitred-crm/Cargo.toml:4: manifest: take `serde` from `[workspace.dependencies]`",
                "crates/maitred-crm/Cargo.toml:6: manifest: take `libc` from `[workspace.dependencies]`",
            ]
        );
    }

    #[test]
    fn a_crate_nobody_placed_is_asked_about() {
        let text = "[dependencies]\nmaitred-core.workspace = true\n[lints]\nworkspace = true\n";
        assert_eq!(
            said(&[("crates/maitred-new/Cargo.toml", text)]),
            ["crates/maitred-new/Cargo.toml:2: layers: say in xtask where `maitred-new` stands"]
        );
    }
}
