//! The registry has exactly the tools that were designed, with the effects and modes that were designed.

use std::collections::BTreeMap;

use maitred_core::mode::{Mode, ModeSet};
use maitred_core::tool::ToolEntry;

const CATALOGUE: &str = include_str!("../data/catalogue.csv");

/// Tools in which the product differs from the catalogue on purpose, with the column and the reason.
const DIFFERENT: &[(&str, &str, &str)] = &[(
    "account_dataset_export",
    "fields",
    "its `fields` chooses the columns of the file, not members of the answer",
)];

fn rows() -> Vec<BTreeMap<&'static str, &'static str>> {
    let mut lines = CATALOGUE.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines.map(|line| names.iter().copied().zip(line.split(',')).collect()).collect()
}

/// What a tool says of itself, in the catalogue's columns. Progress and export are not declared, so not compared.
fn said(tool: &ToolEntry) -> BTreeMap<&'static str, String> {
    let flag = |value: bool| if value { "1" } else { "0" }.to_owned();
    let effect = tool.effect;
    let mut fields = Vec::new();
    (tool.fields)(&mut fields);
    let has = |name: &str| fields.iter().any(|field| field.name == name);
    BTreeMap::from([
        (
            "effect",
            if effect.read {
                "read"
            } else if effect.destructive {
                "destructive"
            } else {
                "write"
            }
            .to_owned(),
        ),
        ("preview_first", flag(effect.preview_first)),
        ("open_world", flag(effect.leaves_house)),
        ("paged", flag(has("cursor"))),
        ("fields", flag(has("fields"))),
        ("admin", flag(tool.admin)),
        ("modes", tool.modes.iter().map(Mode::as_str).collect::<Vec<_>>().join(" ")),
        // Of a read the hint says nothing: it is always idempotent.
        ("idempotent", if effect.read { "-".to_owned() } else { flag(effect.idempotent) }),
    ])
}

#[test]
fn the_registry_is_the_catalogue() {
    let registry = xtask::codegen::registry().unwrap();
    let mut faults = Vec::new();
    let modules: Vec<&str> = registry.modules().iter().map(|module| module.as_str()).collect();
    let rows: Vec<_> = rows().into_iter().filter(|row| modules.contains(&row["module"])).collect();
    for tool in registry.tools() {
        if !rows.iter().any(|row| row["tool"] == tool.entry.name) {
            faults.push(format!("{}: in the registry, not in the catalogue", tool.entry.name));
        }
    }
    for row in &rows {
        let name = row["tool"];
        let Some(tool) = registry.tools().iter().find(|tool| tool.entry.name == name) else {
            faults.push(format!("{name}: in the catalogue, not in the registry"));
            continue;
        };
        for (column, is) in said(&tool.entry) {
            let wanted = match column {
                "idempotent" if row["effect"] == "read" => "-".to_owned(),
                "modes" => ordered(row["modes"]),
                column => row[column].to_owned(),
            };
            let excused = DIFFERENT.iter().any(|(tool, what, _)| *tool == name && *what == column);
            if (is == wanted) == excused {
                faults.push(format!("{name}: {column} is `{is}`, the catalogue says `{wanted}`"));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Mode words in the order of declaration.
fn ordered(words: &str) -> String {
    let modes: Vec<Mode> = words.split(' ').map(|word| Mode::parse(word).unwrap()).collect();
    ModeSet::of(&modes).iter().map(Mode::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_list_covers_every_module() {
    let count = |module: &str| rows().iter().filter(|row| row["module"] == module).count();
    let trading = (count("catalog"), count("orders"), count("invoicing"));
    assert_eq!((count("account"), count("crm"), trading), (9, 41, (28, 31, 39)));
}
