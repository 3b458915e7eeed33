"""The encoder with its heads: context of a span, BIO of findings, embedding of a finding for linking."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from common import FACTS
from data import HEADS
from encoder import Encoder

DENSE, LINK = 256, 128


class Model(nn.Module):
    def __init__(self, config):
        super().__init__()
        hidden = config["hidden_size"]
        self.encoder = Encoder(config)
        self.heads = nn.ModuleDict({
            "dense": nn.Linear(3 * hidden + len(FACTS), DENSE),
            **{name: nn.Linear(DENSE + len(FACTS), len(classes)) for name, classes in HEADS.items()},
            "mention": nn.Linear(hidden, 3),
            "link": nn.Linear(hidden, LINK),
        })
        self.dropout = nn.Dropout(0.1)
        self.trust_the_rules()

    @torch.no_grad()
    def trust_the_rules(self, by=2.5):
        """Before training the heads say what the rules say: what is learnt is where the rules are wrong."""
        for name, classes in HEADS.items():
            weight = self.heads[name].weight
            weight[:, DENSE:] = 0.0
            for row, value in enumerate(classes):
                weight[row, DENSE + FACTS.index(value.split("-")[0])] = by

    def context(self, hidden, spans, facts):
        """Logits of each head for spans (row, first piece, last piece)."""
        row, first, last = spans.T
        parts = [hidden[row, 0], hidden[row, first], hidden[row, last], facts]
        dense = F.gelu(self.heads["dense"](self.dropout(torch.cat(parts, dim=1))))
        read = torch.cat([self.dropout(dense), facts], dim=1)
        return {name: self.heads[name](read) for name in HEADS}

    def embed(self, hidden, spans):
        """Unit vectors of spans: the mean of their pieces, projected."""
        places = torch.arange(hidden.shape[1])[None]
        inside = ((places >= spans[:, 1:2]) & (places <= spans[:, 2:3])).float()
        mean = torch.einsum("nt,nth->nh", inside, hidden[spans[:, 0]]) / inside.sum(1, keepdim=True)
        return F.normalize(self.heads["link"](mean), dim=1)


def load(folder, layers=None):
    """A model on the encoder of a Hugging Face folder, with the layers of these numbers only."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text())
    weights = load_file(folder / "model.safetensors")
    kept = layers or list(range(config["num_hidden_layers"]))
    config["num_hidden_layers"] = len(kept)
    model = Model(config)
    own = {}
    for name, tensor in weights.items():
        if name.startswith("heads."):
            own[name] = tensor.float()
            continue
        parts = name.split(".")
        if parts[:2] == ["encoder", "layer"]:
            if int(parts[2]) not in kept:
                continue
            parts[2] = str(kept.index(int(parts[2])))
        own["encoder." + ".".join(parts)] = tensor.float()
    missing = [n for n in model.load_state_dict(own, strict=False).missing_keys if not n.startswith("heads.")]
    if missing:
        raise ValueError(f"{folder}: no weights for {missing[:3]}")
    return model
