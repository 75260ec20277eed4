// A table for people, and as JSON.
#pragma once

#include <asterism/core/format.hpp>
#include <asterism/file/new_file.hpp>
#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include "../support/command_line.hpp"

namespace example {

using namespace asterism;

/// One row. Texts are names that the program itself gives: they are not escaped.
class Row {
 public:
  Row& text(const char* name, const std::string& value, std::size_t width) {
    cells_ += pad_right(value, width);
    return field(name, concat("\"", value, "\""));
  }
  Row& number(const char* name, double value, int digits, std::size_t width) {
    cells_ += pad_left(fixed(value, digits), width);
    return field(name, concat(value));
  }
  Row& percent(const char* name, double share, std::size_t width) {
    cells_ += pad_left(fixed(100 * share, 1), width);
    return field(name, concat(share));
  }
  Row& field(const char* name, const std::string& value) {
    fields_ += concat(fields_.empty() ? "" : ", ", "\"", name, "\": ", value);
    return *this;
  }

  const std::string& line() const { return cells_; }
  std::string object() const { return concat("{", fields_, "}"); }

 private:
  std::string cells_;
  std::string fields_;
};

/// Shows the rows and writes them to the file `json`, unless that is empty.
inline void show(const std::string& json, const std::string& title, const std::string& head,
                 const std::vector<Row>& rows) {
  std::cout << title << "\n\n" << head << "\n";
  std::string objects;
  for (const Row& row : rows) {
    std::cout << row.line() << "\n";
    objects += concat(objects.empty() ? "" : ",\n", "  ", row.object());
  }
  check_output();
  if (!json.empty()) file::write_text_file(json, concat("[\n", objects, "\n]\n"));
}

}  // namespace example
