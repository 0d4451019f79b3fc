#include <algorithm>
#include <filesystem>

#include "core/scenario/loader.h"
#include "sim/pipeline/disk.h"
#include "tools/cdcsim/test_case.h"
#include "tools/cdcsim/test_progress.h"

namespace cdcsim::cli {

namespace {

namespace fs = std::filesystem;

/// YAML files below a directory that are not scenarios at all are passed over.
bool looks_like_scenario(const std::string& text) {
    for (std::string_view key : {"scenario:", "steps:"}) {
        if (text.starts_with(key) || text.find("\n" + std::string(key)) != std::string::npos) return true;
    }
    return false;
}

class Collector {
  public:
    std::vector<TestCase> collect(const std::vector<std::string>& paths) {
        for (const std::string& path : paths) {
            if (fs::is_directory(path)) {
                add_directory(path);
            } else if (auto text = disk_.read(path)) {
                add_file(path, std::move(*text));
            } else {
                throw UsageError{"cannot read " + path};
            }
        }
        return std::move(cases_);
    }

  private:
    void add_directory(const fs::path& folder) {
        std::vector<fs::path> entries;
        for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
        std::sort(entries.begin(), entries.end());
        for (const fs::path& path : entries) {
            if (path.filename().string().starts_with(".")) continue;
            if (fs::is_directory(path)) {
                add_directory(path);
            } else if (path.extension() == ".yaml" || path.extension() == ".yml") {
                auto text = disk_.read(path.string());
                if (text && looks_like_scenario(*text)) add_file(path.lexically_normal().string(), std::move(*text));
            }
        }
    }

    void add_file(const std::string& path, std::string text) {
        try {
            for (auto& scenario : scenario::load_scenarios(path, text, disk_)) {
                TestCase& test = cases_.emplace_back();
                test.title = scenario.title();
                test.scenario = std::move(scenario);
                test.text = text;
            }
        } catch (const scenario::ScenarioError& error) {
            TestCase& test = cases_.emplace_back();
            test.title = path;
            test.load_error = error.what();
        }
    }

    Disk disk_;
    std::vector<TestCase> cases_;
};

bool is_chosen(const TestCase& test, const OptionSet& options) {
    if (!test.load_error.empty()) return true;
    const auto filters = options.texts("filter");
    const auto matches = [&](const std::string& filter) {
        return test.title.find(filter) != std::string::npos || test.scenario.name.find(filter) != std::string::npos;
    };
    if (!filters.empty() && std::none_of(filters.begin(), filters.end(), matches)) return false;
    const auto tags = options.texts("tag");
    const auto& own = test.scenario.tags;
    return tags.empty() || std::any_of(tags.begin(), tags.end(), [&](const auto& tag) { return std::find(own.begin(), own.end(), tag) != own.end(); });
}

}  // namespace

std::vector<TestCase> collect_cases(const OptionSet& options, const std::vector<std::string>& paths) {
    std::vector<TestCase> cases = Collector().collect(paths);
    std::erase_if(cases, [&](const TestCase& test) { return !is_chosen(test, options); });
    if (cases.empty() && !options.has("list")) throw UsageError{"no scenario was found"};
    return cases;
}

Status list_cases(const std::vector<TestCase>& cases) {
    for (const TestCase& test : cases) write_out(test.title + "\n");
    return Status::kHeld;
}

}  // namespace cdcsim::cli
