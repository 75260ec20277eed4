// Another encoder for what a store keeps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/core/view.hpp"
#include "asterism/knowledge/graph/properties.hpp"
#include "asterism/knowledge/index/vector_rows.hpp"
#include "asterism/knowledge/records.hpp"
#include "asterism/knowledge/store/concept.hpp"

namespace asterism::knowledge {

/// The width and the fingerprint of an encoder.
struct EncoderIdentity {
  std::size_t dim = 0;
  std::uint64_t fingerprint = 0;
};

/// Its text, or its name where it has none.
inline std::string text_or_name(const Node& node) { return node.text.empty() ? node.name : node.text; }

/// Gives all nodes that have a vector one of another encoder, made of text_of(node): one commit, all or nothing.
/// `encode(texts, out)`: texts (n), out (n, dim). A graph that is opened on the store then looks for vectors of
/// versions before that one no more. No graph may be open on the store. Memory: the nodes twice. BadVector for what
/// `encode` made wrong; then, and after any other error, the last version stands, and what waited in the store is gone.
template <GraphStore Store, class Encode, class TextOf = std::string (*)(const Node&)>
Version reencode(Store& store, EncoderIdentity encoder, Encode&& encode, Time at, TextOf&& text_of = text_or_name) {
  std::vector<Node> nodes;
  struct Living {
    std::vector<Node>* nodes;
    void operator()(const Node& node, Lifetime lifetime) const {
      if (lifetime.expired == never && !node.vector.empty()) nodes->push_back(node);
    }
    void operator()(const Edge&, Lifetime) const {}
    void operator()(const Use&) const {}
  };
  store.for_each(Living{&nodes});
  std::vector<std::string> said;
  for (const Node& node : nodes) said.push_back(text_of(node));
  const std::vector<std::string_view> texts(said.begin(), said.end());
  std::vector<float> numbers(texts.size() * encoder.dim);
  const MatrixView<float> out(numbers.data(), texts.size(), encoder.dim);
  encode(View<const std::string_view>(texts), out);
  try {
    index::check_vectors(encoder.dim, out, "vector");
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const View<float> row = out.row(i);
      nodes[i].vector.assign(row.begin(), row.end());
      store.put(std::move(nodes[i]));
    }
    const std::vector<Commit> versions = store.versions();
    const std::uint64_t next = versions.empty() ? 1 : versions.back().version.value + 1;
    store.set_property(detail::encoder_key, std::to_string(encoder.fingerprint));
    store.set_property(detail::dim_key, std::to_string(encoder.dim));
    store.set_property(detail::vectors_since_key, std::to_string(next));
    return store.commit(concat("encoded ", texts.size(), " nodes again"), at);
  } catch (...) {
    store.discard();
    throw;
  }
}

}  // namespace asterism::knowledge
