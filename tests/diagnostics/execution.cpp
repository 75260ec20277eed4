// What compilers say of an execution policy that lacks a member: each line has to be refused, by the name of the
// variable.
#include "lacking/execution.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::executions {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <parallel::Execution T>
struct Uses {};

Uses<Model<NoTasks>> for_each_task;
Uses<Model<NoRanges>> for_each_range;
Uses<Model<NoThreads>> threads;

}  // namespace asterism::lacking::executions
