//! Derives for tool arguments, tool outputs and stored records.
