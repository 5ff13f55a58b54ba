//! The records of the party tables and the closed lists in them.

use maitred_core::{ids, words};
use maitred_kernel::{Day, Stamp};
use maitred_macros::Record;

ids!(
    /// Id of a member.
    MemberId,
    /// Id of a company.
    CompanyId,
    /// Id of a contact.
    ContactId,
    /// Id of an address.
    AddressId,
);

words! {
    /// Whether a member works here.
    pub enum MemberStatus {
        /// Works here.
        Active = "active",
        /// Left, or is locked out.
        Inactive = "inactive",
    }
}

words! {
    /// What a company is to us.
    pub enum CompanyKind {
        /// Might buy.
        Prospect = "prospect",
        /// Buys or bought.
        Customer = "customer",
        /// Sells to us.
        Supplier = "supplier",
        /// Works with us.
        Partner = "partner",
    }
}

words! {
    /// Whether a person can be reached under this record.
    pub enum ContactStatus {
        /// Can be reached.
        Active = "active",
        /// Left the company.
        Left = "left",
        /// Put aside.
        Archived = "archived",
        /// Erased on request; only a tombstone is left.
        Erased = "erased",
    }
}

words! {
    /// What a person does at a company.
    pub enum LinkRole {
        /// Nothing in particular.
        General = "general",
        /// Orders.
        Buyer = "buyer",
        /// Receives invoices.
        Billing = "billing",
        /// Answers technical questions.
        Technical = "technical",
        /// Decides.
        DecisionMaker = "decision_maker",
    }
}

words! {
    /// What an address is used for.
    pub enum AddressKind {
        /// Invoices go there.
        Billing = "billing",
        /// Goods go there.
        Shipping = "shipping",
        /// The registered office.
        Registered = "registered",
    }
}

words! {
    /// A way to reach a person that needs permission.
    pub enum ConsentChannel {
        /// E-mail.
        Email = "email",
        /// Telephone calls.
        Phone = "phone",
        /// Text messages.
        Sms = "sms",
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// Letters.
        Post = "post",
    }
}

