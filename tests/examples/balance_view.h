// A consumer of change events, as applications have them: it keeps the sum of all transactions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

class BalanceView {
  public:
    /// A change event's key and value. The same event may come twice.
    void on_message(std::optional<std::string_view> key, std::optional<std::string_view> value) {
        if (!key || !value) return;  // a tombstone: the delete before it has told all
        const auto event = nlohmann::json::parse(*value)["payload"];
        const std::string id = nlohmann::json::parse(*key)["payload"]["transaction_id"];
        if (event["after"].is_null()) {
            cents_.erase(id);
        } else {
            cents_[id] = cents_of(event["after"]["amount"].get<std::string>());
        }
    }

    std::string total() const {
        std::int64_t sum = 0;
        for (const auto& [id, cents] : cents_) sum += cents;
        const std::string fraction = std::to_string(100 + sum % 100).substr(1);
        return std::to_string(sum / 100) + "." + fraction;
    }

  private:
    static std::int64_t cents_of(const std::string& amount) {
        const std::size_t point = amount.find('.');
        std::string fraction = point == std::string::npos ? "" : amount.substr(point + 1, 2);
        fraction.resize(2, '0');
        return std::stoll(amount.substr(0, point)) * 100 + std::stoll(fraction);
    }

    std::map<std::string, std::int64_t> cents_;  // by transaction: an event that comes again changes nothing
};
