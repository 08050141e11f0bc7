#include "model/tokenizer/tokenizer_json.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "model/files/gguf_parser.hpp"
#include "model/files/mapped_file.hpp"
#include "model/tokenizer/json_fields.hpp"
#include "model/tokenizer/pre_tokenizer_json.hpp"
#include "model/tokenizer/sentence_pieces.hpp"
#include "model/tokenizer/unigram_json.hpp"
#include "model/tokenizer/vocabulary.hpp"

namespace lyceum::model {
namespace {

/// Ids between tokens that no token has.
constexpr std::size_t kMaxUnusedIds = 65'536;

class Converter {
 public:
  Converter(const Json& tokenizer, std::string path, GgufHeader& header)
      : tokenizer_(tokenizer), model_(part(tokenizer, "model")), path_(std::move(path)), header_(header) {}

  Result<std::size_t> convert(std::size_t num_tokens_min) {
    if (!model_.is_object()) return malformed("model", "an object");
    const std::string type = text_at(model_, "type");
    if (!type.empty() && type != "BPE" && type != "Unigram")
      return unsupported("model.type", type, "BPE or Unigram");
    has_byte_tokens_ = flag_at(model_, "byte_fallback", false);
    if (type == "Unigram") {
      TRY_OK(convert_unigram(num_tokens_min));
    } else {
      TRY_OK(convert_pairs(num_tokens_min));
    }
    header_.set_strings("tokenizer.ggml.tokens", texts_);
    header_.set_i32s("tokenizer.ggml.token_type", kinds_);
    set_named_tokens();
    return texts_.size();
  }

 private:
  Error malformed(const std::string& field, const std::string& expected) const {
    return {Errc::malformed, path_ + ": " + field + ": expected " + expected};
  }

  Error unsupported(const std::string& field, const std::string& found, const std::string& known) const {
    return {Errc::unsupported,
            path_ + ": " + field + ": expected " + known + ", found " + model::quoted(found)};
  }

  Result<void> convert_pairs(std::size_t num_tokens_min) {
    const Json& vocab = part(model_, "vocab");
    if (!vocab.is_object() || vocab.empty()) return malformed("model.vocab", "an object of ids by texts");
    if (!part(model_, "merges").is_array()) return malformed("model.merges", "an array");
    TRY_OK(read_tokens(vocab, text_at(model_, "unk_token"), num_tokens_min));
    TRY_OK(read_merges());
    return has_byte_tokens_ ? set_sentence_piece() : set_byte_level();
  }

  /// The vocabulary is a list of texts with scores, in the order of the ids.
  Result<void> convert_unigram(std::size_t num_tokens_min) {
    const Json& list = part(model_, "vocab");
    if (!list.is_array() || list.empty()) return malformed("model.vocab", "an array of texts with scores");
    Json vocab = Json::object();
    std::vector<float> scores;
    for (const Json& entry : list) {
      const std::string field = "model.vocab: entry " + std::to_string(scores.size());
      if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number())
        return malformed(field, "a text and a score");
      if (!vocab.emplace(entry[0].get<std::string>(), scores.size()).second)
        return malformed(field, "a text that no other entry has");
      scores.push_back(entry[1].get<float>());
    }
    const Json& unknown = part(model_, "unk_id");
    const bool has_unknown = unknown.is_number_unsigned();
    if (has_unknown ? unknown.get<std::uint64_t>() >= list.size() : !unknown.is_null())
      return malformed("model.unk_id", "an id of the vocabulary");
    TRY_OK(read_tokens(vocab, has_unknown ? list[unknown.get<std::size_t>()][0].get<std::string>() : "",
                       num_tokens_min));
    scores.resize(texts_.size());
    return set_unigram(scores);
  }

