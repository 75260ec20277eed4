// A Blueprint with Adapters whose header was not included.
// expected: a Blueprint with Adapters: include asterism/generate/adapters.hpp
#include "asterism/generate/session.hpp"
#if defined(SOUND)
#include "asterism/generate/adapters.hpp"
#endif

struct Personas : asterism::Blueprint {
  using Adapters = asterism::expert::Adapters<asterism::expert::AdapterTargets{.query = true}, 8>;
};

void ask(const asterism::LanguageModel<Personas>& model) { model.session({.adapter = "persona"}); }
