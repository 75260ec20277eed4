// The bodies of asterism.hpp that depend on no policy, compiled once for a program in the compiled form
// (ASTERISM_COMPILED): the target asterism::asterism adds this source to its user; see core/config.hpp.

#include "asterism/backend/pass_mutex_impl.hpp"
