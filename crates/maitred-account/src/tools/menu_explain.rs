//! `account_menu_explain`: the caller's own tools, grouped by task, in their usual order.

use maitred_core::prelude::*;

use crate::guide::{self, Group, Known};

/// Tools of a topic that are described in full; more are named only.
const DESCRIBED: usize = 12;

/// The tool.
pub struct MenuExplain;

impl Tool for MenuExplain {
    const NAME: &str = "account_menu_explain";
    const TITLE: &str = "Explain the menu";
    const ABOUT: &str = "Explain the tools you can see, grouped by task, with the usual order of calls. Use when \
                         unsure which tool fits.";
    const MODES: &[Mode] = Mode::ALL;
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example { given: "", args: r#"{"topic": "who"}"# };
    type Effect = Read;
    type Audience = Anyone;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Read, Anyone>, args: Args) -> ToolResult<Output> {
        let tools: Vec<Known> = cx
            .menu()
            .tools()
            .iter()
            .map(|tool| Known {
                module: tool.module,
                name: tool.entry.name,
                title: tool.entry.title,
                about: tool.entry.about,
                reads: tool.entry.effect.read,
            })
            .collect();
        let how = tools.iter().any(|tool| !tool.reads).then_some(
            "read first; try a write with dry_run, show its preview, then repeat it with the confirm it gave",
        );
        let Some(topic) = args.topic else {
            let start_with = Some(guide::start_with(&tools));
            let groups = guide::groups(&tools).into_iter().map(GroupView::from).collect();
            return Ok(Output { start_with, groups, tools: None, topics: None, how });
        };
        let fitting = guide::about_topic(&tools, &topic);
        if fitting.is_empty() {
            let topics = guide::groups(&tools).into_iter().map(|group| group.task).collect();
            return Ok(Output {
                start_with: None,
                groups: Vec::new(),
                tools: None,
                topics: Some(topics),
                how: None,
            });
        }
        let described = (fitting.len() <= DESCRIBED).then(|| {
            let view = |tool: &Known| ToolView { name: tool.name, does: tool.about };
            guide::groups(&fitting).iter().flat_map(|group| &group.tools).map(view).collect()
        });
        // The whole task of each tool that fits, because its order matters as much as the tool.
        let groups = guide::groups(&tools)
            .into_iter()
            .filter(|group| group.tools.iter().any(|tool| fitting.contains(tool)))
            .map(GroupView::from)
            .collect();
        Ok(Output { start_with: None, groups, tools: described, topics: None, how })
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// What you want to do, in a few words.
    #[arg(min = 1, max = 200)]
    topic: Option<String>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// Where to begin, one tool per module.
    start_with: Option<Vec<&'static str>>,
    /// Tasks.
    groups: Vec<GroupView>,
    /// The tools that fit the topic.
    tools: Option<Vec<ToolView>>,
    /// Topics there are, when none fits.
    topics: Option<Vec<String>>,
    /// How writes go.
    how: Option<&'static str>,
}

/// Tools about one thing.
#[derive(ToolOutput)]
pub struct GroupView {
    /// The thing and its module.
    task: String,
    /// Tools in their usual order.
    tools: Vec<&'static str>,
    /// The order in short.
    typical_order: String,
}

impl From<Group> for GroupView {
    fn from(group: Group) -> Self {
        Self {
            task: group.task,
            tools: group.tools.iter().map(|tool| tool.name).collect(),
            typical_order: group.typical_order,
        }
    }
}

/// A tool.
#[derive(ToolOutput)]
pub struct ToolView {
    /// Name.
    name: &'static str,
    /// What it does.
    does: &'static str,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_core::mode::{Mode, ModeSet, Module, Rights};
    use maitred_testkit::{Fixture, check};

    #[test]
    fn an_owner_reads_every_task() {
        check(
            &crate::DOMAIN,
            "",
            "account_menu_explain",
            "{}",
            expect![[
                r#"{"start_with":["account_record_search"],"groups":[{"task":"member (account)","tools":["account_member_list","account_member_update"],"typical_order":"find: list; change: update"},{"task":"setting (account)","tools":["account_setting_get","account_setting_update"],"typical_order":"look: get; change: update"},{"task":"more in account","tools":["account_whoami","account_menu_explain","account_audit_search","account_record_search","account_dataset_export"],"typical_order":"find: whoami, menu explain, audit search, record search; finish: dataset export"}],"how":"read first; try a write with dry_run, show its preview, then repeat it with the confirm it gave"}"#
            ]],
        );
    }

    #[test]
    fn a_stranger_reads_of_nothing_else() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let answer = fixture.call_as(&fixture.stranger_caller(), "account_menu_explain", "{}").unwrap();
        expect![[r#"{"start_with":["account_whoami"],"groups":[{"task":"more in account","tools":["account_whoami","account_menu_explain"],"typical_order":"find: whoami, menu explain"}]}"#]].assert_eq(&answer.text);
    }

    #[test]
    fn a_topic_that_nothing_fits_lists_the_topics() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let answer = fixture
            .call_as(&fixture.stranger_caller(), "account_menu_explain", r#"{"topic": "weather"}"#)
            .unwrap();
        expect![[r#"{"groups":[],"topics":["more in account"]}"#]].assert_eq(&answer.text);
    }

    /// For every set of rights and every topic that a tool's own name makes, no hidden tool is named.
    #[test]
    fn no_hidden_tool_is_ever_named() {
        let fixture = Fixture::new(&[&crate::DOMAIN], "");
        let all = fixture.registry().tools();
        let mut topics: Vec<String> = all
            .iter()
            .map(|tool| format!("{{\"topic\":\"{}\"}}", tool.entry.name.replace('_', " ")))
            .collect();
        topics.push("{}".to_owned());
        for mode in Mode::ALL {
            let base = fixture.caller_in(*mode, true).rights;
            for rights in
                [base, base.without_admin(), base.read_only(), base.only_modes(ModeSet::of(&[*mode]))]
            {
                let caller = fixture.caller_with("owner", rights);
                let menu = fixture.registry().menu(&rights);
                for topic in &topics {
                    let answer = fixture.call_as(&caller, "account_menu_explain", topic).unwrap();
                    for tool in all.iter().filter(|tool| menu.find(tool.entry.name).is_none()) {
                        assert!(
                            !answer.raw.contains(tool.entry.name),
                            "{} in {}",
                            tool.entry.name,
                            answer.raw
                        );
                    }
                }
            }
        }
        let none = Rights::none(maitred_core::mode::CallerKind::Teammate).grant(
            &[Module::Crm],
            ModeSet::of(&[Mode::Sales]),
            true,
            false,
        );
        assert!(fixture.call_as(&fixture.caller_with("sales", none), "account_menu_explain", "{}").is_err());
    }
}
