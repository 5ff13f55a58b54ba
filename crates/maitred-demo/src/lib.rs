//! The demo organisation and the importers of real data sets.
