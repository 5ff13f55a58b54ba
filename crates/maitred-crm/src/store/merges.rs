//! The log of merges: what was absorbed, what was chosen, what moved.

use maitred_core::cx::Writer;
use maitred_core::error::{ToolError, ToolResult};
use maitred_core::output::Counts;
use maitred_kernel::wire::Moment;
use maitred_party::MemberId;
use maitred_store::change::json_string;
use maitred_store::{Param, Record};

use crate::merging::Choice;
use crate::model::{AboutKind, MergeLog};

/// Writes a merge down, with all that the absorbed record said: nothing else keeps it.
pub fn put<R: Record>(
    db: &Writer<'_>,
    entity: AboutKind,
    kept_id: &str,
    absorbed: &R,
    choices: &[Choice],
    moved: &Counts,
) -> ToolResult<()> {
    let mut log = MergeLog {
        id: db.fresh_id(),
        entity,
        kept_id: kept_id.to_owned(),
        absorbed_id: absorbed.id().to_owned(),
        absorbed_json: snapshot(absorbed),
        choices_json: serde_json::to_string(choices).map_err(ToolError::internal)?,
        moved_json: serde_json::to_string(moved).map_err(ToolError::internal)?,
        by_member: db.teammate().map(|teammate| MemberId(teammate.member.clone())),
        at: db.stamp(),
    };
    db.insert(&mut log)?;
    Ok(())
}

fn snapshot<R: Record>(record: &R) -> String {
    let mut out = String::from("{");
    for (name, value) in R::COLUMNS.iter().zip(record.params()) {
        if value == Param::Null {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        json_string(name, &mut out);
        out.push(':');
        match value {
            Param::Text(text) => json_string(&text, &mut out),
            Param::Int(number) => out.push_str(&number.to_string()),
            Param::Null => {}
        }
    }
    out.push('}');
    out
}
