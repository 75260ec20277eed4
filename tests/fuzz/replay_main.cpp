// Runs a fuzz target over the files of the folders given: the corpus as a regression test, with any compiler.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

#include "asterism/file/new_folder.hpp"
#include "asterism/file/path.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  std::size_t count = 0;
  for (int i = 1; i < argc; ++i) {
    try {
      for (const std::string& name : asterism::file::folder_entries(argv[i])) {
        const std::string path = std::string(argv[i]) + "/" + name;
        const std::string bytes = asterism::file::read_file(path, std::uint64_t{1} << 30U);
        std::printf("%s\n", path.c_str());
        std::fflush(stdout);  // names the culprit when the next line ends the process
        LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        ++count;
      }
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 1;
    }
  }
  std::printf("%zu inputs replayed\n", count);
  return count == 0 ? 1 : 0;
}
