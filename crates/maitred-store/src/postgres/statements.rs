//! Prepared statements of one connection, kept apart by schema: a plan never refers to another organisation's tables.

use std::collections::HashMap;

use tokio_postgres::Statement;

/// Statements kept per connection; each costs the server some ten kilobytes.
const KEPT: usize = 512;

/// Statements remembered per connection that ran without being prepared; they cost the server nothing.
const SEEN: usize = 2048;
/// So often a statement runs in a schema before it is prepared there: preparing costs two round trips, and the server
/// plans the first runs of what is prepared anew all the same.
const RUNS: u8 = 3;

#[derive(Default)]
pub(super) struct Statements {
    current: Shelf,
    others: HashMap<String, Shelf>,
    schema: String,
    clock: u64,
}

#[derive(Default)]
struct Shelf {
    statements: HashMap<String, (Statement, u64)>,
    /// How often statements ran without being prepared.
    seen: HashMap<String, u8>,
    used: u64,
}

impl Statements {
    /// From now on statements are those of this schema.
    pub(super) fn enter(&mut self, schema: &str) {
        let next = self.others.remove(schema).unwrap_or_default();
        let last = std::mem::replace(&mut self.current, next);
        let name = std::mem::replace(&mut self.schema, schema.to_owned());
        if !last.statements.is_empty() || !last.seen.is_empty() {
            self.others.insert(name, last);
        }
    }

    /// True when statements of this schema are kept that were prepared before.
    pub(super) fn knows(&self, schema: &str) -> bool {
        self.others.get(schema).is_some_and(|shelf| !shelf.statements.is_empty())
    }

    /// True when a statement that is not prepared in this schema ran there so few times, this one included, that it
    /// is not worth preparing.
    pub(super) fn is_rare(&mut self, key: &str) -> bool {
        if let Some(runs) = self.current.seen.get_mut(key) {
            *runs = runs.saturating_add(1);
            return *runs <= RUNS;
        }
        self.clock += 1;
        self.current.used = self.clock;
        while self.others.values().map(|shelf| shelf.seen.len()).sum::<usize>() + self.current.seen.len()
            >= SEEN
        {
            self.make_room();
        }
        self.current.seen.insert(key.to_owned(), 1);
        true
    }

    pub(super) fn get(&mut self, key: &str) -> Option<Statement> {
        self.clock += 1;
        let (statement, used) = self.current.statements.get_mut(key)?;
        *used = self.clock;
        self.current.used = self.clock;
        Some(statement.clone())
    }

    pub(super) fn put(&mut self, key: &str, statement: &Statement) {
        while self.others.values().map(|shelf| shelf.statements.len()).sum::<usize>()
            + self.current.statements.len()
            >= KEPT
        {
            self.make_room();
        }
        self.clock += 1;
        self.current.used = self.clock;
        self.current.seen.remove(key);
        self.current.statements.insert(key.to_owned(), (statement.clone(), self.clock));
    }

    /// Forgets the schema that was left longest ago, or else the older half of this one's statements.
    fn make_room(&mut self) {
        let oldest = self.others.iter().min_by_key(|(_, shelf)| shelf.used).map(|(name, _)| name.clone());
        if let Some(name) = oldest {
            self.others.remove(&name);
            return;
        }
        let mut ages: Vec<u64> = self.current.statements.values().map(|(_, used)| *used).collect();
        ages.sort_unstable();
        let middle = ages.get(ages.len() / 2).copied().unwrap_or(0);
        self.current.statements.retain(|_, (_, used)| *used > middle);
        self.current.seen.clear();
    }

    pub(super) fn clear(&mut self) {
        self.current = Shelf::default();
        self.others.clear();
    }
}
