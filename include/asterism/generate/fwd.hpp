// Names of the room `generate`: from a folder to text.
#pragma once

namespace asterism {

struct GenerateOptions;
struct LoadOptions;
struct SessionOptions;
struct GenerationStats;
template <class B>
class LanguageModel;
template <class B>
class Session;
template <class B>
class Batch;
struct BatchAnswer;
class AnyTextStream;
class AnySession;
class AnyModel;
struct Variant;

namespace generate {

class AnswerText;
struct Request;
class Sampler;
class StopStrings;
template <class B>
class Sequence;
template <class B>
class Pass;

}  // namespace generate
}  // namespace asterism
