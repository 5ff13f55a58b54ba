CREATE TABLE crm_profile (
  id TEXT NOT NULL PRIMARY KEY REFERENCES company (id),
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  lifecycle TEXT NOT NULL CHECK (lifecycle IN ('prospect', 'customer', 'former')),
  source TEXT,
  industry TEXT,
  size_band TEXT,
  last_contacted_at TEXT,
  next_step_at TEXT
) /*clustered*/;

CREATE TABLE crm_contact_profile (
  id TEXT NOT NULL PRIMARY KEY REFERENCES contact (id),
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  last_contacted_at TEXT
) /*clustered*/;

CREATE TABLE lead (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  number TEXT NOT NULL,
  name TEXT NOT NULL,
  company_name TEXT,
  email TEXT,
  phone TEXT,
  source TEXT NOT NULL CHECK (source IN ('web', 'referral', 'event', 'outbound', 'import', 'onboard', 'ticket', 'other')),
  need TEXT NOT NULL,
  value_minor BIGINT,
  currency TEXT,
  score BIGINT NOT NULL CHECK (score BETWEEN 0 AND 100),
  owner_id TEXT REFERENCES member (id),
  status TEXT NOT NULL CHECK (status IN ('new', 'working', 'qualified', 'converted', 'disqualified')),
  status_at TEXT NOT NULL,
  last_touched_at TEXT,
  disqualify_reason TEXT,
  company_id TEXT REFERENCES company (id),
  contact_id TEXT REFERENCES contact (id),
  deal_id TEXT,
  request_ref TEXT,
  archived_at TEXT
) /*clustered*/;
CREATE UNIQUE INDEX lead_number ON lead (number);
CREATE INDEX lead_status ON lead (status, score, id);
CREATE INDEX lead_owner ON lead (owner_id, status);
CREATE INDEX lead_email ON lead (email);
CREATE INDEX lead_company ON lead (company_id);
CREATE INDEX lead_contact ON lead (contact_id);

CREATE TABLE pipeline (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  key_word TEXT NOT NULL,
  name TEXT NOT NULL,
  currency TEXT,
  position BIGINT NOT NULL,
  retired_at TEXT
) /*clustered*/;
CREATE UNIQUE INDEX pipeline_key_word ON pipeline (key_word);

CREATE TABLE stage (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  pipeline_id TEXT NOT NULL REFERENCES pipeline (id),
  key_word TEXT NOT NULL,
  name TEXT NOT NULL,
  position BIGINT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('open', 'won', 'lost')),
  probability_bp BIGINT NOT NULL CHECK (probability_bp BETWEEN 0 AND 10000),
  rot_days BIGINT NOT NULL,
  required_fields TEXT NOT NULL,
  retired_at TEXT
) /*clustered*/;
CREATE UNIQUE INDEX stage_key_word ON stage (pipeline_id, key_word);

CREATE TABLE deal (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  number TEXT NOT NULL,
  title TEXT NOT NULL,
  company_id TEXT NOT NULL REFERENCES company (id),
  contact_id TEXT REFERENCES contact (id),
  pipeline_id TEXT NOT NULL REFERENCES pipeline (id),
  stage_id TEXT NOT NULL REFERENCES stage (id),
  status TEXT NOT NULL CHECK (status IN ('open', 'won', 'lost')),
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL,
  probability_bp BIGINT,
  forecast TEXT NOT NULL CHECK (forecast IN ('omitted', 'pipeline', 'best_case', 'commit')),
  close_date TEXT,
  pushed_count BIGINT NOT NULL,
  stage_entered_at TEXT NOT NULL,
  closed_at TEXT,
  lost_reason TEXT CHECK (lost_reason IN ('price', 'competitor', 'no_decision', 'timing', 'fit', 'other')),
  competitor TEXT,
  next_step TEXT,
  reopened_count BIGINT NOT NULL,
  owner_id TEXT NOT NULL REFERENCES member (id),
  lead_id TEXT REFERENCES lead (id)
) /*clustered*/;
CREATE UNIQUE INDEX deal_number ON deal (number);
CREATE INDEX deal_company ON deal (company_id, status);
CREATE INDEX deal_contact_id ON deal (contact_id);
CREATE INDEX deal_stage ON deal (status, stage_id);
CREATE INDEX deal_owner ON deal (owner_id, status);
CREATE INDEX deal_closed ON deal (status, closed_at);

CREATE TABLE deal_line (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  deal_id TEXT NOT NULL REFERENCES deal (id),
  position BIGINT NOT NULL,
  variant_id TEXT,
  description TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  unit_price BIGINT NOT NULL,
  discount_bp BIGINT NOT NULL
) /*clustered*/;
CREATE INDEX deal_line_deal ON deal_line (deal_id, position);

