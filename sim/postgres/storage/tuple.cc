#include "sim/postgres/storage/tuple.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "sim/postgres/storage/pglz.h"
#include "sim/postgres/storage/placement.h"
#include "sim/postgres/type/canonical.h"

namespace cdcsim::pg {
namespace {

constexpr int kHeaderSize = 23;
constexpr int kVarHeader = 4, kCompressedHeader = 8, kPointerSize = 18;
constexpr int kToastThreshold = 2032;   // TOAST_TUPLE_THRESHOLD
constexpr int kIndexTarget = kMaxTupleSize / 16;  // TOAST_INDEX_TARGET
constexpr int kToastTargetMain = 8160;  // TOAST_TUPLE_TARGET_MAIN

int align_to(int offset, char align) {
    int unit = align == 'd' ? 8 : align == 'i' ? 4 : align == 's' ? 2 : 1;
    return (offset + unit - 1) & ~(unit - 1);
}

const TypeInfo& storage_type(Environment& env, Oid oid) { return base_type(env, env.type(oid)); }

class Shaper {
  public:
    Shaper(Environment& env, const Relation& relation, std::span<const Datum> columns)
        : env_(env), relation_(relation), columns_(columns), fields_(columns.size()) {}

    /// Values of more than a sixteenth of a page are compressed, none goes out of line.
    int index_entry() {
        for (std::size_t i = 0; i < fields_.size(); ++i) measure(i);
        for (Field& field : fields_) {
            const bool compressible = field.storage == 'x' || field.storage == 'm';
            if (field.is_varlena() && compressible && field.size() > kIndexTarget) compress(field);
        }
        return max_align((has_nulls_ ? 16 : 8) + data_size());
    }

    TupleShape shape(const StoredValues& old, const std::vector<bool>& unchanged) {
        for (std::size_t i = 0; i < fields_.size(); ++i) measure(i);
        for (std::size_t i = 0; i < old.size() && i < fields_.size(); ++i) {
            if (unchanged[i] && !columns_[i].is_null()) keep(fields_[i], old[i]);
        }
        header_ = kHeaderSize;
        if (has_nulls_) header_ += (static_cast<int>(fields_.size()) + 7) / 8;
        header_ = max_align(header_);
        bool has_external = std::ranges::any_of(old, [](const StoredValue& value) {
            return value.form == StoredForm::kExternal;
        });
        if (has_external || header_ + data_size() > kToastThreshold) toast();
        TupleShape result{.length = header_ + data_size(), .values = {}};
        if (max_align(result.length) > kMaxTupleSize) {
            throw SqlError("54000", "row is too big: size " +
                                        std::to_string(max_align(result.length)) +
                                        ", maximum size 8160");
        }
        if (std::ranges::any_of(fields_, [](const Field& field) {
                return field.stored.form != StoredForm::kPlain;
            })) {
            for (const Field& field : fields_) result.values.push_back(field.stored);
        }
        return result;
    }

  private:
    struct Field {
        const TypeInfo* type = nullptr;  ///< nullptr: NULL
        char storage = 'p';
        int payload = 0;                 ///< of a varlena, without header
        StoredValue stored;
        bool ignore = false, incompressible = false;

        bool is_varlena() const { return type != nullptr && type->length == -1; }
        /// VARSIZE_ANY.
        int size() const {
            switch (stored.form) {
                case StoredForm::kExternal: return kPointerSize;
                case StoredForm::kCompressed: return stored.size;
                case StoredForm::kPlain: break;
            }
            return payload + kVarHeader;
        }
    };

    std::string payload_of(std::size_t i) const {
        std::string image;
        const TypeInfo& type = *fields_[i].type;
        type.ops->to_disk(env_, type, columns_[i], image);
        return image;
    }

    bool is_own_text(const Field& field) const {
        return field.type->ops == nullptr || field.type->ops->to_disk == nullptr;
    }

