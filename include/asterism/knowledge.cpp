// The bodies of the room knowledge that depend on no policy, compiled once for a program in the compiled form
// (ASTERISM_COMPILED): the target asterism::knowledge adds this source to its user, besides asterism.cpp; see
// core/config.hpp.

#include "asterism/knowledge/attention_walk_impl.hpp"
#include "asterism/knowledge/clusters_impl.hpp"
#include "asterism/knowledge/fold_impl.hpp"
#include "asterism/knowledge/graph/rows_impl.hpp"
#include "asterism/knowledge/index/best_hits_impl.hpp"
#include "asterism/knowledge/index/limits_impl.hpp"
#include "asterism/knowledge/index/row_ids_impl.hpp"
#include "asterism/knowledge/index/scan_impl.hpp"
#include "asterism/knowledge/index/vector_rows_impl.hpp"
#include "asterism/knowledge/lexicon_impl.hpp"
#include "asterism/knowledge/rank_impl.hpp"
#include "asterism/knowledge/sources_impl.hpp"
#include "asterism/knowledge/store/changes_impl.hpp"
#include "asterism/knowledge/store/checked_row_impl.hpp"
#include "asterism/knowledge/store/database_impl.hpp"
#include "asterism/knowledge/store/head_file_impl.hpp"
#include "asterism/knowledge/store/memory_impl.hpp"
#include "asterism/knowledge/store/sqlite_impl.hpp"
#include "asterism/knowledge/store/writer_lock_impl.hpp"
#include "asterism/knowledge/undirected_graph_impl.hpp"
