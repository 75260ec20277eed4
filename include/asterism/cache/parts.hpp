// What there is to cache: parts and their sizes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/core/config.hpp"
#include "asterism/core/part_id.hpp"
#include "asterism/core/view.hpp"

namespace asterism::cache {

/// `groups` groups of `members` parts each, of any sizes. Parts are numbered too, group by group: [0, size()). Groups
/// that have fewer members than others have numbers that nobody asks for. Const members are thread-safe.
class Parts {
 public:
  /// All parts have the same size. Throws InvalidArgument unless groups, members and bytes are all above 0.
  Parts(std::int32_t groups, std::int32_t members, Bytes each);
  /// sizes (groups * members), group by group, each above 0. Throws InvalidArgument otherwise.
  Parts(std::int32_t groups, std::int32_t members, View<const Bytes> sizes);

  std::int32_t groups() const { return groups_; }
  std::int32_t members() const { return members_; }
  std::size_t size() const { return static_cast<std::size_t>(groups_) * static_cast<std::size_t>(members_); }
  Bytes total() const { return total_; }

  bool has(PartId part) const {
    return part.group >= 0 && part.group < groups_ && part.member >= 0 && part.member < members_;
  }
  /// The number of a part. Throws InvalidArgument for a part that there is not.
  std::size_t number(PartId part) const {
    if (!has(part)) refuse(part);
    return static_cast<std::size_t>(part.group) * static_cast<std::size_t>(members_) +
           static_cast<std::size_t>(part.member);
  }
  PartId part(std::size_t number) const {
    const auto members = static_cast<std::size_t>(members_);
    return {static_cast<std::int32_t>(number / members), static_cast<std::int32_t>(number % members)};
  }
  Bytes bytes(std::size_t number) const { return sizes_[sizes_.size() == 1 ? 0 : number]; }

  /// Throws InvalidArgument unless the group exists, `used` are members of it, and there are as many `probabilities`
  /// as members, or none.
  void check(std::int32_t group, View<const std::int32_t> used, View<const float> probabilities) const;

 private:
  [[noreturn]] void refuse(PartId part) const;

  std::int32_t groups_;
  std::int32_t members_;
  std::vector<Bytes> sizes_;  // (size()), or one for all
  Bytes total_;
};

/// For messages: "group 3 member 5".
std::string to_string(PartId part);

}  // namespace asterism::cache

#if !defined(ASTERISM_COMPILED)
#include "asterism/cache/parts_impl.hpp"
#endif
