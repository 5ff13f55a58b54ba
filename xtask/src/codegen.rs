//! Documents written from the registry: `docs/TOOLS.md`, `docs/ERRORS.md` and the figures of the menus.

use std::fmt::Write as _;

use anyhow::Result;
use maitred_core::args::ArgField;
use maitred_core::error::{Category, Code};
use maitred_core::menu::Registered;
use maitred_core::registry::Registry;

use crate::surface;

/// A document and the text it should have.
pub struct Document {
    /// Path from the root.
    pub path: &'static str,
    /// Text.
    pub text: String,
}

/// The registry of this build.
///
/// # Errors
/// When the domains do not fit together.
pub fn registry() -> Result<Registry> {
    Ok(Registry::new(maitred_party::MIGRATIONS, maitred_server::domains::domains())?)
}

/// Every generated document.
///
/// # Errors
/// When the domains do not fit together, or the tokenizer's tables cannot be read.
pub fn documents() -> Result<Vec<Document>> {
    let registry = registry()?;
    Ok(vec![
        Document { path: "docs/ERRORS.md", text: errors() },
        Document { path: "docs/TOOLS.md", text: tools(&registry) },
        Document { path: surface::FILE, text: surface::csv(&registry)? },
    ])
}

fn errors() -> String {
    let mut out = String::from(
        "# Errors\n\n\
         Printed from the closed table in `maitred-core` by `cargo xtask codegen`.\n\n\
         A tool that cannot do what it was asked answers `isError: true` with one JSON object as text:\n\
         `{\"error\":{\"category\",\"code\",\"message\",\"field\"?,\"hint\"?,\"retryable\"}}`. \
         The hint names the next call. JSON-RPC errors are about the envelope only; an unknown tool is one of them, \
         and so is a tool the caller may not see.\n",
    );
    for category in Category::ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "\n## {}\n\n| code | meaning | try again? |\n|---|---|---|", category.as_str());
        for code in Code::ALL.iter().filter(|code| code.category() == *category) {
            let again = if code.retryable() { "yes" } else { "no" };
            let _ = writeln!(out, "| `{}` | {} | {again} |", code.as_str(), code.about().trim());
        }
    }
    out
}

fn tools(registry: &Registry) -> String {
    let mut out = String::from(
        "# Tools\n\n\
         Printed from the registry by `cargo xtask codegen`. Every write also takes `dry_run` (show what would \
         change and a `confirm`, do nothing) and `confirm` (do exactly what was shown).\n\n\
         In the examples `@name` stands for the id of a record called so.\n",
    );
    for domain in registry.domains() {
        let tools: Vec<&Registered> =
            registry.tools().iter().filter(|tool| tool.module == domain.module).collect();
        let _ = writeln!(out, "\n## {} - {} tools\n", domain.module, tools.len());
        for tool in &tools {
            let _ = writeln!(out, "- [`{0}`](#{0})", tool.entry.name);
        }
        for tool in tools {
            describe(tool, &mut out);
        }
    }
    out
}

fn describe(tool: &Registered, out: &mut String) {
    let entry = &tool.entry;
    let effect = entry.effect;
    let mut marks = vec![if effect.read { "read" } else { "write" }];
    marks.extend(effect.destructive.then_some("destructive"));
    marks.extend((effect.idempotent && !effect.read).then_some("idempotent"));
    marks.extend(effect.leaves_house.then_some("leaves the house"));
    marks.extend(effect.preview_first.then_some("preview first"));
    marks.extend(entry.report.then_some("report"));
    marks.extend(entry.admin.then_some("admins only"));
    let modes: Vec<&str> = entry.modes.iter().map(maitred_core::mode::Mode::as_str).collect();
    let _ = write!(
        out,
        "\n### {}\n\n{}\n\n*{}* for {}\n",
        entry.name,
        entry.about,
        marks.join(", "),
        modes.join(", ")
    );
    let mut fields: Vec<ArgField> = Vec::new();
    (entry.fields)(&mut fields);
    if !fields.is_empty() {
        out.push_str("\n| argument | type | meaning |\n|---|---|---|\n");
        for field in fields {
            let mut schema = String::from("{");
            (field.schema)(field.limits, &mut schema);
            schema.push('}');
            let optional = if field.required { "" } else { "?" };
            let _ = writeln!(
                out,
                "| `{}{optional}` | {} | {} |",
                field.name,
                kind(&schema),
                field.about.replace('|', "\\|")
            );
        }
    }
    let args: serde_json::Value = serde_json::from_str(entry.example.args).unwrap_or_default();
    let _ = writeln!(out, "\n```json\n{args}\n```");
}

/// A schema in a word or two.
fn kind(schema: &str) -> String {
    let Ok(schema) = serde_json::from_str::<serde_json::Value>(schema) else { return "any".to_owned() };
    let words = |value: &serde_json::Value| -> Option<String> {
        let words: Vec<&str> =
            value.get("enum")?.as_array()?.iter().filter_map(serde_json::Value::as_str).collect();
        Some(words.join(" \\| "))
    };
    if let Some(words) = words(&schema) {
        return words;
    }
    match schema["type"].as_str() {
        Some("array") => match words(&schema["items"]) {
            Some(words) => format!("list of {words}"),
            None => format!("list of {}", schema["items"]["type"].as_str().unwrap_or("any")),
        },
        Some(kind) => match schema["format"].as_str() {
            Some(format) => format!("{kind}, {format}"),
            None => kind.to_owned(),
        },
        None => "any".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{errors, kind};

    #[test]
    fn every_code_is_documented_once() {
        let text = errors();
        for code in maitred_core::error::Code::ALL {
            assert_eq!(text.matches(&format!("| `{}` |", code.as_str())).count(), 1, "{}", code.as_str());
        }
    }

    #[test]
    fn schemas_in_words() {
        assert_eq!(kind(r#"{"type":"string"}"#), "string");
        assert_eq!(kind(r#"{"type":"string","enum":["a","b"]}"#), "a \\| b");
        assert_eq!(kind(r#"{"type":"array","items":{"type":"string"}}"#), "list of string");
        assert_eq!(kind("{}"), "any");
    }
}
