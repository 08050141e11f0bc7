#include "cli/commands/model_inspect.hpp"

#include <array>
#include <cstdio>
#include <iostream>
#include <optional>

#include "cli/commands/command_context.hpp"
#include "cli/terminal.hpp"
#include "model/inspect.hpp"

namespace lyceum::cli {
namespace {

/// A missing value is null.
template <class T>
Json json_of(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json json_of(const model::ModelSummary& summary) {
  Json types = Json::array();
  for (const model::TypeShare& share : summary.types) {
    types.push_back({{"type", share.type},
                     {"supported", share.is_supported},
                     {"tensors", share.num_tensors},
                     {"parameters", share.num_parameters},
                     {"bytes", share.size_bytes}});
  }
  return {{"file", summary.path},
          {"format", summary.format},
          {"file_bytes", summary.file_bytes},
          {"architecture", summary.architecture},
          {"name", summary.name},
          {"parameters", summary.num_parameters},
          {"active_parameters", summary.num_active_parameters},
          {"experts", summary.num_experts},
          {"experts_used", summary.num_experts_used},
          {"layers", json_of(summary.num_layers)},
          {"context_length", json_of(summary.context_length)},
          {"weight_bytes", summary.weight_bytes},
          {"kv_bytes_per_token", json_of(summary.kv_bytes_per_token)},
          {"memory_bytes", json_of(summary.memory_bytes)},
          {"types", types},
          {"tokenizer", summary.tokenizer},
          {"pre_tokenizer", summary.pre_tokenizer},
          {"vocab_size", summary.vocab_size},
          {"tokenizer_problem", summary.tokenizer_problem},
          {"chat_template", summary.has_chat_template ? Json(summary.chat_template) : Json(nullptr)},
          {"chat_template_problem", summary.chat_template_problem}};
}

std::string scaled(double value, double step, const std::array<const char*, 5>& units) {
  std::size_t unit = 0;
  while (value >= step && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  char text[32] = {};
  std::snprintf(text, sizeof(text), unit == 0 ? "%.0f%s" : "%.2f%s", value, units[unit]);
  return text;
}

std::string count_text(std::uint64_t count) {
  return scaled(static_cast<double>(count), 1000, {"", " K", " M", " B", " T"});
}

void print_memory(const model::ModelSummary& summary) {
  std::string text = "weights " + bytes_text(summary.weight_bytes);
  if (summary.kv_bytes_per_token)
    text += ", keys and values " + bytes_text(*summary.kv_bytes_per_token) + " a token";
  if (summary.memory_bytes) text += "; " + bytes_text(*summary.memory_bytes) + " with a full context";
  print_line("memory", text);
}

void print_tokenizer(const model::ModelSummary& summary) {
  std::string text = summary.tokenizer.empty() ? "none" : summary.tokenizer;
  if (!summary.pre_tokenizer.empty()) text += " (" + summary.pre_tokenizer + ")";
  if (!summary.tokenizer.empty()) text += ", " + std::to_string(summary.vocab_size) + " tokens";
  print_line("tokenizer", text);
  if (!summary.tokenizer_problem.empty()) print_line("", "not usable: " + summary.tokenizer_problem);
  const std::string size = std::to_string(summary.chat_template.size()) + " bytes";
  print_line("chat template", summary.has_chat_template ? size : "none");
  if (!summary.chat_template_problem.empty()) print_line("", "not usable: " + summary.chat_template_problem);
}

void print_for_people(const model::ModelSummary& summary) {
  print_line("file", summary.path + " (" + summary.format + ", " + bytes_text(summary.file_bytes) + ")");
  print_line("architecture", summary.architecture + (summary.name.empty() ? "" : " (" + summary.name + ")"));
  if (summary.num_layers) print_line("layers", std::to_string(*summary.num_layers));
  std::string parameters = count_text(summary.num_parameters);
  if (summary.num_experts > 0) {
    parameters += ", " + count_text(summary.num_active_parameters) + " active (" +
                  std::to_string(summary.num_experts_used) + " of " + std::to_string(summary.num_experts) +
                  " experts)";
  }
  print_line("parameters", parameters);
  for (const model::TypeShare& share : summary.types) {
    print_line(&share == &summary.types.front() ? "types" : "",
               share.type + ": " + std::to_string(share.num_tensors) + " tensors, " +
                   bytes_text(share.size_bytes) + (share.is_supported ? "" : " (not supported)"));
  }
  if (summary.context_length) print_line("context", std::to_string(*summary.context_length) + " tokens");
  print_memory(summary);
  print_tokenizer(summary);
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  return scaled(static_cast<double>(bytes), 1024, {" B", " KiB", " MiB", " GiB", " TiB"});
}

void print_line(const char* title, const std::string& text) {
  std::string padded = title;
  padded.resize(15, ' ');
  std::cout << padded << printable(text) << "\n";
}

int inspect_model(const std::string& file, bool is_json) {
  const auto summary = model::inspect_model_blocking(file);
  if (!summary) return report(summary.error());
  if (is_json) {
    print_json(json_of(*summary));
  } else {
    print_for_people(*summary);
  }
  return kExitOk;
}

}  // namespace lyceum::cli
