//! Org databases: engines, transactions, change log, outbox, receipts, search, migrations.
