//! The words in which fixtures are given.
//!
//! Steps are separated by `;`. `company acme name=Acme domain=acme.example`, `contact ada company=acme email=..`,
//! `member eve roles=sales`, `setting invoicing.seller {"name": "Maison"}`, `tax DE standard S 1900` (country, class,
//! category, basis points; in force since 2020), and any tool: `crm_deal_create {"company": "@acme", "title": "Roof"} as
//! roof`, where the answer's `id` gets the name, or `as roof=deal.id` another member of it. `client ada
//! orders_my_cart_set {..}` calls a client's tool as the contact ada. `_` in a value is a space.

use std::collections::BTreeMap;
use std::sync::Arc;

use maitred_core::caller::Caller;
use maitred_kernel::wire::Moment;
use maitred_kernel::{Day, Stamp, email, phone};
use maitred_party::model::{LinkRole, TaxCategory, TaxClass, TaxCode};
use maitred_party::sources::SettingSource;
use maitred_party::store::members::{self, NewMember};
use maitred_party::store::{companies, contacts};

use crate::fixture::Fixture;

/// `ada` as `Ada`.
pub fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn steps(given: &str) -> Vec<String> {
    let (mut steps, mut step, mut depth) = (Vec::new(), String::new(), 0_i32);
    for letter in given.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ';' if depth == 0 => {
                steps.push(std::mem::take(&mut step));
                continue;
            }
            _ => {}
        }
        step.push(letter);
    }
    steps.push(step);
    steps.into_iter().map(|step| step.trim().to_owned()).filter(|step| !step.is_empty()).collect()
}

/// Makes everything that is given.
pub fn make(fixture: &Fixture, given: &str) {
    for step in steps(given) {
        let (word, rest) = step.split_once(' ').unwrap_or((&step, ""));
        match word {
            "company" => company(fixture, rest),
            "contact" => contact(fixture, rest),
            "member" => member(fixture, rest),
            "setting" => setting(fixture, rest),
            "tax" => tax(fixture, rest),
            "client" => client(fixture, rest),
            tool => call(fixture, tool, rest),
        }
    }
}

struct Named {
    name: String,
    values: BTreeMap<String, String>,
}

impl Named {
    fn parse(rest: &str) -> Self {
        let mut words = rest.split_whitespace();
        let name = words.next().expect("a name").to_owned();
        let values = words
            .map(|word| {
                let (key, value) =
                    word.split_once('=').unwrap_or_else(|| panic!("`{word}` is not key=value"));
                (key.to_owned(), value.replace('_', " "))
            })
            .collect();
        Self { name, values }
    }

    fn get(&self, key: &str) -> Option<String> {
        self.values.get(key).cloned()
    }
}

fn company(fixture: &Fixture, rest: &str) {
    let given = Named::parse(rest);
    let new = companies::NewCompany {
        name: given.get("name").unwrap_or_else(|| capitalised(&given.name)),
        kinds: given.get("kind").unwrap_or_else(|| "prospect".to_owned()),
        domain: given.get("domain"),
        vat_id: given.get("vat"),
        country: given.get("country").unwrap_or_else(|| "DE".to_owned()),
        currency: given.get("currency"),
        phone: given.get("phone").map(|raw| phone::e164(&raw, Some("DE")).expect("a number")),
        owner_id: given.get("owner").map(|name| maitred_party::MemberId(fixture.id(&name))),
        ..companies::NewCompany::default()
    };
    let checked = given.get("checked").is_some();
    let made = fixture.write(move |db| {
        let before = companies::insert(db, new.clone())?;
        if checked {
            let mut after = maitred_party::Company { vat_checked_at: Some(db.stamp()), ..before.clone() };
            companies::update(db, &before, &mut after)?;
        }
        Ok(before.id)
    });
    fixture.name(&given.name, &made.expect("a company").0);
}

fn setting(fixture: &Fixture, rest: &str) {
    let (section, value) = rest.split_once(' ').expect("a section and its value");
    let (section, value) = (section.to_owned(), value.trim().to_owned());
    let set = fixture.write(move |db| {
        let sources = db.ports::<dyn SettingSource>();
        let source = sources.iter().find(|source| source.section() == section).expect("a section there is");
        source.set(db, &value)
    });
    set.expect("a value that fits");
}

