// The weight table of Mixtral: every role once, in places and with names that can be told apart.
#include "asterism/model/architectures/mixtral.hpp"

#include <algorithm>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "asterism/model/weight_info.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

using namespace asterism;
using model::Role;
using model::Scope;
using model::WeightInfo;

TEST_CASE("every role stands in the table once") {
  std::set<Role> roles;
  for (const WeightInfo& info : model::mixtral.weights) CHECK(roles.insert(info.role).second);
  CHECK(roles.size() == static_cast<std::size_t>(Role::head) + 1);
}

TEST_CASE("each layout gives every weight a name, or a slice, of its own") {
  std::set<std::string> separate;
  std::set<std::string> fused;
  for (const WeightInfo& info : model::mixtral.weights) {
    CAPTURE(info.name);
    CHECK(separate.insert(std::string(info.name)).second);
    const std::string name(info.fused.name.empty() ? info.name : info.fused.name);
    CHECK(fused.insert(name + "/" + std::to_string(info.fused.slice)).second);
    CHECK(info.fused.slice < info.fused.slices);
    CHECK((info.name.find("{expert}") != info.name.npos) == (info.scope == Scope::expert));
    CHECK(info.fused.name.find("{expert}") == info.fused.name.npos);
  }
}

TEST_CASE("weights of one scope are adjacent: model, layers, experts, model") {
  std::string scopes;
  for (const WeightInfo& info : model::mixtral.weights) {
    const char scope = "mle"[static_cast<std::size_t>(info.scope)];
    if (scopes.empty() || scopes.back() != scope) scopes += scope;
  }
  CHECK(scopes == "mlem");
}

TEST_CASE("an architecture is found by its number") {
  for (const model::ArchitectureInfo& info : model::architectures) {
    CHECK(&model::info_of(info.architecture) == &info);
  }
}
