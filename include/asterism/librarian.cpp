// The bodies of the room encode that depend on no policy, compiled once for a program in the compiled form
// (ASTERISM_COMPILED): the target asterism::librarian adds this source to its user, besides asterism.cpp, load.cpp and
// knowledge.cpp; see core/config.hpp.

#include "asterism/encode/bert_config_impl.hpp"
#include "asterism/encode/bert_encoder_impl.hpp"
#include "asterism/encode/bert_network_impl.hpp"
#include "asterism/encode/check_impl.hpp"
#include "asterism/encode/hashed_ngrams_impl.hpp"
#include "asterism/librarian/block_impl.hpp"
#include "asterism/librarian/statement_impl.hpp"
