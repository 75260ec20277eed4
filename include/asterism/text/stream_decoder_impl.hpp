// Bodies of stream_decoder.hpp.
#pragma once

#include <memory>
#include <string_view>

#include "asterism/text/detail/decoder.hpp"
#include "asterism/text/stream_decoder.hpp"
#include "asterism/text/tokenizer_impl.hpp"

namespace asterism::text {

struct StreamDecoder::Impl {
  std::shared_ptr<const Tokenizer::Impl> tokenizer;
  DecodeOptions options;
  Decoder::State state;
};

ASTERISM_INLINE StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options)
    : impl_(new Impl{tokenizer.impl_, options,
                     tokenizer.impl_->decoder.start(tokenizer.impl_->longest_token, Decoder::Runs::shown)}) {}
ASTERISM_INLINE StreamDecoder::StreamDecoder(const StreamDecoder& other) : impl_(new Impl(*other.impl_)) {}
ASTERISM_INLINE StreamDecoder::StreamDecoder(StreamDecoder&& other) noexcept = default;
ASTERISM_INLINE StreamDecoder& StreamDecoder::operator=(const StreamDecoder& other) {
  return *this = StreamDecoder(other);
}
ASTERISM_INLINE StreamDecoder& StreamDecoder::operator=(StreamDecoder&& other) noexcept = default;
ASTERISM_INLINE StreamDecoder::~StreamDecoder() = default;

ASTERISM_INLINE std::string_view StreamDecoder::push(TokenId id) {
  impl_->state.text.clear();
  impl_->tokenizer->decode_next(impl_->state, id, impl_->options);
  return impl_->state.text;
}

ASTERISM_INLINE std::string_view StreamDecoder::finish() {
  impl_->state.text.clear();
  impl_->tokenizer->decoder.finish(impl_->state);
  return impl_->state.text;
}

}  // namespace asterism::text
