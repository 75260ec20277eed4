// The experts of a checkpoint in a file of their own: the bytes that a loaded model has.
#include "asterism/generate/write_experts.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/file/path.hpp"
#include "asterism/generate/load.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "generate/variants.hpp"
#include "support/files.hpp"

using namespace asterism;
using residency::SpillFile;
using test::check_error;
using test::Defaults;
using test::golden_model;
using test::TemporaryFolder;

namespace {

ProgressSink silence;

struct StopsAt : ProgressSink {
  std::uint64_t most = 0;
  std::uint64_t last = 0;
  void advance(std::uint64_t done, std::string_view /*what*/) override {
    CHECK(done > last);
    last = done;
    if (done > most) throw std::runtime_error("stopped");
  }
};

}  // namespace

TEST_CASE("each slab has the bytes of the loaded model, in every form of checkpoint") {
  for (const char* name :
       {"demo", "fused", "odd_sizes", "bnb_experts", "qwen3_moe_dense_step", "qwen3_next_ratio3"}) {
    CAPTURE(name);
    const TemporaryFolder folder;
    const std::string path = folder / "spill";
    write_experts<Defaults>(golden_model(name), path, silence);
    const auto model = load<Defaults>(golden_model(name));
    const Shape& shape = model.shape();
    const SpillFile spill(path);
    const checkpoint::TensorStore store(golden_model(name));
    CHECK_NOTHROW(check_same(spill.header(), generate::spill_header<Defaults>(store, shape), path));
    const std::unique_ptr<std::byte, void (*)(void*)> slot(
        static_cast<std::byte*>(std::aligned_alloc(4096, spill.header().stride())), std::free);
    std::int32_t group = 0;
    for (std::int32_t layer = 0; layer < shape.layers; ++layer) {
      if (shape.is_dense(layer)) continue;
      const auto& experts = model.network().blocks()[static_cast<std::size_t>(layer)].constellation();
      for (std::int32_t e = 0; e < shape.experts; ++e) {
        CAPTURE(layer);
        CAPTURE(e);
        spill.read({group, e}, {slot.get(), static_cast<std::size_t>(spill.header().stride())});
        const std::byte* const slab = experts.expert(static_cast<std::size_t>(e)).gate.data;
        CHECK(std::memcmp(slot.get(), slab, spill.header().slab_bytes) == 0);
      }
      ++group;
    }
    CHECK(group == spill.header().layers);
  }
}

TEST_CASE("another checkpoint's experts are told apart, shards of one are not") {
  const auto fingerprint = [](const char* name) {
    return checkpoint::fingerprint(checkpoint::TensorStore(golden_model(name)));
  };
  CHECK(fingerprint("demo") == fingerprint("demo"));
  CHECK(fingerprint("plain") != fingerprint("fused"));
  test::EditedCheckpoint checkpoint(golden_model("plain"));
  const TemporaryFolder folder;
  checkpoint.write(folder.path());
  CHECK(checkpoint::fingerprint(checkpoint::TensorStore(folder.path())) == fingerprint("plain"));
  auto& bytes = checkpoint.tensors.begin()->second.bytes;
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  checkpoint.write(folder.path());
  CHECK(checkpoint::fingerprint(checkpoint::TensorStore(folder.path())) != fingerprint("plain"));
}

TEST_CASE("what can't be written is refused, and what is broken off leaves no file") {
  const TemporaryFolder folder;
  const std::string path = folder / "spill";
  check_error<Unsupported>([&] { write_experts<Defaults>(golden_model("llama_plain"), path, silence); },
                           {"no experts"});
  check_error<Unsupported>([&] { write_experts<Defaults>(golden_model("switch_plain"), path, silence); },
                           {"expert::Relu"});
  check_error<FileError>([&] { write_experts<Defaults>(folder / "none", path, silence); }, {"none"});
  StopsAt sink;
  CHECK_THROWS_AS(write_experts<Defaults>(golden_model("demo"), path, sink), std::runtime_error);
  CHECK(file::path_kind(path) == file::PathKind::missing);
  sink.most = ~std::uint64_t{0};
  sink.last = 0;
  write_experts<Defaults>(golden_model("demo"), path, sink);
  const SpillFile spill(path);
  CHECK(sink.last == spill.header().slabs() * spill.header().slab_bytes);
}
