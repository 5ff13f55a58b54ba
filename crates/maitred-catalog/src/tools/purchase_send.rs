//! `catalog_purchase_send`: a drafted order goes to its supplier.

use maitred_core::prelude::*;
use maitred_kernel::email;
use maitred_kernel::wire::Moment;
use maitred_party::model::{ConsentChannel, ConsentState, LinkRole};
use maitred_party::org::today;
use maitred_party::outward::Mail;
use maitred_party::store::{companies, contacts};
use maitred_party::{CompanyId, Contact, ContactStatus};

use crate::model::{PurchaseOrder, PurchaseStatus};
use crate::purchasing::{PurchaseView, illegal, purchase_view};
use crate::store::purchases;

/// The tool.
pub struct PurchaseSend;

impl Tool for PurchaseSend {
    const NAME: &str = "catalog_purchase_send";
    const TITLE: &str = "Send purchase order";
    const ABOUT: &str = "Send a drafted purchase order to its supplier by email. What was sent counts as incoming; \
                         changes need a new order.";
    const MODES: &[Mode] = &[Mode::Office];
    const EFFECT: Write = Write { leaves_house: true, ..Write::PREVIEWED };
    const EXAMPLE: Example = Example {
        given: r#"company oak kind=supplier; contact olga company=oak email=olga@oak.example;
                  catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
                  catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}]} as po"#,
        args: r#"{"purchase_order": "@po", "message": "Please confirm."}"#,
    };
    type Effect = Write;
    type Audience = Staff;
    type Args = Args;
    type Output = Output;

    fn call(cx: &mut Cx<'_, Write>, args: Args) -> ToolResult<Output> {
        let before = purchases::resolve(cx, &args.purchase_order, "purchase_order")?;
        if before.status != PurchaseStatus::Draft {
            return Err(illegal(&before, "sent", "draft a new order with catalog_purchase_create"));
        }
        let to = recipient(cx, &before.company_id, args.to.as_deref())?;
        let mut after =
            PurchaseOrder { status: PurchaseStatus::Sent, sent_at: Some(cx.stamp()), ..before.clone() };
        cx.update(&before, &mut after)?;
        let view = purchase_view(cx, after)?;
        let subject = format!("Purchase order {}", view.number);
        let text = letter(&view, args.message.as_deref());
        let mail = Mail {
            to: vec![to.clone()],
            subject: subject.clone(),
            text: text.clone(),
            entity: "purchase_order",
            entity_id: view.id.to_string(),
            ..Mail::default()
        };
        mail.send(cx)?;
        let delivery = DeliveryView { to, supplier: view.supplier.name.clone(), subject, text };
        Ok(Output { purchase_order: view, delivery })
    }
}

/// Who receives it: the address given, else that of whoever takes orders at the supplier.
fn recipient(db: &Reader<'_>, supplier: &CompanyId, given: Option<&str>) -> ToolResult<String> {
    if let Some(given) = given {
        let address = email::fold(given).map_err(|fault| invalid("to", format!("is no address: {fault}")))?;
        for contact in contacts::by_point(db, Some(&address), None)? {
            willing(db, &contact)?;
        }
        return Ok(address);
    }
    let today = today(db)?;
    let mut found: Vec<(bool, Contact, String)> = Vec::new();
    for link in contacts::links_at(db, supplier)?.into_iter().filter(|link| contacts::runs(link, today)) {
        let contact = db.get::<Contact>(link.contact_id.as_ref())?;
        if let Some(contact) = contact.filter(|contact| contact.status == ContactStatus::Active)
            && let Some(address) = contact.email.clone()
        {
            found.push((!matches!(link.role, LinkRole::General | LinkRole::Buyer), contact, address));
        }
    }
    // Links come with the primary one first; a stable sort keeps that among equals.
    found.sort_by_key(|(other, _, _)| *other);
    match found.into_iter().next() {
        Some((_, contact, address)) => {
            willing(db, &contact)?;
            Ok(address)
        }
        None => {
            let name =
                companies::find(db, supplier.as_ref())?.map_or_else(String::new, |company| company.name);
            Err(missing("to").hint(format!("no contact of `{name}` has an email address; give one in `to`")))
        }
    }
}

