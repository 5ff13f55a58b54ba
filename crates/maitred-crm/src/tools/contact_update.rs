//! `crm_contact_update`: a person's data, and their places at companies.

use maitred_core::args::Bare;
use maitred_core::prelude::*;
use maitred_kernel::wire::Amount;
use maitred_kernel::{Currency, Day};
use maitred_party::model::{CompanyContact, ContactStatus, LinkRole};
use maitred_party::store::{companies, contacts};
use maitred_party::{Company, CompanyId, Contact, org};

use crate::parties::{PersonView, changed, email_of, language_of, person_view, phone_of, text_of};
use crate::tools::contact_create::refuse_same_email;
use crate::views::{Named, PlaceView};

/// The tool.
pub struct ContactUpdate;

impl Tool for ContactUpdate {
    const NAME: &str = "crm_contact_update";
    const TITLE: &str = "Update contact";
    const ABOUT: &str = "Change a person's data or company links. Only what is named changes; a company named for the first time is \
         linked.";
    const MODES: &[Mode] = &[Mode::Sales, Mode::Service, Mode::Success, Mode::Office];
    const EFFECT: Write = Write::PLAIN;
    const EXAMPLE: Example = Example {
        given: "company acme; contact ada company=acme can-order=yes",
        args: r#"{"contact": "@ada", "changes": {"title": "Head of purchasing"},
                  "companies": [{"company": "@acme", "role": "buyer", "can_order": false}]}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let mut before = contacts::resolve(cx, &args.contact, "contact")?;
        refuse_gone(&before)?;
        if let Some(Bare(changes)) = args.changes {
            let mut after = changes.applied(cx, &before).map_err(|error| error.within("changes"))?;
            contacts::update(cx, &before, &mut after)?;
            contacts::tidy_points(cx, &after)?;
            before = after;
        }
        let (mut warnings, mut primary_at) = (Vec::new(), Vec::new());
        let links = args.companies.unwrap_or_default();
        let linked = !links.is_empty();
        for (index, link) in links.into_iter().enumerate() {
            let field = format!("companies[{index}]");
            let first = link.primary == Some(true);
            let company = link.apply(cx, &before, &mut warnings).map_err(|error| error.within(&field))?;
            primary_at.extend(first.then_some(company));
        }
        let mut after = before.clone();
        if linked {
            after.status = status_by_links(cx, &before)?;
            if !contacts::update(cx, &before, &mut after)? {
                contacts::index(cx, &after)?;
            }
            // Only now: whether they are there at all decides who comes first.
            for company in primary_at {
                contacts::make_primary(cx, &company, &after.id)?;
            }
            for link in contacts::links_of(cx, &after.id)? {
                contacts::ensure_primary(cx, &link.company_id)?;
            }
        }
        Ok(Output {
            contact: person_view(cx, &after)?,
            companies: places(cx, &after)?,
            warnings: (!warnings.is_empty()).then_some(warnings),
        })
    }
}

fn refuse_gone(contact: &Contact) -> ToolResult<()> {
    match contact.status {
        ContactStatus::Erased => Err(refused(Code::Immutable, "this person was erased")
            .field("contact")
            .hint("make a new record with crm_contact_create")),
        ContactStatus::Archived => {
            Err(refused(Code::Immutable, format!("`{}` is archived", contact.full_name()))
                .field("contact")
                .hint("restore them with crm_record_archive"))
        }
        ContactStatus::Active | ContactStatus::Left => Ok(()),
    }
}

/// Whoever has ended every place they had has left; whoever has a running one is back.
fn status_by_links(db: &Reader<'_>, contact: &Contact) -> ToolResult<ContactStatus> {
    let today = org::today(db)?;
    let links = contacts::links_of(db, &contact.id)?;
    let ended = |link: &CompanyContact| link.until.is_some_and(|until| until <= today);
    Ok(match links.as_slice() {
        [] => contact.status,
        links if links.iter().all(ended) => ContactStatus::Left,
        _ => ContactStatus::Active,
    })
}

fn places(db: &Reader<'_>, contact: &Contact) -> ToolResult<Vec<PlaceView>> {
    let mut places = Vec::new();
    for link in contacts::links_of(db, &contact.id)? {
        let Some(company) = companies::find(db, &link.company_id.0)? else { continue };
        places.push(PlaceView {
            company: Named { id: company.id.0, name: company.name },
            role: link.role,
            primary: link.is_primary,
            can_order: link.can_order,
            since: link.since,
            until: link.until,
        });
    }
    Ok(places)
}

