//! The transports, kept apart from the binary so that tests and the conformance fixture run the very same ones.

pub mod http;
pub mod stdio;
