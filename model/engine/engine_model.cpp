#include <algorithm>
#include <filesystem>

#include "kernels/attention.hpp"
#include "kernels/isa.hpp"
#include "model/engine.hpp"
#include "model/engine/chat.hpp"
#include "model/engine/conversation.hpp"
#include "model/engine/engine_metrics.hpp"
#include "model/engine/engine_thread.hpp"
#include "model/engine/speaker.hpp"
#include "model/engine/white_box.hpp"
#include "model/files/model_file.hpp"
#include "model/inspect.hpp"
#include "model/verbs/verbs.hpp"

namespace lyceum::model {
namespace {

using kernels::kAttentionPage;

/// Of the memory that is free, keys and values take no more than this part.
constexpr std::uint64_t kMemoryShare = 2;
constexpr std::uint64_t kMinPages = 4;

ModelInfo describe(const GgufFile& file, const std::string& path, bool is_trained) {
  ModelInfo info;
  info.provider = "engine";
  if (const auto name = file.get_string("general.name")) info.name = *name;
  if (info.name.empty()) info.name = std::filesystem::path(path).stem().string();
  info.summary =
      "A model in this process: its probabilities are read, not guessed, and nothing leaves this machine.";
  if (const auto description = file.get_string("general.description"); description && !description->empty())
    info.summary.append(" ").append(*description);
  info.capabilities = {.follows_instructions = true,
                       .exact_choice = true,
                       .bound_quotes = true,
                       .embeds = true,
                       .deterministic = true,
                       .resumes_at_token = true,
                       .shows_tokens = true};
  if (is_trained) {
    info.limits = {"It is small: it was trained for this program's tasks, and knows little of the world.",
                   "It reads at most " + std::to_string(kVerbContextTokens) +
                       " tokens at once; longer texts are read in windows or cut."};
  } else {
    info.limits = {"How well it follows a request depends on the file: it was not trained for these tasks.",
                   "A request longer than its context is refused."};
  }
  return info;
}

EngineFacts facts_of(const ModelSummary& summary, const Transformer& transformer, const KeyValuePool& pool) {
  EngineFacts facts;
  facts.architecture = summary.architecture;
  facts.file = std::filesystem::path(summary.path).filename().string();
  if (!summary.types.empty()) facts.weights_type = summary.types.front().type;
  facts.num_parameters = summary.num_parameters;
  facts.num_active_parameters = summary.num_active_parameters;
  facts.num_layers = static_cast<std::uint32_t>(transformer.config().layers.size());
  facts.num_experts = static_cast<std::uint32_t>(summary.num_experts);
  facts.num_experts_used = static_cast<std::uint32_t>(summary.num_experts_used);
  facts.context_length = static_cast<std::uint32_t>(transformer.config().context_length);
  facts.vocab_size = static_cast<std::uint32_t>(transformer.config().vocabulary_size);
  facts.weight_bytes = summary.weight_bytes;
  facts.page_bytes = pool.page_floats() * sizeof(float);
  facts.tokens_per_page = kAttentionPage;
  facts.instruction_set =
      transformer.device_name().value_or(std::string(kernels::name_of(kernels::available_isas().back())));
  return facts;
}

std::uint64_t free_bytes_blocking(const EngineModelOptions& options, const Transformer& transformer) {
  return options.free_bytes > 0 ? options.free_bytes : transformer.page_memory()->free_bytes_blocking();
}

std::uint64_t page_bytes_of(const Transformer& transformer) {
  return KeyValuePool(transformer.config()).page_floats() * sizeof(float);
}

/// On the processor the weights are read from the mapped file, which is memory all the same while the model
/// works; a device holds them already.
Result<void> check_memory_blocking(const EngineModelOptions& options, std::uint64_t file_bytes,
                                   const Transformer& transformer) {
  const std::uint64_t weight_bytes = transformer.device_name() ? 0 : file_bytes;
  const std::uint64_t contexts = kMinPages * page_bytes_of(transformer);
  const std::uint64_t free = free_bytes_blocking(options, transformer);
  if (weight_bytes + contexts * kMemoryShare > free)
    return Error{Errc::overloaded, options.path + ": the model needs " +
                                       std::to_string(weight_bytes + contexts * kMemoryShare) +
                                       " bytes of memory at least (" + std::to_string(weight_bytes) +
                                       " for its weights), " + std::to_string(free) + " are free"};
  if (contexts > options.key_value_bytes)
    return Error{Errc::overloaded, options.path + ": contexts need " + std::to_string(contexts) +
                                       " bytes at least, " + std::to_string(options.key_value_bytes) +
                                       " are set aside for them"};
  return ok();
}

EngineOptions engine_options(const EngineModelOptions& options, const Transformer& transformer) {
  const std::uint64_t bytes =
      std::min(options.key_value_bytes, free_bytes_blocking(options, transformer) / kMemoryShare);
  const std::uint64_t pages = bytes / page_bytes_of(transformer);
  return {.num_pages = std::max<std::size_t>(pages, kMinPages), .step_tokens_max = options.step_tokens_max};
}

class EngineModel final : public LanguageModel, public EngineMonitor {
 public:
  EngineModel(const EngineModelOptions& options, Transformer transformer, Tokenizer tokenizer, ModelInfo info,
              BlockingPool& pool, Metrics& metrics)
      : transformer_(std::move(transformer)),
        tokenizer_(std::move(tokenizer)),
        info_(std::move(info)),
        conversation_(transformer_.file(), tokenizer_),
        vocabulary_(TokenTrie::of(tokenizer_)),
        metrics_(metrics),
        engine_(transformer_, engine_options(options, transformer_)),
        pool_(pool),
        thread_(engine_,
                [this](const EngineStatus& status, bool is_idle) { metrics_.report(status, is_idle); }) {}

