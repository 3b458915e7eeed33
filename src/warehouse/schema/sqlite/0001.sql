-- Schema 1 of the warehouse. A published schema file is never edited: a change is the next numbered file.
--
-- Keys named like their table (doc, event, meaning, rule, engine) are internal and may change from one
-- warehouse to the next. What others may rely on are the views v_*, at the end.
--
-- Indexes beyond the keys, and why:
--   events(doc)              replace, forget and list the events of a report; keys grow, so inserts append
--   events(meaning)          population queries: concept, code or subgroup -> its few meanings -> events
--   documents(patient_id)    forget and follow one patient
-- Deliberately absent: an index on event_id. Its values are random, so at 10^8 events each insert would
-- read and dirty a page of its own. Reach an event through its document or its patient.

CREATE TABLE warehouse (
    salt                BLOB    NOT NULL,           -- of this warehouse; see forgotten
    created_at          TEXT    NOT NULL,
    forgotten_documents INTEGER NOT NULL DEFAULT 0, -- so that the counters of the runs still add up
    forgotten_events    INTEGER NOT NULL DEFAULT 0,
    erasing             INTEGER NOT NULL DEFAULT 0  -- 1 from the deletion of rows to the erasure of pages
) STRICT;
INSERT INTO warehouse (salt, created_at) VALUES (randomblob(32), strftime('%Y-%m-%dT%H:%M:%SZ', 'now'));

-- What made events: few rows, shared by all events.
CREATE TABLE engines (
    engine      INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    lexicons    TEXT NOT NULL,                      -- JSON list
    model       TEXT,
    options     TEXT NOT NULL
) STRICT;

CREATE TABLE runs (
    run             INTEGER PRIMARY KEY,
    engine          INTEGER NOT NULL REFERENCES engines,
    started_at      TEXT    NOT NULL,
    finished_at     TEXT,                           -- NULL: running, or interrupted
    written         INTEGER NOT NULL DEFAULT 0,
    replaced        INTEGER NOT NULL DEFAULT 0,
    unchanged       INTEGER NOT NULL DEFAULT 0,
    stale           INTEGER NOT NULL DEFAULT 0,
    conflicted      INTEGER NOT NULL DEFAULT 0,
    forgotten       INTEGER NOT NULL DEFAULT 0,
    quarantined     INTEGER NOT NULL DEFAULT 0,
    events          INTEGER NOT NULL DEFAULT 0,
    documents_added INTEGER NOT NULL DEFAULT 0,     -- the ledger: with forgotten_*, equal to the row counts
    events_removed  INTEGER NOT NULL DEFAULT 0
) STRICT;

-- AUTOINCREMENT: a running job remembers keys, so the key of a forgotten report is never given again.
CREATE TABLE documents (
    doc           INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id   TEXT    NOT NULL UNIQUE,
    version       INTEGER NOT NULL,
    patient_id    TEXT,
    visit_id      TEXT,
    document_type TEXT,
    document_date TEXT,
    status        TEXT    NOT NULL CHECK (status IN ('annotated', 'quarantined')),
    reason_code   TEXT,
    reason        TEXT,
    content_hash  BLOB    NOT NULL,
    text_sha256   BLOB    NOT NULL,
    engine        INTEGER NOT NULL REFERENCES engines,
    run           INTEGER NOT NULL REFERENCES runs,
    title         TEXT,                             -- both are the words of the report: only with
    text          TEXT                              -- --keep-text
) STRICT;
CREATE INDEX documents_patient ON documents (patient_id) WHERE patient_id IS NOT NULL;

-- A concept with the label, codes and subgroups it had when an event was made. One lexicon gives a few
-- thousand of them for any number of events, so codes are stored once and not once an event.
CREATE TABLE meanings (
    meaning   INTEGER PRIMARY KEY,
    concept   TEXT NOT NULL,
    label     TEXT NOT NULL,
    codings   TEXT NOT NULL,                        -- JSON list, as in the contract
    subgroups TEXT NOT NULL,                        -- JSON list
    UNIQUE (concept, label, codings, subgroups)
) STRICT;

CREATE TABLE meaning_codes (
    meaning INTEGER NOT NULL REFERENCES meanings,
    system  TEXT    NOT NULL,
    code    TEXT    NOT NULL,
    PRIMARY KEY (system, code, meaning)
) STRICT, WITHOUT ROWID;
CREATE INDEX meaning_codes_meaning ON meaning_codes (meaning);

CREATE TABLE meaning_subgroups (
    meaning  INTEGER NOT NULL REFERENCES meanings,
    subgroup TEXT    NOT NULL,
    PRIMARY KEY (subgroup, meaning)
) STRICT, WITHOUT ROWID;
CREATE INDEX meaning_subgroups_meaning ON meaning_subgroups (meaning);

