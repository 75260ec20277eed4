// Bodies of expert_profile.hpp.
#pragma once

#include <cstring>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/crc32c.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/path.hpp"
#include "asterism/residency/expert_profile.hpp"
#include "asterism/residency/little_endian.hpp"

namespace asterism::residency {

namespace detail {

inline constexpr std::size_t profile_header_bytes = 40, profile_sum_bytes = 4;
inline constexpr std::uint32_t most_profile_layers = 512, most_profile_experts = 65536;

inline std::size_t profile_bytes(std::uint64_t layers, std::uint64_t experts) {
  return profile_header_bytes + layers * experts * sizeof(std::uint64_t) + profile_sum_bytes;
}

/// What differs between two models, a sentence; empty if nothing does.
inline std::string difference(const ExpertProfile& found, std::int32_t layers, std::int32_t experts,
                              std::uint64_t fingerprint) {
  const auto field = [](const char* name, auto is, auto expected) {
    return is == expected ? std::string() : concat(name, " is ", is, ", the model's is ", expected);
  };
  for (const std::string& fault : {field("layers", found.layers, layers), field("experts", found.experts, experts),
                                   field("fingerprint", found.fingerprint, fingerprint)}) {
    if (!fault.empty()) return fault;
  }
  return {};
}

}  // namespace detail

ASTERISM_INLINE ExpertProfile ExpertProfile::of_model(std::int32_t layers, std::int32_t experts,
                                                      std::uint64_t fingerprint) {
  ExpertProfile out{.layers = layers, .experts = experts, .fingerprint = fingerprint};
  out.uses.resize(static_cast<std::size_t>(layers) * static_cast<std::size_t>(experts));
  return out;
}

ASTERISM_INLINE void ExpertProfile::add(const observe::Counts& counts, std::uint64_t more_tokens) {
  if (counts.layers() != layers || counts.experts() != experts) {
    throw InvalidArgument(concat("counts of ", counts.layers(), " layers of ", counts.experts(),
                                 " experts can't be added to a profile of ", layers, " layers of ", experts));
  }
  check_uses();
  tokens += more_tokens;
  std::size_t i = 0;
  for (std::int32_t layer = 0; layer < layers; ++layer) {
    for (std::int32_t expert = 0; expert < experts; ++expert) uses[i++] += counts.chosen(layer, expert);
  }
}

ASTERISM_INLINE void ExpertProfile::check_uses() const {
  const std::int64_t expected = std::int64_t{layers} * experts;
  if (layers >= 0 && experts >= 0 && uses.size() == static_cast<std::size_t>(expected)) return;
  throw InvalidArgument(concat("a profile of ", layers, " layers of ", experts, " experts has ", uses.size(),
                               " uses: expected ", expected, ", see ExpertProfile::of_model"));
}

ASTERISM_INLINE ExpertProfile& ExpertProfile::operator+=(const ExpertProfile& more) {
  const std::string fault = detail::difference(more, layers, experts, fingerprint);
  if (!fault.empty()) throw InvalidArgument(concat("a profile of another model can't be added: ", fault));
  check_uses();
  more.check_uses();
  tokens += more.tokens;
  for (std::size_t i = 0; i < uses.size(); ++i) uses[i] += more.uses[i];
  return *this;
}

ASTERISM_INLINE View<const std::uint64_t> ExpertProfile::of_groups(std::int32_t first, std::int32_t groups) const {
  if (first < 0 || groups < 0 || first > layers - groups) {
    throw InvalidArgument(
        concat("a profile of ", layers, " layers has no layers ", first, " to ", first + groups - 1));
  }
  check_uses();
  const auto each = static_cast<std::size_t>(experts);
  return View<const std::uint64_t>(uses).subview(static_cast<std::size_t>(first) * each,
                                                 static_cast<std::size_t>(groups) * each);
}

ASTERISM_INLINE std::vector<std::byte> encode(const ExpertProfile& profile) {
  const auto layers = static_cast<std::uint32_t>(profile.layers);
  const auto experts = static_cast<std::uint32_t>(profile.experts);
  if (layers < 1 || layers > detail::most_profile_layers || experts < 1 ||
      experts > detail::most_profile_experts || profile.uses.size() != std::size_t{layers} * experts) {
    throw InvalidArgument(concat("an expert profile of ", profile.layers, " layers with ", profile.experts,
                                 " experts and ", profile.uses.size(), " uses: expected 1 to ",
                                 detail::most_profile_layers, " layers, 1 to ", detail::most_profile_experts,
                                 " experts, and uses of each"));
  }
  std::vector<std::byte> bytes(detail::profile_bytes(layers, experts));
  std::memcpy(bytes.data(), ExpertProfile::magic.data(), ExpertProfile::magic.size());
  detail::put(bytes, 8, ExpertProfile::version);
  detail::put(bytes, 12, layers);
  detail::put(bytes, 16, experts);
  detail::put(bytes, 24, profile.fingerprint);
  detail::put(bytes, 32, profile.tokens);
  for (std::size_t i = 0; i < profile.uses.size(); ++i) {
    detail::put(bytes, detail::profile_header_bytes + 8 * i, profile.uses[i]);
  }
  const std::size_t at_sum = bytes.size() - detail::profile_sum_bytes;
  detail::put(bytes, at_sum, file::crc32c(View<const std::byte>(bytes).subview(0, at_sum)));
  return bytes;
}

ASTERISM_INLINE ExpertProfile parse_expert_profile(View<const std::byte> bytes, std::string_view where) {
  const auto fail = [&](const auto&... what) { throw FormatError(concat(where, ": ", what...)); };
  if (bytes.size < detail::profile_header_bytes + detail::profile_sum_bytes ||
      std::memcmp(bytes.data, ExpertProfile::magic.data(), ExpertProfile::magic.size()) != 0) {
    fail("does not begin like an expert profile, with '", ExpertProfile::magic, "' and sizes");
  }
  if (const auto version = detail::get<std::uint32_t>(bytes, 8); version != ExpertProfile::version) {
    throw Unsupported(concat(where, ": is an expert profile of version ", version, ", read is version ",
                             ExpertProfile::version, ": write it again"));
  }
  const auto layers = detail::get<std::uint32_t>(bytes, 12);
  const auto experts = detail::get<std::uint32_t>(bytes, 16);
  if (layers < 1 || layers > detail::most_profile_layers) {
    fail("layers is ", layers, ", expected 1 to ", detail::most_profile_layers);
  }
  if (experts < 1 || experts > detail::most_profile_experts) {
    fail("experts is ", experts, ", expected 1 to ", detail::most_profile_experts);
  }
  if (const auto padding = detail::get<std::uint32_t>(bytes, 20); padding != 0) {
    fail("bytes 20 to 23 are ", padding, ", expected 0");
  }
  if (const std::size_t size = detail::profile_bytes(layers, experts); bytes.size != size) {
    fail("has ", bytes.size, " bytes, expected ", size, " for ", layers, " layers of ", experts, " experts");
  }
  const std::size_t at_sum = bytes.size - detail::profile_sum_bytes;
  const std::uint32_t sum = file::crc32c(bytes.subview(0, at_sum));
  if (const auto found = detail::get<std::uint32_t>(bytes, at_sum); found != sum) {
    fail("the checksum is ", found, ", its bytes give ", sum, ": the file was damaged");
  }
  ExpertProfile out =
      ExpertProfile::of_model(static_cast<std::int32_t>(layers), static_cast<std::int32_t>(experts),
                              detail::get<std::uint64_t>(bytes, 24));
  out.tokens = detail::get<std::uint64_t>(bytes, 32);
  for (std::size_t i = 0; i < out.uses.size(); ++i) {
    out.uses[i] = detail::get<std::uint64_t>(bytes, detail::profile_header_bytes + 8 * i);
  }
  return out;
}

ASTERISM_INLINE void check_same(const ExpertProfile& profile, std::int32_t layers, std::int32_t experts,
                                std::uint64_t fingerprint, std::string_view where) {
  const std::string fault = detail::difference(profile, layers, experts, fingerprint);
  if (!fault.empty()) throw FormatError(concat(where, ": is a profile of another model: ", fault));
}

ASTERISM_INLINE void write_expert_profile(const ExpertProfile& profile, const std::string& path) {
  const std::vector<std::byte> bytes = encode(profile);
  file::NewFile out(path, bytes.size());
  out.write(bytes);
  out.finish();
}

ASTERISM_INLINE ExpertProfile read_expert_profile(const std::string& path) {
  const std::string content =
      file::read_file(path, detail::profile_bytes(detail::most_profile_layers, detail::most_profile_experts));
  return parse_expert_profile({reinterpret_cast<const std::byte*>(content.data()), content.size()}, path);
}

}  // namespace asterism::residency
