#include "model/chat_model.hpp"
#include "web/openai/errors.hpp"
#include "web/openai/handlers.hpp"

namespace lyceum::web::openai {
namespace {

Json model_json(const Services& services) {
  const model::ChatModel* chat = services.model.chat_model();
  std::int64_t created_s = chat == nullptr ? 0 : chat->chat_info().created_s;
  if (created_s == 0) created_s = services.started_ms / 1000;
  return {{"id", model_id(services)},
          {"object", "model"},
          {"created", created_s},
          {"owned_by", services.model.info().provider}};
}

}  // namespace

std::string model_id(const Services& services) {
  const model::ChatModel* chat = services.model.chat_model();
  return chat == nullptr ? services.model.info().name : chat->chat_info().name;
}

Result<void> check_model(const Services& services, const std::string& name) {
  const std::string id = model_id(services);
  if (name == id) return ok();
  return Error{Errc::not_found, "model: there is no \"" + name + "\", this service has \"" + id + "\""};
}

Task<Result<Answer>> list_models(const Services& services, Request request) {
  if (auto checked = QueryReader(request.query).finish(); !checked) co_return error_answer(checked.error());
  co_return json_answer({{"object", "list"}, {"data", Json::array({model_json(services)})}});
}

Task<Result<Answer>> get_model(const Services& services, Request request) {
  if (auto checked = check_model(services, request.params.at("model")); !checked)
    co_return error_answer(checked.error(), "model_not_found");
  co_return json_answer(model_json(services));
}

}  // namespace lyceum::web::openai