fn tax(fixture: &Fixture, rest: &str) {
    let words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
    let [country, class, category, rate] = words.as_slice() else { panic!("`{rest}` is no tax code") };
    let mut code = TaxCode {
        id: String::new(),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        country: country.clone(),
        class: TaxClass::parse(class).expect("a class"),
        category: TaxCategory::parse(category).expect("a category"),
        rate_bp: rate.parse().expect("basis points"),
        exemption_code: None,
        valid_from: Day::parse("2020-01-01").expect("a day"),
        valid_to: None,
    };
    code.id = fixture.write(|db| Ok(db.fresh_id())).expect("an id");
    fixture.write(move |db| Ok(db.insert(&mut code.clone())?)).expect("a tax code");
}

fn contact(fixture: &Fixture, rest: &str) {
    let given = Named::parse(rest);
    let new = contacts::NewContact {
        given_name: given.get("given"),
        family_name: given.get("name").unwrap_or_else(|| capitalised(&given.name)),
        email: given.get("email").map(|raw| email::fold(&raw).expect("an address")),
        phone: given.get("phone").map(|raw| phone::e164(&raw, Some("DE")).expect("a number")),
        title: given.get("title"),
        ..contacts::NewContact::default()
    };
    let company = given.get("company").map(|name| maitred_party::CompanyId(fixture.id(&name)));
    let role = given
        .get("role")
        .map_or(LinkRole::General, |word| LinkRole::parse(&word.replace(' ', "_")).expect("a role"));
    let can_order = given.get("can-order").is_some();
    let until = given.get("until").map(|day| Day::parse(&day).expect("a day"));
    let id = fixture
        .write(move |db| {
            let contact = contacts::insert(db, new.clone())?;
            if let Some(company) = &company {
                let before = contacts::link(db, company, &contact.id, role)?;
                let mut after = maitred_party::CompanyContact { can_order, until, ..before.clone() };
                db.update(&before, &mut after)?;
            }
            Ok(contact)
        })
        .expect("a contact")
        .id;
    fixture.name(&given.name, &id.0);
}

fn member(fixture: &Fixture, rest: &str) {
    let given = Named::parse(rest);
    let name = given.get("name").unwrap_or_else(|| capitalised(&given.name));
    let roles = given.get("roles").unwrap_or_else(|| "sales".to_owned());
    let address = format!("{}@maison.example", given.name);
    let id = fixture
        .write(move |db| {
            let roles: Vec<&str> = roles.split(',').collect();
            members::insert(db, &NewMember { name: &name, email: &address, roles: &roles })
        })
        .expect("a member")
        .id;
    fixture.name(&given.name, &id.0);
}

fn client(fixture: &Fixture, rest: &str) {
    let (contact, rest) = rest.trim().split_once(' ').expect("a contact and a tool");
    let (tool, rest) = rest.trim().split_once(' ').unwrap_or((rest, ""));
    let caller = fixture.client_caller(contact);
    call_as(fixture, &caller, tool, rest);
}

fn call(fixture: &Fixture, tool: &str, rest: &str) {
    call_as(fixture, &fixture.owner(), tool, rest);
}

fn call_as(fixture: &Fixture, caller: &Arc<Caller>, tool: &str, rest: &str) {
    let (args, name) = match rest.rsplit_once('}') {
        Some((args, name)) => (format!("{args}}}"), name.trim()),
        None => ("{}".to_owned(), rest.trim()),
    };
    let answer = fixture.confirmed_as(caller, tool, &args).unwrap_or_else(|error| panic!("{tool}: {error}"));
    assert!(!answer.failed, "given {tool} {args}: {}", answer.raw);
    if let Some(name) = name.strip_prefix("as ") {
        let (name, path) = name.trim().split_once('=').unwrap_or((name.trim(), "id"));
        let pointer = format!("/{}", path.replace('.', "/"));
        let json = answer.json();
        let id = json.pointer(&pointer).and_then(serde_json::Value::as_str);
        fixture.name(name, id.unwrap_or_else(|| panic!("{tool} answers no `{path}`: {}", answer.raw)));
    }
}
