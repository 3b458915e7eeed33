"""Temperatures, thresholds and the gate of a trained model, on questions it was not trained on.

    python calibrate.py --model out --questions dev.q.jsonl --gate train.q.jsonl --into calibration.json [--ask 0.05]

- temperature: least negative log-likelihood of each head.
- overrule: the chance from which the model's value replaces the rules', the one with most spans right.
- gate: logistic regression of "the rules are wrong" on the facts; `ask` is the log-odds that this share of spans reach.
- mention: the chance of its least likely piece from which a finding is believed, with the best F1 on `--sentences`.
- link, link_letters: chosen by hand from what `link.py` prints.
"""

import argparse
import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn import functional as F

import data
from common import CLASSES, FACTS
from data import HEADS
from model import load

VALUES = {"assertion": list(dict.fromkeys(c.split("-")[0] for c in CLASSES)), "experiencer": HEADS["experiencer"], "temporality": HEADS["temporality"]}


@torch.no_grad()
def logits_of(model, sequences):
    """Logits, accepted classes and rules' values of every span, in order."""
    model.eval()
    found = {head: [] for head in HEADS}
    truth = {head: [] for head in HEADS}
    rows = []
    for batch in data.batches(sequences, 4096, False, 0):
        tensors = data.collate(batch)
        for head, values in model.context(model.encoder(tensors["ids"], tensors["mask"]), tensors["spans"], tensors["facts"]).items():
            found[head].append(values)
            truth[head].append(tensors["truth"][head])
        rows += [row for s in batch for row in s.rows]
    return {h: torch.cat(v) for h, v in found.items()}, {h: torch.cat(v) for h, v in truth.items()}, rows


def merged(head, chances):
    """Chances of the values of the contract: the degrees of a doubt together."""
    if head != "assertion":
        return chances
    return torch.cat([chances[:, :2], chances[:, 2:5].sum(1, keepdim=True), chances[:, 5:]], 1)


def temperature(logits, truth):
    known = truth.sum(1) > 0
    def loss(t):
        return float(-torch.where(truth[known] > 0, F.log_softmax(logits[known] / t, 1), torch.tensor(-1e4)).logsumexp(1).mean())
    return min((t / 20 for t in range(10, 81)), key=loss)


def rule_values(head, rows):
    return torch.tensor([next(i for i, v in enumerate(VALUES[head]) if v in row["facts"]) for row in rows])


def right(head, values, rows):
    return torch.tensor([not row[head] or VALUES[head][v] in row[head] for v, row in zip(values.tolist(), rows)])


def gate(rows):
    """Weights of the facts, and the bias, of the log-odds that the rules are wrong in some attribute."""
    facts = torch.tensor([[float(name in row["facts"]) for name in FACTS] for row in rows])
    wrong = torch.tensor([float(any(row[h] and not set(row[h]) & set(row["facts"]) for h in HEADS)) for row in rows])
    weights = torch.zeros(len(FACTS) + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=200, line_search_fn="strong_wolfe")
    def closure():
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(facts @ weights[:-1] + weights[-1], wrong) + 1e-3 * weights[:-1].square().sum()
        loss.backward()
        return loss
    optimizer.step(closure)
    return weights.detach()


def scores(weights, rows):
    facts = torch.tensor([[float(name in row["facts"]) for name in FACTS] for row in rows])
    return facts @ weights[:-1] + weights[-1]


@torch.no_grad()
def findings(model, pieces, rows, max_length):
    """Marked spans of each sentence, and those the model sees: (first piece, last piece, least chance)."""
    model.eval()
    for row in rows:
        for sequence in data.tagged(row["text"], row["spans"], pieces, max_length):
            ids = torch.tensor([sequence.ids])
            chances = model.heads["mention"](model.encoder(ids, torch.ones_like(ids))).softmax(2)[0, 1:-1].tolist()
            found, is_open = [], False
            for i, (outside, begin, inside) in enumerate(chances):
                if outside >= 0.5:
                    is_open = False
                elif inside > begin and is_open:
                    found[-1] = (found[-1][0], i, min(found[-1][2], 1 - outside))
                else:
                    found.append((i, i, 1 - outside))
                    is_open = True
            tags, marked = sequence.tags[1:-1], []
            for i, tag in enumerate(tags):
                if tag == 1:
                    marked.append((i, i))
                elif tag == 2 and marked:
                    marked[-1] = (marked[-1][0], i)
            yield marked, found