  /// One entry an id, up to the highest.
  Result<void> make_room(const Json& vocab, std::size_t num_tokens_min) {
    const Json& added = part(tokenizer_, "added_tokens");
    if (!added.is_null() && !added.is_array()) return malformed("added_tokens", "an array");
    std::uint64_t size = num_tokens_min;
    for (const auto& [text, id] : vocab.items()) {
      if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= kMaxVocabSize)
        return malformed("model.vocab: " + model::quoted(text),
                         "an id below " + std::to_string(kMaxVocabSize));
      size = std::max(size, id.get<std::uint64_t>() + 1);
    }
    for (const Json& token : added) {
      const Json& id = part(token, "id");
      if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= kMaxVocabSize ||
          text_at(token, "content").empty())
        return malformed("added_tokens",
                         "objects with content and an id below " + std::to_string(kMaxVocabSize));
      size = std::max(size, id.get<std::uint64_t>() + 1);
    }
    if (size > std::max(vocab.size() + added.size(), num_tokens_min) + kMaxUnusedIds)
      return malformed("model.vocab", "at most " + std::to_string(kMaxUnusedIds) + " ids without a token");
    texts_.resize(size);
    kinds_.assign(size, static_cast<std::int32_t>(TokenKind::unused));
    return ok();
  }

  void put(const std::string& text, std::size_t id, TokenKind kind) {
    texts_[id] = text;
    kinds_[id] = static_cast<std::int32_t>(kind);
  }

  Result<void> read_tokens(const Json& vocab, const std::string& unknown, std::size_t num_tokens_min) {
    TRY_OK(make_room(vocab, num_tokens_min));
    TRY_OK(read_vocab(vocab, unknown));
    TRY_OK(read_added_tokens());
    fill_unused();
    return ok();
  }

  Result<void> read_vocab(const Json& vocab, const std::string& unknown) {
    for (const auto& [text, number] : vocab.items()) {
      const auto id = number.get<std::size_t>();
      if (text.empty() || !texts_[id].empty())
        return malformed("model.vocab: " + model::quoted(text),
                         "one text that is not empty for id " + std::to_string(id));
      const bool is_byte =
          has_byte_tokens_ && text.size() == 6 && text.starts_with("<0x") && text.ends_with('>');
      put(text, id, text == unknown ? TokenKind::unknown : is_byte ? TokenKind::byte : TokenKind::normal);
      if (text == unknown) header_.set_u32("tokenizer.ggml.unknown_token_id", static_cast<std::uint32_t>(id));
    }
    return ok();
  }

  Result<void> read_added_tokens() {
    for (const Json& token : part(tokenizer_, "added_tokens")) {
      const auto text = token.at("content").get<std::string>();
      const auto id = token.at("id").get<std::size_t>();
      if (!texts_[id].empty() && texts_[id] != text)
        return malformed("added_tokens: " + model::quoted(text), "an id without another token");
      if (kinds_[id] == static_cast<std::int32_t>(TokenKind::unknown)) continue;
      put(text, id, flag_at(token, "special", false) ? TokenKind::control : TokenKind::user_defined);
    }
    return ok();
  }

  void fill_unused() {
    for (std::size_t id = 0; id < texts_.size(); ++id) {
      if (texts_[id].empty()) texts_[id] = "[PAD" + std::to_string(id) + "]";
    }
  }

  Result<void> read_merges() {
    for (const Json& merge : part(model_, "merges")) {
      const bool is_pair =
          merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
      if (!merge.is_string() && !is_pair)
        return malformed("model.merges: entry " + std::to_string(merges_.size()), "a text or two texts");
      merges_.push_back(is_pair ? merge[0].get<std::string>() + " " + merge[1].get<std::string>()
                                : merge.get<std::string>());
    }
    return ok();
  }

  Result<void> set_byte_level() {
    TRY(const std::string name, recognize_pre_tokenizer(tokenizer_, path_));
    header_.set_string("tokenizer.ggml.model", "gpt2");
    header_.set_string("tokenizer.ggml.pre", name);
    header_.set_strings("tokenizer.ggml.merges", merges_);
    set_added_ends();
    return ok();
  }

  /// A merge's rank becomes the score of what it makes: the earlier, the higher.
  Result<void> set_sentence_piece() {
    std::unordered_map<std::string, float> ranks;
    for (std::size_t rank = 0; rank < merges_.size(); ++rank) {
      std::string piece = merges_[rank];
      const auto blank = piece.find(' ', 1);
      if (blank == std::string::npos)
        return malformed("model.merges: entry " + std::to_string(rank),
                         "two pieces with a blank between them");
      piece.erase(blank, 1);
      ranks.emplace(std::move(piece), -static_cast<float>(rank));
    }
    const float lowest = -static_cast<float>(merges_.size() + 1);
    std::vector<float> scores(texts_.size(), 0.0F);
    for (std::size_t id = 0; id < texts_.size(); ++id) {
      if (kinds_[id] != static_cast<std::int32_t>(TokenKind::normal)) continue;
      const auto found = ranks.find(texts_[id]);
      scores[id] = found == ranks.end() ? lowest : found->second;
    }
    header_.set_string("tokenizer.ggml.model", "llama");
    header_.set_f32s("tokenizer.ggml.scores", scores);
    header_.set_bool("tokenizer.ggml.add_space_prefix", adds_space_prefix());
    set_added_ends();
    return ok();
  }

  Result<void> set_unigram(std::span<const float> scores) {
    TRY(const bool may_cross_words, set_unigram_text_steps(tokenizer_, path_, header_));
    for (std::size_t id = 0; id < texts_.size(); ++id) {
      const bool crosses = texts_[id].find(kBlankMark, 1) != std::string::npos;
      if (crosses && !may_cross_words && kinds_[id] == static_cast<std::int32_t>(TokenKind::normal))
        kinds_[id] = static_cast<std::int32_t>(TokenKind::unused);
    }
    header_.set_string("tokenizer.ggml.model", "t5");
    header_.set_f32s("tokenizer.ggml.scores", scores);
    set_added_ends();
    return ok();
  }

  bool adds_space_prefix() const {
    const Json& normalizer = part(tokenizer_, "normalizer");
    const Json& steps = part(normalizer, "normalizers");
    const auto prepends = [](const Json& step) {
      return text_at(step, "type") == "Prepend" && text_at(step, "prepend") == kBlankMark;
    };
    if (prepends(normalizer) || std::ranges::any_of(steps, prepends)) return true;
    const Json& pre_tokenizer = part(tokenizer_, "pre_tokenizer");
    if (text_at(pre_tokenizer, "type") != "Metaspace") return false;
    const std::string scheme = text_at(pre_tokenizer, "prepend_scheme");
    return scheme.empty() ? flag_at(pre_tokenizer, "add_prefix_space", false) : scheme != "never";
  }

  void set_named_tokens() {
    if (!header_.has("tokenizer.ggml.eos_token_id")) set_id("tokenizer.ggml.eos_token_id", "<|end|>");
    set_id("tokenizer.ggml.padding_token_id", "<|pad|>");
  }

  /// What the post-processor puts before and after a text.
  void set_added_ends() {
    const std::string front = added_end(true);
    const std::string back = added_end(false);
    header_.set_bool("tokenizer.ggml.add_bos_token", !front.empty());
    header_.set_bool("tokenizer.ggml.add_eos_token", !back.empty());
    if (!front.empty()) set_id("tokenizer.ggml.bos_token_id", front);
    if (!back.empty()) set_id("tokenizer.ggml.eos_token_id", back);
  }

  void set_id(const char* key, const std::string& text) {
    const auto found = std::ranges::find(texts_, text);
    if (found != texts_.end()) header_.set_u32(key, static_cast<std::uint32_t>(found - texts_.begin()));
  }

  /// A special token at the front (or the end) of the post-processor's form for a single text; or nothing.
  std::string added_end(bool at_front) const {
    const Json& post = part(tokenizer_, "post_processor");
    Json processors = part(post, "processors");
    if (!processors.is_array()) processors = Json::array({post});
    for (const Json& each : processors) {
      const Json& single = part(each, "single");
      if (!single.is_array() || single.empty()) continue;
      const Json& special = part(at_front ? single.front() : single.back(), "SpecialToken");
      if (!special.is_null()) return text_at(special, "id");
    }
    return {};
  }

  const Json& tokenizer_;
  const Json& model_;
  std::string path_;
  GgufHeader& header_;
  bool has_byte_tokens_ = false;
  std::vector<std::string> texts_{};
  std::vector<std::int32_t> kinds_{};
  std::vector<std::string> merges_{};
};

}  // namespace

