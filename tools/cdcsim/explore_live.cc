#include "tools/cdcsim/explore_live.h"

#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "tools/cdcsim/option_set.h"
#include "tools/cdcsim/progress_line.h"
#include "tools/live/unavailable.h"
#include "tools/live/wait.h"

namespace cdcsim::cli {

namespace {

using explore::ConnectorOptions;
using explore::Streamed;

constexpr std::uint64_t kBatchSize = 25;
constexpr std::size_t kSameLimit = 2;      // scenarios with a difference of one kind that are made smaller
constexpr std::size_t kTroubleLimit = 3;   // batches in a row that the stack does not carry through

struct Figures {
    std::uint64_t scenarios = 0, statements = 0, records = 0, differing = 0, left_out = 0;
    double live_seconds = 0;

    void add(const Figures& other) {
        scenarios += other.scenarios;
        statements += other.statements;
        records += other.records;
        differing += other.differing;
        left_out += other.left_out;
        live_seconds += other.live_seconds;
    }
};

/// The range's share of a batch.
std::vector<Streamed> members_of(const LiveExploreOptions& options, std::uint64_t batch) {
    const std::uint64_t begin = std::max(options.first, batch * kBatchSize), end = std::min(options.first + options.count, (batch + 1) * kBatchSize);
    std::vector<Streamed> out;
    for (std::uint64_t i = begin; i < end; ++i) out.push_back(explore::generate_streamed(options.seed, i));
    return out;
}

std::uint64_t batches_end(const LiveExploreOptions& options) { return (options.first + options.count + kBatchSize - 1) / kBatchSize; }

/// Which batches are done, and what they came to: a line for each, so that a killed run loses none.
class Progress {
  public:
    explicit Progress(const LiveExploreOptions& options) : path_(fmt::format("{}/live-progress-{}", options.folder, options.seed)) {
        std::filesystem::create_directories(options.folder);
        if (!options.resume) std::filesystem::remove(path_);
        std::ifstream file(path_);
        for (std::string line; std::getline(file, line);) {
            std::istringstream words(line);
            std::uint64_t batch = 0;
            Figures one;
            if (!(words >> batch >> one.scenarios >> one.statements >> one.records >> one.differing >> one.left_out)) continue;  // cut off by a kill
            if (done_.insert(batch).second) before_.add(one);
        }
    }

    bool is_done(std::uint64_t batch) const { return done_.count(batch) > 0; }
    const Figures& before() const { return before_; }

    void note(std::uint64_t batch, const Figures& one) {
        std::ofstream(path_, std::ios::app) << fmt::format("\n{} {} {} {} {} {}\n", batch, one.scenarios, one.statements, one.records, one.differing, one.left_out);
    }

  private:
    std::string path_;
    std::set<std::uint64_t> done_;
    Figures before_;
};

class Explorer {
  public:
    explicit Explorer(const LiveExploreOptions& options)
        : options_(options), progress_(options), next_(options.first / kBatchSize), end_(batches_end(options)), sum_(progress_.before()) {}

    Status run() {
        std::vector<std::thread> threads;
        const std::size_t workers = options_.stack.attaches() ? 1 : std::min<std::size_t>(options_.connectors, end_ - next_);
        for (std::size_t i = 0; i < workers; ++i) threads.emplace_back([this, i] { work(live::side_by_side(options_.stack, i)); });
        for (std::thread& thread : threads) thread.join();
        progress_line_.clear();
        if (trouble_) std::rethrow_exception(trouble_);
        report();
        return sum_.differing > 0 ? Status::kFailed : refused_.empty() ? Status::kHeld : Status::kNotSimulated;
    }

  private:
    void work(const live::StackOptions& stack) {
        std::size_t troubles = 0;
        while (const auto batch = next_batch()) {
            try {
                explore_batch(*batch, stack);
                troubles = 0;
            } catch (const live::Unavailable& trouble) {
                tell(fmt::format("batch {} was not run to its end: {}\n", *batch, trouble.what()));
                if (++troubles == kTroubleLimit) return stop();
            } catch (...) {
                return stop();
            }
        }
    }

    std::optional<std::uint64_t> next_batch() {
        const std::lock_guard<std::mutex> lock(mutex_);
        while (next_ < end_ && progress_.is_done(next_)) ++next_;
        if (trouble_ || next_ >= end_) return std::nullopt;
        return next_++;
    }

    /// The others end after their batches, or at the signal.
    void stop() {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!trouble_) trouble_ = std::current_exception();
    }

    void explore_batch(std::uint64_t batch, const live::StackOptions& stack) {
        const ConnectorOptions connector = explore::draw_connector(options_.seed, batch);
        std::vector<Streamed> members = members_of(options_, batch);
        Figures figures;
        figures.scenarios = members.size();
        try {
            Preparation ready = prepare(connector, members);
            figures.left_out = ready.left_out;
            note_refused(ready.refused);
            if (!ready.together.empty()) run_group(connector, ready.together, stack, figures);
            for (const Streamed& one : ready.alone) run_group(connector, {one}, stack, figures);
        } catch (const live::Unavailable&) {
            throw;
        } catch (const live::Interrupted&) {
            throw;
        } catch (const std::exception& error) {
            ++figures.differing;
            keep(fmt::format("explored-{}-batch-{}-exception", options_.seed, batch), fmt::format("# {}\n", error.what()));
        }
        finish(batch, figures);
    }

