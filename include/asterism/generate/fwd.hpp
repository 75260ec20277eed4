// Forward declarations of the room `generate`: from a checkpoint's folder to text.
#pragma once

namespace asterism {

struct AnswerPart;
struct AnswerEnd;
class AnswerSink;
struct BatchAnswer;
struct BatchOptions;
struct TokenScore;
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
class AnyBatch;
class Scheduler;
struct Variant;

namespace generate {

struct LogitsAsTheyAre;
class Answer;
class AnswerText;
class ExpertGrouping;
class Sampler;
class StopStrings;
template <class B>
class Decoding;
class PassBudget;
template <class B>
struct BatchRequest;

}  // namespace generate
}  // namespace asterism
