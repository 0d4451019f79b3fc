// Heaps: what a snapshot sees, undo, look-ups, and the places of versions against recordings of a
// real server.
#include "sim/postgres/storage/heap.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <map>
#include <sstream>

#include "sim/postgres/storage/pglz.h"
#include "tests/unit/test_host.h"

namespace cdcsim::pg {
namespace {

Column column(int attno, const char* name, Oid type, char storage) {
    Column result;
    result.attno = attno;
    result.name = name;
    result.type = type;
    result.storage = storage;
    return result;
}

std::string ctid(std::int64_t rid) {
    return "(" + std::to_string(rid >> 16) + "," + std::to_string(rid & 0xFFFF) + ")";
}

/// t(id int primary key, n int, s text)
struct Fixture {
    TestHost host;
    Relation relation;

    Fixture() {
        host.owned_database = open_database();
        relation.file_node = 20000;
        relation.columns = {column(1, "id", oid::kInt4, 'p'), column(2, "n", oid::kInt4, 'p'),
                            column(3, "s", oid::kText, 'x')};
        Index key;
        key.oid = 20001;
        key.unique = true;
        key.keys.push_back({.attno = 1, .expr = {}, .label = {}, .descending = false, .nulls_first = false});
        relation.indexes.push_back(key);
        db().create_table(relation);
        std::vector<int> attnos{1};
        db().create_index(relation, 20001, attnos);
    }
    Database& db() { return host.database(); }

