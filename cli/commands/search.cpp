#include <iomanip>
#include <iostream>

#include "cli/commands/commands.hpp"
#include "cli/render.hpp"

namespace lyceum::cli {
namespace {

constexpr std::size_t kTextShown = 300;

void print_hit(const Terminal& out, std::size_t number, const Json& hit) {
  std::string place = text_of(hit, "title");
  if (const std::string section = text_of(hit, "section"); !section.empty()) place += " › " + section;
  std::cout << number << ". " << out.bold(place) << " " << out.dim("(" + text_of(hit, "collection") + ")")
            << "\n   " << shortened(text_of(hit, "text"), kTextShown) << "\n";
}

}  // namespace

Task<int> search(CommandContext context, SearchOptions options) {
  std::string path =
      "/api/search?q=" + percent_encoded(options.query) + "&limit=" + std::to_string(options.limit);
  if (!options.collection.empty()) path += "&collection=" + percent_encoded(options.collection);
  const auto answer = co_await context.api.get(path);
  if (!answer) co_return report(answer.error());
  std::size_t number = 0;
  for (const Json& hit : answer->at("hits")) {
    if (context.is_json) {
      print_json(hit);
    } else {
      print_hit(context.out, ++number, hit);
    }
  }
  if (number == 0 && !context.is_json) std::cout << "nothing found\n";
  co_return kExitOk;
}

Task<int> list_collections(CommandContext context) {
  const auto answer = co_await context.api.get("/api/collections");
  if (!answer) co_return report(answer.error());
  for (const Json& collection : answer->at("collections")) {
    if (context.is_json) {
      print_json(collection);
    } else {
      std::cout << std::left << std::setw(24) << text_of(collection, "name")
                << collection.value("documents", 0) << " documents, " << collection.value("chunks", 0)
                << " passages\n";
    }
  }
  co_return kExitOk;
}

}  // namespace lyceum::cli
