// A model of backend::Backend, and structs that each lack one member of it.
#pragma once

#include "asterism/backend/concept.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"

namespace asterism::lacking::backends {

using Complete = backend::SerialHost;
// Each hides one member.
struct NoConstruct : Complete {};
struct NoArena : Complete {
  using Complete::Complete;
  void arena() {}
};
struct NoAllocate : Complete {
  using Complete::Complete;
  void allocate() {}
};
struct NoWrite : Complete {
  using Complete::Complete;
  void write() {}
};
struct NoReserve : Complete {
  using Complete::Complete;
  void reserve() {}
};
struct NoUpload : Complete {
  using Complete::Complete;
  void upload() {}
};
struct NoDownload : Complete {
  using Complete::Complete;
  void download() {}
};
struct NoRead : Complete {
  using Complete::Complete;
  void read() {}
};
struct NoCopyFrom : Complete {
  using Complete::Complete;
  void copy_from() {}
};
struct NoSynchronize : Complete {
  using Complete::Complete;
  void synchronize(int) {}
};
struct NoEmbed : Complete {
  using Complete::Complete;
  void embed() {}
};
struct NoRmsNorm : Complete {
  using Complete::Complete;
  void rms_norm() {}
};
struct NoProduct : Complete {
  using Complete::Complete;
  void product() {}
};
struct NoProducts : Complete {
  using Complete::Complete;
  void products() {}
};
struct NoGroupedSwiglu : Complete {
  using Complete::Complete;
  void grouped_swiglu() {}
};
struct NoGroupedProduct : Complete {
  using Complete::Complete;
  void grouped_product() {}
};
struct NoAdd : Complete {
  using Complete::Complete;
  void add() {}
};
struct NoSiluMultiply : Complete {
  using Complete::Complete;
  void silu_multiply() {}
};
struct NoSigmoidMultiply : Complete {
  using Complete::Complete;
  void sigmoid_multiply() {}
};
struct NoSplit : Complete {
  using Complete::Complete;
  void split() {}
};
struct NoRotaryTables : Complete {
  using Complete::Complete;
  void rotary_tables() {}
};
struct NoRotate : Complete {
  using Complete::Complete;
  void rotate() {}
};
struct NoAppendKv : Complete {
  using Complete::Complete;
  void append_kv() {}
};
struct NoAttend : Complete {
  using Complete::Complete;
  void attend() {}
};
struct NoRoute : Complete {
  using Complete::Complete;
  void route() {}
};
struct NoGroup : Complete {
  using Complete::Complete;
  void group() {}
};
struct NoGather : Complete {
  using Complete::Complete;
  void gather() {}
};
struct NoCombine : Complete {
  using Complete::Complete;
  void combine() {}
};
struct NoCausalConvolution : Complete {
  using Complete::Complete;
  void causal_convolution() {}
};
struct NoDeltaGates : Complete {
  using Complete::Complete;
  void delta_gates() {}
};
struct NoDeltaRule : Complete {
  using Complete::Complete;
  void delta_rule() {}
};
struct NoGatedRmsNorm : Complete {
  using Complete::Complete;
  void gated_rms_norm() {}
};
struct NoRelu : Complete {
  using Complete::Complete;
  void relu() {}
};
struct NoAttentionMass : Complete {
  using Complete::Complete;
  void attention_mass() {}
};
struct NoAddLowRank : Complete {
  using Complete::Complete;
  void add_low_rank() {}
};
struct NoGroupedAddLowRank : Complete {
  using Complete::Complete;
  void grouped_add_low_rank() {}
};
struct NoDropLeast : Complete {
  using Complete::Complete;
  void drop_least() {}
};

}  // namespace asterism::lacking::backends
