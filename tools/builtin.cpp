#include "tools/builtin.hpp"

#include "tools/builtin/make.hpp"

namespace lyceum::tools {

void add_builtin_tools(Registry& registry, memory::Store& store, HttpClient& http, BlockingPool& pool,
                       FetchOptions fetch) {
  registry.add(make_search_memory(store, pool));
  registry.add(make_read_document(store, pool));
  registry.add(make_fetch_url(http, pool, fetch));
  registry.add(make_calculator());
  registry.add(make_remember(store, pool));
  registry.add(make_recall(store, pool));
  registry.add(make_list_files());
  registry.add(make_read_file(store, pool));
  registry.add(make_write_file());
  registry.add(make_append_file(store, pool));
}

}  // namespace lyceum::tools
