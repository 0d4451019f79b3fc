#include "tools/cdcsim/option_set.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cxxopts.hpp>

#include "core/scenario/grammar.h"
#include "tools/cdcsim/command.h"

namespace cdcsim::cli {

struct OptionSet::Impl {
    explicit Impl(const std::string& synopsis, const std::string& help) : options("cdcsim " + synopsis, help) {}
    cxxopts::Options options;
    cxxopts::ParseResult result;
    std::vector<std::string> names{"-h", "--help"}, paths;

    /// Names the first argument that is no option of ours.
    std::string unknown(const std::vector<std::string>& arguments) const {
        const std::vector<std::string_view> known(names.begin(), names.end());
        for (const std::string& argument : arguments) {
            const std::string name = argument.starts_with("--") ? argument.substr(0, argument.find('=')) : argument.substr(0, 2);
            const bool is_option = name.size() > 1 && name.starts_with("-") && name != "--";
            if (is_option && std::find(names.begin(), names.end(), name) == names.end()) {
                return "unknown option " + name + scenario::suggest(name, known);
            }
        }
        return "unknown option";
    }
};

OptionSet::OptionSet(const std::string& synopsis, const std::string& help) : impl_(std::make_unique<Impl>(synopsis, help)) {
    impl_->options.custom_help("");
    impl_->options.set_width(100);
    impl_->options.add_options()("h,help", "this text");
}
OptionSet::~OptionSet() = default;

namespace {

/// `q,quiet` as `-q` and `--quiet`.
void add_names(std::vector<std::string>& out, const std::string& names) {
    const std::size_t comma = names.find(',');
    if (comma != std::string::npos) out.push_back("-" + names.substr(0, comma));
    out.push_back("--" + names.substr(comma == std::string::npos ? 0 : comma + 1));
}

}  // namespace

OptionSet& OptionSet::flag(const std::string& names, const std::string& help) {
    impl_->options.add_options()(names, help);
    add_names(impl_->names, names);
    return *this;
}

OptionSet& OptionSet::value(const std::string& names, const std::string& help, const std::string& argument) {
    impl_->options.add_options()(names, help, cxxopts::value<std::string>(), argument);
    add_names(impl_->names, names);
    return *this;
}

// Taken as single texts and collected by hand: cxxopts splits lists at commas, which values hold.
OptionSet& OptionSet::values(const std::string& names, const std::string& help, const std::string& argument) {
    return value(names, help, argument);
}

bool OptionSet::parse(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv{"cdcsim"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    try {
        impl_->result = impl_->options.parse(static_cast<int>(argv.size()), argv.data());
    } catch (const cxxopts::exceptions::no_such_option&) {
        throw UsageError{impl_->unknown(arguments)};
    } catch (const cxxopts::exceptions::exception& error) {
        throw UsageError{error.what()};
    }
    impl_->paths = impl_->result.unmatched();
    for (const std::string& path : impl_->paths) {
        if (path.size() > 1 && path.starts_with("-")) throw UsageError{"unknown option " + path};
    }
    if (!impl_->result.count("help")) return true;
    write_out(impl_->options.help());
    return false;
}

bool OptionSet::has(const std::string& name) const { return impl_->result.count(name) > 0; }

std::string OptionSet::text(const std::string& name, const std::string& otherwise) const {
    const auto all = texts(name);
    return all.empty() ? otherwise : all.back();
}

std::vector<std::string> OptionSet::texts(const std::string& name) const {
    std::vector<std::string> out;
    for (const auto& argument : impl_->result.arguments()) {
        if (argument.key() == name) out.push_back(argument.value());
    }
    return out;
}

unsigned OptionSet::count(const std::string& name, unsigned otherwise) const {
    const std::string given = text(name);
    if (given.empty()) return otherwise;
    unsigned out = 0;
    const auto parsed = std::from_chars(given.data(), given.data() + given.size(), out);
    if (parsed.ec != std::errc() || parsed.ptr != given.data() + given.size() || out == 0) {
        throw UsageError{"--" + name + " takes a whole number from 1, not " + given};
    }
    return out;
}

const std::vector<std::string>& OptionSet::paths() const { return impl_->paths; }

bool use_color(const OptionSet& options, int file_descriptor) {
    const std::string choice = options.text("color", "auto");
    if (choice == "always") return true;
    if (choice == "never") return false;
    if (choice != "auto") throw UsageError{"--color is auto, always or never, not " + choice};
    const char* no_color = std::getenv("NO_COLOR");
    return !(no_color && *no_color) && isatty(file_descriptor);
}

}  // namespace cdcsim::cli
