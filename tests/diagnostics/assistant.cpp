// What compilers say of a policy of an assistant that lacks a member: each line has to be refused, by the name of the
// variable.
#include "lacking/assistant.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::assistants {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <assistant::QueryClassifier T>
struct Classifies {};
template <assistant::Gate T>
struct Chooses {};
template <assistant::Combination T>
struct Combines {};

Classifies<Model<NoLabels>> labels;
Classifies<Model<NoClassify>> classify;
Chooses<Model<NoChoose>> choose;
Combines<Model<NoCombine>> combine;
Combines<Model<NoName>> name;

}  // namespace asterism::lacking::assistants