words! {
    /// What a person said about a channel.
    pub enum ConsentState {
        /// They agreed.
        Granted = "granted",
        /// They withdrew.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// The legal basis of a contact.
    pub enum ConsentBasis {
        /// They consented.
        Consent = "consent",
        /// A contract needs it.
        Contract = "contract",
        /// There is a legitimate interest.
        LegitimateInterest = "legitimate_interest",
    }
}

/// A person of the organisation.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "member")]
pub struct Member {
    /// Id.
    pub id: MemberId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Full name.
    pub name: String,
    /// Folded e-mail address, unique.
    pub email: String,
    /// Role words with spaces between.
    pub roles: String,
    /// Whether they work here.
    pub status: MemberStatus,
    /// Weekly working time in minutes.
    pub weekly_minutes: i64,
    /// Cost per hour in millionths of the base currency's major unit.
    pub cost_rate: Option<i64>,
    /// Calendar they work by.
    pub calendar_id: Option<String>,
}

impl Member {
    /// The role words.
    pub fn role_words(&self) -> Vec<String> {
        self.roles.split_whitespace().map(str::to_owned).collect()
    }

    /// True when they work here.
    pub fn is_active(&self) -> bool {
        self.status == MemberStatus::Active
    }
}

/// An organisation we deal with.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "company")]
pub struct Company {
    /// Id.
    #[record(company)]
    pub id: CompanyId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The name it goes by.
    pub name: String,
    /// Registered name, where it differs.
    pub legal_name: Option<String>,
    /// Folded name without legal form; see `maitred_kernel::name_key`.
    pub name_key: String,
    /// Words of [`CompanyKind`] with spaces between.
    pub kinds: String,
    /// Own internet domain, folded.
    pub domain: Option<String>,
    /// VAT identification number with country prefix.
    pub vat_id: Option<String>,
    /// When the VAT id was last checked with the authority.
    pub vat_checked_at: Option<Stamp>,
    /// Number in the companies register.
    pub registration_no: Option<String>,
    /// ISO 3166 alpha-2.
    pub country: String,
    /// ISO 4217 code it is invoiced in.
    pub currency: Option<String>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// E.164.
    pub phone: Option<String>,
    /// Parent company.
    pub parent_id: Option<CompanyId>,
    /// Member who looks after it.
    pub owner_id: Option<MemberId>,
    /// Set when put aside.
    pub archived_at: Option<Stamp>,
}

/// A person at a company, or on their own.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "contact")]
pub struct Contact {
    /// Id.
    #[record(contact)]
    pub id: ContactId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Given names.
    pub given_name: Option<String>,
    /// Family name.
    pub family_name: String,
    /// Folded full name, family name first.
    pub name_key: String,
    /// Folded e-mail address. More of them stand in `contact_point`.
    pub email: Option<String>,
    /// E.164. More of them stand in `contact_point`.
    pub phone: Option<String>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// Job title or form of address.
    pub title: Option<String>,
    /// Whether they can be reached.
    pub status: ContactStatus,
}

impl Contact {
    /// Given and family name.
    pub fn full_name(&self) -> String {
        match &self.given_name {
            Some(given) => format!("{given} {}", self.family_name),
            None => self.family_name.clone(),
        }
    }

    /// The folded name for sorting and matching.
    pub fn key_of(given: Option<&str>, family: &str) -> String {
        let name = match given {
            Some(given) => format!("{family} {given}"),
            None => family.to_owned(),
        };
        maitred_kernel::fold(&name).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Another e-mail address or telephone number of a contact.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "contact_point")]
pub struct ContactPoint {
    /// Id.
    pub id: String,
    /// Whose.
    #[record(contact)]
    pub contact_id: ContactId,
    /// `email` or `phone`.
    pub kind: String,
    /// Folded address or E.164 number.
    pub value: String,
}

/// A person's place at a company.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "company_contact")]
pub struct CompanyContact {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// The company.
    #[record(company)]
    pub company_id: CompanyId,
    /// The person.
    #[record(contact)]
    pub contact_id: ContactId,
    /// What they do there.
    pub role: LinkRole,
    /// The one to turn to first; exactly one per company that has contacts.
    pub is_primary: bool,
    /// May order in the company's name.
    pub can_order: bool,
    /// Most that one order may cost, minor units of the company's currency.
    pub order_limit: Option<i64>,
    /// First day.
    pub since: Day,
    /// Last day; running when unset or not yet passed.
    pub until: Option<Day>,
}

/// A postal address.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "address")]
pub struct Address {
    /// Id.
    pub id: AddressId,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Whose.
    #[record(company)]
    pub company_id: CompanyId,
    /// Used for.
    pub kind: AddressKind,
    /// Street lines with line feeds between.
    pub lines: String,
    /// City.
    pub city: String,
    /// Postcode.
    pub postcode: Option<String>,
    /// State or province.
    pub region: Option<String>,
    /// ISO 3166 alpha-2.
    pub country: String,
    /// The one to use unless another is named.
    pub is_default: bool,
    /// Known to be right.
    pub verified: bool,
}

/// A verified handle of a contact on a channel. Only its hash is kept.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "channel_handle")]
pub struct ChannelHandle {
    /// Id.
    pub id: String,
    /// Whose.
    #[record(contact)]
    pub contact_id: ContactId,
    /// `email`, `whatsapp`, `telegram`, `web` or `phone`.
    pub channel: String,
    /// Hash of the handle.
    pub handle_hash: String,
    /// Since when it is known to be theirs.
    pub verified_at: Stamp,
    /// Since when it is not.
    pub revoked_at: Option<Stamp>,
}

/// One entry of the consent history. Append-only; the newest decides, and a withdrawal beats a grant of the same instant.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "consent")]
pub struct Consent {
    /// Id.
    pub id: String,
    /// Whose.
    #[record(contact)]
    pub contact_id: ContactId,
    /// Channel.
    pub channel: ConsentChannel,
    /// What they said.
    pub state: ConsentState,
    /// Legal basis.
    pub basis: ConsentBasis,
    /// Where it comes from.
    pub source: String,
    /// When they said it.
    pub at: Stamp,
    /// When it was entered.
    pub recorded_at: Stamp,
}

/// A tag.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "tag")]
pub struct Tag {
    /// Id.
    pub id: String,
    /// As spelled first.
    pub name: String,
    /// Folded, unique.
    pub name_key: String,
}

/// A tag on a record.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "tagging")]
pub struct Tagging {
    /// Id.
    pub id: String,
    /// The tag.
    pub tag_id: String,
    /// Kind of record.
    pub entity_kind: String,
    /// The record.
    pub entity_id: String,
}

/// Left behind by a merge: who asks for the old id gets the new one.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "party_redirect")]
pub struct Redirect {
    /// The id that is gone.
    pub id: String,
    /// The id that stays.
    pub new_id: String,
    /// `company` or `contact`.
    pub kind: String,
    /// When merged.
    pub at: Stamp,
}

/// One section of the settings, as JSON.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "setting")]
pub struct Setting {
    /// Section name, e.g. `crm.pipelines`.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// JSON.
    pub value: String,
}

words! {
    /// The class of goods and services a rate is for.
    pub enum TaxClass {
        /// The ordinary rate.
        Standard = "standard",
        /// A reduced rate.
        Reduced = "reduced",
        /// A second reduced rate.
        Reduced2 = "reduced2",
        /// A rate below the reduced ones.
        SuperReduced = "super_reduced",
        /// Taxed at zero.
        Zero = "zero",
        /// Not taxed.
        Exempt = "exempt",
    }
}

words! {
    /// The category of a tax code, in the words of EN 16931 (UNCL5305).
    pub enum TaxCategory {
        /// Taxed at a rate.
        Standard = "S",
        /// Taxed at zero.
        Zero = "Z",
        /// Exempt.
        Exempt = "E",
        /// Reverse charge.
        ReverseCharge = "AE",
        /// Supply within the European Union.
        IntraCommunity = "K",
        /// Export.
        Export = "G",
        /// Outside the scope.
        OutOfScope = "O",
    }
}

/// A rate of value added tax and when it is in force.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "tax_code")]
pub struct TaxCode {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// ISO 3166 alpha-2.
    pub country: String,
    /// Class of goods and services.
    pub class: TaxClass,
    /// Category on invoices.
    pub category: TaxCategory,
    /// Rate in basis points.
    pub rate_bp: i64,
    /// Reason of an exemption, a code of the VATEX list.
    pub exemption_code: Option<String>,
    /// First day.
    pub valid_from: Day,
    /// Last day; in force for good when unset.
    pub valid_to: Option<Day>,
}

/// When somebody works.
#[derive(Record, Clone, Debug, PartialEq, Eq)]
#[record(table = "calendar")]
pub struct Calendar {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i64,
    /// When made.
    pub created_at: Stamp,
    /// When changed.
    pub updated_at: Stamp,
    /// Name, unique when folded.
    pub name: String,
    /// IANA time zone of its hours.
    pub timezone: String,
    /// Opening hours, JSON: `{"mon":["09:00-12:00","13:00-17:00"]}`; days without hours are left out.
    pub weekly: String,
    /// Days on which it stays closed, with spaces between.
    pub holidays: String,
}
