//! The tables every domain leans on: members, companies, contacts and small reference data.
