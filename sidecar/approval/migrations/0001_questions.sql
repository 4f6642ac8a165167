-- Times are microseconds since 1970, UTC. Lists are JSON arrays; empty ones,
-- empty texts and documents of questions are NULL where that is allowed.
CREATE TABLE approval_questions (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT    NOT NULL UNIQUE,
    asked    INTEGER NOT NULL,
    expires  INTEGER NOT NULL,
    caller   TEXT    NOT NULL,
    session  TEXT    NOT NULL,
    server   TEXT    NOT NULL,
    tool     TEXT    NOT NULL,
    digest   TEXT    NOT NULL,
    revision TEXT    NOT NULL,
    rules    TEXT,
    reasons  TEXT,
    effects  TEXT,
    domains  TEXT,
    record   TEXT,
    input    TEXT
) STRICT;

CREATE INDEX approval_binding ON approval_questions (caller, digest, expires);
CREATE INDEX approval_waiting ON approval_questions (caller, expires);
CREATE INDEX approval_expires ON approval_questions (expires);

CREATE TABLE approval_answers (
    question INTEGER PRIMARY KEY REFERENCES approval_questions (number),
    time     INTEGER NOT NULL,
    approved INTEGER NOT NULL CHECK (approved IN (0, 1)),
    who      TEXT    NOT NULL,
    why      TEXT    NOT NULL,
    via      TEXT    NOT NULL
) STRICT;

-- The key makes an approval good for one call.
CREATE TABLE approval_uses (
    question INTEGER PRIMARY KEY REFERENCES approval_questions (number),
    time     INTEGER NOT NULL
) STRICT;

CREATE TRIGGER approval_use BEFORE INSERT ON approval_uses
WHEN NOT EXISTS (SELECT 1 FROM approval_answers WHERE question = NEW.question AND approved = 1)
BEGIN SELECT raise(ABORT, 'the question was not approved'); END;

CREATE TRIGGER approval_questions_update BEFORE UPDATE ON approval_questions BEGIN SELECT raise(ABORT, 'questions are append-only'); END;
CREATE TRIGGER approval_questions_delete BEFORE DELETE ON approval_questions BEGIN SELECT raise(ABORT, 'questions are append-only'); END;
CREATE TRIGGER approval_answers_update BEFORE UPDATE ON approval_answers BEGIN SELECT raise(ABORT, 'answers are append-only'); END;
CREATE TRIGGER approval_answers_delete BEFORE DELETE ON approval_answers BEGIN SELECT raise(ABORT, 'answers are append-only'); END;
CREATE TRIGGER approval_uses_update BEFORE UPDATE ON approval_uses BEGIN SELECT raise(ABORT, 'uses are append-only'); END;
CREATE TRIGGER approval_uses_delete BEFORE DELETE ON approval_uses BEGIN SELECT raise(ABORT, 'uses are append-only'); END;
