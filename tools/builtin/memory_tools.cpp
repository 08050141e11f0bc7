#include <algorithm>

#include "tools/builtin/make.hpp"
#include "tools/builtin/schemas.hpp"

namespace lyceum::tools {
namespace {

constexpr std::size_t kMaxQueryBytes = 2000;
constexpr std::size_t kMaxHits = 50;
constexpr std::size_t kMaxCollections = 64;
constexpr std::size_t kMaxNameBytes = 200;
constexpr std::uint64_t kDefaultSliceBytes = 16U << 10U;
constexpr std::uint64_t kMaxSliceBytes = 64U << 10U;

bool may_read(const ToolCall& call, const std::string& collection) {
  return call.collections.empty() ||
         std::find(call.collections.begin(), call.collections.end(), collection) != call.collections.end();
}

Tool::Spec make_search_spec() {
  Json parameters = Json::object();
  parameters["query"] = string_schema("Words to look for; rare words count most.", 1, kMaxQueryBytes);
  parameters["limit"] = integer_schema("Passages to return; 10 when absent.", 1, kMaxHits);
  parameters["collections"] =
      array_schema(string_schema("Name of a collection of the run.", 1, kMaxNameBytes));
  parameters["collections"]["maxItems"] = kMaxCollections;
  Json parts = Json::object();
  parts["bm25"] = {{"type", "number"}};
  parts["dense"] = {{"type", "number"}};
  Json hit = Json::object();
  for (const char* name : {"document", "title", "section", "collection", "text"}) hit[name] = text_schema();
  for (const char* name : {"begin", "end"}) hit[name] = size_schema();
  hit["score"] = {{"type", "number"}};
  hit["parts"] = object_schema(std::move(parts), {"bm25"});
  Json result = Json::object();
  result["hits"] = array_schema(object_schema(std::move(hit), {"document", "title", "section", "collection",
                                                               "begin", "end", "text", "score", "parts"}));
  return {.name = "search_memory",
          .description = "Finds passages in the documents of the run's collections, best first.",
          .parameters = object_schema(std::move(parameters), {"query"}),
          .result = object_schema(std::move(result), {"hits"}),
          .effect = Effect::pure,
          .risk = Risk::low};
}

Json to_json(const memory::SearchHit& hit) {
  Json json{{"document", hit.document}, {"title", hit.title},
            {"section", hit.section},   {"collection", hit.collection},
            {"begin", hit.begin},       {"end", hit.end},
            {"text", hit.text},         {"score", hit.score}};
  json["parts"] = Json::object({{"bm25", hit.bm25}});
  if (hit.dense) json["parts"]["dense"] = *hit.dense;
  return json;
}

class SearchMemory final : public Tool {
 public:
  SearchMemory(memory::Store& store, BlockingPool& pool) : store_(store), pool_(pool) {}

  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall call) override {
    memory::SearchQuery query{.text = args.at("query").get<std::string>(),
                              .collections = call.collections,
                              .limit = args.value("limit", std::size_t{10})};
    if (args.contains("collections") && !args["collections"].empty()) {
      query.collections = args["collections"].get<std::vector<std::string>>();
    }
    for (const std::string& collection : query.collections) {
      if (!may_read(call, collection)) {
        co_return Error{Errc::forbidden,
                        "args.collections: \"" + collection + "\" is not a collection of this run"};
      }
    }
    auto work = [this, &query] { return store_.search().search_blocking(query); };
    CO_TRY(const std::vector<memory::SearchHit> hits, co_await run_blocking(pool_, std::move(work)));
    ToolOutcome outcome;
    outcome.result["hits"] = Json::array();
    for (const memory::SearchHit& hit : hits) outcome.result["hits"].push_back(to_json(hit));
    co_return outcome;
  }

