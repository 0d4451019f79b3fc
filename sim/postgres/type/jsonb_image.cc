// The binary form of jsonb: JsonbContainer, as convertToJsonb writes it.
//   container = header:uint32 (count | flags), entries, data
//   entry     = JEntry:uint32 (type | length, or | end offset with HAS_OFF at every 32nd)
//   An array has one entry for each element; an object first those of its keys, then of its values.
//   A top-level scalar is an array of one element with the scalar flag. Numerics and containers are
//   aligned to 4 bytes inside the varlena, counted with its length word; the padding is theirs.
#include <cstdint>
#include <vector>

#include "sim/postgres/function/registry.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/jsonb.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

constexpr std::uint32_t kScalarFlag = 0x10000000, kObjectFlag = 0x20000000,
                        kArrayFlag = 0x40000000;
constexpr std::uint32_t kStringEntry = 0, kNumericEntry = 0x10000000, kFalseEntry = 0x20000000,
                        kTrueEntry = 0x30000000, kNullEntry = 0x40000000,
                        kContainerEntry = 0x50000000, kHasOffset = 0x80000000,
                        kLengthMask = 0x0FFFFFFF;
constexpr std::uint32_t kOffsetStride = 32;

class ImageWriter {
  public:
    ImageWriter(Environment& env, std::string& out) : env_(env), out_(out), origin_(out.size()) {}

    void root(std::string_view value) {
        if (!jsonb_is_scalar(value)) {
            container(value);
            return;
        }
        append(1 | kArrayFlag | kScalarFlag);
        std::size_t entry = out_.size();
        append(0);
        store(entry, scalar(value));
    }

  private:
    void append(std::uint32_t word) {
        for (int i = 0; i < 4; ++i) out_ += static_cast<char>(word >> (8 * i));
    }
    void store(std::size_t at, std::uint32_t word) {
        for (int i = 0; i < 4; ++i) out_[at + static_cast<std::size_t>(i)] =
            static_cast<char>(word >> (8 * i));
    }
    std::uint32_t pad() {
        std::size_t padding = (4 - (out_.size() - origin_) % 4) % 4;
        out_.append(padding, '\0');
        return static_cast<std::uint32_t>(padding);
    }

    std::uint32_t numeric(std::string_view value) {
        std::uint32_t padding = pad();
        const TypeInfo& type = env_.type(oid::kNumeric);
        std::size_t start = out_.size();
        append(0);
        type.ops->to_disk(env_, type, Datum::of_text(value), out_);
        auto length = static_cast<std::uint32_t>(out_.size() - start);
        store(start, length << 2);
        return kNumericEntry | (padding + length);
    }

    std::uint32_t string(std::string_view quoted) {
        std::size_t start = out_.size();
        append_json_unescaped(quoted, out_);
        return kStringEntry | static_cast<std::uint32_t>(out_.size() - start);
    }

    std::uint32_t scalar(std::string_view value) {
        switch (jsonb_kind(value)) {
            case JsonbKind::kString: return string(value);
            case JsonbKind::kNumeric: return numeric(value);
            case JsonbKind::kBool: return value[0] == 't' ? kTrueEntry : kFalseEntry;
            default: return kNullEntry;
        }
    }

    std::uint32_t any(std::string_view value) {
        return jsonb_is_scalar(value) ? scalar(value) : container(value);
    }

    /// Writes entry `index` of the container whose entries start at `entries`.
    void entry(std::size_t entries, std::uint32_t index, std::uint32_t meta, std::uint32_t& total) {
        total += meta & kLengthMask;
        if (index % kOffsetStride == 0) meta = (meta & ~kLengthMask) | total | kHasOffset;
        store(entries + 4 * index, meta);
    }

    std::uint32_t container(std::string_view value) {
        std::size_t base = out_.size();
        pad();
        bool object = jsonb_is_object(value);
        auto count = static_cast<std::uint32_t>(jsonb_count(value));
        append(count | (object ? kObjectFlag : kArrayFlag));
        std::size_t entries = out_.size();
        out_.append(4 * (object ? 2 * count : count), '\0');
        std::uint32_t total = 0, index = 0;
        std::string_view key, item;
        if (object) {
            JsonbReader keys(value);
            while (keys.next_pair(key, item)) entry(entries, index++, string(key), total);
            JsonbReader values(value);
            while (values.next_pair(key, item)) entry(entries, index++, any(item), total);
        } else {
            JsonbReader elements(value);
            while (elements.next_element(item)) entry(entries, index++, any(item), total);
        }
        return kContainerEntry | static_cast<std::uint32_t>(out_.size() - base);
    }

    Environment& env_;
    std::string& out_;
    std::size_t origin_;
};

}  // namespace

void append_jsonb_image(Environment& env, std::string_view value, std::string& out) {
    ImageWriter(env, out).root(value);
}

}  // namespace cdcsim::pg
