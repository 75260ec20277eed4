// load.hpp: a checkpoint is loaded and says three tokens. Argument: the folder of the checkpoint.
#include <asterism/load.hpp>
#include <cstdio>

using namespace asterism;

struct Small : Blueprint {
  static constexpr Limits limits{.context = 64, .batch = 1, .prefill_chunk = 16, .threads = 1};
};

int main(int, char** argv) try {
  const auto model = load<Small>(argv[1]);
  auto session = model.session();
  for (const std::string_view piece : session.generate("Once", {.max_tokens = 3})) {
    std::printf("%.*s", static_cast<int>(piece.size()), piece.data());
  }
  std::printf("\n%s", model.memory_report().c_str());
  return session.last().usage.completion_tokens == 3 ? 0 : 1;
} catch (const Error& error) {
  std::puts(error.what());
  return 1;
}