  /// Before anybody asks.
  Result<void> prepare(const ModelSummary& summary, bool is_trained) {
    facts_ = facts_of(summary, transformer_, engine_.pool());
    TRY(const float temperature, transformer_.file().get_f32_or("lyceum.choose.temperature", 1.0F));
    if (!(temperature > 0))
      return Error{Errc::malformed, summary.path + ": lyceum.choose.temperature must be positive"};
    SpeakerParts parts{.engine = engine_,
                       .tokenizer = tokenizer_,
                       .vocabulary = vocabulary_,
                       .pool = pool_,
                       .schemas = schemas_,
                       .choice_temperature = static_cast<double>(temperature)};
    chat_.emplace(parts, conversation_, info_.name);
    if (!is_trained && !conversation_.problem().empty())
      info_.limits.push_back(
          "Its chat format is not known, so texts are put to it plainly: " + conversation_.problem() + ".");
    const auto add_speaker = [&](std::uint32_t experts) -> Result<void> {
      SpeakerParts own = parts;
      own.engine = EngineUse(engine_, experts);
      TRY(speakers_.emplace_back(),
          is_trained ? make_trained_speaker(std::move(own))
                     : Result<std::unique_ptr<Speaker>>(make_chat_speaker(std::move(own), conversation_)));
      return ok();
    };
    TRY_OK(add_speaker(0));
    white_box_.emplace(parts, *speakers_.front());
    for (std::uint32_t experts = 1; experts <= white_box_->experts_max(); ++experts)
      TRY_OK(add_speaker(experts));
    return ok();
  }

  WhiteBox* white_box() override { return &*white_box_; }

  const ModelInfo& info() const override { return info_; }

  Task<Result<Choice>> choose(ChooseRequest request) override {
    CO_TRY_OK(validate(request));
    CO_TRY(Speaker* const speaker, speaker_with(request.experts));
    co_return co_await speaker->choose(std::move(request));
  }

