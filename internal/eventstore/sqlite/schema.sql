-- One segment: the events received on one day, or in a part of it. Times are UTC microseconds.

CREATE TABLE meta (
  pack      TEXT NOT NULL,    -- file of the payloads
  pack_end  INTEGER NOT NULL, -- what of it belongs to rows; the rest is of a batch that was cut short
  events    INTEGER NOT NULL,
  min_ts    INTEGER NOT NULL,
  max_ts    INTEGER NOT NULL,
  min_received INTEGER NOT NULL,
  max_received INTEGER NOT NULL
);
INSERT INTO meta VALUES ('payloads-1.pack', 0, 0, 0, 0, 0, 0);

-- Texts that repeat. 1 is the empty text.
CREATE TABLE names (
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
);
INSERT INTO names VALUES (1, '');

-- Grouping keys; the empty key stands for the whole project.
CREATE TABLE keys (
  id      INTEGER PRIMARY KEY,
  project INTEGER NOT NULL,
  key     BLOB NOT NULL,
  UNIQUE (project, key)
);

CREATE TABLE events (
  row      INTEGER PRIMARY KEY,
  project  INTEGER NOT NULL,
  id       BLOB NOT NULL,
  key      INTEGER NOT NULL, -- keys.id of the primary one
  ts       INTEGER NOT NULL,
  received INTEGER NOT NULL,
  level    INTEGER NOT NULL, -- event.Level.Rank
  env      INTEGER NOT NULL, -- names.id, like the next three
  release  INTEGER NOT NULL,
  user     INTEGER NOT NULL,
  title    INTEGER NOT NULL,
  trace    BLOB,
  tags     TEXT NOT NULL,    -- ";key=value;key=value;" as names.id
  arrival  INTEGER NOT NULL,
  others   BLOB,             -- the grouping keys behind the primary one, 16 bytes each
  block    INTEGER NOT NULL, -- where in the pack the block with the payload begins
  place    INTEGER NOT NULL  -- of the payload in the block
);
CREATE UNIQUE INDEX events_by_id ON events (project, id);
CREATE INDEX events_by_key ON events (key, ts, id);
CREATE INDEX events_by_project ON events (project, ts, id);

-- What was counted. Kept up to date with every batch, so that no query has to read events for it.
CREATE TABLE minutes (
  key    INTEGER NOT NULL,
  minute INTEGER NOT NULL, -- since the Unix epoch
  env    INTEGER NOT NULL,
  level  INTEGER NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (key, minute, env, level)
) WITHOUT ROWID;

CREATE TABLE totals (
  key    INTEGER PRIMARY KEY,
  count  INTEGER NOT NULL,
  min_ts INTEGER NOT NULL,
  max_ts INTEGER NOT NULL
);

CREATE TABLE tags (
  key   INTEGER NOT NULL,
  tag   INTEGER NOT NULL,
  value INTEGER NOT NULL,
  count INTEGER NOT NULL,
  last  INTEGER NOT NULL,
  PRIMARY KEY (key, tag, value)
) WITHOUT ROWID;

CREATE TABLE users (
  key   INTEGER NOT NULL,
  user  INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (key, user)
) WITHOUT ROWID;
