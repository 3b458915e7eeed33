"""Trains the heads and the encoder on questions and tagged sentences.

    python train.py --base base --questions dev.q.jsonl ... --sentences tagged.jsonl --into out

`--questions FILE[:trust]`: lines of `laennec questions`; trust 0 hides the rules' verdict, which was tuned on that text.
Seeds, sizes and expected scores: README.md. On a GPU: `--device cuda`.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch.nn import functional as F

import data
from data import HEADS
from model import load


def losses(model, batch, weight):
    hidden = model.encoder(batch["ids"], batch["mask"])
    total, parts = 0.0, {}
    if len(batch["spans"]):
        for head, logits in model.context(hidden, batch["spans"], batch["facts"]).items():
            truth = batch["truth"][head]
            known = truth.sum(1) > 0
            # Every accepted value is right: minus the log of their joint probability.
            accepted = torch.where(truth > 0, F.log_softmax(logits, 1), torch.full_like(logits, -1e4)).logsumexp(1)
            parts[head] = -accepted[known].mean() if known.any() else logits.sum() * 0
            total = total + parts[head]
    if (batch["tags"] >= 0).any():
        logits = model.heads["mention"](model.dropout(hidden))
        parts["mention"] = F.cross_entropy(logits.flatten(0, 1), batch["tags"].flatten(), ignore_index=-100)
        total = total + weight * parts["mention"]
    return total, parts


def optimiser(model, rate, head_rate):
    groups = [
        {"params": [p for n, p in model.encoder.named_parameters() if p.ndim > 1], "lr": rate, "weight_decay": 0.01},
        {"params": [p for n, p in model.encoder.named_parameters() if p.ndim <= 1], "lr": rate, "weight_decay": 0.0},
        {"params": list(model.heads.parameters()), "lr": head_rate, "weight_decay": 0.01},
    ]
    return torch.optim.AdamW(groups, eps=1e-6)


@torch.no_grad()
def accuracy(model, sequences, device):
    """Share of spans right: each head, all heads; and of the rules alone."""
    model.eval()
    right, rules, n = {h: 0 for h in [*HEADS, "all"]}, 0, 0
    for batch in data.batches(sequences, 8192, False, 0):
        tensors = to(data.collate(batch), device)
        logits = model.context(model.encoder(tensors["ids"], tensors["mask"]), tensors["spans"], tensors["facts"])
        every = torch.ones(len(tensors["spans"]), dtype=torch.bool)
        for head, values in logits.items():
            best = values.argmax(1)
            truth = tensors["truth"][head]
            if head == "assertion":  # the degree of a doubt is another question
                doubt = truth[:, 2:5].amax(1, keepdim=True).expand(-1, 3)
                truth = torch.cat([truth[:, :2], doubt, truth[:, 5:]], 1)
            ok = ((truth[torch.arange(len(best)), best] > 0) | (truth.sum(1) == 0)).cpu()
            right[head] += int(ok.sum())
            every &= ok
        right["all"] += int(every.sum())
        n += len(every)
        for s in batch:
            for row, names in zip(s.rows, s.facts):
                rules += all(any(v in names for v in row[h]) or not row[h] for h in HEADS)
    model.train()
    return {**{h: round(v / max(n, 1), 4) for h, v in right.items()}, "rules": round(rules / max(n, 1), 4), "n": n}


def to(batch, device):
    return {k: {h: t.to(device) for h, t in v.items()} if isinstance(v, dict) else v.to(device) for k, v in batch.items()}


def save(model, tokenizer, into):
    """A Hugging Face folder, f32; `export.py` makes the shipped one of it."""
    into.mkdir(parents=True, exist_ok=True)
    tensors = {n.removeprefix("encoder."): t.detach().cpu().contiguous() for n, t in model.state_dict().items()}
    tensors = {("encoder." + n if n.startswith("layer.") else n): t for n, t in tensors.items()}
    save_file(tensors, into / "model.safetensors")
    (into / "config.json").write_text(json.dumps(model.encoder.config, indent=1) + "\n")
    tokenizer.save(str(into / "tokenizer.json"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", required=True)
    parser.add_argument("--layers", help="numbers of the layers to keep, for instance 0,2,4,6,8,10")
    parser.add_argument("--questions", nargs="*", default=[])
    parser.add_argument("--sentences", nargs="*", default=[], help="JSON lines {text, spans: [[start, end], ...]}")
    parser.add_argument("--dev", nargs="*", default=[])
    parser.add_argument("--into")
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--head-rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=1536, help="pieces a batch")
    parser.add_argument("--hide", type=float, default=0.25, help="chance that the rules' verdict on a span is hidden")
    parser.add_argument("--mention-weight", type=float, default=2.0)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    random.seed(args.seed)
    torch.set_num_threads(args.threads)
    layers = [int(n) for n in args.layers.split(",")] if args.layers else None
    model = load(args.base, layers).to(args.device)
    tokenizer = Tokenizer.from_file(str(Path(args.base) / "tokenizer.json"))
    pieces = data.Pieces(tokenizer)
    train, dev = [], {}
    for given in args.questions:
        path, _, trust = given.partition(":")
        train += data.questions(data.read(path), pieces, args.max_length, float(trust or 1))
    for path in args.sentences:
        for row in data.read(path):
            train += data.tagged(row["text"], row["spans"], pieces, args.max_length)
    for path in args.dev:
        dev[path] = list(data.questions(data.read(path), pieces, args.max_length))
    steps_an_epoch = len(data.batches(train, args.batch, True, 0))
    steps = math.ceil(args.epochs * steps_an_epoch)
    print(f"{len(train)} sequences, {sum(len(s.spans) for s in train)} spans, {sum(len(s.ids) for s in train)} pieces, {steps} steps", flush=True)
    optimizer = optimiser(model, args.rate, args.head_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1, (s + 1) / (0.08 * steps)) * max(0.02, 1 - s / steps))
    step, epoch, began = 0, 0, time.process_time()
    model.train()
    while step < steps:
        for batch in data.batches(train, args.batch, True, args.seed + epoch):
            if step == steps:
                break
            loss, parts = losses(model, to(data.collate(batch, args.hide, args.seed + step), args.device), args.mention_weight)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            step += 1
            if step % 100 == 0 or step == steps:
                shown = " ".join(f"{k} {float(v.detach()):.3f}" for k, v in parts.items())
                print(f"step {step}/{steps} {shown} cpu {time.process_time() - began:.0f} s", flush=True)
        epoch += 1
        for path, sequences in dev.items():
            print(f"epoch {epoch} {path} {accuracy(model, sequences, args.device)}", flush=True)
        if args.into:
            save(model, tokenizer, Path(args.into))


if __name__ == "__main__":
    main()
