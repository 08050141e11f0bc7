#include <bit>
#include <cstring>

#include "model/chat_model.hpp"
#include "web/openai/errors.hpp"
#include "web/openai/handlers.hpp"

namespace lyceum::web::openai {
namespace {

constexpr std::size_t kMaxTexts = 2048;

struct EmbeddingCall {
  std::string model{};
  std::vector<std::string> texts{};
  std::size_t num_dimensions = 0;  ///< 0: as many as the model has.
  bool is_base64 = false;
};

Result<std::vector<std::string>> parse_input(const Json& input) {
  if (input.is_null()) return Error{Errc::invalid_argument, "input: required"};
  const Json list = input.is_array() ? input : Json::array({input});
  if (list.empty() || list.size() > kMaxTexts)
    return Error{Errc::invalid_argument, "input: expected 1 to " + std::to_string(kMaxTexts) + " texts"};
  std::vector<std::string> texts;
  for (const Json& item : list) {
    if (item.is_number() || item.is_array())
      return Error{Errc::unsupported, "input: token ids are not taken, send texts"};
    if (!item.is_string() || item.get_ref<const std::string&>().empty())
      return Error{Errc::invalid_argument, "input: expected texts that are not empty"};
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

Result<EmbeddingCall> parse_embeddings(const Json& body) {
  FieldReader fields(body, "body");
  EmbeddingCall call;
  call.model = fields.required_string("model", 256);
  const Json& input = fields.any("input");
  call.is_base64 = fields.choice("encoding_format", "float", {"float", "base64"}) == "base64";
  call.num_dimensions = static_cast<std::size_t>(fields.integer("dimensions", 0, 1, 1 << 20));
  fields.any("user");
  TRY_OK(fields.finish());
  TRY(call.texts, parse_input(input));
  return call;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8U | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= count ? kAlphabet[group >> (18U - 6U * i) & 63U] : '=';
    }
  }
  return text;
}

Json vector_json(const std::vector<float>& vector, bool is_base64) {
  if (!is_base64) return vector;
  static_assert(std::endian::native == std::endian::little, "the wire's floats are little-endian");
  std::string bytes(vector.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), vector.data(), bytes.size());
  return base64(bytes);
}

// 0 where the provider counts no tokens.
std::uint64_t count_tokens(const Services& services, const std::vector<std::string>& texts) {
  const model::ChatModel* chat = services.model.chat_model();
  if (chat == nullptr) return 0;
  std::uint64_t count = 0;
  for (const std::string& text : texts) count += chat->count_tokens(text);
  return count;
}

Json embeddings_json(const EmbeddingCall& call, const std::vector<std::vector<float>>& vectors,
                     std::uint64_t num_tokens) {
  Json data = Json::array();
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    data.push_back(
        {{"object", "embedding"}, {"index", i}, {"embedding", vector_json(vectors[i], call.is_base64)}});
  }
  return {{"object", "list"},
          {"data", std::move(data)},
          {"model", call.model},
          {"usage", {{"prompt_tokens", num_tokens}, {"total_tokens", num_tokens}}}};
}

}  // namespace

Task<Result<Answer>> create_embeddings(const Services& services, Request request) {
  const auto body = json_body(request);
  if (!body) co_return error_answer(body.error());
  const auto call = parse_embeddings(*body);
  if (!call) co_return error_answer(call.error());
  if (auto checked = check_model(services, call->model); !checked)
    co_return error_answer(checked.error(), "model_not_found");
  if (!services.model.info().capabilities.embeds) {
    co_return error_answer({Errc::unsupported, "the model \"" + call->model + "\" (" +
                                                   services.model.info().provider + ") has no embeddings"},
                           "model_cannot_embed");
  }
  const auto vectors = co_await services.model.embed(call->texts);
  if (!vectors) co_return error_answer(vectors.error());
  const std::size_t length = vectors->empty() ? 0 : vectors->front().size();
  if (call->num_dimensions != 0 && call->num_dimensions != length) {
    co_return error_answer({Errc::unsupported, "dimensions: this model's vectors have " +
                                                   std::to_string(length) +
                                                   " numbers, and no other length is supported"});
  }
  co_return json_answer(embeddings_json(*call, *vectors, count_tokens(services, call->texts)));
}

}  // namespace lyceum::web::openai
