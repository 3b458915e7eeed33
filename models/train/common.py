"""What the training scripts share: the special tokens and the reading of texts."""

import gzip
import json

ASSERTIONS = ["present", "absent", "possible", "hypothetical", "not_assessed"]
# What the assertion head tells apart: a doubt has three degrees (`docs/context.md`, Certainty).
CLASSES = ["present", "absent", "possible-low", "possible-mid", "possible-high", "hypothetical", "not_assessed"]
EXPERIENCERS = ["patient", "fetus", "mother", "father", "sibling", "family", "other"]
TIMES = ["current", "past", "planned"]
TYPES = ["CRH", "CRO", "CR-consultation", "CR-imagerie", "CR-echo-foetale", "CR-accouchement", "CR-anapath", "CR-genetique",
         "CR-foetopathologie", "RCP", "lettre", "urgences", "autre"]
# What the rules know of a mention, in the order of `Facts::NAMES` in `src/context/question.rs`.
FACTS = (
    "present absent possible hypothetical not_assessed patient fetus mother father sibling family other current "
    "past planned assertion_said person_said time_said congenital maternal obstetric fetal lasting record_of_woman "
    "record_of_child assertions_conflict assertion_unused assertion_far assertion_of_header general_information "
    "persons_conflict person_unused person_before times_conflict time_unused long_ago history_section "
    "section_of_person "
).split()
# Tokens that no text holds: around the span asked about, the type of the report, whose record it is, the rules' verdict.
SPECIAL = (["<mask>", "<m>", "</m>", "<type:none>"] + [f"<type:{t}>" for t in TYPES]
           + [f"<record:{r}>" for r in ("unknown", "woman", "child")]
           + [f"<rule:{a}>" for a in ASSERTIONS + EXPERIENCERS + TIMES] + ["<rule:none>"] + [f"<spare:{n}>" for n in range(16)])


def texts_of(path):
    """The texts of a .jsonl (fields text or note_text), a terminology .tsv, or a plain file, one a line."""
    opened = gzip.open(path, "rt") if str(path).endswith(".gz") else open(path, encoding="utf-8")
    with opened as lines:
        for line in lines:
            if ".jsonl" in str(path):
                row = json.loads(line)
                yield row.get("text") or row.get("note_text") or ""
            else:
                yield line.rstrip("\n").replace("\t", " ")
