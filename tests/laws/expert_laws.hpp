// The laws of expert::Expert, one function template for each, for the experts of the toolkit and for your own:
//
//   TEST_CASE_TEMPLATE("my experts obey the laws", E, MyExpert<quant::Nf4<>>) { laws::expert<E>(); }
//
// Needs doctest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/backend/groups.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/backend/layout.hpp"
#include "asterism/core/bytes.hpp"
#include "asterism/expert/concept.hpp"
#include "asterism/parallel/serial.hpp"
#include "asterism/parallel/threads.hpp"
#include "asterism/shape/shape.hpp"

#include "laws/law.hpp"
#include "support/device_memory.hpp"
#include "support/rows.hpp"

namespace asterism::laws {

inline constexpr Shape expert_shape{.hidden = 48, .ffn = 72, .experts = 3};
inline constexpr std::size_t expert_rows = 13;

/// How many rows each expert answers: nobody any, one all of them, some, one none.
inline const std::vector<std::vector<std::int32_t>> row_counts{{0, 0, 0}, {0, 13, 0}, {5, 1, 7}, {6, 0, 7}};

inline std::string rows_text(const std::vector<std::int32_t>& counts) {
  return some_of(counts) + " rows go to the experts";
}

/// The experts of one layer on a host, the same weights on every one.
template <expert::Expert E, class Execution = parallel::Serial>
class ExpertsOnHost {
 public:
  using Host = backend::BasicHost<Execution>;

  explicit ExpertsOnHost(std::size_t threads = 1) : host(0, 16_MiB, std::make_shared<Execution>(threads)) {
    const Law law("lay_out takes what footprint says, and a Scratch what it measures", model_name<E>());
    for (std::int32_t e = 0; e < expert_shape.experts; ++e) {
      backend::Layout cursor(draw(expert.footprint()));
      const auto slab = expert.lay_out(cursor);
      law.holds(cursor.used() == expert.footprint(), "an expert's buffer of ", expert.footprint().count,
                " bytes has ", cursor.used().count, " in use");
      if constexpr (expert::Gated<E>) memory_.encode(slab.gate, 0.2F);
      memory_.encode(slab.up, 0.2F);
      memory_.encode(slab.down, 0.2F);
      matrices_.add(slab);
    }
    backend::Layout measure;
    E::Scratch::lay_out(measure, expert, expert_rows);
    scratch_bytes = measure.used();
    backend::Layout cursor(draw(scratch_bytes));
    scratch_ = E::Scratch::lay_out(cursor, expert, expert_rows);
    law.holds(cursor.used() == scratch_bytes, "a scratch of ", scratch_bytes.count, " bytes has ",
              cursor.used().count, " in use");
  }

  /// Rows (count, in_dim) for the experts, and their answers.
  backend::DeviceMatrix<float> input() { return memory_.normal(expert_rows, expert.in_dim()); }
  backend::DeviceMatrix<float> output(float before) {
    return memory_.matrix(expert_rows + 1, expert.out_dim(), before);
  }

  /// The first counts[e] rows go to expert 0, and so on.
  void forward(const std::vector<std::int32_t>& counts, backend::DeviceMatrix<const float> x,
               backend::DeviceMatrix<float> y) {
    const backend::ExpertGroups groups = memory_.groups(counts.size(), x.rows());
    groups.offsets[0] = 0;
    for (std::size_t e = 0; e < counts.size(); ++e) groups.offsets[e + 1] = groups.offsets[e] + counts[e];
    const std::uint64_t before = host.arena().allocations();
    expert.forward(host, matrices_, groups, x, scratch_, y);
    Law("forward allocates nothing", model_name<E>())
        .holds(host.arena().allocations() == before, rows_text(counts));
  }

  void fill_scratch(float value) {
    const backend::Buffer& bytes = buffers_.back();
    std::fill_n(reinterpret_cast<float*>(bytes.data()), bytes.size().count / sizeof(float), value);
  }

  E expert{expert_shape};
  Host host;
  Bytes scratch_bytes{};

 private:
  const backend::Buffer& draw(Bytes bytes) {
    buffers_.push_back(host.allocate(bytes, "test"));
    return buffers_.back();
  }

