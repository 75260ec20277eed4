// Forward declarations of the template engine.
#pragma once

namespace asterism::text::jinja {

class Value;
struct Text;
struct Sequence;
struct Dict;
class Object;
struct Arguments;
class Runtime;
struct Expression;
struct Statement;
class Template;

}  // namespace asterism::text::jinja
