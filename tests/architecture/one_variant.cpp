// A program with one variant, as a user writes it: compile_time.py measures what it costs.
#include <cstdio>
#include <string_view>

#include "asterism/load.hpp"

using namespace asterism;

struct Default : Blueprint {};

int main(int count, char** arguments) {
  if (count < 2) return 2;
  const auto model = load<Default>(arguments[1]);
  auto session = model.session();
  for (const std::string_view piece : session.generate("Once upon a time")) {
    std::fwrite(piece.data(), 1, piece.size(), stdout);
  }
}
