-- Schema 3: what does not come from text (persons, coded diagnoses, births), what people say of cases, and events
-- that a population query can count without reading them.
--
-- Dates that queries compare are whole days since 1970-01-01, in columns named *_day and pregnancy_*; the views
-- give them back as ISO dates. Keys named patient and context are internal, like the others.
--
-- Indexes, and why:
--   events(doc)              replace, forget and list the events of a report; keys grow, so inserts append
--   events_population        everything that a phenotype asks of an event. The events of a meaning lie together and
--                            in order of arrival, so inserts still append, and the wide rows are never touched
--   events_structured        a coded diagnosis loaded twice is one row
--   events_patient           forget and list the coded diagnoses of one patient
--   contexts_all             a context is looked up by all its columns: NULL is a value like the others here, which
--                            a UNIQUE constraint would not see
--   persons_mother           the children of a mother, to bound their pregnancies
-- Deliberately absent: an index on the patient of every event. Patients come in any order, so that each insert would
-- dirty a page of its own; reach the events of a patient through the documents.

-- AUTOINCREMENT: a running job remembers keys, so the key of a forgotten patient is never given again.
CREATE TABLE patients (
    patient    INTEGER PRIMARY KEY AUTOINCREMENT,
    patient_id TEXT    NOT NULL UNIQUE,
    birth_day  INTEGER                              -- as reports say it; that of persons wins
) STRICT;

CREATE TABLE persons (
    patient              INTEGER PRIMARY KEY REFERENCES patients,
    birth_day            INTEGER,
    sex                  TEXT,
    gestational_age_days INTEGER,                   -- at birth
    outcome              TEXT CHECK (outcome IN ('live_birth', 'fetal_death', 'topfa')),
    mother               INTEGER REFERENCES patients,
    multiple_birth_rank  INTEGER,
    residence            TEXT,
    conception_day       INTEGER,
    pregnancy_from       INTEGER,                   -- these three are derived when persons are loaded
    pregnancy_until      INTEGER,
    multiple             INTEGER NOT NULL DEFAULT 0 CHECK (multiple IN (0, 1))
) STRICT;
CREATE INDEX persons_mother ON persons (mother) WHERE mother IS NOT NULL;

CREATE TABLE births (
    area        TEXT    NOT NULL,
    period      TEXT    NOT NULL,
    live_births INTEGER NOT NULL,
    stillbirths INTEGER,
    PRIMARY KEY (area, period)
) STRICT, WITHOUT ROWID;

-- What surrounds a mention and repeats: some thousands of rows for any number of events.
CREATE TABLE contexts (
    context       INTEGER PRIMARY KEY,
    document_type TEXT,
    section       TEXT,
    ward          TEXT,
    assertion     TEXT NOT NULL,
    certainty     REAL NOT NULL,
    conclusion    TEXT NOT NULL,
    experiencer   TEXT NOT NULL,
    fetus_index   INTEGER,
    temporality   TEXT NOT NULL,
    laterality    TEXT,
    method        TEXT NOT NULL,
    position      TEXT
) STRICT;
CREATE INDEX contexts_all ON contexts (document_type, section, ward, assertion, certainty, conclusion, experiencer,
    fetus_index, temporality, laterality, method, position);

