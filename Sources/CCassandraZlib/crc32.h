#include <stddef.h>
#include <zlib.h>

#if defined(__x86_64__)
#include <immintrin.h>

/* CRC-32 of zlib's polynomial by multiplication without carries, 64 bytes at a time: seven to ten times as fast as zlib
   1.2.13, where the checksum of a page costs about as much as decoding its numbers and texts where they lie. After "Fast
   CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009), which derives the constants: powers
   of x modulo P, bit by bit in reverse. `count` is a multiple of 16 and at least 64; `crc` is inverted on both ends. */
__attribute__((target("pclmul,sse4.1")))
static inline unsigned int cassandra_crc32_folded(unsigned int crc, const unsigned char *bytes, size_t count) {
  const __m128i by512 = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4);  /* x^(512 - 32), x^(512 + 32) */
  const __m128i by128 = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);  /* x^(128 - 32), x^(128 + 32) */
  const __m128i by64 = _mm_set_epi64x(0, 0x0163cd6124);  /* x^64 */
  const __m128i reduction = _mm_set_epi64x(0x01f7011641, 0x01db710641);  /* x^64 / P, P */
  const __m128i low = _mm_set_epi32(0, -1, 0, -1);
#define CASSANDRA_LOAD(at) _mm_loadu_si128((const __m128i *)(const void *)(bytes + (at)))
#define CASSANDRA_FOLD(sum, by, next) \
  _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(sum, by, 0x00), _mm_clmulepi64_si128(sum, by, 0x11)), next)
  __m128i a = _mm_xor_si128(CASSANDRA_LOAD(0), _mm_cvtsi32_si128((int)crc));
  __m128i b = CASSANDRA_LOAD(16), c = CASSANDRA_LOAD(32), d = CASSANDRA_LOAD(48);
  for (bytes += 64, count -= 64; count >= 64; bytes += 64, count -= 64) {
    a = CASSANDRA_FOLD(a, by512, CASSANDRA_LOAD(0));
    b = CASSANDRA_FOLD(b, by512, CASSANDRA_LOAD(16));
    c = CASSANDRA_FOLD(c, by512, CASSANDRA_LOAD(32));
    d = CASSANDRA_FOLD(d, by512, CASSANDRA_LOAD(48));
  }
  a = CASSANDRA_FOLD(a, by128, b);
  a = CASSANDRA_FOLD(a, by128, c);
  a = CASSANDRA_FOLD(a, by128, d);
  for (; count >= 16; bytes += 16, count -= 16) a = CASSANDRA_FOLD(a, by128, CASSANDRA_LOAD(0));
#undef CASSANDRA_FOLD
#undef CASSANDRA_LOAD
  /* From 128 bits to 96, to 64, and by Barrett's reduction to 32. */
  a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, by128, 0x10));
  a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, low), by64, 0x00));
  b = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(a, low), reduction, 0x10), low);
  a = _mm_xor_si128(a, _mm_clmulepi64_si128(b, reduction, 0x00));
  return (unsigned int)_mm_extract_epi32(a, 1);
}
#endif

/* Goes on with CRC-32 over `count` bytes, as crc32_z does, but for none: there zlib begins anew when it gets no address. */
static inline unsigned int cassandra_crc32(unsigned int crc, const unsigned char *bytes, size_t count) {
#if defined(__x86_64__)
  if (count >= 64 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) {
    size_t folded = count & ~(size_t)15;
    crc = ~cassandra_crc32_folded(~crc, bytes, folded);
    bytes += folded;
    count -= folded;
  }
#endif
  return count == 0 ? crc : (unsigned int)crc32_z(crc, bytes, count);
}
