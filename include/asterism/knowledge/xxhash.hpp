// xxHash, compiled into whoever includes it, so that nothing has to be linked.
#pragma once

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>
