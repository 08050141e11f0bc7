#include "cli/commands/model_quantise.hpp"

#include <iostream>

#include "cli/commands/command_context.hpp"
#include "cli/commands/model_inspect.hpp"

namespace lyceum::cli {
namespace {

Json json_of(const model::QuantizeReport& report) {
  Json types = Json::array();
  for (const model::TypeShare& share : report.types) {
    types.push_back({{"type", share.type},
                     {"tensors", share.num_tensors},
                     {"parameters", share.num_parameters},
                     {"bytes", share.size_bytes}});
  }
  return {{"input_bytes", report.input_bytes},
          {"output_bytes", report.output_bytes},
          {"types", types},
          {"fallbacks", report.num_fallbacks},
          {"requantised", report.num_requantized}};
}

void print_for_people(const model::QuantizeReport& report, const std::string& output) {
  print_line("written", output + " (" + bytes_text(report.output_bytes) + ", the input's weights have " +
                            bytes_text(report.input_bytes) + ")");
  for (const model::TypeShare& share : report.types) {
    print_line(
        &share == &report.types.front() ? "types" : "",
        share.type + ": " + std::to_string(share.num_tensors) + " tensors, " + bytes_text(share.size_bytes));
  }
  if (report.num_fallbacks > 0)
    print_line("note", std::to_string(report.num_fallbacks) +
                           " tensors took another type: their rows are no multiple of the block");
  if (report.num_requantized > 0)
    print_line("note", std::to_string(report.num_requantized) +
                           " tensors were quantised already; an exact input loses less");
}

}  // namespace

int quantise_model(const model::QuantizeRequest& request, bool is_json) {
  const auto done = model::quantize_model_blocking(request);
  if (!done && done.error().code == Errc::conflict)
    return report(Error{Errc::conflict, done.error().message + "; --force replaces it"});
  if (!done) return report(done.error());
  if (is_json) {
    print_json(json_of(*done));
  } else {
    print_for_people(*done, request.output);
  }
  return kExitOk;
}

}  // namespace lyceum::cli
