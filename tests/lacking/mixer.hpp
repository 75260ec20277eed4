// A model of attention::Mixer, and structs that each lack one member of it.
#pragma once

#include "asterism/attention/grouped_query.hpp"
#include "asterism/attention/mixer.hpp"
#include "asterism/quant/float32.hpp"

namespace asterism::lacking::mixers {

using Complete = attention::GroupedQuery<quant::Float32>;
// Each hides one member.
struct NoName : Complete {
  using Complete::Complete;
  struct name {};
};
struct NoIsRecurrent : Complete {
  using Complete::Complete;
  struct is_recurrent {};
};
struct NoLayers : Complete {
  using Complete::Complete;
  static void layers() {}
};
struct NoFootprint : Complete {
  using Complete::Complete;
  static void footprint() {}
};
struct NoSlab : Complete {
  using Complete::Complete;
  void slab() const {}
};
struct NoScratch : Complete {
  using Complete::Complete;
  struct Scratch {};
};
struct NoDraw : Complete {};
struct NoForward : Complete {
  using Complete::Complete;
  void forward() const {}
};

}  // namespace asterism::lacking::mixers
