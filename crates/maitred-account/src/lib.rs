//! The account module: orientation, settings, audit and export.