def mention_threshold(read):
    """The threshold with the best exact F1; prints precision and recall along the way."""
    best = (0.0, 0.5)
    for percent in (50, 60, 70, 80, 85, 90, 95, 97, 98, 99):
        hits = seen = marked = 0
        for truth, found in read:
            kept = {(a, b) for a, b, chance in found if chance >= percent / 100}
            hits, seen, marked = hits + len(kept & set(truth)), seen + len(kept), marked + len(truth)
        f1 = 2 * hits / max(1, seen + marked)
        print(f"mentions from {percent / 100}: precision {hits / max(1, seen):.3f} recall {hits / max(1, marked):.3f} F1 {f1:.3f}")
        best = max(best, (f1, percent / 100))
    return best[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--questions", nargs="+", required=True)
    parser.add_argument("--gate", nargs="+", required=True)
    parser.add_argument("--sentences", nargs="*", default=[])
    parser.add_argument("--link", type=float, nargs=2, default=(0.8, 0.3), help="threshold and share of letters")
    parser.add_argument("--head-concepts", type=int, default=0, help="cascade: read sentences with a word that begins so many concepts; 0: none")
    parser.add_argument("--overrule", nargs="*", default=[], help="HEAD=CHANCE: a threshold given, not chosen")
    parser.add_argument("--into")
    parser.add_argument("--ask", type=float, default=0.05, help="share of spans to ask about")
    parser.add_argument("--max-length", type=int, default=128)
    args = parser.parse_args()
    model = load(args.model)
    pieces = data.Pieces(Tokenizer.from_file(str(Path(args.model) / "tokenizer.json")))
    read = [row for path in args.questions for row in data.read(path)]
    logits, truth, rows = logits_of(model, list(data.questions(read, pieces, args.max_length)))
    calibration, overruled, by_rules = {}, {}, {}
    for head in HEADS:
        calibration[f"temperature_{head}"] = t = temperature(logits[head], truth[head])
        chances, values = merged(head, F.softmax(logits[head] / t, 1)).max(1)
        rules = rule_values(head, rows)
        def with_threshold(threshold):
            return torch.where(chances >= threshold, values, rules)
        best = max((p / 100 for p in range(30, 96)), key=lambda p: int(right(head, with_threshold(p), rows).sum()))
        best = float(dict(given.split("=") for given in args.overrule).get(head, best))
        calibration[f"overrule_{head}"] = best
        overruled[head], by_rules[head] = with_threshold(best), rules
        n = len(rows)
        print(f"{head}: n {n} temperature {t} rules {int(right(head, rules, rows).sum()) / n:.4f} model "
              f"{int(right(head, values, rows).sum()) / n:.4f} overruling from {best}: {int(right(head, overruled[head], rows).sum()) / n:.4f}")
    every = lambda chosen: torch.stack([right(h, chosen[h], rows) for h in HEADS]).all(0)
    print(f"all: rules {every(by_rules).float().mean():.4f} asked everywhere {every(overruled).float().mean():.4f}")
    weights = gate([row for path in args.gate for row in data.read(path)])
    order = scores(weights, rows).argsort(descending=True)
    for share in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0):
        asked = torch.zeros(len(rows), dtype=torch.bool)
        asked[order[: int(share * len(rows))]] = True
        print(f"asked about {share:.2f}: all {torch.where(asked, every(overruled), every(by_rules)).float().mean():.4f}")
    sentences = [row for path in args.sentences for row in data.read(path)]
    if sentences:
        calibration["mention"] = mention_threshold(list(findings(model, pieces, sentences, args.max_length)))
    calibration["link"], calibration["link_letters"] = args.link
    calibration["head_concepts"] = args.head_concepts
    calibration["ask"] = round(float(scores(weights, rows)[order[int(args.ask * (len(rows) - 1))]]), 3)
    named = {name: round(float(w), 3) for name, w in zip([*FACTS, "bias"], weights)}
    for name, weight in sorted(named.items(), key=lambda item: -item[1])[:12]:
        print(f"gate {name} {weight}")
    if args.into:
        Path(args.into).write_text(json.dumps({"calibration": calibration, "gate": named}, indent=1) + "\n")


if __name__ == "__main__":
    main()
