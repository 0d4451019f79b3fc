#include "tools/live/explore/explorer.h"

#include <cctype>
#include <filesystem>
#include <fstream>

#include "tools/live/explore/generate.h"

namespace cdcsim::explore {

namespace {

// Without quoted parts and numbers: differences of one kind have the same.
std::string skeleton(const std::string& text) {
    std::string out;
    char quote = 0;
    for (const char c : text) {
        if (quote != 0) {
            if (c == quote) quote = 0;
            continue;
        }
        if (c == '\'' || c == '"') quote = c;
        if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
            if (out.empty() || out.back() != '#') out += '#';
        } else {
            out += c;
        }
    }
    return out.substr(0, 100);
}

bool is_about_rows(const std::string& field) { return field == "rows" || field == "row order" || field == "tag" || field == "columns"; }

std::string kind_of(const Difference& difference) {
    const Mismatch& m = difference.mismatch;
    if (is_about_rows(m.field)) return m.field + ": " + skeleton(difference.sql);
    return m.field + ": " + skeleton(m.real) + " / " + skeleton(m.simulated);
}

std::string commented(const std::string& title, const std::string& text) {
    std::string out = "# " + title + ": ";
    for (const char c : text) {
        out += c;
        if (c == '\n') out += "#   ";
    }
    return out + "\n";
}

// As a scenario file whose golden the recorder can write.
std::string scenario_text(const std::string& name, const Statements& script, const ScriptRun& run) {
    std::string out = commented("field", run.difference->mismatch.field) + commented("real", run.difference->mismatch.real) + commented("simulated", run.difference->mismatch.simulated);
    out += "scenario: " + name + "\nsteps:\n  - sql: |\n";
    for (const Piece& piece : script) out += "      " + render(piece) + ";\n";
    if (!run.errors.empty()) {
        out += "    error: [";
        for (const std::string& code : run.errors) out += (&code == &run.errors.front() ? "\"" : ", \"") + code + "\"";
        out += "]\n";
    }
    return out;
}

class Exploring {
  public:
    Exploring(const ExploreOptions& options, const Sides& sides) : options_(options), sides_(sides) {}

    std::string run_one(std::uint64_t index) {
        const Statements script = generate_script(options_.seed, index);
        const ScriptRun run = run_script(script, sides_);
        ++report_.scenarios;
        report_.statements += run.statements;
        report_.errors += run.errors.size();
        for (const auto& [what, times] : run.refused) report_.refused[what] += times;
        if (!run.difference) return "";
        ++report_.differing;
        // One kind may show in many statements; only so many of them are worth shrinking.
        if (!is_about_rows(run.difference->mismatch.field) && ++seen_[kind_of(*run.difference)] > options_.same_limit) return "";
        return keep(index, shrink(script, run.difference->mismatch.field, sides_, options_.shrink_budget));
    }

    ExploreReport& report() { return report_; }

  private:
    std::string keep(std::uint64_t index, const Statements& script) {
        const ScriptRun run = run_script(script, sides_);
        if (!run.difference) return "scenario " + std::to_string(index) + ": the difference does not repeat\n";
        const std::string kind = kind_of(*run.difference);
        if (++report_.kinds[kind] > options_.same_limit) return "";
        const std::string name = "explored-" + std::to_string(options_.seed) + "-" + std::to_string(index);
        const std::string text = scenario_text(name, script, run);
        std::filesystem::create_directories(options_.folder);
        const std::string path = options_.folder + "/" + name + ".yaml";
        std::ofstream(path) << text;
        return path + "\n" + text + "\n";
    }

    const ExploreOptions& options_;
    const Sides& sides_;
    ExploreReport report_;
    std::map<std::string, std::size_t> seen_;
};

}  // namespace

std::string scripts_as_text(const ExploreOptions& options) {
    std::string out;
    for (std::uint64_t i = 0; i < options.count; ++i) {
        out += "-- scenario " + std::to_string(options.first + i) + " of seed " + std::to_string(options.seed) + "\n";
        for (const Piece& piece : generate_script(options.seed, options.first + i)) out += render(piece) + ";\n";
    }
    return out;
}

ExploreReport explore_sql(const ExploreOptions& options, const Sides& sides, const ExploreObserver& observer) {
    Exploring exploring(options, sides);
    for (std::uint64_t i = 0; i < options.count; ++i) observer(exploring.report(), exploring.run_one(options.first + i));
    return exploring.report();
}

}  // namespace cdcsim::explore
