CREATE TABLE member (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  roles TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
  weekly_minutes BIGINT NOT NULL,
  cost_rate BIGINT,
  calendar_id TEXT
) /*clustered*/;
CREATE UNIQUE INDEX member_email ON member (email);

CREATE TABLE company (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  name TEXT NOT NULL,
  legal_name TEXT,
  name_key TEXT NOT NULL,
  kinds TEXT NOT NULL,
  domain TEXT,
  vat_id TEXT,
  vat_checked_at TEXT,
  registration_no TEXT,
  country TEXT NOT NULL,
  currency TEXT,
  language TEXT,
  phone TEXT,
  parent_id TEXT REFERENCES company (id),
  owner_id TEXT REFERENCES member (id),
  archived_at TEXT
) /*clustered*/;
CREATE INDEX company_name_key ON company (name_key, id);
CREATE INDEX company_domain ON company (domain);
CREATE INDEX company_vat_id ON company (vat_id);
CREATE INDEX company_owner ON company (owner_id);
CREATE INDEX company_parent ON company (parent_id);

CREATE TABLE contact (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  given_name TEXT,
  family_name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  email TEXT,
  phone TEXT,
  language TEXT,
  title TEXT,
  status TEXT NOT NULL CHECK (status IN ('active', 'left', 'archived', 'erased'))
) /*clustered*/;
CREATE INDEX contact_name_key ON contact (name_key, id);
CREATE INDEX contact_email ON contact (email);
CREATE INDEX contact_phone ON contact (phone);

CREATE TABLE contact_point (
  id TEXT NOT NULL PRIMARY KEY,
  contact_id TEXT NOT NULL REFERENCES contact (id),
  kind TEXT NOT NULL CHECK (kind IN ('email', 'phone')),
  value TEXT NOT NULL
) /*clustered*/;
CREATE INDEX contact_point_value ON contact_point (value);
CREATE INDEX contact_point_contact ON contact_point (contact_id);

CREATE TABLE company_contact (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  company_id TEXT NOT NULL REFERENCES company (id),
  contact_id TEXT NOT NULL REFERENCES contact (id),
  role TEXT NOT NULL CHECK (role IN ('general', 'buyer', 'billing', 'technical', 'decision_maker')),
  is_primary BIGINT NOT NULL CHECK (is_primary IN (0, 1)),
  can_order BIGINT NOT NULL CHECK (can_order IN (0, 1)),
  order_limit BIGINT,
  since TEXT NOT NULL,
  until TEXT
) /*clustered*/;
CREATE INDEX company_contact_company ON company_contact (company_id);
CREATE INDEX company_contact_contact ON company_contact (contact_id);

CREATE TABLE address (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  company_id TEXT NOT NULL REFERENCES company (id),
  kind TEXT NOT NULL CHECK (kind IN ('billing', 'shipping', 'registered')),
  lines TEXT NOT NULL,
  city TEXT NOT NULL,
  postcode TEXT,
  region TEXT,
  country TEXT NOT NULL,
  is_default BIGINT NOT NULL CHECK (is_default IN (0, 1)),
  verified BIGINT NOT NULL CHECK (verified IN (0, 1))
) /*clustered*/;
CREATE INDEX address_company ON address (company_id);

CREATE TABLE channel_handle (
  id TEXT NOT NULL PRIMARY KEY,
  contact_id TEXT NOT NULL REFERENCES contact (id),
  channel TEXT NOT NULL CHECK (channel IN ('email', 'whatsapp', 'telegram', 'web', 'phone')),
  handle_hash TEXT NOT NULL,
  verified_at TEXT NOT NULL,
  revoked_at TEXT
) /*clustered*/;
CREATE INDEX channel_handle_contact ON channel_handle (contact_id);
CREATE INDEX channel_handle_hash ON channel_handle (channel, handle_hash);

CREATE TABLE consent (
  id TEXT NOT NULL PRIMARY KEY,
  contact_id TEXT NOT NULL REFERENCES contact (id),
  channel TEXT NOT NULL CHECK (channel IN ('email', 'phone', 'sms', 'whatsapp', 'post')),
  state TEXT NOT NULL CHECK (state IN ('granted', 'withdrawn')),
  basis TEXT NOT NULL CHECK (basis IN ('consent', 'contract', 'legitimate_interest')),
  source TEXT NOT NULL,
  at TEXT NOT NULL,
  recorded_at TEXT NOT NULL
) /*clustered*/;
CREATE INDEX consent_contact ON consent (contact_id, channel, at);

CREATE TABLE tag (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL
) /*clustered*/;
CREATE UNIQUE INDEX tag_name_key ON tag (name_key);

CREATE TABLE tagging (
  id TEXT NOT NULL PRIMARY KEY,
  tag_id TEXT NOT NULL REFERENCES tag (id),
  entity_kind TEXT NOT NULL,
  entity_id TEXT NOT NULL
) /*clustered*/;
CREATE UNIQUE INDEX tagging_entity ON tagging (entity_id, tag_id);
CREATE INDEX tagging_tag ON tagging (tag_id, entity_kind, entity_id);

CREATE TABLE party_redirect (
  id TEXT NOT NULL PRIMARY KEY,
  new_id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('company', 'contact')),
  at TEXT NOT NULL
) /*clustered*/;
CREATE INDEX party_redirect_new ON party_redirect (new_id);

CREATE TABLE sequence (
  series TEXT NOT NULL,
  year BIGINT NOT NULL,
  last_no BIGINT NOT NULL,
  PRIMARY KEY (series, year)
) /*clustered*/;

CREATE TABLE tax_code (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  country TEXT NOT NULL,
  class TEXT NOT NULL CHECK (class IN ('standard', 'reduced', 'reduced2', 'super_reduced', 'zero', 'exempt')),
  category TEXT NOT NULL CHECK (category IN ('S', 'Z', 'E', 'AE', 'K', 'G', 'O')),
  rate_bp BIGINT NOT NULL,
  exemption_code TEXT,
  valid_from TEXT NOT NULL,
  valid_to TEXT
) /*clustered*/;

CREATE TABLE calendar (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  name TEXT NOT NULL,
  timezone TEXT NOT NULL,
  weekly TEXT NOT NULL,
  holidays TEXT NOT NULL
) /*clustered*/;

CREATE TABLE fx_rate (
  id TEXT NOT NULL PRIMARY KEY,
  day TEXT NOT NULL,
  from_currency TEXT NOT NULL,
  to_currency TEXT NOT NULL,
  rate BIGINT NOT NULL
) /*clustered*/;
CREATE UNIQUE INDEX fx_rate_pair ON fx_rate (from_currency, to_currency, day);

CREATE TABLE attachment (
  id TEXT NOT NULL PRIMARY KEY,
  created_at TEXT NOT NULL,
  entity_kind TEXT NOT NULL,
  entity_id TEXT NOT NULL,
  filename TEXT NOT NULL,
  mime TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  storage_key TEXT NOT NULL
) /*clustered*/;
CREATE INDEX attachment_entity ON attachment (entity_id);

CREATE TABLE setting (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  value TEXT NOT NULL
) /*clustered*/;
