#include "model/tokenizer/tokenizer_json.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "model/files/gguf_parser.hpp"
#include "model/files/mapped_file.hpp"
#include "model/tokenizer/pre_tokenizer_json.hpp"
#include "model/tokenizer/vocabulary.hpp"

namespace lyceum::model {
namespace {

/// Ids between tokens that no token has.
constexpr std::size_t kMaxUnusedIds = 65'536;
constexpr std::string_view kBlankMark = "\xE2\x96\x81";

/// null for what is missing.
const Json& part(const Json& object, const char* name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

std::string text_or_empty(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

bool is_true(const Json& value) {
  return value.is_boolean() && value.get<bool>();
}

class Converter {
 public:
  Converter(const Json& tokenizer, std::string path, GgufHeader& header)
      : tokenizer_(tokenizer), model_(part(tokenizer, "model")), path_(std::move(path)), header_(header) {}

  Result<void> convert(std::size_t num_tokens_min) {
    if (!model_.is_object()) return malformed("model", "an object");
    const std::string type = text_or_empty(part(model_, "type"));
    if (!type.empty() && type != "BPE") return unsupported("model.type", type, "BPE");
    const Json& vocab = part(model_, "vocab");
    if (!vocab.is_object() || vocab.empty()) return malformed("model.vocab", "an object of ids by texts");
    if (!part(model_, "merges").is_array()) return malformed("model.merges", "an array");
    is_sentence_piece_ = is_true(part(model_, "byte_fallback"));
    TRY_OK(make_room(vocab, num_tokens_min));
    TRY_OK(read_vocab(vocab));
    TRY_OK(read_added_tokens());
    fill_unused();
    TRY_OK(read_merges());
    TRY_OK(is_sentence_piece_ ? set_sentence_piece() : set_byte_level());
    header_.set_strings("tokenizer.ggml.tokens", texts_);
    header_.set_i32s("tokenizer.ggml.token_type", kinds_);
    set_named_tokens();
    return ok();
  }

 private:
  Error malformed(const std::string& field, const std::string& expected) const {
    return {Errc::malformed, path_ + ": " + field + ": expected " + expected};
  }

  Error unsupported(const std::string& field, const std::string& found, const std::string& known) const {
    return {Errc::unsupported,
            path_ + ": " + field + ": expected " + known + ", found " + model::quoted(found)};
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
          text_or_empty(part(token, "content")).empty())
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

  Result<void> read_vocab(const Json& vocab) {
    const std::string unknown = text_or_empty(part(model_, "unk_token"));
    for (const auto& [text, number] : vocab.items()) {
      const auto id = number.get<std::size_t>();
      if (text.empty() || !texts_[id].empty())
        return malformed("model.vocab: " + model::quoted(text),
                         "one text that is not empty for id " + std::to_string(id));
      const bool is_byte =
          is_sentence_piece_ && text.size() == 6 && text.starts_with("<0x") && text.ends_with('>');
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
      put(text, id, is_true(part(token, "special")) ? TokenKind::control : TokenKind::user_defined);
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

  bool adds_space_prefix() const {
    const Json& normalizer = part(tokenizer_, "normalizer");
    const Json& steps = part(normalizer, "normalizers");
    const auto prepends = [](const Json& step) {
      return text_or_empty(part(step, "type")) == "Prepend" &&
             text_or_empty(part(step, "prepend")) == kBlankMark;
    };
    if (prepends(normalizer) || std::ranges::any_of(steps, prepends)) return true;
    const Json& pre_tokenizer = part(tokenizer_, "pre_tokenizer");
    if (text_or_empty(part(pre_tokenizer, "type")) != "Metaspace") return false;
    const std::string scheme = text_or_empty(part(pre_tokenizer, "prepend_scheme"));
    return scheme.empty() ? is_true(part(pre_tokenizer, "add_prefix_space")) : scheme != "never";
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
      if (!special.is_null()) return text_or_empty(part(special, "id"));
    }
    return {};
  }

  const Json& tokenizer_;
  const Json& model_;
  std::string path_;
  GgufHeader& header_;
  bool is_sentence_piece_ = false;
  std::vector<std::string> texts_{};
  std::vector<std::int32_t> kinds_{};
  std::vector<std::string> merges_{};
};

}  // namespace

Result<void> set_tokenizer_metadata(const Json& tokenizer, const std::string& path, GgufHeader& header,
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