    void measure(std::size_t i) {
        const Column& column = relation_.columns[i];
        if (columns_[i].is_null()) {
            has_nulls_ = true;
            return;
        }
        Field& field = fields_[i];
        field.type = &storage_type(env_, column.type);
        field.storage = column.storage;
        if (!field.is_varlena()) {
            field.ignore = true;
            return;
        }
        field.ignore = field.storage == 'p';
        field.payload = static_cast<int>(is_own_text(field) ? columns_[i].as_text().size()
                                                            : payload_of(i).size());
    }

    static void keep(Field& field, const StoredValue& old) {
        field.stored = old;
        // An unchanged pointer is used again as it is.
        if (old.form == StoredForm::kExternal) field.ignore = true;
    }

    int data_size() const {
        int size = 0;
        for (const Field& field : fields_) {
            if (field.type == nullptr) continue;
            if (!field.is_varlena()) {
                size = align_to(size, field.type->align) + field.type->length;
            } else if (field.stored.form == StoredForm::kExternal) {
                size += kPointerSize;
            } else if (field.stored.form == StoredForm::kPlain && field.type->storage != 'p' &&
                       field.payload + 1 <= 127) {
                // A one-byte header needs no alignment. INSERT forms its tuple before the table's
                // own storage settings count: the type's decide.
                size += field.payload + 1;
            } else {
                size = align_to(size, field.type->align) + field.size();
            }
        }
        return size;
    }

    Field* biggest(bool for_compression, bool check_main) {
        Field* best = nullptr;
        int best_size = max_align(kPointerSize);
        for (Field& field : fields_) {
            if (field.type == nullptr || field.ignore) continue;
            if (field.stored.form == StoredForm::kExternal) continue;
            if (for_compression &&
                (field.incompressible || field.stored.form == StoredForm::kCompressed)) {
                continue;
            }
            bool is_main = field.storage == 'm';
            if (check_main ? !is_main : field.storage != 'x' && field.storage != 'e') continue;
            if (field.size() > best_size) best = &field, best_size = field.size();
        }
        return best;
    }

    void compress(Field& field) {
        auto i = static_cast<std::size_t>(&field - fields_.data());
        std::optional<int> size = is_own_text(field) ? pglz_compressed_size(columns_[i].as_text())
                                                     : pglz_compressed_size(payload_of(i));
        if (size && *size + kCompressedHeader < field.payload - 2) {
            field.stored = {StoredForm::kCompressed, *size + kCompressedHeader};
        } else {
            field.incompressible = true;
        }
    }

    static void externalize(Field& field) {
        field.stored = {StoredForm::kExternal, 0};
        field.ignore = true;
    }

    void toast() {
        int limit = relation_.storage.toast_target - header_;
        while (data_size() > limit) {
            Field* field = biggest(true, false);
            if (field == nullptr) break;
            if (field->storage == 'x') {
                compress(*field);
            } else {
                field->incompressible = true;
            }
            if (field->size() > limit) externalize(*field);
        }
        move_out(limit, false);
        while (data_size() > limit) {
            Field* field = biggest(true, true);
            if (field == nullptr) break;
            compress(*field);
        }
        move_out(kToastTargetMain - header_, true);
    }

    void move_out(int limit, bool check_main) {
        while (data_size() > limit) {
            Field* field = biggest(false, check_main);
            if (field == nullptr) break;
            externalize(*field);
        }
    }

    Environment& env_;
    const Relation& relation_;
    std::span<const Datum> columns_;
    std::vector<Field> fields_;
    bool has_nulls_ = false;
    int header_ = 0;
};

}  // namespace

TupleShape shape_tuple(Environment& env, const Relation& relation, std::span<const Datum> columns,
                       const StoredValues& old, const std::vector<bool>& unchanged) {
    return Shaper(env, relation, columns).shape(old, unchanged);
}

int index_entry_size(Environment& env, const std::vector<Column>& columns, std::span<const Datum> values) {
    Relation shape;
    shape.columns = columns;
    return Shaper(env, shape, values).index_entry();
}

}  // namespace cdcsim::pg
