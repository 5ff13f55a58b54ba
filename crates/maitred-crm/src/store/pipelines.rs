//! Pipelines and their stages, and the one an organisation starts with.

use maitred_core::cx::{Reader, Writer};
use maitred_core::error::Code;
use maitred_core::error::{ToolResult, invalid, not_found, refused};
use maitred_kernel::{Stamp, fold, nearest};
use maitred_party::store::ambiguous;
use maitred_store::{Record, Sql, params};

use crate::model::{DealStatus, Pipeline, PipelineId, Stage, StageId, StageKind};

/// A pipeline with its stages in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The pipeline. Its version is 0 while it is only the one to start with and not stored yet.
    pub pipeline: Pipeline,
    /// Its stages by position, retired ones too.
    pub stages: Vec<Stage>,
}

impl Way {
    /// True when it is stored.
    pub fn is_stored(&self) -> bool {
        self.pipeline.version > 0
    }

    /// True when it takes new deals.
    pub fn is_live(&self) -> bool {
        self.pipeline.retired_at.is_none()
    }

    /// Stages that take deals and are of this kind.
    pub fn live(&self, kind: StageKind) -> impl Iterator<Item = &Stage> {
        self.stages.iter().filter(move |stage| stage.kind == kind && stage.retired_at.is_none())
    }

    /// The stage with this id.
    pub fn stage(&self, id: &StageId) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == *id)
    }

    /// The stage where new deals begin.
    ///
    /// # Errors
    /// When every open stage is retired.
    pub fn first(&self) -> ToolResult<&Stage> {
        self.live(StageKind::Open).next().ok_or_else(|| {
            invalid(
                "pipeline",
                format!("names `{}`, which has no open stage that takes deals", self.pipeline.name),
            )
            .hint("crm_pipeline_list shows pipelines and stages")
        })
    }

    /// The stage of closed deals.
    ///
    /// # Errors
    /// When the pipeline has none that takes deals.
    pub fn closed(&self, status: DealStatus) -> ToolResult<&Stage> {
        let kind = if status == DealStatus::Won { StageKind::Won } else { StageKind::Lost };
        self.live(kind).next().ok_or_else(|| {
            refused(
                Code::IllegalTransition,
                format!("the pipeline `{}` has no stage for {kind} deals", self.pipeline.name),
            )
            .hint("add one with account_setting_update, section crm.pipelines")
        })
    }

    /// The stage a text refers to: id, key or name.
    ///
    /// # Errors
    /// `not_found`, with the stages there are in the hint.
    pub fn stage_named(&self, text: &str, field: &str) -> ToolResult<&Stage> {
        self.stages.iter().find(|stage| fits(&stage.id.0, &stage.key_word, &stage.name, text)).ok_or_else(
            || {
                let names: Vec<&str> = self.stages.iter().map(|stage| stage.name.as_str()).collect();
                let close = nearest(&fold(text), &names).map(|name| format!("; did you mean `{name}`"));
                not_found("stage", text).field(field).hint(format!(
                    "stages of `{}` are {}{}; crm_pipeline_list shows them",
                    self.pipeline.name,
                    names.join(", "),
                    close.unwrap_or_default()
                ))
            },
        )
    }
}

fn fits(id: &str, key: &str, name: &str, text: &str) -> bool {
    let text = text.trim();
    (!id.is_empty() && id == text) || fold(key) == fold(text) || fold(name) == fold(text)
}

