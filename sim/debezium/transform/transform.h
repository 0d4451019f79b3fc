// Single message transforms: what `transforms` and `predicates` of a connector's configuration name.
// Mirrors org.apache.kafka.connect.runtime.TransformationChain. ExtractNewRecordState is not among them:
// EventWriter writes its records as that transform leaves them (unwrap.h).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/debezium/config_def.h"
#include "sim/debezium/java_regex.h"
#include "sim/debezium/transform/source_record.h"

namespace cdcsim::debezium {

/// The options of one transform or predicate: those that begin with its prefix.
class TransformOptions {
  public:
    TransformOptions(const ConfigMap& config, std::string prefix) : config_(config), prefix_(std::move(prefix)) {}
    bool has(std::string_view option) const;
    /// Trimmed.
    std::string get(std::string_view option, std::string_view otherwise = "") const;
    bool flag(std::string_view option, bool otherwise) const;
    /// The parts of a comma-separated list, trimmed.
    std::vector<std::string> list(std::string_view option) const;
    const std::string& prefix() const { return prefix_; }
    /// The class of the connector's value converter; "": the worker's.
    std::string value_converter() const { return TransformOptions(config_, "").get("value.converter"); }

  private:
    const ConfigMap& config_;
    std::string prefix_;
};

class Transform {
  public:
    virtual ~Transform() = default;
    /// False: the record is dropped. Throws TaskFailure where the real transform throws.
    virtual bool apply(SourceRecord& record) = 0;
};

/// The class of a transform: what Connect checks when the connector is created, and who makes it.
struct TransformClass {
    std::string_view name;
    std::unique_ptr<Transform> (*make)(const TransformOptions&) = nullptr;  ///< null: not simulated
    std::vector<ConfigKey> keys = {};
    std::vector<std::string_view> refused = {};  ///< options
};
/// By the value of `transforms.x.type`; null: Connect has no such class.
const TransformClass* find_transform_class(std::string_view name);
/// What Connect checks of a predicate of this class; null: there is no such class.
const std::vector<ConfigKey>* find_predicate_keys(std::string_view name);

class TransformChain {
  public:
    /// Throws NotSimulated for what is not built, TaskFailure where a transform's configure() throws.
    /// REQUIRES: a valid configuration.
    explicit TransformChain(const ConfigMap& config);
    ~TransformChain();
    bool empty() const { return stages_.empty(); }
    /// Whether they are taken apart or made anew, so that NULL becomes its column's default.
    bool reads_keys() const { return reads_keys_; }
    bool reads_values() const { return reads_values_; }
    /// False: the record is dropped. Throws TaskFailure, NotSimulated.
    bool apply(SourceRecord& record);

  private:
    struct Stage;
    void note_reads(std::string_view type);

    bool reads_keys_ = false, reads_values_ = false;
    std::vector<std::unique_ptr<Stage>> stages_;
};

// What the table of classes is made of.
std::unique_ptr<Transform> make_regex_router(const TransformOptions& options);
std::unique_ptr<Transform> make_filter(const TransformOptions& options);
std::unique_ptr<Transform> make_extract_key_field(const TransformOptions& options);
std::unique_ptr<Transform> make_extract_value_field(const TransformOptions& options);
std::unique_ptr<Transform> make_hoist_key_field(const TransformOptions& options);
std::unique_ptr<Transform> make_hoist_value_field(const TransformOptions& options);
std::unique_ptr<Transform> make_replace_key_field(const TransformOptions& options);
std::unique_ptr<Transform> make_replace_value_field(const TransformOptions& options);
std::unique_ptr<Transform> make_insert_key_field(const TransformOptions& options);
std::unique_ptr<Transform> make_insert_value_field(const TransformOptions& options);
std::unique_ptr<Transform> make_value_to_key(const TransformOptions& options);
std::unique_ptr<Transform> make_insert_header(const TransformOptions& options);
std::unique_ptr<Transform> make_drop_headers(const TransformOptions& options);
std::unique_ptr<Transform> make_mask_key_field(const TransformOptions& options);
std::unique_ptr<Transform> make_mask_value_field(const TransformOptions& options);
std::unique_ptr<Transform> make_cast_key(const TransformOptions& options);
std::unique_ptr<Transform> make_cast_value(const TransformOptions& options);
std::unique_ptr<Transform> make_timestamp_converter_key(const TransformOptions& options);
std::unique_ptr<Transform> make_timestamp_converter_value(const TransformOptions& options);
std::unique_ptr<Transform> make_event_router(const TransformOptions& options);

/// What ends a task whose transform or converter threw. `cause`: "class: message" of the exception.
[[noreturn]] void fail_transform(const std::string& cause = "");

/// What ends a task at its start: configure() throws `cause`, "class: message".
[[noreturn]] void fail_start(const std::string& cause);
/// The same where a transform of Debezium's does not take an option's value.
[[noreturn]] void fail_configuration(std::string_view option, const std::string& value, const std::string& problem);

/// Throws NotSimulated for what no Kafka topic can be called; the producer fails then.
void require_topic_name(const std::string& topic);

/// JavaReplacer::replaced for a transform, which fails where that throws.
std::string replaced_topic(const JavaReplacer& replacer, const std::string& topic);

}  // namespace cdcsim::debezium
