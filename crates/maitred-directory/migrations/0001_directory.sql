CREATE TABLE org (
  id TEXT NOT NULL PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  door_open BIGINT NOT NULL CHECK (door_open IN (0, 1)),
  created_at TEXT NOT NULL,
  archived_at TEXT
) /*clustered*/;

CREATE TABLE channel (
  id TEXT NOT NULL PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES org (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('whatsapp', 'telegram', 'web', 'email')),
  secret TEXT NOT NULL,
  created_at TEXT NOT NULL,
  rotated_at TEXT,
  archived_at TEXT,
  UNIQUE (org_id, name)
) /*clustered*/;

CREATE TABLE access_key (
  id TEXT NOT NULL PRIMARY KEY,
  org_id TEXT NOT NULL REFERENCES org (id),
  kind TEXT NOT NULL CHECK (kind IN ('teammate', 'channel')),
  member_id TEXT,
  channel_id TEXT REFERENCES channel (id),
  label TEXT NOT NULL,
  prefix TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL,
  modules TEXT NOT NULL,
  modes TEXT NOT NULL,
  read_only BIGINT NOT NULL CHECK (read_only IN (0, 1)),
  policy TEXT NOT NULL CHECK (policy IN ('direct', 'preview_first')),
  created_at TEXT NOT NULL,
  rotated_at TEXT,
  expires_at TEXT,
  revoked_at TEXT,
  last_used_at TEXT,
  CHECK ((kind = 'teammate' AND member_id IS NOT NULL AND channel_id IS NULL)
      OR (kind = 'channel' AND channel_id IS NOT NULL AND member_id IS NULL))
) /*clustered*/;
CREATE INDEX access_key_org ON access_key (org_id, created_at);
CREATE INDEX access_key_channel ON access_key (channel_id);

CREATE TABLE session_end (
  hash TEXT NOT NULL PRIMARY KEY,
  seq BIGINT NOT NULL UNIQUE,
  expires_unix BIGINT NOT NULL
) /*clustered*/;
CREATE INDEX session_end_expires ON session_end (expires_unix);
