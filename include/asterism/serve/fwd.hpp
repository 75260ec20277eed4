// Forward declarations of the room `serve`: OpenAI's wire format as pure functions, from text to requests and back.
#pragma once

namespace asterism::serve {

class ApiError;
struct CompletionRequest;
struct RequestLimits;
struct ResponseHead;
struct Choice;
struct ShownToken;
struct TokenCounts;
class TokenTexts;

}  // namespace asterism::serve
