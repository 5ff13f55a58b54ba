//! Panics of tools: where they happened is worth knowing, what they say may hold what the caller gave.

use std::cell::RefCell;
use std::fmt;
use std::panic;

thread_local! {
    /// Where this thread panicked last.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A tool that panicked: the cause behind `internal`.
#[derive(Debug)]
pub struct Panicked {
    /// `crates/../file.rs:line`, where [`watch`] was at work.
    pub location: Option<String>,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(location) => write!(f, "the tool panicked at {location}"),
            None => f.write_str("the tool panicked"),
        }
    }
}

impl std::error::Error for Panicked {}

/// From now on panics of this process are logged with their place and without their message, which may quote a
/// caller's arguments.
pub fn watch() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(|at| format!("{}:{}", short(at.file()), at.line()));
        tracing::error!(at = place.as_deref().unwrap_or("an unknown place"), "a panic");
        LAST.with(|last| *last.borrow_mut() = place);
    }));
}

/// The panic that was just caught in this thread.
pub(super) fn caught() -> Panicked {
    Panicked { location: LAST.with(|last| last.borrow_mut().take()) }
}

/// Without the directories above the crate, which tell of the machine that built the binary.
fn short(file: &str) -> &str {
    let crates = file.rfind("crates/").or_else(|| {
        let source = file.rfind("/src/")?;
        file[..source].rfind('/').map(|at| at + 1)
    });
    crates.map_or(file, |at| &file[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_do_not_tell_of_the_machine_that_built_them() {
        assert_eq!(short("crates/maitred-crm/src/tools/a.rs"), "crates/maitred-crm/src/tools/a.rs");
        assert_eq!(short("/home/u/maitred/crates/maitred-crm/src/lib.rs"), "crates/maitred-crm/src/lib.rs");
        assert_eq!(short("/home/u/.cargo/registry/src/index/jiff-0.2.1/src/a.rs"), "jiff-0.2.1/src/a.rs");
        assert_eq!(short("main.rs"), "main.rs");
    }
}