CREATE TABLE rules (
    rule INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Version, patient and stay are those of the report and are not repeated. Type and date are: the engine
-- may resolve them to something other than what the source wrote.
CREATE TABLE events (
    event                INTEGER PRIMARY KEY,
    event_id             TEXT    NOT NULL,
    doc                  INTEGER NOT NULL REFERENCES documents,
    meaning              INTEGER NOT NULL REFERENCES meanings,
    rule                 INTEGER NOT NULL REFERENCES rules,
    engine               INTEGER NOT NULL REFERENCES engines,
    document_type        TEXT,
    document_date        TEXT,
    section              TEXT,
    start                INTEGER NOT NULL,
    "end"                INTEGER NOT NULL,
    fragments            TEXT,                      -- JSON list; NULL when continuous
    text                 TEXT    NOT NULL,
    assertion            TEXT    NOT NULL,
    certainty            REAL    NOT NULL,
    experiencer          TEXT    NOT NULL,
    fetus_index          INTEGER,
    temporality          TEXT    NOT NULL,
    event_date           TEXT,
    event_date_precision TEXT,
    event_date_source    TEXT,
    gestational_age_days INTEGER,
    laterality           TEXT,
    value                REAL,
    unit                 TEXT,
    cues                 TEXT,                      -- JSON list; NULL when empty
    method               TEXT    NOT NULL,
    confidence           REAL    NOT NULL
) STRICT;
CREATE INDEX events_doc ON events (doc);
CREATE INDEX events_meaning ON events (meaning);

-- Inputs set aside, by place: the same input set aside again for the same cause is the same row.
CREATE TABLE rejections (
    file        TEXT    NOT NULL,
    line        INTEGER NOT NULL,
    code        TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    document_id TEXT,
    patient_id  TEXT,
    run         INTEGER NOT NULL REFERENCES runs,
    PRIMARY KEY (file, line, code)
) STRICT, WITHOUT ROWID;

-- Hashes of what must never come back; the identifier itself is not kept.
CREATE TABLE forgotten (
    hash BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE cohorts (
    phenotype         TEXT NOT NULL,
    phenotype_version TEXT NOT NULL,
    patient_id        TEXT NOT NULL,
    case_level        TEXT NOT NULL,
    index_date        TEXT,
    evidence          TEXT NOT NULL,                -- JSON list of event ids
    PRIMARY KEY (phenotype, phenotype_version, patient_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cohorts_patient ON cohorts (patient_id);

CREATE VIEW v_documents AS
SELECT d.document_id, d.version, d.patient_id, d.status, d.reason, lower(hex(d.text_sha256)) AS text_sha256,
       d.reason_code, d.visit_id, d.document_type, d.document_date,
       lower(hex(d.content_hash)) AS content_hash, lower(hex(g.fingerprint)) AS engine, d.run AS run_id
FROM documents d JOIN engines g USING (engine);

CREATE VIEW v_events AS
SELECT e.event_id, d.document_id, d.version AS document_version, d.patient_id, d.visit_id, e.document_type,
       e.document_date, e.section, e.start, e."end", e.fragments, e.text, m.concept, m.label, m.codings,
       m.subgroups, e.assertion, e.certainty, e.experiencer, e.fetus_index, e.temporality, e.event_date,
       e.event_date_precision, e.event_date_source, e.gestational_age_days, e.laterality, e.value, e.unit,
       coalesce(e.cues, '[]') AS cues, e.method, e.confidence,
       json_object('engine', g.name, 'lexicons', json(g.lexicons), 'model', g.model, 'rule', r.name)
           AS provenance,
       d.run AS run_id
FROM events e
JOIN documents d ON d.doc = e.doc
JOIN meanings m ON m.meaning = e.meaning
JOIN rules r ON r.rule = e.rule
JOIN engines g ON g.engine = e.engine;

CREATE VIEW v_event_codes AS
SELECT e.event_id, c.system, c.code FROM meaning_codes c JOIN events e ON e.meaning = c.meaning;

CREATE VIEW v_event_subgroups AS
SELECT e.event_id, s.subgroup FROM meaning_subgroups s JOIN events e ON e.meaning = s.meaning;

CREATE VIEW v_rejections AS
SELECT x.file, x.line, x.code, x.reason, x.document_id, x.patient_id, x.run AS run_id,
       EXISTS (SELECT 1 FROM documents d WHERE d.document_id = x.document_id AND d.status = 'annotated')
           AS document_annotated
FROM rejections x;

CREATE VIEW v_runs AS
SELECT r.run AS run_id, lower(hex(g.fingerprint)) AS engine, r.started_at, r.finished_at, r.written,
       r.replaced, r.unchanged, r.stale, r.conflicted, r.forgotten, r.quarantined, r.events
FROM runs r JOIN engines g USING (engine);

CREATE VIEW v_cohorts AS
SELECT phenotype, phenotype_version, patient_id, case_level, index_date, evidence FROM cohorts;
