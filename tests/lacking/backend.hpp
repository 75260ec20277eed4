// A model of backend::Backend, and structs that each lack one member of it.
#pragma once

#include "asterism/backend/concept.hpp"
#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"

namespace asterism::lacking::backends {

using Complete = backend::SerialHost;
// Each hides one member.
struct NoArena : Complete {
  void arena() {}
};
struct NoAllocate : Complete {
  void allocate() {}
};
struct NoWrite : Complete {
  void write() {}
};
struct NoReserve : Complete {
  void reserve() {}
};
struct NoUpload : Complete {
  void upload() {}
};
struct NoDownload : Complete {
  void download() {}
};
struct NoRead : Complete {
  void read() {}
};
struct NoCopyFrom : Complete {
  void copy_from() {}
};
struct NoSynchronize : Complete {
  void synchronize(int) {}
};
struct NoEmbed : Complete {
  void embed() {}
};
struct NoRmsNorm : Complete {
  void rms_norm() {}
};
struct NoProduct : Complete {
  void product() {}
};
struct NoProducts : Complete {
  void products() {}
};
struct NoGroupedSwiglu : Complete {
  void grouped_swiglu() {}
};
struct NoGroupedProduct : Complete {
  void grouped_product() {}
};
struct NoAdd : Complete {
  void add() {}
};
struct NoSiluMultiply : Complete {
  void silu_multiply() {}
};
struct NoRotaryTables : Complete {
  void rotary_tables() {}
};
struct NoRotate : Complete {
  void rotate() {}
};
struct NoAppendKv : Complete {
  void append_kv() {}
};
struct NoAttend : Complete {
  void attend() {}
};
struct NoRoute : Complete {
  void route() {}
};
struct NoGroup : Complete {
  void group() {}
};
struct NoGather : Complete {
  void gather() {}
};
struct NoCombine : Complete {
  void combine() {}
};

}  // namespace asterism::lacking::backends
