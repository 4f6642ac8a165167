-- Times are microseconds since 1970, UTC, and never fall from one payment of a
-- caller to the next. Amounts are exact decimals. The sums of a row are over all
-- payments of its caller in its currency, and over those of them to its payee,
-- up to and with the row, released or not: what lies in a window is then the
-- difference of two rows, however many lie between.
CREATE TABLE spend_payments (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    call         TEXT    NOT NULL UNIQUE,
    time         INTEGER NOT NULL,
    caller       TEXT    NOT NULL,
    payee        TEXT    NOT NULL,
    currency     TEXT    NOT NULL,
    amount       TEXT    NOT NULL,
    caller_sum   TEXT    NOT NULL,
    caller_calls INTEGER NOT NULL,
    payee_sum    TEXT    NOT NULL,
    payee_calls  INTEGER NOT NULL
) STRICT;

CREATE INDEX spend_newest ON spend_payments (caller);
CREATE INDEX spend_caller ON spend_payments (caller, currency, time);
CREATE INDEX spend_payee  ON spend_payments (caller, payee, currency, time);

-- A payment that was certainly not made counts as if it had never been.
CREATE TABLE spend_releases (
    payment  INTEGER PRIMARY KEY REFERENCES spend_payments (number),
    time     INTEGER NOT NULL,
    caller   TEXT    NOT NULL, -- from here on as in the payment
    payee    TEXT    NOT NULL,
    currency TEXT    NOT NULL,
    paid     INTEGER NOT NULL,
    amount   TEXT    NOT NULL
) STRICT;

CREATE INDEX spend_released ON spend_releases (caller, currency, paid, payee, amount);

CREATE TRIGGER spend_payments_update BEFORE UPDATE ON spend_payments BEGIN SELECT raise(ABORT, 'payments are append-only'); END;
CREATE TRIGGER spend_payments_delete BEFORE DELETE ON spend_payments BEGIN SELECT raise(ABORT, 'payments are append-only'); END;
CREATE TRIGGER spend_releases_update BEFORE UPDATE ON spend_releases BEGIN SELECT raise(ABORT, 'releases are append-only'); END;
CREATE TRIGGER spend_releases_delete BEFORE DELETE ON spend_releases BEGIN SELECT raise(ABORT, 'releases are append-only'); END;
