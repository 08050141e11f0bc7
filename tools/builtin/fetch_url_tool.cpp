#include <chrono>

#include "memory/extract.hpp"
#include "tools/builtin/make.hpp"
#include "tools/builtin/schemas.hpp"

namespace lyceum::tools {
namespace {

constexpr std::size_t kMaxUrlBytes = 4000;
constexpr std::size_t kMaxTextBytes = 200U << 10U;  // Below the limit of one quote source.

Tool::Spec make_spec() {
  Json parameters = Json::object();
  parameters["url"] = string_schema("Absolute http or https address.", 8, kMaxUrlBytes);
  Json result = Json::object();
  for (const char* name : {"url", "final_url", "title", "media_type", "text"}) result[name] = text_schema();
  for (const char* name : {"status", "bytes"}) result[name] = size_schema();
  result["is_cut"] = {{"type", "boolean"},
                      {"description", "True when the page's text is longer than what is returned."}};
  return {.name = "fetch_url",
          .description = "Fetches a page of the web and returns the text that a reader would see.",
          .parameters = object_schema(std::move(parameters), {"url"}),
          .result = object_schema(std::move(result), {"url", "final_url", "status", "title", "media_type",
                                                      "text", "bytes", "is_cut"}),
          .effect = Effect::idempotent,
          .risk = Risk::medium};
}

/// Cuts to the limit at a character's border.
bool cut(std::string& text) {
  if (text.size() <= kMaxTextBytes) return false;
  std::size_t end = kMaxTextBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return true;
}

class FetchUrl final : public Tool {
 public:
  FetchUrl(HttpClient& http, BlockingPool& pool, FetchOptions options)
      : http_(http), pool_(pool), options_(options) {}

  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall call) override {
    HttpRequest request{.method = "GET", .url = args.at("url").get<std::string>()};
    request.headers.emplace_back(
        "Accept", "text/html, text/plain, text/markdown, application/json, application/pdf;q=0.9, */*;q=0.1");
    request.headers.emplace_back("Idempotency-Key", call.key);
    const HttpLimits limits{.timeout = std::chrono::seconds(options_.timeout_s),
                            .body_bytes_max = options_.body_bytes_max};
    const std::string url = request.url;
    CO_TRY(const HttpResponse response, co_await http_.send(std::move(request), limits));
    auto work = [&response] {
      return memory::extract_text_blocking(response.body, response.header("content-type"),
                                           response.final_url);
    };
    ToolOutcome outcome;
    outcome.result = {{"url", url},
                      {"final_url", response.final_url},
                      {"status", response.status},
                      {"bytes", response.body.size()}};
    memory::ExtractedText extracted;
    if (!response.body.empty()) {
      CO_TRY(extracted, co_await run_blocking(pool_, std::move(work)));
    }
    outcome.result["is_cut"] = cut(extracted.text);
    outcome.result["title"] = std::move(extracted.title);
    outcome.result["media_type"] = std::move(extracted.media_type);
    outcome.result["text"] = std::move(extracted.text);
    co_return outcome;
  }

 private:
  const Spec spec_ = make_spec();
  HttpClient& http_;
  BlockingPool& pool_;
  FetchOptions options_;
};

}  // namespace

std::unique_ptr<Tool> make_fetch_url(HttpClient& http, BlockingPool& pool, FetchOptions options) {
  return std::make_unique<FetchUrl>(http, pool, options);
}

}  // namespace lyceum::tools
