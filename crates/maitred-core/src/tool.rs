//! A tool: a unit struct, its facts as constants, its arguments, its answer and its body.
//!
//! The typed trait [`Tool`] is for authors. [`entry`] erases it into a [`ToolEntry`], which is what registry, menu and
//! dispatch know. What every tool needs and no body does - rights, limits, dry run, confirmation, receipts, audit,
//! metrics, Sentry - is written once, in `dispatch`.

use std::sync::Arc;

use async_trait::async_trait;
use maitred_store::Migration;
use maitred_store::change::json_string;

use crate::args::{ArgField, Arguments, Limits, Object, fields_schema, parse_object};
use crate::caller::{Caller, Secret};
use crate::cx::{Cx, Reader, Writer};
use crate::effect::{Audience, Effect, EffectFacts, Read, Write};
use crate::error::{ToolError, ToolResult};
use crate::mcp::{CancelFlag, Outlet};
use crate::mode::{Mode, ModeSet, Module};
use crate::output::Output;
use crate::ports::Ports;

/// A call that shows the tool at work; every invariant that must hold for all tools is tried with it.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The records that must exist, in the words of the test kit: `company acme; contact ada company=acme`.
    pub given: &'static str,
    /// The arguments, as JSON; `"@ada"` stands for the id of the record called ada.
    pub args: &'static str,
}

/// One thing an agent can do.
pub trait Tool: 'static {
    /// `<module>_<noun>_<verb>`.
    const NAME: &'static str;
    /// A title for people.
    const TITLE: &'static str;
    /// What a model reads: what it does and when to use it, 40 to 400 characters.
    const ABOUT: &'static str;
    /// Who may see it.
    const MODES: &'static [Mode];
    /// What it does to the world.
    const EFFECT: Self::Effect;
    /// True when only owners and admins may see it.
    const ADMIN: bool = false;
    /// A call that works.
    const EXAMPLE: Example;
    /// `Read` or `Write`.
    type Effect: Effect;
    /// Kind of caller it is written for: `Staff`, `Client`, `Stranger` or `Anyone`.
    type Audience: Audience;
    /// What it takes.
    type Args: Arguments;
    /// What it answers.
    type Output: Output;

    /// Does it.
    ///
    /// # Errors
    /// Whatever keeps it from being done, in words that say what to do next. A write that fails changes nothing.
    fn call(cx: &mut Cx<'_, Self::Effect, Self::Audience>, args: Self::Args) -> ToolResult<Self::Output>;
}

