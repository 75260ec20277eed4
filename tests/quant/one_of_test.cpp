// One of several formats: tags, names and sizes are those of the format that a tag stands for.
#include "asterism/quant/one_of.hpp"

#include <string>
#include <type_traits>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/quant/float32.hpp"
#include "asterism/quant/gguf.hpp"
#include "asterism/quant/nf4.hpp"

#include "support/files.hpp"

using namespace asterism;
using quant::OneOf;
using Two = OneOf<quant::Q4_K, quant::Q6_K>;

static_assert(quant::Tagged<Two> && quant::Tagged<quant::Gguf> && !quant::Tagged<quant::Q4_K>);
static_assert(quant::WeightFormat<Two> && quant::WeightFormat<quant::Nf4<64>> && !quant::WeightFormat<int>);
static_assert(!quant::Quantization<Two>);  // a size without a tag has no meaning
static_assert(Two::tag_of<quant::Q4_K>() == 0 && Two::tag_of<quant::Q6_K>() == 1 && Two::count == 2);
static_assert(std::is_same_v<quant::FirstOf<Two>, quant::Q4_K> && std::is_same_v<quant::FirstOf<int>, int>);
static_assert(Two::planes(1, 4, 256).bytes() == quant::Q6_K::planes(4, 256).bytes());
static_assert(quant::planes_of<quant::Q6_K>(9, 4, 256).bytes() == quant::Q6_K::planes(4, 256).bytes());

TEST_CASE("a tag stands for one format of the list") {
  CHECK(Two::name() == "one of Q4_K, Q6_K");
  CHECK(Two::name(0) == "Q4_K");
  CHECK(Two::name(1) == "Q6_K");
  CHECK(Two::code_bits(0) == 4);
  CHECK(Two::code_bits(1) == 6);
  CHECK(Two::planes(0, 8, 512).bytes() == quant::Q4_K::planes(8, 512).bytes());
  int calls = 0;
  Two::visit(1, [&]<class Format>() {
    ++calls;
    CHECK(std::is_same_v<Format, quant::Q6_K>);
  });
  CHECK(calls == 1);
  test::check_error<InvalidArgument>([] { Two::visit(2, []<class>() {}); }, {"tag 2", "2 formats", "Q4_K, Q6_K"});
  test::check_error<InvalidArgument>([] { Two::planes(0, 1, 200); }, {"Q4_K", "256"});
}

TEST_CASE("Gguf lists every format of its files once") {
  int blocks = 0;
  quant::for_each_ggml_format([&]<class Format>() {
    ++blocks;
    CHECK(quant::Gguf::name(quant::Gguf::tag_of<Format>()) == Format::name());
  });
  CHECK(quant::Gguf::count == static_cast<std::size_t>(blocks) + 3);
  CHECK(quant::Gguf::name(quant::Gguf::tag_of<quant::BFloat16>()) == quant::BFloat16::name());
}
