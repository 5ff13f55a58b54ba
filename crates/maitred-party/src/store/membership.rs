//! What the directory asks: who a member is, and for whom a contact acts.

use maitred_core::door::{ClientFacts, MemberFacts, Membership};
use maitred_store::value::FromRow;
use maitred_store::{ReadTx, Row, StoreResult, params};

/// The party tables' answers to the directory.
#[derive(Clone, Copy, Debug, Default)]
pub struct PartyMembership;

struct Link {
    company: String,
    company_name: String,
    role: String,
    is_primary: bool,
    can_order: bool,
}

impl FromRow for Link {
    fn from_row(row: &Row<'_>) -> StoreResult<Self> {
        Ok(Self {
            company: row.get(0)?,
            company_name: row.get(1)?,
            role: row.get(2)?,
            is_primary: row.get(3)?,
            can_order: row.get(4)?,
        })
    }
}

fn survivor(tx: &ReadTx<'_>, id: &str) -> StoreResult<String> {
    let mut at = id.to_owned();
    for _ in 0..16 {
        match tx.scalar::<String>("SELECT new_id FROM party_redirect WHERE id = $1", params![at])? {
            Some(next) => at = next,
            None => break,
        }
    }
    Ok(at)
}

impl Membership for PartyMembership {
    fn member(&self, tx: &ReadTx<'_>, member: &str) -> StoreResult<Option<MemberFacts>> {
        let found: Option<(String, String, String)> =
            tx.one("SELECT name, roles, status FROM member WHERE id = $1", params![member])?;
        Ok(found.map(|(name, roles, status)| MemberFacts {
            name,
            roles: roles.split_whitespace().map(str::to_owned).collect(),
            active: status == "active",
        }))
    }

    fn client(
        &self,
        tx: &ReadTx<'_>,
        contact: &str,
        company: Option<&str>,
        today: &str,
    ) -> StoreResult<ClientFacts> {
        let contact = survivor(tx, contact)?;
        let found: Option<(Option<String>, String, String)> =
            tx.one("SELECT given_name, family_name, status FROM contact WHERE id = $1", params![contact])?;
        let Some((given, family, status)) = found else {
            return Ok(ClientFacts::Nobody("contact_unknown"));
        };
        if status != "active" {
            return Ok(ClientFacts::Nobody("contact_not_active"));
        }
        let links: Vec<Link> = tx.all(
            "SELECT c.id, c.name, l.role, l.is_primary, l.can_order FROM company_contact l \
             JOIN company c ON c.id = l.company_id \
             WHERE l.contact_id = $1 AND c.archived_at IS NULL AND l.since <= $2 \
             AND (l.until IS NULL OR l.until >= $2) ORDER BY c.id",
            params![contact, today],
        )?;
        let wanted = company.map(|company| survivor(tx, company)).transpose()?;
        let mut links =
            links.into_iter().filter(|link| wanted.as_ref().is_none_or(|wanted| *wanted == link.company));
        let (first, second) = (links.next(), links.next());
        Ok(match (first, second) {
            (None, _) => ClientFacts::Nobody("no_company"),
            (Some(_), Some(_)) => ClientFacts::Nobody("several_companies"),
            (Some(link), None) if !link.can_order => ClientFacts::Nobody("may_not_order"),
            (Some(link), None) => ClientFacts::Acting {
                contact,
                name: given.map_or_else(|| family.clone(), |given| format!("{given} {family}")),
                company: link.company,
                company_name: link.company_name,
                role: link.role,
                is_primary: link.is_primary,
                can_order: link.can_order,
            },
        })
    }

    fn entities(&self) -> &'static [&'static str] {
        &["member", "contact", "company", "company_contact", "channel_handle", "party_redirect"]
    }
}
