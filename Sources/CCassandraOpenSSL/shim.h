#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* What Swift does not import, because it is a macro: one typed function each. */
#define INLINE static inline __attribute__((always_inline))

INLINE int tls_set_server_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }
INLINE int tls_set_minimum_version(SSL_CTX *ctx, int version) {
  return (int)SSL_CTX_set_min_proto_version(ctx, version);
}
INLINE int tls_set_maximum_version(SSL_CTX *ctx, int version) {
  return (int)SSL_CTX_set_max_proto_version(ctx, version);
}
INLINE void tls_set_mode(SSL_CTX *ctx, long mode) { SSL_CTX_set_mode(ctx, mode); }
INLINE void tls_set_session_cache_mode(SSL_CTX *ctx, int mode) { SSL_CTX_set_session_cache_mode(ctx, mode); }
typedef int (*tls_server_name_callback)(SSL *, int *, void *);
INLINE void tls_set_server_name_callback(SSL_CTX *ctx, tls_server_name_callback _Nonnull callback) {
  SSL_CTX_set_tlsext_servername_callback(ctx, callback);
}
INLINE int tls_add_chain_certificate(SSL_CTX *ctx, X509 *certificate) {
  return (int)SSL_CTX_add1_chain_cert(ctx, certificate);
}
INLINE long tls_memory_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }
INLINE void tls_memory_reset(BIO *bio) { (void)BIO_reset(bio); }
INLINE int tls_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
INLINE GENERAL_NAME *tls_name_at(const GENERAL_NAMES *names, int index) { return sk_GENERAL_NAME_value(names, index); }
INLINE void tls_names_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }

INLINE EVP_PKEY *tls_make_key(void) { return EVP_EC_gen("P-256"); }
INLINE EVP_PKEY *tls_make_rsa_key(void) { return EVP_RSA_gen(2048); }

static const uint64_t tls_option_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
/* One line, with UTF-8 as it is. */
static const unsigned long tls_name_one_line = XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB;
static const uint64_t tls_init_no_atexit = OPENSSL_INIT_NO_ATEXIT;

#undef INLINE
