// config.json of decoders of Switch layers.
#include <string>
#include <vector>

#include "asterism/checkpoint/huggingface/model_config.hpp"
#include "asterism/core/error.hpp"
#include "asterism/shape/catalogue.hpp"

#include "checkpoint/config_text.hpp"
#include "support/files.hpp"

using namespace asterism;
using namespace asterism::checkpoint;

namespace {

const test::ConfigText small{{"model_type", "\"switch_decoder\""},
                             {"architectures", "[\"SwitchDecoderForCausalLM\"]"},
                             {"vocab_size", "100"},
                             {"hidden_size", "64"},
                             {"intermediate_size", "96"},
                             {"num_hidden_layers", "2"},
                             {"num_attention_heads", "16"},
                             {"num_experts", "4"},
                             {"hidden_act", "\"relu\""}};

}  // namespace

TEST_CASE("absent fields are those of the catalogue's model") {
  const ModelConfig config = parse_model_config(R"({"model_type":"switch_decoder"})", "f");
  CHECK(config.shape == shapes::switch_140m);
  CHECK(config.bos == 1);
  CHECK(config.eos == std::vector<TokenId>{2});
}

TEST_CASE("sizes are read; experts are ReLU's, and the chosen one's weight is its probability") {
  const Shape shape = small.parse_with("vocab_size", "120").shape;
  CHECK(shape.architecture == Architecture::switch_decoder);
  CHECK(shape.vocabulary == 120);
  CHECK(shape.ffn == 96);
  CHECK(shape.experts == 4);
  CHECK(shape.top_k == 1);
  CHECK_FALSE(shape.normalised_top_k);
  small.refuse<Unsupported>("hidden_act", {"\"silu\"", "\"gelu\""}, "supported is 'relu'");
  small.refuse<Unsupported>("norm_topk_prob", {"true"}, "supported is false");
  CHECK_NOTHROW(small.parse_with("norm_topk_prob", "false"));
  small.refuse<Unsupported>("is_encoder_decoder", {"true"});
  small.refuse<Unsupported>("architectures", {"[\"SwitchTransformersForConditionalGeneration\"]"});
}
