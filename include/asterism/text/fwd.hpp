// Names of the room `text`: strings to token ids and back, and what a conversation looks like as text.
#pragma once

namespace asterism::text {

struct EncodeOptions;
struct DecodeOptions;
class Tokenizer;
class StreamDecoder;

struct Message;
class ChatTemplate;

class AddedTokens;
class Bpe;
class Decoder;
class Merges;
class Normalizer;
class Pattern;
class PostProcessor;
class PreTokenizer;
class Regex;
class Vocabulary;

}  // namespace asterism::text
