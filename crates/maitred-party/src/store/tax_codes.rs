//! Tax codes.

use maitred_core::cx::Reader;
use maitred_core::error::ToolResult;
use maitred_kernel::Day;
use maitred_store::{Record, Sql};

use crate::model::{TaxClass, TaxCode};

/// All tax codes, by country, class, category and first day.
pub fn all(db: &Reader<'_>) -> ToolResult<Vec<TaxCode>> {
    let mut sql = Sql::new(TaxCode::SELECT);
    sql.push(" ORDER BY country, class, category, valid_from, id");
    Ok(db.all_of(&sql)?)
}

/// The codes of a country and class in force on a day, ordinary taxation first.
pub fn in_force(db: &Reader<'_>, country: &str, class: TaxClass, day: Day) -> ToolResult<Vec<TaxCode>> {
    let mut sql = Sql::new(TaxCode::SELECT);
    sql.push(" WHERE country = ").bind(country).and("class =", class).and("valid_from <=", day);
    sql.push(" AND (valid_to IS NULL OR valid_to >= ").bind(day);
    sql.push(") ORDER BY CASE category WHEN 'S' THEN 0 ELSE 1 END, category, id");
    Ok(db.all_of(&sql)?)
}

/// How often tax codes were made or changed.
pub fn version(db: &Reader<'_>) -> ToolResult<i64> {
    Ok(db.count("SELECT CAST(SUM(version) AS BIGINT) FROM tax_code", &[])?)
}
