CREATE TABLE organizations (
  id         INTEGER PRIMARY KEY,
  slug       TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE users (
  id            INTEGER PRIMARY KEY,
  email         TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at    BIGINT NOT NULL
);

CREATE TABLE members (
  org_id  BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role    TEXT NOT NULL,
  PRIMARY KEY (org_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE teams (
  id         INTEGER PRIMARY KEY,
  org_id     BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  slug       TEXT NOT NULL,
  name       TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (org_id, slug)
);

CREATE TABLE team_members (
  team_id BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  PRIMARY KEY (team_id, user_id)
);

CREATE TABLE projects (
  id         INTEGER PRIMARY KEY,
  org_id     BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  slug       TEXT NOT NULL,
  name       TEXT NOT NULL,
  platform   TEXT NOT NULL,
  prefix     TEXT NOT NULL,
  next_issue BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  UNIQUE (org_id, slug),
  UNIQUE (org_id, prefix)
);

CREATE TABLE team_projects (
  team_id    BIGINT NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  PRIMARY KEY (team_id, project_id)
);

CREATE TABLE project_keys (
  id         INTEGER PRIMARY KEY,
  org_id     BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  public     TEXT NOT NULL UNIQUE,
  label      TEXT NOT NULL,
  enabled    BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX project_keys_by_project ON project_keys (project_id);

CREATE TABLE sessions (
  hash       BLOB PRIMARY KEY,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  last_seen  BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ip         TEXT NOT NULL,
  user_agent TEXT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE links (
  hash       BLOB PRIMARY KEY,
  purpose    TEXT NOT NULL,
  org_id     BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id    BIGINT NOT NULL,
  role       TEXT NOT NULL,
  email      TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);

CREATE TABLE tokens (
  id         INTEGER PRIMARY KEY,
  hash       BLOB NOT NULL UNIQUE,
  prefix     TEXT NOT NULL,
  org_id     BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id    BIGINT NOT NULL,
  name       TEXT NOT NULL,
  scopes     TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  last_used  BIGINT NOT NULL
);
CREATE INDEX tokens_by_org ON tokens (org_id);

CREATE TABLE issues (
  id            INTEGER PRIMARY KEY,
  org_id        BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  project_id    BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  short_id      TEXT NOT NULL,
  title         TEXT NOT NULL,
  type          TEXT NOT NULL,
  value         TEXT NOT NULL,
  culprit       TEXT NOT NULL,
  location      TEXT NOT NULL,
  function      TEXT NOT NULL,
  level         TEXT NOT NULL,
  platform      TEXT NOT NULL,
  category      TEXT NOT NULL,
  words         TEXT NOT NULL,
  status        TEXT NOT NULL,
  resolved_at   BIGINT NOT NULL,
  regressed     BOOLEAN NOT NULL,
  escalating    BOOLEAN NOT NULL,
  unhandled     BOOLEAN NOT NULL,
  assignee      BIGINT NOT NULL,
  count         BIGINT NOT NULL,
  users         BIGINT NOT NULL,
  users_stale   BIGINT NOT NULL,
  first_seen    BIGINT NOT NULL,
  last_seen     BIGINT NOT NULL,
  first_release TEXT NOT NULL,
  last_release  TEXT NOT NULL,
  version       BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  impact        BIGINT NOT NULL GENERATED ALWAYS AS (
    (CASE WHEN level = 'fatal' THEN 2 ELSE 0 END + CASE WHEN regressed OR escalating THEN 1 ELSE 0 END) * 1099511627776 + users
  ) STORED,
  UNIQUE (org_id, short_id)
);
CREATE INDEX issues_by_last_seen ON issues (org_id, last_seen, id);
CREATE INDEX issues_by_first_seen ON issues (org_id, first_seen, id);
CREATE INDEX issues_by_count ON issues (org_id, count, id);
CREATE INDEX issues_by_users ON issues (org_id, users, id);
CREATE INDEX issues_by_impact ON issues (org_id, impact, last_seen, id);
CREATE INDEX issues_stale ON issues (id) WHERE users_stale > 0;

CREATE TABLE issue_keys (
  project_id BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  key        BLOB NOT NULL,
  issue_id   BIGINT NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  PRIMARY KEY (project_id, key)
) WITHOUT ROWID;
CREATE INDEX issue_keys_by_issue ON issue_keys (issue_id);

CREATE TABLE activity (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id      BIGINT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  project_id  BIGINT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  issue_id    BIGINT NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
  kind        TEXT NOT NULL,
  actor       BIGINT NOT NULL,
  at          BIGINT NOT NULL,
  from_value  TEXT NOT NULL,
  to_value    TEXT NOT NULL,
  release     TEXT NOT NULL
);
CREATE INDEX activity_by_issue ON activity (issue_id, id);

CREATE TABLE outcomes (
  project_id BIGINT NOT NULL,
  hour       BIGINT NOT NULL,
  category   TEXT NOT NULL,
  outcome    TEXT NOT NULL,
  reason     TEXT NOT NULL,
  quantity   BIGINT NOT NULL,
  PRIMARY KEY (project_id, hour, category, outcome, reason)
) WITHOUT ROWID;

CREATE TABLE queue_positions (
  log       TEXT NOT NULL,
  partition BIGINT NOT NULL,
  position  BIGINT NOT NULL,
  PRIMARY KEY (log, partition)
) WITHOUT ROWID;
