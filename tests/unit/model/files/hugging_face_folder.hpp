#pragma once

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/files/gguf.hpp"
#include "tests/unit/model/files/temporary_folder.hpp"

namespace lyceum::model {

/// Writes a GGUF file of F32 weights as the folder that it could have been converted from: every renaming,
/// stacking and reordering backwards.
class HuggingFaceFolder {
 public:
  HuggingFaceFolder(const GgufFile& file, const Json& config, const TemporaryFolder& folder)
      : file_(file), config_(config), folder_(folder) {}

  void write(std::size_t num_shards = 1) {
    for (const GgufTensor& tensor : file_.tensors()) add(tensor);
    write_shards(num_shards);
    folder_.write("config.json", config_.dump());
    folder_.write("tokenizer.json", tokenizer().dump());
    folder_.write("tokenizer_config.json", tokenizer_config().dump());
  }

  Json tokenizer() const {
    const auto texts = *file_.get_strings("tokenizer.ggml.tokens");
    const auto kinds = *file_.get_integers("tokenizer.ggml.token_type");
    const bool is_pieces = *file_.get_string("tokenizer.ggml.model") == "llama";
    Json vocab = Json::object();
    Json added = Json::array();
    for (std::size_t id = 0; id < texts.size(); ++id) {
      const std::string text(texts[id]);
      if (kinds[id] != 3 || is_pieces) vocab[text] = id;
      if (kinds[id] == 3 || kinds[id] == 2)
        added.push_back({{"id", id}, {"content", text}, {"special", true}});
    }
    Json out{{"added_tokens", added},
             {"normalizer", nullptr},
             {"model", {{"type", "BPE"}, {"vocab", vocab}, {"byte_fallback", is_pieces}}}};
    if (is_pieces) {
      out["model"]["unk_token"] = "<unk>";
      out["model"]["merges"] = piece_merges();
      out["normalizer"] = {{"type", "Sequence"},
                           {"normalizers", {{{"type", "Prepend"}, {"prepend", "▁"}}, {{"type", "Replace"}}}}};
      out["post_processor"] = {
          {"type", "TemplateProcessing"},
          {"single", {{{"SpecialToken", {{"id", "<s>"}}}}, {{"Sequence", {{"id", "A"}}}}}}};
      return out;
    }
    out["model"]["merges"] = Json::array();
    for (const std::string_view merge : *file_.get_strings("tokenizer.ggml.merges"))
      out["model"]["merges"].push_back(merge);
    out["pre_tokenizer"] = pre_tokenizer();
    return out;
  }

 private:
  struct Stored {
    std::vector<std::uint64_t> shape{};  ///< Slowest dimension first
    std::string bytes{};
  };

  static Json split(const std::string& pattern) {
    return {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}};
  }