CREATE TABLE reviews (
    phenotype   TEXT    NOT NULL,
    patient     INTEGER NOT NULL REFERENCES patients,
    verdict     TEXT    NOT NULL CHECK (verdict IN ('validated', 'rejected', 'uncertain')),
    reviewer    TEXT    NOT NULL,
    reviewed_at TEXT    NOT NULL,
    reason      TEXT,
    case_level  TEXT,
    source      TEXT,
    stratum     TEXT,
    PRIMARY KEY (phenotype, patient, reviewer, reviewed_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX reviews_patient ON reviews (patient);

ALTER TABLE documents ADD COLUMN ward TEXT;
ALTER TABLE cohorts ADD COLUMN class TEXT;
ALTER TABLE cohorts ADD COLUMN run_at TEXT;

DROP VIEW v_documents;
DROP VIEW v_events;
DROP VIEW v_event_codes;
DROP VIEW v_event_subgroups;
DROP VIEW v_cohorts;

INSERT INTO patients (patient_id)
SELECT patient_id FROM documents WHERE patient_id IS NOT NULL AND status = 'annotated'
GROUP BY patient_id ORDER BY min(doc);

INSERT INTO contexts (document_type, section, assertion, certainty, conclusion, experiencer, fetus_index, temporality,
    laterality, method)
SELECT DISTINCT document_type, section, assertion, certainty, conclusion, experiencer, fetus_index, temporality,
    laterality, method
FROM events;

ALTER TABLE events RENAME TO events_of_schema_2;

-- Version, patient and stay of an event read in a report are those of the report; the type and date of the report
-- are not, since the engine may resolve them to something other than what the source wrote.
CREATE TABLE events (
    event                INTEGER PRIMARY KEY,
    event_id             TEXT    NOT NULL,
    doc                  INTEGER REFERENCES documents,  -- NULL: structured, from no report
    patient              INTEGER REFERENCES patients,
    visit_id             TEXT,                          -- of a structured event; else that of the report
    meaning              INTEGER NOT NULL REFERENCES meanings,
    rule                 INTEGER NOT NULL REFERENCES rules,
    engine               INTEGER NOT NULL REFERENCES engines,
    context              INTEGER NOT NULL REFERENCES contexts,
    document_date        TEXT,
    start                INTEGER NOT NULL,
    "end"                INTEGER NOT NULL,
    fragments            TEXT,                          -- JSON list; NULL when continuous
    text                 TEXT    NOT NULL,
    event_date           TEXT,
    event_date_precision TEXT,
    event_date_source    TEXT,
    gestational_age_days INTEGER,
    value                REAL,
    unit                 TEXT,
    cues                 TEXT,                          -- JSON list; NULL when empty
    confidence           REAL    NOT NULL,
    day                  INTEGER,                       -- of the event, else of its report
    report_day           INTEGER                        -- of the report, else of the event
) STRICT;

INSERT INTO events
SELECT e.event, e.event_id, e.doc, p.patient, NULL, e.meaning, e.rule, e.engine, c.context, e.document_date, e.start,
    e."end", e.fragments, e.text, e.event_date, e.event_date_precision, e.event_date_source, e.gestational_age_days,
    e.value, e.unit, e.cues, e.confidence, unixepoch(coalesce(e.event_date, e.document_date)) / 86400,
    unixepoch(coalesce(e.document_date, e.event_date)) / 86400
FROM events_of_schema_2 e
CROSS JOIN documents d ON d.doc = e.doc
CROSS JOIN contexts c ON c.document_type IS e.document_type AND c.section IS e.section AND c.ward IS NULL
    AND c.assertion = e.assertion AND c.certainty = e.certainty AND c.conclusion = e.conclusion
    AND c.experiencer = e.experiencer AND c.fetus_index IS e.fetus_index AND c.temporality = e.temporality
    AND c.laterality IS e.laterality AND c.method = e.method AND c.position IS NULL
LEFT JOIN patients p ON p.patient_id = d.patient_id
ORDER BY e.event;

DROP TABLE events_of_schema_2;

CREATE INDEX events_doc ON events (doc);
CREATE INDEX events_population ON events (meaning, event, patient, context, doc, day, report_day,
    gestational_age_days, value);
CREATE UNIQUE INDEX events_structured ON events (event_id) WHERE doc IS NULL;
CREATE INDEX events_patient ON events (patient) WHERE doc IS NULL;

CREATE VIEW v_documents AS
SELECT d.document_id, d.version, d.patient_id, d.status, d.reason, lower(hex(d.text_sha256)) AS text_sha256,
       d.reason_code, d.visit_id, d.document_type, d.document_date,
       lower(hex(d.content_hash)) AS content_hash, lower(hex(g.fingerprint)) AS engine, d.run AS run_id, d.ward
FROM documents d JOIN engines g USING (engine);

-- Two halves, so that a condition on the patient or the report finds its index in each.
CREATE VIEW v_events AS
SELECT e.event_id, d.document_id, d.version AS document_version, d.patient_id, d.visit_id, c.document_type,
       e.document_date, c.section, e.start, e."end", e.fragments, e.text, m.concept, m.label, m.codings,
       m.subgroups, c.assertion, c.certainty, c.conclusion, c.experiencer, c.fetus_index, c.temporality,
       e.event_date, e.event_date_precision, e.event_date_source, e.gestational_age_days, c.laterality, e.value,
       e.unit, coalesce(e.cues, '[]') AS cues, c.method, e.confidence,
       json_object('engine', g.name, 'lexicons', json(g.lexicons), 'model', g.model, 'rule', r.name)
           AS provenance,
       d.run AS run_id, c.position, c.ward
FROM events e
JOIN documents d ON d.doc = e.doc
JOIN contexts c ON c.context = e.context
JOIN meanings m ON m.meaning = e.meaning
JOIN rules r ON r.rule = e.rule
JOIN engines g ON g.engine = e.engine
UNION ALL
SELECT e.event_id, NULL, 0, p.patient_id, e.visit_id, c.document_type,
       e.document_date, c.section, e.start, e."end", e.fragments, e.text, m.concept, m.label, m.codings,
       m.subgroups, c.assertion, c.certainty, c.conclusion, c.experiencer, c.fetus_index, c.temporality,
       e.event_date, e.event_date_precision, e.event_date_source, e.gestational_age_days, c.laterality, e.value,
       e.unit, coalesce(e.cues, '[]'), c.method, e.confidence,
       json_object('engine', g.name, 'lexicons', json(g.lexicons), 'model', g.model, 'rule', r.name),
       NULL, c.position, c.ward
FROM events e
JOIN patients p ON p.patient = e.patient
JOIN contexts c ON c.context = e.context
JOIN meanings m ON m.meaning = e.meaning
JOIN rules r ON r.rule = e.rule
JOIN engines g ON g.engine = e.engine
WHERE e.doc IS NULL;

CREATE VIEW v_event_codes AS
SELECT e.event_id, c.system, c.code FROM meaning_codes c JOIN events e ON e.meaning = c.meaning;

CREATE VIEW v_event_subgroups AS
SELECT e.event_id, s.subgroup FROM meaning_subgroups s JOIN events e ON e.meaning = s.meaning;

CREATE VIEW v_cohorts AS
SELECT phenotype, phenotype_version, patient_id, case_level, index_date, evidence, class, run_at FROM cohorts;

CREATE VIEW v_persons AS
SELECT p.patient_id, date(coalesce(s.birth_day, p.birth_day) * 86400, 'unixepoch') AS birth_date, s.sex,
       s.gestational_age_days AS gestational_age_days_at_birth, s.outcome, m.patient_id AS mother_id,
       s.multiple_birth_rank, s.residence, date(s.conception_day * 86400, 'unixepoch') AS conception_date,
       date(s.pregnancy_from * 86400, 'unixepoch') AS pregnancy_from,
       date(s.pregnancy_until * 86400, 'unixepoch') AS pregnancy_until, s.multiple
FROM persons s
JOIN patients p ON p.patient = s.patient
LEFT JOIN patients m ON m.patient = s.mother;

CREATE VIEW v_births AS
SELECT area, period, live_births, stillbirths FROM births;

CREATE VIEW v_reviews AS
SELECT r.phenotype, p.patient_id, r.verdict, r.reviewer, r.reviewed_at, r.reason, r.case_level, r.source, r.stratum
FROM reviews r JOIN patients p ON p.patient = r.patient;
