CREATE TABLE audit (
  seq BIGINT NOT NULL PRIMARY KEY,
  at TEXT NOT NULL,
  principal TEXT NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_id TEXT,
  actor_label TEXT NOT NULL,
  tool TEXT NOT NULL,
  transport TEXT NOT NULL,
  request_key TEXT,
  arguments_digest TEXT NOT NULL,
  changes_digest TEXT NOT NULL,
  change_count BIGINT NOT NULL,
  build TEXT NOT NULL,
  chain TEXT NOT NULL
) /*clustered*/;
CREATE INDEX audit_actor ON audit (actor_id, seq);

CREATE TABLE audit_head (
  one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
  seq BIGINT NOT NULL,
  chain TEXT NOT NULL
);
INSERT INTO audit_head (one, seq, chain) VALUES (1, 0, '');

CREATE TABLE change_log (
  audit_seq BIGINT NOT NULL,
  position BIGINT NOT NULL,
  entity TEXT NOT NULL,
  entity_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  before_json TEXT,
  after_json TEXT,
  company_id TEXT,
  contact_id TEXT,
  PRIMARY KEY (audit_seq, position)
) /*clustered*/;
CREATE INDEX change_log_entity ON change_log (entity_id, audit_seq);
CREATE INDEX change_log_company ON change_log (company_id, audit_seq);
CREATE INDEX change_log_contact ON change_log (contact_id, audit_seq);

CREATE TABLE receipt (
  principal TEXT NOT NULL,
  request_key TEXT NOT NULL,
  tool TEXT NOT NULL,
  arguments_digest TEXT NOT NULL,
  answer TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (principal, request_key)
) /*clustered*/;
CREATE INDEX receipt_at ON receipt (at);

CREATE TABLE outbox (
  id TEXT NOT NULL PRIMARY KEY,
  topic TEXT NOT NULL,
  payload TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'dead')),
  attempts BIGINT NOT NULL,
  due_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  last_error TEXT
) /*clustered*/;
CREATE INDEX outbox_due ON outbox (state, due_at);

CREATE TABLE search_token (
  kind TEXT NOT NULL,
  token TEXT NOT NULL,
  entity_id TEXT NOT NULL,
  weight BIGINT NOT NULL,
  PRIMARY KEY (kind, token, entity_id)
) /*clustered*/;
CREATE INDEX search_token_entity ON search_token (entity_id);
