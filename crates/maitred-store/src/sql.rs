//! Statements whose shape depends on which filters are given, built from constant pieces only.

use crate::value::{Column, Param};

/// A statement under construction. Text can only be added as `&'static str`; values become `$n` parameters.
///
/// ```
/// # use maitred_store::Sql;
/// let mut sql = Sql::new("SELECT id FROM contact WHERE status = ");
/// sql.bind("active");
/// let owner: Option<&str> = Some("m1");
/// if let Some(owner) = owner {
///     sql.push(" AND owner_id = ").bind(owner);
/// }
/// assert_eq!(sql.text(), "SELECT id FROM contact WHERE status = $1 AND owner_id = $2");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Sql {
    text: String,
    params: Vec<Param<'static>>,
}

impl Sql {
    /// Starts a statement.
    pub fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), params: Vec::new() }
    }

    /// Adds constant text.
    pub fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds the next parameter and its placeholder.
    pub fn bind(&mut self, value: impl Column) -> &mut Self {
        self.params.push(value.to_param().into_owned());
        self.text.push('$');
        let number = self.params.len();
        if number >= 10 {
            self.text.push(char::from(b'0' + (number / 10 % 10) as u8));
        }
        self.text.push(char::from(b'0' + (number % 10) as u8));
        debug_assert!(number < 100, "a statement with a hundred parameters wants another shape");
        self
    }

    /// Adds ` AND <condition>` followed by a parameter; a condition ends where its placeholder goes: `"c.owner_id ="`.
    pub fn and(&mut self, condition: &'static str, value: impl Column) -> &mut Self {
        self.push(" AND ").push(condition).push(" ").bind(value)
    }

    /// Adds `($1, $2, ..)` for a list; an empty list becomes `(NULL)`, which matches nothing.
    pub fn bind_list<T: Column>(&mut self, values: &[T]) -> &mut Self {
        self.push("(");
        if values.is_empty() {
            self.push("NULL");
        }
        for (position, value) in values.iter().enumerate() {
            if position > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self.push(")")
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parameters so far.
    pub fn params(&self) -> &[Param<'static>] {
        &self.params
    }
}
