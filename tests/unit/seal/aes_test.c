/* Goal: AES-128, its chaining and CMAC are those of the standards. Method: the vectors of FIPS 197,
 * SP 800-38A and RFC 4493; runs cut in two; a chain that goes on. */
#include "common/seal/aes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

static const char message_hex[] =
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

static struct aes_key key_of(const char *hex)
{
    struct aes_key key;
    MUST(bytes_from_hex(hex, key.bytes, sizeof(key.bytes)));
    return key;
}

static void assert_hex(const void *data, size_t size, const char *hex)
{
    uint8_t wanted[AES_RUN_MAX];
    assert_true(bytes_from_hex(hex, wanted, size));
    assert_memory_equal(data, wanted, size);
}

static void one_block(void **state)
{
    (void)state;
    struct aes_key key = key_of("000102030405060708090a0b0c0d0e0f");
    struct aes_block plain;
    MUST(bytes_from_hex("00112233445566778899aabbccddeeff", plain.bytes, sizeof(plain.bytes)));
    struct aes_block cipher = aes_encrypt(&key, &plain);
    assert_hex(cipher.bytes, sizeof(cipher.bytes), "69c4e0d86a7b0430d8cdb78070b4c55a");
}

static void chains_go_on(void **state)
{
    (void)state;
    static const char wanted[] = "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
                                 "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7";
    struct aes_key key = key_of("2b7e151628aed2a6abf7158809cf4f3c");
    uint8_t plain[AES_RUN_MAX];
    MUST(bytes_from_hex(message_hex, plain, sizeof(plain)));
    for (size_t cut = 0; cut <= AES_RUN_MAX; cut += AES_BLOCK_SIZE) {
        struct aes_block chain;
        struct aes_block back;
        uint8_t run[AES_RUN_MAX];
        MUST(bytes_from_hex("000102030405060708090a0b0c0d0e0f", chain.bytes, sizeof(chain.bytes)));
        back = chain;
        aes_cbc_encrypt(&key, &chain, plain, run, cut);
        aes_cbc_encrypt(&key, &chain, plain + cut, run + cut, AES_RUN_MAX - cut);
        assert_hex(run, sizeof(run), wanted);
        assert_memory_equal(chain.bytes, run + AES_RUN_MAX - AES_BLOCK_SIZE, AES_BLOCK_SIZE);
        aes_cbc_decrypt(&key, &back, run, run, cut);
        aes_cbc_decrypt(&key, &back, run + cut, run + cut, AES_RUN_MAX - cut);
        assert_memory_equal(run, plain, sizeof(plain));
        assert_memory_equal(back.bytes, chain.bytes, AES_BLOCK_SIZE);
    }
}

static void cmac_of_each_length(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        const char *mac;
    } rows[] = {
        {0,  "bb1d6929e95937287fa37d129b756746"},
        {16, "070a16b46b4d4144f79bdd9dd04a287c"},
        {40, "dfa66747de9ae63030ca32611497c827"},
        {64, "51f0bebf7e3b9d92fc49741779363cfe"},
    };
    static const struct aes_block zero;
    struct aes_key key = key_of("2b7e151628aed2a6abf7158809cf4f3c");
    struct aes_subkeys subkeys = aes_cmac_subkeys(&key);
    assert_hex(subkeys.whole.bytes, AES_BLOCK_SIZE, "fbeed618357133667c85e08f7236a8de");
    assert_hex(subkeys.padded.bytes, AES_BLOCK_SIZE, "f7ddac306ae266ccf90bc11ee46d513b");
    uint8_t message[AES_RUN_MAX];
    MUST(bytes_from_hex(message_hex, message, sizeof(message)));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct aes_block mac =
            aes_cmac(&key, &zero, (struct bytes){.data = message, .size = rows[i].size});
        assert_hex(mac.bytes, sizeof(mac.bytes), rows[i].mac);
    }
}

static int start(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_block),
        cmocka_unit_test(chains_go_on),
        cmocka_unit_test(cmac_of_each_length),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
