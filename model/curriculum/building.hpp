#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/curriculum/data_writer.hpp"
#include "model/curriculum/dice.hpp"
#include "model/curriculum/test_texts.hpp"

namespace lyceum::model {

/// What makers of examples work with. Every row goes through `read`, so that no evaluation text gets in and
/// the summary says what was used.
class Building {
 public:
  Building(std::string data, const TestTexts& tests, const VerbRenderer& verb_renderer,
           DataWriter& data_writer, std::uint64_t seed)
      : verbs(verb_renderer), writer(data_writer), dice(seed), data_(std::move(data)), tests_(tests) {}

  /// What of a row must not be known from evaluation.
  using TextsOf = std::function<std::vector<std::string>(const Json& row)>;

  /// The rows of "set/beginning of file names". invalid_argument for a file that the set's README calls a
  /// test.
  Result<std::vector<Json>> read_blocking(const std::string& files, const TextsOf& texts_of);
  /// True, and counted, when evaluation holds the text.
  bool is_known(const std::string& files, std::string_view text);

  /// A file beside those of "set/beginning".
  std::string path_of(const std::string& files, const std::string& name) const {
    return data_ + "/" + files.substr(0, files.find('/')) + "/" + name;
  }

  /// {files: {"licence", "rows", "dropped"}}; dropped texts count once a use.
  const Json& sources() const { return sources_; }

  const VerbRenderer& verbs;
  DataWriter& writer;
  Dice dice;

 private:
  Result<void> admit_blocking(const std::string& files, const std::string& file);

  std::string data_;
  const TestTexts& tests_;
  Json sources_ = Json::object();
};

/// What a set's README says of a file: "test", "train", "corpus", "plain", or "" where it has no such column.
std::string kind_of_file(std::string_view readme, std::string_view file_name);
/// By its kind or, where the README is silent, by a name that begins with "test".
bool is_test_file(std::string_view readme, std::string_view file_name);
/// The text under "## Licence".
std::string licence_of(std::string_view readme);

/// Everything that evaluation reads: the rows of all files called "test" in the sets of a folder.
Result<TestTexts> read_test_texts_blocking(const std::string& data);

}  // namespace lyceum::model
