//! The wire, tried over memory, pipes and HTTP with one fixture service.

mod client;
mod fixture;
mod http;
mod memory;
mod transcript;
