-- Schema 4: history of events, shared work, what a document was read with, and where a source stopped.
--
-- Indexes, and why:
--   retired_doc              forget and follow one report
--   retired_by_run           what one run took out: laennec diff, and purge of the oldest
--   retired_meaning          concepts that nothing names any more
--   rejections_document, rejections_patient    forget
--   retired_patient          forget a patient, whose reports may belong to another one by now

ALTER TABLE warehouse ADD COLUMN generation INTEGER NOT NULL DEFAULT 0; -- grows when shared rows are deleted

ALTER TABLE documents ADD COLUMN words BLOB;        -- signature of the words of the report; see src/signature.rs
ALTER TABLE documents ADD COLUMN withdrawn INTEGER REFERENCES runs; -- the run that found the source without it

-- Events that were stored once, and are no longer: corrected, read by another engine, or of a report withdrawn.
CREATE TABLE retired (
    retired              INTEGER PRIMARY KEY,
    event_id             TEXT    NOT NULL,
    doc                  INTEGER NOT NULL REFERENCES documents,
    document_version     INTEGER NOT NULL,
    patient              INTEGER REFERENCES patients,
    meaning              INTEGER NOT NULL REFERENCES meanings,
    rule                 INTEGER NOT NULL REFERENCES rules,
    engine               INTEGER NOT NULL REFERENCES engines,
    context              INTEGER NOT NULL REFERENCES contexts,
    document_date        TEXT,
    start                INTEGER NOT NULL,
    "end"                INTEGER NOT NULL,
    fragments            TEXT,
    text                 TEXT    NOT NULL,
    event_date           TEXT,
    event_date_precision TEXT,
    event_date_source    TEXT,
    gestational_age_days INTEGER,
    value                REAL,
    unit                 TEXT,
    cues                 TEXT,
    confidence           REAL    NOT NULL,
    made_by              INTEGER NOT NULL REFERENCES runs,
    retired_by           INTEGER NOT NULL REFERENCES runs,
    reason               TEXT    NOT NULL CHECK (reason IN ('version', 'content', 'engine', 'kept', 'withdrawn'))
) STRICT;
CREATE INDEX retired_doc ON retired (doc);
CREATE INDEX retired_by_run ON retired (retired_by);
CREATE INDEX retired_patient ON retired (patient) WHERE patient IS NOT NULL;
CREATE INDEX retired_meaning ON retired (meaning);
CREATE INDEX rejections_document ON rejections (document_id) WHERE document_id IS NOT NULL;
CREATE INDEX rejections_patient ON rejections (patient_id) WHERE patient_id IS NOT NULL;

-- Reports that a running job has in hand, so that another one takes others. Empty when no job runs.
CREATE TABLE claims (
    claim     INTEGER PRIMARY KEY,
    owner     TEXT    NOT NULL,
    taken_at  INTEGER NOT NULL,                     -- seconds since 1970-01-01
    documents BLOB    NOT NULL                      -- eight bytes of the salted hash of each id
) STRICT;

-- How far a source that grows was read.
CREATE TABLE watermarks (
    source TEXT    PRIMARY KEY,
    value  TEXT    NOT NULL,
    run    INTEGER NOT NULL REFERENCES runs
) STRICT, WITHOUT ROWID;

-- The lexicons that engines read with, as they were: what makes an old run reproducible, and a plan possible.
CREATE TABLE snapshots (
    name    TEXT PRIMARY KEY,                       -- id@version+hash, as in provenance
    content BLOB NOT NULL                           -- files of the folder, compressed
) STRICT, WITHOUT ROWID;

DROP VIEW v_documents;
CREATE VIEW v_documents AS
SELECT d.document_id, d.version, d.patient_id, CASE WHEN d.withdrawn IS NULL THEN d.status ELSE 'withdrawn' END AS status,
       d.reason, lower(hex(d.text_sha256)) AS text_sha256,
       d.reason_code, d.visit_id, d.document_type, d.document_date,
       lower(hex(d.content_hash)) AS content_hash, lower(hex(g.fingerprint)) AS engine, d.run AS run_id, d.ward
FROM documents d JOIN engines g USING (engine);

CREATE VIEW v_retired_events AS
SELECT x.event_id, d.document_id, x.document_version, p.patient_id, c.document_type, x.document_date, c.section, x.start,
       x."end", x.text, m.concept, m.label, m.codings, m.subgroups, c.assertion, c.certainty, c.conclusion, c.experiencer,
       c.temporality, x.event_date, r.name AS rule, x.made_by, x.retired_by, x.reason
FROM retired x
JOIN documents d ON d.doc = x.doc
JOIN contexts c ON c.context = x.context
JOIN meanings m ON m.meaning = x.meaning
JOIN rules r ON r.rule = x.rule
LEFT JOIN patients p ON p.patient = x.patient;
