// A format that no checkpoint file knows is refused where one is to be written, in words.
// expected: no checkpoint holds weights in this format
#include "asterism/checkpoint/bitsandbytes/file_layout.hpp"
#include "asterism/quant/group_int.hpp"
#include "asterism/quant/nf4.hpp"

using namespace asterism;

#ifdef SOUND
using Format = quant::Nf4<>;
#else
using Format = quant::Int4<>;
#endif

std::vector<checkpoint::TensorDeclaration> declare() {
  return checkpoint::FileLayout<Format>::declare("weight", 64, 64);
}
