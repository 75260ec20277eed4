// All shipped backends are models of Backend; structs that lack one member are none.
#include "asterism/backend/concept.hpp"

#include <doctest/doctest.h>

#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"

using namespace asterism;
using namespace asterism::backend;

namespace {

struct Complete : SerialHost {
  using SerialHost::SerialHost;
};
// Each hides one member.
struct NoArena : SerialHost {
  void arena() {}
};
struct NoAllocate : SerialHost {
  void allocate() {}
};
struct NoUpload : SerialHost {
  void upload() {}
};
struct NoDownload : SerialHost {
  void download() {}
};
struct NoReceive : SerialHost {
  void receive() {}
};
struct NoSynchronize : SerialHost {
  void synchronize(int) {}
};
struct NoRmsNorm : SerialHost {
  void rms_norm() {}
};
struct NoAdd : SerialHost {
  void add() {}
};
struct NoGroup : SerialHost {
  void group() {}
};

struct NoEmbed : SerialHost {
  void embed() {}
};
struct NoProduct : SerialHost {
  void product() {}
};
struct NoGroupedProduct : SerialHost {
  void grouped_product() {}
};
struct NoSiluMultiply : SerialHost {
  void silu_multiply() {}
};
struct NoRotaryTables : SerialHost {
  void rotary_tables() {}
};
struct NoRotate : SerialHost {
  void rotate() {}
};
struct NoAppendKv : SerialHost {
  void append_kv() {}
};
struct NoAttend : SerialHost {
  void attend() {}
};
struct NoRoute : SerialHost {
  void route() {}
};
struct NoGather : SerialHost {
  void gather() {}
};
struct NoCombine : SerialHost {
  void combine() {}
};

static_assert(Backend<Complete> && Backend<Host> && Backend<SerialHost>);
static_assert(!Backend<NoArena> && !needs::arena<NoArena> && needs::allocate<NoArena>);
static_assert(!Backend<NoAllocate> && !needs::allocate<NoAllocate> && needs::arena<NoAllocate>);
static_assert(!Backend<NoUpload> && !needs::upload<NoUpload>);
static_assert(!Backend<NoDownload> && !needs::download<NoDownload>);
static_assert(!Backend<NoReceive> && !needs::receive<NoReceive>);
static_assert(!Backend<NoSynchronize> && !needs::synchronize<NoSynchronize>);
static_assert(!Backend<NoRmsNorm> && !needs::rms_norm<NoRmsNorm>);
static_assert(!Backend<NoAdd> && !needs::add<NoAdd>);
static_assert(!Backend<NoGroup> && !needs::group<NoGroup>);
static_assert(!Backend<NoEmbed> && !needs::embed<NoEmbed>);
static_assert(!Backend<NoProduct> && !needs::product<NoProduct>);
static_assert(!Backend<NoGroupedProduct> && !needs::grouped_product<NoGroupedProduct>);
static_assert(!Backend<NoSiluMultiply> && !needs::silu_multiply<NoSiluMultiply>);
static_assert(!Backend<NoRotaryTables> && !needs::rotary_tables<NoRotaryTables>);
static_assert(!Backend<NoRotate> && !needs::rotate<NoRotate>);
static_assert(!Backend<NoAppendKv> && !needs::append_kv<NoAppendKv>);
static_assert(!Backend<NoAttend> && !needs::attend<NoAttend>);
static_assert(!Backend<NoRoute> && !needs::route<NoRoute>);
static_assert(!Backend<NoGather> && !needs::gather<NoGather>);
static_assert(!Backend<NoCombine> && !needs::combine<NoCombine>);
static_assert(!Backend<int>);

}  // namespace

TEST_CASE("backends are checked when this file compiles") { CHECK(Backend<Host>); }
