#pragma once

#include <memory>

#include "base/async/blocking_pool.hpp"
#include "base/http_client.hpp"
#include "memory/store.hpp"
#include "tools/builtin.hpp"
#include "tools/tool.hpp"

/// One maker a built-in tool; what they borrow must outlive the tool.
namespace lyceum::tools {

std::unique_ptr<Tool> make_search_memory(memory::Store& store, BlockingPool& pool);
std::unique_ptr<Tool> make_read_document(memory::Store& store, BlockingPool& pool);
std::unique_ptr<Tool> make_fetch_url(HttpClient& http, BlockingPool& pool, FetchOptions options);
std::unique_ptr<Tool> make_calculator();
std::unique_ptr<Tool> make_remember(memory::Store& store, BlockingPool& pool);
std::unique_ptr<Tool> make_recall(memory::Store& store, BlockingPool& pool);
std::unique_ptr<Tool> make_list_files();
std::unique_ptr<Tool> make_read_file(memory::Store& store, BlockingPool& pool);
std::unique_ptr<Tool> make_write_file();
std::unique_ptr<Tool> make_append_file(memory::Store& store, BlockingPool& pool);

}  // namespace lyceum::tools
