//! The wire, tried over memory, pipes and HTTP with one fixture service.

mod fixture;
mod memory;
mod transcript;
