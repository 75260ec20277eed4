#include "asterism/train/encoders/expert_pieces.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace asterism;

namespace {

struct Piece {
  std::size_t expert, first, rows;
  std::vector<std::uint32_t> ends;

  friend bool operator==(const Piece&, const Piece&) = default;
};

std::vector<Piece> pieces(std::size_t most, const std::vector<std::int32_t>& offsets,
                          const std::vector<std::int32_t>& sources, const std::vector<std::uint32_t>& ends) {
  std::vector<Piece> out;
  train::ExpertPieces(most).for_each(offsets, sources, {ends}, [&](const train::ExpertPiece& piece) {
    out.push_back(
        {piece.expert, piece.first, piece.rows, {piece.sequences.ends.begin(), piece.sequences.ends.end()}});
    CHECK(piece.sequences.cut(piece.rows, most));
  });
  return out;
}

}  // namespace

TEST_CASE("pieces are whole sequences of one expert") {
  const std::vector<std::int32_t> offsets{0, 6, 6, 8};
  const std::vector<std::int32_t> sources{0, 1, 2, 4, 8, 9, 3, 9};
  const std::vector<std::uint32_t> ends{3, 4, 7, 10};
  CHECK(pieces(10, offsets, sources, ends) == std::vector<Piece>{{0, 0, 6, {3, 4, 6}}, {2, 6, 2, {1, 2}}});
  CHECK(pieces(4, offsets, sources, ends) ==
        std::vector<Piece>{{0, 0, 4, {3, 4}}, {0, 4, 2, {2}}, {2, 6, 2, {1, 2}}});
  CHECK(pieces(3, offsets, sources, ends) ==
        std::vector<Piece>{{0, 0, 3, {3}}, {0, 3, 3, {1, 3}}, {2, 6, 2, {1, 2}}});
  CHECK(pieces(3, {0, 0, 0}, {}, ends).empty());
}
