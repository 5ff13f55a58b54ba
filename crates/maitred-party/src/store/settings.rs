//! Settings by section.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::ToolResult;
use maitred_kernel::Stamp;

use crate::model::Setting;

/// A section, if somebody has set it.
pub fn get(db: &Reader<'_>, section: &str) -> ToolResult<Option<Setting>> {
    Ok(db.get::<Setting>(section)?)
}

/// Sets a section; `value` is JSON that its owner has checked.
pub fn put(db: &Writer<'_>, section: &str, value: &str) -> ToolResult<Setting> {
    match get(db, section)? {
        Some(before) => {
            let mut after = Setting { value: value.to_owned(), ..before.clone() };
            db.update(&before, &mut after)?;
            Ok(after)
        }
        None => {
            let mut setting = Setting {
                id: section.to_owned(),
                version: 1,
                created_at: Stamp::EPOCH,
                updated_at: Stamp::EPOCH,
                value: value.to_owned(),
            };
            db.insert(&mut setting)?;
            Ok(setting)
        }
    }
}
