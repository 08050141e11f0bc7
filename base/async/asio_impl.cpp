// Asio's and Beast's own sources, compiled once for the program (BOOST_ASIO_SEPARATE_COMPILATION and its
// twin).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