/// The body of a tool, erased: reads its arguments, runs, appends its answer as JSON.
#[derive(Clone, Copy)]
pub enum Body {
    /// Reads.
    Read(fn(Reader<'_>, Object<'_>, &mut Vec<u8>) -> ToolResult<()>),
    /// Writes.
    Write(fn(Writer<'_>, Object<'_>, &mut Vec<u8>) -> ToolResult<()>),
    /// Asks another system and waits for it; see [`ForeignTool`].
    Foreign(&'static dyn ForeignTool),
}

/// A call of a tool that fronts another system.
pub struct ForeignCall {
    /// Who calls.
    pub caller: Arc<Caller>,
    /// The module of the tool: its key is the only one the call may see.
    pub module: Module,
    /// The arguments as JSON, without the machinery's own.
    pub arguments: String,
    /// True when the other system must only say what it would do.
    pub dry_run: bool,
    /// Stable key of this request, to be handed on so that a retry does nothing twice.
    pub request_key: Option<String>,
    /// Raised when the client cancels.
    pub cancel: CancelFlag,
    /// Progress and log lines to the client.
    pub outlet: Arc<dyn Outlet>,
}

impl ForeignCall {
    /// The key that the caller brought for this tool's module: the second half of a compound token.
    pub fn module_key(&self) -> Option<&Secret> {
        self.caller.module_keys.of(self.module)
    }
}

/// A tool whose work is done by another system, over the network. The machinery gives it time, a way to be cancelled
/// and the module's own key, and takes a JSON object back.
#[async_trait]
pub trait ForeignTool: Send + Sync {
    /// Does it, or with `dry_run` says what would be done.
    ///
    /// # Errors
    /// `network_unavailable` when the other system does not answer; its own words never go out unread.
    async fn call(&self, call: ForeignCall) -> ToolResult<String>;
}

/// A tool as the registry knows it.
#[derive(Clone, Copy)]
pub struct ToolEntry {
    /// See [`Tool::NAME`].
    pub name: &'static str,
    /// See [`Tool::TITLE`].
    pub title: &'static str,
    /// See [`Tool::ABOUT`].
    pub about: &'static str,
    /// See [`Tool::MODES`].
    pub modes: ModeSet,
    /// See [`Tool::EFFECT`].
    pub effect: EffectFacts,
    /// True when it runs on the report lane.
    pub report: bool,
    /// See [`Tool::ADMIN`].
    pub admin: bool,
    /// See [`Tool::EXAMPLE`].
    pub example: Example,
    /// Appends its arguments, without the machinery's own.
    pub fields: fn(&mut Vec<ArgField>),
    /// Writes the members of the schema of its answer.
    pub output_schema: fn(&mut String),
    /// The body.
    pub body: Body,
}

/// The erased form of a tool, for the domain's slice `TOOLS`.
pub const fn entry<T: Tool>() -> ToolEntry
where
    T::Effect: Erase<T>,
{
    // A tool offered to callers whose facts its body cannot see would be a defect: it does not compile.
    assert!(ModeSet::of(T::MODES).within(<T::Audience as Audience>::MODES), "MODES go beyond the audience");
    ToolEntry {
        name: T::NAME,
        title: T::TITLE,
        about: T::ABOUT,
        modes: ModeSet::of(T::MODES),
        effect: <T::Effect as Erase<T>>::FACTS,
        report: <T::Effect as Erase<T>>::REPORT,
        admin: T::ADMIN,
        example: T::EXAMPLE,
        fields: <T::Args as Arguments>::fields,
        output_schema: <T::Output as Output>::schema,
        body: <T::Effect as Erase<T>>::BODY,
    }
}

/// How an effect turns a typed body into an erased one.
pub trait Erase<T: Tool> {
    /// The effect as a value.
    const FACTS: EffectFacts;
    /// True on the report lane.
    const REPORT: bool;
    /// The erased body.
    const BODY: Body;
}

impl<T: Tool<Effect = Read>> Erase<T> for Read {
    const FACTS: EffectFacts = EffectFacts {
        read: true,
        destructive: false,
        idempotent: true,
        leaves_house: false,
        preview_first: false,
        long: false,
    };
    const REPORT: bool = T::EFFECT.report;
    const BODY: Body = Body::Read(|reader, object, out| {
        let args = parse_object::<T::Args>(object)?;
        finish(T::call(&mut Cx::new(reader), args)?, out)
    });
}

impl<T: Tool<Effect = Write>> Erase<T> for Write {
    const FACTS: EffectFacts = EffectFacts {
        read: false,
        destructive: T::EFFECT.destructive,
        idempotent: T::EFFECT.idempotent,
        leaves_house: T::EFFECT.leaves_house,
        preview_first: T::EFFECT.preview_first,
        long: T::EFFECT.long,
    };
    const REPORT: bool = false;
    const BODY: Body = Body::Write(|writer, object, out| {
        let args = parse_object::<T::Args>(object)?;
        finish(T::call(&mut Cx::new(writer), args)?, out)
    });
}

fn finish(output: impl Output, out: &mut Vec<u8>) -> ToolResult<()> {
    serde_json::to_writer(out, &output).map_err(ToolError::internal)
}

/// The machinery's own arguments of every write.
pub const WRITE_FIELDS: &[ArgField] = &[
    ArgField {
        name: "dry_run",
        about: "",
        required: false,
        limits: Limits { min: None, max: None },
        schema: <bool as crate::args::Arg>::schema,
        words: &[],
    },
    ArgField {
        name: "confirm",
        about: "From dry_run",
        required: false,
        limits: Limits { min: None, max: None },
        schema: <String as crate::args::Arg>::schema,
        words: &[],
    },
];

impl ToolEntry {
    /// The module whose prefix the name has.
    pub fn module(&self) -> Option<Module> {
        Module::parse(self.name.split('_').next()?)
    }

    /// The arguments as a client sees them.
    pub fn all_fields(&self) -> Vec<ArgField> {
        let mut fields = Vec::new();
        (self.fields)(&mut fields);
        if !self.effect.read {
            fields.extend_from_slice(WRITE_FIELDS);
        }
        fields
    }

    /// Appends the tool as `tools/list` shows it.
    pub fn write_definition(&self, out: &mut String) {
        out.push_str("{\"name\":");
        json_string(self.name, out);
        out.push_str(",\"description\":");
        json_string(self.about, out);
        out.push_str(",\"inputSchema\":{");
        fields_schema(&self.all_fields(), out);
        out.push_str("},\"annotations\":{\"title\":");
        json_string(self.title, out);
        let hints = [
            ("readOnlyHint", self.effect.read),
            ("destructiveHint", self.effect.destructive),
            ("idempotentHint", self.effect.idempotent),
            ("openWorldHint", self.effect.leaves_house),
        ];
        for (name, value) in hints {
            out.push_str(",\"");
            out.push_str(name);
            out.push_str(if value { "\":true" } else { "\":false" });
        }
        out.push_str("}}");
    }

    /// The schema of the answer as JSON.
    pub fn answer_schema(&self) -> String {
        let mut out = String::from("{");
        (self.output_schema)(&mut out);
        out.push('}');
        out
    }
}

/// A domain: what one crate brings to the registry.
pub struct Domain {
    /// The module, which is also the prefix of its tools.
    pub module: Module,
    /// Its tools, sorted by name.
    pub tools: &'static [ToolEntry],
    /// Its tables.
    pub migrations: &'static [Migration],
    /// Ports it cannot do without, by type name; the server refuses to start when nobody provides one.
    pub requires: &'static [fn() -> &'static str],
    /// Adds the ports it provides.
    pub provides: fn(&mut Ports),
    /// Looks whether what the module stands on is there: run at boot, by `doctor` and for `/health`.
    pub check: fn(&Reader<'_>) -> ToolResult<()>,
}
