#include "memory/ingest/chunks.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace lyceum::memory {
namespace {

/// A stretch of the text in which one section is the innermost.
struct Stretch {
  std::size_t begin = 0;
  std::size_t section = Chunk::kNoSection;
};

/// In order; each reaches to the next one's begin.
std::vector<Stretch> stretches_of(const std::vector<Section>& sections) {
  std::vector<Stretch> stretches{{0, Chunk::kNoSection}};
  std::vector<std::size_t> open;
  const auto close_until = [&](std::uint64_t position) {
    while (!open.empty() && sections[open.back()].end <= position) {
      const std::size_t end = sections[open.back()].end;
      open.pop_back();
      stretches.push_back({end, open.empty() ? Chunk::kNoSection : open.back()});
    }
  };
  for (std::size_t i = 0; i < sections.size(); ++i) {
    close_until(sections[i].begin);
    stretches.push_back({sections[i].begin, i});
    open.push_back(i);
  }
  close_until(static_cast<std::uint64_t>(-1));
  return stretches;
}

/// Where to cut a sentence that is too long: after white space if there is any, else between characters.
std::size_t cut_before(std::string_view text, std::size_t begin, std::size_t limit) {
  const std::size_t space = text.substr(0, limit).find_last_of(" \t\r\n");
  if (space != std::string_view::npos && space > begin) return space + 1;
  while (limit > begin + 1 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  return limit;
}

class Packer {
 public:
  Packer(std::string_view text, std::size_t section, std::vector<Chunk>& chunks)
      : text_(text), section_(section), chunks_(chunks) {}

  void add(TextRange sentence) {
    if (end_ > begin_ && sentence.end - begin_ > kTargetChunkBytes) flush();
    while (sentence.end - sentence.begin > kMaxChunkBytes) {
      const std::size_t cut = cut_before(text_, sentence.begin, sentence.begin + kMaxChunkBytes);
      chunks_.push_back({sentence.begin, cut, section_});
      sentence.begin = cut;
    }
    if (begin_ == end_) begin_ = sentence.begin;
    end_ = sentence.end;
  }

  void flush() {
    if (end_ > begin_) chunks_.push_back({begin_, end_, section_});
    begin_ = end_;
  }

 private:
  std::string_view text_;
  std::size_t section_;
  std::vector<Chunk>& chunks_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace

std::vector<Chunk> make_chunks(std::string_view text, const std::vector<Section>& sections) {
  std::vector<Chunk> chunks;
  const std::vector<Stretch> stretches = stretches_of(sections);
  for (std::size_t i = 0; i < stretches.size(); ++i) {
    const std::size_t begin = stretches[i].begin;
    const std::size_t end = i + 1 < stretches.size() ? stretches[i + 1].begin : text.size();
    if (begin >= end) continue;
    Packer packer(text, stretches[i].section, chunks);
    for (const TextRange sentence : split_sentences(text.substr(begin, end - begin))) {
      packer.add({begin + sentence.begin, begin + sentence.end});
    }
    packer.flush();
  }
  return chunks;
}

std::string heading_path(const std::vector<Section>& sections, std::size_t section) {
  if (section == Chunk::kNoSection) return {};
  std::vector<std::size_t> path{section};
  for (std::size_t i = section; i-- > 0 && sections[path.back()].level > 1;) {
    if (sections[i].end >= sections[section].end && sections[i].level < sections[path.back()].level)
      path.push_back(i);
  }
  std::string titles;
  for (auto index = path.rbegin(); index != path.rend(); ++index) {
    if (!titles.empty()) titles += ' ';
    titles += sections[*index].title;
  }
  return titles;
}

}  // namespace lyceum::memory
