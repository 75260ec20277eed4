// What happens to a store's file, and what the store says of it.
#include "asterism/knowledge/store/sqlite.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/random.hpp"
#include "asterism/knowledge/store/database.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using store::Sqlite;

namespace {

/// What version v of the stores here consists of: nodes 0 to 9, of which it has changed two, and an edge.
void write(Sqlite& store, std::uint64_t v) {
  for (std::uint32_t i = 0; i < 10; ++i) {
    if (v > 1 && i != v % 10 && i != v * 7 % 10) continue;
    Node node{
        .id = {i}, .kind = 2, .name = "node " + std::to_string(i), .aliases = {"a", "b" + std::to_string(v)}};
    node.text = std::string(300, static_cast<char>('a' + v % 26)) + std::to_string(v);
    node.vector = {1, static_cast<float>(v), 0.5F};
    store.put(node);
  }
  store.put(Edge{.id = {0}, .from = {0}, .to = {1}, .source = "version " + std::to_string(v)});
  store.put(Use{{1}, v, {3}});
}

/// Everything that a store holds, as a text.
struct Text {
  std::string all{};
  void operator()(const Node& node, Lifetime lifetime) {
    all += "node " + std::to_string(node.id.value) + node.name + node.text + life(lifetime);
    for (const std::string& alias : node.aliases) all += alias + " ";
    for (const float value : node.vector) all += std::to_string(value) + " ";
  }
  void operator()(const Edge& edge, Lifetime lifetime) {
    all += "edge " + std::to_string(edge.id.value) + edge.source + life(lifetime);
  }
  void operator()(const Use& use) { all += "use " + std::to_string(use.count); }
  static std::string life(Lifetime lifetime) {
    return " [" + std::to_string(lifetime.created.value) + "," + std::to_string(lifetime.expired.value) + ") ";
  }
};
std::string text_of(const Sqlite& store) {
  Text text;
  store.for_each(text);
  for (const Commit& commit : store.versions()) text.all += commit.note;
  return text.all;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The store's files as they are now, under another name; the WAL is one of them if the store is open.
void copy(const std::string& from, const std::string& to) {
  for (const char* part : {"", "-wal", ".head"}) {
    std::filesystem::remove(to + part);
    if (std::filesystem::exists(from + part)) std::filesystem::copy_file(from + part, to + part);
  }
  std::filesystem::remove(to + "-shm");
}

template <class E, class Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  return "threw nothing";
}

/// A store of five versions that is open, so that its WAL is there.
struct Filled {
  Filled() {
    for (std::uint64_t v = 1; v <= 5; ++v) {
      write(store, v);
      store.commit("commit " + std::to_string(v), {static_cast<std::int64_t>(v)});
      texts.push_back(text_of(store));
    }
  }
  test::TemporaryFolder folder{};
  std::string path = folder / "store.db";
  Sqlite store{path};
  std::vector<std::string> texts{};  // after each commit
};

}  // namespace

TEST_CASE("a second writer is told who writes, and readers go on") {
  Filled one;
  const std::string message = message_of<StoreBusy>([&] { const Sqlite second(one.path); });
  CHECK(message.find("process " + std::to_string(::getpid()) + " since 2") != std::string::npos);
  Sqlite reader(one.path, {.read_only = true});
  CHECK(text_of(reader) == one.texts.back());
  write(one.store, 6);
  one.store.commit("commit 6", {6});
  CHECK(text_of(reader) == text_of(one.store));
  reader.put(Use{{1}, 1, {}});
  CHECK(message_of<InvalidArgument>([&] { reader.commit("", {}); }).find("opened for reading") !=
        std::string::npos);
}

TEST_CASE("what is no store, or a later one, is refused by name") {
  const test::TemporaryFolder folder;
  test::write_file(folder / "text", std::string(5000, 'x'));
  CHECK(message_of<CorruptStore>([&] { const Sqlite store(folder / "text"); }).find("not a database") !=
        std::string::npos);
  store::Database(folder / "other", store::Database::Access::write).run("CREATE TABLE t(a)");
  CHECK(message_of<FormatError>([&] { const Sqlite store(folder / "other"); }).find("is no store") !=
        std::string::npos);
  { const Sqlite store(folder / "later"); }
  store::Database(folder / "later", store::Database::Access::write).run("PRAGMA user_version = 2");
  CHECK(message_of<NewerSchema>([&] { const Sqlite store(folder / "later"); }).find("version 2") !=
        std::string::npos);
  CHECK_THROWS_AS(Sqlite(folder / "absent", {.read_only = true}), FileError);
  CHECK_THROWS_AS(Sqlite(folder / "no/folder"), FileError);
}

