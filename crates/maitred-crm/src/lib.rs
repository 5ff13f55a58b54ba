//! The crm module: companies, contacts, leads, deals, activities, to-dos, segments, forecasts.
