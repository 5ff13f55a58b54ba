//! Members as tools show them, and who may see what they cost.

use maitred_core::mode::{Mode, ModeSet, Module};
use maitred_core::prelude::*;
use maitred_core::{roles, words};
use maitred_kernel::Price;
use maitred_party::org;
use maitred_party::sources::OpenWork;
use maitred_party::{Member, MemberId};

words! {
    /// What a member does here; `maitred_core::roles` says what each may do.
    pub enum RoleWord {
        /// Everything, and the only one who can change an owner.
        Owner = "owner",
        /// Everything but owners.
        Admin = "admin",
        /// Invoices and payments.
        Finance = "finance",
        /// Purchasing, stock, shipping.
        Operations = "operations",
        /// Project work.
        Delivery = "delivery",
        /// Winning customers.
        Sales = "sales",
        /// Helping customers.
        Service = "service",
        /// Keeping customers.
        Success = "success",
        /// Reads everything.
        Viewer = "viewer",
    }
}

/// A teammate.
#[derive(ToolOutput, Clone, Debug)]
pub struct MemberView {
    /// Id.
    pub id: MemberId,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Roles.
    pub roles: Vec<String>,
    /// Modes the roles open.
    pub modes: Vec<&'static str>,
    /// Works here.
    pub active: bool,
    /// Open work by kind.
    pub open: Counts,
    /// Weekly working time.
    pub weekly_minutes: i64,
    /// Cost per hour.
    pub cost_rate: Option<String>,
    /// Currency of the cost.
    pub currency: Option<String>,
}

/// True for owner and finance in the office: nobody else reads what a colleague costs.
pub fn sees_costs(db: &Reader<'_>) -> bool {
    let office = ModeSet::of(&[Mode::Office]).meets(db.caller().rights.reads(Module::Account));
    office && db.teammate().is_some_and(|teammate| teammate.has_role(&["owner", "finance"]))
}

/// A member with the modes and the open work that follow.
pub fn view(db: &Reader<'_>, member: &Member) -> ToolResult<MemberView> {
    let roles = member.role_words();
    // Words that are no roles open nothing, as at the door.
    let modes = roles::rights(&roles).map(|rights| rights.modes()).unwrap_or(ModeSet::NONE);
    let cost = member.cost_rate.filter(|_| sees_costs(db)).map(Price::from_micros);
    let currency = cost.map(|_| org::settings_of(db)).transpose()?.map(|settings| settings.currency);
    Ok(MemberView {
        id: member.id.clone(),
        name: member.name.clone(),
        email: member.email.clone(),
        roles,
        modes: modes.iter().map(Mode::as_str).collect(),
        active: member.is_active(),
        open: open_work(db, member)?,
        weekly_minutes: member.weekly_minutes,
        cost_rate: cost.zip(currency).map(|(cost, currency)| cost.format(currency)),
        currency: currency.map(|currency| currency.to_string()),
    })
}

/// What a member has not finished, by kind.
pub fn open_work(db: &Reader<'_>, member: &Member) -> ToolResult<Counts> {
    let mut open = Counts::default();
    for port in db.ports::<dyn OpenWork>() {
        open.add(port.kind(), port.count(db, &member.id.0)?);
    }
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::RoleWord;

    #[test]
    fn the_words_are_the_roles() {
        let roles: Vec<&str> = maitred_core::roles::ROLES.iter().map(|role| role.name).collect();
        assert_eq!(RoleWord::WORDS, roles);
    }
}
