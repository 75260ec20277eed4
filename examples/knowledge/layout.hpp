// Places for the nodes of a picture, so that those that edges join lie close.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace example {

struct Point {
  double x = 0;
  double y = 0;
};

/// Points within [0, 1] x [0, 1] for `count` nodes and edges between them. From a spiral, 200 rounds of forces: each
/// pair repels, edges attract, and all is drawn a little to the middle. Deterministic. Time grows with the square of
/// the nodes. Source: Fruchterman, Reingold, Graph drawing by force-directed placement, 1991.
inline std::vector<Point> laid_out(std::size_t count,
                                   const std::vector<std::pair<std::size_t, std::size_t>>& edges) {
  constexpr int rounds = 200;
  std::vector<Point> points(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double far = 0.5 * std::sqrt((static_cast<double>(i) + 0.5) / static_cast<double>(count));
    const double angle = 2.399963 * static_cast<double>(i);
    points[i] = {0.5 + far * std::cos(angle), 0.5 + far * std::sin(angle)};
  }
  const double apart = std::sqrt(1.0 / std::max<double>(1, static_cast<double>(count)));
  std::vector<Point> forces(count);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < count; ++i) forces[i] = {0.3 * (0.5 - points[i].x), 0.3 * (0.5 - points[i].y)};
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t k = i + 1; k < count; ++k) {
        const double x = points[i].x - points[k].x;
        const double y = points[i].y - points[k].y;
        const double square = std::max(x * x + y * y, 1e-9);
        const double force = apart * apart / square;
        forces[i].x += x * force;
        forces[i].y += y * force;
        forces[k].x -= x * force;
        forces[k].y -= y * force;
      }
    }
    for (const auto& [a, b] : edges) {
      const double x = points[a].x - points[b].x;
      const double y = points[a].y - points[b].y;
      const double force = std::sqrt(x * x + y * y) / apart;
      forces[a].x -= x * force;
      forces[a].y -= y * force;
      forces[b].x += x * force;
      forces[b].y += y * force;
    }
    const double most = 0.1 * (1 - static_cast<double>(round) / rounds);
    for (std::size_t i = 0; i < count; ++i) {
      const double length = std::max(std::sqrt(forces[i].x * forces[i].x + forces[i].y * forces[i].y), 1e-9);
      const double step = std::min(length, most) / length;
      points[i].x += forces[i].x * step;
      points[i].y += forces[i].y * step;
    }
  }
  Point low{1e9, 1e9};
  Point high{-1e9, -1e9};
  for (const Point& point : points) {
    low = {std::min(low.x, point.x), std::min(low.y, point.y)};
    high = {std::max(high.x, point.x), std::max(high.y, point.y)};
  }
  const double size = std::max({high.x - low.x, high.y - low.y, 1e-9});
  for (Point& point : points) point = {(point.x - low.x) / size, (point.y - low.y) / size};
  return points;
}

}  // namespace example
