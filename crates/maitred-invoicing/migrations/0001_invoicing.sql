CREATE TABLE billing_profile (
  id TEXT NOT NULL PRIMARY KEY REFERENCES company (id),
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  net_days BIGINT NOT NULL CHECK (net_days BETWEEN 0 AND 365),
  discount_days BIGINT CHECK (discount_days BETWEEN 0 AND 365),
  discount_bp BIGINT CHECK (discount_bp BETWEEN 1 AND 5000),
  credit_limit BIGINT CHECK (credit_limit >= 0),
  currency TEXT NOT NULL,
  tax_treatment TEXT NOT NULL CHECK (tax_treatment IN ('auto', 'reverse_charge', 'export', 'exempt')),
  billing_contact_id TEXT REFERENCES contact (id),
  delivery TEXT NOT NULL CHECK (delivery IN ('email', 'portal', 'peppol')),
  peppol_id TEXT,
  dunning_policy TEXT NOT NULL CHECK (dunning_policy IN ('standard', 'gentle', 'none')),
  buyer_reference TEXT,
  CHECK ((discount_days IS NULL) = (discount_bp IS NULL))
) /*clustered*/;
CREATE INDEX billing_profile_contact ON billing_profile (billing_contact_id);

CREATE TABLE invoice (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  number TEXT,
  series TEXT NOT NULL CHECK (series IN ('INV', 'CN')),
  kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
  company_id TEXT NOT NULL REFERENCES company (id),
  corrects_id TEXT REFERENCES invoice (id),
  reason_code TEXT,
  source_kind TEXT,
  status TEXT NOT NULL CHECK (status IN ('draft', 'issued', 'partially_paid', 'paid', 'written_off', 'credited', 'discarded')),
  issue_date TEXT,
  due_date TEXT,
  net_days BIGINT NOT NULL CHECK (net_days >= 0),
  supply_from TEXT,
  supply_to TEXT,
  currency TEXT NOT NULL,
  fx_rate BIGINT NOT NULL CHECK (fx_rate > 0),
  includes_tax BIGINT NOT NULL CHECK (includes_tax IN (0, 1)),
  tax_rounding TEXT NOT NULL CHECK (tax_rounding IN ('per_group', 'per_line')),
  lines_net BIGINT NOT NULL,
  allowances BIGINT NOT NULL,
  charges BIGINT NOT NULL,
  net BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  gross BIGINT NOT NULL CHECK (gross >= 0),
  prepaid BIGINT NOT NULL CHECK (prepaid >= 0),
  rounding BIGINT NOT NULL,
  allocated BIGINT NOT NULL CHECK (allocated >= 0),
  credited BIGINT NOT NULL CHECK (credited >= 0),
  written_off BIGINT NOT NULL CHECK (written_off >= 0),
  balance BIGINT NOT NULL CHECK (balance >= 0),
  collection TEXT NOT NULL CHECK (collection IN ('none', 'disputed', 'promised', 'handed_over')),
  promise_date TEXT,
  promise_amount BIGINT CHECK (promise_amount > 0),
  seller TEXT,
  buyer TEXT,
  po_reference TEXT,
  note TEXT,
  document_sha256 TEXT,
  CHECK (net = lines_net - allowances + charges),
  CHECK (gross = net + tax),
  CHECK (balance = gross - prepaid + rounding - allocated - credited - written_off),
  CHECK ((number IS NULL) = (status IN ('draft', 'discarded'))),
  CHECK (number IS NULL OR (issue_date IS NOT NULL AND due_date IS NOT NULL AND seller IS NOT NULL AND buyer IS NOT NULL)),
  CHECK (kind = 'credit_note' OR corrects_id IS NULL),
  CHECK (kind = 'invoice' OR corrects_id IS NOT NULL OR source_kind = 'import'),
  CHECK ((kind = 'credit_note') = (series = 'CN')),
  CHECK (supply_to IS NULL OR supply_from IS NULL OR supply_to >= supply_from)
) /*clustered*/;
CREATE UNIQUE INDEX invoice_number ON invoice (number);
CREATE INDEX invoice_company ON invoice (company_id, status, due_date);
CREATE INDEX invoice_status ON invoice (status, due_date, id);
CREATE INDEX invoice_corrects ON invoice (corrects_id) WHERE corrects_id IS NOT NULL;
CREATE INDEX invoice_issued ON invoice (series, issue_date);

