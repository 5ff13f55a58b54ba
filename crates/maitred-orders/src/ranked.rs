//! Pages of rows that are worked out rather than read: sorted by a key, cut behind the key of the page before.

use std::cmp::Ordering;

use maitred_core::paging::Page;
use maitred_store::Param;

/// A row and the key it is sorted by.
pub type Keyed<T> = (Vec<Param<'static>>, T);

fn compare(one: &[Param<'static>], other: &[Param<'static>]) -> Ordering {
    one.iter()
        .zip(other)
        .map(|pair| match pair {
            (Param::Text(one), Param::Text(other)) => one.cmp(other),
            (Param::Int(one), Param::Int(other)) => one.cmp(other),
            _ => Ordering::Equal,
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn sort<T>(rows: &mut [Keyed<T>]) {
    rows.sort_by(|a, b| compare(&a.0, &b.0));
}

/// All rows, in the order of their keys.
pub fn sorted<T>(mut rows: Vec<Keyed<T>>) -> Vec<T> {
    sort(&mut rows);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The rows of a page, in the order of their keys, and the cursor of the next one.
pub fn cut<T>(mut rows: Vec<Keyed<T>>, page: &Page) -> (Vec<T>, Option<String>) {
    sort(&mut rows);
    if let Some(after) = &page.after {
        rows.retain(|(key, _)| compare(key, after).is_gt());
    }
    rows.truncate(page.rows + 1);
    let (rows, next) = page.cut(rows, |(key, _)| key.clone());
    (rows.into_iter().map(|(_, row)| row).collect(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_compare_member_by_member() {
        let key = |number: i64, text: &str| vec![Param::Int(number), Param::Text(text.to_owned().into())];
        assert_eq!(compare(&key(-5, "b"), &key(-3, "a")), Ordering::Less);
        assert_eq!(compare(&key(1, "b"), &key(1, "a")), Ordering::Greater);
        assert_eq!(compare(&key(1, "a"), &key(1, "a")), Ordering::Equal);
    }
}