    RowVersion insert(std::vector<Datum> row, const RowVersion* replaces = nullptr) {
        NewVersion version{.columns = row, .born = ++host.command, .xmin = Xid{1},
                           .replaces = replaces, .assigned = {}};
        RowVersion result = db().insert(host, relation, version);
        if (replaces != nullptr) db().kill(relation.file_node, replaces->rid, host.command, Xid{1});
        result.columns = std::move(row);
        return result;
    }
    RowVersion row(int id, int n, std::string s) {
        return insert({Datum::of_int(id), Datum::of_int(n), Datum::of_text(std::move(s))});
    }
    std::string rows(Snapshot snapshot) {
        std::string out;
        db().scan(host, relation, snapshot, [&](RowVersion& version) {
            out += std::to_string(version.columns[0].as_int()) + version.columns[2].as_text() + " ";
            return true;
        });
        return out;
    }
};

TEST_CASE_METHOD(Fixture, "A snapshot sees what was born and had not died") {
    RowVersion one = row(1, 0, "a");
    Snapshot before = host.take_snapshot();
    RowVersion two = insert({Datum::of_int(1), Datum::of_int(0), Datum::of_text("b")}, &one);
    Snapshot after = host.take_snapshot();
    row(2, 0, "c");
    CHECK(rows(before) == "1a ");
    CHECK(rows(after) == "1b ");
    CHECK(rows(host.take_snapshot()) == "1b 2c ");
    Snapshot other = host.take_snapshot();
    other.in_progress = {Xid{1}};
    CHECK(rows(other).empty());
    db().undo_insert(relation.file_node, two.rid);
    db().undo_kill(relation.file_node, one.rid);
    CHECK(rows(host.take_snapshot()) == "1a 2c ");
    CHECK(db().fetch(relation, one.rid)->died == kNeverDied);
    CHECK_FALSE(db().fetch(relation, two.rid));
}

TEST_CASE_METHOD(Fixture, "find_equal looks rows up, NULL only if asked to") {
    row(1, 5, "a");
    row(2, 5, "b");
    insert({Datum::of_int(3), Datum(), Datum::of_text("c")});
    std::vector<int> attnos{2};
    std::vector<Datum> five{Datum::of_int(5)}, null{Datum()};
    CHECK(db().find_equal(host, relation, attnos, five, false).size() == 2);
    CHECK(db().find_equal(host, relation, attnos, null, false).empty());
    CHECK(db().find_equal(host, relation, attnos, null, true).size() == 1);
}

TEST_CASE_METHOD(Fixture, "has_other knows the other versions with a key, however the keys came") {
    auto others = [&](int id, std::int64_t self) {
        std::vector<Datum> key{Datum::of_int(id)};
        return db().has_other(host, relation, 20001, key, self);
    };
    CHECK_FALSE(others(1, -1));
    RowVersion five = row(5, 0, "a");
    CHECK_FALSE(others(5, five.rid));
    CHECK(others(5, -1));
    CHECK_FALSE(others(6, -1));
    RowVersion three = row(3, 0, "less than the greatest");
    CHECK_FALSE(others(3, three.rid));
    RowVersion again = row(5, 0, "equal to the greatest");
    CHECK(others(5, again.rid));
    CHECK(others(5, five.rid));
    row(9, 0, "greatest");
    CHECK(others(5, again.rid));
    db().undo_insert(relation.file_node, again.rid);
    CHECK_FALSE(others(5, five.rid));
    // An index that comes later knows the rows that are there.
    db().drop_index(20001);
    std::vector<int> attnos{1};
    db().create_index(relation, 20001, attnos);
    CHECK(others(9, -1));
    CHECK_FALSE(others(10, -1));
    db().truncate(relation.file_node);
    CHECK_FALSE(others(9, -1));
}

TEST_CASE_METHOD(Fixture, "TOAST: repetitive text stays inline, random text goes out of line") {
    CHECK(row(1, 0, std::string(100'000, 'x')).external.at(2) == false);
    std::string random;
    std::uint64_t state = 1;
    while (random.size() < 9'600) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        random += "0123456789abcdef"[state >> 60];
    }
    RowVersion big = row(2, 0, random);
    CHECK(big.external.at(2));
    RowVersion next = insert({Datum::of_int(2), Datum::of_int(1), Datum::of_text(random)}, &big);
    CHECK(next.external.at(2));
    relation.columns[2].storage = 'p';
    CHECK_THROWS_AS(row(3, 0, random), SqlError);
}

// Recorded: lines of `operation arguments ctid` (i insert id length, u update id length, k change of
// the key, d delete, s sequential scan; r before it: rolled back), each a transaction of its own.
TEST_CASE("Versions lie where PostgreSQL puts them") {
    std::ifstream file(CDCSIM_TEST_DIR "/storage/placement.txt");
    REQUIRE(file);
    std::unique_ptr<Fixture> fixture;
    std::map<int, RowVersion> live;
    std::string scenario;
    int line_number = 0, count = 0;
    for (std::string line; std::getline(file, line);) {
        ++line_number;
        std::istringstream words(line);
        std::string operation;
        words >> operation;
        if (operation == "scenario") {
            fixture = std::make_unique<Fixture>();
            live.clear();
            words >> scenario;
            continue;
        }
        bool rolled_back = operation.front() == 'r';
        if (rolled_back) operation.erase(0, 1);
        int id = 0, argument = 0;
        std::string expected;
        if (operation != "s") words >> id;
        if (operation != "s" && operation != "d") words >> argument;
        words >> expected;
        Database& db = fixture->db();
        std::uint32_t node = fixture->relation.file_node;
        db.set_horizon(fixture->host.command);
        if (operation == "u" || operation == "d" || operation == "k") {
            std::vector<int> key{1};
            std::vector<Datum> value{Datum::of_int(id)};
            db.visit_index(fixture->host, fixture->relation, key, value);
            db.prune_block(node, static_cast<std::uint32_t>(live.at(id).rid >> 16));
        }
        INFO("line " << line_number << " of scenario " << scenario << ": " << line);
        if (operation == "s") {
            fixture->rows(fixture->host.take_snapshot());
            continue;
        }
        if (operation == "d") {
            db.kill(node, live.at(id).rid, ++fixture->host.command, Xid{1});
            if (rolled_back) {
                db.undo_kill(node, live.at(id).rid);
            } else {
                live.erase(id);
            }
            continue;
        }
        std::vector<Datum> values{Datum::of_int(id), Datum::of_int(0)};
        values.push_back(Datum::of_text(std::string(static_cast<std::size_t>(argument), 'x')));
        const RowVersion* old = nullptr;
        if (operation != "i") {
            old = &live.at(id);
            values[1] = Datum::of_int(old->columns[1].as_int() + 1);
        }
        if (operation == "k") {
            values = old->columns;
            values[0] = Datum::of_int(argument);
        }
        RowVersion fresh = fixture->insert(values, old);
        REQUIRE(ctid(fresh.rid) == expected);
        ++count;
        if (rolled_back) {
            db.undo_insert(node, fresh.rid);
            if (old != nullptr) db.undo_kill(node, old->rid);
            continue;
        }
        if (operation == "k") {
            live.erase(id);
            live[argument] = std::move(fresh);
        } else {
            live[id] = std::move(fresh);
        }
    }
    CHECK(count > 1000);
}

}  // namespace
}  // namespace cdcsim::pg
