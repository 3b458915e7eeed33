"""Reports with listed findings -> sentences with spans, for `train.py --sentences` and `--links`.

    laennec segment reports.jsonl > segments.jsonl
    python sentences.py --reports reports.jsonl --segments segments.jsonl --findings findings.jsonl > sentences.jsonl

A line of findings: `{"id", "mentions": [[words, kind], ...]}` in order of appearance, each found after the begin of the one before
it; or a report that carries its own: `mentions: [{"text", "nth", "concept"}]`. A sentence that cuts a finding is joined with
the next one.
"""

import argparse
import json
import sys


def key(row):
    return str(row.get("id") or row.get("note_id"))


def listed(text, mentions):
    """Spans of words in order of appearance; a mention that is not found is left out."""
    spans, at = [], 0
    for words, *_kind in mentions:
        start = text.find(words, at)
        if start >= 0:
            spans.append((start, start + len(words), None))
            at = start + 1
    return spans


def numbered(text, mentions):
    """Spans of the nth occurrence of words, with their concept."""
    for mention in mentions:
        start = -1
        for _ in range(int(mention.get("nth") or 1)):
            start = text.find(mention["text"], start + 1)
        if start >= 0:
            yield start, start + len(mention["text"]), mention.get("concept") or mention.get("subgroup") or None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", required=True)
    parser.add_argument("--segments", required=True)
    parser.add_argument("--findings", nargs="*", default=[])
    args = parser.parse_args()
    read = lambda path: map(json.loads, open(path, encoding="utf-8"))
    findings = {key(row): row["mentions"] for path in args.findings for row in read(path)}
    lost = kept = 0
    for report, segments in zip(read(args.reports), read(args.segments)):
        text = report.get("text") or report["note_text"]
        given = report["mentions"] if "mentions" in report else findings.get(key(report))
        if given is None:
            continue
        spans = list(numbered(text, given) if "mentions" in report else listed(text, given))
        lost += len(given) - len(spans)
        kept += len(spans)
        joined = []
        for sentence in segments["sentences"]:
            start, end = sentence["start"], sentence["end"]
            if joined and any(a < joined[-1][1] and b > start for a, b, _ in spans):
                joined[-1][1] = end
            else:
                joined.append([start, end])
        for start, end in joined:
            inside = [[a - start, b - start] for a, b, _ in spans if a >= start and b <= end]
            concepts = [c for a, b, c in spans if a >= start and b <= end]
            print(json.dumps({"id": key(report), "text": text[start:end], "spans": inside, "concepts": concepts}, ensure_ascii=False))
    print(f"{kept} findings, {lost} not found", file=sys.stderr)


if __name__ == "__main__":
    main()
