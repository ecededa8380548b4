/* Goal: a station fetches what the park gives it, a push goes on where it stood, and of a receipt
 * nothing is shown that the park did not sign. Method: the command line against a controller that
 * answers as the test says. */
#include "tests/unit/cli/fake_controller.h"
#include "tests/unit/cli/watch_fixture.h"

#include "admin-cli/watch_key.h"
#include "common/watch/watch_receipt.h"

/* --- what the park gives --- */

static void key_answers(struct fake *fake, const Parkgate__Request *request,
                        struct fake_reply *reply)
{
    char hex[2 * SIGN_KEY_SIZE + 1];
    struct sign_key key = {{3}};
    struct sign_public half = sign_public_of(&key);
    assert_string_equal(request->verb, "watch.key");
    bytes_to_hex(BYTES_OF(half.bytes), hex, sizeof(hex));
    fake_note(reply, "authority", "west");
    fake_note(reply, "park", "north");
    fake_note(reply, "park_sign", fake->step == 1 ? "00" : hex);
    fake_note(reply, "generation", "1");
    fake_note(reply, "matching", MATCHING);
}

static struct run fetch_keys(int step)
{
    struct fake *fake = calloc(1, sizeof(*fake));
    char line[512];
    fake->answer = key_answers;
    fake->step = step;
    fake_start(fake, &scratch);
    (void)snprintf(line, sizeof(line), "--dir %s watch key %s", scratch.path, inside("k"));
    struct run run = run_line(line);
    fake_stop(fake);
    free(fake);
    scratch_remove(&scratch, "operator.conf");
    scratch_remove(&scratch, "person.key");
    return run;
}

