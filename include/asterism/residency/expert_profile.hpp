// How often each expert of a model was used, for runs to come: in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "asterism/core/config.hpp"
#include "asterism/core/view.hpp"
#include "asterism/observe/counts.hpp"

namespace asterism::residency {

/// Uses of the experts of one model by tokens. Little-endian in a file: "ASTUSAGE", version, layers, experts, 0 (4
/// bytes each), the model's fingerprint, tokens, and the uses (layers, experts) (8 bytes each), then the CRC-32C of all
/// that (4 bytes).
struct ExpertProfile {
  static constexpr std::string_view magic = "ASTUSAGE";
  static constexpr std::uint32_t version = 1;

  std::int32_t layers = 0;            ///< those with experts
  std::int32_t experts = 0;           ///< in each of them
  std::uint64_t fingerprint = 0;      ///< of the checkpoint, see LanguageModel::fingerprint
  std::uint64_t tokens = 0;           ///< that were counted
  std::vector<std::uint64_t> uses{};  ///< (layers, experts)

  friend bool operator==(const ExpertProfile&, const ExpertProfile&) = default;

  /// Without uses so far.
  static ExpertProfile of_model(std::int32_t layers, std::int32_t experts, std::uint64_t fingerprint);

  /// Adds all that an observer has counted so far, in sequences of `tokens` tokens: once for each session, at its end.
  /// Throws InvalidArgument naming the sizes unless it counted for a model of the same.
  void add(const observe::Counts& counts, std::uint64_t more_tokens);
  /// Adds those of another run. Throws InvalidArgument naming the field unless it is of the same model and has uses of
  /// each expert, as this has.
  ExpertProfile& operator+=(const ExpertProfile& more);

  /// The uses of some layers, as cache::Static takes them: (groups, experts). Throws InvalidArgument for layers that
  /// there are not.
  View<const std::uint64_t> of_groups(std::int32_t first, std::int32_t groups) const;

 private:
  void check_uses() const;
};

/// The content of a file. Throws InvalidArgument for sizes that no model has, and for uses of another number.
std::vector<std::byte> encode(const ExpertProfile& profile);

/// `where` names it in messages. Throws FormatError naming the field, what was found and what is expected; Unsupported
/// for another version.
ExpertProfile parse_expert_profile(View<const std::byte> bytes, std::string_view where);

/// Throws FormatError naming the first field in which the profile is not of the model.
void check_same(const ExpertProfile& profile, std::int32_t layers, std::int32_t experts, std::uint64_t fingerprint,
                std::string_view where);

/// Writes the file atomically, replacing an older one. Throws FileError naming the path.
void write_expert_profile(const ExpertProfile& profile, const std::string& path);
/// Throws FileError, and as parse_expert_profile.
ExpertProfile read_expert_profile(const std::string& path);

}  // namespace asterism::residency

#if !defined(ASTERISM_COMPILED)
#include "asterism/residency/expert_profile_impl.hpp"
#endif
