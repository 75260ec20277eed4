// Sinks of progress.
#include "asterism/core/progress.hpp"

#include <string>
#include <type_traits>

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"

using namespace asterism;

static_assert(!std::is_copy_constructible_v<ProgressSink> && !std::is_copy_assignable_v<ProgressSink>);
static_assert(std::has_virtual_destructor_v<ProgressSink>);

TEST_CASE("a derived sink hears everything") {
  struct Notes : ProgressSink {
    std::string text;
    void begin(std::string_view task, std::uint64_t total, ProgressUnit unit) override {
      text += concat(task, " ", total, unit == ProgressUnit::bytes ? " bytes; " : " items; ");
    }
    void advance(std::uint64_t done, std::string_view item) override { text += concat(done, " ", item, "; "); }
    void end() override { text += "end"; }
  };
  Notes notes;
  ProgressSink& sink = notes;
  sink.begin("load", 10, ProgressUnit::bytes);
  sink.advance(4, "layer 0");
  sink.advance(10, "layer 1");
  sink.end();
  CHECK(notes.text == "load 10 bytes; 4 layer 0; 10 layer 1; end");
}
