#include "tests/benchmark/workload.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace cdcsim::benchmark {

namespace {

std::string key_of(std::size_t number) { return fmt::format("9cd1ac20-7a42-4a0f-8f30-{:012x}", number); }

}  // namespace

const char* const kCreateTable =
    "CREATE TABLE transactions (transaction_id VARCHAR(255) PRIMARY KEY, user_id VARCHAR(255), timestamp TIMESTAMP, "
    "amount DECIMAL, currency VARCHAR(255), city VARCHAR(255), country VARCHAR(255), merchant_name VARCHAR(255), "
    "payment_method VARCHAR(255), ip_address VARCHAR(255), voucher_code VARCHAR(255), affiliateId VARCHAR(255))";

std::string change_info_trigger() {
    // The chapter's own text: from its ALTER TABLE to the CREATE TRIGGER.
    const std::string path = CDCSIM_SOURCES "/scenarios/tutorial/05_change_info.yaml";
    std::ifstream file(path);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const std::size_t begin = text.find("ALTER TABLE transactions REPLICA IDENTITY FULL");
    const std::size_t end = text.find("- sql: UPDATE");
    if (begin == std::string::npos || end == std::string::npos) throw std::runtime_error(path + " has changed");
    return text.substr(begin, end - begin);
}

std::string insert_text(std::size_t number) {
    return fmt::format(
        "INSERT INTO transactions(transaction_id, user_id, timestamp, amount, currency, city, country, merchant_name, "
        "payment_method, ip_address, voucher_code, affiliateId) VALUES ('{}', 'user{}', '2024-01-15T10:{:02}:{:02}', {}.{:02}, "
        "'USD', 'Port {}', 'Saint Lucia', 'Hall, Diaz and Cruz {}', 'credit_card', '192.168.{}.{}', '', 'affiliate-{}')",
        key_of(number), number % 1000, number / 60 % 60, number % 60, number % 10000, number % 100, number % 977, number % 499,
        number / 256 % 256, number % 256, number);
}

std::string insert_select_text(std::size_t rows) {
    return fmt::format(
        "INSERT INTO transactions SELECT 'key' || g, 'user' || g % 1000, '2024-01-15T10:30:00', g * 1.01, 'USD', "
        "'Port Jeffrey', 'Saint Lucia', 'Hall, Diaz and Cruz', 'credit_card', '192.168.11.7', '', 'affiliate-' || g "
        "FROM generate_series(1, {}) g",
        rows);
}

std::string insert_select_text_sqlite(std::size_t rows) {
    return fmt::format(
        "WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < {}) "
        "INSERT INTO transactions SELECT 'key' || g, 'user' || g % 1000, '2024-01-15T10:30:00', g * 1.01, 'USD', "
        "'Port Jeffrey', 'Saint Lucia', 'Hall, Diaz and Cruz', 'credit_card', '192.168.11.7', '', 'affiliate-' || g FROM n",
        rows);
}

std::string update_text(std::size_t number, std::size_t rows) {
    return fmt::format("UPDATE transactions SET amount = {}.{:02} WHERE transaction_id = '{}'", number % 100'000, number % 97,
                       key_of(number * 7919 % rows));
}

}  // namespace cdcsim::benchmark
