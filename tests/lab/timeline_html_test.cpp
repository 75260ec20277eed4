// The page of timelines: one file with everything in it, of bounded size.
#include "asterism/lab/timeline_html.hpp"

#include <cstddef>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/format.hpp"
#include "asterism/prefetch/none.hpp"

#include "lab/timelines.hpp"

using namespace asterism;
using namespace asterism::lab;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// So many layers of two experts, all missing.
TimelineRun deep_run(std::int32_t layers, std::size_t tokens) {
  SyntheticRoutes routes = synthetic::m;
  routes.sizes = {.layers = layers, .experts = 4, .top_k = 2};
  const RoutingTrace trace = synthetic_trace(routes, tokens, 1);
  test::Forgetful cache(cache::Parts(layers, 4, 1_MiB));
  prefetch::None prefetcher;
  Timeline timeline(tokens);
  const TimedCounts counts = timed_replay(
      trace, cache, prefetcher, [](PartId) { return 1_MiB; }, {.layer_seconds = 1e-4, .copy_seconds = 1e-4}, {},
      timeline);
  return {.name = "deep", .group = "", .counts = counts, .events = timeline.events()};
}

}  // namespace

TEST_CASE("every figure is on the page, names are escaped, and it needs nothing else") {
  const std::vector<TimelineRun> runs = {test::forgetful_run("<none> & \"more\"", "x", 1),
                                         test::forgetful_run("late", "x", 6)};
  const std::string html = timeline_html(runs, "Links of <this> disk", "a & b\nsecond line");
  CHECK(html.starts_with("<!DOCTYPE html>"));
  CHECK(html.ends_with("</html>\n"));
  CHECK(contains(html, "<h1>Links of &lt;this&gt; disk</h1>"));
  CHECK(contains(html, "<p>a &amp; b</p>\n<p>second line</p>"));
  CHECK(count(html, "&lt;none&gt; &amp; &quot;more&quot;") == 3);  // table, chart, lanes
  CHECK_FALSE(contains(html, "<none>"));
  for (const char* foreign : {"http", "<script", "src=", "url("}) CHECK_FALSE(contains(html, foreign));
  for (const char* tag : {"svg", "details", "table", "title", "h4", "td", "p"}) {
    CAPTURE(tag);
    CHECK(count(html, concat("</", tag, ">")) ==
          count(html, concat("<", tag, ">")) + count(html, concat("<", tag, " ")));
  }
  CHECK(contains(html, "prefers-color-scheme:dark"));
  // 18 seconds, two tokens, two of them waiting; two copies on demand, three ahead, one wasted.
  CHECK(contains(html,
                 "<td>0.11</td><td>88.9</td><td>88.9</td><td>11.1</td><td>0.0</td><td>50.0</td><td>2</td><td>3"
                 "</td><td>1</td><td>0.01</td>"));
  CHECK(contains(html, "The last 2 of 2 tokens; a full row is 18.0 s."));  // the second run's second token
  CHECK(contains(html, "<h4>token 0: 9.00 s, 11.1 % waiting</h4>"));
  CHECK(contains(html, "<h4>token 1: 18.0 s, 55.6 % waiting</h4>"));
  CHECK(contains(html, "<title>layer 0: 0 hit, 0 prefetched, 1 missed; 5.00 s, waited 1.00 s</title>"));
  CHECK(contains(html, "<title>layer 1: 0 hit, 1 prefetched, 0 missed; 4.00 s, waited 0.00 us</title>"));
}

TEST_CASE("by hand: what is drawn where") {
  const std::vector<TimelineRun> runs = {test::forgetful_run("one", "", 1)};
  const std::string html = timeline_html(runs, "t");
  // A token of 9 seconds is 1000 wide, from 66 on. The first copies on demand for one, waits so long, and computes an
  // expert that came on demand from 1 to 3, one that came ahead from 5 to 7.
  CHECK(contains(html, "<path class=\"s5\" d=\"M66.0 43h111.1v14h-111.1z\"/>"));
  CHECK(contains(html, "<path class=\"s4\" d=\"M66.0 31h111.1v10h-111.1z\"/>"));
  CHECK(contains(html, "<path class=\"s2\" d=\"M177.1 15h222.2v14h-222.2z\"/>"));
  CHECK(contains(html, "<path class=\"s1\" d=\"M621.6 15h222.2v14h-222.2z\"/>"));
  CHECK(contains(html, "<path class=\"s6\" d=\"M177.1 43h111.1v14h-111.1z\"/>"));
  CHECK(contains(html, "<path class=\"s7\" d=\"M621.6 43h111.1v14h-111.1z\"/>"));  // for the next token
}

TEST_CASE("many layers go into rows of at most 16, and a long run does not make a long page") {
  const TimelineRun run = deep_run(33, 40);
  const std::string whole = timeline_html({&run, 1}, "t");
  CHECK(contains(whole, "The last 40 of 40 tokens"));
  CHECK(count(whole, "viewBox=\"0 0 1070") == 3 * 40);
  const std::size_t most = whole.size() / 3;
  const std::string short_page = timeline_html({&run, 1}, "t", {}, most);
  CHECK(short_page.size() <= most);
  CHECK(short_page.size() > most / 2);
  CHECK_FALSE(contains(short_page, "The last 40 of 40 tokens"));
  CHECK(contains(short_page, "<h4>token 39:"));
  CHECK_FALSE(contains(short_page, "<h4>token 0:"));
  const std::vector<TimelineRun> many(9, deep_run(48, 200));
  CHECK(timeline_html(many, "t").size() < 2'000'000);
  CHECK(contains(timeline_html({&run, 1}, "t", {}, 0), "The last 0 of 40 tokens"));
}
