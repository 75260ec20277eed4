// Queues of parts that count their bytes, for policies that are made of queues.
#pragma once

#include <cstddef>
#include <vector>

#include "asterism/cache/parts.hpp"

namespace asterism::cache {

/// Some queues over the same parts, each of which is in one of them or in none. Parts go by their numbers; they enter
/// at the head, and leave at the tail or from anywhere. Every operation takes constant time and allocates nothing.
class Queues {
 public:
  static constexpr std::size_t none = ~std::size_t{0};

  Queues(std::size_t parts, std::size_t queues)
      : parts_(parts), links_(parts + queues), in_(parts, none), bytes_(queues) {
    for (std::size_t end = parts; end < links_.size(); ++end) links_[end] = {.newer = end, .older = end};
  }

  /// The queue that has the part, or `none`.
  std::size_t of(std::size_t number) const { return in_[number]; }
  Bytes bytes(std::size_t queue) const { return bytes_[queue]; }

  /// The oldest part of the queue, or `none`; and the one that entered next after a part.
  std::size_t tail(std::size_t queue) const { return part_at(links_[parts_ + queue].newer); }
  std::size_t newer(std::size_t number) const { return part_at(links_[number].newer); }

  /// Enters the part, which is in no queue and takes `bytes`.
  void push(std::size_t queue, std::size_t number, Bytes bytes) {
    const std::size_t end = parts_ + queue;
    links_[number] = {.newer = end, .older = links_[end].older};
    links_[links_[end].older].newer = number;
    links_[end].older = number;
    in_[number] = queue;
    bytes_[queue] += bytes;
  }
  /// Takes the part, which takes `bytes`, out of its queue.
  void remove(std::size_t number, Bytes bytes) {
    links_[links_[number].newer].older = links_[number].older;
    links_[links_[number].older].newer = links_[number].newer;
    bytes_[in_[number]] -= bytes;
    in_[number] = none;
  }

 private:
  struct Link {
    std::size_t newer;
    std::size_t older;
  };

  std::size_t part_at(std::size_t link) const { return link < parts_ ? link : none; }

  std::size_t parts_;
  std::vector<Link>
      links_;  // (parts), then a ring's end for each queue: its `newer` is the tail, its `older` the head
  std::vector<std::size_t> in_;  // (parts)
  std::vector<Bytes> bytes_;     // (queues)
};

}  // namespace asterism::cache
