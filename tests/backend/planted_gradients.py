"""Plants a mistake in each backward twin, one at a time, in a copy of the headers, and shows that its laws find it.

Usage: planted_gradients.py [WORD...]   (from anywhere; compiler from $CXX, default c++; all mistakes without words)
Builds training_host_test.cpp and, for what is none of a backend, gradients_test.cpp, for each mistake, a quarter of a
minute of a core; not part of ctest. Fails where a mistake is not found, or where its line is no longer in the headers.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST, ATTENTION, DEVICE = ("backend/host_training_impl.hpp", "backend/packed_attention_impl.hpp",
                           "backend/training_host.hpp")
ENCODER = "backend/host_encoder_impl.hpp"
LAWS, MODELS = "tests/backend/training_host_test.cpp", "tests/train/gradients_test.cpp"
BOTH = "tests/backend/host_encoder_test.cpp"
STARS, STAR = "tests/train/constellation_trainer_test.cpp", "tests/train/constellation_layer_test.cpp"
ENCODERS = "train/encoders/"

# Name: (test, header below include/asterism, the line as it is, the line with the mistake).
MISTAKES = {
    "norm: the mean's share forgotten": (LAWS, HOST, "to[c] += r * w[c] * d[c] - from[c] * along;",
                                         "to[c] += r * w[c] * d[c];"),
    "norm: the weight's gradient without the scale": (LAWS, HOST, "sums[c] += d[c] * from[c] * r;",
                                                      "sums[c] += d[c] * from[c];"),
    "bias: the last row dropped": (LAWS, HOST, "sum_over_rows(dy.rows(), db.view.row(0)",
                                   "sum_over_rows(dy.rows() - 1, db.view.row(0)"),
    "SiLU: the inner derivative forgotten": (LAWS, "simd/silu_backward_impl.hpp",
                                             "dy * u * s * (1.0F + g * (1.0F - s));", "dy * u * s;"),
    "ReLU: zero passes": (LAWS, HOST, "passed[c] > 0 ? row[c] : 0.0F", "passed[c] >= 0 ? row[c] : 0.0F"),
    "rotation: the wrong way": (LAWS, HOST, "left[c] = l * cosine[c] + r * sine[c];",
                                "left[c] = l * cosine[c] - r * sine[c];"),
    "attention: scores unscaled on the way back": (LAWS, ATTENTION, "part.scale * p[j] * (of_row[j] - mean)",
                                                   "p[j] * (of_row[j] - mean)"),
    "attention: the mean forgotten": (LAWS, ATTENTION, "p[j] * (of_row[j] - mean)", "p[j] * of_row[j]"),
    "attention: heads that share keys overwrite": (LAWS, ATTENTION,
                                                   "gradients.values.rows_at(part.begin, part.seen), true}",
                                                   "gradients.values.rows_at(part.begin, part.seen), false}"),
    "attention: a window one too wide": (LAWS, ATTENTION, "position + 1 > window ? position + 1 - window : 0",
                                         "position > window ? position - window : 0"),
    "combine: the weight's gradient of another slot": (LAWS, HOST,
                                                       "dot(d.data, answers.view.row(slot).data, d.size)",
                                                       "dot(d.data, answers.view.row(row * k + j).data, d.size)"),
    "combine: unweighted": (LAWS, HOST, "to[c] = weight * d[c];", "to[c] = d[c];"),
    "gather: overwritten": (LAWS, HOST, "for (std::size_t c = 0; c < d.size; ++c) to[c] += d[c];\n    }\n  });",
                            "for (std::size_t c = 0; c < d.size; ++c) to[c] = d[c];\n    }\n  });"),
    "loss: the target not subtracted": (LAWS, HOST, "row[target] -= weights[i];", ""),
    "loss: the row's weight forgotten": (LAWS, HOST, "const float share = weights[i] / total;",
                                         "const float share = 1 / total;"),
    "rows taken: others not cleared": (LAWS, HOST, "  clear(dx);\n", ""),
    "embedding: a repeated token overwrites": (LAWS, DEVICE, "to[c] += from[c];", "to[c] = from[c];"),
    "products: the gradient of weights overwritten": (
        LAWS, DEVICE, ".c = dweights, .adds = into == Into::add}", ".c = dweights, .adds = false}"),
    "products: the gradient of rows always overwritten": (LAWS, DEVICE, ".c = dx, .adds = into == Into::add}",
                                                          ".c = dx, .adds = false}"),
    "layer norm: the mean's share forgotten": (BOTH, ENCODER, "w[c] * d[c] - shift -", "w[c] * d[c] -"),
    "layer norm: the variance's share forgotten": (BOTH, ENCODER, "- shift - (from[c] - mean) * along;", "- shift;"),
    "layer norm: the bias forgotten": (BOTH, ENCODER, "  bias_backward(dy, dbias);\n", ""),
    "GELU: its density forgotten": (BOTH, "linalg/gelu_backward_impl.hpp", "+ 1.0F) + x * density;", "+ 1.0F);"),
    "logistic: the slope of its argument": (BOTH, ENCODER, "y.view(i, c) * (1.0F - y.view(i, c))",
                                            "(1.0F - y.view(i, c))"),
    "both ways: the last key unseen": (BOTH, ATTENTION, "return {first, rows, 0, of.keys.rows, 0, true, scale}",
                                       "return {first, rows, 0, of.keys.rows - 1, 0, true, scale}"),
    "dropout: the same columns in every row": (BOTH, "backend/dropout.hpp", "mix(stream + step * (row + 1))",
                                               "mix(stream + 0 * row)"),
    "dropout: what stays is not enlarged": (BOTH, ENCODER, "reinterpret_cast<Bits>(values * scale)", "reinterpret_cast<Bits>(values)"),
    "confidence: the mean forgotten": (BOTH, ENCODER, "(dweights.view(i, j) - mean) / total",
                                       "dweights.view(i, j) / total"),
    "confidence: of the wrong slot": (BOTH, ENCODER, "dconfidences.view(slot(j), 0) = d",
                                      "dconfidences.view(i * k + j, 0) = d"),
    "squares: half the slope": (BOTH, ENCODER, "2 * weights[i] * difference", "weights[i] * difference"),
    "encoder: the residual stream not joined": (STARS, ENCODERS + "encoder_layer.hpp",
                                                "    device.add(saved.middle, y);\n", ""),
    "encoder: its gradient not joined": (STARS, ENCODERS + "encoder_layer.hpp",
                                         "second.backward(device, saved.middle, work.branch, d);",
                                         "device.clear(d);\n    second.backward(device, saved.middle, work.branch, d);"),
    "encoder: dropout forgotten on the way back": (STARS, ENCODERS + "encoder_layer.hpp",
                                                   "drops.apply(device, 0, work.branch);", ""),
    "expert: its confidence does not learn": (STARS, ENCODERS + "encoder_expert.hpp",
                                              "    confidence.backward(device, saved.state, dconfidences, Into::add, work.d);\n",
                                              ""),
    "expert: confidence overwrites": (STARS, ENCODERS + "encoder_expert.hpp", "dconfidences, Into::add, work.d",
                                      "dconfidences, Into::overwrite, work.d"),
    "experts: dropout of all alike": (STAR, ENCODERS + "encoder_experts.hpp",
                                      "sent.sources.subview(piece.first, piece.rows)",
                                      "sent.sources.subview(0, piece.rows)"),
    "experts: not thought again": (STAR, ENCODERS + "encoder_experts.hpp", "if (recomputes) expert.think", "if (false) expert.think"),
    "pieces: sequences see one another": (STARS, ENCODERS + "expert_pieces.hpp",
                                          "ends_.push_back(static_cast<std::uint32_t>(next - first));",
                                          "ends_.assign(1, static_cast<std::uint32_t>(next - first));"),
    "router: values overwrite what experts stand for": (STARS, ENCODERS + "attention_router.hpp",
                                                        "work.dvalue, Into::add", "work.dvalue, Into::overwrite"),
    "constellation: rows get nothing of experts": (STAR, ENCODERS + "constellation_layer.hpp",
                                                   "if (dx.rows() > 0) device.gather_backward", "if (false) device.gather_backward"),
    "constellation: weights before confidence": (STARS, ENCODERS + "constellation_layer.hpp",
                                                 "device.combine(groups, saved.weighed,", "device.combine(groups, saved.routes,"),
    "constellation: half the z-loss": (STARS, ENCODERS + "constellation_layer.hpp",
                                       "2.0 * static_cast<double>(losses.z)", "static_cast<double>(losses.z)"),
    "constellation: balance without the share": (STARS, "train/router_report.hpp", "factor * share(e) / n", "factor / n"),
    "routing: the mean of weights forgotten": (MODELS, "gating/softmax_choice_backward.hpp",
                                               "chosen[j].weight * (dweights[j] - chosen_mean)",
                                               "chosen[j].weight * dweights[j]"),
    "balance: its gradient of one layer in the place of all": (
        MODELS, "train/dispatch.hpp", "static_cast<double>(losses.balance) / layers_", "static_cast<double>(losses.balance)"),
    "z-loss: half its gradient": (MODELS, "train/dispatch.hpp", "2.0 * static_cast<double>(losses.z)",
                                  "static_cast<double>(losses.z)"),
    "block: the residual stream not joined": (MODELS, "train/attention.hpp",
                                              "key_.backward(device, x, dkey, d.low_rank, backend::Into::add, dx);",
                                              "key_.backward(device, x, dkey, d.low_rank, backend::Into::overwrite, dx);"),
    "tied head: the embedding's rows alone": (MODELS, "train/pass.hpp", "here.weight_gradient(logits, normed, gradients_->head());",
                                              "if (gradients_->has_own_head()) here.weight_gradient(logits, normed, gradients_->head());"),
}


def found(test, header, line, mistake):
    """Whether a test fails once the mistake is in."""
    with tempfile.TemporaryDirectory() as folder:
        include = Path(folder) / "include"
        shutil.copytree(ROOT / "include", include)
        path = include / "asterism" / header
        text = path.read_text()
        if line not in text:
            sys.exit(f"{header} no longer has the line: {line}")
        path.write_text(text.replace(line, mistake))
        program = Path(folder) / "test"
        subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-O1", f"-I{include}", f"-I{ROOT}/tests",
                        "-isystem", "/usr/include/eigen3", f'-DASTERISM_GOLDEN_DIR="{ROOT}/tests/golden"',
                        f'-DASTERISM_SOURCE_DIR="{ROOT}"', str(ROOT / test), str(ROOT / "tests/doctest_main.cpp"),
                        "-o", str(program), "-pthread", "-lpcre2-8", "-lutf8proc"], check=True)
        return subprocess.run([str(program)], capture_output=True).returncode != 0


def main():
    missed = 0
    for name, (test, *change) in MISTAKES.items():
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        is_found = found(test, *change)
        missed += not is_found
        print(f"{'found' if is_found else 'MISSED':<8}{name}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
