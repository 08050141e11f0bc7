#include "base/text.hpp"
#include "model/lexical.hpp"
#include "model/lexical/tasks.hpp"

namespace lyceum::model {
namespace {

ModelInfo describe(const WordVectors& vectors) {
  ModelInfo info;
  info.provider = "lexical";
  info.name = "lexical";
  info.summary = "Scores words and sentences by rules and statistics; there is no neural network behind it.";
  info.capabilities.bound_quotes = true;
  info.capabilities.deterministic = true;
  info.limits = {
      vectors.empty()
          ? "It matches words by their English stems: a passage that says the same in other words is "
            "not found."
          : "It matches words by their English stems, and by likeness in part: a passage that says the "
            "same in quite other words is often not found.",
      "It does not reason over several sentences, do sums or follow a chain of facts.",
      "It writes from fixed templates and copies whole sentences; it cannot rephrase, summarise or "
      "translate.",
      "It follows no instructions: only the tasks in its catalogue have a method of their own.",
      "It judges conflicts by differing numbers, names and negations, and misses those of meaning.",
      "Probabilities come from rules fitted on encyclopedia questions and are rough elsewhere.",
  };
  return info;
}

// Blanks go with the word before them, so that the pieces join to the text itself.
std::vector<std::string> pieces_of(const std::string& text) {
  std::vector<std::string> pieces;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = text.find_first_of(" \n", begin);
    end = end == std::string::npos ? text.size() : std::min(text.find_first_not_of(" \n", end), text.size());
    pieces.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return pieces;
}

std::uint64_t count_words(const Prompt& prompt) {
  return pieces_of(dump_json(prompt.slots)).size() + pieces_of(prompt.user).size();
}

class LexicalModel final : public LanguageModel {
 public:
  LexicalModel(WordWeight weight, BlockingPool& pool, WordVectors vectors)
      : weight_(std::move(weight)), pool_(pool), vectors_(std::move(vectors)), info_(describe(vectors_)) {}

  const ModelInfo& info() const override { return info_; }

  Task<Result<Choice>> choose(ChooseRequest request) override {
    CO_TRY_OK(validate(request));
    co_return co_await run_blocking(pool_, [this, request = std::move(request)]() -> Result<Choice> {
      lexical::WordReader reader = make_reader();
      return Choice{lexical::choose_by_rules(request, reader), {count_words(request.prompt), 1}};
    });
  }

  Task<Result<Quotes>> quote(QuoteRequest request) override {
    CO_TRY_OK(validate(request));
    co_return co_await run_blocking(pool_, [this, request = std::move(request)]() -> Result<Quotes> {
      lexical::WordReader reader = make_reader();
      Quotes quotes{lexical::quote_by_rules(request, reader), {count_words(request.prompt), 0}};
      for (const auto& source : request.sources) quotes.usage.tokens_in += pieces_of(source).size();
      for (const auto& quote : quotes.quotes) {
        const auto& source = request.sources[quote.source];
        quotes.usage.tokens_out += pieces_of(source.substr(quote.begin, quote.end - quote.begin)).size();
      }
      return quotes;
    });
  }

  Task<Result<Written>> write(WriteRequest request, TextSink* sink) override {
    CO_TRY_OK(validate(request));
    auto work = [this, request = std::move(request)]() -> Result<Written> {
      lexical::WordReader reader = make_reader();
      TRY(Written written, lexical::write_by_template(request, reader));
      written.usage.tokens_in = count_words(request.prompt);
      return written;
    };
    CO_TRY(Written written, co_await run_blocking(pool_, std::move(work)));
    const auto pieces = pieces_of(written.text);
    written.usage.tokens_out = pieces.size();
    if (sink != nullptr) {
      for (const auto& piece : pieces) {
        if (!co_await sink->on_text(piece))
          co_return Error{Errc::cancelled, "the reader stopped the writing"};
      }
    }
    co_return written;
  }

  Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string>) override {
    co_return Error{Errc::unsupported,
                    "the lexical model has no embeddings: configure a remote model with them"};
  }

 private:
  lexical::WordReader make_reader() const {
    return lexical::WordReader(weight_, vectors_.empty() ? nullptr : &vectors_);
  }

  WordWeight weight_;
  BlockingPool& pool_;
  WordVectors vectors_;
  ModelInfo info_;
};

}  // namespace

std::unique_ptr<LanguageModel> make_lexical_model(WordWeight weight, BlockingPool& pool,
                                                  WordVectors vectors) {
  return std::make_unique<LexicalModel>(std::move(weight), pool, std::move(vectors));
}

}  // namespace lyceum::model
