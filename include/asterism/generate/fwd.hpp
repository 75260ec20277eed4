// Forward declarations of the room `generate`: from a checkpoint's folder to text.
#pragma once

namespace asterism {

struct BatchAnswer;
struct CheckpointExtras;
struct GenerateOptions;
struct GenerationStats;
struct LoadOptions;
struct LoadPlan;
struct SessionOptions;
template <class B>
struct Hooks;
template <class B>
class LanguageModel;
template <class B>
class Session;
template <class B>
class Batch;
class AnyTextStream;
class AnySession;
class AnyModel;
struct Variant;

namespace generate {

struct LogitsAsTheyAre;
class Answer;
class AnswerText;
class Sampler;
class StopStrings;
template <class B>
class Decoding;

}  // namespace generate
}  // namespace asterism