CREATE TABLE invoice_line (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  invoice_id TEXT NOT NULL REFERENCES invoice (id),
  position BIGINT NOT NULL CHECK (position > 0),
  variant_id TEXT,
  sku TEXT,
  description TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  unit TEXT NOT NULL,
  unit_price BIGINT NOT NULL CHECK (unit_price >= 0),
  base_qty BIGINT NOT NULL CHECK (base_qty > 0),
  discount_bp BIGINT NOT NULL CHECK (discount_bp BETWEEN 0 AND 10000),
  net BIGINT NOT NULL CHECK (net >= 0),
  service BIGINT NOT NULL CHECK (service IN (0, 1)),
  tax_class TEXT NOT NULL CHECK (tax_class IN ('standard', 'reduced', 'reduced2', 'super_reduced', 'zero', 'exempt')),
  tax_category TEXT NOT NULL CHECK (tax_category IN ('S', 'Z', 'E', 'AE', 'K', 'G', 'O')),
  tax_rate_bp BIGINT NOT NULL CHECK (tax_rate_bp BETWEEN 0 AND 10000),
  exemption_code TEXT,
  credited_qty BIGINT NOT NULL CHECK (credited_qty >= 0),
  corrected_line_id TEXT REFERENCES invoice_line (id),
  CHECK (credited_qty = 0 OR corrected_line_id IS NOT NULL)
) /*clustered*/;
CREATE UNIQUE INDEX invoice_line_position ON invoice_line (invoice_id, position);
CREATE INDEX invoice_line_variant ON invoice_line (variant_id) WHERE variant_id IS NOT NULL;
CREATE INDEX invoice_line_corrected ON invoice_line (corrected_line_id) WHERE corrected_line_id IS NOT NULL;

CREATE TABLE invoice_tax (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  invoice_id TEXT NOT NULL REFERENCES invoice (id),
  category TEXT NOT NULL CHECK (category IN ('S', 'Z', 'E', 'AE', 'K', 'G', 'O')),
  rate_bp BIGINT NOT NULL CHECK (rate_bp BETWEEN 0 AND 10000),
  taxable BIGINT NOT NULL,
  tax BIGINT NOT NULL,
  exemption_code TEXT
) /*clustered*/;
CREATE UNIQUE INDEX invoice_tax_group ON invoice_tax (invoice_id, category, rate_bp);

CREATE TABLE billable_link (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  unit_kind TEXT NOT NULL CHECK (unit_kind IN ('order_line', 'time_entry', 'milestone', 'subscription_period')),
  unit_id TEXT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity <> 0),
  invoice_line_id TEXT NOT NULL REFERENCES invoice_line (id)
) /*clustered*/;
CREATE UNIQUE INDEX billable_link_unit ON billable_link (unit_id, invoice_line_id);
CREATE INDEX billable_link_line ON billable_link (invoice_line_id);

CREATE TABLE payment (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  number TEXT NOT NULL,
  company_id TEXT NOT NULL REFERENCES company (id),
  direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
  method TEXT NOT NULL CHECK (method IN ('bank_transfer', 'card', 'cash', 'direct_debit', 'cheque', 'other')),
  received_on TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  allocated BIGINT NOT NULL CHECK (allocated >= 0 AND allocated <= amount),
  currency TEXT NOT NULL,
  reference TEXT,
  reference_key TEXT,
  bank_line_id TEXT,
  status TEXT NOT NULL CHECK (status IN ('posted', 'reversed')),
  reversed_on TEXT,
  reversal_reason TEXT,
  CHECK ((status = 'reversed') = (reversed_on IS NOT NULL)),
  CHECK (status = 'posted' OR allocated = 0)
) /*clustered*/;
CREATE UNIQUE INDEX payment_number ON payment (number);
CREATE INDEX payment_company ON payment (company_id, received_on);
CREATE INDEX payment_bank_line ON payment (bank_line_id) WHERE bank_line_id IS NOT NULL;

CREATE TABLE allocation (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  payment_id TEXT REFERENCES payment (id),
  credit_note_id TEXT REFERENCES invoice (id),
  invoice_id TEXT REFERENCES invoice (id),
  refund_id TEXT REFERENCES payment (id),
  amount BIGINT NOT NULL CHECK (amount <> 0),
  day TEXT NOT NULL,
  reverses_id TEXT REFERENCES allocation (id),
  reason TEXT,
  CHECK ((payment_id IS NULL) <> (credit_note_id IS NULL)),
  CHECK ((invoice_id IS NULL) <> (refund_id IS NULL)),
  CHECK ((reverses_id IS NULL) = (amount > 0))
) /*clustered*/;
CREATE INDEX allocation_payment ON allocation (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX allocation_credit_note ON allocation (credit_note_id) WHERE credit_note_id IS NOT NULL;
CREATE INDEX allocation_invoice ON allocation (invoice_id) WHERE invoice_id IS NOT NULL;
CREATE INDEX allocation_refund ON allocation (refund_id) WHERE refund_id IS NOT NULL;
CREATE UNIQUE INDEX allocation_reverses ON allocation (reverses_id) WHERE reverses_id IS NOT NULL;

CREATE TABLE period (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('open', 'closed')),
  reason TEXT
) /*clustered*/;

/*frozen invoice_line BY invoice_id OF invoice WHEN status <> 'draft'*/
/*frozen invoice_tax BY invoice_id OF invoice WHEN status <> 'draft'*/
/*frozen invoice WHEN status <> 'draft' EXCEPT (version, updated_at, company_id, status, allocated, credited, written_off, balance, collection, promise_date, promise_amount, document_sha256)*/