    void run_group(const ConnectorOptions& connector, const std::vector<Streamed>& members, const live::StackOptions& stack, Figures& figures) {
        const BatchRun run = run_batch(connector, members, stack);
        figures.statements += run.statements;
        figures.records += run.records;
        figures.live_seconds += run.live_seconds;
        if (!run.shape.empty()) {
            figures.left_out += members.size();
            if (members.size() > 1) return split(connector, members, stack, figures);
            return tell(fmt::format("{}: its shape depends on volatile values: {}\n", members[0].schema, run.shape));
        }
        std::set<std::size_t> seen;
        for (const BatchDifference& difference : run.differences) {
            if (!seen.insert(difference.member).second) continue;
            ++figures.differing;
            if (difference.member == members.size()) {
                keep(fmt::format("explored-{}-{}-together", options_.seed, members[0].schema),
                     commented(difference.failure) + explore::streamed_text("together", connector, run.members));
            } else if (is_new(difference.kind())) {
                look_closer({run.members[difference.member], connector, difference}, stack);
            }
        }
    }

    /// One of them is volatile: the halves tell which.
    void split(const ConnectorOptions& connector, const std::vector<Streamed>& members, const live::StackOptions& stack, Figures& figures) {
        figures.left_out -= members.size();
        const auto middle = members.begin() + static_cast<std::ptrdiff_t>(members.size() / 2);
        run_group(connector, {members.begin(), middle}, stack, figures);
        run_group(connector, {middle, members.end()}, stack, figures);
    }

    /// Alone, smaller, written out.
    void look_closer(Shrunk found, const live::StackOptions& stack) {
        const std::string name = fmt::format("explored-{}-{}", options_.seed, found.scenario.schema.substr(1));
        const std::string whole = commented(found.difference.failure) + explore::streamed_text(name, found.connector, {found.scenario});
        keep(name + "-whole", whole);
        if (options_.shrink_batches == 0) return tell(whole + "\n");
        found = shrink_streamed(std::move(found), stack, options_.shrink_batches);
        keep(name, commented(found.difference.failure) + explore::streamed_text(name, found.connector, {found.scenario}));
    }

    static std::string commented(const scenario::Failure& failure) {
        std::string out = "# ";
        for (const char c : scenario::print_failure(failure)) {
            out += c;
            if (c == '\n') out += "# ";
        }
        while (out.ends_with(' ') || out.ends_with('#')) out.pop_back();
        return out.ends_with('\n') ? out : out + "\n";
    }

    void keep(const std::string& name, const std::string& text) {
        const std::string path = options_.folder + "/" + name + ".yaml";
        std::ofstream(path) << text;
        if (!name.ends_with("-whole")) tell(path + "\n" + text + "\n");
    }

    void tell(const std::string& text) {
        const std::lock_guard<std::mutex> lock(mutex_);
        progress_line_.clear();
        write_out(text);
        flush_out();
    }

    bool is_new(const std::string& kind) {
        const std::lock_guard<std::mutex> lock(mutex_);
        return ++kinds_[kind] <= kSameLimit;
    }

    void note_refused(const std::map<std::string, std::size_t>& refused) {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const auto& [what, times] : refused) refused_[what] += times;
    }

    void finish(std::uint64_t batch, const Figures& figures) {
        const std::lock_guard<std::mutex> lock(mutex_);
        progress_.note(batch, figures);
        sum_.add(figures);
        here_.add(figures);
        progress_line_.show(summary());
    }

    std::string summary() const {
        const double seconds = live::now_seconds() - begin_;
        return fmt::format("{} scenarios, {} statements, {} records, {} scenarios differ, {} left out; {:.1f} scenarios/s ({:.1f} on the real side)", sum_.scenarios, sum_.statements,
                           sum_.records, sum_.differing, sum_.left_out, static_cast<double>(here_.scenarios) / seconds,
                           here_.live_seconds > 0 ? static_cast<double>(here_.scenarios * std::max<std::size_t>(1, options_.connectors)) / here_.live_seconds : 0.0);
    }

    void report() const {
        write_out(summary() + "\n");
        for (const auto& [kind, times] : kinds_) write_out(fmt::format("  {} x {}\n", times, kind));
        for (const auto& [what, times] : refused_) write_out(fmt::format("  not simulated {} x {}\n", times, what));
    }

    const LiveExploreOptions& options_;
    std::mutex mutex_;
    Progress progress_;
    ProgressLine progress_line_{true};
    std::uint64_t next_, end_;
    Figures sum_, here_;
    std::map<std::string, std::size_t> kinds_;
    std::map<std::string, std::uint64_t> refused_;
    std::exception_ptr trouble_;
    const double begin_ = live::now_seconds();
};

}  // namespace

std::string print_batches(const LiveExploreOptions& options) {
    std::string out;
    for (std::uint64_t batch = options.first / kBatchSize; batch < batches_end(options); ++batch) {
        out += explore::streamed_text(fmt::format("batch-{}-of-seed-{}", batch, options.seed), explore::draw_connector(options.seed, batch), members_of(options, batch));
    }
    return out;
}

Status explore_live(const LiveExploreOptions& options) { return Explorer(options).run(); }

}  // namespace cdcsim::cli
