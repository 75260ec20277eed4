// A model of generate::LogitsHook, and a struct that lacks its member.
#pragma once

#include "asterism/generate/logits_hook.hpp"

namespace asterism::lacking::logits_hooks {

struct Complete {
  void adjust(View<const float>, View<float>) {}
};
struct NoAdjust : Complete {
  void adjust(View<float>) {}
};

}  // namespace asterism::lacking::logits_hooks
