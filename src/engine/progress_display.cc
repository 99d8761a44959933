// SPDX-License-Identifier: Apache-2.0
// Progress as people and programs read it. What can't be written (a closed pipe) is dropped: the work goes on.
#include "engine/progress_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <vector>

#include "engine/format.h"
#include "estiva/base/json.h"
#include "estiva/base/sys.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::engine {

namespace {

using image::Phase;
using image::Progress;

constexpr int64_t kFrame_ms = 100;
constexpr size_t kBar = 50, kLeastBar = 10;  // columns

void write(FdView out, std::string_view text) { (void)sys::write_all(out, text); }

// Whether it is worth a line: not each step of an amount, nor each second of a countdown.
bool is_news(const Progress* last, const Progress& now) {
  if (last == nullptr || last->phase != now.phase) return true;
  return now.phase == Phase::kRetrying && now.current > last->current;
}

class Quiet : public image::Watcher {
 public:
  explicit Quiet(Log& log) : log_(log) {}
  void say(std::string_view) override {}
  void show(const Progress&) override {}
  void warn(std::string_view line) override { log_.warning(line); }

 private:
  Log& log_;
};

class Lines : public image::Watcher {
 public:
  Lines(FdView out, Log& log) : out_(out), log_(log) {}
  void say(std::string_view line) override { write(out_, text::cat(line, "\n")); }
  void warn(std::string_view line) override { log_.warning(line); }

  void show(const Progress& progress) override {
    const auto known = last_.find(progress.id);
    const bool news = is_news(known == last_.end() ? nullptr : &known->second, progress);
    last_[progress.id] = progress;
    if (news) say(text::cat(progress.id, ": ", describe_progress(progress, 0)));
  }

 private:
  FdView out_;
  Log& log_;
  std::map<std::string, Progress> last_;
};

class Json : public image::Watcher {
 public:
  Json(FdView out, Log& log) : out_(out), log_(log) {}
  void warn(std::string_view line) override { log_.warning(line); }

  void say(std::string_view line) override {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    writer.key("status");
    writer.string(line);
    writer.end_object();
    write(out_, text + "\n");
  }

  void show(const Progress& progress) override {
    Shown& shown = shown_[progress.id];
    const int64_t now = monotonic_ms();
    const bool news = is_news(shown.until == 0 ? nullptr : &shown.last, progress);
    shown.last = progress;
    if (!news && now < shown.until) return;
    shown.until = now + kFrame_ms;
    write(out_, object(progress) + "\n");
  }

 private:
  struct Shown {
    Progress last;
    int64_t until = 0;
  };

  static std::string object(const Progress& progress) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    writer.key("status");
    writer.string(image::has_bar(progress.phase) ? std::string(image::phase_text(progress.phase))
                                                 : describe_progress(progress, 0));
    writer.key("progressDetail");
    writer.begin_object();
    if (image::has_bar(progress.phase)) {
      for (const auto& [name, value] :
           {std::pair<std::string_view, uint64_t>{"current", progress.current}, {"total", progress.total}}) {
        writer.key(name);
        writer.number(value);
      }
    }
    writer.end_object();
    writer.key("id");
    writer.string(progress.id);
    writer.end_object();
    return text;
  }

  FdView out_;
  Log& log_;
  std::map<std::string, Shown> shown_;
};

// A block of one line for each layer at the end of the screen, written anew in place. What does not fit on the screen
// is left out until the end: the layers that are done first.
class Bars : public image::Watcher {
 public:
  Bars(FdView out, Log& log) : out_(out), log_(log) {}
  ~Bars() override { finish(); }

  void say(std::string_view line) override {
    finish();
    write(out_, text::cat(line, "\n"));
  }

  void warn(std::string_view line) override {
    write(out_, erase());
    log_.warning(line);
    draw();
  }

  void show(const Progress& progress) override {
    const auto same = std::ranges::find(layers_, progress.id, &Progress::id);
    const bool news = is_news(same == layers_.end() ? nullptr : &*same, progress);
    if (same == layers_.end())
      layers_.push_back(progress);
    else
      *same = progress;
    if (news || monotonic_ms() >= next_frame_) draw();
  }

 private:
  struct Screen {
    size_t rows = 24, columns = 80;
  };

