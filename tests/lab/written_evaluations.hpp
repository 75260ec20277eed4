// Evaluations that are written down, for tests of what is made of them.
#pragma once

#include <vector>

#include "asterism/core/bytes.hpp"
#include "asterism/lab/evaluation.hpp"
#include "asterism/lab/question_set.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/placement/memory_footprint.hpp"
#include "asterism/placement/plan.hpp"

namespace asterism::test {

inline std::vector<lab::Question> written_questions() {
  return {{"1", "seen", "SUM", "p", "a"},
          {"2", "seen", "LOOK", "p", "b"},
          {"3", "new", "SUM", "p", "c"},
          {"4", "new", "SUM", "p", "d"}};
}

/// Two devices: 2 MiB of weights and 1 MiB of cache on the first, 2 MiB of weights on the second.
inline placement::Plan written_plan() {
  placement::Plan plan{.machine = equal_devices(2, 4_MiB)};
  plan.placed[0] = {.run = {placement::PartKind::experts, LayerSet::range(0, 1), 1, 2_MiB}, .device = 0};
  plan.placed[1] = {.run = {placement::PartKind::kv_cache, LayerSet::range(0, 1), 1, 1_MiB}, .device = 0};
  plan.placed[2] = {.run = {placement::PartKind::experts, LayerSet::range(1, 2), 1, 2_MiB}, .device = 1};
  plan.placed_count = 3;
  return plan;
}

/// "float32" with three of four answers right, "nf4" with two. The questions were computed at 1000, 2000 and 4000
/// tokens a second, 2000 in all.
inline std::vector<lab::Evaluation> two_evaluations() {
  lab::Evaluation exact;
  exact.variant = "float32";
  exact.policies = "all in float32";
  exact.asked = {
      .checkpoint = "/models/small", .questions = lab::fingerprint(written_questions()), .max_tokens = 8};
  exact.asked.stop = {"\n"};
  exact.conditions = {.processor = "Abacus 5",
                      .cores = 4,
                      .memory = 8_GiB,
                      .instruction_set = "beads",
                      .threads = 2,
                      .version = "0.1.0",
                      .date = "2026-01-31 12:00 UTC"};
  exact.devices = lab::device_bytes(written_plan());
  exact.limits = {.context = 64, .threads = 2};
  exact.answers = {{"a", true, -0.5, 2, {100, 0.1}, {3, 0.01}},
                   {"b", true, -0.25, 1, {400, 0.2}, {3, 0.01}},
                   {"c", true, -0.25, 2, {300, 0.2}, {3, 0.01}},
                   {"x", false, -2, 3, {400, 0.1}, {3, 0.01}}};
  lab::ExpertUsage usage(1, 2);
  usage.add(0, 0, 30);
  usage.add(0, 1, 10);
  exact.usage = {{"SUM", usage}, {"LOOK", usage}};
  lab::Evaluation small = exact;
  small.variant = "nf4";
  small.answers[2].right = false;
  return {exact, small};
}

}  // namespace asterism::test