  test::DeviceMemory<Host> memory_{host};
  std::vector<backend::Buffer> buffers_;
  typename E::Matrices matrices_;
  typename E::Scratch scratch_;
};

inline std::size_t rows_of(const std::vector<std::int32_t>& counts) {
  std::size_t rows = 0;
  for (const std::int32_t count : counts) rows += static_cast<std::size_t>(count);
  return rows;
}

/// `footprint` is a constant, a multiple of 64, and what `lay_out` takes, with a buffer and without.
template <expert::Expert E>
void footprint_is_what_lay_out_takes() {
  constexpr Bytes footprint = E(expert_shape).footprint();
  static_assert(footprint.count > 0 && footprint.count % alignment == 0);
  const Law law("footprint is what lay_out takes", model_name<E>());
  backend::Layout measure;
  E(expert_shape).lay_out(measure);
  law.holds(measure.used() == footprint, "a footprint of ", footprint.count,
            " bytes; lay_out without a buffer takes ", measure.used().count);
  const ExpertsOnHost<E> on;  // checks those with a buffer
  law.holds(on.expert.footprint() == footprint, "footprint() is ", on.expert.footprint().count, ", before ",
            footprint.count);
}

/// A row's answer has the same bits alone as among others, whatever the other experts get.
template <expert::Expert E>
void rows_answer_alike_alone() {
  const Law law("a row's answer has the same bits alone as among others", model_name<E>());
  ExpertsOnHost<E> on;
  const auto x = on.input();
  for (const std::vector<std::int32_t>& counts : row_counts) {
    const auto y = on.output(0).rows_at(0, rows_of(counts));
    on.forward(counts, x.rows_at(0, y.rows()), y);
    std::size_t row = 0;
    for (std::size_t e = 0; e < counts.size(); ++e) {
      std::vector<std::int32_t> one(counts.size());
      one[e] = 1;
      for (std::int32_t i = 0; i < counts[e]; ++i, ++row) {
        const auto alone = on.output(0).rows_at(0, 1);
        on.forward(one, x.rows_at(row, 1), alone);
        law.same_bits(
            alone.view.row(0), y.view.row(row), [&] { return rows_text(counts); }, "; row ", row, " alone");
      }
    }
  }
}

/// y is overwritten, and nothing behind it; what stood in it and in the scratch does not matter; y may be x.
template <expert::Expert E>
void output_is_overwritten() {
  const Law law("y is overwritten, and nothing behind it; what stood there or in the scratch does not matter",
                model_name<E>());
  ExpertsOnHost<E> on;
  for (const std::vector<std::int32_t>& counts : row_counts) {
    const auto text = [&] { return rows_text(counts); };
    const std::size_t rows = rows_of(counts);
    const auto x = on.input().rows_at(0, rows);
    std::vector<float> expected;
    for (const float before : {0.0F, 1e30F, std::numeric_limits<float>::quiet_NaN()}) {
      const auto y = on.output(before);
      const std::vector<float> untouched(y.cols(), before);
      on.fill_scratch(before);
      on.forward(counts, x, y.rows_at(0, rows));
      law.same_bits(y.view.row(rows), untouched, text, "; the row behind the answers");
      const std::vector<float> found = test::values(y.rows_at(0, rows));
      if (expected.empty()) expected = found;
      law.same_bits(found, expected, text, "; answers on top of ", before);
    }
    if (on.expert.in_dim() == on.expert.out_dim()) {
      on.forward(counts, x, x);
      law.same_bits(test::values(x), expected, text, "; answers in place of the rows");
    }
  }
}

/// Any number of threads gives the same bits.
template <expert::Expert E>
void threads_change_no_bit_of_an_answer() {
  const Law law("any number of threads gives the same bits", model_name<E>());
  ExpertsOnHost<E> serial;
  ExpertsOnHost<E, parallel::Threads> threaded(3);
  for (const std::vector<std::int32_t>& counts : row_counts) {
    const std::size_t rows = rows_of(counts);
    const auto x = serial.input().rows_at(0, rows);
    const auto same_x = threaded.input().rows_at(0, rows);
    REQUIRE(test::same_bits(test::values(x), test::values(same_x)));
    const auto y = serial.output(0).rows_at(0, rows);
    const auto same_y = threaded.output(0).rows_at(0, rows);
    serial.forward(counts, x, y);
    threaded.forward(counts, same_x, same_y);
    law.same_bits(
        test::values(same_y), test::values(y), [&] { return rows_text(counts); }, "; 3 threads");
  }
}

/// All laws; that nothing is allocated is checked in each.
template <expert::Expert E>
void expert() {
  footprint_is_what_lay_out_takes<E>();
  rows_answer_alike_alone<E>();
  output_is_overwritten<E>();
  threads_change_no_bit_of_an_answer<E>();
}

}  // namespace asterism::laws