 private:
  const Spec spec_ = make_search_spec();
  memory::Store& store_;
  BlockingPool& pool_;
};

Tool::Spec make_read_spec() {
  Json parameters = Json::object();
  parameters["document"] = string_schema("Id of a document, as search_memory gives it.", 1, kMaxNameBytes);
  const auto last = static_cast<std::int64_t>(memory::kMaxDocumentBytes);
  parameters["begin"] = integer_schema("First byte of the slice; 0 when absent.", 0, last);
  parameters["end"] = integer_schema(
      "One past its last byte; 16 KiB after `begin` when absent, at most 64 KiB after it.", 0, last);
  Json result = Json::object();
  for (const char* name : {"document", "title", "section", "collection", "text"})
    result[name] = text_schema();
  for (const char* name : {"begin", "end", "size"}) result[name] = size_schema();
  return {.name = "read_document",
          .description = "Reads a slice of a document's text.",
          .parameters = object_schema(std::move(parameters), {"document"}),
          .result = object_schema(std::move(result), {"document", "title", "section", "collection", "begin",
                                                      "end", "size", "text"}),
          .effect = Effect::pure,
          .risk = Risk::low};
}

/// The innermost section that holds the byte.
std::string section_at(const memory::Document& document, std::uint64_t at) {
  const memory::Section* innermost = nullptr;
  for (const memory::Section& section : document.sections) {
    if (at < section.begin || at >= section.end) continue;
    if (innermost == nullptr || section.level >= innermost->level) innermost = &section;
  }
  return innermost == nullptr ? std::string{} : innermost->title;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// A slice with the offset where it really begins.
struct Slice {
  std::uint64_t begin = 0;
  std::string text{};
};

/// Reads from the text's start, because only then is it known by how much the store moved the cut to a
/// character's border.
Result<Slice> slice_blocking(const memory::Documents& documents, const memory::Document& document,
                             std::uint64_t begin, std::uint64_t end) {
  TRY(std::string text, documents.text_blocking(document.id, 0, end));
  auto first = static_cast<std::size_t>(std::min<std::uint64_t>(begin, text.size()));
  while (first < text.size() && is_continuation(text[first])) ++first;
  return Slice{.begin = first, .text = text.substr(first)};
}

class ReadDocument final : public Tool {
 public:
  ReadDocument(memory::Store& store, BlockingPool& pool) : store_(store), pool_(pool) {}

  const Spec& spec() const override { return spec_; }

  Task<Result<ToolOutcome>> run(Json args, ToolCall call) override {
    const auto begin = args.value("begin", std::uint64_t{0});
    const auto end = args.value("end", begin + kDefaultSliceBytes);
    if (end < begin) co_return Error{Errc::invalid_argument, "args.end: must not be before args.begin"};
    if (end - begin > kMaxSliceBytes) {
      co_return Error{Errc::invalid_argument,
                      "args.end: a slice has at most " + std::to_string(kMaxSliceBytes) + " bytes"};
    }
    auto work = [this, &args, &call, begin, end] {
      return read_blocking(args.at("document").get_ref<const std::string&>(), call, begin, end);
    };
    co_return co_await run_blocking(pool_, std::move(work));
  }

 private:
  Result<ToolOutcome> read_blocking(const std::string& id, const ToolCall& call, std::uint64_t begin,
                                    std::uint64_t end) const {
    const memory::Documents& documents = store_.documents();
    TRY(const memory::Document document, documents.get_blocking(id));
    // Not found rather than forbidden: whether a document of another run's corpus exists is not this run's to
    // know.
    if (!may_read(call, document.collection))
      return Error{Errc::not_found, "args.document: no document " + id + " in the run's collections"};
    TRY(const Slice slice, slice_blocking(documents, document, begin, end));
    ToolOutcome outcome;
    outcome.result = {{"document", document.id},
                      {"title", document.title},
                      {"section", section_at(document, slice.begin)},
                      {"collection", document.collection},
                      {"begin", slice.begin},
                      {"end", slice.begin + slice.text.size()},
                      {"size", document.text_bytes},
                      {"text", slice.text}};
    return outcome;
  }

  const Spec spec_ = make_read_spec();
  memory::Store& store_;
  BlockingPool& pool_;
};

}  // namespace

std::unique_ptr<Tool> make_search_memory(memory::Store& store, BlockingPool& pool) {
  return std::make_unique<SearchMemory>(store, pool);
}

std::unique_ptr<Tool> make_read_document(memory::Store& store, BlockingPool& pool) {
  return std::make_unique<ReadDocument>(store, pool);
}

}  // namespace lyceum::tools
