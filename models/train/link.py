"""Trains the head that links a finding told in other words to a concept, on the frozen encoder; and chooses its thresholds.

    python link.py --model out --terms lexicons/malformations/terms.tsv --links train.jsonl --dev dev.jsonl

Pairs: two terms of one concept; a marked finding of a sentence and a term of its concept. Loss: InfoNCE over the concepts of
a batch. `--dev` prints accuracy and, for each share of letters, the score from which a link is right in nine cases of ten.
"""

import argparse
import csv
import json
import random
import re
import unicodedata
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional as F

import data
from model import LINK, load


def read_terms(path):
    """(concept, term) of the rows that are not flagged as ambiguous."""
    with open(path, encoding="utf-8") as lines:
        rows = csv.DictReader((l for l in lines if not l.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(r["concept"], r["term"]) for r in rows if "ambiguous" not in (r.get("flags") or "") and r["term"]]


def trigrams(text):
    folded = "".join(c for c in unicodedata.normalize("NFD", text.lower().replace("œ", "oe")) if not unicodedata.combining(c))
    return {f" {word} "[i : i + 3] for word in re.findall(r"[a-z0-9]+", folded) for i in range(len(word))}


def dice(a, b):
    return 2 * len(a & b) / max(1, len(a) + len(b))


@torch.no_grad()
def means(model, pieces, texts):
    """Mean hidden state of the pieces of (text, start, end)."""
    sequences, places = [], []
    for text, start, end in texts:
        ids, offsets = pieces.of(text)
        place = data.covering(offsets, start, end) or (0, max(0, len(ids) - 1))
        sequences.append(([pieces.special["<s>"]] + ids[:126] + [pieces.special["</s>"]], place))
    found = [None] * len(sequences)
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i][0]))
    for at in range(0, len(order), 64):
        some = order[at : at + 64]
        width = max(len(sequences[i][0]) for i in some)
        ids = torch.tensor([sequences[i][0] + [1] * (width - len(sequences[i][0])) for i in some])
        hidden = model.encoder(ids, (ids != 1).long())
        for row, i in enumerate(some):
            first, last = sequences[i][1]
            found[i] = hidden[row, min(first, 125) + 1 : min(last, 125) + 2].mean(0)
    return torch.stack(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--terms", nargs="+", required=True)
    parser.add_argument("--links", nargs="+", required=True)
    parser.add_argument("--dev", nargs="+", required=True)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=20261130)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)
    model = load(args.model).eval()
    pieces = data.Pieces(Tokenizer.from_file(str(Path(args.model) / "tokenizer.json")))
    terms = [pair for path in args.terms for pair in read_terms(path)]
    marked = lambda paths: [(c, (r["text"], a, b)) for p in paths for r in data.read(p) for (a, b), c in zip(r["spans"], r["concepts"])]
    train, dev = [(c, t) for c, t in marked(args.links) if c], marked(args.dev)
    of_terms = means(model, pieces, [(t, 0, len(t)) for _, t in terms])
    of_train, of_dev = means(model, pieces, [t for _, t in train]), means(model, pieces, [t for _, t in dev])
    by_concept = {}
    for i, (concept, _) in enumerate(terms):
        by_concept.setdefault(concept, []).append(i)
    train = [(i, concept) for i, (concept, _) in enumerate(train) if concept in by_concept]
    head = nn.Linear(of_terms.shape[1], LINK)
    optimizer = torch.optim.AdamW(head.parameters(), lr=2e-3, weight_decay=0.05)
    embed = lambda x: F.normalize(head(x), dim=1)
    for epoch in range(args.epochs):
        pairs = [(of_train[i], of_terms[rng.choice(by_concept[c])], c) for i, c in train for _ in range(2)]
        pairs += [(of_terms[i], of_terms[rng.choice(by_concept[c])], c) for i, (c, _) in enumerate(terms)]
        rng.shuffle(pairs)
        for at in range(0, len(pairs), 256):
            a, b, concepts = zip(*pairs[at : at + 256])
            logits = embed(torch.stack(a)) @ embed(torch.stack(b)).T / 0.05
            same = torch.tensor([[x == y for y in concepts] for x in concepts])
            loss = -(F.log_softmax(logits, 1).masked_fill(~same, -1e4).logsumexp(1)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 20 == 19:
            print(f"epoch {epoch + 1} loss {float(loss.detach()):.3f}", flush=True)
    with torch.no_grad():
        cosine = embed(of_dev) @ embed(of_terms).T
    letters_of = [trigrams(t) for _, t in terms]
    common = torch.tensor([[dice(trigrams(t[a:b]), other) for other in letters_of] for _, (t, a, b) in dev])
    names = [c for c, _ in terms]
    group = lambda c: (c or "").split(".")[0]
    for letters in (0.0, 0.2, 0.3, 0.4, 0.5, 1.0):
        score, best = ((1 - letters) * cosine + letters * common).max(1)
        right = [group(names[b]) == group(c) and bool(c) for b, (c, _) in zip(best.tolist(), dev)]
        ranked = sorted(zip(score.tolist(), right), reverse=True)
        hits, threshold, recall = 0, None, 0
        for n, (value, ok) in enumerate(ranked, 1):
            hits += ok
            if hits / n >= 0.9:
                threshold, recall = value, hits
        known = sum(bool(c) for c, _ in dev)
        print(f"letters {letters}: right subgroup {sum(right)} of {known} linkable, {len(dev) - known} others; precision 0.9 from "
              f"{threshold and round(threshold, 3)}: {recall} linked")
    path = Path(args.model) / "model.safetensors"
    tensors = load_file(path)
    tensors["heads.link.weight"], tensors["heads.link.bias"] = (p.detach().contiguous() for p in head.parameters())
    save_file(tensors, path)


if __name__ == "__main__":
    main()
