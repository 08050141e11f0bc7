#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

/// What the shipped model learns from: a tokenizer and training files, made of folders of public data sets.
namespace lyceum::model {

struct TokenizerTraining {
  struct Source {
    std::string files{};  ///< "lm-wikipedia" or "qa-squad/train": a set, and how its files' names begin.
    std::uint64_t bytes_max = 0;  ///< Of text; every document gives its share from its beginning.
  };

  std::string data{};  ///< Folder of the sets.
  std::vector<Source> sources{};
  std::size_t vocabulary_size = 8192;  ///< With the special tokens.
};

/// From {"vocabulary_size", "sources": [{"files", "bytes_max"}]}. invalid_argument naming the field.
Result<TokenizerTraining> parse_tokenizer_training(const Json& config, std::string data);

/// A byte-level BPE tokenizer with the special tokens of the verbs (model/verbs) as its last ids, in the form
/// of a Hugging Face tokenizer.json. The same data give the same bytes. About a minute for 100 MB. Errors:
/// those of reading; invalid_argument for a vocabulary that the text cannot fill.
Result<Json> train_tokenizer_blocking(const TokenizerTraining& training);

/// Writes train.lytd, validation.lytd, train.lytp and validation.lytp into the folder `output`, as `config`
/// says:
/// {"seed", "validation_share", "context_share", "parts": [{"make", "files", "passes", "bytes_max"}]} (see
/// model/README.md). Gives a summary: documents and tokens by kind, and every source with its licence, its
/// rows, and how many of its texts were dropped because an evaluation file holds them. The same input gives
/// the same bytes. `tokenizer` is a tokenizer.json or a GGUF file.
/// Errors: those of reading and writing; invalid_argument naming the field.
Result<Json> build_training_data_blocking(const Json& config, const std::string& data,
                                          const std::string& tokenizer, const std::string& output);

/// Learns which tokens and which words mean alike from the free text in the folder that
/// build_training_data_blocking wrote, and writes both kinds of vectors into the GGUF file `output`: for
/// training ("vectors" of its configuration) and for export. Gives counts. One thread, some minutes. Errors:
/// those of reading and writing; invalid_argument where the data are another tokenizer's.
Result<Json> train_vectors_blocking(const std::string& data, const std::string& tokenizer,
                                    const std::string& output);

}  // namespace lyceum::model
