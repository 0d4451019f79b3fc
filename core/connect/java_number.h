// Numbers as Java 17 prints them: Double.toString and Float.toString (Jackson uses these for
// FLOAT64 and FLOAT32). Before JDK 19 the digits are not always the shortest (2.0E-3 is "0.002"
// but 2.2E-322 prints "2.2E-322" and 2^-44 one digit too many), so the algorithm of
// jdk.internal.math.FloatingDecimal is followed step by step rather than std::to_chars.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cdcsim::connect {

/// Appends as JSON: NaN and infinities are quoted ("NaN", "Infinity", "-Infinity").
void append_java_double(std::string& out, double value);
void append_java_float(std::string& out, float value);

/// Bare text, as String.valueOf gives it.
std::string java_double_text(double value);
std::string java_float_text(float value);

/// Double.parseDouble and Float.parseFloat of decimal texts, NaN and the infinities, without
/// looking at the locale. nullopt if the text is none.
std::optional<double> read_java_double(std::string_view text);
std::optional<float> read_java_float(std::string_view text);

}  // namespace cdcsim::connect
