-- Times are microseconds since 1970, UTC. The pin in force is the newest one of
-- a tool. Who and why are NULL for the first sight of a tool.
CREATE TABLE pin_pins (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    time        INTEGER NOT NULL,
    server      TEXT    NOT NULL,
    tool        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    schema      TEXT    NOT NULL,
    annotations TEXT    NOT NULL,
    effects     TEXT    NOT NULL,
    who         TEXT,
    why         TEXT
) STRICT;

CREATE INDEX pin_in_force ON pin_pins (server, tool);

-- A row for each time that a definition was another than the last time.
CREATE TABLE pin_sightings (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    time        INTEGER NOT NULL,
    server      TEXT    NOT NULL,
    tool        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    schema      TEXT    NOT NULL,
    annotations TEXT    NOT NULL,
    effects     TEXT    NOT NULL
) STRICT;

CREATE INDEX pin_seen ON pin_sightings (server, tool);

CREATE TRIGGER pin_pins_update BEFORE UPDATE ON pin_pins BEGIN SELECT raise(ABORT, 'pins are append-only'); END;
CREATE TRIGGER pin_pins_delete BEFORE DELETE ON pin_pins BEGIN SELECT raise(ABORT, 'pins are append-only'); END;
CREATE TRIGGER pin_sightings_update BEFORE UPDATE ON pin_sightings BEGIN SELECT raise(ABORT, 'sightings are append-only'); END;

-- A server that changes a definition on every call must not fill the disk, so
-- what 32 newer sightings of the tool stand before may go.
CREATE TRIGGER pin_sightings_delete BEFORE DELETE ON pin_sightings
WHEN (SELECT count(*) FROM pin_sightings WHERE server = OLD.server AND tool = OLD.tool AND number > OLD.number) < 32
BEGIN SELECT raise(ABORT, 'sightings are append-only'); END;