CREATE TABLE deal_contact (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  deal_id TEXT NOT NULL REFERENCES deal (id),
  contact_id TEXT NOT NULL REFERENCES contact (id),
  role TEXT NOT NULL CHECK (role IN ('decision_maker', 'champion', 'evaluator', 'blocker', 'user'))
) /*clustered*/;
CREATE INDEX deal_contact_deal ON deal_contact (deal_id);
CREATE INDEX deal_contact_contact ON deal_contact (contact_id);

CREATE TABLE stage_history (
  id TEXT NOT NULL PRIMARY KEY,
  deal_id TEXT NOT NULL REFERENCES deal (id),
  from_stage TEXT,
  to_stage TEXT NOT NULL,
  at TEXT NOT NULL,
  by_member TEXT,
  amount_minor BIGINT NOT NULL,
  probability_bp BIGINT NOT NULL,
  forecast TEXT NOT NULL,
  reason TEXT
) /*clustered*/;
CREATE INDEX stage_history_deal ON stage_history (deal_id, at);
CREATE INDEX stage_history_at ON stage_history (at);

CREATE TABLE activity (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('call', 'meeting', 'visit', 'email', 'message', 'note')),
  direction TEXT NOT NULL CHECK (direction IN ('in', 'out', 'none')),
  at TEXT NOT NULL,
  duration_min BIGINT,
  summary TEXT NOT NULL,
  outcome TEXT,
  by_member TEXT REFERENCES member (id)
) /*clustered*/;
CREATE INDEX activity_at ON activity (at, id);
CREATE INDEX activity_by ON activity (by_member, at);

CREATE TABLE activity_link (
  id TEXT NOT NULL PRIMARY KEY,
  activity_id TEXT NOT NULL REFERENCES activity (id),
  entity_kind TEXT NOT NULL CHECK (entity_kind IN ('company', 'contact', 'deal', 'lead')),
  entity_id TEXT NOT NULL
) /*clustered*/;
CREATE INDEX activity_link_entity ON activity_link (entity_id, activity_id);
CREATE INDEX activity_link_activity ON activity_link (activity_id);

CREATE TABLE todo (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  title TEXT NOT NULL,
  due_at TEXT NOT NULL,
  remind_at TEXT,
  assignee_id TEXT NOT NULL REFERENCES member (id),
  priority TEXT NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
  status TEXT NOT NULL CHECK (status IN ('open', 'done', 'cancelled')),
  outcome TEXT,
  done_at TEXT
) /*clustered*/;
CREATE INDEX todo_assignee ON todo (assignee_id, status, due_at);

CREATE TABLE todo_link (
  id TEXT NOT NULL PRIMARY KEY,
  todo_id TEXT NOT NULL REFERENCES todo (id),
  entity_kind TEXT NOT NULL CHECK (entity_kind IN ('company', 'contact', 'deal', 'lead')),
  entity_id TEXT NOT NULL
) /*clustered*/;
CREATE INDEX todo_link_entity ON todo_link (entity_id, todo_id);
CREATE INDEX todo_link_todo ON todo_link (todo_id);

CREATE TABLE segment (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  entity TEXT NOT NULL CHECK (entity IN ('company', 'contact', 'lead', 'deal')),
  kind TEXT NOT NULL CHECK (kind IN ('dynamic', 'static')),
  filter_json TEXT
) /*clustered*/;
CREATE UNIQUE INDEX segment_name ON segment (entity, name_key);

CREATE TABLE segment_member (
  id TEXT NOT NULL PRIMARY KEY,
  segment_id TEXT NOT NULL REFERENCES segment (id),
  entity_id TEXT NOT NULL
) /*clustered*/;
CREATE UNIQUE INDEX segment_member_entity ON segment_member (segment_id, entity_id);
CREATE INDEX segment_member_of ON segment_member (entity_id);

CREATE TABLE dedupe_verdict (
  id TEXT NOT NULL PRIMARY KEY,
  entity TEXT NOT NULL CHECK (entity IN ('company', 'contact', 'lead')),
  a_id TEXT NOT NULL,
  b_id TEXT NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('not_duplicate')),
  by_member TEXT,
  at TEXT NOT NULL
) /*clustered*/;
CREATE UNIQUE INDEX dedupe_verdict_pair ON dedupe_verdict (a_id, b_id);

CREATE TABLE merge_log (
  id TEXT NOT NULL PRIMARY KEY,
  entity TEXT NOT NULL CHECK (entity IN ('company', 'contact')),
  kept_id TEXT NOT NULL,
  absorbed_id TEXT NOT NULL,
  absorbed_json TEXT NOT NULL,
  choices_json TEXT NOT NULL,
  moved_json TEXT NOT NULL,
  by_member TEXT,
  at TEXT NOT NULL
) /*clustered*/;
CREATE INDEX merge_log_kept ON merge_log (kept_id);

CREATE TABLE quota (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  owner_id TEXT REFERENCES member (id),
  month TEXT NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency TEXT NOT NULL
) /*clustered*/;
CREATE INDEX quota_month ON quota (month, owner_id);
