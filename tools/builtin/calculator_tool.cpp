#include "tools/builtin/expression.hpp"
#include "tools/builtin/make.hpp"
#include "tools/builtin/schemas.hpp"

namespace lyceum::tools {
namespace {

Tool::Spec make_spec() {
  Json parameters = Json::object();
  parameters["expression"] = string_schema(
      "Such as (3 + 4)^2 / 7, 15% of 80, max(2, sqrt(9)). Operators + - * / % ^; functions sqrt abs min max "
      "round floor "
      "ceil log ln exp; constants pi and e.",
      1, kMaxExpressionBytes);
  Json result = Json::object();
  result["value"] = {{"type", "number"}};
  result["text"] = text_schema();
  result["is_exact"] = {{"type", "boolean"},
                        {"description", "True when every step was exact integer arithmetic."}};
  return {.name = "calculator",
          .description = "Evaluates an arithmetic expression.",
          .parameters = object_schema(std::move(parameters), {"expression"}),
          .result = object_schema(std::move(result), {"value", "text", "is_exact"}),
          .effect = Effect::pure,
          .risk = Risk::low};
}

class Calculator final : public Tool {
 public:
  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall call) override {
    static_cast<void>(call);
    CO_TRY(const Number value, evaluate(args.at("expression").get_ref<const std::string&>()));
    ToolOutcome outcome;
    std::visit([&](auto number) { outcome.result["value"] = number; }, value);
    outcome.result["text"] = to_text(value);
    outcome.result["is_exact"] = std::holds_alternative<std::int64_t>(value);
    co_return outcome;
  }

 private:
  const Spec spec_ = make_spec();
};

}  // namespace

std::unique_ptr<Tool> make_calculator() {
  return std::make_unique<Calculator>();
}

}  // namespace lyceum::tools
