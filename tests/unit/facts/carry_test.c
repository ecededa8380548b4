/* Goal: what is carried to a gate opens there as it was written, and nothing else does. Method: a
 * file of three chunks between two key pairs; every byte of it changed, chunks left out, doubled,
 * swapped and called the last, other keys and other heads. */
#include "common/facts/carry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { CHUNKS = 3 };

struct file {
    struct seal_key key;
    uint8_t head[CARRY_HEAD_SIZE];
    size_t size[CHUNKS]; /* of the sealed bytes */
    uint8_t chunk[CHUNKS][CARRY_LENGTH_SIZE + 256];
};

static struct seal_key key_between(uint8_t own, uint8_t peer)
{
    struct seal_box_secret mine = {
        {0, own}
    };
    struct seal_box_secret theirs = {
        {0, peer}
    };
    struct seal_box_public public = seal_box_public_of(&theirs);
    struct seal_key key;
    assert_int_equal(carry_key(&mine, &public, &key, NULL), ERR_OK);
    return key;
}

static struct carry_head head_of(void)
{
    struct carry_head head = {.number = 77, .made = {.us = 1234567890123}, .sequence = 76};
    assert_true(name_from_text("gate-b", &head.gate));
    return head;
}

static void write_file(struct file *file)
{
    struct carry_head head = head_of();
    file->key = key_between(1, 2);
    carry_head_write(&head, &file->key, file->head);
    for (uint32_t i = 0; i < CHUNKS; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "message %u", i);
        size_t size = carry_chunk_close(&file->key, file->head, i, i + 1 == CHUNKS,
                                        i == 0 ? CARRY_CONFIG : CARRY_COPY, bytes_of_text(text),
                                        entropy_system(), file->chunk[i]);
        file->size[i] = size - CARRY_LENGTH_SIZE;
    }
}

/* Opens what stands at `at` as chunk number `index`. */
static bool opens(const struct file *file, size_t at, uint32_t index, const struct seal_key *key,
                  char text[32], uint32_t *ret_kind)
{
    static uint8_t plain[CARRY_PLAIN_MAX];
    struct bytes message;
    size_t size = 0;
    bool last = false;
    if (!carry_length_read(file->chunk[at], &size, &last) ||
        size > sizeof(file->chunk[at]) - CARRY_LENGTH_SIZE) {
        return false;
    }
    struct bytes sealed = {.data = file->chunk[at] + CARRY_LENGTH_SIZE, .size = size};
    if (carry_chunk_open(key, file->head, index, last, sealed, plain, ret_kind, &message, NULL) !=
        ERR_OK) {
        return false;
    }
    (void)snprintf(text, 32, "%.*s", (int)message.size, (const char *)message.data);
    return true;
}

static void it_opens_at_the_other_end(void **state)
{
    struct file file;
    struct carry_head head;
    struct seal_key key = key_between(2, 1);
    (void)state;
    write_file(&file);
    assert_true(carry_head_read(file.head, &head));
    assert_string_equal(head.gate.text, "gate-b");
    assert_true(head.number == 77 && head.made.us == 1234567890123 && head.sequence == 76);
    assert_true(carry_head_is_under(file.head, &key));
    for (uint32_t i = 0; i < CHUNKS; i++) {
        char text[32];
        char wanted[32];
        uint32_t kind = 0;
        assert_true(opens(&file, i, i, &key, text, &kind));
        (void)snprintf(wanted, sizeof(wanted), "message %u", i);
        assert_string_equal(text, wanted);
        assert_int_equal(kind, i == 0 ? CARRY_CONFIG : CARRY_COPY);
    }
}

static void nobody_else_opens_or_writes_it(void **state)
{
    struct file file;
    char text[32];
    uint32_t kind = 0;
    static const struct {
        uint8_t own, peer;
    } others[] = {
        {3, 1},
        {3, 2},
        {1, 1},
        {2, 2}
    };
    (void)state;
    write_file(&file);
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct seal_key key = key_between(others[i].own, others[i].peer);
        assert_false(carry_head_is_under(file.head, &key));
        assert_false(opens(&file, 0, 0, &key, text, &kind));
    }
}

static void a_changed_head_is_seen(void **state)
{
    struct file file;
    struct carry_head head;
    (void)state;
    write_file(&file);
    for (size_t i = 0; i < CARRY_HEAD_SIZE; i++) {
        file.head[i] ^= 0x20;
        bool damaged = !carry_head_read(file.head, &head);
        assert_int_equal(damaged, i < CARRY_HEAD_SIZE - 16); /* what is left is the mark */
        assert_false(!damaged && carry_head_is_under(file.head, &file.key));
        file.head[i] ^= 0x20;
    }
}

static void a_changed_chunk_does_not_open(void **state)
{
    struct file file;
    char text[32];
    uint32_t kind = 0;
    (void)state;
    write_file(&file);
    for (size_t i = 0; i < CARRY_LENGTH_SIZE + file.size[1]; i++) {
        file.chunk[1][i] ^= 0x80; /* of the first byte: it is called the last */
        assert_false(opens(&file, 1, 1, &file.key, text, &kind));
        file.chunk[1][i] ^= 0x80;
    }
    file.head[8] ^= 1; /* of another gate's file */
    assert_false(opens(&file, 1, 1, &file.key, text, &kind));
}

static void chunks_keep_their_places(void **state)
{
    struct file file;
    char text[32];
    uint32_t kind = 0;
    (void)state;
    write_file(&file);
    for (size_t at = 0; at < CHUNKS; at++) {
        for (uint32_t index = 0; index < CHUNKS; index++) {
            assert_int_equal(opens(&file, at, index, &file.key, text, &kind), at == index);
        }
    }
    file.chunk[2][0] ^= 0x80; /* the end is cut off and denied */
    assert_false(opens(&file, 2, 2, &file.key, text, &kind));
}

static void no_chunk_has_such_a_length(void **state)
{
    static const struct {
        uint32_t length;
        bool good;
    } rows[] = {
        {0,                                          false},
        {SEAL_OVERHEAD,                              false},
        {SEAL_OVERHEAD + 1,                          true },
        {CARRY_SEALED_MAX,                           true },
        {CARRY_SEALED_MAX + 1,                       false},
        {UINT32_C(0x7fffffff),                       false},
        {UINT32_C(0xffffffff),                       false},
        {UINT32_C(0x80000000) | (SEAL_OVERHEAD + 1), true },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t length[CARRY_LENGTH_SIZE];
        size_t size = 0;
        bool last = false;
        struct writer w = writer_of(length, sizeof(length));
        writer_u32(&w, rows[i].length);
        assert_int_equal(carry_length_read(length, &size, &last), rows[i].good);
        assert_int_equal(last, rows[i].length >> 31);
    }
}

static int begin(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_at_the_other_end),
        cmocka_unit_test(nobody_else_opens_or_writes_it),
        cmocka_unit_test(a_changed_head_is_seen),
        cmocka_unit_test(a_changed_chunk_does_not_open),
        cmocka_unit_test(chunks_keep_their_places),
        cmocka_unit_test(no_chunk_has_such_a_length),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
