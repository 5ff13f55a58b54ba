//! The rules of `cargo xtask tidy`, and that generated documents are fresh.

use xtask::tree::{Tree, root};
use xtask::{codegen, tidy};

#[test]
fn the_repository_is_tidy() {
    let faults = tidy::faults(&Tree::read(&root()).unwrap());
    let said: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "\n{}\n", said.join("\n"));
}

#[test]
fn generated_documents_are_fresh() {
    let stale: Vec<&str> = codegen::documents()
        .unwrap()
        .into_iter()
        .filter(|document| {
            std::fs::read_to_string(root().join(document.path)).ok().as_deref()
                != Some(document.text.as_str())
        })
        .map(|document| document.path)
        .collect();
    assert!(stale.is_empty(), "run `cargo xtask codegen`: {}", stale.join(", "));
}
