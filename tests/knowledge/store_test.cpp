// Both stores are models of GraphStore and obey its laws, the one in a file also if it is opened again all the time.
#include "lacking/store.hpp"

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "asterism/knowledge/store/concept.hpp"
#include "asterism/knowledge/store/memory.hpp"
#include "asterism/knowledge/store/sqlite.hpp"

#include "laws/store_laws.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::knowledge;
using namespace asterism::lacking::stores;

namespace {

static_assert(GraphStore<Complete>);
static_assert(!GraphStore<NoPut> && !needs::put<NoPut> && needs::find<NoPut>);
static_assert(!GraphStore<NoFind> && !needs::find<NoFind> && needs::put<NoFind>);
static_assert(!GraphStore<NoErase> && !needs::erase_row<NoErase> && needs::put<NoErase>);
static_assert(!GraphStore<NoProperty> && !needs::property<NoProperty> && needs::put<NoProperty>);
static_assert(!GraphStore<NoCommit> && !needs::commit<NoCommit> && needs::versions<NoCommit>);
static_assert(!GraphStore<NoVersions> && !needs::versions<NoVersions> && needs::commit<NoVersions>);
static_assert(!GraphStore<NoRollback> && !needs::rollback<NoRollback> && needs::commit<NoRollback>);
static_assert(!GraphStore<NoForEach> && !needs::for_each<NoForEach> && needs::verify<NoForEach>);
static_assert(!GraphStore<NoVerify> && !needs::verify<NoVerify> && needs::for_each<NoVerify>);
static_assert(!GraphStore<int>);

/// Closes its file and opens it again after whatever it writes.
struct Reopened : store::Sqlite {
  using Sqlite::Sqlite;
  Version commit(std::string_view note, Time at) {
    const Version version = Sqlite::commit(note, at);
    reopen();
    return version;
  }
  Version rollback(Version to, Time at) {
    const Version version = Sqlite::rollback(to, at);
    reopen();
    return version;
  }

 private:
  void reopen() {
    const std::string name = path();
    { const Sqlite closes(std::move(static_cast<Sqlite&>(*this))); }
    static_cast<Sqlite&>(*this) = Sqlite(name);
  }
};

template <class Store>
void obeys_the_laws() {
  const test::TemporaryFolder folder;
  int count = 0;
  laws::graph_store([&] { return Store(folder / std::to_string(count++)); });
}

}  // namespace

TEST_CASE("the store in memory obeys the laws") { laws::graph_store<store::Memory>(); }
TEST_CASE("the store in a file obeys the laws") { obeys_the_laws<store::Sqlite>(); }
TEST_CASE("the store in a file that is opened again obeys the laws") { obeys_the_laws<Reopened>(); }