  Json pre_tokenizer() const {
    const std::string name(*file_.get_string("tokenizer.ggml.pre"));
    const Json bytes{{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", name == "olmo"}};
    if (name == "olmo") return bytes;
    Json steps = Json::array();
    if (name == "qwen2") {
      steps.push_back(split(
          R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"));
    } else if (name == "deepseek-v3") {
      steps.push_back(split(R"(\p{N}{1,3})"));
      steps.push_back(split("[一-龥぀-ゟ゠-ヿ]+"));
      steps.push_back(split(
          R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"));
    } else {
      for (const char* pattern : {"[\r\n]", "\\s?[A-Za-zµÀ-ÖØ-ö]+", "\\s?[!-/:-~！-／：-～‘-‟　-。]+",
                                  "\\s+$", "[一-龥ࠀ-一가-\xED\x9F\xBF]+"})
        steps.push_back(split(pattern));
      steps.push_back({{"type", "Digits"}, {"individual_digits", true}});
    }
    steps.push_back(bytes);
    return {{"type", "Sequence"}, {"pretokenizers", steps}};
  }

  /// Every pair of pieces that makes a third, the best score first.
  Json piece_merges() const {
    const auto texts = *file_.get_strings("tokenizer.ggml.tokens");
    const auto kinds = *file_.get_integers("tokenizer.ggml.token_type");
    const auto scores = *file_.get_f32s("tokenizer.ggml.scores");
    std::map<std::string, std::size_t> normal;
    for (std::size_t id = 0; id < texts.size(); ++id) {
      if (kinds[id] == 1) normal.emplace(texts[id], id);
    }
    std::multimap<float, std::string, std::greater<>> merges;
    for (const auto& [text, id] : normal) {
      for (std::size_t at = 1; at < text.size(); ++at) {
        const std::string left = text.substr(0, at);
        const std::string right = text.substr(at);
        if (normal.contains(left) && normal.contains(right)) merges.emplace(scores[id], left + " " + right);
      }
    }
    Json out = Json::array();
    for (const auto& [score, merge] : merges) out.push_back(merge);
    return out;
  }

  Json tokenizer_config() const {
    const auto texts = *file_.get_strings("tokenizer.ggml.tokens");
    Json out{{"chat_template", *file_.get_string("tokenizer.chat_template")},
             {"add_bos_token", *file_.get_bool("tokenizer.ggml.add_bos_token")}};
    out["eos_token"] = texts[*file_.get_u32("tokenizer.ggml.eos_token_id")];
    out["bos_token"] = {{"content", texts[*file_.get_u32("tokenizer.ggml.bos_token_id")]}};
    return out;
  }

  static std::string renamed(std::string part) {
    static const std::map<std::string, std::string> names{{"attn_norm", "input_layernorm"},
                                                          {"ffn_norm", "post_attention_layernorm"},
                                                          {"attn_q", "self_attn.q_proj"},
                                                          {"attn_k", "self_attn.k_proj"},
                                                          {"attn_v", "self_attn.v_proj"},
                                                          {"attn_output", "self_attn.o_proj"},
                                                          {"attn_q_norm", "self_attn.q_norm"},
                                                          {"attn_k_norm", "self_attn.k_norm"},
                                                          {"attn_q_a", "self_attn.q_a_proj"},
                                                          {"attn_q_a_norm", "self_attn.q_a_layernorm"},
                                                          {"attn_q_b", "self_attn.q_b_proj"},
                                                          {"attn_kv_a_mqa", "self_attn.kv_a_proj_with_mqa"},
                                                          {"attn_kv_a_norm", "self_attn.kv_a_layernorm"},
                                                          {"attn_kv_b", "self_attn.kv_b_proj"},
                                                          {"ffn_gate", "mlp.gate_proj"},
                                                          {"ffn_up", "mlp.up_proj"},
                                                          {"ffn_down", "mlp.down_proj"},
                                                          {"ffn_gate_inp", "mlp.gate"},
                                                          {"ffn_gate_inp_shexp", "mlp.shared_expert_gate"}};
    if (names.contains(part)) return names.at(part);
    const bool is_shared = part.ends_with("_shexp");
    return is_shared ? "mlp.shared_expert." + part.substr(4, part.size() - 10) + "_proj" : part;
  }

  bool is_mixtral() const { return config_["architectures"][0] == "MixtralForCausalLM"; }

  std::string expert_name(const std::string& part, std::size_t expert) const {
    const std::string kind = part.substr(4, part.size() - 9);  // "ffn_gate_exps"
    const std::string number = std::to_string(expert);
    if (!is_mixtral()) return "mlp.experts." + number + "." + kind + "_proj";
    return "block_sparse_moe.experts." + number + "." + (kind == "gate" ? "w1" : kind == "up" ? "w3" : "w2");
  }

  void put(const std::string& name, std::vector<std::uint64_t> shape, std::string bytes) {
    stored_[name] = {std::move(shape), std::move(bytes)};
  }

  void add(const GgufTensor& tensor) {
    std::string bytes(tensor.bytes.size(), '\0');
    std::memcpy(bytes.data(), tensor.bytes.data(), bytes.size());
    const std::string name(tensor.name);
    std::vector<std::uint64_t> shape(tensor.shape.rend() - tensor.num_dims, tensor.shape.rend());
    if (!name.starts_with("blk.")) {
      put(name == "token_embd.weight"    ? "model.embed_tokens.weight"
          : name == "output_norm.weight" ? "model.norm.weight"
                                         : "lm_head.weight",
          shape, bytes);
      return;
    }
    const auto dot = name.find('.', 4);
    const std::string layer = "model.layers." + name.substr(4, dot - 4) + ".";
    const auto end = name.rfind('.');
    const std::string part = name.substr(dot + 1, end - dot - 1);
    const std::string kind = name.substr(end);
    if (part == "exp_probs_b") return put(layer + "mlp.gate.e_score_correction_bias", shape, bytes);
    if (part == "attn_k_b" || part == "attn_v_b") return join_latent(layer, part, tensor, bytes);
    if (part.ends_with("_exps")) {
      const std::size_t size = bytes.size() / shape[0];
      for (std::size_t i = 0; i < shape[0]; ++i)
        put(layer + expert_name(part, i) + kind, {shape[1], shape[2]}, bytes.substr(i * size, size));
      return;
    }
    if (file_.has("llama.block_count") && (part == "attn_q" || part == "attn_k"))
      bytes = in_halves(
          bytes, part == "attn_q" ? config_["num_attention_heads"] : config_["num_key_value_heads"], shape);
    const bool is_mixtral_router = is_mixtral() && part == "ffn_gate_inp";
    put(layer + (is_mixtral_router ? "block_sparse_moe.gate" : renamed(part)) + kind, shape, bytes);
  }

  static std::string in_halves(const std::string& bytes, std::size_t num_heads,
                               const std::vector<std::uint64_t>& shape) {
    const std::size_t row = bytes.size() / shape[0];
    const std::size_t head = shape[0] / num_heads;
    std::string out;
    for (std::size_t h = 0; h < num_heads; ++h) {
      for (std::size_t s = 0; s < 2; ++s) {
        for (std::size_t i = 0; i < head / 2; ++i) out += bytes.substr((h * head + 2 * i + s) * row, row);
      }
    }
    return out;
  }

  /// Keys and values of a head in one matrix: [plain_dim + value_dim, kv_rank] a head.
  void join_latent(const std::string& layer, const std::string& part, const GgufTensor& tensor,
                   const std::string& bytes) {
    const std::size_t plain = config_["qk_nope_head_dim"];
    const std::size_t value = config_["v_head_dim"];
    const std::size_t rank = config_["kv_lora_rank"];
    const std::size_t heads = tensor.shape[2];
    Stored& joined = stored_[layer + "self_attn.kv_b_proj.weight"];
    joined.shape = {heads * (plain + value), rank};
    joined.bytes.resize(heads * (plain + value) * rank * 4);
    const auto copy = [&](std::size_t to, std::size_t from) {
      std::memcpy(joined.bytes.data() + 4 * to, bytes.data() + 4 * from, 4);
    };
    for (std::size_t h = 0; h < heads; ++h) {
      for (std::size_t r = 0; r < rank; ++r) {
        if (part == "attn_k_b") {
          for (std::size_t p = 0; p < plain; ++p)
            copy((h * (plain + value) + p) * rank + r, (h * rank + r) * plain + p);
        } else {
          for (std::size_t v = 0; v < value; ++v)
            copy((h * (plain + value) + plain + v) * rank + r, (h * value + v) * rank + r);
        }
      }
    }
  }

  void write_shards(std::size_t num_shards) const {
    std::vector<Json> headers(num_shards, Json::object());
    std::vector<std::string> data(num_shards);
    Json index = Json::object();
    std::size_t position = 0;
    for (const auto& [name, stored] : stored_) {
      const std::size_t shard = position++ % num_shards;
      headers[shard][name] = {
          {"dtype", "F32"},
          {"shape", stored.shape},
          {"data_offsets", {data[shard].size(), data[shard].size() + stored.bytes.size()}}};
      data[shard] += stored.bytes;
      index[name] = shard_name(shard, num_shards);
    }
    for (std::size_t i = 0; i < num_shards; ++i) {
      const std::string header = headers[i].dump();
      std::string length(8, '\0');
      const std::uint64_t size = header.size();
      std::memcpy(length.data(), &size, 8);
      folder_.write(shard_name(i, num_shards), length + header + data[i]);
    }
    if (num_shards > 1) folder_.write("model.safetensors.index.json", Json({{"weight_map", index}}).dump());
  }

  static std::string shard_name(std::size_t shard, std::size_t num_shards) {
    return num_shards == 1 ? "model.safetensors" : "model-" + std::to_string(shard) + ".safetensors";
  }

  const GgufFile& file_;
  Json config_;
  const TemporaryFolder& folder_;
  std::map<std::string, Stored> stored_{};
};

}  // namespace lyceum::model
