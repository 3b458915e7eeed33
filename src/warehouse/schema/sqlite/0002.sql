-- Schema 2: what a report concludes of a finding it speaks of several times ("suspicion de …", then "… éliminée").
-- An event written before has no conclusion of its own: it stands as it was read.

ALTER TABLE events ADD COLUMN conclusion TEXT NOT NULL DEFAULT '';
UPDATE events SET conclusion = assertion;

DROP VIEW v_events;
CREATE VIEW v_events AS
SELECT e.event_id, d.document_id, d.version AS document_version, d.patient_id, d.visit_id, e.document_type,
       e.document_date, e.section, e.start, e."end", e.fragments, e.text, m.concept, m.label, m.codings,
       m.subgroups, e.assertion, e.certainty, e.conclusion, e.experiencer, e.fetus_index, e.temporality,
       e.event_date, e.event_date_precision, e.event_date_source, e.gestational_age_days, e.laterality, e.value,
       e.unit, coalesce(e.cues, '[]') AS cues, e.method, e.confidence,
       json_object('engine', g.name, 'lexicons', json(g.lexicons), 'model', g.model, 'rule', r.name)
           AS provenance,
       d.run AS run_id
FROM events e
JOIN documents d ON d.doc = e.doc
JOIN meanings m ON m.meaning = e.meaning
JOIN rules r ON r.rule = e.rule
JOIN engines g ON g.engine = e.engine;
