//! The only file of this crate with SQL.

use std::collections::BTreeSet;

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;
use maitred_kernel::Day;
use maitred_store::params;

/// True when the organisation has neither members nor companies.
pub fn is_empty(db: &Reader<'_>) -> ToolResult<bool> {
    Ok(db.count("SELECT COUNT(*) FROM member", &[])? == 0
        && db.count("SELECT COUNT(*) FROM company", &[])? == 0
        && db.count("SELECT COUNT(*) FROM pipeline", &[])? == 0)
}

/// Writes the rate of a day: `from` in units of `to`, times 10⁸.
pub fn put_rate(db: &Writer<'_>, day: Day, from: &str, to: &str, rate: i64) -> ToolResult<()> {
    db.execute(
        "INSERT INTO fx_rate (id, day, from_currency, to_currency, rate) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (from_currency, to_currency, day) DO UPDATE SET rate = excluded.rate",
        params![db.fresh_id(), day, from, to, rate],
    )?;
    Ok(())
}

/// Says which number of a series was the last one given in a year.
pub fn put_last_number(db: &Writer<'_>, series: &str, year: i64, last: i64) -> ToolResult<()> {
    db.execute(
        "INSERT INTO sequence (series, year, last_no) VALUES ($1, $2, $3) \
         ON CONFLICT (series, year) DO UPDATE SET last_no = excluded.last_no",
        params![series, year, last],
    )?;
    Ok(())
}

/// The register numbers of all companies, and of those that a merge has absorbed.
pub fn registration_numbers(db: &Reader<'_>) -> ToolResult<BTreeSet<String>> {
    let mut numbers: BTreeSet<String> = db
        .all::<(String,)>("SELECT registration_no FROM company WHERE registration_no IS NOT NULL", &[])?
        .into_iter()
        .map(|(number,)| number)
        .collect();
    db.each("SELECT absorbed_json FROM merge_log WHERE entity = 'company'", &[], |row| {
        let text: String = row.get(0)?;
        if let Ok(json) = serde_json::from_str(&text) {
            collect_numbers(&json, &mut numbers);
        }
        Ok(())
    })?;
    Ok(numbers)
}

/// What a merged company held is kept as JSON, wherever in it the number stands.
pub fn collect_numbers(json: &serde_json::Value, numbers: &mut BTreeSet<String>) {
    match json {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                match value {
                    serde_json::Value::String(number) if name == "registration_no" => {
                        numbers.insert(number.clone());
                    }
                    _ => collect_numbers(value, numbers),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect_numbers(item, numbers)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_absorbed_companies_are_found_in_any_depth() {
        let mut found = BTreeSet::new();
        for text in [
            r#"{"registration_no":"1"}"#,
            r#"{"company":{"registration_no":"2","name":"x"}}"#,
            r#"[{"registration_no":null}]"#,
        ] {
            collect_numbers(&serde_json::from_str(text).unwrap(), &mut found);
        }
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["1", "2"]);
    }
}
