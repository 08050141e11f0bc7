#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/kernels/random_values.hpp"
#include "tests/unit/model/files/gguf_bytes.hpp"

namespace lyceum::model {

/// A file of a Qwen3-like model with random F32 weights, to change before it is written: 2 layers, 4 experts
/// of which 2 are used, 16 tokens, a context of 100.
struct TinyModel {
  std::string architecture = "qwen3moe";
  std::map<std::string, std::uint32_t> numbers{
      {"context_length", 100},     {"embedding_length", 8},        {"block_count", 2},
      {"attention.head_count", 2}, {"attention.head_count_kv", 1}, {"feed_forward_length", 12},
      {"expert_count", 4},         {"expert_used_count", 2},       {"expert_feed_forward_length", 6}};
  std::map<std::string, std::string> texts{};
  std::uint64_t num_more_keys = 0;
  std::function<void(GgufBytes&)> write_more_keys = [](GgufBytes&) {};
  std::map<std::string, std::vector<std::uint64_t>> tensors{{"token_embd.weight", {8, 16}},
                                                            {"output_norm.weight", {8}}};

  TinyModel() {
    for (const std::string layer : {"blk.0.", "blk.1."}) {
      tensors[layer + "attn_norm.weight"] = {8};
      tensors[layer + "attn_q.weight"] = {8, 8};
      tensors[layer + "attn_k.weight"] = {8, 4};
      tensors[layer + "attn_v.weight"] = {8, 4};
      tensors[layer + "attn_q_norm.weight"] = {4};
      tensors[layer + "attn_k_norm.weight"] = {4};
      tensors[layer + "attn_output.weight"] = {8, 8};
      tensors[layer + "ffn_norm.weight"] = {8};
      tensors[layer + "ffn_gate_inp.weight"] = {8, 4};
      tensors[layer + "ffn_gate_exps.weight"] = {8, 6, 4};
      tensors[layer + "ffn_up_exps.weight"] = {8, 6, 4};
      tensors[layer + "ffn_down_exps.weight"] = {6, 8, 4};
    }
  }

  std::string bytes() const {
    GgufBytes file;
    file.header(tensors.size(), 1 + numbers.size() + texts.size() + num_more_keys);
    file.key("general.architecture", GgufType::string).text(architecture);
    for (const auto& [name, value] : numbers)
      file.key(architecture + "." + name, GgufType::u32).number(value);
    for (const auto& [name, value] : texts) file.key(architecture + "." + name, GgufType::string).text(value);
    write_more_keys(file);
    std::uint64_t offset = 0;
    for (const auto& [name, shape] : tensors) {
      file.tensor(name, shape, TensorType::f32, offset);
      offset += (count(shape) * sizeof(float) + 31) / 32 * 32;
    }
    file.pad();
    std::uint64_t seed = 100;
    for (const auto& [name, shape] : tensors) {
      for (const float value : kernels::random_values(count(shape), ++seed)) file.number(value);
      file.pad();
    }
    return file.data();
  }

 private:
  static std::uint64_t count(const std::vector<std::uint64_t>& shape) {
    std::uint64_t product = 1;
    for (const std::uint64_t extent : shape) product *= extent;
    return product;
  }
};

}  // namespace lyceum::model
