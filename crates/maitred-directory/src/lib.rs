//! Who may come in: orgs, keys, channels, assertions and the caller they make.
