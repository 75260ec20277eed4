// All shipped execution policies are models of Execution and obey its laws; structs that lack one member are none.
#include "asterism/parallel/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"

#include "lacking/execution.hpp"
#include "laws/execution_laws.hpp"

using namespace asterism;
using namespace asterism::parallel;
using namespace asterism::lacking::executions;

namespace {

struct ThreadsOfAnotherType : NoThreads {
  int threads() const { return 1; }
};

static_assert(Execution<Complete> && Execution<Serial> && Execution<Threads>);
static_assert(!Execution<NoTasks> && !needs::for_each_task<NoTasks> && needs::threads<NoTasks>);
static_assert(!Execution<NoRanges> && !needs::for_each_range<NoRanges> && needs::for_each_task<NoRanges>);
static_assert(!Execution<NoThreads> && !needs::threads<NoThreads> && needs::for_each_task<NoThreads>);
static_assert(!Execution<ThreadsOfAnotherType>);
static_assert(!Execution<int>);

}  // namespace

TEST_CASE_TEMPLATE("the policies obey the laws", E, Serial, Threads) {
  for (const std::size_t threads : {1U, 2U, 3U, 8U}) {
    E execution(threads);
    CAPTURE(threads);
    laws::execution(execution);
  }
}
