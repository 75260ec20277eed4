#include "asterism/train/encoders/draft.hpp"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

TEST_CASE("means are weighed by confidence, the surest rows come first, the earlier of equals") {
  const std::vector<std::int32_t> offsets{0, 3, 3, 4};
  const std::vector<std::int32_t> sources{2, 5, 7, 5};
  std::vector<float> answers{1, 10, 2, 20, 4, 40, 9, 9};
  const std::vector<float> confidences{0.5F, 0.25F, 0.5F, 0.0F};
  const auto drafts = train::draft(offsets, sources, {answers.data(), 4, 2}, confidences, 2);
  REQUIRE(drafts.size() == 3);
  CHECK(drafts[0].expert == 0);
  CHECK(drafts[0].rows == 3);
  CHECK(drafts[0].confidence == doctest::Approx(1.25 / 3));
  CHECK(drafts[0].answer[0] == doctest::Approx(3 / 1.25));
  CHECK(drafts[0].answer[1] == doctest::Approx(30 / 1.25));
  CHECK(drafts[0].surest == std::vector<train::DraftPosition>{{2, 0.5F}, {7, 0.5F}});
  CHECK(drafts[1].rows == 0);
  CHECK(drafts[1].confidence == 0);
  CHECK(drafts[1].answer.empty());
  CHECK(drafts[1].surest.empty());
  CHECK(drafts[2].answer == std::vector<float>{0, 0});  // of no confidence at all
  CHECK(drafts[2].surest == std::vector<train::DraftPosition>{{5, 0.0F}});
}
