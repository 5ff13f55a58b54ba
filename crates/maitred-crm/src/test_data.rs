//! Records that tests need and that no tool of theirs makes.

use maitred_kernel::{Currency, Stamp};
use maitred_party::{CompanyId, ContactId, MemberId};
use maitred_testkit::Fixture;

use crate::model::{
    Deal, DealContact, DealId, DealStatus, Forecast, Pipeline, PipelineId, Stage, StageId, StageKind,
    StakeholderRole,
};

/// An open deal over 100.00 EUR of a company, with a person who decides.
pub fn open_deal(fixture: &Fixture, number: &str, company: &str, contact: Option<&str>) -> String {
    let (company, contact) = (CompanyId(company.to_owned()), contact.map(|id| ContactId(id.to_owned())));
    let (number, owner) = (number.to_owned(), MemberId(fixture.id("sales")));
    fixture
        .write(move |db| {
            let now = Stamp::EPOCH;
            let pipeline = match db.one::<Pipeline>(
                "SELECT id, version, created_at, updated_at, key_word, name, currency, position, retired_at FROM pipeline \
                 WHERE key_word = 'test'",
                &[],
            )? {
                Some(pipeline) => pipeline,
                None => {
                    let mut pipeline = Pipeline {
                        id: PipelineId(db.fresh_id()),
                        version: 1,
                        created_at: now,
                        updated_at: now,
                        key_word: "test".to_owned(),
                        name: "Test".to_owned(),
                        currency: None,
                        position: 99,
                        retired_at: None,
                    };
                    db.insert(&mut pipeline)?;
                    pipeline
                }
            };
            let mut stage = Stage {
                id: StageId(db.fresh_id()),
                version: 1,
                created_at: now,
                updated_at: now,
                pipeline_id: pipeline.id.clone(),
                key_word: format!("talk-{number}"),
                name: "Talk".to_owned(),
                position: 1,
                kind: StageKind::Open,
                probability_bp: 1_000,
                rot_days: 14,
                required_fields: String::new(),
                retired_at: None,
            };
            db.insert(&mut stage)?;
            let mut deal = Deal {
                id: DealId(db.fresh_id()),
                version: 1,
                created_at: now,
                updated_at: now,
                number: number.clone(),
                title: "Roof".to_owned(),
                company_id: company.clone(),
                contact_id: contact.clone(),
                pipeline_id: pipeline.id,
                stage_id: stage.id,
                status: DealStatus::Open,
                amount_minor: 10_000,
                currency: Currency::EUR,
                probability_bp: None,
                forecast: Forecast::Pipeline,
                close_date: None,
                pushed_count: 0,
                stage_entered_at: now,
                closed_at: None,
                lost_reason: None,
                competitor: None,
                next_step: None,
                reopened_count: 0,
                owner_id: owner.clone(),
                lead_id: None,
            };
            db.insert(&mut deal)?;
            if let Some(contact_id) = contact.clone() {
                let mut stakeholder = DealContact {
                    id: db.fresh_id(),
                    version: 1,
                    created_at: now,
                    updated_at: now,
                    deal_id: deal.id.clone(),
                    contact_id,
                    role: StakeholderRole::DecisionMaker,
                };
                db.insert(&mut stakeholder)?;
            }
            Ok(deal.id.0)
        })
        .expect("a deal")
}
