#!/usr/bin/env python3
"""Two tiny random models for the tests of src/model, with what Hugging Face computes with them.

    pip install torch transformers tokenizers safetensors numpy
    python models/train/tiny.py            # writes tests/model/tiny-bert and tests/model/tiny-camembert

`tiny-camembert` is what `CamembertForTokenClassification.save_pretrained` writes, without manifest. `tiny-bert` is in the
format of this repository: manifest, f16 weights under the names of Hugging Face, all heads. The same seed gives the same
files with the same versions of the libraries.
"""

import hashlib
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, CamembertConfig, CamembertForTokenClassification, PreTrainedTokenizerFast

TESTS = Path(__file__).resolve().parents[2] / "tests" / "model"
SEED = 20261130
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
MARKERS = ["<e>", "</e>"]
ASSERTION = ["present", "absent", "possible", "hypothetical", "not_assessed"]
EXPERIENCER = ["patient", "fetus", "mother", "father", "sibling", "family", "other"]
TEMPORALITY = ["current", "past", "planned"]
MENTION = ["O", "B-finding", "I-finding"]
LINK = 16

SENTENCES = [
    "Pas d'argument pour une atrésie de l'œsophage.",
    "Fœtus n° 2 : fente labiale gauche, palais non étudié.",
    "Antécédent de tétralogie de Fallot chez l'oncle maternel ; à revoir à 22 SA + 3 j.",
    "OMPHALOCELE SUSPECTEE, caryotype demandé (≥ 35 %) 👶",
    "RAS",
]
CORPUS = SENTENCES + [
    "L'examen retrouve une hernie diaphragmatique congénitale gauche avec ascension du foie.",
    "Absence de spina bifida. Pas de malformation décelable à l'échographie du deuxième trimestre.",
    "La mère présente une épilepsie traitée par acide valproïque pendant la grossesse.",
    "Laparoschisis opéré à la naissance, évolution favorable, alimentation orale à J15.",
    "Une communication interventriculaire ne peut être éliminée, contrôle prévu dans un mois.",
    "Hypospade antérieur chez le frère aîné, bilan rénal normal, suivi en urologie pédiatrique.",
]


def tokenizer(extra):
    """A Unigram tokenizer of a few hundred pieces, cut as those of XLM-RoBERTa."""
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("  ", " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    made.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=SPECIAL + extra, unk_token="<unk>", show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", made.token_to_id("<s>")), ("</s>", made.token_to_id("</s>"))]
    )
    return made


def shake(model, spread):
    """Weights large enough that every part of the network shows in the result; Hugging Face starts them too small."""
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            tensor.normal_(0.0, spread)
            if "LayerNorm.weight" in name:
                tensor += 1.0


def pieces(made, text):
    """Ids without special tokens, and byte offsets without the leading space of a piece."""
    encoding = made.encode(text, add_special_tokens=False)
    out = []
    for token, (start, end) in zip(encoding.ids, encoding.offsets):
        inside = text[start:end]
        start += len(inside) - len(inside.lstrip())
        out.append([token, len(text[:start].encode()), len(text[:end].encode())])
    return out


def numbers(tensor):
    return [float(f"{x:.7g}") for x in tensor.flatten().tolist()]


def folder(name):
    out = TESTS / name
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    return out


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def camembert():
    torch.manual_seed(SEED)
    out, made = folder("tiny-camembert"), tokenizer([])
    config = CamembertConfig(
        vocab_size=made.get_vocab_size(), hidden_size=48, num_hidden_layers=2, num_attention_heads=3,
        intermediate_size=96, max_position_embeddings=66, type_vocab_size=1, layer_norm_eps=1e-5,
        bos_token_id=0, pad_token_id=1, eos_token_id=2,
        id2label=dict(enumerate(MENTION)), label2id={label: i for i, label in enumerate(MENTION)},
    )
    model = CamembertForTokenClassification(config).eval()
    shake(model, 0.15)
    model.save_pretrained(out)
    PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>",
        unk_token="<unk>", pad_token="<pad>", mask_token="<mask>",
    ).save_pretrained(out)
    expected = []
    for text in SENTENCES:
        cut = pieces(made, text)
        ids = [0] + [p[0] for p in cut] + [2]
        with torch.no_grad():
            states = model.roberta(torch.tensor([ids])).last_hidden_state[0]
            logits = model(torch.tensor([ids])).logits[0]
        expected.append({"text": text, "pieces": cut, "ids": ids, "states": numbers(states), "mention": numbers(logits)})
    write_json(out / "expected.json", expected)


