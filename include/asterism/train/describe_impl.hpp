// Bodies of describe.hpp.
#pragma once

#include <charconv>
#include <cstdio>

#include "asterism/core/format.hpp"
#include "asterism/train/describe.hpp"

namespace asterism::train {

namespace detail {

template <class Number>
std::string shortest(Number value) {
  char text[64];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

}  // namespace detail

ASTERISM_INLINE std::string number_text(double value) { return detail::shortest(value); }
ASTERISM_INLINE std::string number_text(float value) { return detail::shortest(value); }

ASTERISM_INLINE std::string describe(const AdamW& optimizer) {
  return concat("AdamW(rate ", number_text(optimizer.rate), ", beta1 ", number_text(optimizer.beta1), ", beta2 ",
                number_text(optimizer.beta2), ", epsilon ", number_text(optimizer.epsilon), ", decay ",
                number_text(optimizer.decay), ")");
}

ASTERISM_INLINE std::string describe(const AdamW8& optimizer) {
  return concat("AdamW8(rate ", number_text(optimizer.rate), ", beta1 ", number_text(optimizer.beta1), ", beta2 ",
                number_text(optimizer.beta2), ", epsilon ", number_text(optimizer.epsilon), ", decay ",
                number_text(optimizer.decay), ")");
}

ASTERISM_INLINE std::string describe(const Muon& optimizer) {
  return concat("Muon(rate ", number_text(optimizer.rate), ", momentum ", number_text(optimizer.momentum),
                ", decay ", number_text(optimizer.decay), ", scale ", static_cast<int>(optimizer.scale),
                ", others by ", describe(optimizer.others), ")");
}

ASTERISM_INLINE std::string describe(const Constant& schedule) {
  return concat("Constant(warm-up ", schedule.warm_up, ")");
}

ASTERISM_INLINE std::string describe(const Cosine& schedule) {
  return concat("Cosine(warm-up ", schedule.warm_up, ", floor ", number_text(schedule.floor), ")");
}

ASTERISM_INLINE std::string describe(const LinearFall& schedule) {
  return concat("LinearFall(warm-up ", schedule.warm_up, ", fall ", number_text(schedule.fall), ")");
}

ASTERISM_INLINE std::string describe(const Losses& losses) {
  return concat("balance ", number_text(losses.balance), ", z ", number_text(losses.z), ", bias ",
                number_text(losses.bias));
}

ASTERISM_INLINE std::string describe(const Precision& precision) {
  std::string out =
      concat("gradients ", quant::name_of(precision.gradients), ", saved ", quant::name_of(precision.saved));
  if (precision.scales()) {
    out +=
        concat(", scale ", number_text(precision.scale), " doubled after ", precision.good_steps, " good steps");
  }
  return out;
}

ASTERISM_INLINE std::string describe(const Adapters& adapters) {
  return concat("rank ", adapters.attention, " at attention, ", adapters.experts, " at experts, alpha ",
                number_text(adapters.alpha), adapters.rank_stabilised ? ", rank-stabilised" : "",
                adapters.router ? ", routers whole" : "");
}

ASTERISM_INLINE std::string describe(const Shape& shape) {
  return concat("architecture ", static_cast<int>(shape.architecture), ", vocabulary ", shape.vocabulary,
                ", hidden ", shape.hidden, ", layers ", shape.layers, ", heads ", shape.heads, "/", shape.kv_heads,
                " of ", shape.head_dim, ", rotated ", shape.rotary_width(), " by ", number_text(shape.rope_theta),
                ", bias ", shape.attention_bias, ", norms of heads ", shape.qk_norm, ", window ",
                shape.sliding_window, ", experts ", shape.top_k, " of ", shape.experts, " with ", shape.ffn,
                ", normalised ", shape.normalised_top_k, ", dense ", to_string(shape.dense_layers), " with ",
                shape.dense_ffn, ", tied ", shape.tied_head, ", epsilon ", number_text(shape.rms_epsilon));
}

ASTERISM_INLINE std::uint64_t parameter_count(View<const Parameter> parameters) {
  std::uint64_t out = 0;
  for (const Parameter& parameter : parameters) out += parameter.size();
  return out;
}

ASTERISM_INLINE std::string loss_text(const LogLine& line) {
  char text[64];
  std::snprintf(text, sizeof text, "loss %.4f, %.1f %% right", line.report.pass.loss,
                100 * line.report.pass.right);
  return text;
}

}  // namespace asterism::train
