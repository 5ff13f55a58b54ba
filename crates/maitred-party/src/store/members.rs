//! Members.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::{Code, ToolError, ToolResult, not_found};
use maitred_kernel::{Stamp, email, fold};
use maitred_store::{Record, params};

use crate::model::{Member, MemberId, MemberStatus};

/// What a new member starts with.
#[derive(Clone, Debug)]
pub struct NewMember<'a> {
    /// Full name.
    pub name: &'a str,
    /// E-mail address.
    pub email: &'a str,
    /// Role words.
    pub roles: &'a [&'a str],
}

/// Adds a member. The e-mail address must be new.
pub fn insert(db: &Writer<'_>, new: &NewMember<'_>) -> ToolResult<Member> {
    let email = email::fold(new.email)
        .map_err(|fault| ToolError::new(Code::Invalid, fault.to_string()).field("email"))?;
    if db.count("SELECT COUNT(*) FROM member WHERE email = $1", params![email])? > 0 {
        return Err(ToolError::new(
            Code::DuplicateSuspect,
            format!("a member has the address `{email}` already"),
        ));
    }
    let mut member = Member {
        id: MemberId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        name: new.name.to_owned(),
        email,
        roles: new.roles.join(" "),
        status: MemberStatus::Active,
        weekly_minutes: 2_400,
        cost_rate: None,
        calendar_id: None,
    };
    db.insert(&mut member)?;
    Ok(member)
}

/// The member with this id.
pub fn get(db: &Reader<'_>, id: &str) -> ToolResult<Option<Member>> {
    Ok(db.get::<Member>(id)?)
}

/// All members, by name.
pub fn all(db: &Reader<'_>) -> ToolResult<Vec<Member>> {
    let mut members: Vec<Member> = db.all(Member::SELECT, &[])?;
    members.sort_by(|a, b| fold(&a.name).cmp(&fold(&b.name)).then_with(|| a.id.cmp(&b.id)));
    Ok(members)
}

/// The member a text refers to: id, e-mail address or name; `me` is the caller.
///
/// # Errors
/// `not_found`, or `ambiguous_reference` with the candidates.
pub fn resolve(db: &Reader<'_>, text: &str, field: &str) -> ToolResult<Member> {
    let text = text.trim();
    if text == "me"
        && let Some(teammate) = db.teammate()
        && let Some(member) = get(db, &teammate.member)?
    {
        return Ok(member);
    }
    if let Some(member) = get(db, text)? {
        return Ok(member);
    }
    let folded = fold(text);
    let all = all(db)?;
    let exact: Vec<&Member> =
        all.iter().filter(|member| fold(&member.email) == folded || fold(&member.name) == folded).collect();
    let fitting = if exact.is_empty() {
        all.iter().filter(|member| fold(&member.name).split_whitespace().any(|part| part == folded)).collect()
    } else {
        exact
    };
    match fitting.as_slice() {
        [] => Err(not_found("member", text).field(field).hint("account_member_list shows the members")),
        [member] => Ok((*member).clone()),
        several => Err(crate::store::ambiguous(
            field,
            text,
            several.iter().map(|member| (member.id.0.as_str(), member.name.as_str())),
        )),
    }
}
