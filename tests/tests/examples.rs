//! Every example of a command line, in the documents and in `--help`, is one that the binary understands.

use clap::{Command, CommandFactory as _, Parser as _};
use maitred_server::cli::Cli;
use xtask::tree::root;

/// Documents with command lines in indented blocks.
const DOCUMENTS: &[&str] =
    &["README.md", "docs/OPERATIONS.md", "docs/SECURITY.md", "docs/ARCHITECTURE.md", "docs/ADDING-A-TOOL.md"];

/// The words of a line as a shell would split them, without variables in front, redirections and a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (None, '#') if words.last().is_some_and(String::is_empty) => break,
            (None, '\'' | '"') => quote = Some(char),
            (Some(open), _) if open == char => quote = None,
            (None, char) if char.is_whitespace() => {
                while chars.peek().is_some_and(|next| next.is_whitespace()) {
                    chars.next();
                }
                words.push(String::new());
            }
            _ => words.last_mut().unwrap().push(char),
        }
    }
    words.retain(|word| !word.is_empty());
    if let Some(end) = words.iter().position(|word| matches!(word.as_str(), "<" | ">" | "|")) {
        words.truncate(end);
    }
    let start = words.iter().position(|word| word == "maitred").unwrap();
    words.split_off(start)
}

fn understood(line: &str, from: &str) {
    let mut words = words(line);
    // What a variable says, clap would ask the environment for.
    if line.contains("MAITRED_KEY=") && words.get(1).is_some_and(|word| word == "call") {
        words.extend(["--key".to_owned(), "mk_..".to_owned()]);
    }
    if let Err(error) = Cli::try_parse_from(words) {
        use clap::error::ErrorKind::{DisplayHelp, DisplayVersion};
        assert!(matches!(error.kind(), DisplayHelp | DisplayVersion), "{from}: `{line}`: {error}");
    }
}

/// True for a line that begins with the command, perhaps after variables.
fn is_command(line: &str) -> bool {
    line.split_whitespace().find(|word| !word.contains('=')) == Some("maitred")
}

#[test]
fn those_in_the_documents() {
    let mut seen = 0;
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        for line in text.lines().filter(|line| line.starts_with("    ") && is_command(line)) {
            understood(line.trim(), document);
            seen += 1;
        }
    }
    assert!(seen >= 10, "only {seen} command lines were found");
}

#[test]
fn those_in_the_help() {
    fn walk(command: &Command, seen: &mut usize) {
        if let Some(help) = command.get_after_help() {
            let text = help.to_string();
            // A line that goes on is indented further than the examples are.
            let mut lines: Vec<String> = Vec::new();
            for line in text.lines().skip(1) {
                match lines.last_mut() {
                    Some(last) if line.starts_with("    ") => {
                        last.push(' ');
                        last.push_str(line.trim());
                    }
                    _ => lines.push(line.trim().to_owned()),
                }
            }
            for line in lines.iter().filter(|line| is_command(line)) {
                understood(line, command.get_name());
                *seen += 1;
            }
        }
        for command in command.get_subcommands() {
            walk(command, seen);
        }
    }
    let mut seen = 0;
    walk(&Cli::command(), &mut seen);
    assert!(seen >= 20, "only {seen} examples were found");
}
