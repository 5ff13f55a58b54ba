//! Fixtures and checks that cover every tool by existing.
