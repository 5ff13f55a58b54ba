//! Chores that need no other process: tidy, codegen, surface, new-tool.

use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use xtask::tree::{Tree, root};
use xtask::{codegen, scaffold, surface, tidy};

use crate::run;

/// Prints every fault of the repository.
pub fn tidy() -> Result<()> {
    let tree = Tree::read(&root())?;
    let faults = tidy::faults(&tree);
    for fault in &faults {
        println!("{fault}");
    }
    ensure!(faults.is_empty(), "{} faults", faults.len());
    println!("tidy: {} files, no fault", tree.files().len());
    Ok(())
}

/// Writes the generated documents, or says which are stale.
pub fn codegen(mut args: impl Iterator<Item = String>) -> Result<()> {
    let check = match args.next().as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => bail!("codegen takes --check, not `{other}`"),
    };
    let mut stale = Vec::new();
    for document in codegen::documents()? {
        let path = root().join(document.path);
        if fs::read_to_string(&path).is_ok_and(|text| text == document.text) {
            continue;
        }
        stale.push(document.path);
        if !check {
            if let Some(directory) = path.parent() {
                fs::create_dir_all(directory)?;
            }
            fs::write(&path, document.text).with_context(|| format!("cannot write `{}`", document.path))?;
            println!("wrote {}", document.path);
        }
    }
    ensure!(!check || stale.is_empty(), "stale, run `cargo xtask codegen`: {}", stale.join(", "));
    println!("codegen: every document is fresh");
    Ok(())
}

/// Prints the figures of the menus, or how they changed since a revision.
pub fn surface(mut args: impl Iterator<Item = String>) -> Result<()> {
    let figures = surface::figures(&codegen::registry()?);
    match (args.next().as_deref(), args.next()) {
        (None, _) => {
            print!("{}", surface::table(&figures, None));
            let mut tokens: Vec<usize> =
                figures.iter().filter(|figure| figure.kind == "tool").map(|figure| figure.tokens).collect();
            tokens.sort_unstable();
            if let (Some(median), Some(most)) = (tokens.get(tokens.len() / 2), tokens.last()) {
                let p95 = tokens[(tokens.len() * 95 / 100).min(tokens.len() - 1)];
                println!("\ntokens of a tool: median {median}, 95th percentile {p95}, most {most}");
            }
            println!("dry_run and confirm add {} tokens to a write", surface::write_fields_tokens());
            Ok(())
        }
        (Some("--diff"), Some(revision)) => {
            let spec = format!("{revision}:{}", surface::FILE);
            let old = run::output(&mut run::command("git", &["show", &spec]))
                .with_context(|| format!("no figures at `{revision}`"))?;
            print!("{}", surface::table(&figures, Some(&surface::parse(&old))));
            Ok(())
        }
        _ => bail!("surface takes --diff REV"),
    }
}

/// Writes a tool's file and its two lines.
pub fn new_tool(args: impl Iterator<Item = String>) -> Result<()> {
    let words: Vec<String> = args.collect();
    let [module, noun, verb] = &words[..] else {
        bail!("usage: cargo xtask new-tool MODULE NOUN VERB, as in `cargo xtask new-tool crm contact merge`");
    };
    let slice_path = root().join(format!("crates/maitred-{module}/src/tools.rs"));
    let slice = fs::read_to_string(&slice_path).with_context(|| format!("there is no module `{module}`"))?;
    let made = scaffold::plan(module, noun, verb, &slice)?;
    let path = root().join(&made.path);
    ensure!(!path.exists(), "`{}` exists", made.path);
    fs::write(&path, &made.text).with_context(|| format!("cannot write `{}`", made.path))?;
    fs::write(&slice_path, &made.slice).with_context(|| format!("cannot write `{}`", made.slice_path))?;
    println!(
        "wrote {}\nadded it to {}\n\n\
         It compiles and answers an empty object. Now:\n\
         1. ABOUT (what it does and when to use it, 40 to 400 characters) and MODES (who may see it)\n\
         2. Args, Output and the body; for a write change `Read` to `Write` and choose the EFFECT\n\
         3. an EXAMPLE that works, and two to five `check(..)` tests of its rules\n\
         4. UPDATE_EXPECT=1 cargo test -p maitred-{module}    writes its snapshot; until 1 to 3 are done\n   \
            `check_domain` fails and says what is missing of `{}`\n\
         5. cargo xtask codegen",
        made.path, made.slice_path, made.tool
    );
    Ok(())
}
