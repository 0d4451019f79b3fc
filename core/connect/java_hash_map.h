// A string map that iterates in java.util.HashMap's order, which shows in hstore values and in the
// data_collections of a transaction's END.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdcsim::connect {

/// String.hashCode() of a UTF-8 text, over its UTF-16 units.
std::int32_t java_string_hash(std::string_view utf8);

/// Mirrors HashMap's buckets: a power of two of at least 16, load factor 0.75, new entries at
/// the end of their bucket, order kept when the table grows.
template <class Value>
class JavaHashMap {
  public:
    using Entry = std::pair<std::string, Value>;

    /// The value of `key`, inserted value-initialised if missing.
    Value& operator[](const std::string& key) {
        for (auto& entry : entries_)
            if (entry.first == key) return entry.second;
        entries_.emplace_back(key, Value{});
        while (entries_.size() * 4 > buckets_ * 3) buckets_ *= 2;
        return entries_.back().second;
    }
    const Value* find(std::string_view key) const {
        for (const auto& entry : entries_)
            if (entry.first == key) return &entry.second;
        return nullptr;
    }
    bool empty() const { return entries_.empty(); }
    /// Keeps the number of buckets, as Java does.
    void clear() { entries_.clear(); }
    const std::vector<Entry>& in_insertion_order() const { return entries_; }

    /// Pointers to the entries in Java's order; valid until the next change.
    std::vector<const Entry*> in_java_order() const {
        std::vector<std::vector<const Entry*>> table(buckets_);
        for (const auto& entry : entries_) {
            auto hash = static_cast<std::uint32_t>(java_string_hash(entry.first));
            table[(hash ^ hash >> 16) & (buckets_ - 1)].push_back(&entry);
        }
        std::vector<const Entry*> order;
        for (const auto& bucket : table) order.insert(order.end(), bucket.begin(), bucket.end());
        return order;
    }

  private:
    std::vector<Entry> entries_;
    std::size_t buckets_ = 16;
};

}  // namespace cdcsim::connect
