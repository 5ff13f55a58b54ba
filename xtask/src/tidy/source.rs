//! Rust text taken apart far enough for rules about it: code, string literals and comments by line.
//!
//! Not a parser: it knows where strings and comments begin and end, and that braces nest.

use std::collections::BTreeSet;

use crate::tree::Tree;

/// Paths of files that a `mod` line under `#[cfg(test)]` declares.
pub fn test_files(tree: &Tree) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in tree.files().iter().filter(|file| file.path.ends_with(".rs")) {
        let code = Source::of(&file.text).code;
        for after in code.split("#[cfg(test)]").skip(1) {
            let declared = after.trim_start().strip_prefix("mod ").and_then(|rest| {
                let (name, _) = rest.split_once(';')?;
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
            });
            let Some(name) = declared else { continue };
            let (directory, own) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            let directory = match own {
                "lib.rs" | "main.rs" | "mod.rs" => directory.to_owned(),
                own => format!("{directory}/{}", own.trim_end_matches(".rs")),
            };
            found.insert(format!("{directory}/{name}.rs"));
            found.insert(format!("{directory}/{name}/mod.rs"));
        }
    }
    found
}

/// A string literal or a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Line on which it begins, from 1.
    pub line: usize,
    /// Its text, without quotes or slashes.
    pub text: String,
}

/// A source file, taken apart.
#[derive(Debug, Default)]
pub struct Source {
    /// The text with the insides of strings and all comments blanked; as long as the original, line for line.
    pub code: String,
    /// String literals.
    pub strings: Vec<Piece>,
    /// Comments.
    pub comments: Vec<Piece>,
    /// For each line, from 1, whether it is inside a module that only tests compile.
    tests: Vec<bool>,
}

struct Scanner<'a> {
    chars: Vec<char>,
    at: usize,
    line: usize,
    out: &'a mut Source,
}

impl Source {
    /// Takes a file apart.
    pub fn of(text: &str) -> Self {
        let mut source = Self::default();
        let mut scanner = Scanner { chars: text.chars().collect(), at: 0, line: 1, out: &mut source };
        while scanner.step() {}
        source.mark_tests();
        source
    }

    /// True when the line is inside a module that only tests compile.
    pub fn in_tests(&self, line: usize) -> bool {
        self.tests.get(line).copied().unwrap_or(false)
    }

    /// The line on which the character at `offset` of [`Source::code`] stands.
    pub fn line_of(&self, offset: usize) -> usize {
        self.code.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
    }

