// The weight tables of all architectures: every role at most once, in places and with names that can be told apart.
#include <cstddef>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "asterism/model/weight_info.hpp"
#include "asterism/model/weights.hpp"
#include "asterism/shape/shape.hpp"

using namespace asterism;
using model::ArchitectureInfo;
using model::Role;
using model::Scope;
using model::WeightInfo;

TEST_CASE("a role stands in a table once") {
  for (const ArchitectureInfo& architecture : model::architectures) {
    CAPTURE(architecture.model_type);
    std::set<Role> roles;
    for (const WeightInfo& info : architecture.weights) CHECK(roles.insert(info.role).second);
    for (const Role role :
         {Role::embedding, Role::query, Role::key, Role::value, Role::output, Role::final_norm, Role::head}) {
      CHECK(roles.contains(role));
    }
  }
}

TEST_CASE("each layout gives every weight a name, or a slice, of its own") {
  for (const ArchitectureInfo& architecture : model::architectures) {
    CAPTURE(architecture.model_type);
    std::set<std::string> separate;
    std::set<std::string> fused;
    for (const WeightInfo& info : architecture.weights) {
      CAPTURE(info.name);
      const std::string rows = "/" + std::to_string(static_cast<int>(info.transform));  // of a tensor for several
      CHECK(separate.insert(std::string(info.name) + rows).second);
      const std::string name(info.fused.name.empty() ? info.name : info.fused.name);
      CHECK(fused.insert(name + rows + "/" + std::to_string(info.fused.slice)).second);
      CHECK(info.fused.slice < info.fused.slices);
      CHECK((info.name.find("{expert}") != info.name.npos) == (info.scope == Scope::expert));
      CHECK(info.fused.name.find("{expert}") == info.fused.name.npos);
    }
  }
}

TEST_CASE("weights of one scope are adjacent: model, layers, experts, model") {
  for (const ArchitectureInfo& architecture : model::architectures) {
    CAPTURE(architecture.model_type);
    std::string scopes;
    for (const WeightInfo& info : architecture.weights) {
      const char scope = "mle"[static_cast<std::size_t>(info.scope)];
      if (scopes.empty() || scopes.back() != scope) scopes += scope;
    }
    CHECK(scopes == (architecture.experts_field.empty() ? "mlm" : "mlem"));
    CHECK(architecture.ffn_field.empty() == architecture.experts_field.empty());
  }
}

TEST_CASE("what is of certain layers is of layers, and vectors are no expert's") {
  for (const ArchitectureInfo& architecture : model::architectures) {
    CAPTURE(architecture.model_type);
    for (const WeightInfo& info : architecture.weights) {
      CAPTURE(info.name);
      CHECK((info.where == model::Where::everywhere || info.scope == Scope::layer));
      CHECK((!info.is_exact || info.rows != model::Dim::none));
      CHECK((!info.is_vector() || info.scope != Scope::expert));
    }
  }
}

TEST_CASE("an architecture is found by its number") {
  for (const ArchitectureInfo& info : model::architectures) CHECK(&model::info_of(info.architecture) == &info);
}
