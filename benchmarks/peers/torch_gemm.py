"""PyTorch's products of float32 matrices: the sizes and forms of benchmarks/simd/gemm_bench.cpp.

    python3 benchmarks/peers/torch_gemm.py [threads]

Prints GFLOP/s of x W^T, g W and g^T x for 2048 rows: the median and the best of 15 runs.
"""

import sys
import time

import torch


def rates(product, operations, runs=15):
    product()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        product()
        times.append(time.perf_counter() - start)
    times.sort()
    return operations / times[runs // 2] / 1e9, operations / times[0] / 1e9


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    rows = 2048
    for outputs, inputs in (512, 1024), (1024, 512), (2048, 2048):
        x, g, w = torch.randn(rows, inputs), torch.randn(rows, outputs), torch.randn(outputs, inputs)
        y, dx, dw = torch.empty(rows, outputs), torch.empty(rows, inputs), torch.empty(outputs, inputs)
        for name, product in (("x W^T", lambda: torch.mm(x, w.T, out=y)), ("g W", lambda: torch.mm(g, w, out=dx)),
                              ("g^T x", lambda: torch.mm(g.T, x, out=dw))):
            median, best = rates(product, 2 * rows * outputs * inputs)
            print(f"{name:6} {outputs:5} x {inputs:5}  {torch.get_num_threads()} threads: "
                  f"median {median:6.1f}, best {best:6.1f}", flush=True)


if __name__ == "__main__":
    main()
