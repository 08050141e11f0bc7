#pragma once

#include <memory>

#include "base/async/blocking_pool.hpp"
#include "base/http_client.hpp"
#include "memory/store.hpp"
#include "tools/registry.hpp"

namespace lyceum::tools {

struct FetchOptions {
  std::size_t body_bytes_max = 10U << 20U;
  std::uint32_t timeout_s = 30;
};

/// Adds search_memory, read_document, fetch_url, calculator, remember, recall, list_files, read_file,
/// write_file and append_file. All four arguments must outlive the registry.
void add_builtin_tools(Registry& registry, memory::Store& store, HttpClient& http, BlockingPool& pool,
                       FetchOptions fetch);

}  // namespace lyceum::tools
