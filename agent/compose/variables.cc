#include "agent/compose/variables.h"

#include <cctype>

extern char** environ;

namespace drover::agent {
namespace {

constexpr int kMaxDepth = 16;

bool IsNameStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsNameByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsEnd(char c) { return c == '\n' || c == '\r'; }

struct Entry {
  std::string name;
  TracedText value;
  bool literal = false;
};

// One pass over an env file.
class EnvFileReader {
 public:
  EnvFileReader(const std::string& text, int file) : text_(text), file_(file) {
    if (text_.rfind("\xEF\xBB\xBF", 0) == 0) at_ = 3;
  }

  // The next entry; nothing at the end. Lines that are none are passed over.
  std::optional<Entry> Next() {
    while (at_ < text_.size()) {
      std::optional<Entry> entry = Line();
      if (entry) return entry;
    }
    return std::nullopt;
  }

 private:
  bool More() const { return at_ < text_.size(); }
  void SkipBlanks() {
    while (More() && IsBlank(text_[at_])) ++at_;
  }
  void SkipLine() {
    while (More() && text_[at_] != '\n') ++at_;
    if (More()) ++at_;
  }

  std::optional<Entry> Line() {
    while (More() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    if (text_.compare(at_, 7, "export ") == 0 || text_.compare(at_, 7, "export\t") == 0) {
      at_ += 7;
      SkipBlanks();
    }
    const size_t begin = at_;
    while (More() && (IsNameByte(text_[at_]) || text_[at_] == '.' || text_[at_] == '-')) ++at_;
    Entry entry;
    entry.name = text_.substr(begin, at_ - begin);
    SkipBlanks();
    if (entry.name.empty() || !More() || (text_[at_] != '=' && text_[at_] != ':')) {
      SkipLine();
      return std::nullopt;
    }
    ++at_;
    SkipBlanks();
    if (More() && (text_[at_] == '"' || text_[at_] == '\'')) {
      Quoted(&entry);
    } else {
      Plain(&entry);
    }
    SkipLine();
    return entry;
  }

  void Plain(Entry* entry) {
    const size_t begin = at_;
    size_t end = at_;
    while (More() && !IsEnd(text_[at_])) {
      if (text_[at_] == '#' && (at_ == begin || IsBlank(text_[at_ - 1]))) break;
      if (!IsBlank(text_[at_])) end = at_ + 1;
      ++at_;
    }
    entry->value = TracedText::Of(text_.substr(begin, end - begin), file_, begin);
  }

  void Quoted(Entry* entry) {
    const char quote = text_[at_++];
    entry->literal = quote == '\'';
    while (More() && text_[at_] != quote) {
      char c = text_[at_];
      if (quote == '"' && c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '$') {
        c = text_[++at_];
        if (c == 'n') c = '\n';
        if (c == 'r') c = '\r';
        if (c == 't') c = '\t';
      }
      entry->value.Append(c, {file_, at_});
      ++at_;
    }
    if (More()) ++at_;
  }

  const std::string& text_;
  const int file_;
  size_t at_ = 0;
};

// The end of the `${…}` whose inner text begins at `begin`: the index of its `}`.
std::optional<size_t> ClosingBrace(const std::string& text, size_t begin) {
  int depth = 1;
  for (size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '{' && text[i - 1] == '$') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::nullopt;
}

}  // namespace

Variables::Environment ProcessEnvironment() {
  Variables::Environment result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const size_t equals = text.find('=');
    if (equals != std::string::npos) result[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return result;
}

Variables::Variables(const Environment& environment) {
  for (const auto& [name, value] : environment) AddFixed(name, value);
}

void Variables::AddFixed(const std::string& name, const std::string& value) {
  values_.emplace(name, Value{TracedText::Of(value, ByteOrigin::kFixed, 0), true});
}

void Variables::AddFile(const std::string& text, int file) {
  std::map<std::string, Value> found;
  EnvFileReader reader(text, file);
  while (std::optional<Entry> entry = reader.Next()) {
    found[entry->name] = Value{std::move(entry->value), entry->literal};
  }
  values_.merge(found);
}

StatusOr<std::optional<TracedText>> Variables::Find(const std::string& name) const {
  return FindAt(name, 0);
}

StatusOr<TracedText> Variables::Interpolate(const TracedText& text) const {
  return InterpolateAt(text, 0);
}

StatusOr<std::optional<TracedText>> Variables::FindAt(const std::string& name, int depth) const {
  if (depth > kMaxDepth) return InvalidArgument("The variable " + name + " refers to itself");
  const auto it = values_.find(name);
  if (it == values_.end()) return std::optional<TracedText>();
  if (it->second.literal) return std::optional<TracedText>(it->second.text);
  DROVER_ASSIGN_OR_RETURN(TracedText value, InterpolateAt(it->second.text, depth + 1));
  return std::optional<TracedText>(std::move(value));
}

StatusOr<TracedText> Variables::InterpolateAt(const TracedText& text, int depth) const {
  if (depth > kMaxDepth) return InvalidArgument("A variable refers to itself: " + text.text);
  TracedText result;
  const std::string& bytes = text.text;
  size_t at = 0;
  while (at < bytes.size()) {
    const bool dollar = bytes[at] == '$' && at + 1 < bytes.size();
    if (!dollar) {
      result.Append(bytes[at], text.origins[at]);
      ++at;
    } else if (bytes[at + 1] == '$') {
      result.Append('$', text.origins[at + 1]);
      at += 2;
    } else if (bytes[at + 1] == '{') {
      const std::optional<size_t> close = ClosingBrace(bytes, at + 2);
      if (!close) return InvalidArgument("A ${ without its } in " + bytes);
      DROVER_ASSIGN_OR_RETURN(const TracedText value, Braced(text.Part(at + 2, *close), depth));
      result.Append(value);
      at = *close + 1;
    } else if (IsNameStart(bytes[at + 1])) {
      size_t end = at + 1;
      while (end < bytes.size() && IsNameByte(bytes[end])) ++end;
      DROVER_ASSIGN_OR_RETURN(const auto value,
                              FindAt(bytes.substr(at + 1, end - at - 1), depth + 1));
      if (value) result.Append(*value);
      at = end;
    } else {
      return InvalidArgument("A single $ that names no variable in " + bytes + "; write $$");
    }
  }
  return result;
}

StatusOr<TracedText> Variables::Braced(const TracedText& inner, int depth) const {
  size_t end = 0;
  while (end < inner.text.size() && IsNameByte(inner.text[end])) ++end;
  const std::string name = inner.text.substr(0, end);
  if (name.empty() || !IsNameStart(name[0])) {
    return InvalidArgument("${" + inner.text + "} names no variable");
  }
  DROVER_ASSIGN_OR_RETURN(const auto value, FindAt(name, depth + 1));
  if (end == inner.text.size()) return value.value_or(TracedText());
  const bool colon = inner.text[end] == ':';
  const size_t op_at = end + (colon ? 1 : 0);
  const char op = op_at < inner.text.size() ? inner.text[op_at] : '\0';
  const TracedText rest = op == '\0' ? TracedText() : inner.Part(op_at + 1, inner.text.size());
  const bool there = value && !(colon && value->text.empty());
  switch (op) {
    case '-':
      return there ? StatusOr<TracedText>(*value) : InterpolateAt(rest, depth + 1);
    case '+':
      return there ? InterpolateAt(rest, depth + 1) : StatusOr<TracedText>(TracedText());
    case '?':
      if (there) return *value;
      return InvalidArgument("The variable " + name + " must be set: " + rest.text);
    default:
      return InvalidArgument("${" + inner.text + "} is not a form of reference that Compose knows");
  }
}

}  // namespace drover::agent
