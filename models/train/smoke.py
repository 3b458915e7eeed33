"""The whole training on a tiny random model, in a minute: questions, training, linking, calibration, export, and the engine.

    python smoke.py --laennec target/debug/laennec

Fails when a step fails, when nothing is learnt, or when the engine reads the exported model otherwise than PyTorch.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

import data
from calibrate import VALUES, logits_of, merged
from common import SPECIAL
from data import HEADS
from model import Model, load
from train import save

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CONFIG = {"model_type": "bert", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128,
          "max_position_embeddings": 128, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.0,
          "attention_probs_dropout_prob": 0.0, "pad_token_id": 1, "hidden_act": "gelu"}
ABOUT = """id = "smoke"
title = "A tiny random model"
version = "0"
licence = "MIT OR Apache-2.0"
origin = "random numbers"
max_length = 128
trained_on = ["a few cases of lexicons/context"]
"""


def tokenizer(texts):
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    made.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    ends = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=600, special_tokens=ends + SPECIAL, unk_token="<unk>", show_progress=False)
    made.train_from_iterator(texts, trainer)
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return made


def run(*command, into=None):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout[-2000:]}")
    if into:
        Path(into).write_text(result.stdout, encoding="utf-8")
    return result.stdout


def agreement(laennec, exported, gold, questions):
    """Share of the values of the engine that are those of PyTorch, asked everywhere, never leaving it to the rules."""
    model = load(exported).eval()
    pieces = data.Pieces(Tokenizer.from_file(str(exported / "tokenizer.json")))
    logits, _, rows = logits_of(model, list(data.questions(data.read(questions), pieces, 128)))
    ours = {}
    for head in HEADS:
        for row, value in zip(rows, merged(head, torch.softmax(logits[head], 1)).argmax(1).tolist()):
            ours[row["document"], row["number"], head] = VALUES[head][value]
    theirs = {}
    for line in run(laennec, "qualify", gold, "--model", f"{exported}+always").splitlines():
        row = json.loads(line)
        for number, entity in enumerate(row["entities"]):
            theirs.update({(row["id"], number, head): entity[head] for head in HEADS})
    same = sum(theirs[key] == value for key, value in ours.items())
    print(f"engine and PyTorch agree on {same} of {len(ours)} values")
    return same / len(ours)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laennec", required=True)
    args = parser.parse_args()
    laennec = Path(args.laennec).resolve()
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        gold = folder / "gold.jsonl"
        gold.write_text("".join((ROOT / "examples" / "context_gold.jsonl").open(encoding="utf-8").readlines()[:80]), encoding="utf-8")
        run(laennec, "questions", gold, into=folder / "q.jsonl")
        rows, counts = data.read(folder / "q.jsonl"), {}
        for row in rows:
            row["number"] = counts[row["document"]] = counts.get(row["document"], -1) + 1
        (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        sentences = [{"id": r["document"], "text": r["text"], "spans": [[r["start"], r["end"]]], "concepts": ["omphalocele"]} for r in rows]
        (folder / "s.jsonl").write_text("".join(json.dumps(s) + "\n" for s in sentences), encoding="utf-8")
        base = folder / "base"
        pieces = tokenizer([row["text"] for row in rows])
        save(Model({**CONFIG, "vocab_size": pieces.get_vocab_size()}), pieces, base)
        python = [sys.executable]
        out = folder / "out"
        log = run(*python, HERE / "train.py", "--base", base, "--questions", folder / "q.jsonl", "--sentences", folder / "s.jsonl",
                  "--dev", folder / "q.jsonl", "--epochs", 12, "--rate", 1e-3, "--batch", 512, "--into", out)
        learnt = [json.loads(l.split(" ", 3)[3].replace("'", '"')) for l in log.splitlines() if l.startswith("epoch")]
        print(f"all right: rules {learnt[-1]['rules']}, first epoch {learnt[0]['all']}, last {learnt[-1]['all']}")
        if learnt[-1]["all"] <= max(learnt[-1]["rules"], learnt[0]["all"]):
            sys.exit("nothing was learnt")
        run(*python, HERE / "link.py", "--model", out, "--terms", ROOT / "lexicons/malformations/terms.tsv", "--links", folder / "s.jsonl",
            "--dev", folder / "s.jsonl", "--epochs", 1)
        run(*python, HERE / "calibrate.py", "--model", out, "--questions", folder / "q.jsonl", "--gate", folder / "q.jsonl",
            "--into", folder / "calibration.json")
        found = json.loads((folder / "calibration.json").read_text())
        found["calibration"].update({f"{what}_{head}": value for head in HEADS for what, value in (("overrule", 0.0), ("temperature", 1.0))})
        (folder / "calibration.json").write_text(json.dumps(found))
        (folder / "about.toml").write_text(ABOUT)
        exported = folder / "smoke"
        run(*python, HERE / "export.py", "--model", out, "--calibration", folder / "calibration.json", "--describe", folder / "about.toml",
            "--into", exported, "--positions", 128)
        print(run(laennec, "model", "check", exported).strip())
        # Weights are stored in 16 bits and a tie may fall on either side.
        if agreement(laennec, exported, gold, folder / "q.jsonl") < 0.99:
            sys.exit("the engine reads the model otherwise than PyTorch")
    print("training: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
