// Recipes and steps in words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/gating/concept.hpp"
#include "asterism/model/concept.hpp"
#include "asterism/observe/balance.hpp"
#include "asterism/shape/shape.hpp"
#include "asterism/train/adam_w.hpp"
#include "asterism/train/adam_w8.hpp"
#include "asterism/train/adapters.hpp"
#include "asterism/train/log.hpp"
#include "asterism/train/losses.hpp"
#include "asterism/train/muon.hpp"
#include "asterism/train/parameter.hpp"
#include "asterism/train/precision.hpp"
#include "asterism/train/schedule.hpp"

namespace asterism::train {

/// The shortest text that reads back as the number.
std::string number_text(double value);
/// The same of a float.
std::string number_text(float value);

// What a policy is, with all its numbers: two of them do the same if their texts are equal. A program's own policies
// need a `describe` in their namespace.

std::string describe(const AdamW& optimizer);
std::string describe(const AdamW8& optimizer);
std::string describe(const Muon& optimizer);
std::string describe(const Constant& schedule);
std::string describe(const Cosine& schedule);
std::string describe(const LinearFall& schedule);
std::string describe(const Losses& losses);
std::string describe(const Precision& precision);
/// All sizes and constants that gradients depend on.
std::string describe(const Shape& shape);

/// The name of a type as the compiler has it, which may differ between compilers.
template <class T>
std::string type_text() {
  const std::string_view all = __PRETTY_FUNCTION__;
  const std::size_t from = all.find("T = ") + 4;
  return std::string(all.substr(from, all.find_first_of(";]", from) - from));
}
std::string describe(const Adapters& adapters);

/// Numbers that learn.
std::uint64_t parameter_count(View<const Parameter> parameters);

/// "loss 0.1234, 98.7 % right".
std::string loss_text(const LogLine& line);

/// A trainer's gating with the numbers that it tells.
template <class TrainerType>
std::string gating_text(const TrainerType& trainer) {
  using Blueprint = typename TrainerType::Blueprint;
  using Gating = typename Blueprint::Gating;
  std::string out = type_text<Gating>();
  const auto gating = model::gating_of<Blueprint>(trainer.shape());
  if (!gating) return out;
  out += gating->normalised() ? ", normalised" : ", not normalised";
  if constexpr (requires { gating->temperature(); })
    out += concat(", temperature ", number_text(gating->temperature()));
  if constexpr (gating::Capped<Gating>)
    out += concat(", answers ", gating->capacity(1U << 20U), " of 1048576 rows");
  return out;
}

/// Choices of each expert in the layers that have any, of a trainer's last pass.
template <class TrainerType>
std::vector<std::int32_t> sparse_load(const TrainerType& trainer) {
  const auto experts = static_cast<std::size_t>(trainer.shape().experts);
  std::vector<std::int32_t> out;
  for (std::int32_t layer = 0; layer < trainer.shape().layers; ++layer) {
    if (trainer.shape().is_dense(layer)) continue;
    const View<const std::int32_t> row =
        trainer.load().subview(static_cast<std::size_t>(layer) * experts, experts);
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

/// The entropy of the router in each of these layers, in nats.
template <class TrainerType>
std::vector<double> sparse_entropies(const TrainerType& trainer) {
  std::vector<double> out;
  for (std::int32_t layer = 0; layer < trainer.shape().layers; ++layer) {
    if (!trainer.shape().is_dense(layer))
      out.push_back(trainer.routers()[static_cast<std::size_t>(layer)].entropy);
  }
  return out;
}

/// MaxVio of each of these layers; see observe::violation_of.
template <class TrainerType>
std::vector<double> max_violations(const TrainerType& trainer) {
  const auto experts = static_cast<std::size_t>(trainer.shape().experts);
  const std::vector<std::int32_t> load = sparse_load(trainer);
  std::vector<double> out;
  for (std::size_t first = 0; experts > 0 && first < load.size(); first += experts) {
    out.push_back(observe::violation_of(View<const std::int32_t>(load).subview(first, experts)));
  }
  return out;
}

}  // namespace asterism::train

#if !defined(ASTERISM_COMPILED)
#include "asterism/train/describe_impl.hpp"
#endif
