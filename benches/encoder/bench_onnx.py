"""ONNX Runtime and PyTorch on the shapes of the fused encoder: random weights, one thread, CPU time.

Reads commands on standard input, one a line (`onnx 6x384`), answers with tokens per CPU-second, so that `compare.py`
can alternate it with the encoder under test. Run alone it prints a table.
"""

import resource
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from transformers import BertConfig, BertModel

SHAPES = {"4x256": (4, 256, 8, 1024), "6x384": (6, 384, 12, 1536), "12x768": (12, 768, 12, 3072)}
SEQUENCES, TOKENS = 64, 48


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def model(shape: str) -> BertModel:
    layers, hidden, heads, inside = SHAPES[shape]
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=1000,
        num_hidden_layers=layers,
        hidden_size=hidden,
        num_attention_heads=heads,
        intermediate_size=inside,
    )
    return BertModel(config, add_pooling_layer=False).eval()


class Hidden(torch.nn.Module):
    """The model as a function of ids and mask alone, for the export."""

    def __init__(self, inner: BertModel):
        super().__init__()
        self.inner = inner

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.inner(input_ids=ids, attention_mask=mask).last_hidden_state


def export(shape: str, folder: Path, ids: torch.Tensor, mask: torch.Tensor) -> Path:
    file = folder / f"{shape}.onnx"
    names = {"input_names": ["ids", "mask"], "output_names": ["hidden"]}
    axes = {name: {0: "batch", 1: "tokens"} for name in ("ids", "mask", "hidden")}
    wrapped = Hidden(model(shape)).eval()
    torch.onnx.export(wrapped, (ids, mask), file, dynamo=False, dynamic_axes=axes, opset_version=17, **names)
    return file


def optimised(file: Path, shape: str) -> Path:
    """The graph with ONNX Runtime's own fusions for BERT (attention, GELU, skip + LayerNorm)."""
    from onnxruntime.transformers import optimizer

    _, hidden, heads, _ = SHAPES[shape]
    fused = optimizer.optimize_model(str(file), model_type="bert", num_heads=heads, hidden_size=hidden)
    out = file.with_suffix(".fused.onnx")
    fused.save_model_to_file(str(out))
    return out


def session(file: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def runners(shape: str, folder: Path):
    """Functions that encode the 64 sequences once, by engine."""
    ids = torch.tensor([[(i * 37 + j * 11) % 1000 for j in range(TOKENS)] for i in range(SEQUENCES)])
    mask = torch.ones_like(ids)
    file = export(shape, folder, ids, mask)
    feed = {"ids": ids.numpy(), "mask": mask.numpy()}
    plain, fused = session(file), session(optimised(file, shape))
    f32, bf16 = model(shape), model(shape).to(torch.bfloat16)

    def through(module):
        with torch.inference_mode():
            return module(input_ids=ids, attention_mask=mask).last_hidden_state

    expected = through(f32).numpy()
    for found in (plain.run(None, feed)[0], fused.run(None, feed)[0]):
        assert np.abs(found - expected).max() < 1e-3, "the exported graph is another model"
    return {
        "onnx": lambda: plain.run(None, feed),
        "onnx-fused": lambda: fused.run(None, feed),
        "torch": lambda: through(f32),
        "torch-bf16": lambda: through(bf16),
    }


def measure(run, seconds: float) -> float:
    """Tokens per CPU-second over at least `seconds`."""
    start, count = cpu_seconds(), 0
    while True:
        run()
        count += 1
        spent = cpu_seconds() - start
        if spent >= seconds:
            return count * SEQUENCES * TOKENS / spent


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        engines = {shape: runners(shape, Path(folder)) for shape in SHAPES}
        for shape in engines:
            for run in engines[shape].values():
                run()
        if sys.stdin.isatty():
            for shape, named in engines.items():
                for name, run in named.items():
                    print(f"{shape}\t{name}\t{measure(run, 3.0):.0f}")
            return
        print("ready", flush=True)
        for line in sys.stdin:
            name, shape, seconds = line.split()
            print(f"{measure(engines[shape][name], float(seconds)):.1f}", flush=True)


if __name__ == "__main__":
    main()
