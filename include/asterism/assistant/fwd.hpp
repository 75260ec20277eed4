// Forward declarations of the room `assistant`: which persona answers a query, and how several answer together.
#pragma once

namespace asterism::assistant {

struct Choice;
struct ClassifierFile;
class QueryFeatures;
class SoftmaxRegression;
class NgramClassifier;
class KeywordRules;
class ClassifierScore;
class FeedbackJournal;
class Conversation;
class Breaker;
template <class B>
class HiddenClassifier;

}  // namespace asterism::assistant
