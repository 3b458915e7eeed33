-- Schema 5: surveillance: its runs, the cases they watch, and signals.
--
-- A case is a row from the run that first counted it so until the run that no longer did: the cases of any past run are
-- those whose span holds it. Patients are in surveil_cases alone; the findings of a run and a signal name none.
--
-- Indexes, and why:
--   surveil_cases_standing   one standing row a case; what the next run compares with
--   surveil_cases_patient    forget a patient

CREATE TABLE surveil_runs (
    number   INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,                         -- of the configuration: runs of one name follow one another
    record   TEXT NOT NULL,                         -- JSON: what identifies the run
    config   TEXT NOT NULL,                         -- the configuration as written
    context  TEXT NOT NULL,                         -- JSON: births, coordinates and volumes as they were
    findings TEXT NOT NULL                          -- JSON
) STRICT;

CREATE TABLE surveil_cases (
    watched        INTEGER PRIMARY KEY,
    name           TEXT    NOT NULL,
    phenotype      TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    patient        INTEGER NOT NULL REFERENCES patients,
    case_level     TEXT    NOT NULL,
    class          TEXT,
    outcome        TEXT,
    case_day       INTEGER,
    conception_day INTEGER,
    area           TEXT,
    disputed       INTEGER NOT NULL CHECK (disputed IN (0, 1)),
    evidence       TEXT    NOT NULL,                -- JSON list of event ids
    why            TEXT    NOT NULL,                -- why this row stands: new, or what changed
    from_run       INTEGER NOT NULL REFERENCES surveil_runs,
    until_run      INTEGER REFERENCES surveil_runs, -- the first run without it; NULL while it stands
    ended          TEXT                             -- why it ended
) STRICT;
CREATE UNIQUE INDEX surveil_cases_standing ON surveil_cases (name, phenotype, patient) WHERE until_run IS NULL;
CREATE INDEX surveil_cases_patient ON surveil_cases (patient);

CREATE TABLE signals (
    name      TEXT    NOT NULL,
    signal    TEXT    NOT NULL,
    content   TEXT    NOT NULL,                     -- JSON, as the last run that saw it found it
    first_run INTEGER NOT NULL REFERENCES surveil_runs,
    last_run  INTEGER NOT NULL REFERENCES surveil_runs,
    closed_at TEXT,
    closed_by TEXT,
    reason    TEXT,
    PRIMARY KEY (name, signal)
) STRICT;

CREATE VIEW v_surveil_cases AS
SELECT c.name, c.phenotype, c.version, p.patient_id, c.case_level, c.class, c.outcome,
       date(c.case_day * 86400, 'unixepoch') AS case_date,
       date(c.conception_day * 86400, 'unixepoch') AS conception_date,
       c.area, c.disputed, c.evidence, c.why, c.from_run, c.until_run, c.ended
FROM surveil_cases c JOIN patients p ON p.patient = c.patient;

CREATE VIEW v_signals AS
SELECT name, signal, content, first_run, last_run, closed_at, closed_by, reason FROM signals;
