//! The protocol layer, the tool trait, callers, menus and dispatch.
