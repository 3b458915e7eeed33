"""Marked sentences -> gold lines of `laennec evaluate assertion`, joined with what a second reader said of the same spans.

    python marks.py --strip MARKED.jsonl > FOR_THE_SECOND_READER.jsonl
    python marks.py MARKED.jsonl [--second LABELS.jsonl] > GOLD.jsonl
    python marks.py GOLD.jsonl --grades QUESTIONS.jsonl > GRADED.jsonl

A marked line holds `text` with `{{span|words}}`; words are values of the contract (possible with its grade: possible-low,
-mid, -high; fetus1, fetus2); unsaid: present, patient, current. The second reader gets `{{number:span}}` and answers
`{"id", "labels": ["absent fetus", ...]}`. Where the two differ both values are accepted, and kappa goes to standard error.
`--grades` adds the degrees of doubt, which `laennec questions` does not know, to its lines: one a span, in the order of the gold.
"""

import argparse
import json
import re
import sys
from collections import Counter

from common import ASSERTIONS, EXPERIENCERS, TIMES

MARK = re.compile(r"\{\{([^{}|]+)\|([^{}|]*)\}\}")
GRADES = ("low", "mid", "high")


def label(words):
    """The attributes that the words of a mark say."""
    found = {"assertion": "present", "experiencer": "patient", "temporality": "current", "fetus_index": None, "grade": None}
    for word in words.split():
        name, _, grade = word.partition("-")
        if word in ASSERTIONS:
            found["assertion"] = word
        elif name == "possible" and grade in GRADES:
            found["assertion"], found["grade"] = name, grade
        elif word in TIMES:
            found["temporality"] = word
        elif word in EXPERIENCERS:
            found["experiencer"] = word
        elif re.fullmatch(r"fetus[1-9]", word):
            found["experiencer"], found["fetus_index"] = "fetus", int(word[5:])
        else:
            raise ValueError(f"unknown word {word!r}")
    return found


def read_marked(text):
    """The text without marks, and its spans with their words."""
    plain, spans, last = "", [], 0
    for mark in MARK.finditer(text):
        plain += text[last : mark.start()]
        spans.append((len(plain), len(plain) + len(mark[1]), mark[2]))
        plain += mark[1]
        last = mark.end()
    plain += text[last:]
    if "{{" in plain or "}}" in plain:
        raise ValueError("a mark is not closed")
    return plain, spans


def strip(row):
    number = iter(range(1, 100))
    return {"id": row["id"], "document_type": row.get("document_type"), "title": row.get("title", ""),
            "text": MARK.sub(lambda m: f"{{{{{next(number)}:{m[1]}}}}}", row["text"])}


def gold(row, second):
    """A gold line, and the pairs of labels of its spans where a second reader read it."""
    text, spans = read_marked(row["text"])
    labels = [label(words) for _, _, words in spans]
    others = [label(words) for words in second["labels"]] if second else [None] * len(labels)
    if len(others) != len(labels):
        raise ValueError(f"the second reader labelled {len(others)} of {len(labels)} spans")
    entities = []
    for (start, end, _), one, other in zip(spans, labels, others):
        entity = {"start": start, "end": end}
        for name in ("assertion", "experiencer", "temporality"):
            entity[name] = list(dict.fromkeys([one[name]] + ([other[name]] if other else [])))
        indices = list(dict.fromkeys([one["fetus_index"]] + ([other["fetus_index"]] if other else [])))
        entity["fetus_index"] = indices if len(indices) > 1 else indices[0]
        grades = [reader["grade"] for reader in (one, other) if reader and reader["grade"]]
        if grades:
            entity["grade"] = list(dict.fromkeys(grades))
        entities.append(entity)
    kept = {name: row[name] for name in ("document_type", "title", "phenomenon", "register") if row.get(name)}
    return {"id": row["id"], **kept, "text": text, "entities": entities}, [(a, b) for a, b in zip(labels, others) if b]


def kappa(pairs):
    """Cohen's kappa of two readers."""
    n = len(pairs)
    same = sum(a == b for a, b in pairs) / n
    one, two = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(one[value] * two[value] for value in one) / n / n
    return same, (same - chance) / (1 - chance) if chance < 1 else 1.0


def graded(paths, questions):
    """The lines of questions with the grades of the gold they were made of."""
    entities = (entity for path in paths for line in open(path, encoding="utf-8") for entity in json.loads(line)["entities"])
    for entity, line in zip(entities, open(questions, encoding="utf-8"), strict=True):
        print(json.dumps({**json.loads(line), "grade": entity.get("grade")}, ensure_ascii=False))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("marked", nargs="+")
    parser.add_argument("--strip", action="store_true")
    parser.add_argument("--second", nargs="*", default=[])
    parser.add_argument("--grades")
    args = parser.parse_args()
    if args.grades:
        return graded(args.marked, args.grades)
    second = {row["id"]: row for path in args.second for row in map(json.loads, open(path, encoding="utf-8"))}
    pairs, bad, seen = [], 0, set()
    for path in args.marked:
        for number, line in enumerate(open(path, encoding="utf-8"), 1):
            try:
                row = json.loads(line)
                if row["id"] in seen:
                    raise ValueError("the id is used twice")
                seen.add(row["id"])
                read, both = gold(row, second.get(row["id"]))
                pairs += both
                print(json.dumps(strip(row) if args.strip else read, ensure_ascii=False))
            except (ValueError, KeyError) as fault:
                bad += 1
                print(f"{path}:{number}: left out: {fault}", file=sys.stderr)
    for name in ("assertion", "experiencer", "temporality") if pairs else ():
        same, k = kappa([(a[name], b[name]) for a, b in pairs])
        print(f"{name}: {len(pairs)} spans read twice, same {same:.3f}, kappa {k:.3f}", file=sys.stderr)
    if bad:
        print(f"{bad} lines left out", file=sys.stderr)


if __name__ == "__main__":
    main()
