#include <algorithm>

#include "agents/common/entities.hpp"
#include "agents/common/terms.hpp"
#include "agents/deep_search/agents.hpp"
#include "agents/deep_search/collector.hpp"

namespace lyceum::agents::deep_search {
namespace {

constexpr const char* kName = "deep_search.read";
constexpr std::size_t kPieceBytes = 8U << 10U;
constexpr std::size_t kQuotes = 6;

/// Pieces of about kPieceBytes that end at a paragraph, else at a blank, else at a character.
std::size_t end_of_piece(const std::string& text, std::size_t begin) {
  if (text.size() - begin <= kPieceBytes) return text.size();
  const std::size_t limit = begin + kPieceBytes;
  for (const char* border : {"\n\n", "\n", " "}) {
    const std::size_t at = text.rfind(border, limit);
    if (at != std::string::npos && at > begin + kPieceBytes / 2) return at;
  }
  std::size_t end = limit;
  while (end > begin && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return end > begin ? end : limit;
}

std::vector<Passage> split_page(const Json& page) {
  const std::string text = page.value("text", "");
  std::vector<Passage> passages;
  std::size_t begin = 0;
  while (begin < text.size() && passages.size() < model::kMaxSources) {
    const std::size_t end = end_of_piece(text, begin);
    passages.push_back({.title = page.value("title", ""),
                        .url = page.value("final_url", ""),
                        .begin = begin,
                        .text = text.substr(begin, end - begin)});
    begin = end;
  }
  return passages;
}

class ReadAgent final : public ExpertAgent {
 public:
  const Spec& spec() const override { return spec_; }

  Task<Result<Json>> run(StepContext& context) override {
    const StepInput& input = context.input();
    std::vector<std::string> urls = extract_urls(input.goal);
    if (urls.empty()) urls = extract_urls(input.title);
    if (urls.empty())
      co_return Error{Errc::invalid_argument, "the step's goal holds no http or https address"};
    CO_TRY(const Json page, co_await context.act("fetch_url", Json::object({{"url", urls[0]}})));
    const auto status = page.value("status", 0);
    if (status < 200 || status > 299) {
      co_return Error{Errc::unavailable, urls[0] + " answered with status " + std::to_string(status)};
    }
    CO_TRY(const Blackboard blackboard, co_await context.read_blackboard());
    Guidance guidance;
    for (const InjectedNote& note : blackboard.notes) follow(note.text, guidance);
    Collector collector(context, question_of(input.question), kName);
    CO_TRY_OK(co_await collector.apply(guidance, blackboard));
    CO_TRY(const std::size_t num_kept,
           co_await collector.collect(split_page(page), question_of(input.question), kQuotes));
    CO_TRY_OK(co_await collector.log_map());
    Json ids = Json::array();
    for (const Evidence& evidence : collector.kept()) ids.push_back(evidence.id);
    Json result{{"url", page.value("final_url", "")},
                {"title", page.value("title", "")},
                {"evidence", std::move(ids)}};
    result["text"] = num_kept == 0 ? "The page says nothing that helps."
                                   : "Kept " + std::to_string(num_kept) + " quotes from the page.";
    co_return result;
  }

 private:
  /// Addresses are no words to look for.
  static std::string question_of(std::string question) {
    for (const std::string& url : extract_urls(question)) question.erase(question.find(url), url.size());
    return squeeze_blanks(question);
  }

  const Spec spec_{.name = kName,
                   .description = "Fetches a page of the web and quotes what it says about the question.",
                   .tools = {"fetch_url"},
                   .risk = "medium"};
};

}  // namespace

std::unique_ptr<ExpertAgent> make_read_agent() {
  return std::make_unique<ReadAgent>();
}

}  // namespace lyceum::agents::deep_search
