// java.text.SimpleDateFormat in UTC and Locale.ENGLISH, as far as transforms use it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::debezium {

/// Java's IllegalArgumentException.getMessage().
struct DatePatternError {
    std::string message;
};

class JavaDateFormat {
  public:
    /// Throws DatePatternError where Java's constructor throws, NotSimulated for letters that are not built.
    explicit JavaDateFormat(std::string_view pattern);

    /// Throws NotSimulated for moments before the Gregorian calendar.
    std::string format(std::int64_t millis) const;
    /// Leniently, as parse(String) does: what follows the pattern is not read. nullopt: ParseException.
    std::optional<std::int64_t> parse(std::string_view text) const;

  private:
    /// A run of one letter, or a literal (letter 0).
    struct Item {
        char letter;
        int count;
        std::string literal;
    };
    struct Fields;
    static std::optional<std::int64_t> read_number(std::string_view text, std::size_t& at);
    static bool read_zone(std::string_view text, std::size_t& at, const Item& item, Fields& fields);
    static bool read_item(std::string_view text, std::size_t& at, const Item& item, Fields& fields);
    static std::string item_text(const Item& item, std::int64_t millis);

    std::vector<Item> items_;
};

}  // namespace cdcsim::debezium
