//! What each member, or the team, is to win in a month.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;
use maitred_store::{Record, Sql};

use crate::model::Quota;

/// Every quota, by month, the team's first.
pub fn all(db: &Reader<'_>) -> ToolResult<Vec<Quota>> {
    let mut sql = Sql::new(Quota::SELECT);
    sql.push(" ORDER BY month, COALESCE(owner_id, ''), id");
    Ok(db.all_of(&sql)?)
}

/// Makes these the quotas there are; one for each owner and month. Answers how many were written and removed.
pub fn replace(db: &Writer<'_>, wanted: Vec<Quota>) -> ToolResult<(usize, usize)> {
    let there = all(db)?;
    let (mut written, mut removed) = (0, 0);
    let same = |a: &Quota, b: &Quota| (&a.owner_id, &a.month) == (&b.owner_id, &b.month);
    for gone in there.iter().filter(|known| wanted.iter().all(|quota| !same(quota, known))) {
        db.delete(gone)?;
        removed += 1;
    }
    for mut quota in wanted {
        match there.iter().find(|known| same(known, &quota)) {
            Some(known) => {
                quota.id.clone_from(&known.id);
                quota.created_at = known.created_at;
                written += usize::from(db.update(known, &mut quota)?);
            }
            None => {
                quota.id = db.fresh_id();
                db.insert(&mut quota)?;
                written += 1;
            }
        }
    }
    Ok((written, removed))
}
