// Bodies of peft_names.hpp.
#pragma once

#include <algorithm>
#include <cstddef>

#include "asterism/checkpoint/peft_names.hpp"
#include "asterism/core/format.hpp"

namespace asterism::checkpoint {

namespace detail {

ASTERISM_INLINE std::string renamed(std::string name, std::string_view from, std::string_view to) {
  if (const std::size_t at = name.find(from); at != name.npos) name.replace(at, from.size(), to);
  return name;
}

ASTERISM_INLINE std::string_view without_weight(std::string_view tensor) {
  if (tensor.ends_with(weight_suffix)) tensor.remove_suffix(weight_suffix.size());
  return tensor;
}

ASTERISM_INLINE std::optional<ExpertMatrix> expert_matrix(std::string_view tensor) {
  constexpr std::string_view marker = ".experts.";
  const std::size_t at = tensor.find(marker);
  if (at == tensor.npos) return std::nullopt;
  std::string_view rest = without_weight(tensor.substr(at + marker.size()));
  ExpertMatrix out{renamed(std::string(tensor.substr(0, at + marker.size() - 1)), old_experts, new_experts)};
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == 0 || digits > 9) return std::nullopt;
  for (const char digit : rest.substr(0, digits))
    out.expert = 10 * out.expert + static_cast<std::uint64_t>(digit - '0');
  rest.remove_prefix(digits);
  if (rest == ".w1" || rest == ".gate_proj") {
    out.half = 0;
  } else if (rest == ".w3" || rest == ".up_proj") {
    out.half = 1;
  } else if (rest != ".w2" && rest != ".down_proj") {
    return std::nullopt;
  }
  return out;
}

}  // namespace detail

ASTERISM_INLINE std::string peft_name(std::string_view tensor, std::string_view half) {
  return concat(detail::peft_prefix, detail::without_weight(tensor), ".", half, detail::weight_suffix);
}

ASTERISM_INLINE std::string peft_whole_name(std::string_view tensor) {
  return concat(detail::peft_prefix,
                detail::renamed(std::string(tensor), detail::old_experts, detail::new_experts));
}

}  // namespace asterism::checkpoint
