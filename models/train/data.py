"""Training sequences: questions about marked spans (`laennec questions`), and sentences with marked findings.

A question becomes `<s> <type:T> <record:R> TITLE <mask> SECTION <mask> WINDOW </s>`; spans of one window share a sequence.
A sentence becomes `<s> SENTENCE </s>`. The Rust engine builds the same sequences (`src/context/judge.rs`, `src/mention/`).
"""

import json
import random
from dataclasses import dataclass, field

import torch

from common import ASSERTIONS, CLASSES, EXPERIENCERS, FACTS, TIMES, TYPES

TITLE_PIECES, SECTION_PIECES = 10, 8
HEADS = {"assertion": CLASSES, "experiencer": EXPERIENCERS, "temporality": TIMES}


@dataclass
class Sequence:
    ids: list
    spans: list = field(default_factory=list)  # (first piece, last piece)
    facts: list = field(default_factory=list)  # names that hold, a list a span
    truth: list = field(default_factory=list)  # {head: accepted class indices}, one a span
    tags: list = None  # a BIO class a piece, -100 where none counts
    rows: list = field(default_factory=list)
    trust: float = 1.0  # 0: the rules were tuned on this text, their verdict is not shown


class Pieces:
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.special = {token: tokenizer.token_to_id(token) for token in ("<s>", "</s>", "<mask>", "<type:none>")}

    def id(self, token):
        return self.tokenizer.token_to_id(token)

    def of(self, text):
        encoded = self.tokenizer.encode(text, add_special_tokens=False)
        return encoded.ids, encoded.offsets


def accepted(row):
    """Indices of the accepted classes of each head; an ungraded doubt accepts every grade."""
    truth = {}
    values = row.get("assertion") or []
    grades = row.get("grade") or ["low", "mid", "high"]
    names = [name for v in values for name in ([f"possible-{g}" for g in grades] if v == "possible" else [v])]
    truth["assertion"] = [CLASSES.index(n) for n in names]
    truth["experiencer"] = [EXPERIENCERS.index(v) for v in row.get("experiencer") or []]
    truth["temporality"] = [TIMES.index(v) for v in row.get("temporality") or []]
    return truth


def covering(offsets, start, end):
    """First and last piece that share a character with a span."""
    inside = [i for i, (a, b) in enumerate(offsets) if a < end and b > start]
    return (inside[0], inside[-1]) if inside else None


def record(facts):
    return "woman" if "record_of_woman" in facts else "child" if "record_of_child" in facts else "unknown"


def questions(rows, pieces, max_length, trust=1.0):
    """Sequences of the rows of `laennec questions`, rows of one window together."""
    groups = {}
    for row in rows:
        key = (row["document"], row["document_type"], row["title"], row["section"], row["text"], record(row["facts"]))
        groups.setdefault(key, []).append(row)
    for (_, kind, title, section, text, rec), group in groups.items():
        head = [pieces.special["<s>"], pieces.id(f"<type:{kind}>" if kind in TYPES else "<type:none>"), pieces.id(f"<record:{rec}>")]
        head += pieces.of(title)[0][:TITLE_PIECES] if title else []
        head += [pieces.special["<mask>"]]
        head += pieces.of(section)[0][:SECTION_PIECES] if section else []
        head += [pieces.special["<mask>"]]
        ids, offsets = pieces.of(text)
        room = max_length - len(head) - 1
        found = [(row, covering(offsets, row["start"], row["end"])) for row in group]
        for part in windows([f for f in found if f[1]], len(ids), room):
            start = part[0][2]
            sequence = Sequence(head + ids[start : start + room] + [pieces.special["</s>"]], trust=trust)
            for row, (first, last), start in part:
                sequence.spans.append((len(head) + first - start, len(head) + min(last, start + room - 1) - start))
                sequence.facts.append(row["facts"])
                sequence.truth.append(accepted(row))
                sequence.rows.append(row)
            yield sequence


def windows(found, length, room):
    """A window that fits is read whole; of a longer one, each span with as much around it as there is room for."""
    if length <= room:
        if found:
            yield [(row, place, 0) for row, place in found]
        return
    for row, (first, last) in found:
        middle = max(0, min((first + last + 1) // 2 - room // 2, length - room))
        yield [(row, (first, last), min(middle, first))]


def tagged(text, spans, pieces, max_length):
    """Sequences of a sentence with BIO tags (0 outside, 1 begin, 2 inside); `spans` are (start, end) in its characters."""
    ids, offsets = pieces.of(text)
    tags = [0] * len(ids)
    for start, end in spans:
        place = covering(offsets, start, end)
        if place:
            for i in range(place[0], place[1] + 1):
                tags[i] = 1 if i == place[0] else 2
    room = max_length - 2
    for at in range(0, len(ids), room):
        yield Sequence([pieces.special["<s>"]] + ids[at : at + room] + [pieces.special["</s>"]],
                       tags=[-100] + tags[at : at + room] + [-100])


def batches(sequences, budget, shuffle, seed):
    """Sequences of about the same length together, at most `budget` pieces padded."""
    rng = random.Random(seed)
    order = sorted(range(len(sequences)), key=lambda i: (len(sequences[i].ids), rng.random()))
    batch, found = [], []
    for i in order:
        if batch and (len(batch) + 1) * len(sequences[i].ids) > budget:
            found.append(batch)
            batch = []
        batch.append(sequences[i])
    found += [batch] if batch else []
    if shuffle:
        rng.shuffle(found)
    return found


def collate(batch, hide=0.0, seed=0):
    """Tensors of a batch. `hide`: the chance that the rules' verdict on a span is not shown."""
    rng = random.Random(seed)
    width = max(len(s.ids) for s in batch)
    pad = lambda values, fill: values + [fill] * (width - len(values))
    ids = torch.tensor([pad(s.ids, 1) for s in batch])
    mask = torch.tensor([pad([1] * len(s.ids), 0) for s in batch])
    spans, facts, truth = [], [], {head: [] for head in HEADS}
    for row, s in enumerate(batch):
        for (first, last), names, accepted_ in zip(s.spans, s.facts, s.truth):
            spans.append((row, first, last))
            shown = rng.random() >= hide and rng.random() < s.trust
            facts.append([float(shown and name in names) for name in FACTS])
            for head, classes in HEADS.items():
                target = torch.zeros(len(classes))
                target[accepted_[head]] = 1.0
                truth[head].append(target)
    tags = torch.tensor([pad(s.tags, -100) if s.tags else [-100] * width for s in batch])
    return dict(ids=ids, mask=mask, spans=torch.tensor(spans).view(-1, 3), facts=torch.tensor(facts).view(-1, len(FACTS)),
                truth={h: torch.stack(t) if t else torch.zeros(0, len(HEADS[h])) for h, t in truth.items()}, tags=tags)


def read(path):
    return [json.loads(line) for line in open(path, encoding="utf-8")]