TEST_CASE("a flipped bit is found, or changes nothing") {
  Filled one;
  const std::string damaged = one.folder / "damaged.db";
  Random random(11);
  for (const char* part : {"", "-wal"}) {
    if (*part == '\0') {  // all of it in the file
      const std::string path = one.path;
      one.store = Sqlite(one.folder / "aside.db");
      store::Database(path, store::Database::Access::write).run("PRAGMA wal_checkpoint(TRUNCATE)");
    } else {
      one.store = Sqlite(one.folder / "new.db");
      one.path = one.folder / "new.db";
      for (std::uint64_t v = 1; v <= 5; ++v) {
        write(one.store, v);
        one.store.commit("commit " + std::to_string(v), {static_cast<std::int64_t>(v)});
      }
    }
    copy(one.path, one.folder / "whole.db");
    const std::string whole = bytes_of(one.folder / "whole.db" + part);
    REQUIRE(whole.size() > 10'000);
    int found = 0;
    for (int flip = 0; flip < 300; ++flip) {
      copy(one.folder / "whole.db", damaged);
      std::string bytes = whole;
      std::size_t at = random.below(bytes.size());
      while (bytes[at] == '\0') at = random.below(bytes.size());  // most of it is room
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.below(8));
      test::write_file(damaged + part, bytes);
      std::string text;
      try {
        const Sqlite store(damaged);
        text = text_of(store);
        CHECK(store.verify().empty());
      } catch (const Error& error) {
        ++found;
        CHECK(std::string(error.what()).find(damaged) != std::string::npos);
        continue;
      }
      INFO("byte ", at, " of ", whole.size(), " of ", damaged, part);
      REQUIRE(text == one.texts.back());
    }
    MESSAGE(found << " of 300 flipped bits of store.db" << std::string(part)
                  << " are errors, the others change nothing");
    CHECK(found > 200);
  }
}

TEST_CASE("a damaged row is named, and left out if one wants") {
  Filled one;
  one.store = Sqlite(one.folder / "aside.db");
  store::Database(one.path, store::Database::Access::write)
      .run("UPDATE node SET text = 'other' WHERE id = 9 AND created = 1");
  const Sqlite store(one.path);
  const std::string message = message_of<CorruptStore>([&] { text_of(store); });
  CHECK(message.find("table node, row 9 of version 1: its checksum is another") != std::string::npos);
  Text text;
  std::vector<Damage> damages;
  store.for_each(text, [&](const Damage& damage) { damages.push_back(damage); });
  REQUIRE(!damages.empty());
  CHECK(damages == store.verify());
  CHECK(damages.front() == Damage{"node", 9, {1}, "its checksum is another"});
  CHECK_THROWS_AS(store.find(NodeId{9}), CorruptStore);
  CHECK(store.find(NodeId{8}).has_value());
  // The versions that created and expired it have another chain, too.
  for (std::size_t i = 1; i < damages.size(); ++i) CHECK(damages[i].table == "version");
  CHECK(text.all.find("node 2node 2") != std::string::npos);
}

TEST_CASE("a row that is missing is found by the chain") {
  Filled one;
  one.store = Sqlite(one.folder / "aside.db");
  store::Database(one.path, store::Database::Access::write).run("DELETE FROM edge WHERE id = 0 AND created = 3");
  const auto damages = Sqlite(one.path).verify();
  REQUIRE(!damages.empty());
  CHECK(damages.front().table == "version");
  CHECK(damages.front().version == Version{3});
}

