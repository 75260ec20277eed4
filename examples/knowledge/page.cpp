// Bodies of page.hpp.
#include "page.hpp"

#include <algorithm>
#include <asterism/core/format.hpp>
#include <map>
#include <string>
#include <vector>

#include "output.hpp"

namespace example {

namespace {

using knowledge::Edge;
using knowledge::Node;

constexpr std::string_view style =
    "body{font:15px/1.45 system-ui,sans-serif;color:#1c2430;max-width:960px;margin:2em auto;padding:0 1em}"
    "summary{cursor:pointer}h2{font-size:1.1em;margin:1.5em 0 .3em}ul{margin:.2em 0 .6em;padding-left:1.4em}"
    "small{color:#4a5565}.past{color:#8a94a3}input{font:inherit;width:100%;padding:.4em;box-sizing:border-box}";

/// Shows the things whose names or facts have the words of the field; opens the one that a link leads to.
constexpr std::string_view script =
    "const all=[...document.querySelectorAll('.thing')],field=document.querySelector('input');"
    "field.oninput=()=>{const words=field.value.toLowerCase().split(' ');"
    "for(const one of all){const text=one.textContent.toLowerCase();"
    "one.hidden=!words.every(word=>text.includes(word));}};"
    "onhashchange=()=>{const one=document.getElementById(location.hash.slice(1));"
    "if(one){one.hidden=false;one.open=true;one.scrollIntoView();}};";

/// True of a node that others are about: one with a name.
bool is_thing(const Node& node) { return !node.name.empty(); }

class Page {
 public:
  explicit Page(const Snapshot& snapshot) : snapshot_(snapshot) {
    snapshot.for_each_node([&](const Node& node) { nodes_.emplace(node.id, node); });
    snapshot.for_each_edge([&](const Edge& edge) {
      at_[edge.from].push_back(edge);
      if (edge.to != edge.from) at_[edge.to].push_back(edge);
    });
  }

  std::string text() {
    std::map<std::uint16_t, std::vector<const Node*>> by_kind;
    for (const auto& [id, node] : nodes_) {
      if (is_thing(node)) by_kind[node.kind].push_back(&node);
    }
    out_ = concat("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Knowledge</title>",
                  "<meta name=\"viewport\" content=\"width=device-width\">\n<style>", style,
                  "</style></head><body>\n<h1>Knowledge, version ", snapshot_.version().value,
                  "</h1>\n<input placeholder=\"Words of a name or a fact\" aria-label=\"Search\">\n");
    for (auto& [kind, nodes] : by_kind) {
      std::sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) {
        return a->name != b->name ? a->name < b->name : a->id < b->id;
      });
      out_ += concat("<h2>", name_of_node(kind), ", ", nodes.size(), "</h2>\n");
      for (const Node* node : nodes) add(*node);
    }
    return out_ + concat("<script>", script, "</script></body></html>\n");
  }

 private:
  void add(const Node& node) {
    std::vector<Edge>& edges = at_[node.id];
    std::stable_sort(edges.begin(), edges.end(), [&](const Edge& a, const Edge& b) {
      if ((a.from == node.id) != (b.from == node.id)) return a.from == node.id;
      return a.kind != b.kind ? a.kind < b.kind : a.valid_from < b.valid_from;
    });
    out_ += concat("<details class=\"thing\" id=\"n", node.id.value, "\"><summary>", xml_of(node.name),
                   "</summary><ul>\n");
    for (const Edge& edge : edges) add(node, edge);
    out_ += "</ul></details>\n";
  }
  void add(const Node& node, const Edge& edge) {
    const bool out = edge.from == node.id;
    const Node& other = nodes_.at(out ? edge.to : edge.from);
    const std::string what = xml_of(called(other));
    const std::string name = is_thing(other) ? concat("<a href=\"#n", other.id.value, "\">", what, "</a>") : what;
    out_ += concat("<li", edge.valid_to == knowledge::forever ? "" : " class=\"past\"", ">", out ? "" : "&larr; ",
                   name_of_edge(edge.kind), ": ", name, " <small>", interval(edge.valid_from, edge.valid_to), "; ",
                   xml_of(one_line(edge.source)), "</small></li>\n");
  }

  const Snapshot& snapshot_;
  std::map<knowledge::NodeId, Node> nodes_{};
  std::map<knowledge::NodeId, std::vector<Edge>> at_{};
  std::string out_{};
};

}  // namespace

std::string page_of(const Snapshot& snapshot) { return Page(snapshot).text(); }

}  // namespace example
