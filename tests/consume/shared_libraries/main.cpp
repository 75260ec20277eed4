// Calls both libraries: equal answers, and what one throws the program catches by its type.
// Arguments: the library to open, the folder of a checkpoint.
#include <asterism/core/error.hpp>
#include <cstdio>
#include <dlfcn.h>
#include <string>

using Answer = void(const char* folder, std::string& out);
extern "C" Answer linked_answer;

namespace {

std::string of(Answer& answer, const char* folder) {
  std::string out;
  answer(folder, out);
  return out;
}

bool throws_file_error(Answer& answer) {
  try {
    of(answer, "/nowhere");
  } catch (const asterism::FileError& error) {
    return std::string(error.what()).find("/nowhere") != std::string::npos;
  }
  return false;
}

}  // namespace

int main(int, char** argv) try {
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  auto* opened_answer = library == nullptr ? nullptr : reinterpret_cast<Answer*>(dlsym(library, "opened_answer"));
  if (opened_answer == nullptr) {
    std::puts(dlerror());
    return 1;
  }
  const std::string linked = of(linked_answer, argv[2]);
  const std::string opened = of(*opened_answer, argv[2]);
  std::printf("linked: %s\nopened: %s\n", linked.c_str(), opened.c_str());
  const bool caught = throws_file_error(linked_answer) && throws_file_error(*opened_answer);
  std::puts(caught ? "errors were caught by their type" : "an error was not caught by its type");
  return caught && !linked.empty() && linked == opened ? 0 : 1;
} catch (const asterism::Error& error) {
  std::puts(error.what());
  return 1;
}
