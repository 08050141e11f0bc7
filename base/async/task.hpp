#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace lyceum {

namespace net = boost::asio;

/// A lazily started coroutine. Parameters by value if it may outlive the call; no string_view, no span.
template <class T>
using Task = net::awaitable<T>;

/// Completion token: an Asio operation yields `auto [error_code, ...]` instead of throwing its error.
inline constexpr auto as_result = net::as_tuple(net::use_awaitable);

}  // namespace lyceum