  Task<Result<Quotes>> quote(QuoteRequest request) override {
    CO_TRY_OK(validate(request));
    CO_TRY(Speaker* const speaker, speaker_with(request.experts));
    co_return co_await speaker->quote(std::move(request));
  }

  Task<Result<Written>> write(WriteRequest request, TextSink* sink) override {
    CO_TRY_OK(validate(request));
    CO_TRY(Speaker* const speaker, speaker_with(request.experts));
    co_return co_await speaker->write(std::move(request), sink);
  }

  Task<Result<std::vector<std::vector<float>>>> embed(std::vector<std::string> texts) override {
    co_return co_await speakers_.front()->embed(std::move(texts));
  }

  ChatModel* chat_model() override { return &*chat_; }

  const EngineMonitor* engine_monitor() const override { return this; }

  const EngineFacts& facts() const override { return facts_; }

  EngineStatus status() const override { return engine_.status(); }

 private:
  Result<Speaker*> speaker_with(std::uint32_t experts) const {
    if (experts < speakers_.size()) return speakers_[experts].get();
    if (speakers_.size() == 1) return Error{Errc::unsupported, info_.name + " has no experts to choose from"};
    return Error{Errc::invalid_argument, info_.name + " uses 1 to " + std::to_string(speakers_.size() - 1) +
                                             " experts a token, not " + std::to_string(experts)};
  }

  Transformer transformer_;
  Tokenizer tokenizer_;
  ModelInfo info_;
  EngineFacts facts_{};
  Conversation conversation_;
  std::shared_ptr<const TokenTrie> vocabulary_;
  SchemaConstraints schemas_{vocabulary_};
  EngineMetrics metrics_;
  Engine engine_;
  BlockingPool& pool_;
  std::optional<EngineChat> chat_{};
  std::vector<std::unique_ptr<Speaker>> speakers_{};  ///< By experts a token and layer; 0: the model's own.
  std::optional<EngineWhiteBox> white_box_{};
  EngineThread thread_;  ///< Ends first.
};

}  // namespace

Result<std::unique_ptr<LanguageModel>> make_engine_model_blocking(const EngineModelOptions& options,
                                                                  BlockingPool& pool, Metrics& metrics) {
  TRY(const ModelSummary summary, inspect_model_blocking(options.path));
  TRY(GgufFile file, open_model_file_blocking(options.path));
  TRY(const std::uint32_t verbs, file.get_u32_or("lyceum.verbs.version", 0));
  if (verbs > kVerbsVersion)
    return Error{Errc::unsupported, options.path + ": was trained for version " + std::to_string(verbs) +
                                        " of the verbs, this program knows " + std::to_string(kVerbsVersion)};
  TRY(const kernels::DeviceChoice device, kernels::parse_device(options.device));
  DeviceBudget budget{.context_bytes = kMemoryShare * options.key_value_bytes};
  if (options.device_memory_bytes > 0) budget.memory_bytes = options.device_memory_bytes;
  TRY(Transformer transformer, Transformer::load_blocking(std::move(file), available_memory_blocking(),
                                                          {.device = device, .device_budget = budget}));
  TRY_OK(check_memory_blocking(options, summary.weight_bytes, transformer));
  TRY(Tokenizer tokenizer, Tokenizer::from_gguf(transformer.file()));
  if (tokenizer.vocab_size() > transformer.config().vocabulary_size)
    return Error{Errc::malformed, options.path + ": the tokenizer has " +
                                      std::to_string(tokenizer.vocab_size()) + " tokens, the weights " +
                                      std::to_string(transformer.config().vocabulary_size)};
  ModelInfo info = describe(transformer.file(), options.path, verbs > 0);
  auto model = std::make_unique<EngineModel>(options, std::move(transformer), std::move(tokenizer),
                                             std::move(info), pool, metrics);
  TRY_OK(model->prepare(summary, verbs > 0));
  return std::unique_ptr<LanguageModel>(std::move(model));
}

}  // namespace lyceum::model