/// A stage of the pipeline to start with: key, name, kind, chance, rot days, required fields.
type Start = (&'static str, &'static str, StageKind, i64, i64, &'static str);

const START: &[Start] = &[
    ("discovery", "Discovery", StageKind::Open, 1_000, 21, ""),
    ("qualified", "Qualified", StageKind::Open, 2_500, 21, ""),
    ("proposal", "Proposal", StageKind::Open, 5_000, 14, "amount close_date"),
    ("negotiation", "Negotiation", StageKind::Open, 7_500, 10, "amount close_date"),
    ("won", "Won", StageKind::Won, 10_000, 0, ""),
    ("lost", "Lost", StageKind::Lost, 0, 0, ""),
];

/// The pipeline an organisation has before it made one of its own; ids are empty, versions 0.
fn start() -> Way {
    let pipeline = Pipeline {
        id: PipelineId(String::new()),
        version: 0,
        created_at: Stamp::EPOCH,
        updated_at: Stamp::EPOCH,
        key_word: "sales".to_owned(),
        name: "Sales".to_owned(),
        currency: None,
        position: 1,
        retired_at: None,
    };
    let stages = START
        .iter()
        .zip(1..)
        .map(|((key, name, kind, probability_bp, rot_days, required), position)| Stage {
            id: StageId(String::new()),
            version: 0,
            created_at: Stamp::EPOCH,
            updated_at: Stamp::EPOCH,
            pipeline_id: PipelineId(String::new()),
            key_word: (*key).to_owned(),
            name: (*name).to_owned(),
            position,
            kind: *kind,
            probability_bp: *probability_bp,
            rot_days: *rot_days,
            required_fields: (*required).to_owned(),
            retired_at: None,
        })
        .collect();
    Way { pipeline, stages }
}

/// Every pipeline with its stages, in order; the one to start with when none is stored.
pub fn list(db: &Reader<'_>) -> ToolResult<Vec<Way>> {
    let mut sql = Sql::new(Pipeline::SELECT);
    sql.push(" ORDER BY position, id");
    let pipelines: Vec<Pipeline> = db.all_of(&sql)?;
    if pipelines.is_empty() {
        return Ok(vec![start()]);
    }
    let mut sql = Sql::new(Stage::SELECT);
    sql.push(" ORDER BY position, id");
    let stages: Vec<Stage> = db.all_of(&sql)?;
    Ok(pipelines
        .into_iter()
        .map(|pipeline| Way {
            stages: stages.iter().filter(|stage| stage.pipeline_id == pipeline.id).cloned().collect(),
            pipeline,
        })
        .collect())
}

/// Stores the pipeline to start with when there is none; afterwards every way is stored.
pub fn ensure_default(db: &Writer<'_>) -> ToolResult<Vec<Way>> {
    let mut ways = list(db)?;
    for way in ways.iter_mut().filter(|way| !way.is_stored()) {
        way.pipeline.id = PipelineId(db.fresh_id());
        db.insert(&mut way.pipeline)?;
        for stage in &mut way.stages {
            stage.id = StageId(db.fresh_id());
            stage.pipeline_id = way.pipeline.id.clone();
            db.insert(stage)?;
        }
    }
    Ok(ways)
}

/// The pipeline a text refers to among these: id, key or name; without a text the first that takes deals.
///
/// # Errors
/// `not_found` with the names there are, or `ambiguous_reference`.
pub fn pick<'w>(ways: &'w [Way], text: Option<&str>, field: &str) -> ToolResult<&'w Way> {
    let Some(text) = text else {
        return ways.iter().find(|way| way.is_live()).ok_or_else(|| {
            refused(Code::NotFound, "every pipeline is retired")
                .field(field)
                .hint("add one with account_setting_update, section crm.pipelines")
        });
    };
    let fitting: Vec<&Way> = ways
        .iter()
        .filter(|way| fits(&way.pipeline.id.0, &way.pipeline.key_word, &way.pipeline.name, text))
        .collect();
    match fitting.as_slice() {
        [way] => Ok(way),
        [] => {
            let names: Vec<&str> = ways.iter().map(|way| way.pipeline.name.as_str()).collect();
            Err(not_found("pipeline", text).field(field).hint(format!("pipelines are {}", names.join(", "))))
        }
        several => Err(ambiguous(
            field,
            text,
            several.iter().map(|way| (way.pipeline.id.0.as_str(), way.pipeline.name.as_str())),
        )),
    }
}

/// The pipeline a deal is in.
///
/// # Errors
/// A defect when it does not exist.
pub fn of(db: &Reader<'_>, pipeline: &PipelineId) -> ToolResult<Way> {
    list(db)?
        .into_iter()
        .find(|way| way.pipeline.id == *pipeline)
        .ok_or_else(|| maitred_store::StoreError::defect("a deal without its pipeline").into())
}

/// The ids of every stage a text refers to, in one pipeline or in all.
///
/// # Errors
/// `not_found` when no pipeline has such a stage.
pub fn stages_named(ways: &[&Way], text: &str, field: &str) -> ToolResult<Vec<StageId>> {
    let found: Vec<StageId> = ways
        .iter()
        .flat_map(|way| &way.stages)
        .filter(|stage| fits(&stage.id.0, &stage.key_word, &stage.name, text))
        .map(|stage| stage.id.clone())
        .collect();
    match (found.is_empty(), ways.first()) {
        (true, Some(way)) => way.stage_named(text, field).map(|stage| vec![stage.id.clone()]),
        _ => Ok(found),
    }
}

/// Open deals by stage.
pub fn open_deals(db: &Reader<'_>) -> ToolResult<Vec<(StageId, i64)>> {
    Ok(db.all(
        "SELECT stage_id, COUNT(*) FROM deal WHERE status = 'open' GROUP BY stage_id ORDER BY stage_id",
        &[],
    )?)
}

/// True when a deal is, or ever was, in the stage.
pub fn is_used(db: &Reader<'_>, stage: &StageId) -> ToolResult<bool> {
    let now = db.count("SELECT COUNT(*) FROM deal WHERE stage_id = $1", params![stage])?;
    let ever = db
        .count("SELECT COUNT(*) FROM stage_history WHERE to_stage = $1 OR from_stage = $1", params![stage])?;
    Ok(now + ever > 0)
}
