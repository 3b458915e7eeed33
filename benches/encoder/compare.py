"""The fused encoder against ONNX Runtime and PyTorch, alternated: one thread on one core, tokens per CPU-second.

    cargo build --release --bench encoder
    OMP_NUM_THREADS=1 taskset -c 1 python benches/encoder/compare.py target/release/deps/encoder-…

Both sides run 64 sequences of 48 tokens through the same shapes with random weights. Each round asks every engine once,
so that what else runs on the machine weighs on all alike; the table holds medians of the rounds.
"""

import statistics
import subprocess
import sys
from pathlib import Path

SHAPES = ["4x256", "6x384", "12x768"]
RIVALS = ["onnx", "onnx-fused", "torch", "torch-bf16"]
ROUNDS, SECONDS = 5, 0.7


class Engine:
    """A process that answers `name shape seconds` with tokens per CPU-second."""

    def __init__(self, command: list[str]):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        self.ready = self.process.stdout.readline().split()

    def ask(self, name: str, shape: str) -> float:
        self.process.stdin.write(f"{name} {shape} {SECONDS}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def main() -> None:
    ours = Engine([sys.argv[1], "--serve"])
    theirs = Engine([sys.executable, str(Path(__file__).with_name("bench_onnx.py"))])
    # plain Rust takes half a minute a round at the largest shape; `cargo bench --bench encoder` has it
    names = [name for name in ours.ready[1:] if name != "fused-portable"]
    engines = [(ours, name) for name in names] + [(theirs, name) for name in RIVALS]
    for shape in SHAPES:
        found = {name: [] for _, name in engines}
        for _ in range(ROUNDS):
            for engine, name in engines:
                found[name].append(engine.ask(name, shape))
        base = found["onnx"]
        print(f"\n| {shape} | tokens per CPU-second | against onnx, median (least to most) |\n|---|---|---|")
        for name, speeds in found.items():
            ratios = sorted(ours / onnx for ours, onnx in zip(speeds, base))
            spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
            print(f"| {name} | {statistics.median(speeds):,.0f} | {spread} |", flush=True)


if __name__ == "__main__":
    main()
