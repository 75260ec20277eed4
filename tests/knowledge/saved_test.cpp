// The frame of a saved index: what was written comes back, and whatever happens to the file is found.
#include "asterism/knowledge/index/saved.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/file/crc32c.hpp"

#include "support/saved_index.hpp"

using namespace asterism;
using index::Restored;
using index::detail::SavedReader;
using index::detail::SavedWriter;

namespace {

struct Saved {
  test::TemporaryFolder folder;
  std::string path = folder / "one.index";
};

void write_one(const std::string& path) {
  SavedWriter file(path, 1000);
  file.text("an engine");
  file.number(0x0123456789ABCDEF);
  const std::vector<std::byte> many(2'500'000, std::byte{7});
  file.write(View<const std::byte>(many));
  file.finish();
}

}  // namespace

TEST_CASE("what was written is read") {
  const Saved saved;
  const std::string& path = saved.path;
  write_one(path);
  SavedReader file(path);
  REQUIRE(file.found() == Restored::taken);
  CHECK(file.text() == "an engine");
  CHECK(file.number() == 0x0123456789ABCDEF);
  CHECK(file.left() == 2'500'000);
  std::vector<std::byte> many(2'500'000);
  file.read(View<std::byte>(many));
  CHECK(many == std::vector<std::byte>(2'500'000, std::byte{7}));
  CHECK(file.left() == 0);
  CHECK_THROWS_AS(file.number(), FormatError);
}

TEST_CASE("a number that is taken for a length beyond the end is refused") {
  const Saved saved;
  const std::string& path = saved.path;
  write_one(path);
  SavedReader file(path);
  file.text();
  CHECK_THROWS_AS(file.text(), FormatError);
}

TEST_CASE("a file that is cut, longer or changed anywhere is found") {
  const Saved saved;
  const std::string& path = saved.path;
  write_one(path);
  const std::string sound = test::file_bytes(path);
  const auto found = [&](const std::string& bytes) {
    test::write_file(path, bytes);
    return SavedReader(path).found();
  };
  Random random(1);
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{16}, std::size_t{24},
                                 std::size_t{100}, sound.size() - 8, sound.size() - 1}) {
    INFO("cut after ", size);
    CHECK(found(sound.substr(0, size)) == Restored::damaged);
  }
  CHECK(found(sound + "x") == Restored::damaged);
  for (int i = 0; i < 60; ++i) {
    const std::size_t at = i < 40 ? static_cast<std::size_t>(i) : random.below(sound.size());
    std::string flipped = sound;
    flipped[at] = static_cast<char>(flipped[at] ^ 1 << random.below(8));
    INFO("byte ", at);
    CHECK(found(flipped) == (at >= 8 && at < 16 ? Restored::other_version : Restored::damaged));
  }
  CHECK(found(sound) == Restored::taken);
  std::string other = "SOMETEXT" + sound.substr(8);  // another kind of file, with a right checksum
  const std::uint32_t sum = file::crc32c(test::as_bytes(std::string_view(other).substr(0, other.size() - 8)));
  CHECK(found(other.substr(0, other.size() - 8) + test::raw({std::uint64_t{sum}})) == Restored::damaged);
  CHECK(SavedReader(path + "x").found() == Restored::absent);
  CHECK(SavedReader(".").found() == Restored::absent);
}

TEST_CASE("an outcome has a name") {
  CHECK(name_of(Restored::taken) == "taken");
  CHECK(name_of(Restored::other_rows) == "other rows");
}
