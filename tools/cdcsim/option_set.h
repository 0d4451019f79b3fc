// The options of a subcommand, over cxxopts: --help, unknown options with the nearest known one,
// colour on a terminal unless NO_COLOR.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace cdcsim::cli {

class OptionSet {
  public:
    OptionSet(const std::string& synopsis, const std::string& help);
    ~OptionSet();

    /// `names` as cxxopts takes them: "q,quiet".
    OptionSet& flag(const std::string& names, const std::string& help);
    OptionSet& value(const std::string& names, const std::string& help, const std::string& argument);
    /// May be given several times.
    OptionSet& values(const std::string& names, const std::string& help, const std::string& argument);

    /// False: --help was asked for and has been printed. Throws UsageError.
    bool parse(const std::vector<std::string>& arguments);

    bool has(const std::string& name) const;
    std::string text(const std::string& name, const std::string& otherwise = "") const;
    std::vector<std::string> texts(const std::string& name) const;
    /// Throws UsageError if it is no whole number from 1.
    unsigned count(const std::string& name, unsigned otherwise) const;
    const std::vector<std::string>& paths() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// --color auto|always|never, NO_COLOR, and whether the stream is a terminal.
bool use_color(const OptionSet& options, int file_descriptor);

}  // namespace cdcsim::cli