impl Changes {
    fn applied(&self, db: &Reader<'_>, before: &Contact) -> ToolResult<Contact> {
        let mut after = before.clone();
        let keep = |text: &str| Ok(text.to_owned());
        if let Some(name) = &self.family_name {
            after.family_name = text_of(name, "family_name")?;
        }
        after.given_name = changed(self.given_name.as_deref(), after.given_name, keep)?;
        after.title = changed(self.title.as_deref(), after.title, keep)?;
        after.language =
            changed(self.language.as_deref(), after.language, |text| language_of(text, "language"))?;
        after.phone = changed(self.phone.as_deref(), after.phone, |text| phone_of(db, text, None, "phone"))?;
        after.email = changed(self.email.as_deref(), after.email, |text| email_of(text, "email"))?;
        if let Some(email) = after.email.as_deref().filter(|_| after.email != before.email) {
            refuse_same_email(db, Some(before), email, "email")?;
        }
        Ok(after)
    }
}

impl Link {
    fn apply(self, cx: &Writer<'_>, contact: &Contact, warnings: &mut Vec<String>) -> ToolResult<CompanyId> {
        let today = org::today(cx)?;
        let company = companies::resolve(cx, &self.company, "company")?;
        let known =
            contacts::links_of(cx, &contact.id)?.into_iter().find(|link| link.company_id == company.id);
        let before = match known {
            Some(link) => link,
            None if self.left_on.is_some() => {
                return Err(not_found("link to this company", &self.company)
                    .field("left_on")
                    .hint("crm_contact_get shows where they are"));
            }
            None => contacts::link(cx, &company.id, &contact.id, LinkRole::General)?,
        };
        let mut after = self.applied(cx, &company, &before, today)?;
        cx.update(&before, &mut after)?;
        if self.primary == Some(true) && !contacts::runs(&after, today) {
            return Err(invalid("primary", "needs a place that is running").hint("leave `left_on` out"));
        }
        let stays = |link: &CompanyContact| link.can_order && contacts::runs(link, today);
        if stays(&before) && !stays(&after) {
            warn(cx, &company, contact, warnings)?;
        }
        Ok(company.id)
    }

    fn applied(
        &self,
        db: &Reader<'_>,
        company: &Company,
        before: &CompanyContact,
        today: Day,
    ) -> ToolResult<CompanyContact> {
        let mut after = before.clone();
        after.role = self.role.unwrap_or(after.role);
        after.can_order = self.can_order.unwrap_or(after.can_order);
        if self.primary == Some(false) && before.is_primary {
            return Err(invalid("primary", "cannot be taken away, only given to somebody else")
                .hint("set primary true for the other person"));
        }
        if let Some(limit) = &self.order_limit {
            let currency = match &company.currency {
                Some(code) => maitred_kernel::wire::at_field(Currency::parse(code), "order_limit")?,
                None => org::settings_of(db)?.currency,
            };
            let minor = limit.minor(currency, "order_limit")?;
            if minor < 0 {
                return Err(invalid("order_limit", "must not be negative"));
            }
            after.order_limit = Some(minor);
        }
        match self.left_on {
            Some(day) if day < before.since => {
                return Err(invalid("left_on", format!("lies before the first day, {}", before.since)));
            }
            Some(day) => {
                after.until = Some(day);
                if day <= today {
                    // Access ends at once, not at the end of the day.
                    if self.can_order == Some(true) {
                        return Err(invalid("can_order", "cannot be given to somebody who has left"));
                    }
                    after.can_order = false;
                }
            }
            // Whoever is named again after they left is back.
            None if after.until.is_some_and(|until| until <= today) && self.returns() => {
                after.until = None;
                after.since = today;
            }
            None => {}
        }
        Ok(after)
    }

    /// True when what is asked for makes sense only for somebody who is there.
    fn returns(&self) -> bool {
        self.primary == Some(true) || self.can_order == Some(true) || self.role.is_some()
    }
}

fn warn(db: &Reader<'_>, company: &Company, contact: &Contact, warnings: &mut Vec<String>) -> ToolResult<()> {
    let today = org::today(db)?;
    if contacts::orders_for(db, &contact.id)?.is_empty() {
        warnings.push(format!("{} loses ordering access at once", contact.full_name()));
    }
    let others = contacts::links_at(db, &company.id)?;
    if !others.iter().any(|link| link.can_order && contacts::runs(link, today)) {
        warnings.push(format!("nobody can order for {} any more", company.name));
    }
    Ok(())
}

