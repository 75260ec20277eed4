// The bodies of the rooms encode and librarian that depend on no policy, compiled once for a program in the compiled
// form (ASTERISM_COMPILED): the target asterism::librarian adds this source to its user, besides asterism.cpp, load.cpp
// and knowledge.cpp; see core/config.hpp.

#include "asterism/encode/bert_config_impl.hpp"
#include "asterism/encode/bert_encoder_impl.hpp"
#include "asterism/encode/bert_network_impl.hpp"
#include "asterism/encode/check_impl.hpp"
#include "asterism/encode/hashed_ngrams_impl.hpp"
#include "asterism/librarian/block_impl.hpp"
#include "asterism/librarian/cards/check_impl.hpp"
#include "asterism/librarian/cards/dates_impl.hpp"
#include "asterism/librarian/cards/read_cards_impl.hpp"
#include "asterism/librarian/cards/read_game_impl.hpp"
#include "asterism/librarian/cards/read_rules_impl.hpp"
#include "asterism/librarian/cards/rows_impl.hpp"
#include "asterism/librarian/cards/sentences_impl.hpp"
#include "asterism/librarian/cards/statements_impl.hpp"
#include "asterism/librarian/draft_impl.hpp"
#include "asterism/librarian/heard_routes_impl.hpp"
#include "asterism/librarian/interpolate_impl.hpp"
#include "asterism/librarian/statement_impl.hpp"
