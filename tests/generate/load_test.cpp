// From a folder to a model: what is planned, what is checked, and what may be absent.
#include "asterism/generate/load.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/json.hpp"
#include "asterism/machine/machine.hpp"
#include "asterism/shape/catalogue.hpp"

#include "checkpoint/edited_checkpoint.hpp"
#include "checkpoint/qwen3_next_checkpoint.hpp"
#include "generate/variants.hpp"

using namespace asterism;
using test::check_error;
using test::contains;
using test::EditedCheckpoint;
using test::Exact;
using test::golden_model;
using test::TemporaryFolder;

namespace {

using Tokens = std::vector<TokenId>;

/// The sizes of the golden checkpoint "plain".
constexpr Shape plain_shape{.architecture = Architecture::mixtral,
                            .vocabulary = 160,
                            .hidden = 64,
                            .layers = 2,
                            .heads = 4,
                            .kv_heads = 2,
                            .head_dim = 16,
                            .ffn = 96,
                            .experts = 4,
                            .top_k = 2,
                            .max_positions = 512,
                            .sliding_window = 0,
                            .tied_head = false,
                            .rope_theta = 1e6,
                            .rms_epsilon = 1e-5};

struct Fixed : Exact {
  static constexpr Shape shape = plain_shape;
};

LoadOptions with_limits(const std::function<void(Limits&)>& change) {
  LoadOptions options;
  options.limits = Exact::limits;
  change(*options.limits);
  return options;
}

}  // namespace

TEST_CASE("config.json alone is enough for a plan") {
  const TemporaryFolder folder;
  test::copy_files(golden_model("demo"), folder.path(), {"config.json"});
  LoadOptions options;
  options.machine = equal_devices(2, 5_MiB);
  const LoadPlan prepared = plan_load<Exact>(folder.path(), options);
  CHECK(prepared.config.shape.vocabulary == 700);
  CHECK(prepared.limits.context == 160);
  CHECK(prepared.plan.devices() == 2);
  CHECK(prepared.plan == plan<Exact>(*options.machine, prepared.config.shape, prepared.limits));
  CHECK(prepared.plan.peak(0) > 1_MiB);
  options.machine = equal_devices(2, 1_MiB);
  CHECK(!plan_load<Exact>(folder.path(), options).plan.fits());  // a plan that does not fit is no error here
  CHECK(plan_load<Exact>(folder.path()).plan.fits());            // this machine's memory
  check_error<FileError>([&] { load<Exact>(folder.path()); }, {folder.path(), "model.safetensors"});
  check_error<FileError>([&] { plan_load<Exact>(folder / "missing"); }, {folder / "missing"});
  const TemporaryFolder empty;
  check_error<FileError>([&] { plan_load<Exact>(empty.path()); }, {empty.path(), "config.json"});
}

TEST_CASE("limits are lowered, never raised") {
  const auto folder = golden_model("plain");
  const auto refuse = [&](const char* name, const std::function<void(Limits&)>& change) {
    check_error<InvalidArgument>([&] { plan_load<Exact>(folder, with_limits(change)); }, {name, "Limits::"});
    check_error<InvalidArgument>([&] { load<Exact>(folder, with_limits(change)); }, {name});
  };
  refuse("context is 161, the Blueprint allows 1 to 160", [](Limits& l) { l.context = 161; });
  refuse("batch is 3, the Blueprint allows 1 to 2", [](Limits& l) { l.batch = 3; });
  refuse("prefill_chunk is 17, the Blueprint allows 1 to 16", [](Limits& l) { l.prefill_chunk = 17; });
  refuse("threads is 3, the Blueprint allows 1 to 2", [](Limits& l) { l.threads = 3; });
  refuse("context is 0", [](Limits& l) { l.context = 0; });
  refuse("batch is -1", [](Limits& l) { l.batch = -1; });
  refuse("prefill_chunk is 0", [](Limits& l) { l.prefill_chunk = 0; });
  refuse("threads is 0", [](Limits& l) { l.threads = 0; });

  const Limits lower{.context = 9, .batch = 1, .prefill_chunk = 16, .threads = 1};
  const LoadPlan prepared = plan_load<Exact>(folder, with_limits([&](Limits& l) { l = lower; }));
  CHECK(prepared.limits.context == 9);
  CHECK(prepared.limits.prefill_chunk == 9);  // a chunk never exceeds the context
  CHECK(prepared.plan.largest_peak() < plan_load<Exact>(folder).plan.largest_peak());
  Shape shape = plain_shape;
  shape.max_positions = 100;
  CHECK(generate::resolve_limits(Exact::limits, std::nullopt, shape).context == 100);
  CHECK(generate::resolve_limits(Exact::limits, std::nullopt, plain_shape).context == 160);
}

