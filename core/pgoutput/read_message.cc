#include "core/pgoutput/read_message.h"

#include "core/base/error.h"

namespace cdcsim::pgoutput {

namespace {

/// Big-endian fields of a message.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    std::uint64_t number(int size) {
        std::uint64_t value = 0;
        while (size-- > 0) {
            CDCSIM_CHECK(at_ < bytes_.size());
            value = value << 8 | static_cast<unsigned char>(bytes_[at_++]);
        }
        return value;
    }
    std::string text() {
        auto end = bytes_.find('\0', at_);
        CDCSIM_CHECK(end != bytes_.npos);
        std::string out(bytes_.substr(at_, end - at_));
        at_ = end + 1;
        return out;
    }
    std::string take(std::size_t size) {
        CDCSIM_CHECK(size <= bytes_.size() - at_);
        std::string out(bytes_.substr(at_, size));
        at_ += size;
        return out;
    }
    UnixMicros time() { return {static_cast<std::int64_t>(number(8)) + kPostgresEpochMicros}; }

  private:
    std::string_view bytes_;
    std::size_t at_ = 0;
};

Tuple read_tuple(Reader& in) {
    Tuple tuple(in.number(2));
    for (auto& column : tuple) {
        column.kind = static_cast<TupleColumn::Kind>(in.number(1));
        if (column.kind == TupleColumn::Kind::kText) column.text = in.take(in.number(4));
    }
    return tuple;
}

Relation read_relation(Reader& in) {
    Relation out;
    out.id = static_cast<Oid>(in.number(4));
    out.schema = in.text();
    out.table = in.text();
    out.replica_identity = static_cast<char>(in.number(1));
    out.columns.resize(in.number(2));
    for (auto& column : out.columns) {
        column.key = in.number(1) & 1;
        column.name = in.text();
        column.type = static_cast<Oid>(in.number(4));
        column.typmod = static_cast<std::int32_t>(in.number(4));
    }
    return out;
}

Update read_update(Reader& in) {
    Update out;
    out.relation = static_cast<Oid>(in.number(4));
    auto kind = static_cast<char>(in.number(1));
    if (kind != 'N') {
        out.old_kind = kind;
        out.before = read_tuple(in);
        in.number(1);
    }
    out.after = read_tuple(in);
    return out;
}

}  // namespace

Body read_message(std::string_view bytes) {
    Reader in(bytes);
    switch (static_cast<char>(in.number(1))) {
        case 'B': {
            Begin out;
            out.final_lsn = {in.number(8)};
            out.commit_time = in.time();
            out.xid = {static_cast<std::uint32_t>(in.number(4))};
            return out;
        }
        case 'C': {
            Commit out;
            out.flags = static_cast<std::uint8_t>(in.number(1));
            out.commit_lsn = {in.number(8)};
            out.end_lsn = {in.number(8)};
            out.commit_time = in.time();
            return out;
        }
        case 'O': {
            Origin out;
            out.commit_lsn = {in.number(8)};
            out.name = in.text();
            return out;
        }
        case 'R':
            return read_relation(in);
        case 'Y': {
            Type out;
            out.id = static_cast<Oid>(in.number(4));
            return out;
        }
        case 'I': {
            Insert out;
            out.relation = static_cast<Oid>(in.number(4));
            in.number(1);
            out.after = read_tuple(in);
            return out;
        }
        case 'U':
            return read_update(in);
        case 'D': {
            Delete out;
            out.relation = static_cast<Oid>(in.number(4));
            out.old_kind = static_cast<char>(in.number(1));
            out.before = read_tuple(in);
            return out;
        }
        case 'T': {
            Truncate out;
            out.relations.resize(in.number(4));
            auto flags = in.number(1);
            out.cascade = flags & 1;
            out.restart_identity = flags & 2;
            for (auto& relation : out.relations) relation = static_cast<Oid>(in.number(4));
            return out;
        }
        case 'M': {
            LogicalMessage out;
            out.transactional = in.number(1) == 1;
            out.lsn = {in.number(8)};
            out.prefix = in.text();
            out.content = in.take(in.number(4));
            return out;
        }
        default:
            throw InternalError(__FILE__, __LINE__, "not a pgoutput message");
    }
}

}  // namespace cdcsim::pgoutput
