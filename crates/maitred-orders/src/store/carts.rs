//! Baskets.

use maitred_core::prelude::*;
use maitred_kernel::Stamp;
use maitred_party::{CompanyId, ContactId};
use maitred_store::{Record, Sql};

use crate::model::{Cart, CartId, CartLine, CartStatus};

/// The open basket of a person at a company.
pub fn open(db: &Reader<'_>, company: &str, contact: &str) -> ToolResult<Option<Cart>> {
    let mut sql = Sql::new(Cart::SELECT);
    sql.push(" WHERE company_id = ").bind(company).and("contact_id =", contact);
    sql.push(" AND status = 'open'");
    Ok(db.one_of(&sql)?)
}

/// The basket that the person submitted last.
pub fn last_submitted(db: &Reader<'_>, company: &str, contact: &str) -> ToolResult<Option<Cart>> {
    let mut sql = Sql::new(Cart::SELECT);
    sql.push(" WHERE company_id = ").bind(company).and("contact_id =", contact);
    sql.push(" AND status = 'submitted' ORDER BY updated_at DESC, id DESC LIMIT 1");
    Ok(db.one_of(&sql)?)
}

/// The open basket, made when there is none.
pub fn ensure(db: &Writer<'_>, company: &str, contact: &str) -> ToolResult<Cart> {
    if let Some(cart) = open(db, company, contact)? {
        return Ok(cart);
    }
    let mut cart = Cart {
        id: CartId(db.fresh_id()),
        version: 1,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        company_id: CompanyId(company.to_owned()),
        contact_id: ContactId(contact.to_owned()),
        status: CartStatus::Open,
    };
    db.insert(&mut cart)?;
    Ok(cart)
}

/// What is in a basket, in the order in which it was put there.
pub fn lines(db: &Reader<'_>, cart: &CartId) -> ToolResult<Vec<CartLine>> {
    let mut sql = Sql::new(CartLine::SELECT);
    sql.push(" WHERE cart_id = ").bind(cart).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// Every basket of a company.
pub fn of_company(db: &Reader<'_>, company: &str) -> ToolResult<Vec<Cart>> {
    let mut sql = Sql::new(Cart::SELECT);
    sql.push(" WHERE company_id = ").bind(company).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}

/// Every basket of a contact.
pub fn of_contact(db: &Reader<'_>, contact: &str) -> ToolResult<Vec<Cart>> {
    let mut sql = Sql::new(Cart::SELECT);
    sql.push(" WHERE contact_id = ").bind(contact).push(" ORDER BY id");
    Ok(db.all_of(&sql)?)
}
