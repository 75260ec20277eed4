// What compilers say of a logits hook that lacks its member: the line has to be refused, by the name of the variable.
#include "lacking/logits_hook.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::logits_hooks {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <generate::LogitsHook T>
struct Uses {};

Uses<Model<NoAdjust>> adjust;

}  // namespace asterism::lacking::logits_hooks
