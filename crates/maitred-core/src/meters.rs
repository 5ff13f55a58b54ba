//! Meters per tool: calls, errors, latency, in flight. Handles are made once; a call only adds to them.
//!
//! Names follow the OpenTelemetry conventions for MCP where there is one.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use crate::error::{Category, Code};

/// The meters of one tool.
pub struct ToolMeters {
    name: &'static str,
    done: Counter,
    failed: Vec<(Category, Counter)>,
    latency: Histogram,
    in_flight: Gauge,
}

impl ToolMeters {
    /// The meters of the tool with this name, from the recorder installed by now.
    pub fn new(name: &'static str) -> Self {
        let latency = histogram!(
            "mcp_server_operation_duration_seconds",
            "mcp_method_name" => "tools/call",
            "gen_ai_tool_name" => name
        );
        let failed = Category::ALL
            .iter()
            .map(|category| {
                let counter =
                    counter!("maitred_tool_calls_total", "tool" => name, "outcome" => category.as_str());
                (*category, counter)
            })
            .collect();
        Self {
            name,
            done: counter!("maitred_tool_calls_total", "tool" => name, "outcome" => "ok"),
            failed,
            latency,
            in_flight: gauge!("maitred_tool_calls_in_flight", "tool" => name),
        }
    }

    /// A call has begun.
    pub fn begin(&self) {
        self.in_flight.increment(1);
    }

    /// A call has ended.
    pub fn end(&self, took: Duration, failure: Option<Code>) {
        self.in_flight.decrement(1);
        self.latency.record(took);
        match failure {
            None => self.done.increment(1),
            Some(code) => {
                if let Some((_, counter)) =
                    self.failed.iter().find(|(category, _)| *category == code.category())
                {
                    counter.increment(1);
                }
                // Errors are rare enough to look the counter up.
                counter!(
                    "maitred_tool_errors_total",
                    "tool" => self.name,
                    "category" => code.category().as_str(),
                    "code" => code.as_str()
                )
                .increment(1);
            }
        }
    }
}