  Screen screen() const {
    const Result<struct winsize> size = sys::tty_size(out_);
    if (!size.ok() || size.value().ws_row == 0 || size.value().ws_col == 0) return {};
    return {size.value().ws_row, size.value().ws_col};
  }

  std::string erase() {
    const size_t lines = std::exchange(drawn_, 0);
    return lines == 0 ? "" : text::cat("\r\x1b[", lines, "A\x1b[J");
  }

  static std::string line_of(const Progress& progress, size_t columns) {
    const size_t room = columns - std::min(columns, progress.id.size() + 3);
    return text::cat(progress.id, ": ", describe_progress(progress, room), "\n");
  }

  void draw() {
    next_frame_ = monotonic_ms() + kFrame_ms;
    const auto [rows, columns] = screen();
    size_t skip = layers_.size() + 1 > rows ? layers_.size() + 1 - rows : 0;
    std::string out = erase();
    for (const Progress& layer : layers_) {
      const bool done = !image::is_under_way(layer.phase);
      if (skip > 0 && done && skip-- > 0) continue;
      if (drawn_ + 1 >= rows) break;
      out += line_of(layer, columns);
      ++drawn_;
    }
    write(out_, out);
  }

  // All of them, for good.
  void finish() {
    if (layers_.empty()) return;
    std::string out = erase();
    for (const Progress& layer : layers_) out += line_of(layer, screen().columns);
    write(out_, out);
    layers_.clear();
  }

  FdView out_;
  Log& log_;
  std::vector<Progress> layers_;
  size_t drawn_ = 0;
  int64_t next_frame_ = 0;
};

std::string amount(const Progress& progress) {
  return progress.total == 0 ? human_size(progress.current)
                             : text::cat(human_size(progress.current), "/", human_size(progress.total));
}

std::string bar(const Progress& progress, size_t columns) {
  const size_t width = columns - 2;
  const uint64_t part = std::min(progress.current, progress.total);
  const auto filled = static_cast<size_t>(static_cast<double>(part) / static_cast<double>(progress.total) *
                                          static_cast<double>(width));
  std::string out = "[" + std::string(filled, '=');
  if (filled < width) out += ">" + std::string(width - filled - 1, ' ');
  return out + "]";
}

std::string with_note(const std::string& text, const Progress& progress) {
  return progress.note.empty() ? text : text::cat(text, " ", progress.note);
}

}  // namespace

std::string describe_progress(const Progress& progress, size_t columns) {
  std::string text(image::phase_text(progress.phase));
  if (progress.phase == Phase::kRetrying) {
    text += text::cat(" ", progress.current, progress.current == 1 ? " second" : " seconds");
    if (!progress.note.empty()) text += text::cat(" (", progress.note, ")");
  } else if (!image::has_bar(progress.phase) || columns == 0) {
    text = with_note(text, progress);
  } else {
    const std::string numbers = amount(progress);
    const size_t taken = text.size() + numbers.size() + 2;
    if (progress.total > 0 && taken + kLeastBar <= columns)
      text += text::cat(" ", bar(progress, std::min(columns - taken, kBar)));
    text += text::cat(" ", numbers);
  }
  if (columns > 0 && text.size() > columns) text.resize(columns);
  return text;
}

ProgressStyle progress_style(std::string_view name, bool quiet, FdView out) {
  if (quiet) return ProgressStyle::kQuiet;
  if (name == "json") return ProgressStyle::kJson;
  if (name == "plain") return ProgressStyle::kLines;
  if (name == "bars") return ProgressStyle::kBars;
  return sys::tty_size(out).ok() ? ProgressStyle::kBars : ProgressStyle::kLines;
}

std::unique_ptr<image::Watcher> make_watcher(ProgressStyle style, FdView out, Log& log) {
  switch (style) {
    case ProgressStyle::kQuiet:
      return std::make_unique<Quiet>(log);
    case ProgressStyle::kLines:
      return std::make_unique<Lines>(out, log);
    case ProgressStyle::kBars:
      return std::make_unique<Bars>(out, log);
    case ProgressStyle::kJson:
      return std::make_unique<Json>(out, log);
  }
  return std::make_unique<Quiet>(log);
}

}  // namespace estiva::engine