TEST_CASE("a log that was cut is behind its head, and can be accepted") {
  Filled one;
  const std::string cut = one.folder / "cut.db";
  copy(one.path, cut);
  std::map<std::uint64_t, int> versions;
  std::uint64_t last = 5;
  for (std::size_t size = std::filesystem::file_size(cut + "-wal") / 512 * 512;; size -= 512) {
    std::filesystem::resize_file(cut + "-wal", size);
    std::filesystem::remove(cut + "-shm");
    const Sqlite store(cut, {.read_only = true, .recover = true});
    const std::uint64_t found = store.versions().empty() ? 0 : store.versions().back().version.value;
    REQUIRE(found <= last);
    if (found < last) {
      last = found;
      CHECK(message_of<BehindHead>([&] { const Sqlite read(cut, {.read_only = true}); }).find("recover") !=
            std::string::npos);
      copy(cut, one.folder / "written.db");
      CHECK_THROWS_AS(Sqlite(one.folder / "written.db"), BehindHead);
      Sqlite accepted(one.folder / "written.db", {.recover = true});
      CHECK(accepted.verify().empty());
      CHECK(text_of(accepted) == one.texts[last - 1]);
      write(accepted, last + 1);
      CHECK(accepted.commit("commit " + std::to_string(last + 1), {static_cast<std::int64_t>(last + 1)}) ==
            Version{last + 1});
      CHECK(text_of(accepted) == one.texts[last]);
    }
    if (size % (64 * 512) == 0) CHECK(text_of(store) == one.texts[last - 1]);
    ++versions[last];
    if (last == 1) break;
  }
  CHECK(versions.size() == 4);  // 1 to 4, as the cut may be in the last frame of 5
}

TEST_CASE("a head that is damaged is an error, of its two records one is enough") {
  Filled one;
  one.store = Sqlite(one.folder / "aside.db");
  std::string head = bytes_of(one.path + ".head");
  REQUIRE(head.size() == 128);
  head[64 + 20] ^= 1;  // that of version 5
  test::write_file(one.path + ".head", head);
  CHECK(text_of(Sqlite(one.path)) == one.texts.back());
  head[20] ^= 1;
  head[64 + 20] ^= 2;
  test::write_file(one.path + ".head", head);
  CHECK(message_of<CorruptStore>([&] { const Sqlite store(one.path); }).find("recover") != std::string::npos);
  CHECK(text_of(Sqlite(one.path, {.recover = true})) == one.texts.back());
  CHECK(text_of(Sqlite(one.path)) == one.texts.back());
}

TEST_CASE("on a disk that is full the last version stands, and the changes wait") {
  const test::TemporaryFolder folder;
  int refused = 0;
  for (rlim_t limit = 40'000; limit < 400'000; limit += 24'000) {
    const std::string path = folder / std::to_string(limit);
    std::string before;
    {
      Sqlite store(path);
      write(store, 1);
      store.commit("commit 1", {1});
      before = text_of(store);
    }
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit small{limit, limit};
      int result = 2;
      try {
        Sqlite store(path);
        ::setrlimit(RLIMIT_FSIZE, &small);
        for (std::uint64_t v = 2; v < 40; ++v) {
          write(store, v);
          store.commit("commit " + std::to_string(v), {2});
          before = text_of(store);
        }
        result = 0;  // all fitted
      } catch (const FileError&) {
        result = 1;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
      }
      ::_exit(result);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) < 2);
    refused += WEXITSTATUS(status);
    const Sqlite store(path);
    CHECK(store.verify().empty());
    CHECK(!store.versions().empty());
  }
  CHECK(refused > 5);
  // In one process: the failed commit can be repeated.
  Filled one;
  write(one.store, 6);
  {
    store::Database blocks(one.path, store::Database::Access::write);
    blocks.run("BEGIN IMMEDIATE");
    CHECK_THROWS_AS(one.store.commit("commit 6", {6}), StoreBusy);
    CHECK(one.store.versions().size() == 5);
    CHECK(text_of(one.store) == one.texts.back());
    blocks.run("ROLLBACK");
  }
  CHECK(one.store.commit("commit 6", {6}) == Version{6});
  CHECK(one.store.verify().empty());
}

TEST_CASE("compact gives space back and keeps all") {
  Filled one;
  for (std::uint64_t v = 6; v <= 40; ++v) {
    write(one.store, v);
    one.store.commit("commit " + std::to_string(v), {static_cast<std::int64_t>(v)});
  }
  for (std::uint32_t i = 100; i < 600; ++i) one.store.put(Node{.id = {i}, .text = std::string(1000, 'x')});
  one.store.commit("many", {41});
  one.store.compact();
  const auto before_size = std::filesystem::file_size(one.path);
  for (std::uint32_t i = 100; i < 600; ++i) one.store.erase(NodeId{i});
  for (std::uint64_t v = 42; v <= 48; ++v) {
    write(one.store, v);
    one.store.commit("commit " + std::to_string(v), {static_cast<std::int64_t>(v)});
  }
  const std::string before = text_of(one.store);
  one.store.compact();
  CHECK(std::filesystem::file_size(one.path) + 400'000 < before_size);
  CHECK(text_of(one.store) == before);
  CHECK(one.store.verify().empty());
  CHECK(one.store.versions().size() == kept_versions);
}
