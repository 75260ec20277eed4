// Slabs on a disk: each is what was written, and damage is an error that names file, offset, layer and expert.
#include "asterism/residency/spill_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <sys/types.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/file/path.hpp"

#include "support/files.hpp"

using namespace asterism;
using residency::SpillFile;
using residency::SpillHeader;
using residency::SpillWriter;
using residency::Verify;
using test::check_error;
using test::TemporaryFolder;

namespace {

const SpillHeader header{.model_type = "mixtral",
                         .format = "nf4",
                         .layers = 2,
                         .experts = 3,
                         .hidden = 48,
                         .ffn = 72,
                         .slab_bytes = 5000,
                         .fingerprint = 7};

std::vector<std::byte> slab_of(PartId part) {
  Random random(static_cast<std::uint64_t>(part.group * 10 + part.member));
  std::vector<std::byte> slab(header.slab_bytes);
  for (std::byte& byte : slab) byte = static_cast<std::byte>(random() & 0xFFU);
  return slab;
}

template <class F>
void for_each_part(F&& f) {
  for (std::int32_t group = 0; group < header.layers; ++group) {
    for (std::int32_t member = 0; member < header.experts; ++member) f(PartId{group, member});
  }
}

void write(const std::string& path) {
  SpillWriter writer(path, header);
  for_each_part([&](PartId part) { writer.write(slab_of(part)); });
  writer.finish();
}

/// An aligned slot.
struct Slot {
  std::unique_ptr<std::byte, void (*)(void*)> data{
      static_cast<std::byte*>(std::aligned_alloc(4096, header.stride())), std::free};
  View<std::byte> view() const { return {data.get(), static_cast<std::size_t>(header.stride())}; }
  bool holds(PartId part) const { return std::memcmp(data.get(), slab_of(part).data(), header.slab_bytes) == 0; }
};

void flip(const std::string& path, std::uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const int byte = file.get();
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(byte ^ 0x10));
}

}  // namespace

TEST_CASE("every slab is what was written, in both modes") {
  const TemporaryFolder folder;
  write(folder / "spill");
  for (const auto mode : {file::ReadMode::direct, file::ReadMode::buffered}) {
    for (const Verify verify : {Verify::first, Verify::always, Verify::never}) {
      const SpillFile spill(folder / "spill", verify, mode);
      CHECK(spill.header() == header);
      for (int again = 0; again < 2; ++again) {
        for_each_part([&](PartId part) {
          const Slot slot;
          spill.read(part, slot.view());
          CHECK(slot.holds(part));
          for (std::size_t i = header.slab_bytes; i < header.stride(); ++i)
            CHECK(slot.data.get()[i] == std::byte{0});
        });
      }
    }
  }
}

TEST_CASE("a slab that was altered is named, when it is looked at") {
  const TemporaryFolder folder;
  write(folder / "spill");
  const PartId part{1, 2};
  const Slot slot;
  const SpillFile first(folder / "spill");
  const SpillFile always(folder / "spill", Verify::always);
  const SpillFile never(folder / "spill", Verify::never);
  first.read(part, slot.view());
  flip(folder / "spill", header.offset(part) + 4999);
  const auto damaged = [&](const SpillFile& spill) {
    check_error<FormatError>([&] { spill.read(part, slot.view()); },
                             {folder / "spill", std::to_string(header.offset(part)), "expert 2 of layer 1"});
  };
  damaged(always);
  damaged(SpillFile(folder / "spill"));
  first.read(part, slot.view());  // looked at before
  never.read(part, slot.view());
  const SpillFile others(folder / "spill");
  for_each_part([&](PartId other) {
    if (other == part) return;
    others.read(other, slot.view());  // the rest can be used
    CHECK(slot.holds(other));
  });
  flip(folder / "spill", header.offset(part) + 4999);
  always.read(part, slot.view());
  CHECK(slot.holds(part));
}

TEST_CASE("padding, sums and ends: what does not matter, and what does") {
  const TemporaryFolder folder;
  write(folder / "spill");
  flip(folder / "spill", header.offset({0, 1}) + 5000);  // padding
  const Slot slot;
  SpillFile(folder / "spill").read({0, 1}, slot.view());
  CHECK(slot.holds({0, 1}));
  flip(folder / "spill", header.sums_offset() + 5);
  check_error<FormatError>([&] { SpillFile spill(folder / "spill"); },
                           {"checksums", std::to_string(header.sums_offset())});
  flip(folder / "spill", header.sums_offset() + 5);
  REQUIRE(::truncate((folder / "spill").c_str(), static_cast<off_t>(header.file_bytes() - 1)) == 0);
  check_error<FormatError>([&] { SpillFile spill(folder / "spill"); }, {"not complete"});
  REQUIRE(::truncate((folder / "spill").c_str(), 10) == 0);
  check_error<FormatError>([&] { SpillFile spill(folder / "spill"); }, {"10 bytes"});
  check_error<FileError>([&] { SpillFile spill(folder / "none"); }, {"none"});
}

