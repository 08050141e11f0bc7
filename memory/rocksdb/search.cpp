#include "memory/rocksdb/search.hpp"

#include <algorithm>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "memory/rocksdb/document_store.hpp"
#include "memory/search/fusion.hpp"

namespace lyceum::memory {
namespace {

constexpr std::size_t kMaxQueryBytes = 16U << 10U;
/// More different terms than any question has; the rest of a longer text is ignored.
constexpr std::size_t kMaxQueryTerms = 128;
/// Each ranking gives this many times the asked hits to the fusion.
constexpr std::size_t kFusionDepth = 5;

struct QueryTerm {
  std::string term{};
  double count = 0;
};

/// The query's terms, each once; stop words only where there is nothing else.
std::vector<QueryTerm> terms_of(std::string_view text) {
  std::vector<QueryTerm> telling;
  std::vector<QueryTerm> stop_words;
  visit_index_terms(text, [&](std::string_view word, std::string_view term) {
    std::vector<QueryTerm>& terms = is_stop_word(word) ? stop_words : telling;
    const auto found =
        std::find_if(terms.begin(), terms.end(), [&](const QueryTerm& known) { return known.term == term; });
    if (found != terms.end()) {
      ++found->count;
    } else if (terms.size() < kMaxQueryTerms) {
      terms.push_back({std::string(term), 1});
    }
  });
  return telling.empty() ? stop_words : telling;
}

class RocksSearch final : public Search {
 public:
  RocksSearch(const Database& database, const IndexState& state, const Embedder& embedder)
      : database_(database), store_(database), state_(state), embedder_(embedder) {}

  Result<std::vector<SearchHit>> search_blocking(const SearchQuery& query) const override {
    if (query.limit < 1 || query.limit > kMaxSearchHits) {
      return Error{Errc::invalid_argument, "limit: must be from 1 to " + std::to_string(kMaxSearchHits)};
    }
    if (query.text.size() > kMaxQueryBytes) {
      return Error{Errc::invalid_argument, "q: longer than " + std::to_string(kMaxQueryBytes) + " bytes"};
    }
    const std::vector<QueryTerm> terms = terms_of(query.text);
    if (terms.empty()) return Error{Errc::invalid_argument, "q: has no words to search for"};
    const std::vector<float> vector = embed(query.text);

    const std::shared_lock lock(state_.mutex());
    const std::vector<std::string> collections = existing(query.collections);
    const std::size_t depth = vector.empty() ? query.limit : query.limit * kFusionDepth;
    TRY(const std::vector<Scored> lexical, rank_lexical(terms, collections, depth));
    if (vector.empty()) return hits_of(as_fused(lexical));
    return hits_of(fuse(lexical, rank_dense(vector, collections, depth), query.limit));
  }

  double idf_blocking(std::string_view word, const std::vector<std::string>& collections) const override {
    std::string term;
    visit_index_terms(word, [&](std::string_view, std::string_view its_term) { term = its_term; });
    const std::shared_lock lock(state_.mutex());
    std::uint64_t num_chunks = 0;
    std::uint64_t num_with_term = 0;
    for (const std::string& collection : existing(collections)) {
      num_chunks += state_.collections().at(collection).num_chunks;
      const auto postings = state_.postings(collection, term);
      if (postings) {
        num_with_term += (*postings)->chunks.size();
      } else {
        log_error("search.idf_failed", {{"message", postings.error().message}});
      }
    }
    return inverse_document_frequency(num_chunks, num_with_term);
  }

 private:
  /// The collections that are meant and exist, each once.
  std::vector<std::string> existing(const std::vector<std::string>& wanted) const {
    std::vector<std::string> names;
    for (const auto& [name, stats] : state_.collections()) {
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end())
        names.push_back(name);
    }
    return names;
  }

  /// Empty where no model embeds. Search by words goes on where the model fails.
  std::vector<float> embed(const std::string& text) const {
    if (!embedder_) return {};
    auto vectors = embedder_(std::span(&text, 1));
    if (vectors && vectors->size() == 1) return std::move(vectors->front());
    log_error("search.embed_failed", {{"message", vectors ? "no vector came" : vectors.error().message}});
    return {};
  }

  Result<std::vector<Scored>> rank_lexical(const std::vector<QueryTerm>& terms,
                                           const std::vector<std::string>& collections,
                                           std::size_t limit) const {
    CorpusStats stats;
    for (const std::string& collection : collections) {
      const StoredCollection& stored = state_.collections().at(collection);
      stats.num_chunks += stored.num_chunks;
      stats.num_words += stored.num_words;
    }
    std::vector<std::vector<RankedTerm>> by_collection(collections.size());
    std::vector<std::shared_ptr<const PostingList>> lists;  // The cache may drop them: here they live on.
    for (const QueryTerm& term : terms) {
      std::uint64_t num_with_term = 0;
      const std::size_t first_list = lists.size();
      for (const std::string& collection : collections) {
        TRY(auto postings, state_.postings(collection, term.term));
        num_with_term += postings->chunks.size();
        lists.push_back(std::move(postings));
      }
      const double weight = term.count * inverse_document_frequency(stats.num_chunks, num_with_term);
      for (std::size_t i = 0; i < collections.size(); ++i) {
        const PostingList* list = lists[first_list + i].get();
        if (!list->chunks.empty()) by_collection[i].push_back({list, weight});
      }
    }
    TopChunks top(limit);
    for (std::vector<RankedTerm>& ranked : by_collection)
      rank(std::move(ranked), stats, state_.lengths(), top);
    return std::move(top).finish();
  }

  std::vector<Scored> rank_dense(const std::vector<float>& vector,
                                 const std::vector<std::string>& collections, std::size_t limit) const {
    TopChunks top(limit);
    for (const std::string& collection : collections) {
      const DenseIndex* index = state_.dense(collection, vector.size());
      if (index == nullptr) continue;
      for (const Scored& scored : index->nearest(vector, limit)) top.add(scored);
    }
    return std::move(top).finish();
  }

  static std::vector<Fused> as_fused(const std::vector<Scored>& ranked) {
    std::vector<Fused> fused;
    for (const Scored& scored : ranked)
      fused.push_back({scored.chunk, scored.score, scored.score, std::nullopt});
    return fused;
  }

  Result<std::vector<SearchHit>> hits_of(const std::vector<Fused>& ranked) const {
    std::vector<SearchHit> hits;
    for (const Fused& fused : ranked) {
      TRY(const std::optional<std::string> record, database_.get(Family::chunks, chunk_key(fused.chunk)));
      if (!record) return Error{Errc::data_loss, "the search index names a chunk that does not exist"};
      TRY(StoredChunk chunk, decode_chunk(*record));
      TRY(std::string text, store_.text(chunk.document, chunk.begin, chunk.end));
      hits.push_back({.document = std::move(chunk.document),
                      .title = std::move(chunk.title),
                      .section = std::move(chunk.section),
                      .collection = std::move(chunk.collection),
                      .begin = chunk.begin,
                      .end = chunk.end,
                      .text = std::move(text),
                      .score = fused.score,
                      .bm25 = fused.bm25,
                      .dense = fused.dense});
    }
    return hits;
  }

  const Database& database_;
  DocumentStore store_;
  const IndexState& state_;
  const Embedder& embedder_;
};

}  // namespace

std::unique_ptr<Search> make_search(const Database& database, const IndexState& state,
                                    const Embedder& embedder) {
  return std::make_unique<RocksSearch>(database, state, embedder);
}

}  // namespace lyceum::memory
