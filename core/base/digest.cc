#include "core/base/digest.h"

#include <array>
#include <bit>
#include <cstdint>

namespace cdcsim::digest {

namespace {

// RFC 1321: floor(2^32 * |sin(i)|). FIPS 180-4: the first bits of the fractional parts of cube roots
// (round constants) and square roots (initial values) of the first primes.
constexpr std::array<std::uint32_t, 64> kMd5Constants = {
    0xD76AA478, 0xE8C7B756, 0x242070DB, 0xC1BDCEEE, 0xF57C0FAF, 0x4787C62A,
    0xA8304613, 0xFD469501, 0x698098D8, 0x8B44F7AF, 0xFFFF5BB1, 0x895CD7BE,
    0x6B901122, 0xFD987193, 0xA679438E, 0x49B40821, 0xF61E2562, 0xC040B340,
    0x265E5A51, 0xE9B6C7AA, 0xD62F105D, 0x02441453, 0xD8A1E681, 0xE7D3FBC8,
    0x21E1CDE6, 0xC33707D6, 0xF4D50D87, 0x455A14ED, 0xA9E3E905, 0xFCEFA3F8,
    0x676F02D9, 0x8D2A4C8A, 0xFFFA3942, 0x8771F681, 0x6D9D6122, 0xFDE5380C,
    0xA4BEEA44, 0x4BDECFA9, 0xF6BB4B60, 0xBEBFBC70, 0x289B7EC6, 0xEAA127FA,
    0xD4EF3085, 0x04881D05, 0xD9D4D039, 0xE6DB99E5, 0x1FA27CF8, 0xC4AC5665,
    0xF4292244, 0x432AFF97, 0xAB9423A7, 0xFC93A039, 0x655B59C3, 0x8F0CCC92,
    0xFFEFF47D, 0x85845DD1, 0x6FA87E4F, 0xFE2CE6E0, 0xA3014314, 0x4E0811A1,
    0xF7537E82, 0xBD3AF235, 0x2AD7D2BB, 0xEB86D391};
constexpr std::array<std::uint32_t, 64> kSha256Constants = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1,
    0x923F82A4, 0xAB1C5ED5, 0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3,
    0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174, 0xE49B69C1, 0xEFBE4786,
    0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147,
    0x06CA6351, 0x14292967, 0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13,
    0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85, 0xA2BFE8A1, 0xA81A664B,
    0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A,
    0x5B9CCA4F, 0x682E6FF3, 0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208,
    0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2};
constexpr std::array<std::uint64_t, 80> kSha512Constants = {
    0x428A2F98D728AE22ULL, 0x7137449123EF65CDULL, 0xB5C0FBCFEC4D3B2FULL, 0xE9B5DBA58189DBBCULL,
    0x3956C25BF348B538ULL, 0x59F111F1B605D019ULL, 0x923F82A4AF194F9BULL, 0xAB1C5ED5DA6D8118ULL,
    0xD807AA98A3030242ULL, 0x12835B0145706FBEULL, 0x243185BE4EE4B28CULL, 0x550C7DC3D5FFB4E2ULL,
    0x72BE5D74F27B896FULL, 0x80DEB1FE3B1696B1ULL, 0x9BDC06A725C71235ULL, 0xC19BF174CF692694ULL,
    0xE49B69C19EF14AD2ULL, 0xEFBE4786384F25E3ULL, 0x0FC19DC68B8CD5B5ULL, 0x240CA1CC77AC9C65ULL,
    0x2DE92C6F592B0275ULL, 0x4A7484AA6EA6E483ULL, 0x5CB0A9DCBD41FBD4ULL, 0x76F988DA831153B5ULL,
    0x983E5152EE66DFABULL, 0xA831C66D2DB43210ULL, 0xB00327C898FB213FULL, 0xBF597FC7BEEF0EE4ULL,
    0xC6E00BF33DA88FC2ULL, 0xD5A79147930AA725ULL, 0x06CA6351E003826FULL, 0x142929670A0E6E70ULL,
    0x27B70A8546D22FFCULL, 0x2E1B21385C26C926ULL, 0x4D2C6DFC5AC42AEDULL, 0x53380D139D95B3DFULL,
    0x650A73548BAF63DEULL, 0x766A0ABB3C77B2A8ULL, 0x81C2C92E47EDAEE6ULL, 0x92722C851482353BULL,
    0xA2BFE8A14CF10364ULL, 0xA81A664BBC423001ULL, 0xC24B8B70D0F89791ULL, 0xC76C51A30654BE30ULL,
    0xD192E819D6EF5218ULL, 0xD69906245565A910ULL, 0xF40E35855771202AULL, 0x106AA07032BBD1B8ULL,
    0x19A4C116B8D2D0C8ULL, 0x1E376C085141AB53ULL, 0x2748774CDF8EEB99ULL, 0x34B0BCB5E19B48A8ULL,
    0x391C0CB3C5C95A63ULL, 0x4ED8AA4AE3418ACBULL, 0x5B9CCA4F7763E373ULL, 0x682E6FF3D6B2B8A3ULL,
    0x748F82EE5DEFB2FCULL, 0x78A5636F43172F60ULL, 0x84C87814A1F0AB72ULL, 0x8CC702081A6439ECULL,
    0x90BEFFFA23631E28ULL, 0xA4506CEBDE82BDE9ULL, 0xBEF9A3F7B2C67915ULL, 0xC67178F2E372532BULL,
    0xCA273ECEEA26619CULL, 0xD186B8C721C0C207ULL, 0xEADA7DD6CDE0EB1EULL, 0xF57D4F7FEE6ED178ULL,
    0x06F067AA72176FBAULL, 0x0A637DC5A2C898A6ULL, 0x113F9804BEF90DAEULL, 0x1B710B35131C471BULL,
    0x28DB77F523047D84ULL, 0x32CAAB7B40C72493ULL, 0x3C9EBE0A15C9BEBCULL, 0x431D67C49C100D4CULL,
    0x4CC5D4BECB3E42B6ULL, 0x597F299CFC657E2AULL, 0x5FCB6FAB3AD6FAECULL, 0x6C44198C4A475817ULL};
constexpr std::array<std::uint32_t, 8> kSha224Start = {
    0xC1059ED8, 0x367CD507, 0x3070DD17, 0xF70E5939,
    0xFFC00B31, 0x68581511, 0x64F98FA7, 0xBEFA4FA4};
constexpr std::array<std::uint32_t, 8> kSha256Start = {
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
    0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};
constexpr std::array<std::uint64_t, 8> kSha384Start = {
    0xCBBB9D5DC1059ED8ULL, 0x629A292A367CD507ULL, 0x9159015A3070DD17ULL, 0x152FECD8F70E5939ULL,
    0x67332667FFC00B31ULL, 0x8EB44A8768581511ULL, 0xDB0C2E0D64F98FA7ULL, 0x47B5481DBEFA4FA4ULL};
constexpr std::array<std::uint64_t, 8> kSha512Start = {
    0x6A09E667F3BCC908ULL, 0xBB67AE8584CAA73BULL, 0x3C6EF372FE94F82BULL, 0xA54FF53A5F1D36F1ULL,
    0x510E527FADE682D1ULL, 0x9B05688C2B3E6C1FULL, 0x1F83D9ABFB41BD6BULL, 0x5BE0CD19137E2179ULL};

constexpr std::array<int, 16> kMd5Rotations = {7, 12, 17, 22, 5, 9,  14, 20,
                                               4, 11, 16, 23, 6, 10, 15, 21};

enum class Endian : bool { kLittle, kBig };

template <typename Word>
Word load(const char* at, Endian endian) {
    Word word = 0;
    for (std::size_t i = 0; i < sizeof(Word); ++i) {
        const std::size_t from = endian == Endian::kBig ? i : sizeof(Word) - 1 - i;
        word = static_cast<Word>(word << 8 | static_cast<unsigned char>(at[from]));
    }
    return word;
}

template <typename Word>
void store(std::string& out, Word word, Endian endian) {
    for (std::size_t i = 0; i < sizeof(Word); ++i) {
        const std::size_t byte = endian == Endian::kBig ? sizeof(Word) - 1 - i : i;
        out += static_cast<char>(static_cast<unsigned char>(word >> 8 * byte));
    }
}

/// The message with a 1 bit, zeros and its length in bits, a multiple of the block size.
std::string padded(std::string_view bytes, std::size_t block, std::size_t length_size,
                   Endian endian) {
    std::string message(bytes);
    message += '\x80';
    while (message.size() % block != block - length_size) message += '\0';
    message.append(length_size - 8, '\0');
    store(message, std::uint64_t{bytes.size()} * 8, endian);
    return message;
}

/// How SHA-2's two word sizes differ.
struct Sha32 {
    using Word = std::uint32_t;
    static constexpr std::array<int, 6> kBig = {2, 13, 22, 6, 11, 25};
    static constexpr std::array<int, 6> kSmall = {7, 18, 3, 17, 19, 10};
    static constexpr const auto& kConstants = kSha256Constants;
};
struct Sha64 {
    using Word = std::uint64_t;
    static constexpr std::array<int, 6> kBig = {28, 34, 39, 14, 18, 41};
    static constexpr std::array<int, 6> kSmall = {1, 8, 7, 19, 61, 6};
    static constexpr const auto& kConstants = kSha512Constants;
};

template <typename Sha>
void sha_block(std::array<typename Sha::Word, 8>& state, const char* block) {
    using Word = typename Sha::Word;
    constexpr auto& big = Sha::kBig;
    constexpr auto& small = Sha::kSmall;
    constexpr std::size_t rounds = Sha::kConstants.size();
    std::array<Word, rounds> w;
    for (std::size_t i = 0; i < 16; ++i) w[i] = load<Word>(block + i * sizeof(Word), Endian::kBig);
    for (std::size_t i = 16; i < rounds; ++i) {
        const Word s0 = std::rotr(w[i - 15], small[0]) ^ std::rotr(w[i - 15], small[1]) ^
                        (w[i - 15] >> small[2]);
        const Word s1 = std::rotr(w[i - 2], small[3]) ^ std::rotr(w[i - 2], small[4]) ^
                        (w[i - 2] >> small[5]);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t i = 0; i < rounds; ++i) {
        const Word s1 = std::rotr(e, big[3]) ^ std::rotr(e, big[4]) ^ std::rotr(e, big[5]);
        const Word t1 = h + s1 + ((e & f) ^ (~e & g)) + Sha::kConstants[i] + w[i];
        const Word s0 = std::rotr(a, big[0]) ^ std::rotr(a, big[1]) ^ std::rotr(a, big[2]);
        const Word t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<Word, 8> added = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state[i] += added[i];
}

template <typename Sha>
std::string sha(std::string_view bytes, std::array<typename Sha::Word, 8> state,
                std::size_t digest_size) {
    constexpr std::size_t word_size = sizeof(typename Sha::Word);
    const std::string message = padded(bytes, word_size * 16, word_size * 2, Endian::kBig);
    for (std::size_t at = 0; at < message.size(); at += word_size * 16) {
        sha_block<Sha>(state, message.data() + at);
    }
    std::string out;
    for (auto word : state) store(out, word, Endian::kBig);
    out.resize(digest_size);
    return out;
}

void md5_block(std::array<std::uint32_t, 4>& state, const char* block) {
    auto [a, b, c, d] = state;
    for (unsigned i = 0; i < 64; ++i) {
        const unsigned round = i / 16;
        std::uint32_t mixed = 0;
        unsigned index = 0;
        switch (round) {
            case 0: mixed = (b & c) | (~b & d), index = i; break;
            case 1: mixed = (d & b) | (~d & c), index = 5 * i + 1; break;
            case 2: mixed = b ^ c ^ d, index = 3 * i + 5; break;
            default: mixed = c ^ (b | ~d), index = 7 * i; break;
        }
        mixed += a + kMd5Constants[i] +
                 load<std::uint32_t>(block + index % 16 * 4, Endian::kLittle);
        a = d, d = c, c = b, b += std::rotl(mixed, kMd5Rotations[round * 4 + i % 4]);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
}

void sha1_block(std::array<std::uint32_t, 5>& state, const char* block) {
    std::array<std::uint32_t, 80> w;
    for (std::size_t i = 0; i < 16; ++i) w[i] = load<std::uint32_t>(block + i * 4, Endian::kBig);
    for (std::size_t i = 16; i < w.size(); ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = state;
    for (std::size_t i = 0; i < w.size(); ++i) {
        std::uint32_t mixed = 0;
        switch (i / 20) {
            case 0: mixed = ((b & c) | (~b & d)) + 0x5A827999; break;
            case 1: mixed = (b ^ c ^ d) + 0x6ED9EBA1; break;
            case 2: mixed = ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC; break;
            default: mixed = (b ^ c ^ d) + 0xCA62C1D6; break;
        }
        mixed += std::rotl(a, 5) + e + w[i];
        e = d, d = c, c = std::rotl(b, 30), b = a, a = mixed;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

}  // namespace

std::string md5(std::string_view bytes) {
    std::array<std::uint32_t, 4> state = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476};
    const std::string message = padded(bytes, 64, 8, Endian::kLittle);
    for (std::size_t at = 0; at < message.size(); at += 64) md5_block(state, message.data() + at);
    std::string out;
    for (std::uint32_t word : state) store(out, word, Endian::kLittle);
    return out;
}

std::string sha1(std::string_view bytes) {
    std::array<std::uint32_t, 5> state = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    const std::string message = padded(bytes, 64, 8, Endian::kBig);
    for (std::size_t at = 0; at < message.size(); at += 64) sha1_block(state, message.data() + at);
    std::string out;
    for (std::uint32_t word : state) store(out, word, Endian::kBig);
    return out;
}

std::string sha224(std::string_view bytes) { return sha<Sha32>(bytes, kSha224Start, 28); }
std::string sha256(std::string_view bytes) { return sha<Sha32>(bytes, kSha256Start, 32); }
std::string sha384(std::string_view bytes) { return sha<Sha64>(bytes, kSha384Start, 48); }
std::string sha512(std::string_view bytes) { return sha<Sha64>(bytes, kSha512Start, 64); }

}  // namespace cdcsim::digest