TEST_CASE("truncated or replaced while it is in use") {
  const TemporaryFolder folder;
  write(folder / "spill");
  const SpillFile spill(folder / "spill");
  const Slot slot;
  write(folder / "spill");  // another file under the same name
  flip(folder / "spill", header.offset({0, 0}));
  spill.read({0, 0}, slot.view());
  CHECK(slot.holds({0, 0}));
  const SpillFile lost(folder / "spill");
  REQUIRE(::truncate((folder / "spill").c_str(), static_cast<off_t>(header.offset({1, 0}))) == 0);
  check_error<FileError>([&] { lost.read({1, 0}, slot.view()); }, {folder / "spill", "truncated"});
  lost.read({0, 2}, slot.view());
  CHECK(slot.holds({0, 2}));
}

TEST_CASE("wrong parts and slots are refused") {
  const TemporaryFolder folder;
  write(folder / "spill");
  const SpillFile spill(folder / "spill");
  const Slot slot;
  for (const PartId part : {PartId{-1, 0}, PartId{2, 0}, PartId{0, 3}, PartId{0, -1}}) {
    check_error<InvalidArgument>([&] { spill.read(part, slot.view()); }, {"no expert", "3 in each of 2 layers"});
  }
  check_error<InvalidArgument>(
      [&] {
        spill.read({0, 0}, slot.view().subview(0, 4096));
      },
      {"slot of 4096", "8192"});
}

TEST_CASE("a writer counts its slabs, and leaves nothing behind when it is broken off") {
  const TemporaryFolder folder;
  {
    SpillWriter writer(folder / "spill", header);
    check_error<InvalidArgument>([&] { writer.write(std::vector<std::byte>(4999)); }, {"4999", "5000"});
    writer.write(slab_of({0, 0}));
    check_error<InvalidArgument>([&] { writer.finish(); }, {"1 slabs", "6"});
  }
  CHECK(file::path_kind(folder / "spill") == file::PathKind::missing);
  SpillWriter writer(folder / "spill", header);
  for_each_part([&](PartId part) { writer.write(slab_of(part)); });
  check_error<InvalidArgument>([&] { writer.write(slab_of({0, 0})); }, {"slab 6 of 6"});
  writer.finish();
  CHECK_NOTHROW(SpillFile(folder / "spill"));
}

TEST_CASE("several threads read one file") {
  const TemporaryFolder folder;
  write(folder / "spill");
  const SpillFile spill(folder / "spill");
  std::vector<int> wrong(4, 0);
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const Slot slot;
      for (int i = 0; i < 50; ++i) {
        const PartId part{static_cast<std::int32_t>((t + static_cast<std::size_t>(i)) % 2), i % 3};
        spill.read(part, slot.view());
        wrong[t] += slot.holds(part) ? 0 : 1;
      }
    });
  }
  threads.clear();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("two processes read one file at once, and each gets what was written") {
  const TemporaryFolder folder;
  write(folder / "spill");
  const SpillFile shared(folder / "spill",
                         Verify::always);  // opened before: both have one description of the file
  int go[2];
  REQUIRE(::pipe(go) == 0);
  /// The number of slabs that were wrong or could not be read; both begin when the other one is there.
  const auto read_all = [&](int rounds) {
    int wrong = 0;
    const Slot slot;
    const SpillFile own(folder / "spill", Verify::always);
    for (int round = 0; round < rounds; ++round) {
      for (const SpillFile* spill : {&shared, &own}) {
        for_each_part([&](PartId part) {
          try {
            spill->read(part, slot.view());
            wrong += slot.holds(part) ? 0 : 1;
          } catch (const Error&) {
            ++wrong;
          }
        });
      }
    }
    return wrong;
  };
  const pid_t other = ::fork();
  REQUIRE(other >= 0);
  if (other == 0) {
    const char byte = 'x';
    if (::write(go[1], &byte, 1) != 1) ::_exit(255);
    ::_exit(std::min(read_all(200), 254));
  }
  char byte = 0;
  CHECK(::read(go[0], &byte, 1) == 1);
  CHECK(read_all(200) == 0);
  int status = 0;
  REQUIRE(::waitpid(other, &status, 0) == other);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  for (const int end : go) ::close(end);
}
