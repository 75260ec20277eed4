// Bodies of rows.hpp.
#pragma once

#include <algorithm>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/knowledge/error.hpp"
#include "asterism/knowledge/fold.hpp"
#include "asterism/knowledge/graph/rows.hpp"
#include "asterism/knowledge/xxhash.hpp"

namespace asterism::knowledge::detail {

inline std::uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

inline std::uint32_t narrow(Version version) {
  if (version == never) return no_row;
  if (version.value >= no_row) throw InvalidArgument(concat("version ", version.value, " is above 2^32 - 2"));
  return static_cast<std::uint32_t>(version.value);
}

ASTERISM_INLINE std::uint64_t vector_hash(const std::vector<float>& vector) {
  if (vector.empty()) return 0;
  std::vector<float> numbers = vector;
  for (float& number : numbers) number += 0.0F;  // -0 equals 0
  return XXH3_64bits(numbers.data(), numbers.size() * sizeof(float)) | 1U;
}

ASTERISM_INLINE void RowNeeds::add(const Node& node) {
  ++nodes;
  names += node.aliases.size() + (node.name.empty() ? 0 : 1);
  text += node.name.size() + node.text.size() + node.source.size();
  for (const std::string& alias : node.aliases) text += alias.size() + 1;
}

ASTERISM_INLINE void RowNeeds::add(const Edge& edge) {
  ++edges;
  if (sources.insert(edge.source).second) text += edge.source.size();
}

ASTERISM_INLINE GraphRows::GraphRows(const RowMemory& memory)
    : places_(memory.places),
      nodes_(memory.nodes),
      edges_(memory.edges),
      names_(memory.names),
      sources_(memory.sources),
      place_by_id_(memory.place_table, memory.place_next),
      edge_by_id_(memory.edge_table, memory.edge_next),
      name_by_hash_(memory.name_table, memory.name_next),
      source_by_hash_(memory.source_table, memory.source_next),
      texts_(memory.texts) {}

ASTERISM_INLINE void GraphRows::clear() {
  places_.clear();
  nodes_.clear();
  edges_.clear();
  names_.clear();
  sources_.clear();
  place_by_id_.clear();
  edge_by_id_.clear();
  name_by_hash_.clear();
  source_by_hash_.clear();
  texts_.clear();
  dead_.clear();
  dead_nodes_ = 0;
}

ASTERISM_INLINE void GraphRows::make_room(const RowNeeds& needs) {
  const auto check = [](std::size_t needed, std::size_t room, std::string_view what) {
    if (needed <= room) return;
    throw KnowledgeFull(concat("the graph has room for ", room, " more ", what, ", not for ", needed,
                               ": make its limits larger, or let it evict"));
  };
  check(needs.nodes, nodes_.room(), "values of nodes");
  check(needs.edges, edges_.room(), "values of edges");
  check(needs.names, names_.room(), "names");
  check(needs.text, texts_.room(), "bytes of text");
  const auto is_new = [&](std::string_view source) { return find_source(source) == HashChains::none; };
  check(static_cast<std::size_t>(std::count_if(needs.sources.begin(), needs.sources.end(), is_new)),
        sources_.room(), "sources of edges");
  if (!texts_.fits(needs.text)) pack_texts();
}

ASTERISM_INLINE double GraphRows::fullness() const {
  const auto share = [](std::size_t used, std::size_t room) {
    return static_cast<double>(used) / static_cast<double>(std::max<std::size_t>(used + room, 1));
  };
  return std::max({share(nodes_.used(), nodes_.room()), share(edges_.used(), edges_.room()),
                   share(names_.used(), names_.room()), share(texts_.used(), texts_.room())});
}

ASTERISM_INLINE void GraphRows::pack_texts() {
  struct Used {
    std::uint64_t* at;
    std::size_t size;
  };
  std::vector<Used> used;
  for (std::uint32_t row = 0; row < nodes_.end(); ++row) {
    if (nodes_[row].place != no_row) used.push_back({&nodes_[row].text_at, nodes_[row].all_text()});
  }
  for (std::uint32_t row = 0; row < sources_.end(); ++row) {
    if (sources_[row].edges != 0) used.push_back({&sources_[row].text_at, sources_[row].size});
  }
  std::sort(used.begin(), used.end(), [](const Used& a, const Used& b) { return *a.at < *b.at; });
  texts_.begin_pack();
  for (const Used& one : used) *one.at = texts_.keep(*one.at, one.size);
}

ASTERISM_INLINE void GraphRows::name_it(std::uint32_t row, std::string_view folded_name) {
  const std::uint32_t name = names_.take();
  names_[name] = {.hash = hash_of(folded_name), .row = row, .next = nodes_[row].first_name};
  nodes_[row].first_name = name;
  name_by_hash_.insert(names_[name].hash, name);
}

ASTERISM_INLINE std::uint32_t GraphRows::add(const Node& node, Lifetime lifetime) {
  const std::uint32_t created = narrow(lifetime.created);
  const std::uint32_t expired = narrow(lifetime.expired);
  std::uint32_t place = place_of(node.id);
  if (place == no_row) {
    place = places_.take();
    places_[place].id = node.id;
    place_by_id_.insert(node.id.value, place);
  }
  const std::uint32_t row = nodes_.take();
  nodes_[row] = {.place = place,
                 .older = places_[place].newest,
                 .kind = node.kind,
                 .pinned = node.pinned,
                 .merged_into = node.merged_into,
                 .created = created,
                 .expired = expired,
                 .confidence = node.confidence,
                 .weight = node.weight,
                 .vector = vector_hash(node.vector),
                 .name_size = static_cast<std::uint32_t>(node.name.size()),
                 .text_size = static_cast<std::uint32_t>(node.text.size()),
                 .source_size = static_cast<std::uint32_t>(node.source.size())};
  places_[place].newest = row;
  NodeRow& added = nodes_[row];
  added.text_at = texts_.put(node.name);
  texts_.put(node.text);
  texts_.put(node.source);
  for (const std::string& alias : node.aliases) {
    texts_.put({alias.c_str(), alias.size() + 1});
    added.aliases_size += static_cast<std::uint32_t>(alias.size() + 1);
    name_it(row, alias);
  }
  if (!node.name.empty()) name_it(row, folded(node.name));
  if (expired != no_row) bury({expired, row, false});
  return row;
}

ASTERISM_INLINE bool GraphRows::add(const Edge& edge, Lifetime lifetime) {
  const std::uint32_t from = place_of(edge.from);
  const std::uint32_t to = place_of(edge.to);
  if (from == no_row || to == no_row) return false;
  const std::uint32_t row = edges_.take();
  edges_[row] = {.id = edge.id,
                 .from = from,
                 .to = to,
                 .next_out = places_[from].first_out,
                 .next_in = places_[to].first_in,
                 .source = add_source(edge.source),
                 .created = narrow(lifetime.created),
                 .expired = narrow(lifetime.expired),
                 .kind = edge.kind,
                 .valid_from = edge.valid_from,
                 .valid_to = edge.valid_to,
                 .weight = edge.weight,
                 .confidence = edge.confidence};
  places_[from].first_out = row;
  places_[to].first_in = row;
  edge_by_id_.insert(edge.id.value, row);
  if (edges_[row].expired != no_row) bury({edges_[row].expired, row, true});
  return true;
}

ASTERISM_INLINE std::uint32_t GraphRows::find_source(std::string_view text) const {
  return source_by_hash_.find(hash_of(text), [&](std::uint32_t source) {
    return texts_.text(sources_[source].text_at, sources_[source].size) == text;
  });
}

ASTERISM_INLINE std::uint32_t GraphRows::add_source(std::string_view text) {
  const std::uint64_t hash = hash_of(text);
  std::uint32_t source = find_source(text);
  if (source == HashChains::none) {
    source = sources_.take();
    sources_[source] = {
        .text_at = texts_.put(text), .hash = hash, .size = static_cast<std::uint32_t>(text.size())};
    source_by_hash_.insert(hash, source);
  }
  ++sources_[source].edges;
  return source;
}

ASTERISM_INLINE void GraphRows::release_source(std::uint32_t source) {
  SourceRow& row = sources_[source];
  if (--row.edges != 0) return;
  source_by_hash_.remove(row.hash, source);
  texts_.give_back(row.size);
  sources_.give_back(source);
}

ASTERISM_INLINE void GraphRows::bury(Dead dead) {
  if (!dead.edge) ++dead_nodes_;
  dead_.push_back(dead);
  std::push_heap(dead_.begin(), dead_.end(), later);
}

ASTERISM_INLINE void GraphRows::expire(NodeId id, Version last, Version version) {
  const std::uint32_t row = row_of(id, last);
  if (row == no_row) return;
  nodes_[row].expired = narrow(version);
  bury({nodes_[row].expired, row, false});
}

ASTERISM_INLINE void GraphRows::expire(EdgeId id, Version last, Version version) {
  const std::uint32_t row = row_of(id, last);
  if (row == no_row) return;
  edges_[row].expired = narrow(version);
  bury({edges_[row].expired, row, true});
}

ASTERISM_INLINE std::vector<GraphRows::Gone> GraphRows::purge(Version oldest) {
  std::vector<Gone> nodes;
  std::vector<std::uint32_t> edges;
  while (!dead_.empty() && dead_.front().expired <= oldest.value) {
    const Dead dead = dead_.front();
    std::pop_heap(dead_.begin(), dead_.end(), later);
    dead_.pop_back();
    if (dead.edge) {
      edges.push_back(dead.row);
    } else {
      --dead_nodes_;
      const NodeRow& row = nodes_[dead.row];
      nodes.push_back({dead.row, places_[row.place].id, {row.created}});
    }
  }
  forget_edges(edges);
  for (const Gone& node : nodes) forget_node(node.row);
  return nodes;
}

ASTERISM_INLINE void GraphRows::set(const Use& use) {
  const std::uint32_t place = place_of(use.node);
  if (place == no_row) return;
  places_[place].uses = use.count;
  places_[place].last_use = use.last;
}

ASTERISM_INLINE void GraphRows::forget_edges(const std::vector<std::uint32_t>& rows) {
  std::vector<std::uint32_t> touched;
  for (const std::uint32_t row : rows) {
    edges_[row].dead = true;
    touched.push_back(edges_[row].from);
    touched.push_back(edges_[row].to);
  }
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  const auto unlink = [&](std::uint32_t* at, std::uint32_t EdgeRow::*next) {
    while (*at != no_row) {
      EdgeRow& edge = edges_[*at];
      if (edge.dead) {
        *at = edge.*next;
      } else {
        at = &(edge.*next);
      }
    }
  };
  for (const std::uint32_t place : touched) {
    unlink(&places_[place].first_out, &EdgeRow::next_out);
    unlink(&places_[place].first_in, &EdgeRow::next_in);
  }
  for (const std::uint32_t row : rows) {
    edge_by_id_.remove(edges_[row].id.value, row);
    release_source(edges_[row].source);
    edges_.give_back(row);
  }
}

ASTERISM_INLINE void GraphRows::forget_node(std::uint32_t row) {
  NodeRow& node = nodes_[row];
  const std::uint32_t place = node.place;
  std::uint32_t* at = &places_[place].newest;
  while (*at != row) at = &nodes_[*at].older;
  *at = node.older;
  for (std::uint32_t name = node.first_name; name != no_row;) {
    const std::uint32_t next = names_[name].next;
    name_by_hash_.remove(names_[name].hash, name);
    names_.give_back(name);
    name = next;
  }
  texts_.give_back(node.all_text());
  nodes_.give_back(row);
  if (places_[place].newest != no_row) return;
  place_by_id_.remove(places_[place].id.value, place);
  places_.give_back(place);
}

ASTERISM_INLINE std::uint32_t GraphRows::place_of(NodeId id) const {
  return place_by_id_.find(id.value, [&](std::uint32_t place) { return places_[place].id == id; });
}

ASTERISM_INLINE std::uint32_t GraphRows::at(std::uint32_t place, Version version) const {
  std::uint32_t row = places_[place].newest;
  while (row != no_row && !visible(nodes_[row], version)) row = nodes_[row].older;
  return row;
}

ASTERISM_INLINE std::uint32_t GraphRows::row_of(EdgeId id, Version version) const {
  return edge_by_id_.find(
      id.value, [&](std::uint32_t row) { return edges_[row].id == id && visible(edges_[row], version); });
}

ASTERISM_INLINE std::vector<std::string> GraphRows::aliases(const NodeRow& row) const {
  std::vector<std::string> all;
  std::string_view left = texts_.text(row.text_at + row.all_text() - row.aliases_size, row.aliases_size);
  while (!left.empty()) {
    all.emplace_back(left.substr(0, left.find('\0')));
    left.remove_prefix(all.back().size() + 1);
  }
  return all;
}

ASTERISM_INLINE bool GraphRows::same(const NodeRow& row, const Node& node) const {
  return row.kind == node.kind && row.pinned == node.pinned && row.merged_into == node.merged_into &&
         row.confidence == node.confidence && row.weight == node.weight &&
         row.vector == vector_hash(node.vector) && name(row) == node.name && text(row) == node.text &&
         source(row) == node.source && aliases(row) == node.aliases;
}

ASTERISM_INLINE Node GraphRows::record(const NodeRow& row) const {
  return {.id = places_[row.place].id,
          .kind = row.kind,
          .name = std::string(name(row)),
          .aliases = aliases(row),
          .text = std::string(text(row)),
          .source = std::string(source(row)),
          .confidence = row.confidence,
          .weight = row.weight,
          .pinned = row.pinned,
          .merged_into = row.merged_into};
}

ASTERISM_INLINE Edge GraphRows::record(const EdgeRow& row) const {
  return {.id = row.id,
          .from = places_[row.from].id,
          .kind = row.kind,
          .to = places_[row.to].id,
          .valid_from = row.valid_from,
          .valid_to = row.valid_to,
          .weight = row.weight,
          .confidence = row.confidence,
          .source = std::string(source(row))};
}

ASTERISM_INLINE bool GraphRows::has_name(const NodeRow& row, std::string_view folded_name) const {
  if (folded(name(row)) == folded_name) return true;
  const std::vector<std::string> all = aliases(row);
  return std::binary_search(all.begin(), all.end(), folded_name);
}

ASTERISM_INLINE std::vector<NodeId> GraphRows::named(std::string_view folded_name, Version version) const {
  std::vector<NodeId> all;
  const std::uint64_t hash = hash_of(folded_name);
  name_by_hash_.find(hash, [&](std::uint32_t name) {
    const NodeRow& row = nodes_[names_[name].row];
    if (names_[name].hash == hash && visible(row, version) && has_name(row, folded_name)) {
      all.push_back(places_[row.place].id);
    }
    return false;
  });
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace asterism::knowledge::detail
