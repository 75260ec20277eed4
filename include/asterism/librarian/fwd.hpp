// Forward declarations of the room `librarian`: what is filed, and what is looked up.
#pragma once

#include "asterism/knowledge/fwd.hpp"

namespace asterism::librarian {

struct Report;
struct Answered;
struct FiledReport;
struct Filed;
struct Statement;
struct Category;
struct ConsultBudget;
struct ConsultOptions;
struct ConsultHit;
struct Consulted;
class BlockWriter;

struct Probability;
struct KnnOptions;
class HeardRoutes;
template <class Index = index::Flat<>>
class KnnLogits;
template <class Index = index::Flat<>>
class RememberedRoutes;

struct Cosine;
struct WeightedCentre;
struct LaterEnds;
struct FirstStays;
struct FadingWorth;

}  // namespace asterism::librarian