TEST_CASE("a Blueprint's shape must be the checkpoint's, field by field") {
  CHECK_NOTHROW(plan_load<Fixed>(golden_model("plain")));
  CHECK(load<Fixed>(golden_model("plain")).shape() == plain_shape);
  check_error<FormatError>([] { plan_load<Fixed>(golden_model("demo")); },
                           {golden_model("demo") + "/config.json", "vocab_size is 700", "160"});
  check_error<FormatError>([] { load<Fixed>(golden_model("bf16")); }, {"/bf16/config.json", "Blueprint"});

  const auto differs = [](const Shape& shape, const char* name, const std::function<void(Shape&)>& change,
                          std::string_view values = "") {
    Shape other = shape;
    change(other);
    CHECK(!(other == shape));
    check_error<FormatError>([&] { generate::check_shape(shape, other, "FOLDER"); },
                             {"FOLDER/config.json", concat(": ", name, " is ", values)});
  };
  differs(
      plain_shape, "model_type", [](Shape& s) { s.architecture = Architecture::llama; },
      "llama, the Blueprint's shape says mixtral");
  differs(plain_shape, "vocab_size", [](Shape& s) { ++s.vocabulary; });
  differs(plain_shape, "hidden_size", [](Shape& s) { ++s.hidden; });
  differs(plain_shape, "num_hidden_layers", [](Shape& s) { ++s.layers; });
  differs(plain_shape, "num_attention_heads", [](Shape& s) { ++s.heads; });
  differs(plain_shape, "num_key_value_heads", [](Shape& s) { ++s.kv_heads; });
  differs(plain_shape, "head_dim", [](Shape& s) { ++s.head_dim; });
  differs(plain_shape, "head_dim * partial_rotary_factor", [](Shape& s) { s.rotary_dim = 2; });
  differs(plain_shape, "Shape::attention_gate", [](Shape& s) { s.attention_gate = true; });
  differs(plain_shape, "shared_expert_intermediate_size", [](Shape& s) { s.shared_ffn = 8; });
  differs(plain_shape, "attention_bias", [](Shape& s) { s.attention_bias = true; });
  differs(plain_shape, "Shape::qk_norm", [](Shape& s) { s.qk_norm = true; });
  differs(plain_shape, "intermediate_size", [](Shape& s) { ++s.ffn; });
  differs(plain_shape, "num_local_experts", [](Shape& s) { ++s.experts; });
  differs(plain_shape, "num_experts_per_tok", [](Shape& s) { ++s.top_k; });
  differs(
      plain_shape, "norm_topk_prob", [](Shape& s) { s.normalised_top_k = false; }, "false");
  differs(
      plain_shape, "the set of dense layers", [](Shape& s) { s.dense_layers = LayerSet::range(0, 2); },
      "0 to 1, the Blueprint's shape says none");
  differs(plain_shape, "Shape::dense_ffn", [](Shape& s) { ++s.dense_ffn; });
  differs(plain_shape, "max_position_embeddings", [](Shape& s) { ++s.max_positions; });
  differs(plain_shape, "sliding_window", [](Shape& s) { ++s.sliding_window; });
  differs(plain_shape, "tie_word_embeddings", [](Shape& s) { s.tied_head = true; });
  differs(plain_shape, "rope_theta", [](Shape& s) { s.rope_theta += 1; });
  differs(plain_shape, "the rope scaling's factor", [](Shape& s) { s.rope_scaling.factor = 8; });
  differs(plain_shape, "the rope scaling's low_freq_factor", [](Shape& s) { s.rope_scaling.low_freq_factor = 2; });
  differs(plain_shape, "the rope scaling's high_freq_factor",
          [](Shape& s) { s.rope_scaling.high_freq_factor = 5; });
  differs(plain_shape, "the rope scaling's original_max_position_embeddings",
          [](Shape& s) { s.rope_scaling.original_positions = 512; });
  differs(plain_shape, "rms_norm_eps", [](Shape& s) { s.rms_epsilon *= 2; });
  CHECK_NOTHROW(generate::check_shape(plain_shape, plain_shape, "FOLDER"));

  Shape qwen = shapes::qwen3_30b_a3b;
  differs(qwen, "moe_intermediate_size", [](Shape& s) { ++s.ffn; });
  differs(
      qwen, "num_experts", [](Shape& s) { --s.experts; }, "127, the Blueprint's shape says 128");
  qwen.dense_layers.insert(3);
  qwen.dense_ffn = 6144;
  differs(qwen, "intermediate_size", [](Shape& s) { ++s.dense_ffn; });
  differs(
      qwen, "the set of dense layers", [](Shape& s) { s.dense_layers.insert(5); },
      "3, 5, the Blueprint's shape says 3");
  differs(shapes::llama3_8b, "intermediate_size", [](Shape& s) { ++s.dense_ffn; });
  differs(shapes::llama3_8b, "Shape::ffn", [](Shape& s) { ++s.ffn; });
  differs(shapes::llama3_8b, "Shape::top_k", [](Shape& s) { ++s.top_k; });
  differs(shapes::llama3_8b, "Shape::normalised_top_k", [](Shape& s) { s.normalised_top_k = false; });
  differs(shapes::llama3_8b, "Shape::experts", [](Shape& s) { ++s.experts; });

  const Shape next = shapes::qwen3_next_80b_a3b;
  differs(
      next, "head_dim * partial_rotary_factor", [](Shape& s) { s.rotary_dim = 32; },
      "32, the Blueprint's shape says 64");
  differs(next, "Shape::rotary_dim", [](Shape& s) { s.rotary_dim = 0; });
  differs(
      next, "the set of layers with linear_attention, by layer_types or else by full_attention_interval,",
      [](Shape& s) { s.linear_layers = LayerSet::range(0, 2); }, "0 to 1, the Blueprint's shape says 0 to 2, 4");
  differs(next, "linear_num_key_heads", [](Shape& s) { s.delta_net.key_heads = 8; });
  differs(next, "linear_num_value_heads", [](Shape& s) { s.delta_net.value_heads = 16; });
  differs(next, "linear_key_head_dim", [](Shape& s) { s.delta_net.key_width = 64; });
  differs(next, "linear_value_head_dim", [](Shape& s) { s.delta_net.value_width = 64; });
  differs(next, "linear_conv_kernel_dim", [](Shape& s) { s.delta_net.kernel = 3; });
  differs(next, "shared_expert_intermediate_size", [](Shape& s) { s.shared_ffn = 256; });
  differs(next, "Shape::shared_ffn", [](Shape& s) { s.shared_ffn = 0; });
  differs(qwen, "Shape::delta_net.key_heads", [](Shape& s) { s.delta_net.key_heads = 8; });
}

