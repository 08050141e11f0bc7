// Routes of documents and search. The store blocks, so every call runs on the blocking pool.
#include "web/native/routes.hpp"

namespace lyceum::web {
namespace {

constexpr std::size_t kMaxCollectionBytes = 128;
constexpr std::size_t kMaxSourceBytes = 1024;
constexpr std::size_t kMaxIdBytes = 128;
constexpr std::size_t kMaxQueryBytes = 4096;
constexpr std::uint64_t kTextBytesByDefault = 64U << 10U;
constexpr std::uint64_t kMaxTextBytes = 1U << 20U;

Json to_json(const memory::Document& document) {
  return {{"document", document.id},           {"collection", document.collection},
          {"source", document.source},         {"title", document.title},
          {"media_type", document.media_type}, {"bytes", document.original_bytes},
          {"text_bytes", document.text_bytes}, {"chunks", document.num_chunks},
          {"hash", document.original_hash},    {"added_ms", document.added_ms}};
}

Json to_json(const memory::SearchHit& hit) {
  Json parts = {{"bm25", hit.bm25}};
  if (hit.dense) parts["dense"] = *hit.dense;
  return {{"document", hit.document}, {"title", hit.title},
          {"section", hit.section},   {"collection", hit.collection},
          {"begin", hit.begin},       {"end", hit.end},
          {"text", hit.text},         {"score", hit.score},
          {"parts", std::move(parts)}};
}

Json to_json(const memory::IngestReport& report) {
  Json documents = Json::array();
  for (const auto& document : report.documents) documents.push_back(to_json(document));
  Json skipped = Json::array();
  for (const auto& item : report.skipped)
    skipped.push_back({{"source", item.source}, {"reason", item.reason}});
  const char* outcome = report.num_replaced > 0 ? "replaced" : report.num_added > 0 ? "added" : "unchanged";
  return {{"documents", std::move(documents)}, {"outcome", outcome}, {"skipped", std::move(skipped)}};
}

// Octets say nothing about the file; its name does.
Result<std::string> media_type_of(const std::string& content_type) {
  std::string type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  if (type == "multipart/form-data" || type == "application/x-www-form-urlencoded") {
    return Error{Errc::unsupported, "content-type " + type + ": send the file's own bytes as the body"};
  }
  return type == "application/octet-stream" ? std::string() : type;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

Task<Result<Answer>> list_collections(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  const auto& documents = services.store.documents();
  auto work = [&documents] { return documents.collections_blocking(); };
  CO_TRY(const auto collections, co_await run_blocking(services.pool, std::move(work)));
  Json list = Json::array();
  for (const auto& item : collections) {
    list.push_back({{"name", item.name},
                    {"documents", item.num_documents},
                    {"chunks", item.num_chunks},
                    {"bytes", item.text_bytes}});
  }
  co_return json_answer({{"collections", std::move(list)}});
}

Task<Result<Answer>> add_document(const Services& services, Request request) {
  QueryReader query(request.query);
  memory::IngestRequest ingest;
  ingest.collection = query.required_string("collection", kMaxCollectionBytes);
  ingest.source = query.required_string("source", kMaxSourceBytes);
  CO_TRY_OK(query.finish());
  CO_TRY(ingest.media_type, media_type_of(request.content_type));
  if (request.body.empty()) co_return Error{Errc::invalid_argument, "body: the file is empty"};
  ingest.bytes = std::move(request.body);

  auto& documents = services.store.documents();
  auto work = [&documents, &ingest] { return documents.ingest_blocking(std::move(ingest)); };
  CO_TRY(const auto report, co_await run_blocking(services.pool, std::move(work)));
  co_return json_answer(to_json(report), 201);
}

Task<Result<Answer>> list_documents(const Services& services, Request request) {
  QueryReader query(request.query);
  const std::string collection = query.string("collection", "", kMaxCollectionBytes);
  const std::string after = query.string("after", "", kMaxIdBytes);
  const auto limit = query.number("limit", 100, 1, 500);
  CO_TRY_OK(query.finish());

  const auto& documents = services.store.documents();
  auto work = [&] { return documents.list_blocking(collection, after, limit + 1); };
  CO_TRY(auto page, co_await run_blocking(services.pool, std::move(work)));
  const bool has_more = page.size() > limit;
  if (has_more) page.resize(limit);
  Json list = Json::array();
  for (const auto& document : page) list.push_back(to_json(document));
  const Json next = has_more ? Json(page.back().id) : Json();
  co_return json_answer({{"documents", std::move(list)}, {"next", next}});
}

Task<Result<Answer>> get_document(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  const auto& documents = services.store.documents();
  auto work = [&] { return documents.get_blocking(request.params.at("document")); };
  CO_TRY(const auto document, co_await run_blocking(services.pool, std::move(work)));
  Json body = to_json(document);
  body["sections"] = Json::array();
  for (const auto& section : document.sections) {
    body["sections"].push_back(
        {{"title", section.title}, {"level", section.level}, {"begin", section.begin}, {"end", section.end}});
  }
  co_return json_answer(body);
}

Task<Result<Answer>> get_document_text(const Services& services, Request request) {
  QueryReader query(request.query);
  const auto wanted_begin = query.number("begin", 0, 0, memory::kMaxDocumentBytes);
  const auto wanted_end = query.number("end", wanted_begin + kTextBytesByDefault, wanted_begin,
                                       std::min<std::uint64_t>(wanted_begin + kMaxTextBytes, 1ULL << 40U));
  CO_TRY_OK(query.finish());

  const auto& documents = services.store.documents();
  const std::string& id = request.params.at("document");
  // Read from the start: only so is it known where a cut at a character border fell.
  auto work = [&]() -> Result<std::pair<memory::Document, std::string>> {
    TRY(auto document, documents.get_blocking(id));
    TRY(auto prefix, documents.text_blocking(id, 0, std::min(wanted_end, document.text_bytes)));
    return std::pair{std::move(document), std::move(prefix)};
  };
  CO_TRY(const auto found, co_await run_blocking(services.pool, std::move(work)));
  const auto& [document, prefix] = found;
  std::size_t begin = std::min<std::size_t>(wanted_begin, prefix.size());
  while (begin < prefix.size() && is_continuation(prefix[begin])) ++begin;
  co_return json_answer({{"document", document.id},
                         {"title", document.title},
                         {"begin", begin},
                         {"end", prefix.size()},
                         {"size", document.text_bytes},
                         {"text", prefix.substr(begin)}});
}

Task<Result<Answer>> get_document_original(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  const auto& documents = services.store.documents();
  const std::string& id = request.params.at("document");
  auto work = [&]() -> Result<std::pair<std::string, std::string>> {
    TRY(auto document, documents.get_blocking(id));
    TRY(auto bytes, documents.original_blocking(id));
    return std::pair{std::move(document.source), std::move(bytes)};
  };
  CO_TRY(auto found, co_await run_blocking(services.pool, std::move(work)));
  co_return attachment(std::move(found.second), "application/octet-stream", found.first);
}

Task<Result<Answer>> delete_document(const Services& services, Request request) {
  CO_TRY_OK(QueryReader(request.query).finish());
  auto& documents = services.store.documents();
  auto work = [&] { return documents.remove_blocking(request.params.at("document")); };
  CO_TRY_OK(co_await run_blocking(services.pool, std::move(work)));
  co_return Answer{.status = 204};
}

Task<Result<Answer>> search_documents(const Services& services, Request request) {
  QueryReader query(request.query);
  memory::SearchQuery wanted;
  wanted.text = query.required_string("q", kMaxQueryBytes);
  const std::string collection = query.string("collection", "", kMaxCollectionBytes);
  wanted.limit = query.number("limit", 10, 1, memory::kMaxSearchHits);
  CO_TRY_OK(query.finish());
  if (!collection.empty()) wanted.collections.push_back(collection);

  const auto& search = services.store.search();
  const auto started = MonotonicClock::now();
  auto work = [&] { return search.search_blocking(wanted); };
  CO_TRY(const auto hits, co_await run_blocking(services.pool, std::move(work)));
  const std::chrono::duration<double, std::milli> took = MonotonicClock::now() - started;
  Json list = Json::array();
  for (const auto& hit : hits) list.push_back(to_json(hit));
  co_return json_answer({{"hits", std::move(list)}, {"took_ms", took.count()}});
}

}  // namespace lyceum::web
