// Expert profiles: there and back, faults by name, and what they are worth to another run.
#include "asterism/residency/expert_profile.hpp"

#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/file/crc32c.hpp"

#include "support/files.hpp"

using namespace asterism;
using residency::ExpertProfile;
using residency::parse_expert_profile;
using test::check_error;

namespace {

ExpertProfile some() {
  ExpertProfile out = ExpertProfile::of_model(2, 3, 0x123456789ABCDEF0U);
  out.tokens = 10;
  out.uses = {1, 2, 3, 4, 5, std::uint64_t{1} << 40U};
  return out;
}

/// The bytes after a change, with a sum that is right.
std::vector<std::byte> changed(const std::function<void(std::vector<std::byte>&)>& change) {
  std::vector<std::byte> bytes = encode(some());
  change(bytes);
  const std::size_t at = bytes.size() - 4;
  const std::uint32_t sum = file::crc32c(View<const std::byte>(bytes).subview(0, at));
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(sum >> 8 * i & 0xFFU);
  return bytes;
}

}  // namespace

TEST_CASE("there and back") {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/profile";
  write_expert_profile(some(), path);
  CHECK(residency::read_expert_profile(path) == some());
  CHECK(encode(some()).size() == 40 + 6 * 8 + 4);
  check_error<FileError>([&] { residency::read_expert_profile(folder.path() + "/nothing"); }, {"nothing"});
}

TEST_CASE("profiles of observers and of runs add up; layers are cut out") {
  observe::Counts counts;
  counts.begin(2, 3, 1);
  counts.routed(0, 0, 2, 1);
  counts.routed(1, 0, 0, 1);
  ExpertProfile profile = some();
  profile.add(counts, 1);
  CHECK(profile.tokens == 11);
  CHECK(profile.uses[2] == 4);
  CHECK(profile.uses[3] == 5);
  profile += some();
  CHECK(profile.tokens == 21);
  CHECK(profile.uses[0] == 2);
  const View<const std::uint64_t> second = profile.of_groups(1, 1);
  CHECK(second.size == 3);
  CHECK(second[0] == 9);
  CHECK(profile.of_groups(0, 2).size == 6);
  check_error<InvalidArgument>([&] { profile.of_groups(1, 2); }, {"2 layers", "1 to 2"});
  check_error<InvalidArgument>([&] { profile.of_groups(-1, 1); }, {"2 layers"});
  check_error<InvalidArgument>([&] { profile += ExpertProfile::of_model(2, 4, 0); }, {"experts is 4", "3"});
}

TEST_CASE("counts of other sizes and uses that are not of each expert are refused, and change nothing") {
  observe::Counts counts;
  counts.begin(2, 4, 1);
  ExpertProfile profile = some();
  check_error<InvalidArgument>([&] { profile.add(counts, 1); }, {"2 layers of 4", "2 layers of 3"});
  check_error<InvalidArgument>([&] { profile.add(observe::Counts(), 1); }, {"0 layers of 0"});
  ExpertProfile fewer = some();
  fewer.uses.pop_back();
  check_error<InvalidArgument>([&] { profile += fewer; }, {"5 uses", "expected 6"});
  CHECK(profile == some());
  check_error<InvalidArgument>([&] { fewer += profile; }, {"5 uses", "expected 6"});
  check_error<InvalidArgument>([&] { fewer.of_groups(0, 2); }, {"5 uses"});
}

TEST_CASE("a profile of another model is refused by the field that differs") {
  residency::check_same(some(), 2, 3, 0x123456789ABCDEF0U, "file");
  check_error<FormatError>([] { check_same(some(), 3, 3, 0, "file"); }, {"file", "layers is 2", "model's is 3"});
  check_error<FormatError>([] { check_same(some(), 2, 4, 0, "file"); }, {"experts is 3", "model's is 4"});
  check_error<FormatError>([] { check_same(some(), 2, 3, 5, "file"); }, {"fingerprint", "model's is 5"});
}

TEST_CASE("faults by name") {
  const auto parse = [](std::vector<std::byte> bytes) { return [=] { parse_expert_profile(bytes, "file"); }; };
  check_error<FormatError>(parse({}), {"file", "ASTUSAGE"});
  check_error<FormatError>(parse(changed([](auto& b) { b[0] = std::byte{'X'}; })), {"ASTUSAGE"});
  check_error<Unsupported>(parse(changed([](auto& b) { b[8] = std::byte{2}; })), {"version 2", "version 1"});
  check_error<FormatError>(parse(changed([](auto& b) { b[12] = std::byte{0}; })), {"layers is 0", "1 to 512"});
  check_error<FormatError>(parse(changed([](auto& b) { b[18] = std::byte{2}; })), {"experts is", "1 to 65536"});
  check_error<FormatError>(parse(changed([](auto& b) { b[20] = std::byte{1}; })), {"20 to 23"});
  check_error<FormatError>(parse(changed([](auto& b) { b.push_back({}); })), {"93 bytes", "expected 92"});
  std::vector<std::byte> damaged = encode(some());
  damaged[50] ^= std::byte{1};
  check_error<FormatError>(parse(damaged), {"checksum", "damaged"});
  ExpertProfile wrong = some();
  wrong.uses.pop_back();
  check_error<InvalidArgument>([&] { encode(wrong); }, {"5 uses"});
}

TEST_CASE("bytes that are changed at random are refused; what is accepted is written back as it was") {
  Random random(2);
  for (std::size_t i = 0; i < 20000; ++i) {
    std::vector<std::byte> bytes = changed([&](std::vector<std::byte>& b) {
      for (std::size_t n = 1 + random.below(3); n > 0; --n)
        b[random.below(b.size())] = static_cast<std::byte>(random());
      if (random.below(4) == 0) b.resize(4 + random.below(b.size()));
    });
    try {
      const ExpertProfile accepted = parse_expert_profile(bytes, "file");
      const bool as_it_was = encode(accepted) == bytes;
      REQUIRE(as_it_was);
    } catch (const Error& error) {
      REQUIRE(test::contains(error.what(), "file"));
    }
  }
}