TEST_CASE("without a tokenizer token ids work, and text is an error that says why") {
  const auto model = load<Exact>(golden_model("plain"));  // weights and configs alone
  auto session = model.session();
  GenerateOptions options;
  options.max_tokens = 4;
  options.stop_at_eos = false;
  const Tokens answer = session.generate_tokens(Tokens{1, 5, 9}, options);
  CHECK(answer.size() == 4);
  CHECK(session.log_probabilities(Tokens{1, 5, 9}).size() == 2);
  check_error<FileError>([&] { session.generate("Hello", options); }, {"tokenizer.json", "token ids"});
  const std::vector<text::Message> messages = {{"user", "Hello"}};
  check_error<FileError>([&] { session.chat(messages, options); }, {"chat template"});
  check_error<FileError>([&] { static_cast<void>(model.tokenizer()); }, {"tokenizer.json"});
  CHECK(session.generate_tokens(Tokens{1, 5, 9}, options) == answer);
}

TEST_CASE("a checkpoint that is wrong is an error of its file") {
  const auto broken = [](const char* name, const std::string& content) {
    const TemporaryFolder folder;
    test::copy_files(golden_model("demo"), folder.path());
    test::write_file(folder / name, content);
    check_error<Error>([&] { load<Exact>(folder.path()); }, {folder / name});
  };
  broken("config.json", "{");
  broken("config.json", R"({"model_type": "gpt2"})");
  broken("generation_config.json", R"({"temperature": "hot"})");
  broken("tokenizer.json", "[]");
  broken("tokenizer_config.json", R"({"chat_template": 5})");
  broken("model.safetensors", "12345678");
  broken("chat_template.jinja", std::string(17U << 20U, ' '));
}

TEST_CASE("loading reports its progress and can be cancelled") {
  struct Cancel : ProgressSink {
    std::uint64_t all = 0;
    void begin(std::string_view, std::uint64_t total, ProgressUnit) override { all = total; }
    void advance(std::uint64_t done, std::string_view) override {
      if (done > all / 2) throw InvalidArgument("enough");
    }
  };
  Cancel cancel;
  LoadOptions options;
  options.progress = &cancel;
  check_error<InvalidArgument>([&] { load<Exact>(golden_model("demo"), options); }, {"enough"});
  CHECK(cancel.all > 4'000'000);
}

TEST_CASE("a checkpoint that lacks what its config.json promises is refused before memory is drawn for it") {
  const TemporaryFolder folder;
  test::copy_files(golden_model("demo"), folder.path());
  const std::string path = folder / "config.json";
  json::Value config = json::parse(file::read_file(path, 1U << 20U), path);
  config["num_hidden_layers"] = 128;
  config["num_local_experts"] = 65536;
  test::write_file(path, config.dump());
  LoadOptions options;
  options.machine =
      equal_devices(2, 4096_GiB);  // budgets that no machine here has: drawing them would fail otherwise
  check_error<FormatError>([&] { load<Exact>(folder.path(), options); },
                           {"model.safetensors", "shape", "config.json"});
}

