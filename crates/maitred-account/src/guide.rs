//! How a menu is explained: tools grouped by the thing they are about, in the order in which they are usually called.
//!
//! Everything follows from the names, titles and effects of the tools given, by the house's rules of naming; no tool
//! is known here by name, so nothing can be said about one that is not on the menu.

use std::collections::BTreeMap;

use maitred_core::mode::Module;
use maitred_kernel::tokens;

/// What the guide needs to know of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its module.
    pub module: Module,
    /// `<module>_<noun>_<verb>`.
    pub name: &'static str,
    /// Title for people.
    pub title: &'static str,
    /// What it does.
    pub about: &'static str,
    /// True when it only reads.
    pub reads: bool,
}

/// Stages of a task, in their usual order, each with the verbs that belong to it.
const STAGES: &[(&str, &[&str])] = &[
    ("find", &["whoami", "explain", "search", "list"]),
    ("look", &["get", "report", "check", "quote", "suggest", "render", "test"]),
    (
        "make",
        &[
            "create", "request", "log", "record", "add", "save", "import", "start", "generate", "post",
            "receive", "note", "set",
        ],
    ),
    (
        "change",
        &[
            "update",
            "bulk_update",
            "change",
            "assign",
            "claim",
            "move",
            "reply",
            "acknowledge",
            "snooze",
            "adjust",
            "transfer",
            "allocate",
            "apply",
            "classify",
            "mark",
            "run",
            "recalculate",
            "recompute",
            "rate",
            "escalate",
        ],
    ),
    (
        "decide",
        &[
            "submit",
            "answer",
            "decide",
            "approve",
            "judge",
            "confirm",
            "transition",
            "reach",
            "issue",
            "publish",
            "send",
            "convert",
            "repeat",
        ],
    ),
    ("finish", &["resolve", "complete", "close", "reopen", "archive", "export"]),
    ("undo", &["cancel", "merge", "discard", "write_off", "undo", "erase"]),
];

/// The noun, the verb and the verb's place in the usual order: stage, then place within it.
fn parts(tool: &Known) -> (&'static str, &'static str, (usize, usize)) {
    let rest = tool.name.split_once('_').map_or(tool.name, |(_, rest)| rest);
    let rest = rest.strip_prefix("my_").unwrap_or(rest);
    let mut best: Option<(&'static str, &'static str, (usize, usize))> = None;
    for (stage, (_, verbs)) in STAGES.iter().enumerate() {
        for (place, verb) in verbs.iter().enumerate() {
            let Some(noun) = rest.strip_suffix(verb) else { continue };
            let longer = best.is_none_or(|(_, known, _)| known.len() < verb.len());
            if (noun.is_empty() || noun.ends_with('_')) && longer {
                best = Some((noun.trim_end_matches('_'), verb, (stage, place)));
            }
        }
    }
    // A verb that no stage knows reads in the second stage or changes in the fourth.
    best.unwrap_or((rest, rest, (if tool.reads { 1 } else { 3 }, usize::MAX)))
}

/// Tools about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The thing and its module, e.g. `contact (crm)`.
    pub task: String,
    /// The tools, in the order in which they are usually called.
    pub tools: Vec<Known>,
    /// The same in short: stages with their verbs.
    pub typical_order: String,
}

/// Groups tools by module and thing. Things with one tool only share a group per module.
pub fn groups(tools: &[Known]) -> Vec<Group> {
    let mut by_thing: BTreeMap<(Module, &str), Vec<Known>> = BTreeMap::new();
    for tool in tools {
        by_thing.entry((tool.module, parts(tool).0)).or_default().push(*tool);
    }
    let mut found = Vec::new();
    let mut single: BTreeMap<Module, Vec<Known>> = BTreeMap::new();
    for ((module, noun), group) in by_thing {
        if group.len() == 1 {
            single.entry(module).or_default().extend(group);
        } else {
            found.push((module, group_of(format!("{} ({module})", noun.replace('_', " ")), group, false)));
        }
    }
    for (module, group) in single {
        found.push((module, group_of(format!("more in {module}"), group, true)));
    }
    // The sort is stable: within a module the shared group stays last.
    found.sort_by_key(|(module, _)| *module);
    found.into_iter().map(|(_, group)| group).collect()
}

fn group_of(task: String, mut tools: Vec<Known>, mixed: bool) -> Group {
    tools.sort_by_key(|tool| (parts(tool).2, tool.name));
    let mut order = String::new();
    let mut last = None;
    for tool in &tools {
        let (noun, verb, (stage, _)) = parts(tool);
        if last == Some(stage) {
            order.push_str(", ");
        } else {
            if last.is_some() {
                order.push_str("; ");
            }
            order.push_str(STAGES.get(stage).map_or("", |(name, _)| name));
            order.push_str(": ");
        }
        last = Some(stage);
        if mixed && !noun.is_empty() {
            order.push_str(&noun.replace('_', " "));
            order.push(' ');
        }
        order.push_str(verb);
    }
    Group { task, tools, typical_order: order }
}

