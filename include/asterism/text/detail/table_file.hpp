// A table of tokens as the tokenizer.json that Hugging Face would have for it.
#pragma once

#include <string_view>

#include "asterism/core/config.hpp"
#include "asterism/text/detail/tokenizer_file.hpp"
#include "asterism/text/token_table.hpp"

namespace asterism::text {

/// The parsed tokenizer.json of a table; `where` names it in messages. Tokens of the kinds control, unknown and
/// user_defined become added tokens, those of the first two special. Unused tokens named [PAD] and their id, which
/// converters write for ids without a token, have none. Merges of sentence pieces are all ways to put a token together,
/// by descending score. FormatError for tokens that are not UTF-8, ids and lists that do not belong together;
/// Unsupported, listing the known ones, for another pre-tokenizer. Time O(n log n) in the bytes. Source: transformers,
/// `generate_merges` and `LlamaConverter`; llama.cpp, `llama_vocab::impl::load`.
TokenizerFile tokenizer_file_of(const TokenTable& table, std::string_view where);

}  // namespace asterism::text

#if !defined(ASTERISM_COMPILED)
#include "asterism/text/detail/table_file_impl.hpp"
#endif
