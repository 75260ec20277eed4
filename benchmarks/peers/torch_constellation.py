"""Steps of training of a constellation of encoders in PyTorch, with the sizes of constellation_bench: `sparse`, where
an expert runs on the rows that chose it, padded by sequence; `all`, where every chosen expert runs on all rows; and
`thrice`, the same for each of a row's three choices anew, as the system does that this is made after.

Run:  python benchmarks/peers/torch_constellation.py [threads]     on a quiet machine; medians after 2 steps
"""

import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

EXPERTS, TOP_K, SEQUENCES, LENGTH = 32, 3, 16, 128


class Expert(nn.Module):
    def __init__(self, wide, hidden):
        super().__init__()
        self.enter = nn.Sequential(nn.Linear(wide, hidden), nn.LayerNorm(hidden), nn.GELU())
        self.layer = nn.TransformerEncoderLayer(hidden, 8, 4 * hidden, dropout=0.1, activation="gelu", batch_first=True,
                                                norm_first=True)
        self.layer.self_attn.dropout = 0.0
        self.leave = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, wide))
        self.confidence = nn.Linear(hidden, 1)

    def forward(self, x, padding=None):
        state = self.layer(self.enter(x), src_key_padding_mask=padding)
        return self.leave(state), self.confidence(state).sigmoid()


class Constellation(nn.Module):
    def __init__(self, wide, hidden):
        super().__init__()
        self.stars = nn.Parameter(torch.randn(EXPERTS, wide))
        self.attention = nn.MultiheadAttention(wide, 8, batch_first=True)
        self.scores = nn.Sequential(nn.Linear(wide, 4 * EXPERTS), nn.GELU(), nn.Linear(4 * EXPERTS, EXPERTS))
        self.experts = nn.ModuleList(Expert(wide, hidden) for _ in range(EXPERTS))

    def forward(self, x, way):
        stars = self.stars.expand(len(x), -1, -1)
        scores = self.scores(self.attention(x, stars, stars, need_weights=False)[0])
        probabilities = scores.softmax(-1)
        top = probabilities.topk(TOP_K, -1)
        shares = top.values / top.values.sum(-1, keepdim=True)
        total = torch.full(x.shape[:2], 1e-8)
        y = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            chosen = top.indices == number
            if not chosen.any():
                continue
            if way == "sparse":
                y, total = self.sparse(expert, x, chosen, shares, y, total)
                continue
            for places in chosen.unbind(-1) if way == "thrice" else [chosen.any(-1)]:
                if not places.any():
                    continue
                answer, sure = expert(x)
                weight = (shares * chosen).sum(-1) * places * sure[..., 0]
                y, total = y + weight[..., None] * answer, total + weight
        balance = EXPERTS * (F.one_hot(top.indices, EXPERTS).sum((0, 1, 2)) / probabilities[..., 0].numel()
                             * probabilities.mean((0, 1))).sum()
        return y / total[..., None], 0.01 * balance + 0.001 * scores.logsumexp(-1).square().mean()

    @staticmethod
    def sparse(expert, x, chosen, shares, y, total):
        rows = chosen.any(-1)
        counts = rows.sum(1)
        order = rows.to(torch.int8).argsort(dim=1, descending=True, stable=True)[:, :int(counts.max())]
        used = counts > 0
        order, lengths = order[used], counts[used]
        padding = torch.arange(order.shape[1]) >= lengths[:, None]
        sequence = torch.arange(len(x))[used][:, None].expand_as(order)
        answer, sure = expert(x[sequence, order], padding)
        weight = ((shares * chosen).sum(-1)[sequence, order] * sure[..., 0])[~padding]
        at = (sequence[~padding], order[~padding])
        return (y.index_put(at, weight[:, None] * answer[~padding], accumulate=True),
                total.index_put(at, weight, accumulate=True))


def median(wide, hidden, way, steps):
    torch.manual_seed(1)
    model = Constellation(wide, hidden)
    for parameter in [*model.attention.parameters(), *model.scores.parameters()]:
        parameter.data *= 6  # a new router sends all rows to a few experts
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, foreach=True)
    x, targets = torch.randn(SEQUENCES, LENGTH, wide), torch.randn(SEQUENCES, LENGTH, wide)
    seconds, busy = [], []
    for _ in range(steps + 2):
        begin, used = time.perf_counter(), time.process_time()
        y, extra = model(x, way)
        (F.mse_loss(y, targets) + extra).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - begin)
        busy.append(time.process_time() - used)
    return 1e3 * statistics.median(seconds[2:]), 1e3 * statistics.median(busy[2:])


def main():
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    print(f"threads {torch.get_num_threads()}", flush=True)
    for wide, hidden, ways in (64, 128, ("sparse", "all", "thrice")), (256, 512, ("sparse", "all")):
        for way in ways:
            steps = 5 if way == "sparse" or hidden == 128 else 1
            print(f"{wide}-{hidden}-{wide} {way}: %.0f ms, CPU %.0f ms" % median(wide, hidden, way, steps), flush=True)


if __name__ == "__main__":
    main()
