// What holds of every index that saves what it has built: a file is taken if it agrees with the rows, else built anew.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/arena.hpp"
#include "asterism/core/random.hpp"
#include "asterism/knowledge/index/flat.hpp"
#include "asterism/knowledge/index/saved.hpp"

#include "support/files.hpp"

namespace asterism::test {

inline std::string file_bytes(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

/// Vectors of normal numbers around some centres, by id.
struct SomeVectors {
  static constexpr std::size_t dim = 40;

  SomeVectors(std::uint32_t count, std::uint64_t seed) {
    Random centre_numbers(7);
    std::vector<float> centres(16 * dim);
    for (float& value : centres) value = static_cast<float>(2 * centre_numbers.normal());
    Random random(seed);
    for (std::uint32_t i = 0; i < count; ++i) {
      ids.push_back({i});
      const std::size_t centre = random.below(16);
      for (std::size_t c = 0; c < dim; ++c) {
        numbers.push_back(centres[centre * dim + c] + static_cast<float>(random.normal()));
      }
    }
  }
  std::vector<float> vector(std::size_t i) const {
    const auto first = numbers.begin() + static_cast<std::ptrdiff_t>(i * dim);
    return {first, first + dim};
  }
  template <class Index>
  void insert_into(Index& index) const {
    index.insert(View<const knowledge::NodeId>(ids), MatrixView<const float>(numbers.data(), ids.size(), dim));
  }

  std::vector<knowledge::NodeId> ids;
  std::vector<float> numbers;
};

template <class Index>
std::vector<knowledge::Hit> hits_of(const Index& index, const SomeVectors& queries) {
  constexpr std::size_t k = 7;
  const std::size_t rows = queries.ids.size();
  std::vector<knowledge::Hit> out(rows * k);
  index.search(MatrixView<const float>(queries.numbers.data(), rows, SomeVectors::dim), k, {}, {},
               MatrixView<knowledge::Hit>(out.data(), rows, k));
  return out;
}

/// make(arena, limits) makes an index that builds for 1100 vectors and is asked; other(arena, limits) one of the same
/// type with options by which it builds otherwise.
template <class Make, class Other>
void saved_index(const Make& make, const Other& other) {
  using Index = std::invoke_result_t<const Make&, backend::Arena&, knowledge::IndexLimits>;
  constexpr knowledge::IndexLimits limits{.dim = SomeVectors::dim, .rows = 1300};
  const TemporaryFolder folder;
  const std::string path = folder / "some.index";
  backend::Arena arena(0, 1_GiB);
  const SomeVectors vectors(1100, 1);
  const SomeVectors queries(20, 2);

  Index first = make(arena, limits);
  CHECK(first.restore(path) == index::Restored::absent);
  vectors.insert_into(first);
  CHECK(first.trusted());
  const std::vector<knowledge::NodeId> gone{{3}, {500}};
  first.erase(View<const knowledge::NodeId>(gone));  // tombstones are saved, too
  REQUIRE(first.tombstones() == 2);
  REQUIRE(first.save(path));
  const std::string sound = file_bytes(path);
  const auto wanted = hits_of(first, queries);

  /// A new index with what `vectors` has but the rows that are gone.
  const auto open = [&](auto& made) {
    made.postpone();
    vectors.insert_into(made);
    made.erase(View<const knowledge::NodeId>(gone));
    CHECK(made.nodes() == 0);
    CHECK_FALSE(made.trusted());
    CHECK_FALSE(made.save(folder / "nothing"));  // there is nothing to save
    CHECK(hits_of(made, queries).size() == wanted.size());
  };
  const auto restored = [&] {
    Index made = make(arena, limits);
    open(made);
    const index::Restored found = made.restore(path);
    CHECK(made.trusted());
    CHECK(made.size() == 1098);
    if (found == index::Restored::taken) {
      CHECK(made.nodes() == 1100);
      CHECK(made.tombstones() == 2);
      CHECK(hits_of(made, queries) == wanted);
    } else {
      CHECK(made.nodes() == 1098);
      CHECK(made.tombstones() == 0);
    }
    return found;
  };
  CHECK(restored() == index::Restored::taken);
  {
    INFO("a restored index goes on: it takes rows, loses them, and is saved as it was");
    Index made = make(arena, limits);
    open(made);
    REQUIRE(made.restore(path) == index::Restored::taken);
    REQUIRE(made.save(folder / "again"));
    CHECK(file_bytes(folder / "again") == sound);
    for (Index* one : {&made, &first}) {
      const std::vector<float> vector = vectors.vector(3);
      one->insert(View<const knowledge::NodeId>(gone).subview(0, 1),
                  MatrixView<const float>(vector.data(), 1, SomeVectors::dim));
    }
    CHECK(made.nodes() == 1101);
    CHECK(hits_of(made, queries) == hits_of(first, queries));
    first.erase(View<const knowledge::NodeId>(gone));
  }
  {
    INFO("ids and their order do not matter");
    Index made = make(arena, limits);
    made.postpone();
    for (std::uint32_t i = 1100; i-- > 0;) {
      if (i == 3 || i == 500) continue;
      const knowledge::NodeId id{i + 7};
      const std::vector<float> vector = vectors.vector(i);
      made.insert(View<const knowledge::NodeId>(&id, 1),
                  MatrixView<const float>(vector.data(), 1, SomeVectors::dim));
    }
    CHECK(made.restore(path) == index::Restored::taken);
    auto hits = hits_of(made, queries);
    for (knowledge::Hit& hit : hits) hit.id.value -= 7;
    CHECK(hits == wanted);
  }
  {
    INFO("other rows are seen: one replaced, one less, one more");
    for (const int change : {0, 1, 2}) {
      Index made = make(arena, limits);
      open(made);
      const std::vector<float> vector = vectors.vector(3);
      const knowledge::NodeId id{change == 2 ? 2000U : 77U};
      if (change == 1) {
        made.erase(View<const knowledge::NodeId>(&id, 1));
      } else {
        made.insert(View<const knowledge::NodeId>(&id, 1),
                    MatrixView<const float>(vector.data(), 1, SomeVectors::dim));
      }
      CHECK(made.restore(path) == index::Restored::other_rows);
      CHECK(made.trusted());
      CHECK(made.nodes() == made.size());
    }
  }
  {
    INFO("other options are seen");
    Index made = other(arena, limits);
    open(made);
    CHECK(made.restore(path) == index::Restored::other_options);
    CHECK(made.nodes() == made.size());
  }
  {
    INFO("less room is seen");
    Index made = make(arena, {.dim = SomeVectors::dim, .rows = 700});
    CHECK(made.restore(path) == index::Restored::other_rows);
  }
  Random random(4);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{5}, std::size_t{20}, std::size_t{60}, sound.size() / 3, sound.size() - 1}) {
    INFO("cut after ", size);
    write_file(path, sound.substr(0, size));
    CHECK(restored() == index::Restored::damaged);
  }
  for (int i = 0; i < 10; ++i) {
    std::string flipped = sound;
    const std::size_t at = i == 0 ? 9 : random.below(sound.size());
    flipped[at] = static_cast<char>(flipped[at] ^ 1 << random.below(8));
    INFO("byte ", at);
    write_file(path, flipped);
    CHECK(restored() == (at >= 8 && at < 16 ? index::Restored::other_version : index::Restored::damaged));
  }
  write_file(path, sound);
  CHECK(restored() == index::Restored::taken);
  CHECK_THROWS_AS(first.save(folder / "no such folder/some.index"), FileError);
}

}  // namespace asterism::test
