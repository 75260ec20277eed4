// Borrowed memory.
#include "asterism/core/view.hpp"

#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

namespace {

constexpr int sum(View<const int> view) {
  int total = 0;
  for (const int value : view) total += value;
  return total;
}

constexpr std::array<int, 6> six{1, 2, 3, 4, 5, 6};
static_assert(sum(six) == 21);
static_assert(sum(View<const int>(six).subview(2, 3)) == 12);
static_assert(View<const int>(six)[5] == 6 && View<const int>(six).size == 6);
static_assert(View<const int>().empty() && !View<const int>(six).empty());
static_assert(View<const int>(six).subview(6, 0).empty());

// Const may be added, never dropped.
static_assert(std::is_convertible_v<View<int>, View<const int>>);
static_assert(!std::is_convertible_v<View<const int>, View<int>>);
static_assert(!std::is_constructible_v<View<int>, const std::vector<int>&>);
static_assert(std::is_convertible_v<std::vector<int>&, View<int>>);
static_assert(std::is_convertible_v<MatrixView<int>, MatrixView<const int>>);
static_assert(!std::is_convertible_v<MatrixView<const int>, MatrixView<int>>);
static_assert(std::is_trivially_copyable_v<View<float>> && std::is_trivially_copyable_v<MatrixView<float>>);

// (2, 2) with a stride of 3.
constexpr MatrixView<const int> strided(six.data(), 2, 2, 3);
static_assert(strided(0, 0) == 1 && strided(0, 1) == 2 && strided(1, 0) == 4 && strided(1, 1) == 5);
static_assert(strided.row(1)[1] == 5 && strided.row(1).size == 2);
static_assert(strided.rows_at(1, 1).rows == 1 && strided.rows_at(1, 1)(0, 0) == 4 &&
              strided.rows_at(1, 1).stride == 3);
static_assert(MatrixView<const int>(six.data(), 2, 3).stride == 3);
static_assert(MatrixView<int>().rows == 0 && MatrixView<int>().data == nullptr);

}  // namespace

TEST_CASE("views write through to what they borrow") {
  std::vector<int> values{1, 2, 3, 4};
  const View<int> view(values);
  view[0] = 7;
  for (int& value : view.subview(1, 2)) value = 9;
  CHECK(values == std::vector<int>{7, 9, 9, 4});
  const MatrixView<int> matrix(values.data(), 2, 2);
  matrix(1, 1) = 5;
  matrix.row(0)[1] = 6;
  CHECK(values == std::vector<int>{7, 6, 9, 5});
}

TEST_CASE("strings are views of characters") {
  std::string text = "abc";
  CHECK(View<const char>(text).size == 3);
  const View<char> writable(text);
  writable[1] = 'x';
  CHECK(text == "axc");
}
