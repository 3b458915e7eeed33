"""A trained folder -> the model that ships: 16-bit weights, manifest with the hash and size of every file.

    python export.py --model out --calibration calibration.json --describe describe.toml --into models/NAME
"""

import argparse
import hashlib
import json
import tomllib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from common import FACTS
from data import HEADS
from model import DENSE, LINK


def quoted(value):
    return json.dumps(value, ensure_ascii=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--calibration", required=True)
    parser.add_argument("--describe", required=True, help="id, title, version, licence, origin, max_length, trained_on, measured")
    parser.add_argument("--card", help="README.md of the model")
    parser.add_argument("--into", required=True)
    parser.add_argument("--positions", type=int, default=160, help="rows of the table of positions to keep")
    args = parser.parse_args()
    source, into = Path(args.model), Path(args.into)
    into.mkdir(parents=True, exist_ok=True)
    config = json.loads((source / "config.json").read_text())
    tensors = load_file(source / "model.safetensors")
    places = "embeddings.position_embeddings.weight"
    tensors[places] = tensors[places][: args.positions]
    config["max_position_embeddings"] = len(tensors[places])
    save_file({name: tensor.to(torch.float16).contiguous() for name, tensor in tensors.items()}, into / "model.safetensors")
    (into / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    (into / "tokenizer.json").write_bytes((source / "tokenizer.json").read_bytes())
    if args.card:
        (into / "README.md").write_bytes(Path(args.card).read_bytes())
    about = tomllib.loads(Path(args.describe).read_text())
    found = json.loads(Path(args.calibration).read_text())
    lines = [f"{name} = {quoted(about[name])}" for name in ("id", "title", "version", "licence", "origin")]
    lines += [f'architecture = "{config["model_type"]}"', f"max_length = {about['max_length']}", f"trained_on = {quoted(about['trained_on'])}"]
    for measured in about.get("measured", []):
        lines += ["", "[[measured]]"] + [f"{name} = {quoted(measured[name])}" for name in ("what", "figure", "where", "date")]
    lines += ["", "[heads]", f"link = {LINK}", 'mention = ["O", "B-finding", "I-finding"]']
    lines += [f"{head} = {quoted(classes)}" for head, classes in HEADS.items()]
    lines += ["", "[heads.dense]", f"units = {DENSE}", f"facts = {quoted(FACTS)}"]
    for table in ("calibration", "gate"):
        lines += ["", f"[{table}]"] + [f"{name} = {float(value)}" for name, value in found[table].items()]
    lines += ["", "[files]"]
    for path in sorted(p for p in into.iterdir() if p.name != "manifest.toml"):
        raw = path.read_bytes()
        lines.append(f'"{path.name}" = {{ sha256 = "{hashlib.sha256(raw).hexdigest()}", bytes = {len(raw)} }}')
    (into / "manifest.toml").write_text("# Written by models/train/export.py\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
