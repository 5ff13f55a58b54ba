//! Kinds of events in a timeline, which records they are about, and who may see them. No database.
//!
//! An entity that is not listed here belongs to the module of the tool that wrote it; where even that is not known,
//! nobody sees it.

use maitred_core::mode::{Module, Rights};
use maitred_core::words;

words! {
    /// What an event is about.
    pub enum EventKind {
        /// Calls, meetings, visits, e-mails, messages, notes.
        Activity = "activity",
        /// The company, its addresses, its profile.
        Company = "company",
        /// People and their places.
        Contact = "contact",
        /// What people said about channels.
        Consent = "consent",
        /// Leads.
        Lead = "lead",
        /// Deals and their lines.
        Deal = "deal",
        /// Terms and prices.
        Terms = "terms",
        /// Quotes.
        Quote = "quote",
        /// Orders, carts, shipments, returns.
        Order = "order",
        /// Invoices and reminders.
        Invoice = "invoice",
        /// Payments.
        Payment = "payment",
        /// Tickets and their messages.
        Ticket = "ticket",
        /// Projects.
        Project = "project",
        /// Subscriptions, renewals, health.
        Success = "success",
        /// Strangers' requests.
        Request = "request",
        /// Anything else.
        Other = "other",
    }
}

/// Entities of one kind: as a list, and as the same list in SQL.
pub struct Entities {
    /// Kind.
    pub kind: EventKind,
    /// Module whose readers may see them.
    pub module: Module,
    /// Names in the change log.
    pub names: &'static [&'static str],
    /// `('a', 'b')`.
    pub sql: &'static str,
}

macro_rules! entities {
    ($($kind:ident $module:ident: $first:literal $($more:literal)*;)+) => {
        /// Every entity that is known to be about somebody.
        pub const ENTITIES: &[Entities] = &[$(Entities {
            kind: EventKind::$kind,
            module: Module::$module,
            names: &[$first $(, $more)*],
            sql: concat!("('", $first, "'" $(, ", '", $more, "'")*, ")"),
        }),+];
        /// All of them, in SQL.
        pub const ALL_SQL: &str = concat!("(''" $(, ", '", $first, "'" $(, ", '", $more, "'")*)+, ")");
    };
}

// The module is that of the records, whatever tool touches them: a merge of companies by crm also writes invoices.
entities! {
    Company Crm: "company" "crm_profile" "address" "tagging" "merge_log";
    Contact Crm: "contact" "company_contact" "contact_point" "crm_contact_profile" "channel_handle";
    Consent Crm: "consent";
    Lead Crm: "lead";
    Deal Crm: "deal" "deal_line" "deal_contact";
    Terms Catalog: "customer_terms" "price_list" "price_point";
    Quote Orders: "quote" "quote_line";
    Order Orders: "order" "sales_order" "order_line" "cart" "cart_line" "shipment" "shipment_line" "return" "return_line";
    Invoice Invoicing: "invoice" "invoice_line" "reminder" "recurring" "billing_profile" "credit_note" "write_off";
    Payment Invoicing: "payment" "allocation" "bank_line";
    Ticket Desk: "ticket" "message" "csat" "ticket_link";
    Project Projects: "project" "milestone" "task" "time_entry";
    Success Success: "success_account" "subscription" "renewal" "mrr_movement" "nps_response" "risk" "playbook_run" "health_snapshot";
    Request Onboard: "request";
}

/// The kind of an entity.
pub fn kind_of(entity: &str) -> EventKind {
    ENTITIES.iter().find(|known| known.names.contains(&entity)).map_or(EventKind::Other, |known| known.kind)
}

/// Patterns of the tools of each module, for entities that are not listed.
const TOOLS: &[(Module, &str)] = &[
    (Module::Account, "account!_%"),
    (Module::Crm, "crm!_%"),
    (Module::Catalog, "catalog!_%"),
    (Module::Orders, "orders!_%"),
    (Module::Invoicing, "invoicing!_%"),
    (Module::Projects, "projects!_%"),
    (Module::Desk, "desk!_%"),
    (Module::Success, "success!_%"),
    (Module::Supervisor, "supervisor!_%"),
    (Module::Onboard, "onboard!_%"),
];

/// What of the change log a caller may see of the kinds asked for.
#[derive(Default)]
pub struct Sight {
    /// Entities, in SQL.
    pub entities: Vec<&'static str>,
    /// Patterns of tools whose unlisted entities may be seen.
    pub tools: Vec<&'static str>,
    /// Whether activities are wanted.
    pub activities: bool,
}

impl Sight {
    /// The sight of a caller; every kind when none is named.
    pub fn of(rights: &Rights, kinds: &[EventKind]) -> Self {
        let wanted = |kind: EventKind| kinds.is_empty() || kinds.contains(&kind);
        let readable = |module: Module| !rights.reads(module).is_empty();
        let entities = ENTITIES.iter().filter(|known| wanted(known.kind) && readable(known.module));
        let tools = TOOLS.iter().filter(|(module, _)| wanted(EventKind::Other) && readable(*module));
        Self {
            entities: entities.map(|known| known.sql).collect(),
            tools: tools.map(|(_, pattern)| *pattern).collect(),
            activities: wanted(EventKind::Activity) && readable(Module::Crm),
        }
    }
}

#[cfg(test)]
mod tests {
    use maitred_core::mode::{CallerKind, Mode, ModeSet};

    use super::*;

    #[test]
    fn every_entity_has_one_kind() {
        let mut names: Vec<&str> = ENTITIES.iter().flat_map(|known| known.names).copied().collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for name in names {
            assert!(ALL_SQL.contains(&format!("'{name}'")));
        }
        assert_eq!(kind_of("deal_line"), EventKind::Deal);
        assert_eq!(kind_of("moon"), EventKind::Other);
    }

    #[test]
    fn nobody_sees_beyond_their_modules() {
        let modes = ModeSet::of(&[Mode::Sales]);
        let rights =
            Rights::none(CallerKind::Teammate).grant(&[Module::Crm, Module::Orders], modes, false, false);
        let sight = Sight::of(&rights, &[]);
        assert!(sight.entities.iter().any(|sql| sql.contains("'quote'")));
        assert!(!sight.entities.iter().any(|sql| sql.contains("'invoice'") || sql.contains("'ticket'")));
        assert_eq!(sight.tools, ["crm!_%", "orders!_%"]);
        let sight = Sight::of(&rights, &[EventKind::Ticket]);
        assert!(sight.entities.is_empty() && sight.tools.is_empty() && !sight.activities);
    }
}
