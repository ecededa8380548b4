/* Goal: a card's key is diversified as AN10922 says, for every length of input. Method: the note's
 * own vector, then what an independent implementation (an10922_check.py) computes for M of 1 to 31
 * bytes, and that program run against the stored vectors. */
#include "common/seal/an10922.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

static const struct {
    const char *key;
    const char *m;
    const char *derived;
} rows[] = {
#include "tests/unit/seal/an10922_vectors.h"
};

static void check_row(size_t at)
{
    struct aes_key key;
    uint8_t m[AN10922_INPUT_MAX];
    uint8_t wanted[AES_KEY_SIZE];
    size_t size = strlen(rows[at].m) / 2;
    assert_true(bytes_from_hex(rows[at].key, key.bytes, sizeof(key.bytes)));
    assert_true(size <= sizeof(m) && bytes_from_hex(rows[at].m, m, size));
    assert_true(bytes_from_hex(rows[at].derived, wanted, sizeof(wanted)));
    struct aes_key derived = an10922_derive(&key, (struct bytes){.data = m, .size = size});
    assert_memory_equal(derived.bytes, wanted, sizeof(wanted));
}

static void the_vector_of_the_note(void **state)
{
    (void)state;
    struct aes_key key;
    assert_string_equal(rows[0].m, "04782e21801d803042f54e585020416275");
    assert_string_equal(rows[0].derived, "a8dd63a3b89d54b37ca802473fda9175");
    assert_true(bytes_from_hex(rows[0].key, key.bytes, sizeof(key.bytes)));
    struct aes_subkeys subkeys = aes_cmac_subkeys(&key);
    uint8_t wanted[AES_BLOCK_SIZE];
    assert_true(bytes_from_hex("FBC9F75C9413C041DFEE452D3F0706D1", wanted, sizeof(wanted)));
    assert_memory_equal(subkeys.whole.bytes, wanted, sizeof(wanted));
    assert_true(bytes_from_hex("F793EEB928278083BFDC8A5A7E0E0D25", wanted, sizeof(wanted)));
    assert_memory_equal(subkeys.padded.bytes, wanted, sizeof(wanted));
    check_row(0);
}

static void every_length(void **state)
{
    (void)state;
    bool seen[AN10922_INPUT_MAX + 1] = {false};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_row(i);
        seen[strlen(rows[i].m) / 2] = true;
    }
    assert_true(seen[1] && seen[15] && seen[16] && seen[30] && seen[31]);
}

static void the_vectors_are_the_other_programs(void **state)
{
    (void)state;
    char program[] = PARKGATE_SOURCE_DIR "/tests/unit/seal/an10922_check.py";
    char vectors[] = PARKGATE_SOURCE_DIR "/tests/unit/seal/an10922_vectors.h";
    char *argv[] = {"python3", "-B", program, "--check", vectors, NULL};
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)execvp(argv[0], argv);
        _exit(127);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_short_input_is_no_plain_cmac(void **state)
{
    (void)state;
    static const struct aes_block zero;
    static const uint8_t m[] = {1, 2, 3};
    static const uint8_t text[] = {0x01, 1, 2, 3};
    struct aes_key key = {{7}};
    struct aes_key derived = an10922_derive(&key, BYTES_OF(m));
    struct aes_block plain = aes_cmac(&key, &zero, BYTES_OF(text));
    assert_memory_not_equal(derived.bytes, plain.bytes, AES_KEY_SIZE);
}

static int start(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vector_of_the_note),
        cmocka_unit_test(every_length),
        cmocka_unit_test(the_vectors_are_the_other_programs),
        cmocka_unit_test(a_short_input_is_no_plain_cmac),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
