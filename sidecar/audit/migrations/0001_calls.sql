-- One row for each opened store. It says whose the open calls are, so that a
-- later process can tell an open call from an interrupted one.
CREATE TABLE processes (
    process INTEGER PRIMARY KEY,
    uuid    TEXT    NOT NULL UNIQUE,
    boot    TEXT    NOT NULL,            -- identity of this start of the machine; '' where unknown
    space   TEXT    NOT NULL,            -- where the pid has its meaning; '' where there is one space
    pid     INTEGER NOT NULL,
    born    TEXT    NOT NULL,            -- when the pid started, in the system's own words; '' where unknown
    first   INTEGER NOT NULL,            -- the newest decision when it was opened
    opened  INTEGER NOT NULL,            -- microseconds since 1970, UTC, as are all times
    seen    INTEGER NOT NULL,            -- last probe of the write path
    closed  INTEGER,                     -- clean end
    swept   INTEGER NOT NULL DEFAULT 0   -- its open calls were ended as interrupted
) STRICT;

-- Empty texts, lists and documents are NULL. Lists are JSON arrays.
CREATE TABLE decided (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT    NOT NULL,
    time          INTEGER NOT NULL,
    process       INTEGER NOT NULL,
    surface       TEXT,
    stage         TEXT,
    caller        TEXT,
    session       TEXT,
    server        TEXT,
    tool          TEXT,
    effects       TEXT,
    domains       TEXT,
    effect_source TEXT,
    decision      TEXT    NOT NULL CHECK (decision IN ('deny', 'ask', 'transform', 'allow')),
    code          TEXT,
    step          TEXT,
    rules         TEXT,
    reasons       TEXT,
    cause         TEXT,
    observed      INTEGER NOT NULL,
    findings      TEXT,
    revision      TEXT,
    input         TEXT,
    rewritten     TEXT
) STRICT;

CREATE UNIQUE INDEX decided_id ON decided (id);
CREATE INDEX decided_time    ON decided (time);
CREATE INDEX decided_caller  ON decided (caller);
CREATE INDEX decided_session ON decided (session);
CREATE INDEX decided_server  ON decided (server);
CREATE INDEX decided_tool    ON decided (tool);
CREATE INDEX decided_refused ON decided (decision) WHERE decision <> 'allow';

-- pos is the order in which calls ended.
CREATE TABLE ended (
    pos         INTEGER PRIMARY KEY AUTOINCREMENT,
    seq         INTEGER NOT NULL UNIQUE REFERENCES decided (seq),
    time        INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    code        TEXT,
    cause       TEXT,
    rules       TEXT,
    findings    TEXT,
    latency_us  INTEGER NOT NULL,
    upstream_us INTEGER NOT NULL
) STRICT;

CREATE VIEW calls AS
SELECT d.*, coalesce(e.outcome, 'open') AS outcome, e.time AS ended,
       e.code AS end_code, e.cause AS end_cause, e.rules AS end_rules, e.findings AS end_findings, e.latency_us, e.upstream_us
FROM decided d LEFT JOIN ended e ON e.seq = d.seq;

-- Nothing is ever stored here: the probe of the write path adds a row and takes it back.
CREATE TABLE probe (filler BLOB NOT NULL) STRICT;

CREATE TRIGGER decided_update BEFORE UPDATE ON decided BEGIN SELECT raise(ABORT, 'the record is append-only'); END;
CREATE TRIGGER decided_delete BEFORE DELETE ON decided BEGIN SELECT raise(ABORT, 'the record is append-only'); END;
CREATE TRIGGER ended_update BEFORE UPDATE ON ended BEGIN SELECT raise(ABORT, 'the record is append-only'); END;
CREATE TRIGGER ended_delete BEFORE DELETE ON ended BEGIN SELECT raise(ABORT, 'the record is append-only'); END;
