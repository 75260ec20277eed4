// Forward declarations of the room `text`: strings to token ids and back, and chat templates.
#pragma once

namespace asterism::text {

struct EncodeOptions;
struct DecodeOptions;
struct TokenTable;
class Tokenizer;
class StreamDecoder;

struct Message;
struct ChatOptions;
class ChatTemplate;

}  // namespace asterism::text
