#include "memory/ingest/parse.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "memory/extract.hpp"
#include "memory/ingest/json_lines.hpp"
#include "tests/unit/memory/ingest/pdf_support.hpp"

namespace lyceum::memory {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string reach(const ParsedText& parsed, std::size_t section) {
  const Section& s = parsed.sections.at(section);
  return parsed.text.substr(s.begin, s.end - s.begin);
}

ParsedText parse(Format format, std::string bytes) {
  auto parsed = parse_file(format, std::move(bytes));
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *parsed : ParsedText{};
}

TEST(FormatOf, TrustsTheMediaTypeThenTheExtensionThenTheBytes) {
  EXPECT_EQ(*format_of("text/html; charset=utf-8", "a.txt", ""), Format::html);
  EXPECT_EQ(*format_of("", "dir.x/A.MD", ""), Format::markdown);
  EXPECT_EQ(*format_of("application/octet-stream", "records.jsonl", ""), Format::json_lines);
  EXPECT_EQ(*format_of("", "noname", "%PDF-1.7"), Format::pdf);
  EXPECT_EQ(*format_of("", "noname", "\n <!DOCTYPE HTML><p>"), Format::html);
  EXPECT_EQ(*format_of("", "noname", "words"), Format::plain_text);
}

TEST(FormatOf, RefusesOtherMediaTypesAndNamesWhatItReads) {
  const auto format = format_of("image/png", "a.png", "");

  ASSERT_FALSE(format);
  EXPECT_EQ(format.error().code, Errc::unsupported);
  EXPECT_THAT(format.error().message, HasSubstr("image/png"));
  EXPECT_THAT(format.error().message, HasSubstr("JSON Lines"));
}

TEST(ToUtf8, DropsTheByteOrderMarkAndReadsUtf16) {
  EXPECT_EQ(*to_utf8("\xEF\xBB\xBFgrüße"), "grüße");
  EXPECT_EQ(*to_utf8(std::string("\xFF\xFEh\0i\0", 6)), "hi");
  EXPECT_EQ(*to_utf8(std::string("\xFE\xFF\0h\0i", 6)), "hi");
}

TEST(ToUtf8, ReadsWindows1252) {
  EXPECT_EQ(*to_utf8("caf\xE9 costs 3 \x80, he said"), "café costs 3 €, he said");
}

TEST(ToUtf8, RefusesBinaryAndSaysWhy) {
  const auto zero = to_utf8(std::string("ab\0c", 4));
  ASSERT_FALSE(zero);
  EXPECT_EQ(zero.error().code, Errc::unsupported);
  EXPECT_THAT(zero.error().message, HasSubstr("zero byte at offset 2"));
  EXPECT_FALSE(to_utf8("\xC3\x28\x01\x02 mostly control"));
  EXPECT_FALSE(to_utf8("\xFF\xE9\xE8\xE7\xE0\xE1"));
}

TEST(ToUtf8, OddUtf16AndLoneSurrogatesStayWellFormed) {
  const auto odd = to_utf8(std::string("\xFF\xFE\x00\xD8h\x00z", 7));
  ASSERT_TRUE(odd);
  EXPECT_TRUE(is_utf8(*odd));
}

TEST(Markdown, TextIsTheOriginalAndHeadingsAreSections) {
  const std::string text =
      "# *The* Title\n\nIntro.\n\n## Part `one`\nBody.\n\nPart two\n--------\nMore.\n\n# Next\nEnd.\n";

  const ParsedText parsed = parse(Format::markdown, text);

  EXPECT_EQ(parsed.text, text);
  EXPECT_EQ(parsed.title, "The Title");
  ASSERT_EQ(parsed.sections.size(), 4U);
  EXPECT_EQ(parsed.sections[1].title, "Part one");
  EXPECT_EQ(parsed.sections[1].level, 2);
  EXPECT_EQ(reach(parsed, 0), text.substr(0, text.find("# Next")));
  EXPECT_EQ(reach(parsed, 1), "## Part `one`\nBody.\n\n");
  EXPECT_EQ(reach(parsed, 2), "Part two\n--------\nMore.\n\n");
  EXPECT_EQ(reach(parsed, 3), "# Next\nEnd.\n");
}

TEST(Markdown, HashesInCodeAreNoHeadingsAndCrLfKeepsOffsets) {
  const std::string text = "Intro\r\n\r\n```\r\n# comment\r\n```\r\n# Real\r\nBody";

  const ParsedText parsed = parse(Format::markdown, text);

  ASSERT_EQ(parsed.sections.size(), 1U);
  EXPECT_EQ(reach(parsed, 0), "# Real\r\nBody");
}

TEST(Html, ReadsWhatAReaderSees) {
  const ParsedText parsed =
      parse(Format::html,
            "<html><head><title> A &amp; B </title><style>p{}</style></head><body>"
            "<nav>Home</nav><script>var x;</script><h1>Top</h1><p>One\n  two <b>three</b>.</p>"
            "<ul><li>first<li>second</ul><p hidden>secret</p>"
            "<table><tr><td>a<td>b</tr></table>x<br>y<pre>k\n\n  v</pre></body></html>");

  EXPECT_EQ(parsed.title, "A & B");
  EXPECT_EQ(parsed.text, "Top\n\nOne two three.\n\n- first\n- second\n\na | b\n\nx\ny\n\nk\n\n  v\n");
}

TEST(Html, HeadingsAreSectionsOfTheText) {
  const ParsedText parsed =
      parse(Format::html, "<p>before<h1>One <i>big</i> part</h1><p>a<h2>Sub</h2><p>b<h1></h1><h1>Two</h1>c");

  ASSERT_EQ(parsed.sections.size(), 3U);
  EXPECT_EQ(parsed.title, "One big part");
  EXPECT_EQ(reach(parsed, 0), "One big part\n\na\n\nSub\n\nb\n\n");
  EXPECT_EQ(reach(parsed, 1), "Sub\n\nb\n\n");
  EXPECT_EQ(parsed.sections[1].level, 2);
  EXPECT_EQ(reach(parsed, 2), "Two\n\nc\n");
}

TEST(Html, MalformedPagesAreReadAsBrowsersReadThem) {
  EXPECT_EQ(parse(Format::html, "<p>a<div></span>b&lt;c&#x20ac;&nosuch; <b <i>d").text,
            "a\n\nb<c€&nosuch; d\n");
}

TEST(Html, DeepNestingDoesNotOverflowTheStack) {
  std::string page;
  for (int i = 0; i < 20'000; ++i) page += "<div>";
  page += "deep";

  EXPECT_EQ(parse(Format::html, page).text, "deep\n");
}

TEST(Html, APageWhoseTreeExplodesIsRefused) {
  // Goal: misnested formatting, which makes gumbo copy every open element into every paragraph, ends at the
  // arena's limit. Method: 1,000 different elements, left open by the first of 100,000 paragraphs.
  std::string page = "<p>";
  for (int i = 0; i < 1'000; ++i) page += "<font size=" + std::to_string(i) + ">";
  for (int i = 0; i < 100'000; ++i) page += "<p>x";

  const auto parsed = parse_html(page);

  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::unsupported);
}

TEST(Html, WithoutReadableTextIsUnsupported) {
  EXPECT_EQ(parse_html("<script>x</script>").error().code, Errc::unsupported);
}

TEST(Pdf, PagesAreSections) {
  const auto parsed = parse_pdf(make_pdf({"The first page speaks.", "The second one answers."}));

  if (!parsed) GTEST_SKIP() << parsed.error().message;
  ASSERT_EQ(parsed->sections.size(), 2U);
  EXPECT_EQ(parsed->sections[1].title, "Page 2");
  EXPECT_THAT(reach(*parsed, 0), HasSubstr("The first page speaks."));
  EXPECT_THAT(reach(*parsed, 1), HasSubstr("The second one answers."));
  EXPECT_THAT(parsed->text, Not(HasSubstr("\f")));
}

TEST(Pdf, BrokenFilesAreUnsupportedAndSayWhy) {
  EXPECT_THAT(parse_pdf("no pdf at all").error().message, HasSubstr("%PDF-"));
  const auto cut = parse_pdf("%PDF-1.4\n1 0 obj\n<< /Type /Catalog");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Errc::unsupported);
  const auto scan = parse_pdf(make_pdf({""}));
  ASSERT_FALSE(scan);
  EXPECT_EQ(scan.error().code, Errc::unsupported);
}

TEST(JsonLines, ReadsTheFieldsOfUsualCorpora) {
  JsonLines lines(
      "{\"id\":7,\"title\":\"A  b\",\"text\":\"one\"}\n\n  \n{\"_id\":\"x\",\"context\":\"two\"}\r\n"
      "{\"text\":\"\",\"body\":\"three\"}\n{\"content\":\"four\"}");

  std::vector<std::string> seen;
  while (!lines.at_end()) {
    const auto record = lines.next();
    ASSERT_TRUE(record) << record.error().message;
    seen.push_back(std::to_string(record->line) + "|" + record->id + "|" + record->title + "|" +
                   record->text);
  }
  EXPECT_THAT(seen, ElementsAre("1|7|A b|one", "4|x||two", "5|||three", "6|||four"));
}

TEST(JsonLines, ABadLineIsNamedAndTheWalkGoesOn) {
  JsonLines lines("{\"text\": \n[1]\n{\"title\":\"only\"}\n{\"text\":\"good\"}\n");

  std::vector<std::string> seen;
  while (!lines.at_end()) {
    const auto record = lines.next();
    seen.push_back(std::to_string(lines.line()) + ":" +
                   (record ? record->text : std::string(name_of(record.error().code))));
  }
  EXPECT_THAT(seen, ElementsAre("1:malformed", "2:malformed", "3:unsupported", "4:good"));
}

TEST(ExtractText, GivesTheTextThatIngestWouldStore) {
  const auto page =
      extract_text_blocking("<title>T</title><h1>H</h1>b", "text/html; charset=utf-8", "http://a/b");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->text, "H\n\nb\n");
  EXPECT_EQ(page->title, "T");
  EXPECT_EQ(page->media_type, "text/html");
  EXPECT_EQ(page->sections.size(), 1U);

  EXPECT_EQ(extract_text_blocking("{\"a\":1}", "application/json", "x")->text, "{\"a\":1}");
  EXPECT_EQ(extract_text_blocking("words", "", "dir/report.v2.txt")->title, "report.v2");
  EXPECT_EQ(extract_text_blocking(std::string(9, '\0'), "", "x.txt").error().code, Errc::unsupported);
  EXPECT_EQ(extract_text_blocking(" \n", "", "x.txt").error().code, Errc::unsupported);
}

TEST(TidyTitle, IsOneShortLineOfWholeCharacters) {
  EXPECT_EQ(tidy_title("  a \n\t b  "), "a b");
  std::string accents;
  for (int i = 0; i < 1'000; ++i) accents += "é";
  const std::string title = tidy_title(accents);
  EXPECT_LE(title.size(), kMaxTitleBytes + 1);
  EXPECT_TRUE(is_utf8(title));
}

}  // namespace
}  // namespace lyceum::memory