/// An order is part of a contract, so nobody has to agree to it; who withdrew is not written to all the same.
fn willing(db: &Reader<'_>, contact: &Contact) -> ToolResult<()> {
    let state = contacts::consent_in_force(db, &contact.id, ConsentChannel::Email)?;
    if state != Some(ConsentState::Withdrawn) {
        return Ok(());
    }
    Err(refused(Code::ConsentMissing, format!("{} does not want to be written to", contact.full_name()))
        .field("to")
        .hint("give another address in `to`"))
}

fn letter(view: &PurchaseView, message: Option<&str>) -> String {
    let mut text = format!("{}\n\n", view.number);
    for line in &view.lines {
        let name = line.supplier_sku.as_ref().map_or_else(String::new, |sku| format!(" (your {sku})"));
        text.push_str(&format!(
            "{}. {} {}{name}: {} at {} {}\n",
            line.line, line.sku, line.name, line.ordered, line.cost, view.currency
        ));
    }
    text.push_str(&format!("\nTotal {} {}. Deliver to: {}.\n", view.total, view.currency, view.location));
    if let Some(day) = view.expected_on {
        text.push_str(&format!("Expected on {day}.\n"));
    }
    if let Some(message) = message {
        text.push_str(&format!("\n{message}\n"));
    }
    text
}

/// Arguments.
#[derive(ToolArgs)]
pub struct Args {
    /// Id or number.
    #[arg(min = 1, max = 80)]
    purchase_order: String,
    /// Email; default their contact.
    #[arg(max = 200)]
    to: Option<String>,
    /// Words at the end.
    #[arg(max = 2000)]
    message: Option<String>,
}

/// What goes out, to whom.
#[derive(ToolOutput)]
pub struct DeliveryView {
    /// Address it goes to.
    to: String,
    /// Supplier.
    supplier: String,
    /// Subject.
    subject: String,
    /// Text.
    text: String,
}

/// Answer.
#[derive(ToolOutput)]
pub struct Output {
    /// The order.
    purchase_order: PurchaseView,
    /// What goes out.
    delivery: DeliveryView,
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use maitred_testkit::{Fixture, check};

    use crate::store::proof;

    const GIVEN: &str = r#"company oak kind=supplier; contact bill company=oak email=bill@oak.example role=billing;
        contact olga company=oak email=olga@oak.example role=general;
        catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
        catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}]} as po"#;

    #[test]
    fn goes_out_once_to_whoever_takes_orders() {
        let fixture = Fixture::new(&[&crate::DOMAIN], GIVEN);
        let outbox = || fixture.read(proof::letters).unwrap();
        let shown =
            fixture.call("catalog_purchase_send", r#"{"purchase_order": "@po", "dry_run": true}"#).json();
        assert_eq!((&shown["preview"]["delivery"]["to"], outbox()), (&"olga@oak.example".into(), 0));
        assert!(!fixture.call_confirmed("catalog_purchase_send", r#"{"purchase_order": "@po"}"#).failed);
        assert_eq!(outbox(), 1);
        let again = fixture.call("catalog_purchase_send", r#"{"purchase_order": "@po"}"#).json();
        assert_eq!(again["error"]["code"], "illegal_transition");
    }

    #[test]
    fn somebody_must_receive_it() {
        check(
            &crate::DOMAIN,
            r#"company oak kind=supplier;
               catalog_product_create {"name": "Chair", "kind": "goods", "variants": [{"sku": "CH-1"}]} as chair;
               catalog_purchase_create {"supplier": "@oak", "lines": [{"product": "CH-1", "qty": 10, "cost": "3"}]} as po"#,
            "catalog_purchase_send",
            r#"{"purchase_order": "@po"}"#,
            expect![[
                r#"{"error":{"category":"validation","code":"missing","message":"`to` is required","field":"to","hint":"no contact of `Oak` has an email address; give one in `to`","retryable":false}}"#
            ]],
        );
    }
}
