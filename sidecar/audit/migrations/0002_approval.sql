-- The question that a person was asked about a call, or whose answer it used.
ALTER TABLE decided ADD COLUMN approval TEXT;

DROP VIEW calls;
CREATE VIEW calls AS
SELECT d.*, coalesce(e.outcome, 'open') AS outcome, e.time AS ended,
       e.code AS end_code, e.cause AS end_cause, e.rules AS end_rules, e.findings AS end_findings, e.latency_us, e.upstream_us
FROM decided d LEFT JOIN ended e ON e.seq = d.seq;

-- Other rooms keep tables of their own in this file, each with its own version.
CREATE TABLE rooms (
    room    TEXT    PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT;
