// The topics of a run as those who judge, print and compare them see them, simulated or live.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/kafka/record.h"

namespace cdcsim::kafka {

class Topics {
  public:
    /// Where one record landed.
    struct Place {
        std::string topic;
        std::size_t offset = 0;
    };
    virtual ~Topics() = default;
    /// The topics that hold records, sorted byte by byte.
    virtual std::vector<std::string> names() const = 0;
    /// 0 if there is no such topic.
    virtual std::size_t size(std::string_view topic) const = 0;
    /// REQUIRES: offset < size(topic).
    virtual const Record& at(std::string_view topic, std::size_t offset) const = 0;
    /// How many records all topics hold, and the place of each in the order of their commits.
    virtual std::size_t total() const = 0;
    virtual Place arrival(std::size_t index) const = 0;
};

}  // namespace cdcsim::kafka
