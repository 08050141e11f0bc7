// Routes that say what the service is and has.
#include "planner/event_catalogue.hpp"
#include "web/embed/embedded_file.hpp"
#include "web/native/routes.hpp"

namespace lyceum::web {

Task<Result<Answer>> list_tools(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  Json list = Json::array();
  for (const tools::Tool::Spec* spec : services.tools.specs()) {
    list.push_back({{"name", spec->name},
                    {"description", spec->description},
                    {"parameters", spec->parameters},
                    {"result", spec->result},
                    {"effect", tools::name_of(spec->effect)},
                    {"risk", tools::name_of(spec->risk)}});
  }
  co_return json_answer({{"tools", std::move(list)}});
}

Task<Result<Answer>> get_health(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  const std::int64_t uptime_s = (services.clock.now_ms() - services.started_ms) / 1000;
  co_return json_answer({{"status", "ok"}, {"version", services.version}, {"uptime_s", uptime_s}});
}

Task<Result<Answer>> get_metrics(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  co_return Answer{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                   .body = services.metrics.scrape()};
}

Task<Result<Answer>> get_openapi(const Services&, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  co_return Answer{.body = std::string(find_file(api_files(), "/openapi.json")->bytes)};
}

Task<Result<Answer>> get_event_catalogue(const Services&, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  co_return Answer{.body = std::string(planner::event_catalogue_json())};
}

}  // namespace lyceum::web
