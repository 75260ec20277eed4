// What compilers say of an expert that lacks a member of what learns: each line has to be refused, by the
// name of the variable.
#include "asterism/backend/host.hpp"
#include "asterism/parallel/serial.hpp"

#include "lacking/model.hpp"
#include "lacking/trainable.hpp"

namespace asterism::lacking::trainables {

template <class Lacking>
using Model = lacking::Model<Complete, Lacking>;
template <train::TrainableExpert<backend::SerialHost> T>
struct Learns {};

Learns<Model<NoSaved>> saved;
Learns<Model<NoWork>> work;
Learns<Model<NoForward>> forward;
Learns<Model<NoBackward>> backward;

}  // namespace asterism::lacking::trainables
