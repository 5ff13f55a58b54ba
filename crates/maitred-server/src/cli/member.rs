//! `maitred member`.

use std::collections::BTreeSet;

use anyhow::bail;
use clap::{Args, Subcommand};
use maitred_directory::roles;
use maitred_party::model::Member;
use maitred_party::store::members::{self, NewMember};
use serde_json::json;

use super::common::{Format, open, table};
use crate::config::DataArgs;

/// Members of an organisation.
#[derive(Subcommand, Debug)]
pub enum MemberCommand {
    /// Add a member
    #[command(
        after_help = "Example:\n  maitred member add --org acme --name \"Ada Berg\" --email ada@acme.example \
                            --role sales --role success"
    )]
    Add(Add),
    /// Replace a member's roles; keys in use follow within a second
    #[command(after_help = "Example:\n  maitred member set-roles --org acme ada@acme.example --role viewer")]
    SetRoles(SetRoles),
    /// List the members
    #[command(after_help = "Example:\n  maitred member list --org acme --json")]
    List(List),
}

/// `member add`.
#[derive(Args, Debug)]
pub struct Add {
    /// The organisation
    #[arg(long, value_name = "SLUG")]
    org: String,
    /// Full name
    #[arg(long)]
    name: String,
    /// E-mail address, new in the organisation
    #[arg(long)]
    email: String,
    /// What they do: owner, admin, finance, operations, delivery, sales, service, success or viewer; may be repeated
    #[arg(long = "role", value_name = "ROLE", required = true, value_delimiter = ',', value_parser = role)]
    roles: Vec<String>,
    #[command(flatten)]
    format: Format,
}

/// `member set-roles`.
#[derive(Args, Debug)]
pub struct SetRoles {
    /// The organisation
    #[arg(long, value_name = "SLUG")]
    org: String,
    /// The member: e-mail address, name or id
    member: String,
    /// The roles from now on; may be repeated
    #[arg(long = "role", value_name = "ROLE", required = true, value_delimiter = ',', value_parser = role)]
    roles: Vec<String>,
    #[command(flatten)]
    format: Format,
}

/// `member list`.
#[derive(Args, Debug)]
pub struct List {
    /// The organisation
    #[arg(long, value_name = "SLUG")]
    org: String,
    #[command(flatten)]
    format: Format,
}

/// A role word, or the list of those there are.
pub fn role(word: &str) -> Result<String, String> {
    if roles::find(word).is_some() {
        return Ok(word.to_owned());
    }
    let known: Vec<&str> = roles::ROLES.iter().map(|role| role.name).collect();
    Err(format!("there is no role `{word}`; the roles are {}", known.join(", ")))
}

/// Runs the command.
pub fn run(data: &DataArgs, command: &MemberCommand) -> anyhow::Result<()> {
    let product = open(data)?;
    match command {
        MemberCommand::Add(add) => {
            let (name, email, roles) = (add.name.trim().to_owned(), add.email.clone(), distinct(&add.roles));
            if name.is_empty() {
                bail!("a member needs a name");
            }
            let arguments = json!({"name": name, "email": email, "roles": roles});
            let member = product.operate(&add.org, "member add", &arguments, move |db| {
                let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
                members::insert(db, &NewMember { name: &name, email: &email, roles: &roles })
            })?;
            add.format.show(&shown(&member), || {
                format!(
                    "added {} <{}> as {}\nnext: maitred key mint --org {} --member {} --label LABEL",
                    member.name, member.email, member.roles, add.org, member.email
                )
            })
        }
        MemberCommand::SetRoles(set) => {
            let (who, roles) = (set.member.clone(), distinct(&set.roles));
            let arguments = json!({"member": who, "roles": roles});
            let member = product.operate(&set.org, "member set-roles", &arguments, move |db| {
                let before = members::resolve(db, &who, "member")?;
                let mut after = before.clone();
                after.roles = roles.join(" ");
                db.update(&before, &mut after)?;
                Ok(after)
            })?;
            set.format
                .show(&shown(&member), || format!("{} <{}> is {}", member.name, member.email, member.roles))
        }
        MemberCommand::List(list) => {
            let members = product.look(&list.org, members::all)?;
            let values: Vec<_> = members.iter().map(shown).collect();
            list.format.show(&values.into(), || {
                let rows: Vec<_> = members
                    .iter()
                    .map(|member| {
                        let status = member.status.as_str().to_owned();
                        vec![member.name.clone(), member.email.clone(), member.roles.clone(), status]
                    })
                    .collect();
                table(&["NAME", "E-MAIL", "ROLES", "STATUS"], &rows)
            })
        }
    }
}

/// Each word once, in the order given.
fn distinct(words: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    words.iter().filter(|word| seen.insert(word.as_str())).cloned().collect()
}

fn shown(member: &Member) -> serde_json::Value {
    json!({
        "id": member.id.0, "name": member.name, "email": member.email,
        "roles": member.role_words(), "status": member.status.as_str(),
    })
}