def bert():
    torch.manual_seed(SEED + 1)
    out, made = folder("tiny-bert"), tokenizer(MARKERS)
    config = BertConfig(
        vocab_size=made.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=64, type_vocab_size=2, pad_token_id=1,
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    shake(model, 0.2)
    sizes = {"assertion": (5, 96), "experiencer": (7, 96), "temporality": (3, 96), "mention": (3, 32), "link": (LINK, 32)}
    heads = {name: torch.nn.Linear(inputs, rows) for name, (rows, inputs) in sizes.items()}
    tensors = {name: tensor.half() for name, tensor in model.state_dict().items() if "position_ids" not in name}
    model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=False)
    for name, head in heads.items():
        for part in ("weight", "bias"):
            tensors[f"heads.{name}.{part}"] = getattr(head, part).detach().half()
            getattr(head, part).data = tensors[f"heads.{name}.{part}"].float()
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, out / "model.safetensors")
    config.save_pretrained(out)
    made.save(str(out / "tokenizer.json"), pretty=False)
    expected = []
    for text in SENTENCES:
        cut = pieces(made, text)
        opening, closing = len(cut) // 3 + 1, len(cut) // 3 + 3
        ids = [0] + [p[0] for p in cut] + [2]
        ids[opening:opening] = [made.token_to_id("<e>")]
        ids[closing:closing] = [made.token_to_id("</e>")]
        with torch.no_grad():
            states = model(torch.tensor([ids])).last_hidden_state[0]
            marked = torch.cat([states[0], states[opening], states[closing]])
            case = {"text": text, "pieces": cut, "ids": ids, "opening": opening, "closing": closing}
            case["states"] = numbers(states)
            for name in ("assertion", "experiencer", "temporality"):
                case[name] = numbers(heads[name](marked))
            case["mention"] = numbers(heads["mention"](states))
            link = heads["link"](states[opening + 1 : closing].mean(0))
            case["link"] = numbers(link / link.norm())
        expected.append(case)
    write_json(out / "expected.json", expected)
    manifest(out)


def manifest(out):
    files = "".join(
        f'"{name}" = {{ sha256 = "{hashlib.sha256((out / name).read_bytes()).hexdigest()}", '
        f"bytes = {(out / name).stat().st_size} }}\n"
        for name in ("config.json", "model.safetensors", "tokenizer.json")
    )
    (out / "manifest.toml").write_text(
        f"""id = "tiny-bert"
title = "Random weights for tests"
version = "1"
licence = "MIT OR Apache-2.0"
origin = "models/train/tiny.py, seed {SEED + 1}"
architecture = "bert"
max_length = 64
trained_on = []

[[measured]]
what = "nothing: the weights are random"
figure = "-"
where = "-"
date = "2026-11-30"

[files]
{files}
[heads]
assertion = {json.dumps(ASSERTION)}
experiencer = {json.dumps(EXPERIENCER)}
temporality = {json.dumps(TEMPORALITY)}
mention = {json.dumps(MENTION)}
link = {LINK}

[calibration]
assertion_temperature = 1.5
""",
        encoding="utf-8",
    )


if __name__ == "__main__":
    camembert()
    bert()
    for path in sorted(TESTS.rglob("*")):
        if path.is_file():
            print(f"{path.stat().st_size:>8} {path.relative_to(TESTS)}")
