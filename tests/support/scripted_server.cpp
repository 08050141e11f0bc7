#include "tests/support/scripted_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/check.hpp"

namespace lyceum::test {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string pem_of(const std::function<int(BIO*)>& write) {
  BIO* memory = BIO_new(BIO_s_mem());
  LYCEUM_CHECK(write(memory) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

template <class Stream>
bool read_request(Stream& stream, SeenRequest& request) {
  std::string buffer;
  error_code failed;
  const std::size_t head = net::read_until(stream, net::dynamic_buffer(buffer), "\r\n\r\n", failed);
  if (failed) return false;
  request.head = buffer.substr(0, head);
  request.body = buffer.substr(head);
  const std::string length = request.header("content-length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  if (request.body.size() < size) {
    std::string rest(size - request.body.size(), '\0');
    net::read(stream, net::buffer(rest), failed);
    request.body += rest;
  }
  return !failed;
}

template <class Stream>
void play(Stream& stream, const Script& script) {
  error_code failed;
  for (const auto& piece : script.pieces) {
    net::write(stream, net::buffer(piece), failed);
    if (failed) return;
  }
  char byte = 0;
  if (script.stalls) net::read(stream, net::buffer(&byte, 1), failed);
}

}  // namespace

std::string SeenRequest::header(const std::string& name) const {
  const auto at = lower_case(head).find("\r\n" + name + ":");
  if (at == std::string::npos) return {};
  const auto begin = head.find_first_not_of(' ', at + name.size() + 3);
  return head.substr(begin, head.find('\r', begin) - begin);
}

std::string SeenRequest::target() const {
  const auto begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

TestCertificate make_certificate(const std::string& dns_name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  LYCEUM_CHECK(key != nullptr && certificate != nullptr);
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(dns_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + dns_name).c_str());
  LYCEUM_CHECK(names != nullptr);
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  LYCEUM_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
  TestCertificate made;
  made.certificate_pem = pem_of([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
  made.key_pem = pem_of(
      [&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return made;
}

Script respond(int status, const std::string& body, const std::string& extra_headers) {
  return {{"HTTP/1.1 " + std::to_string(status) + " Scripted\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + extra_headers + "\r\n" + body}};
}

struct ScriptedServer::Impl {
  explicit Impl(Handler on_request)
      : handler(std::move(on_request)), acceptor(context, {net::ip::address_v4::loopback(), 0}) {}

  void serve() {
    for (;;) {
      error_code failed;
      tcp::socket socket(context);
      acceptor.accept(socket, failed);
      if (is_stopping) return;
      if (failed) continue;
      if (!tls) {
        converse(socket);
        continue;
      }
      net::ssl::stream<tcp::socket> stream(std::move(socket), *tls);
      stream.handshake(net::ssl::stream_base::server, failed);
      if (!failed) converse(stream);
      stream.shutdown(failed);
    }
  }

  template <class Stream>
  void converse(Stream& stream) {
    SeenRequest request;
    if (!read_request(stream, request)) return;
    {
      const std::lock_guard lock(mutex);
      seen.push_back(request);
    }
    play(stream, handler(request));
  }

  Handler handler;
  net::io_context context;
  tcp::acceptor acceptor;
  std::unique_ptr<net::ssl::context> tls;
  std::atomic<bool> is_stopping = false;
  mutable std::mutex mutex;
  std::vector<SeenRequest> seen;
  std::thread thread;
};

ScriptedServer::ScriptedServer(Handler handler, const TestCertificate* tls)
    : impl_(std::make_unique<Impl>(std::move(handler))) {
  if (tls != nullptr) {
    impl_->tls = std::make_unique<net::ssl::context>(net::ssl::context::tls_server);
    impl_->tls->use_certificate_chain(net::buffer(tls->certificate_pem));
    impl_->tls->use_private_key(net::buffer(tls->key_pem), net::ssl::context::pem);
  }
  impl_->thread = std::thread([impl = impl_.get()] { impl->serve(); });
}

ScriptedServer::~ScriptedServer() {
  impl_->is_stopping = true;
  // A blocked accept wakes for a connection only.
  net::io_context context;
  tcp::socket socket(context);
  error_code ignored;
  socket.connect({net::ip::address_v4::loopback(), port()}, ignored);
  impl_->thread.join();
}

std::uint16_t ScriptedServer::port() const {
  return impl_->acceptor.local_endpoint().port();
}

std::string ScriptedServer::url(const std::string& target) const {
  return (impl_->tls ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port()) + target;
}

std::vector<SeenRequest> ScriptedServer::seen() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->seen;
}

}  // namespace lyceum::test