    /// Offset behind the brace that closes the first one opened at or after `offset`, and the offset of that one.
    pub fn braces(&self, offset: usize) -> Option<(usize, usize)> {
        let open = offset + self.code.get(offset..)?.find('{')?;
        let mut depth = 0_usize;
        for (index, byte) in self.code.bytes().enumerate().skip(open) {
            match byte {
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some((open, index + 1));
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn mark_tests(&mut self) {
        self.tests = vec![false; self.code.lines().count() + 2];
        let mut from = 0;
        while let Some(found) = self.code[from..].find("#[cfg(test)]") {
            let start = from + found;
            from = start + 1;
            let rest = self.code[start + "#[cfg(test)]".len()..].trim_start();
            let inline = rest.starts_with("mod ") && rest.find('{') < rest.find(';').or(Some(usize::MAX));
            if let Some((_, end)) = self.braces(start).filter(|_| inline) {
                for line in self.line_of(start)..=self.line_of(end) {
                    self.tests[line] = true;
                }
            }
        }
    }
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Moves on by one character, which is kept or blanked. A blank is one byte, as offsets are in bytes.
    fn take(&mut self, keep: bool) -> Option<char> {
        let letter = self.peek(0)?;
        self.at += 1;
        if letter == '\n' {
            self.line += 1;
        }
        self.out.code.push(if keep && letter.is_ascii() || letter == '\n' { letter } else { ' ' });
        Some(letter)
    }

    fn step(&mut self) -> bool {
        let Some(letter) = self.peek(0) else { return false };
        match (letter, self.peek(1)) {
            ('/', Some('/')) => self.line_comment(),
            ('/', Some('*')) => self.block_comment(),
            ('"', _) => self.string(),
            ('r' | 'b' | 'c', _) if !self.after_word() && self.raw_start().is_some() => self.raw_string(),
            ('\'', _) => self.quote(),
            _ => {
                self.take(true);
            }
        }
        true
    }

    fn after_word(&self) -> bool {
        self.at > 0 && (self.chars[self.at - 1].is_alphanumeric() || self.chars[self.at - 1] == '_')
    }

    fn line_comment(&mut self) {
        let (line, mut text) = (self.line, String::new());
        while self.peek(0).is_some_and(|letter| letter != '\n') {
            text.extend(self.take(false));
        }
        self.out.comments.push(Piece { line, text });
    }

    fn block_comment(&mut self) {
        let (line, mut text, mut depth) = (self.line, String::new(), 0);
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (None, _) => break,
                _ => {
                    text.extend(self.take(false));
                    continue;
                }
            }
            self.take(false);
            self.take(false);
            if depth == 0 {
                break;
            }
        }
        self.out.comments.push(Piece { line, text });
    }

    fn string(&mut self) {
        let (line, mut text) = (self.line, String::new());
        self.take(true);
        while let Some(letter) = self.peek(0) {
            if letter == '"' {
                self.take(true);
                break;
            }
            self.take(false);
            if letter != '\\' {
                text.push(letter);
            } else if let Some(escaped) = self.take(false) {
                match escaped {
                    // A line that goes on: its indentation is no part of the text.
                    '\n' => {
                        while self.peek(0).is_some_and(char::is_whitespace) {
                            self.take(false);
                        }
                    }
                    'n' => text.push('\n'),
                    other => text.push(other),
                }
            }
        }
        self.out.strings.push(Piece { line, text });
    }

    /// Number of hashes, and of letters before them, when a raw string begins here.
    fn raw_start(&self) -> Option<(usize, usize)> {
        let letters = if self.peek(0) == Some('r') { 1 } else { 2 };
        if letters == 2 && self.peek(1) != Some('r') {
            return None;
        }
        let hashes = (letters..).take_while(|ahead| self.peek(*ahead) == Some('#')).count();
        (self.peek(letters + hashes) == Some('"')).then_some((hashes, letters))
    }

    fn raw_string(&mut self) {
        let Some((hashes, letters)) = self.raw_start() else { return };
        let (line, mut text) = (self.line, String::new());
        for _ in 0..letters + hashes + 1 {
            self.take(true);
        }
        let closes = |scanner: &Self| (1..=hashes).all(|ahead| scanner.peek(ahead) == Some('#'));
        while let Some(letter) = self.peek(0) {
            if letter == '"' && closes(self) {
                for _ in 0..=hashes {
                    self.take(true);
                }
                break;
            }
            self.take(false);
            text.push(letter);
        }
        self.out.strings.push(Piece { line, text });
    }

    /// A character literal or a lifetime.
    fn quote(&mut self) {
        self.take(true);
        if self.peek(0) == Some('\\') {
            self.take(false);
            self.take(false);
            while self.peek(0).is_some_and(|letter| letter != '\'' && letter != '\n') {
                self.take(false);
            }
            self.take(true);
        } else if self.peek(1) == Some('\'') {
            self.take(false);
            self.take(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn tells_code_from_strings_and_comments() {
        let source = Source::of(
            "let a = \"x } \\\" y\"; // b {\nlet c = r#\"raw \"q\" {\"#; let d = '{'; /* e /* f */ { */ fn g<'h>() {}\n",
        );
        let strings: Vec<&str> = source.strings.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(strings, ["x } \" y", "raw \"q\" {"]);
        assert_eq!(source.strings[1].line, 2);
        assert_eq!(source.comments.len(), 2);
        assert_eq!(source.code.matches('{').count(), 1);
        assert_eq!(source.code.matches('}').count(), 1);
        assert_eq!(source.code.lines().count(), 2);
    }

    #[test]
    fn joins_lines_that_go_on() {
        let source = Source::of("f(\"SELECT a \\\n        FROM b\")");
        assert_eq!(source.strings[0].text, "SELECT a FROM b");
    }

    #[test]
    fn knows_test_modules() {
        let source = Source::of("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n");
        let inside: Vec<usize> = (1..=6).filter(|line| source.in_tests(*line)).collect();
        assert_eq!(inside, [2, 3, 4, 5]);
        let outside = Source::of("#[cfg(test)]\nmod tests;\nfn c() {}\n");
        assert!(!outside.in_tests(3));
    }
}
