// For tests of concepts and of what compilers say: with -DSOUND every model is complete.
#pragma once

namespace asterism::lacking {

#ifdef SOUND
template <class Complete, class Lacking>
using Model = Complete;
#else
template <class Complete, class Lacking>
using Model = Lacking;
#endif

}  // namespace asterism::lacking
