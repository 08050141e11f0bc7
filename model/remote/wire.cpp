#include "model/remote/wire.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace lyceum::model::remote {
namespace {

constexpr std::size_t kMaxShownBytes = 300;
constexpr std::size_t kMaxLetters = 26;
constexpr double kImitatedShare = 0.9;
// What an option gets that is not among the most likely tokens: a share of the least likely one that is.
constexpr double kUnseenShare = 0.1;
constexpr std::size_t kMaxDimensions = 65'536;

Error malformed(const std::string& why) {
  return {Errc::malformed, "model server: " + why};
}

/// Steps into objects by name and into arrays at index 0; null when a step is not there.
const Json& step_into(const Json& value, std::initializer_list<const char*> path) {
  static const Json kNull = nullptr;
  const Json* at = &value;
  for (const char* name : path) {
    if (at->is_array() && !at->empty()) at = &(*at)[0];
    if (!at->is_object()) return kNull;
    const auto found = at->find(name);
    if (found == at->end()) return kNull;
    at = &*found;
  }
  return *at;
}

std::string_view trimmed(std::string_view text) {
  const std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::optional<std::size_t> label_index(std::string_view text, const std::vector<std::string>& labels) {
  // "A", " A", "A.", "(A)", "**A**"
  const std::string_view marks = " \t\r\n.():*\"'`";
  const auto begin = text.find_first_not_of(marks);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto end = std::min(text.find_first_of(marks, begin), text.size());
  const auto found = std::find(labels.begin(), labels.end(), text.substr(begin, end - begin));
  if (found == labels.end()) return std::nullopt;
  return static_cast<std::size_t>(found - labels.begin());
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  if (from.empty()) return;
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string shown_body(const HttpResponse& response, const std::string& secret) {
  std::string shown = response.body;
  if (const auto parsed = parse_json(response.body)) {
    const Json& message = step_into(*parsed, {"error", "message"});
    if (message.is_string()) shown = message.get<std::string>();
  }
  replace_all(shown, secret, "[key]");
  // dump_json of the clipped text mends a character that the clip cuts.
  return dump_json(Json(shown.substr(0, kMaxShownBytes)));
}

std::optional<std::chrono::seconds> retry_after_of(const HttpResponse& response) {
  const std::string text = response.header("retry-after");
  std::uint32_t seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  // The other form, a date, is left to the back-off.
  if (text.empty() || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

Result<std::vector<float>> unit_vector(const Json& raw) {
  if (!raw.is_array() || raw.empty() || raw.size() > kMaxDimensions)
    return malformed("an embedding is not a list");
  std::vector<float> vector;
  double sum = 0;
  for (const auto& item : raw) {
    if (!item.is_number()) return malformed("an embedding holds something that is not a number");
    const auto value = item.get<double>();
    sum += value * value;
    vector.push_back(static_cast<float>(value));
  }
  const double length = std::sqrt(sum);
  if (!std::isfinite(length) || length <= 0) return malformed("an embedding has no length");
  for (float& value : vector) value = static_cast<float>(value / length);
  return vector;
}

}  // namespace

Json messages_of(const Prompt& prompt) {
  Json messages = Json::array();
  if (!prompt.system.empty()) messages.push_back({{"role", "system"}, {"content", prompt.system}});
  const std::string user = prompt.user.empty() ? prompt.task + "\n" + dump_json(prompt.slots) : prompt.user;
  messages.push_back({{"role", "user"}, {"content", user}});
  return messages;
}

void add_instruction(Json& messages, const std::string& text) {
  auto& content = messages.back().at("content").get_ref<std::string&>();
  content += "\n\n" + text;
}

Result<std::string> content_of(const Json& completion) {
  const Json& content = step_into(completion, {"choices", "message", "content"});
  if (!content.is_string()) return malformed("the answer has no choices[0].message.content");
  return content.get<std::string>();
}

std::string delta_of(const Json& chunk) {
  const Json& content = step_into(chunk, {"choices", "delta", "content"});
  return content.is_string() ? content.get<std::string>() : std::string();
}

bool is_last(const Json& chunk) {
  return step_into(chunk, {"choices", "finish_reason"}).is_string();
}

std::optional<Usage> usage_of(const Json& answer) {
  const Json& in = step_into(answer, {"usage", "prompt_tokens"});
  const Json& out = step_into(answer, {"usage", "completion_tokens"});
  if (!in.is_number_unsigned()) return std::nullopt;
  return Usage{in.get<std::uint64_t>(), out.is_number_unsigned() ? out.get<std::uint64_t>() : 0};
}

std::vector<std::string> labels_of(std::size_t num_options) {
  std::vector<std::string> labels;
  for (std::size_t at = 0; at < num_options; ++at) {
    const bool is_letter = num_options <= kMaxLetters;
    labels.push_back(is_letter ? std::string(1, static_cast<char>('A' + at)) : std::to_string(at + 1));
  }
  return labels;
}

std::optional<std::vector<double>> probabilities_of(const Json& completion,
                                                    const std::vector<std::string>& labels) {
  const Json& tokens = step_into(completion, {"choices", "logprobs", "content"});
  if (!tokens.is_array() || tokens.empty()) return std::nullopt;
  const Json& likely = step_into(tokens, {"top_logprobs"});
  if (!likely.is_array()) return std::nullopt;
  std::vector<double> weights(labels.size(), 0);
  double least = 1;
  for (const auto& entry : likely) {
    const Json& token = step_into(entry, {"token"});
    const Json& logprob = step_into(entry, {"logprob"});
    if (!token.is_string() || !logprob.is_number()) continue;
    const auto index = label_index(token.get_ref<const std::string&>(), labels);
    const double probability = std::exp(std::min(0.0, logprob.get<double>()));
    if (!index || !(probability > 0)) continue;
    weights[*index] += probability;
    least = std::min(least, probability);
  }
  const bool has_any = std::any_of(weights.begin(), weights.end(), [](double weight) { return weight > 0; });
  if (!has_any) return std::nullopt;
  double sum = 0;
  for (double& weight : weights) {
    if (weight <= 0) weight = least * kUnseenShare;
    sum += weight;
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

std::optional<std::vector<double>> imitate_probabilities(std::string_view answer,
                                                         const std::vector<std::string>& labels) {
  const auto index = label_index(answer, labels);
  if (!index) return std::nullopt;
  const double rest = (1 - kImitatedShare) / static_cast<double>(labels.size() - 1);
  std::vector<double> probabilities(labels.size(), rest);
  probabilities[*index] = kImitatedShare;
  return probabilities;
}

Result<Json> json_in(std::string_view answer) {
  std::string_view text = trimmed(answer);
  if (text.starts_with("```")) {
    const auto line_end = std::min(text.find('\n'), text.size());
    text.remove_prefix(line_end);
    const auto fence = text.rfind("```");
    if (fence != std::string_view::npos) text = text.substr(0, fence);
  }
  return parse_json(trimmed(text));
}

Result<std::vector<std::vector<float>>> vectors_of(const Json& answer, std::size_t num_texts) {
  const Json& data = step_into(answer, {"data"});
  if (!data.is_array() || data.size() != num_texts) return malformed("there is not one embedding a text");
  std::vector<std::vector<float>> vectors(num_texts);
  for (std::size_t position = 0; position < num_texts; ++position) {
    const Json& index = step_into(data[position], {"index"});
    const std::size_t at = index.is_number_unsigned() ? index.get<std::size_t>() : position;
    if (at >= num_texts || !vectors[at].empty()) return malformed("an embedding has a wrong index");
    TRY(vectors[at], unit_vector(step_into(data[position], {"embedding"})));
  }
  for (const auto& vector : vectors) {
    if (vector.size() != vectors[0].size()) return malformed("embeddings differ in length");
  }
  return vectors;
}

Failure failure_of(const HttpResponse& response, const std::string& secret) {
  const unsigned status = response.status;
  const std::string head = "model server: status " + std::to_string(status);
  // Servers repeat parts of the key in this answer.
  if (status == 401 || status == 403) return {{Errc::unavailable, head + ": the api key was refused"}};
  const std::string message = head + ": " + shown_body(response, secret);
  const bool is_busy = status == 408 || status == 409 || status == 425 || status == 429;
  if (is_busy || status >= 500) return {{Errc::unavailable, message}, true, retry_after_of(response)};
  if (status >= 400) return {{Errc::invalid_argument, message}};
  return {{Errc::unavailable, head + " instead of an answer"}};
}

std::chrono::milliseconds delay_before(std::uint32_t retry, const Failure& failure) {
  constexpr std::chrono::milliseconds kFirst(500);
  constexpr std::chrono::milliseconds kMost(30'000);
  if (failure.retry_after) return *failure.retry_after;
  return std::min(kMost, kFirst * (1U << std::min<std::uint32_t>(retry, 10)));
}

}  // namespace lyceum::model::remote
