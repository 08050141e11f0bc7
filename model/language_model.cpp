#include "model/language_model.hpp"

#include <set>

namespace lyceum::model {
namespace {

constexpr std::size_t kMaxQuotes = 1000;
constexpr std::uint32_t kMaxTokens = 1U << 20U;

Error invalid(std::string message) {
  return Error{Errc::invalid_argument, std::move(message)};
}

Result<void> validate(const Prompt& prompt) {
  if (!prompt.slots.is_object()) return invalid("prompt.slots: must be an object");
  if (prompt.task.empty() && prompt.user.empty()) return invalid("prompt: needs a task or a user text");
  return ok();
}

}  // namespace

Result<void> validate(const ChooseRequest& request) {
  TRY_OK(validate(request.prompt));
  const std::size_t count = request.options.size();
  if (count < 2 || count > kMaxOptions) {
    return invalid("options: " + std::to_string(count) + " given, must be 2 to " +
                   std::to_string(kMaxOptions));
  }
  std::set<std::string> seen;
  for (const auto& option : request.options) {
    if (option.empty()) return invalid("options: none may be empty");
    if (!seen.insert(option).second) return invalid("options: \"" + option + "\" is given twice");
  }
  return ok();
}

Result<void> validate(const QuoteRequest& request) {
  TRY_OK(validate(request.prompt));
  const std::size_t count = request.sources.size();
  if (count == 0 || count > kMaxSources) {
    return invalid("sources: " + std::to_string(count) + " given, must be 1 to " +
                   std::to_string(kMaxSources));
  }
  for (std::size_t index = 0; index < count; ++index) {
    if (request.sources[index].size() <= kMaxSourceBytes) continue;
    return invalid("sources[" + std::to_string(index) + "]: longer than " + std::to_string(kMaxSourceBytes) +
                   " bytes");
  }
  if (request.quotes_max == 0 || request.quotes_max > kMaxQuotes) {
    return invalid("quotes_max: must be 1 to " + std::to_string(kMaxQuotes));
  }
  return ok();
}

Result<void> validate(const WriteRequest& request) {
  TRY_OK(validate(request.prompt));
  if (!request.schema.is_null() && !request.schema.is_object()) {
    return invalid("schema: must be an object or null");
  }
  if (request.tokens_max == 0 || request.tokens_max > kMaxTokens) {
    return invalid("tokens_max: must be 1 to " + std::to_string(kMaxTokens));
  }
  if (!(request.temperature >= 0 && request.temperature <= 2)) return invalid("temperature: must be 0 to 2");
  if (!(request.contrast >= 0 && request.contrast <= kMaxContrast))
    return invalid("contrast: must be 0 to 4");
  if (request.contrast > 0) {
    if (!request.without_sources) return invalid("contrast: wants the prompt without its sources");
    TRY_OK(validate(*request.without_sources));
  }
  return ok();
}

}  // namespace lyceum::model
