// Fuzz target: any bytes as the body of a request. Only ApiError of status 400 may be thrown; what is read is within
// its bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "asterism/generate/decoding/sampler.hpp"
#include "asterism/serve/request.hpp"

using namespace asterism;

namespace {

template <class Parse>
void try_one(Parse&& parse, std::string_view body) {
  const serve::RequestLimits limits{.choices = 16, .vocabulary = 1000};
  try {
    const serve::CompletionRequest request = parse(body, GenerateOptions{}, limits);
    if (request.is_chat ? request.messages.empty() : request.prompts.empty()) std::abort();
    if (request.choices < 1 || request.options.stop.size() > 4) std::abort();
    if (request.limits_tokens) generate::Sampler::check(request.options, 1000);
  } catch (const serve::ApiError& error) {
    if (error.status != 400 || serve::error_body(error).empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  try_one(serve::parse_chat_request, body);
  try_one(serve::parse_completion_request, body);
  return 0;
}
