// What compilers say of a librarian's policy that lacks a member: each line has to be refused, by the name of the
// variable.
#include "lacking/librarian.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::librarians {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <librarian::SimilarityPolicy T>
struct Compares {};
template <librarian::MergePolicy T>
struct Merges {};
template <librarian::ConflictPolicy T>
struct Decides {};
template <librarian::EvictionPolicy T>
struct Evicts {};

Compares<Model<NoOf>> of;
Compares<Model<NoThresholds>> thresholds;
Merges<Model<NoAllows>> allows;
Merges<Model<NoCombine>> combine;
Decides<Model<NoDecide>> decide;
Evicts<Model<NoWorth>> worth;

}  // namespace asterism::lacking::librarians
