//! `new-tool`: the file, the `mod` line and the slice line of a tool that is yet to be thought of.

use anyhow::{Result, bail, ensure};

/// What is to be written.
#[derive(Debug, PartialEq, Eq)]
pub struct Scaffold {
    /// Path of the tool's file from the root.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Path of the slice.
    pub slice_path: String,
    /// The slice with the tool in it.
    pub slice: String,
    /// Name of the tool.
    pub tool: String,
}

/// Plans a read tool `<module>_<noun>_<verb>` in a domain whose slice reads `slice`. It compiles and answers an empty
/// object; the rules that every tool keeps fail until it says what it does.
///
/// # Errors
/// Words that make no name, or a name that is taken.
pub fn plan(module: &str, noun: &str, verb: &str, slice: &str) -> Result<Scaffold> {
    for word in [module, noun, verb] {
        let fine = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        ensure!(
            fine && !word.starts_with('_') && !word.ends_with('_'),
            "`{word}` is no word of a name: a-z and _"
        );
    }
    let (tool, file) = (format!("{module}_{noun}_{verb}"), format!("{noun}_{verb}"));
    ensure!(tool.len() <= 48, "`{tool}` is longer than 48 characters");
    let kind = camel(&file);
    Ok(Scaffold {
        path: format!("crates/maitred-{module}/src/tools/{file}.rs"),
        text: TEMPLATE
            .replace("{tool}", &tool)
            .replace("{kind}", &kind)
            .replace("{title}", &title(noun, verb)),
        slice_path: format!("crates/maitred-{module}/src/tools.rs"),
        slice: with_lines(slice, &file, &kind)?,
        tool,
    })
}

const TEMPLATE: &str = r#"//! `{tool}`.

use maitred_core::prelude::*;

/// The tool.
pub struct {kind};

impl Tool for {kind} {
    const NAME: &str = "{tool}";
    const TITLE: &str = "{title}";
    const ABOUT: &str = "";
    const MODES: &[Mode] = &[];
    const EFFECT: Read = Read::KEYED;
    const EXAMPLE: Example = Example { given: "", args: "{}" };
    type Effect = Read;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(_: &mut Cx<'_, Read>, _: Args) -> ToolResult<Output> {
        Ok(Output {})
    }
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {}
"#;

fn camel(file: &str) -> String {
    file.split('_').map(capitalised).collect()
}

fn title(noun: &str, verb: &str) -> String {
    format!("{} {}", capitalised(verb), noun.replace('_', " "))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The slice with one more `mod` line and one more entry, both where they sort.
fn with_lines(slice: &str, file: &str, kind: &str) -> Result<String> {
    let is_mod = |line: &str| line.starts_with("mod ") && line.ends_with(';');
    let is_entry = |line: &str| line.trim_start().starts_with("entry::<");
    let declaration = format!("mod {file};");
    if slice.lines().any(|line| line == declaration) {
        bail!("there is a tool in `{file}.rs` already");
    }
    let entry = format!("    entry::<{file}::{kind}>(),");
    let lines: Vec<&str> = slice.lines().collect();
    let place = |belongs: &dyn Fn(&str) -> bool, new: &str| -> Option<usize> {
        let list: Vec<usize> = (0..lines.len()).filter(|index| belongs(lines[*index])).collect();
        list.iter().copied().find(|index| lines[*index] > new).or_else(|| list.last().map(|index| index + 1))
    };
    let (Some(at_mod), Some(at_entry)) = (place(&is_mod, &declaration), place(&is_entry, &entry)) else {
        bail!("tools.rs has neither `mod` lines nor entries to sort the new ones among");
    };
    let mut out: Vec<&str> = lines.clone();
    // From below, so that the first place stays where it is.
    out.insert(at_entry, &entry);
    out.insert(at_mod, &declaration);
    Ok(out.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::plan;

    const SLICE: &str = "//! T.\n\nmod a_get;\nmod c_get;\n\npub const TOOLS: &[ToolEntry] = &[\n    \
                         entry::<a_get::AGet>(),\n    entry::<c_get::CGet>(),\n];\n";

    #[test]
    fn lines_go_where_they_sort() {
        let made = plan("crm", "b", "get", SLICE).unwrap();
        assert_eq!(made.path, "crates/maitred-crm/src/tools/b_get.rs");
        assert_eq!(made.tool, "crm_b_get");
        assert!(made.slice.contains("mod a_get;\nmod b_get;\nmod c_get;"));
        assert!(made.slice.contains("AGet>(),\n    entry::<b_get::BGet>(),\n    entry::<c_get::CGet>"));
        let last = plan("crm", "z_z", "list", SLICE).unwrap();
        assert!(last.slice.contains("mod c_get;\nmod z_z_list;\n"));
        assert!(last.slice.ends_with("entry::<z_z_list::ZZList>(),\n];\n"));
        let tree = crate::tree::Tree::of(&[(&made.slice_path, &made.slice), (&made.path, &made.text)]);
        let found: Vec<_> =
            crate::tidy::faults(&tree).into_iter().filter(|fault| fault.path == made.path).collect();
        assert_eq!(found, []);
    }

    #[test]
    fn refuses_what_is_no_name_or_taken() {
        assert!(plan("crm", "Deal", "get", SLICE).is_err());
        assert!(plan("crm", "", "get", SLICE).is_err());
        assert!(plan("crm", "a", "get", SLICE).unwrap_err().to_string().contains("already"));
        assert!(plan("crm", &"x".repeat(60), "get", SLICE).is_err());
    }
}