static void test_what_the_park_gives_goes_into_files(void **state)
{
    struct complaint c = {0};
    struct seal_key match;
    struct sign_public park;
    struct stat info;
    struct sign_key key = {{3}};
    (void)state;
    scratch_remove(&scratch, "k/match.key");
    struct run run = fetch_keys(1);
    assert_non_null(strstr(run.err, "park_sign"));
    assert_int_not_equal(run.code, 0);
    assert_int_not_equal(access(inside("k/match.key"), F_OK), 0);
    run_free(&run);
    run = fetch_keys(0);
    assert_string_equal(run.err, "");
    assert_int_equal(run.code, 0);
    assert_null(strstr(run.out, "000102")); /* never on a screen */
    run_free(&run);
    assert_int_equal(stat(inside("k/match.key"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_true(watch_match_key_read(inside("k/match.key"), &match, &c));
    assert_int_equal(match.bytes[31], 0x1f);
    assert_true(watch_sign_public_read(inside("k/park.pub"), &park, &c));
    struct sign_public half = sign_public_of(&key);
    assert_memory_equal(&park, &half, sizeof(half));
    run = fetch_keys(0); /* what is there is not written over */
    assert_int_equal(run.code, 1);
    assert_non_null(strstr(run.err, "match.key: cannot be made: File exists"));
    run_free(&run);
}

/* --- push --- */

/* A park that has `step` chunks already. */
static void park_answers(struct fake *fake, const Parkgate__Request *request,
                         struct fake_reply *reply)
{
    char text[1100];
    if (strcmp(request->verb, "watch.chunk") == 0) {
        assert_int_equal(strtol(fake_arg(request, "chunk", text), NULL, 10), fake->step + 1);
        assert_int_equal(request->n_row, 1);
        fake->rows += request->row[0].len;
        fake->step++;
    }
    if (fake->ctx != NULL && fake->step == 2) {
        fake_refuse(reply, ERROR_WATCH_CHUNK, "2", "it is not the one that the manifest names",
                    NULL);
        return;
    }
    fake_note(reply, "number", "1");
    (void)snprintf(text, sizeof(text), "%d", fake->step == 3 ? 0 : fake->step + 1);
    fake_note(reply, "next", text);
    fake_note(reply, "state", fake->step == 3 ? "applied" : "open");
}

static void list_of(int changes)
{
    static char text[64 * 1024];
    size_t used = (size_t)snprintf(text, sizeof(text), "change,id\n");
    for (int i = 0; i < changes; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "withdraw,e-%04d\n", i);
    }
    write_list(text);
    struct run run = sign("");
    assert_int_equal(run.code, 0);
    run_free(&run);
}

static void long_list(void)
{
    list_of(450);
}

static struct run push(struct fake *fake)
{
    char line[512];
    fake_start(fake, &scratch);
    (void)snprintf(line, sizeof(line), "--dir %s watch push %s", scratch.path, inside("bundle"));
    struct run run = run_line(line);
    fake_stop(fake);
    return run;
}

static void end_fake(void)
{
    scratch_remove(&scratch, "operator.conf");
    scratch_remove(&scratch, "person.key");
}

static void test_a_push_sends_what_is_missing(void **state)
{
    (void)state;
    long_list();
    for (int there = 0; there <= 3; there++) {
        struct fake *fake = calloc(1, sizeof(*fake));
        fake->answer = park_answers;
        fake->step = there;
        struct run run = push(fake);
        assert_string_equal(run.err, "");
        assert_string_equal(run.out, "number 1\nstate  applied\n");
        assert_int_equal(run.code, 0);
        assert_int_equal(fake->step, 3);
        int chunks = 0;
        for (const char *at = fake->log; (at = strstr(at, "watch.chunk")) != NULL; at++) {
            chunks++;
        }
        assert_int_equal(chunks, 3 - there);
        run_free(&run);
        free(fake);
        end_fake();
    }
}

static void test_a_refusal_ends_the_push(void **state)
{
    struct fake *fake = calloc(1, sizeof(*fake));
    (void)state;
    long_list();
    fake->answer = park_answers;
    fake->ctx = fake;
    struct run run = push(fake);
    assert_string_equal(run.err, "parkgate: chunk 2 of the bundle: it is not the one that the "
                                 "manifest names\nparkgate: 该批布控第 2 块：it is not the one "
                                 "that the manifest names\n");
    assert_int_equal(run.code, 5);
    run_free(&run);
    free(fake);
    end_fake();
}

/* --- how far a large one is --- */

enum { LARGE = 1001, LARGE_CHUNKS = 6, GATES = 3 };

/* A park whose gates get it one after the other; `ctx`: another bundle is applied meanwhile. */
static void large_answers(struct fake *fake, const Parkgate__Request *request,
                          struct fake_reply *reply)
{
    char text[24];
    if (strcmp(request->verb, "watch.status") == 0) {
        fake->rows++;
        fake_note(reply, "number", fake->ctx != NULL && fake->rows > 1 ? "2" : "1");
        (void)snprintf(text, sizeof(text), "%zu", fake->rows - 1);
        fake_note(reply, "gates_with_it", text);
        fake_note(reply, "gates_online", "3");
        return;
    }
    fake->step += strcmp(request->verb, "watch.chunk") == 0;
    fake_note(reply, "number", "1");
    (void)snprintf(text, sizeof(text), "%d", fake->step == LARGE_CHUNKS ? 0 : fake->step + 1);
    fake_note(reply, "next", text);
    (void)snprintf(text, sizeof(text), "%d", fake->step == LARGE_CHUNKS ? LARGE : fake->step * 200);
    fake_note(reply, "changes", text);
}

static void test_a_large_one_says_how_many_gates_have_it(void **state)
{
    (void)state;
    list_of(LARGE);
    struct run signing = sign("");
    assert_int_equal(signing.code, 0);
    run_free(&signing);
    for (int replaced = 0; replaced < 2; replaced++) {
        char wanted[128];
        struct fake *fake = calloc(1, sizeof(*fake));
        fake->answer = large_answers;
        fake->ctx = replaced ? fake : NULL;
        struct run run = push(fake);
        assert_string_equal(run.err, ""); /* no terminal, no bar */
        (void)snprintf(wanted, sizeof(wanted),
                       "number             1\nchanges            1001\n"
                       "gates that have it %d\ngates online       3\n",
                       replaced ? 0 : GATES);
        assert_string_equal(run.out, wanted);
        assert_int_equal(run.code, 0);
        assert_int_equal(fake->rows, replaced ? 2 : GATES + 1);
        run_free(&run);
        free(fake);
        end_fake();
    }
}

/* --- receipts --- */

enum { RECEIPT_CHANGES = 100 };

/* What the park says, and what is wrong with it. */
struct park {
    struct sign_key key;
    struct watch_receipt receipt;
    uint32_t skip;     /* rows that are left out of the second part */
    bool other_number; /* in the second part */
};

static void receipt_answers(struct fake *fake, const Parkgate__Request *request,
                            struct fake_reply *reply)
{
    static struct watch_receipt_row rows[WATCH_RECEIPT_ROWS];
    static uint8_t packed[WATCH_RECEIPT_BYTES];
    static uint8_t line[WATCH_SIGNED_MAX];
    static struct sign_value signature;
    char text[1100];
    struct park *park = fake->ctx;
    struct watch_receipt part = park->receipt;
    uint32_t first = (uint32_t)strtoul(fake_arg(request, "first", text), NULL, 10);
    first += first > 1 ? park->skip : 0;
    part.number += park->other_number && first > 1;
    part.first = first;
    part.told = RECEIPT_CHANGES - first + 1;
    part.told = part.told > WATCH_RECEIPT_ROWS ? WATCH_RECEIPT_ROWS : part.told;
    for (uint32_t i = 0; i < part.told; i++) {
        rows[i] = (struct watch_receipt_row){.kind = WATCH_CHANGE_ADD,
                                             .state = WATCH_STATE_ACTING,
                                             .since = {.us = INT64_C(1777608000000000)},
                                             .by = "officer-chen",
                                             .by_at = {.us = INT64_C(1777608060000000)}};
        (void)snprintf(rows[i].id, sizeof(rows[i].id), "e-%03u", first + i);
    }
    size_t size = watch_receipt_write(&part, rows, packed);
    sign_make(&park->key,
              watch_signed(WATCH_SIGN_RECEIPT, (struct bytes){.data = packed, .size = size}, line),
              &signature);
    fake_columns(reply, "receipt|signature");
    reply->cells[0] = (ProtobufCBinaryData){.len = size, .data = packed};
    reply->cells[1] =
        (ProtobufCBinaryData){.len = sizeof(signature.bytes), .data = signature.bytes};
    reply->message.n_cell = 2;
}

static struct park park_of(void)
{
    struct park park = {
        .key = {{3}                       },
        .receipt = { .number = 4,
                .applied = {.us = INT64_C(1777608000000000)},
                .gates = 2,
                .gates_online = 2,
                .gates_at = {.us = INT64_C(1777608001000000)},
                .made = {.us = INT64_C(1777608100000000)},
                .changes = RECEIPT_CHANGES}
    };
    struct sign_public half = sign_public_of(&park.key);
    char pem[SIGN_PEM_SIZE];
    MUST(name_from_text("north", &park.receipt.park));
    MUST(name_from_text("west", &park.receipt.authority));
    sign_public_to_pem(&half, pem);
    scratch_write(&scratch, "park.pub", pem, strlen(pem));
    return park;
}

static struct run receipt(struct park *park, const char *bundle)
{
    struct fake *fake = calloc(1, sizeof(*fake));
    char line[512];
    fake->answer = receipt_answers;
    fake->ctx = park;
    fake_start(fake, &scratch);
    (void)snprintf(line, sizeof(line), "--dir %s watch receipt %s --park-key %s", scratch.path,
                   bundle, inside("park.pub"));
    struct run run = run_line(line);
    fake_stop(fake);
    free(fake);
    end_fake();
    return run;
}

static void test_a_receipt_of_several_parts(void **state)
{
    struct park park = park_of();
    (void)state;
    struct run run = receipt(&park, "4");
    assert_string_equal(run.err, "");
    assert_int_equal(run.code, 0);
    assert_non_null(strstr(run.out, "e-001"));
    assert_non_null(strstr(run.out, "e-100"));
    assert_non_null(strstr(run.out, "officer-chen"));
    assert_non_null(strstr(run.out, "2026-05-01 12:00:01")); /* the last gate, in the park's zone */
    assert_non_null(strstr(run.out, "good"));
    run_free(&run);
}

static void expect_no_receipt(struct park *park, const char *bundle, const char *why)
{
    struct run run = receipt(park, bundle);
    assert_string_equal(run.out, "");
    assert_int_equal(run.code, 1);
    if (strstr(run.err, why) == NULL) {
        fail_msg("%s", run.err);
    }
    run_free(&run);
}

static void test_nothing_is_shown_that_the_park_did_not_sign(void **state)
{
    struct park park = park_of();
    (void)state;
    park.key.bytes[0] ^= 1;
    expect_no_receipt(&park, "4", "it is not signed by the park's key");
    park = park_of();
    expect_no_receipt(&park, "5", "receipt of bundle 5: it is of another bundle");
    park.skip = 1;
    expect_no_receipt(&park, "4", "receipt of bundle 4: a part of it is missing");
    park = park_of();
    park.other_number = true;
    expect_no_receipt(&park, "4", "receipt of bundle 4: it is of another bundle");
    park = park_of();
    park.receipt.number = 1;
    write_list("id\n");
    struct run run = sign("");
    assert_int_equal(run.code, 0);
    run_free(&run);
    char bundle[200];
    (void)snprintf(bundle, sizeof(bundle), "%s", inside("bundle"));
    expect_no_receipt(&park, bundle, "receipt of bundle 1: it is of a bundle with another digest");
    scratch_remove(&scratch, "park.pub");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_park_gives_goes_into_files),
        cmocka_unit_test(test_a_push_sends_what_is_missing),
        cmocka_unit_test(test_a_refusal_ends_the_push),
        cmocka_unit_test(test_a_large_one_says_how_many_gates_have_it),
        cmocka_unit_test(test_a_receipt_of_several_parts),
        cmocka_unit_test(test_nothing_is_shown_that_the_park_did_not_sign),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
