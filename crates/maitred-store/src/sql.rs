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
        self.text.push_str(&self.params.len().to_string());
        self
    }

    /// Adds ` AND <condition>` followed by a parameter; a condition ends where its placeholder goes: `"c.owner_id ="`.
    pub fn and(&mut self, condition: &'static str, value: impl Column) -> &mut Self {
        self.push(" AND ").push(condition).push(" ").bind(value)
    }

    /// Adds `($1, $2, ..)` for a list; an empty list becomes `(NULL)`, which matches nothing. The last value is repeated
    /// up to the next power of two, or multiple of 64, so that lists of many lengths are few statements to prepare.
    pub fn bind_list<T: Column>(&mut self, values: &[T]) -> &mut Self {
        self.push("(");
        let Some(last) = values.last() else {
            return self.push("NULL)");
        };
        let few = values.len() <= 64;
        let length = if few { values.len().next_power_of_two() } else { values.len().next_multiple_of(64) };
        for position in 0..length {
            if position > 0 {
                self.push(", ");
            }
            self.bind(values.get(position).unwrap_or(last));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_however_many_there_are() {
        let mut sql = Sql::new("SELECT ");
        let values: Vec<i64> = (1..=1_234).collect();
        sql.bind_list(&values);
        assert_eq!(sql.params().len(), 1_280);
        for (place, number) in sql.text()["SELECT (".len()..].trim_end_matches(')').split(", ").enumerate() {
            assert_eq!(number, format!("${}", place + 1));
        }
        assert_eq!((&sql.params()[110], &sql.params()[1_279]), (&Param::Int(111), &Param::Int(1_234)));
    }

    #[test]
    fn lists_of_like_lengths_are_one_statement() {
        let text = |length: i64| {
            let mut sql = Sql::new("IN ");
            sql.bind_list(&(0..length).collect::<Vec<_>>());
            sql.text().to_owned()
        };
        assert_eq!((text(0), text(1), text(2)), ("IN (NULL)".into(), "IN ($1)".into(), "IN ($1, $2)".into()));
        assert_eq!(text(3), text(4));
        assert_eq!(text(33), text(64));
        assert_eq!(text(65), text(128));
    }
}