/// For each module the tool to begin with: the one that finds, of the thing with the most tools.
pub fn start_with(tools: &[Known]) -> Vec<&'static str> {
    let mut weight: BTreeMap<(Module, &str), usize> = BTreeMap::new();
    for tool in tools {
        *weight.entry((tool.module, parts(tool).0)).or_default() += 1;
    }
    // Not said to be the start, not a finding tool, few tools about it, late in the stage: the smallest is best.
    type Rank = (bool, bool, usize, usize);
    let mut best: BTreeMap<Module, (&Known, Rank)> = BTreeMap::new();
    for tool in tools.iter().filter(|tool| tool.reads) {
        let (noun, verb, (stage, place)) = parts(tool);
        let size = weight.get(&(tool.module, noun)).copied().unwrap_or(0);
        // A tool that says so of itself; then finding, of the thing with the most tools, searching before listing.
        let about_you = matches!(verb, "explain" | "whoami");
        let rank = (!tool.about.contains("Start here"), stage != 0 || about_you, usize::MAX - size, place);
        if best.get(&tool.module).is_none_or(|(_, known)| rank < *known) {
            best.insert(tool.module, (tool, rank));
        }
    }
    best.values().map(|(tool, _)| tool.name).collect()
}

/// The tools that speak of a topic: each word of it begins a word of the tool's name, title or description. When no
/// tool has all of the words, those that have any.
pub fn about_topic(tools: &[Known], topic: &str) -> Vec<Known> {
    let wanted = tokens(topic);
    let fits = |tool: &Known| {
        let mut words = tokens(&tool.name.replace('_', " "));
        words.extend(tokens(tool.title));
        words.extend(tokens(tool.about));
        wanted.iter().filter(|term| words.iter().any(|word| begins(word, term))).count()
    };
    let scored: Vec<(usize, Known)> = tools.iter().map(|tool| (fits(tool), *tool)).collect();
    let most = scored.iter().map(|(score, _)| *score).max().unwrap_or(0);
    if most == 0 {
        return Vec::new();
    }
    scored.into_iter().filter(|(score, _)| *score == most).map(|(_, tool)| tool).collect()
}

/// A word that begins with the term, or with the term's singular.
fn begins(word: &str, term: &str) -> bool {
    word.starts_with(term) || term.strip_suffix('s').is_some_and(|one| one.len() > 2 && word.starts_with(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(module: Module, name: &'static str, reads: bool) -> Known {
        Known { module, name, title: "", about: "", reads }
    }

    #[test]
    fn things_are_grouped_and_ordered() {
        let tools = [
            tool(Module::Desk, "desk_ticket_merge", false),
            tool(Module::Desk, "desk_ticket_bulk_update", false),
            tool(Module::Desk, "desk_my_ticket_list", true),
            tool(Module::Desk, "desk_ticket_create", false),
            tool(Module::Desk, "desk_sla_report", true),
            tool(Module::Crm, "crm_deal_frobnicate", false),
        ];
        let groups = groups(&tools);
        assert_eq!(groups.len(), 3);
        assert_eq!(groups[0].task, "more in crm");
        assert_eq!(groups[1].task, "ticket (desk)");
        assert_eq!(groups[1].typical_order, "find: list; make: create; change: bulk_update; undo: merge");
        assert_eq!(groups[2].typical_order, "look: sla report");
        let named: usize = groups.iter().map(|group| group.tools.len()).sum();
        assert_eq!(named, tools.len(), "every tool stands in exactly one group");
    }

    #[test]
    fn a_module_begins_with_finding() {
        let tools = [
            tool(Module::Crm, "crm_contact_get", true),
            tool(Module::Crm, "crm_contact_search", true),
            tool(Module::Crm, "crm_contact_update", false),
            tool(Module::Crm, "crm_company_search", true),
            tool(Module::Desk, "desk_ticket_create", false),
        ];
        assert_eq!(start_with(&tools), ["crm_contact_search"]);
    }

    #[test]
    fn topics_match_beginnings_and_plurals() {
        let tools = [tool(Module::Crm, "crm_contact_get", true), tool(Module::Crm, "crm_deal_get", true)];
        let names =
            |topic: &str| -> Vec<&str> { about_topic(&tools, topic).iter().map(|tool| tool.name).collect() };
        assert_eq!(names("contacts"), ["crm_contact_get"]);
        assert_eq!(names("deal weather"), ["crm_deal_get"]);
        assert_eq!(names("weather"), [""; 0]);
    }
}
