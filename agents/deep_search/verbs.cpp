#include "agents/deep_search/verbs.hpp"

#include <algorithm>

#include "agents/common/terms.hpp"

namespace lyceum::agents::deep_search {
namespace {

constexpr std::size_t kMaxSubQuestions = 6;
constexpr std::size_t kMaxQueries = 3;
constexpr std::size_t kMaxQueryBytes = 300;

/// The probability of the first option.
Task<Result<double>> probability_of_first(StepContext& context, model::Prompt prompt,
                                          std::vector<std::string> options) {
  const std::size_t num_options = options.size();
  model::ChooseRequest request{.prompt = std::move(prompt), .options = std::move(options)};
  CO_TRY(const model::Choice choice, co_await context.choose(std::move(request)));
  if (choice.probabilities.size() != num_options) {
    co_return Error{Errc::malformed, "the model gave " + std::to_string(choice.probabilities.size()) +
                                         " probabilities for " + std::to_string(num_options) + " options"};
  }
  co_return choice.probabilities[0];
}

Task<Result<std::vector<std::string>>> write_texts(StepContext& context, model::Prompt prompt,
                                                   const char* name, std::size_t items_max) {
  model::WriteRequest request{.prompt = std::move(prompt),
                              .schema = texts_schema(name, items_max, kMaxQueryBytes),
                              .tokens_max = 400};
  CO_TRY(const model::Written written, co_await context.write(std::move(request), ""));
  std::vector<std::string> texts;
  if (!written.value.is_object() || !written.value.contains(name))
    co_return Error{Errc::malformed, std::string(name) + ": missing"};
  for (const Json& item : written.value[name]) {
    if (!item.is_string() || texts.size() == items_max) continue;
    std::string text = squeeze_blanks(item.get_ref<const std::string&>());
    if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end())
      texts.push_back(std::move(text));
  }
  co_return texts;
}

bool is_border(const std::string& text, std::size_t at) {
  return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
}

bool is_verbatim(const model::Quote& quote, const std::vector<Passage>& passages) {
  if (quote.source >= passages.size() || quote.begin >= quote.end) return false;
  const std::string& text = passages[quote.source].text;
  return quote.end <= text.size() && is_border(text, quote.begin) && is_border(text, quote.end);
}

}  // namespace

bool ends_attempt(const Error& error) {
  return error.code == Errc::cancelled || error.code == Errc::shutting_down;
}

Task<Result<QuestionKind>> choose_kind(StepContext& context, std::string question) {
  const std::vector<std::string> kinds{"factoid",    "definition",  "list",
                                       "comparison", "explanation", "yes_no"};
  model::ChooseRequest request{.prompt = question_kind_prompt(question), .options = kinds};
  CO_TRY(const model::Choice choice, co_await context.choose(std::move(request)));
  if (choice.probabilities.size() != kinds.size())
    co_return Error{Errc::malformed, "the model gave no probability for each kind"};
  const auto best = std::max_element(choice.probabilities.begin(), choice.probabilities.end());
  co_return QuestionKind{.kind = kinds[static_cast<std::size_t>(best - choice.probabilities.begin())],
                         .p = *best};
}

Task<Result<std::vector<std::string>>> write_sub_questions(StepContext& context, std::string question,
                                                           std::string kind,
                                                           std::vector<std::string> entities) {
  co_return co_await write_texts(context, sub_questions_prompt(question, kind, entities), "sub_questions",
                                 kMaxSubQuestions);
}

Task<Result<double>> probability_relevant(StepContext& context, std::string question, std::string quote) {
  co_return co_await probability_of_first(context, relevant_prompt(question, quote),
                                          {"relevant", "not relevant"});
}

Task<Result<double>> probability_enough(StepContext& context, std::string question,
                                        std::vector<std::string> quotes, std::vector<std::string> missing) {
  co_return co_await probability_of_first(context, enough_prompt(question, quotes, missing),
                                          {"enough", "not enough"});
}

Task<Result<double>> probability_disagree(StepContext& context, std::string question, std::string a,
                                          std::string b) {
  co_return co_await probability_of_first(context, conflict_prompt(question, a, b),
                                          {"disagree", "agree", "unrelated"});
}

Task<Result<std::vector<std::string>>> write_queries(StepContext& context, std::string question,
                                                     QueryState state) {
  co_return co_await write_texts(context, queries_prompt(question, state), "queries", kMaxQueries);
}

Task<Result<std::vector<model::Quote>>> quote_evidence(StepContext& context, std::string question,
                                                       std::vector<Passage> passages,
                                                       std::size_t quotes_max) {
  model::QuoteRequest request{.prompt = evidence_prompt(question), .quotes_max = quotes_max};
  for (const Passage& passage : passages) request.sources.push_back(passage.text);
  CO_TRY(model::Quotes quotes, co_await context.quote(std::move(request)));
  std::erase_if(quotes.quotes, [&](const model::Quote& quote) { return !is_verbatim(quote, passages); });
  co_return std::move(quotes.quotes);
}

Task<Result<std::vector<DraftSentence>>> write_answer(StepContext& context, model::Prompt prompt,
                                                      model::Prompt without_sources) {
  model::WriteRequest request{.prompt = std::move(prompt),
                              .schema = answer_schema(),
                              .tokens_max = 1500,
                              .without_sources = std::move(without_sources)};
  CO_TRY(const model::Written written, co_await context.write(std::move(request), ""));
  if (!written.value.is_object() || !written.value.contains("sentences"))
    co_return Error{Errc::malformed, "sentences: missing"};
  std::vector<DraftSentence> sentences;
  for (const Json& item : written.value["sentences"]) {
    DraftSentence sentence{.text = squeeze_blanks(item.value("text", ""))};
    for (const Json& n : item.value("citations", Json::array())) {
      if (n.is_number_integer() && n.get<std::int64_t>() > 0)
        sentence.citations.push_back(n.get<std::size_t>());
    }
    if (!sentence.text.empty()) sentences.push_back(std::move(sentence));
  }
  co_return sentences;
}

Task<Result<void>> note_thought(StepContext& context, std::string text) {
  CO_TRY_OK(co_await context.emit("thought.noted", Json::object({{"text", std::move(text)}})));
  co_return ok();
}

Task<Result<void>> note_decision(StepContext& context, std::string question, std::string yes, std::string no,
                                 double p_yes, double threshold) {
  Json data = Json::object();
  data["chosen"] = p_yes >= threshold ? yes : no;
  data["options"] = Json::array();
  data["options"].push_back(Json{{"label", std::move(yes)}, {"p", p_yes}});
  data["options"].push_back(Json{{"label", std::move(no)}, {"p", 1 - p_yes}});
  data["question"] = std::move(question);
  data["threshold"] = threshold;
  CO_TRY_OK(co_await context.emit("decision.made", std::move(data)));
  co_return ok();
}

}  // namespace lyceum::agents::deep_search
