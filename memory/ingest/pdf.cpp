#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "base/text.hpp"
#include "memory/ingest/child_process.hpp"
#include "memory/ingest/parse.hpp"
#include "memory/ingest/sections.hpp"

namespace lyceum::memory {
namespace {

/// A file that only this process may read, gone with the object.
class TemporaryFile {
 public:
  static Result<TemporaryFile> with(std::string_view bytes) {
    std::error_code failed;
    TemporaryFile file;
    file.path_ = (std::filesystem::temp_directory_path(failed) / "lyceum-XXXXXX").string();
    const int descriptor = ::mkstemp(file.path_.data());
    if (descriptor < 0) {
      file.path_.clear();
      return Error{Errc::io, std::string("temporary file: ") + std::strerror(errno)};
    }
    bool is_written = true;
    while (is_written && !bytes.empty()) {
      const ssize_t size = ::write(descriptor, bytes.data(), bytes.size());
      if (size < 0 && errno == EINTR) continue;
      is_written = size >= 0;
      if (is_written) bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    ::close(descriptor);
    if (!is_written) return Error{Errc::io, "temporary file " + file.path_ + ": cannot be written"};
    return file;
  }

  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

  TemporaryFile& operator=(TemporaryFile&&) = delete;

  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  const std::string& path() const { return path_; }

 private:
  TemporaryFile() = default;

  std::string path_;
};

/// Sections "Page n" from the form feeds that end the pages, which become line ends.
std::vector<Section> take_pages(std::string& text) {
  SectionBuilder sections;
  std::size_t begin = 0;
  for (int page = 1; begin < text.size(); ++page) {
    const std::size_t end = std::min(text.find('\f', begin), text.size());
    sections.open(1, begin);
    sections.add_title("Page " + std::to_string(page));
    if (end < text.size()) text[end] = '\n';
    begin = end + 1;
  }
  return std::move(sections).finish(text.size());
}

}  // namespace

Result<ParsedText> parse_pdf(std::string_view bytes) {
  if (bytes.substr(0, 1024).find("%PDF-") == std::string_view::npos) {
    return Error{Errc::unsupported, "is not a PDF file (no %PDF- header)"};
  }
  TRY(const TemporaryFile file, TemporaryFile::with(bytes));
  const ChildLimits limits{.output_bytes = kMaxDocumentBytes};
  auto output = run_child({"pdftotext", "-q", "-enc", "UTF-8", "-eol", "unix", file.path(), "-"}, limits);
  if (!output) {
    Error error = std::move(output).error();
    if (error.code == Errc::unavailable) {
      return Error{Errc::unsupported, "PDF files need the program pdftotext (package poppler-utils)"};
    }
    return Error{error.code, "the PDF cannot be read: " + error.message};
  }
  ParsedText parsed;
  parsed.text = *std::move(output);
  if (parsed.text.find_first_not_of(" \t\r\n\f") == std::string::npos) {
    return Error{Errc::unsupported, "the PDF has no text (a scan?)"};
  }
  if (!is_utf8(parsed.text) || parsed.text.find('\0') != std::string::npos) {
    return Error{Errc::unsupported, "the PDF's text is not well-formed UTF-8"};
  }
  parsed.sections = take_pages(parsed.text);
  return parsed;
}

}  // namespace lyceum::memory