Result<std::size_t> set_tokenizer_metadata(const Json& tokenizer, const std::string& path, GgufHeader& header,
                                           std::size_t num_tokens_min) {
  return Converter(tokenizer, path, header).convert(num_tokens_min);
}

Result<Tokenizer> tokenizer_from_json(std::string_view text, const std::string& path) {
  const auto parsed = parse_json(text);
  if (!parsed) return Error{parsed.error().code, path + ": " + parsed.error().message};
  GgufHeader header;
  TRY_OK(set_tokenizer_metadata(*parsed, path, header));
  const std::string bytes = header.metadata_bytes();
  TRY(const GgufFile file, GgufFile::parse(std::as_bytes(std::span(bytes)), path));
  return Tokenizer::from_gguf(file);
}

Result<Tokenizer> open_tokenizer_blocking(const std::string& path) {
  if (path.ends_with(".gguf")) {
    TRY(const GgufFile file, GgufFile::open_blocking(path));
    return Tokenizer::from_gguf(file);
  }
  TRY(const auto mapping, MappedFile::open_blocking(path));
  const auto bytes = mapping->bytes();
  if (bytes.size() > kMaxTokenizerJsonBytes) {
    return Error{Errc::too_large, path + ": expected at most " + std::to_string(kMaxTokenizerJsonBytes) +
                                      " bytes, found " + std::to_string(bytes.size())};
  }
  const void* text = bytes.data();
  return tokenizer_from_json({static_cast<const char*>(text), bytes.size()}, path);
}

}  // namespace lyceum::model
