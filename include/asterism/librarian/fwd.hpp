// Forward declarations of the room `librarian`: what is filed, and what is looked up.
#pragma once

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

struct Cosine;
struct WeightedCentre;
struct LaterEnds;
struct FirstStays;
struct FadingWorth;

}  // namespace asterism::librarian
