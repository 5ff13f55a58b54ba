CREATE TABLE bank_account (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  name TEXT NOT NULL,
  iban TEXT NOT NULL,
  bic TEXT,
  currency TEXT NOT NULL
) /*clustered*/;
CREATE UNIQUE INDEX bank_account_iban ON bank_account (iban);

CREATE TABLE bank_statement (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES bank_account (id),
  format TEXT NOT NULL CHECK (format IN ('csv', 'camt053', 'mt940', 'mt942', 'ofx')),
  file_sha256 TEXT NOT NULL,
  position BIGINT NOT NULL,
  statement_no TEXT,
  from_on TEXT,
  to_on TEXT,
  opening_minor BIGINT,
  closing_minor BIGINT,
  line_count BIGINT NOT NULL CHECK (line_count >= 0)
) /*clustered*/;
CREATE UNIQUE INDEX bank_statement_file ON bank_statement (account_id, file_sha256, position);
CREATE INDEX bank_statement_days ON bank_statement (account_id, to_on);

CREATE TABLE bank_line (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES bank_account (id),
  statement_id TEXT NOT NULL REFERENCES bank_statement (id),
  position BIGINT NOT NULL,
  booked_on TEXT NOT NULL,
  value_on TEXT,
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  counterparty_name TEXT,
  counterparty_iban TEXT,
  bank_ref TEXT,
  end_to_end_id TEXT,
  creditor_ref TEXT,
  remittance TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('unmatched', 'matched', 'classified')),
  class TEXT CHECK (class IN ('fee', 'transfer', 'supplier', 'payroll', 'tax', 'owner', 'other')),
  note TEXT,
  CHECK ((status = 'classified') = (class IS NOT NULL))
) /*clustered*/;
CREATE UNIQUE INDEX bank_line_fingerprint ON bank_line (account_id, fingerprint);
CREATE INDEX bank_line_days ON bank_line (booked_on, id);
CREATE INDEX bank_line_status ON bank_line (status, booked_on, id);
CREATE INDEX bank_line_ref ON bank_line (account_id, bank_ref);
CREATE INDEX bank_line_iban ON bank_line (counterparty_iban);
CREATE INDEX bank_line_statement ON bank_line (statement_id);
