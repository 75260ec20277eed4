// A process that writes is killed anywhere: every commit that it was told of is there, and nothing else. 60 times, or
// as often as ASTERISM_KILLS says.
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/random.hpp"
#include "asterism/knowledge/store/sqlite.hpp"

#include "support/files.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using store::Sqlite;

namespace {

/// All nodes have the number of their version as text.
void write_on(const std::string& path, int tell) {
  Sqlite store(path);
  std::uint64_t v = store.versions().empty() ? 0 : store.versions().back().version.value;
  for (;;) {
    ++v;
    for (std::uint32_t i = 0; i < 20; ++i) {
      Node node{.id = {i}, .text = std::to_string(v)};
      node.vector.assign(500, static_cast<float>(v));
      store.put(node);
    }
    if (v % 7 == 0) {
      store.discard();
      v = store.rollback(store.versions().front().version, {0}).value;
    } else {
      store.commit("", {0});
    }
    if (::write(tell, &v, sizeof(v)) != sizeof(v)) ::_exit(1);
  }
}

}  // namespace

TEST_CASE("a writer that is killed has lost nothing that it was told is safe") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "store.db";
  Random random(3);
  std::uint64_t told = 0;
  const char* often = std::getenv("ASTERISM_KILLS");
  const int kills = often == nullptr ? 60 : std::atoi(often);
  for (int kill = 0; kill < kills; ++kill) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(ends[0]);
      try {
        write_on(path, ends[1]);
      } catch (const std::exception&) {
      }
      ::_exit(1);
    }
    ::close(ends[1]);
    for (std::uint64_t wait = random.below(4); wait > 0; --wait) {
      if (::read(ends[0], &told, sizeof(told)) != sizeof(told)) break;
    }
    ::usleep(static_cast<useconds_t>(random.below(6000)));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    std::uint64_t more = 0;
    while (::read(ends[0], &more, sizeof(more)) == sizeof(more)) told = more;
    ::close(ends[0]);

    const Sqlite store(path);
    REQUIRE(store.verify().empty());
    const std::uint64_t last = store.versions().empty() ? 0 : store.versions().back().version.value;
    CHECK(last >= told);
    std::vector<std::string> texts;
    struct Living {
      std::vector<std::string>* texts;
      void operator()(const Node& node, Lifetime lifetime) const {
        if (lifetime.expired == never) texts->push_back(node.text);
      }
      void operator()(const Edge&, Lifetime) const {}
      void operator()(const Use&) const {}
    };
    store.for_each(Living{&texts});
    CHECK(texts.size() == (last == 0 ? 0 : 20));
    for (const std::string& text : texts) CHECK(text == texts.front());
  }
  CHECK(told > 20);
}