/// What to change.
#[derive(ToolArgs)]
pub struct Changes {
    /// Given names.
    #[arg(max = 100)]
    given_name: Option<String>,
    /// Family name.
    #[arg(max = 100)]
    family_name: Option<String>,
    /// Email.
    #[arg(max = 254)]
    email: Option<String>,
    /// Telephone.
    #[arg(max = 40)]
    phone: Option<String>,
    /// Job title.
    #[arg(max = 100)]
    title: Option<String>,
    /// As fr.
    #[arg(max = 35)]
    language: Option<String>,
}

/// A place at a company.
#[derive(ToolArgs)]
pub struct Link {
    /// Company.
    #[arg(min = 1, max = 200)]
    company: String,
    /// Role.
    role: Option<LinkRole>,
    /// Main contact.
    primary: Option<bool>,
    /// Can order.
    can_order: Option<bool>,
    /// Per order.
    order_limit: Option<Amount>,
    /// Last day there.
    left_on: Option<Day>,
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id, email or phone.
    #[arg(min = 1, max = 200)]
    contact: String,
    /// Fields to set; "" clears.
    changes: Option<Bare<Changes>>,
    /// Links to set.
    #[arg(max = 20)]
    companies: Option<Vec<Link>>,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The person now.
    contact: PersonView,
    /// Where they are and were.
    companies: Vec<PlaceView>,
    /// What the change takes away.
    warnings: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    #[test]
    fn leaving_passes_the_first_place_on_and_warns() {
        let fixture = Fixture::new(
            &[&crate::DOMAIN],
            "company acme; contact ada company=acme can-order=yes; contact bob company=acme",
        );
        let answer = fixture.call(
            "crm_contact_update",
            r#"{"contact": "@ada", "companies": [{"company": "@acme", "left_on": "2026-03-02"}]}"#,
        );
        expect![[r#"{"contact":{"id":"@ada","version":2,"name":"Ada","status":"left","tags":[]},"companies":[{"company":{"id":"@acme","name":"Acme"},"role":"general","primary":false,"can_order":false,"since":"2026-03-02","until":"2026-03-02"}],"warnings":["Ada loses ordering access at once","nobody can order for Acme any more"]}"#]].assert_eq(&answer.text);
        let bob = fixture.call("crm_contact_get", r#"{"contact": "@bob", "fields": ["companies"]}"#);
        assert_eq!(bob.json()["companies"][0]["primary"], true);
        // And back again.
        let back = fixture.call(
            "crm_contact_update",
            r#"{"contact": "@ada", "companies": [{"company": "@acme", "can_order": true, "primary": true}]}"#,
        );
        assert_eq!(back.json()["contact"]["status"], "active");
        assert_eq!(back.json()["companies"][0]["primary"], true);
    }

    #[test]
    fn the_first_place_is_given_not_taken() {
        check(
            &crate::DOMAIN,
            "company acme; contact ada company=acme",
            "crm_contact_update",
            r#"{"contact": "@ada", "companies": [{"company": "@acme", "primary": false}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"invalid","message":"`primary` cannot be taken away, only given to somebody else","field":"companies[0].primary","hint":"set primary true for the other person","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn an_order_limit_is_exact() {
        check(
            &crate::DOMAIN,
            "company acme currency=EUR; contact ada company=acme",
            "crm_contact_update",
            r#"{"contact": "@ada", "companies": [{"company": "@acme", "order_limit": "10.001"}]}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"too_precise","message":"must be a decimal number: `10.001` has more than 2 digits after the point","field":"companies[0].order_limit","retryable":false}}"#
            ]],
        );
    }

    #[test]
    fn another_persons_email_refuses() {
        check(
            &crate::DOMAIN,
            "contact ada email=ada@acme.example; contact bob",
            "crm_contact_update",
            r#"{"contact": "@bob", "changes": {"email": "ada@acme.example"}}"#,
            expect![[
                r#"{"error":{"category":"domain","code":"duplicate_suspect","message":"`Ada` has this email already","field":"changes.email","hint":"if both are one person, fold them with crm_contact_merge","retryable":false,"candidates":[{"id":"@ada","label":"Ada","score":"1.00","reasons":"same email"}]}}"#
            ]],
        );
    }
}