TEST_CASE("sizes that 64 bits do not count are refused") {
  CHECK_THROWS_AS(Bytes{std::uint64_t{1} << 40U} * (std::uint64_t{1} << 30U), InvalidArgument);
  CHECK_THROWS_AS(Bytes{~std::uint64_t{0}} + 1_B, InvalidArgument);
  Shape wide = shapes::mixtral_8x7b;
  wide.kv_heads = 1 << 30;
  wide.head_dim = 1 << 30;
  CHECK_THROWS_AS(attention::StaticKvCache<quant::Float16>::layer_bytes(wide, Limits{}), InvalidArgument);
}

// What would dangle does not compile.
static_assert(!std::is_move_assignable_v<LanguageModel<Exact>> &&
              std::is_move_constructible_v<LanguageModel<Exact>>);
template <class Model>
concept GivesSession = requires(Model&& model) {
  static_cast<Model&&>(model).session();
};
static_assert(GivesSession<const LanguageModel<Exact>&> && !GivesSession<LanguageModel<Exact>>);
template <class Talk>
concept Answers = requires(Talk&& session) {
  static_cast<Talk&&>(session).generate(std::string_view());
};
static_assert(Answers<Session<Exact>&> && !Answers<Session<Exact>>);

TEST_CASE("a context that the budgets do not hold is lowered where that is asked for") {
  const LoadPlan whole = plan_load<Exact>(golden_model("demo"), {.machine = equal_devices(1, 64_MiB)});
  const Machine tight = equal_devices(1, whole.plan.peak(0) - 4_KiB);
  CHECK_FALSE(plan_load<Exact>(golden_model("demo"), {.machine = tight}).plan.fits());
  const LoadPlan lowered = plan_load<Exact>(golden_model("demo"), {.machine = tight, .fit_context = true});
  CHECK(lowered.plan.fits());
  CHECK(lowered.limits.context < whole.limits.context);
  CHECK(lowered.limits.context == largest_context<Exact>(tight, whole.config.shape, whole.limits));
  CHECK(lowered.limits.prefill_chunk <= lowered.limits.context);
  check_error<InvalidArgument>(
      [&] {
        plan_load<Exact>(golden_model("demo"),
                         {.machine = tight, .device_map = placement::DeviceMap{}, .fit_context = true});
      },
      {"fit_context", "device_map"});
}

TEST_CASE("caches may be given as a share of a device") {
  const LoadPlan whole = plan_load<Exact>(golden_model("demo"), {.machine = equal_devices(1, 64_MiB)});
  const Machine machine = equal_devices(1, whole.plan.peak(0) + 1_MiB);
  Limits limits = whole.limits;
  limits.cache_percent = 3;
  const LoadPlan refused = plan_load<Exact>(golden_model("demo"), {.machine = machine, .limits = limits});
  CHECK_FALSE(refused.plan.fits());
  check_error<BudgetExceeded>([&] { load<Exact>(golden_model("demo"), {.machine = machine, .limits = limits}); },
                              {"caches may take", "3 % of the budget: too little", "Limits::cache_percent"});
  const LoadPlan lowered =
      plan_load<Exact>(golden_model("demo"), {.machine = machine, .limits = limits, .fit_context = true});
  CHECK(lowered.plan.fits());
  const Bytes a_position{whole.plan.cache_bytes(0).count / static_cast<std::uint64_t>(whole.limits.context)};
  CHECK(lowered.plan.cache_bytes(0) <= lowered.plan.cache_budget(0));
  CHECK(lowered.plan.cache_bytes(0) + a_position > lowered.plan.cache_budget(0));
  limits.cache_percent = 0;
  check_error<InvalidArgument>([&] { plan_load<Exact>(golden_model("demo"), {.limits = limits}); },
                               {"cache_percent is 0", "1 to 100"});
}

TEST_CASE("a report says which tensors of the checkpoint the model does not use") {
  EditedCheckpoint checkpoint = test::qwen3_next_checkpoint({}, checkpoint::DType::bf16);
  const TemporaryFolder folder;
  checkpoint.write(folder.path());
  CHECK_FALSE(contains(load<Exact>(folder.path()).memory_report(), "passed over"));
  test::add_mtp(checkpoint);
  checkpoint.write(folder.path());
  CHECK(contains(load<Exact>(folder.path()).memory_report(),
                 "2 tensors of mtp.* (28 B of the checkpoint) passed over: the model does not use them\n"));
}
