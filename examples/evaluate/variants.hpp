// The compiled variants that `evaluate` can run: the main example's policies with one weight format each.
#pragma once

#include <asterism/lab/evaluate.hpp>
#include <asterism/quant/least_squares.hpp>
#include <span>
#include <string>
#include <vector>

namespace example {

using namespace asterism;

/// Experts and attention in Format; head and embedding in bfloat16, the cache in float16.
template <class Format>
struct Variant : Blueprint {
  static constexpr Limits limits{.context = 32768, .batch = 1, .prefill_chunk = 512, .threads = 64};
  using Quantization = Format;
};

/// The reference: float32 everywhere.
struct Exact : Variant<quant::Float32> {
  using Embedding = quant::Float32;
  using Head = quant::Float32;
  using KvCache = attention::BoundedKv<quant::Float32>;
};

/// What `--quantization` calls a variant.
struct NamedVariant {
  const char* name;
  const char* what;
  lab::Evaluation (*evaluate)(const std::string& folder, std::span<const lab::Question> questions,
                              const LoadOptions& load_options, const lab::EvaluateOptions& options);
};

using Bfloat16 = Variant<quant::BFloat16>;
using Float16 = Variant<quant::Float16>;
using Nf4Plain = Variant<quant::Nf4<64, quant::PlainScales>>;
using Nf4 = Variant<quant::Nf4<64, quant::DoubleQuantized>>;
using Nf4LeastSquares = Variant<quant::Nf4<64, quant::DoubleQuantized, quant::LeastSquares>>;
using Nf4Signed = Variant<quant::Nf4<64, quant::DoubleQuantized, quant::SignedLeastSquares>>;

inline constexpr NamedVariant variants[] = {
    {"float32", "weights, head, embedding and cache in 32 bits: the reference", lab::evaluate<Exact>},
    {"bfloat16", "weights in bfloat16, cache in float16", lab::evaluate<Bfloat16>},
    {"float16", "weights in float16, cache in float16", lab::evaluate<Float16>},
    {"nf4-plain", "NF4, scales in 32 bits: 4.5 bits a weight", lab::evaluate<Nf4Plain>},
    {"nf4", "NF4, double-quantized scales: 4.127 bits a weight", lab::evaluate<Nf4>},
    {"nf4-least-squares", "the same bits, scales of least squared error", lab::evaluate<Nf4LeastSquares>},
    {"nf4-signed", "the same bits, scales of either sign", lab::evaluate<Nf4Signed>},
};

}  // namespace example

// Each variant is instantiated in a source of its own, so that they compile apart.
extern template asterism::lab::Evaluation asterism::lab::evaluate<example::Exact>(
    const std::string&, std::span<const asterism::lab::Question>, const asterism::LoadOptions&,
    const asterism::lab::EvaluateOptions&);
extern template asterism::lab::Evaluation asterism::lab::evaluate<example::Bfloat16>(
    const std::string&, std::span<const asterism::lab::Question>, const asterism::LoadOptions&,
    const asterism::lab::EvaluateOptions&);
extern template asterism::lab::Evaluation asterism::lab::evaluate<example::Float16>(
    const std::string&, std::span<const asterism::lab::Question>, const asterism::LoadOptions&,
    const asterism::lab::EvaluateOptions&);
extern template asterism::lab::Evaluation asterism::lab::evaluate<example::Nf4Plain>(
    const std::string&, std::span<const asterism::lab::Question>, const asterism::LoadOptions&,
    const asterism::lab::EvaluateOptions&);
extern template asterism::lab::Evaluation asterism::lab::evaluate<example::Nf4>(
    const std::string&, std::span<const asterism::lab::Question>, const asterism::LoadOptions&,
    const asterism::lab::EvaluateOptions&);
extern template asterism::lab::Evaluation asterism::lab::evaluate<example::Nf4LeastSquares>(
    const std::string&, std::span<const asterism::lab::Question>, const asterism::LoadOptions&,
    const asterism::lab::EvaluateOptions&);
extern template asterism::lab::Evaluation asterism::lab::evaluate<example::Nf4Signed>(
    const std::string&, std::span<const asterism::lab::Question>, const asterism::LoadOptions&,
    const asterism::lab::EvaluateOptions&);
