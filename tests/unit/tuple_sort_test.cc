// The order of ties: recorded from PostgreSQL 15 (tests/row_order/sorts.sql has the whole way there).
#include "sim/postgres/storage/tuple_sort.h"

#include <catch2/catch.hpp>

using namespace cdcsim::pg;

namespace {

struct Item {
    int key = 0, number = 0;
};

std::vector<Item> items(std::initializer_list<int> keys) {
    std::vector<Item> result;
    for (int key : keys) result.push_back({key, static_cast<int>(result.size())});
    return result;
}

int by_key(const Item& a, const Item& b) { return a.key - b.key; }

std::vector<int> numbers(const std::vector<Item>& sorted) {
    std::vector<int> result;
    for (const Item& item : sorted) result.push_back(item.number);
    return result;
}

}  // namespace

TEST_CASE("sorted input and few rows stay stable") {
    auto few = items({2, 1, 2, 1, 2, 1});
    tuple_sort(few, 0, by_key);
    CHECK(numbers(few) == std::vector<int>{1, 3, 5, 0, 2, 4});
    auto sorted = items({1, 1, 1, 2, 2, 2, 3, 3});
    tuple_sort(sorted, 0, by_key);
    CHECK(numbers(sorted) == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("quicksort moves ties about") {
    auto eight = items({3, 9, 1, 3, 2, 1, 2, 2});
    tuple_sort(eight, 0, by_key);
    CHECK(numbers(eight) == std::vector<int>{2, 5, 7, 4, 6, 3, 0, 1});
}

TEST_CASE("a bounded heap keeps the first rows of the order") {
    std::vector<Item> many;
    for (int i = 0; i < 50; ++i) many.push_back({i * 7 % 5, i});
    tuple_sort(many, 3, by_key);
    REQUIRE(many.size() == 3);
    for (const Item& item : many) CHECK(item.key == 0);
}

TEST_CASE("an incremental sort gives all rows, group by group") {
    std::vector<Item> input;
    for (int i = 0; i < 300; ++i) input.push_back({i / 100 * 10 + i * 3 % 4, i});
    auto same = [](const Item& a, const Item& b) { return a.key / 10 == b.key / 10; };
    auto rest = [](const Item& a, const Item& b) { return a.key % 10 - b.key % 10; };
    std::span<const Item> rows = input;
    std::vector<Item> sorted = IncrementalSort(rows, 0, same, by_key, rest).run();
    REQUIRE(sorted.size() == input.size());
    for (std::size_t i = 1; i < sorted.size(); ++i) CHECK(sorted[i - 1].key <= sorted[i].key);
    CHECK(IncrementalSort(rows, 5, same, by_key, rest).run().size() >= 5);
}
