// A model of index::IndexEngine, and structs that each lack one member of it.
#pragma once

#include <cstddef>
#include <string>

#include "asterism/knowledge/index/engine.hpp"

namespace asterism::lacking::engines {

struct Complete {
  struct Options {
    double tombstones = 0.3;
    std::size_t probes = 64;
    double recall = 0.95;
    std::size_t effort() const { return 10; }
  };
  static void check(const Options&) {}
  static std::string settings(const Options&) { return {}; }
  Complete() = default;
  Complete(std::size_t, std::size_t, const Options&) {}
  std::size_t size() const { return 0; }
  Bytes bytes() const { return {}; }
  std::size_t least_rows() const { return 0; }
  void train(MatrixView<const float>) {}
  void add(MatrixView<const float>) {}
  template <class Use>
  void search(View<const float>, std::size_t, Use&&) const {}
  void save(index::detail::SavedWriter&) const {}
  bool restore(index::detail::SavedReader&, std::size_t) { return true; }
};
// Each hides one member.
struct NoOptions : Complete {
  using Complete::Complete;
  struct Options {};
};
struct NoMaking : Complete {};
struct NoSize : Complete {
  using Complete::Complete;
  std::size_t size() { return 0; }
};
struct NoBytes : Complete {
  using Complete::Complete;
  std::size_t bytes() const { return 0; }
};
struct NoLeastRows : Complete {
  using Complete::Complete;
  int least_rows() const { return 0; }
};
struct NoTrain : Complete {
  using Complete::Complete;
  void train() {}
};
struct NoAdd : Complete {
  using Complete::Complete;
  void add(View<const float>, int) {}
};
struct NoSearch : Complete {
  using Complete::Complete;
  void search(View<const float>) const {}
};
struct NoSave : Complete {
  using Complete::Complete;
  void save(index::detail::SavedWriter&) {}
};
struct NoRestore : Complete {
  using Complete::Complete;
  void restore(index::detail::SavedReader&, std::size_t) {}
};

}  // namespace asterism::lacking::engines
