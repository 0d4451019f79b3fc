// PostgreSQL's hash functions (hashfn.c): Bob Jenkins' lookup3 on little-endian words. Hash
// partitioning and SQL's hashtext() depend on the exact values.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace cdcsim::pg {

/// The three words that lookup3 keeps.
class JenkinsHash {
  public:
    /// `length` in bytes of what is hashed; a seed of 0 changes nothing.
    constexpr explicit JenkinsHash(std::uint32_t length, std::uint64_t seed = 0) {
        a_ = b_ = c_ = 0x9e3779b9U + length + 3923095U;
        if (seed == 0) return;
        a_ += static_cast<std::uint32_t>(seed >> 32);
        b_ += static_cast<std::uint32_t>(seed);
        mix();
    }
    constexpr void add_bytes(std::string_view bytes) {
        for (; bytes.size() >= 12; bytes.remove_prefix(12)) {
            a_ += word(bytes, 0);
            b_ += word(bytes, 4);
            c_ += word(bytes, 8);
            mix();
        }
        a_ += word(bytes, 0);
        b_ += word(bytes, 4);
        c_ += word(bytes, 8) << 8;  // the lowest byte is the length's
    }
    constexpr void add_word(std::uint32_t value) { a_ += value; }
    constexpr std::uint64_t finish() {
        c_ ^= b_, c_ -= std::rotl(b_, 14);
        a_ ^= c_, a_ -= std::rotl(c_, 11);
        b_ ^= a_, b_ -= std::rotl(a_, 25);
        c_ ^= b_, c_ -= std::rotl(b_, 16);
        a_ ^= c_, a_ -= std::rotl(c_, 4);
        b_ ^= a_, b_ -= std::rotl(a_, 14);
        c_ ^= b_, c_ -= std::rotl(b_, 24);
        return std::uint64_t{b_} << 32 | c_;
    }

  private:
    /// Up to four bytes from `offset`, zeros beyond the end.
    static constexpr std::uint32_t word(std::string_view bytes, std::size_t offset) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4 && offset + i < bytes.size(); ++i) {
            value |= std::uint32_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
        }
        return value;
    }
    constexpr void mix() {
        a_ -= c_, a_ ^= std::rotl(c_, 4), c_ += b_;
        b_ -= a_, b_ ^= std::rotl(a_, 6), a_ += c_;
        c_ -= b_, c_ ^= std::rotl(b_, 8), b_ += a_;
        a_ -= c_, a_ ^= std::rotl(c_, 16), c_ += b_;
        b_ -= a_, b_ ^= std::rotl(a_, 19), a_ += c_;
        c_ -= b_, c_ ^= std::rotl(b_, 4), b_ += a_;
    }

    std::uint32_t a_, b_, c_;
};

/// hash_any_extended; hash_any is its low half with seed 0.
constexpr std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0) {
    JenkinsHash hash(static_cast<std::uint32_t>(bytes.size()), seed);
    hash.add_bytes(bytes);
    return hash.finish();
}

/// hash_uint32_extended.
constexpr std::uint64_t hash_word(std::uint32_t value, std::uint64_t seed = 0) {
    JenkinsHash hash(4, seed);
    hash.add_word(value);
    return hash.finish();
}

}  // namespace cdcsim::pg
