CREATE TABLE write_off (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  invoice_id TEXT NOT NULL REFERENCES invoice (id),
  amount BIGINT NOT NULL CHECK (amount <> 0),
  day TEXT NOT NULL,
  cause TEXT NOT NULL CHECK (cause IN ('insolvency', 'after_final_reminder', 'small_difference', 'reopened')),
  reason TEXT NOT NULL,
  tax_relief BIGINT NOT NULL CHECK (tax_relief IN (0, 1))
) /*clustered*/;
CREATE INDEX write_off_invoice ON write_off (invoice_id, day);

CREATE TABLE collection_note (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  invoice_id TEXT NOT NULL REFERENCES invoice (id),
  mark TEXT NOT NULL CHECK (mark IN ('none', 'disputed', 'promised', 'handed_over')),
  promise_date TEXT,
  promise_amount BIGINT,
  reason TEXT,
  noted_by TEXT NOT NULL
) /*clustered*/;
CREATE INDEX collection_note_invoice ON collection_note (invoice_id, created_at);

CREATE TABLE sending (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  invoice_id TEXT NOT NULL REFERENCES invoice (id),
  channel TEXT NOT NULL CHECK (channel IN ('email', 'portal', 'peppol')),
  recipient TEXT NOT NULL
) /*clustered*/;
CREATE INDEX sending_invoice ON sending (invoice_id, created_at);

CREATE TABLE reminder (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  company_id TEXT NOT NULL REFERENCES company (id),
  level BIGINT NOT NULL CHECK (level BETWEEN 1 AND 9),
  day TEXT NOT NULL,
  slot TEXT NOT NULL,
  recipient TEXT NOT NULL,
  fee BIGINT NOT NULL CHECK (fee >= 0),
  currency TEXT NOT NULL,
  fee_invoice_id TEXT REFERENCES invoice (id)
) /*clustered*/;
CREATE UNIQUE INDEX reminder_slot ON reminder (slot);
CREATE INDEX reminder_company ON reminder (company_id, day);

CREATE TABLE reminder_invoice (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  reminder_id TEXT NOT NULL REFERENCES reminder (id),
  invoice_id TEXT NOT NULL REFERENCES invoice (id),
  level BIGINT NOT NULL CHECK (level BETWEEN 1 AND 9),
  day TEXT NOT NULL,
  balance BIGINT NOT NULL CHECK (balance > 0)
) /*clustered*/;
CREATE UNIQUE INDEX reminder_invoice_once ON reminder_invoice (invoice_id, reminder_id);
CREATE INDEX reminder_invoice_reminder ON reminder_invoice (reminder_id);

CREATE TABLE recurring (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  company_id TEXT NOT NULL REFERENCES company (id),
  name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'paused', 'ended')),
  every_unit TEXT NOT NULL CHECK (every_unit IN ('month', 'quarter', 'year')),
  every_count BIGINT NOT NULL CHECK (every_count BETWEEN 1 AND 60),
  anchor_day BIGINT NOT NULL CHECK (anchor_day BETWEEN 1 AND 31),
  start_on TEXT NOT NULL,
  next_on TEXT NOT NULL,
  end_on TEXT,
  auto_issue BIGINT NOT NULL CHECK (auto_issue IN (0, 1)),
  currency TEXT NOT NULL,
  po_reference TEXT,
  note TEXT,
  last_result TEXT,
  CHECK (next_on >= start_on),
  CHECK (end_on IS NULL OR end_on >= start_on)
) /*clustered*/;
CREATE INDEX recurring_company ON recurring (company_id);
CREATE INDEX recurring_due ON recurring (status, next_on, id);

CREATE TABLE recurring_line (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  recurring_id TEXT NOT NULL REFERENCES recurring (id),
  position BIGINT NOT NULL CHECK (position > 0),
  product TEXT,
  description TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  unit TEXT,
  unit_price BIGINT CHECK (unit_price >= 0),
  discount_bp BIGINT NOT NULL CHECK (discount_bp BETWEEN 0 AND 10000),
  tax_class TEXT CHECK (tax_class IN ('standard', 'reduced', 'reduced2', 'super_reduced', 'zero', 'exempt')),
  service BIGINT CHECK (service IN (0, 1)),
  CHECK (product IS NOT NULL OR unit_price IS NOT NULL)
) /*clustered*/;
CREATE UNIQUE INDEX recurring_line_position ON recurring_line (recurring_id, position);

CREATE TABLE recurring_period (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  recurring_id TEXT NOT NULL REFERENCES recurring (id),
  period_on TEXT NOT NULL,
  invoice_id TEXT NOT NULL REFERENCES invoice (id)
) /*clustered*/;
CREATE UNIQUE INDEX recurring_period_once ON recurring_period (recurring_id, period_on);
CREATE INDEX recurring_period_invoice ON recurring_period (invoice_id);

/*frozen write_off WHEN amount <> 0*/
/*frozen reminder_invoice WHEN level > 0*/
/*frozen allocation WHEN amount <> 0*/
/*frozen payment WHEN amount > 0 EXCEPT (version, updated_at, company_id, allocated, status, reversed_on, reversal_reason)*/
