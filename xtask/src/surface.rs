//! What an agent's context pays for maitred: bytes and o200k tokens of every tool and of every role's menu.

use std::fmt::Write as _;

use anyhow::Result;
use maitred_core::mode::Rights;
use maitred_core::registry::Registry;
use maitred_core::tool::WRITE_FIELDS;
use maitred_directory::roles;
use tiktoken_rs::CoreBPE;

/// Where the figures are kept, so that a change of them is seen in review.
pub const FILE: &str = "tests/data/surface.csv";

/// Counts tokens as the o200k vocabulary cuts them.
pub struct Counter(&'static CoreBPE);

impl Counter {
    /// A counter. The tables are part of the program: nothing is fetched.
    pub fn new() -> Self {
        Self(tiktoken_rs::o200k_base_singleton())
    }

    /// Tokens of a text.
    pub fn count(&self, text: &str) -> usize {
        self.0.encode_ordinary(text).len()
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

/// A kind of caller whose menu is measured.
pub struct Profile {
    /// What it is called.
    pub name: &'static str,
    /// What it may do.
    pub rights: Rights,
}

/// Every role, a client and a stranger.
pub fn profiles() -> Vec<Profile> {
    let mut profiles: Vec<Profile> = roles::ROLES
        .iter()
        .filter_map(|role| Some(Profile { name: role.name, rights: roles::rights(&[role.name]).ok()? }))
        .collect();
    profiles.push(Profile { name: "client", rights: roles::client() });
    profiles.push(Profile { name: "stranger", rights: roles::stranger() });
    profiles
}

/// One line of the figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// `tool` or `menu`.
    pub kind: String,
    /// Tool or role.
    pub name: String,
    /// Number of tools.
    pub tools: usize,
    /// Bytes on the wire.
    pub bytes: usize,
    /// Tokens.
    pub tokens: usize,
}

/// The figures of a registry: tools first, then menus.
pub fn figures(registry: &Registry) -> Vec<Figure> {
    let counter = Counter::new();
    let mut figures: Vec<Figure> = registry
        .tools()
        .iter()
        .map(|tool| Figure {
            kind: "tool".to_owned(),
            name: tool.entry.name.to_owned(),
            tools: 1,
            bytes: tool.definition.len(),
            tokens: counter.count(&tool.definition),
        })
        .collect();
    for profile in profiles() {
        let menu = registry.menu(&profile.rights);
        let list = menu.tools().iter().map(|tool| tool.definition.as_str()).collect::<Vec<_>>().join(",");
        figures.push(Figure {
            kind: "menu".to_owned(),
            name: profile.name.to_owned(),
            tools: menu.tools().len(),
            bytes: list.len(),
            tokens: counter.count(&list),
        });
    }
    figures
}

/// Tokens that the machinery's own arguments add to every write.
pub fn write_fields_tokens() -> usize {
    let mut out = String::new();
    maitred_core::args::fields_schema(WRITE_FIELDS, &mut out);
    let properties = out.split_once("\"properties\":{").map_or(out.as_str(), |(_, rest)| rest);
    Counter::new().count(properties.split_once("}}").map_or(properties, |(inner, _)| inner))
}

/// The figures as the file has them.
///
/// # Errors
/// None today; the signature leaves room for tables that are read.
pub fn csv(registry: &Registry) -> Result<String> {
    let mut out = String::from("kind,name,tools,bytes,tokens\n");
    for figure in figures(registry) {
        writeln!(out, "{},{},{},{},{}", figure.kind, figure.name, figure.tools, figure.bytes, figure.tokens)?;
    }
    Ok(out)
}

/// Reads figures back; lines that are none are left out.
pub fn parse(csv: &str) -> Vec<Figure> {
    csv.lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let [kind, name, tools, bytes, tokens] = cells[..] else { return None };
            Some(Figure {
                kind: kind.to_owned(),
                name: name.to_owned(),
                tools: tools.parse().ok()?,
                bytes: bytes.parse().ok()?,
                tokens: tokens.parse().ok()?,
            })
        })
        .collect()
}

/// The figures as a table for people, beside older ones where there are any.
pub fn table(now: &[Figure], before: Option<&[Figure]>) -> String {
    let mut out = format!("{:<6} {:<34} {:>5} {:>8} {:>7}\n", "kind", "name", "tools", "bytes", "tokens");
    for figure in now {
        let old =
            before.map(|before| before.iter().find(|old| old.kind == figure.kind && old.name == figure.name));
        let note = match old {
            Some(Some(old)) if old == figure => continue,
            Some(Some(old)) => {
                format!(
                    "  {:+} bytes, {:+} tokens",
                    delta(figure.bytes, old.bytes),
                    delta(figure.tokens, old.tokens)
                )
            }
            Some(None) => "  new".to_owned(),
            None => String::new(),
        };
        let line = format!(
            "{:<6} {:<34} {:>5} {:>8} {:>7}{note}\n",
            figure.kind, figure.name, figure.tools, figure.bytes, figure.tokens
        );
        out.push_str(&line);
    }
    for old in before.unwrap_or_default() {
        if !now.iter().any(|figure| figure.kind == old.kind && figure.name == old.name) {
            out.push_str(&format!("{:<6} {:<34} gone\n", old.kind, old.name));
        }
    }
    out
}

fn delta(now: usize, before: usize) -> i64 {
    let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    number(now) - number(before)
}

#[cfg(test)]
mod tests {
    use super::{Figure, parse, table};

    fn figure(name: &str, bytes: usize) -> Figure {
        Figure { kind: "tool".into(), name: name.into(), tools: 1, bytes, tokens: bytes / 4 }
    }

    #[test]
    fn a_difference_shows_what_grew_came_and_went() {
        let before = parse("kind,name,tools,bytes,tokens\ntool,a,1,400,100\ntool,b,1,40,10\ntool,c,1,8,2\n");
        let text = table(&[figure("a", 440), figure("b", 40), figure("d", 4)], Some(&before));
        assert!(text.contains("+40 bytes, +10 tokens"), "{text}");
        assert!(text.contains("  new") && text.contains("gone"), "{text}");
        assert!(!text.contains("\ntool   b "), "what is equal is not shown: {text}");
    }
}
