#include "base/json.hpp"

#include <algorithm>
#include <stdexcept>

namespace lyceum {
namespace {

struct TooDeep : std::runtime_error {
  using std::runtime_error::runtime_error;
};

const Json kEmptyObject = Json::object();
const Json kEmptyArray = Json::array();
const Json kNull;

}  // namespace

Result<Json> parse_json(std::string_view text) {
  const auto limit_depth = [](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxJsonDepth) throw TooDeep("nested too deep");
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), limit_depth);
  } catch (const Json::parse_error& error) {
    return Error{Errc::malformed, "not JSON: error at byte " + std::to_string(error.byte)};
  } catch (const Json::exception& error) {
    return Error{Errc::malformed, std::string("not JSON: ") + error.what()};
  } catch (const TooDeep&) {
    return Error{Errc::too_large, "JSON nested deeper than " + std::to_string(kMaxJsonDepth) + " levels"};
  }
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

FieldReader::FieldReader(const Json& object, std::string path) : object_(object), path_(std::move(path)) {
  if (!object_.is_object()) error_ = path_ + ": expected a JSON object, got " + object_.type_name();
}

const Json* FieldReader::find(const char* name) {
  seen_.emplace_back(name);
  if (!object_.is_object()) return nullptr;
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool FieldReader::has(const char* name) const {
  return object_.is_object() && object_.contains(name) && !object_.at(name).is_null();
}

void FieldReader::fail(const char* name, std::string_view why) {
  if (error_.empty()) error_ = path_ + "." + name + ": " + std::string(why);
}

std::string FieldReader::required_string(const char* name, std::size_t size_bytes_max) {
  if (!has(name)) fail(name, "required");
  std::string value = string(name, "", size_bytes_max);
  if (value.empty()) fail(name, "must not be empty");
  return value;
}

std::string FieldReader::string(const char* name, std::string fallback, std::size_t size_bytes_max) {
  const Json* value = find(name);
  if (value == nullptr) return fallback;
  if (!value->is_string()) {
    fail(name, std::string("expected a string, got ") + value->type_name());
    return fallback;
  }
  const auto& text = value->get_ref<const std::string&>();
  if (text.size() > size_bytes_max) {
    fail(name,
         "is " + std::to_string(text.size()) + " bytes long, the limit is " + std::to_string(size_bytes_max));
    return fallback;
  }
  return text;
}

std::string FieldReader::choice(const char* name, std::string fallback,
                                std::initializer_list<std::string_view> allowed) {
  std::string value = string(name, std::move(fallback), 256);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    std::string list;
    for (const auto option : allowed) list += (list.empty() ? "" : ", ") + std::string(option);
    fail(name, "expected one of: " + list);
  }
  return value;
}

std::int64_t FieldReader::integer(const char* name, std::int64_t fallback, std::int64_t min,
                                  std::int64_t max) {
  const Json* value = find(name);
  if (value == nullptr) return fallback;
  const bool fits =
      value->is_number_integer() &&
      !(value->is_number_unsigned() &&
        value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
  if (!fits) {
    fail(name, std::string("expected an integer, got ") + value->type_name());
    return fallback;
  }
  const auto number = value->get<std::int64_t>();
  if (number < min || number > max) {
    fail(name, "must be from " + std::to_string(min) + " to " + std::to_string(max));
    return fallback;
  }
  return number;
}

std::int64_t FieldReader::required_integer(const char* name, std::int64_t min, std::int64_t max) {
  if (!has(name)) fail(name, "required");
  return integer(name, min, min, max);
}

double FieldReader::number(const char* name, double fallback, double min, double max) {
  const Json* value = find(name);
  if (value == nullptr) return fallback;
  if (!value->is_number()) {
    fail(name, std::string("expected a number, got ") + value->type_name());
    return fallback;
  }
  const double number = value->get<double>();
  if (!(number >= min && number <= max)) {
    fail(name, "must be from " + std::to_string(min) + " to " + std::to_string(max));
    return fallback;
  }
  return number;
}

bool FieldReader::boolean(const char* name, bool fallback) {
  const Json* value = find(name);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) {
    fail(name, std::string("expected true or false, got ") + value->type_name());
    return fallback;
  }
  return value->get<bool>();
}

std::vector<std::string> FieldReader::strings(const char* name, std::size_t count_max,
                                              std::size_t size_bytes_max) {
  std::vector<std::string> values;
  for (const Json& item : array(name, count_max)) {
    if (!item.is_string() || item.get_ref<const std::string&>().size() > size_bytes_max) {
      fail(name, "expected strings of at most " + std::to_string(size_bytes_max) + " bytes");
      return {};
    }
    values.push_back(item.get<std::string>());
  }
  return values;
}

const Json& FieldReader::object(const char* name) {
  const Json* value = find(name);
  if (value == nullptr) return kEmptyObject;
  if (!value->is_object()) {
    fail(name, std::string("expected an object, got ") + value->type_name());
    return kEmptyObject;
  }
  return *value;
}

const Json& FieldReader::array(const char* name, std::size_t count_max) {
  const Json* value = find(name);
  if (value == nullptr) return kEmptyArray;
  if (!value->is_array()) {
    fail(name, std::string("expected an array, got ") + value->type_name());
    return kEmptyArray;
  }
  if (value->size() > count_max) {
    fail(name, "has " + std::to_string(value->size()) + " items, the limit is " + std::to_string(count_max));
    return kEmptyArray;
  }
  return *value;
}

const Json& FieldReader::any(const char* name) {
  const Json* value = find(name);
  return value == nullptr ? kNull : *value;
}

Result<void> FieldReader::finish() {
  if (error_.empty() && object_.is_object()) {
    for (const auto& [key, value] : object_.items()) {
      if (std::find(seen_.begin(), seen_.end(), key) == seen_.end()) {
        error_ = path_ + "." + key + ": unknown field";
        break;
      }
    }
  }
  if (!error_.empty()) return Error{Errc::invalid_argument, error_};
  return ok();
}

}  // namespace lyceum
