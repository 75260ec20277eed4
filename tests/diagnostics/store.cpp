// What compilers say of a store that lacks a member: each line has to be refused, by the name of the variable.
#include "lacking/store.hpp"

#include "lacking/model.hpp"

namespace asterism::lacking::stores {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <knowledge::GraphStore T>
struct Uses {};

Uses<Model<NoPut>> put;
Uses<Model<NoFind>> find;
Uses<Model<NoErase>> erase_row;
Uses<Model<NoProperty>> property;
Uses<Model<NoCommit>> commit;
Uses<Model<NoVersions>> versions;
Uses<Model<NoRollback>> rollback;
Uses<Model<NoForEach>> for_each;
Uses<Model<NoVerify>> verify;

}  // namespace asterism::lacking::stores
