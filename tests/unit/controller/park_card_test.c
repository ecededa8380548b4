/* Goal: a park file whose desfire keys do not fit together is refused at the key that is wrong.
 * Method: one good setup, changed at one place for each rule; then the edges that are still good.
 */
#include "common/park/park_card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/park/park.h"

static const struct park_card good = {.aid = "3042f5",
                                      .system_id = "4e585020416275",
                                      .has_key_file = true,
                                      .key_no = 1,
                                      .exchange_ms = 200};

#define CARD(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void what_does_not_fit(void **state)
{
    (void)state;
    static const struct {
        struct park_card card;
        const char *field;
        const char *why;
    } rows[] = {
        {CARD(.aid = "3042f",                     .has_key_file = true),                 "desfire_aid",                                                                        "six hex digits, not 000000"},
        {CARD(.aid = "3042f5a",                                       .has_key_file = true),                                                        "desfire_aid",                                                                                 "six hex digits, not 000000"},
        {CARD(.aid = "3042fx",           .has_key_file = true),                                                "desfire_aid",                                 "six hex digits, not 000000"},
        {CARD(.aid = "000000",                          .has_key_file = true),"desfire_aid",                                        "six hex digits, not 000000"},
        {CARD(.aid = "3042f5"),"desfire_key_file",                              "needed beside desfire_aid"                                              },
        {CARD(.aid = "3042f5",                   .has_key_file = true,                                              .key_no = 14),                                                                          "desfire_key_no", "0 to 13"},
        {CARD(.aid = "3042f5",                    .has_key_file = true,                   .uid_key_no = 2),                                             "desfire_uid_key_no",
         "only beside desfire_uid_key_file"},
        {CARD(.aid = "3042f5",                              .has_key_file = true,                                                                   .has_uid_key_file = true),
         "desfire_uid_key_no", "0 to 13, another than desfire_key_no"},
        {CARD(.aid = "3042f5",                       .has_key_file = true,                      .has_uid_key_file = true,                                                                                                                                   .uid_key_no = 14),
         "desfire_uid_key_no", "0 to 13, another than desfire_key_no"},
        {CARD(.aid = "3042f5",                    .has_key_file = true,        .system_id = "4e5"), "desfire_system_id",
         "at most 26 hex digits, two a byte"},
        {CARD(.aid = "3042f5", .has_key_file = true,                                      .system_id = "4e585020416275000102030405ff"),
         "desfire_system_id", "at most 26 hex digits, two a byte"},
        {CARD(.aid = "3042f5",               .has_key_file = true,              .system_id = "zz"),                                                                                                                                                 "desfire_system_id",
         "at most 26 hex digits, two a byte"},
        {CARD(.aid = "3042f5",                                       .has_key_file = true,                                                         .exchange_ms = 9),                                                                                                      "exchange_ms",
         "10 to 1000 ms"},
        {CARD(.aid = "3042f5",                    .has_key_file = true,                                            .exchange_ms = 1001),                                                                                                                                "exchange_ms",
         "10 to 1000 ms"},
        {CARD(.has_key_file = true),                   "desfire_key_file","only beside desfire_aid"                                                                                                                                                 },
        {CARD(.has_uid_key_file = true),                                       "desfire_uid_key_file",                                                         "only beside desfire_aid"                                                                                                          },
        {CARD(.system_id = "4e"),                    "desfire_system_id",                                            "only beside desfire_aid"                                                                                                                               },
        {CARD(.key_no = 1),"desfire_key_no","only beside desfire_aid"},
        {CARD(.uid_key_no = 1),                                       "desfire_uid_key_no",                                                         "only beside desfire_aid"                                                                                                     },
        {CARD(.exchange_ms = 100),                          "exchange_ms",                                                                "only beside desfire_aid"                                                                                                                                                   },
    };
    const struct name reader = {"north-1"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct complaint c = {.number = 0};
        assert_false(park_card_check(&rows[i].card, reader, true, &c));
        assert_int_equal(c.number, ERROR_PARK_VALUE);
        assert_string_equal(c.arg[0], "reader");
        assert_string_equal(c.arg[1], "north-1");
        assert_string_equal(c.arg[2], rows[i].field);
        assert_string_equal(c.arg[3], rows[i].why);
    }
}

static void only_badge_readers_ask_cards(void **state)
{
    (void)state;
    const struct park_card none = {.aid = ""};
    struct complaint c = {.number = 0};
    assert_true(park_card_check(&none, (struct name){"cam"}, false, &c));
    assert_false(park_card_check(&good, (struct name){"cam"}, false, &c));
    assert_string_equal(c.arg[2], "desfire_aid");
    assert_string_equal(c.arg[3], "only for driver nfc");
}

static void what_is_good(void **state)
{
    (void)state;
    struct complaint c = {.number = 0};
    struct park_card card = good;
    const struct name reader = {"north-1"};
    assert_true(park_card_check(&card, reader, true, &c));
    card.has_uid_key_file = true; /* its number is 0 */
    assert_true(park_card_check(&card, reader, true, &c));
    card.uid_key_no = 13;
    card.exchange_ms = 1000;
    memcpy(card.system_id, "4e585020416275000102030405", 27);
    assert_true(park_card_check(&card, reader, true, &c));
    card.system_id[0] = '\0';
    card.exchange_ms = 10;
    memcpy(card.aid, "F54230", 7);
    assert_true(park_card_check(&card, reader, true, &c));
}

static void the_operator_sees_it(void **state)
{
    (void)state;
    static struct park park;
    char text[PARK_ROW_TEXT_SIZE];
    park.reader_count = 1;
    park.readers[0] = (struct park_reader){
        .name = {"north-1"}, .lane = {"north"}, .driver = DRIVER_NFC, .card = good};
    park_row_text(&park, PARK_READER, "north-1", text);
    assert_string_equal(text, "lane north, badge (libnfc), DESFire 3042f5");
    park.readers[0].card.has_uid_key_file = true;
    park_row_text(&park, PARK_READER, "north-1", text);
    assert_string_equal(text, "lane north, badge (libnfc), DESFire 3042f5 with two keys");
    park.readers[0].card = (struct park_card){.aid = ""};
    park_row_text(&park, PARK_READER, "north-1", text);
    assert_string_equal(text, "lane north, badge (libnfc)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_does_not_fit),
        cmocka_unit_test(only_badge_readers_ask_cards),
        cmocka_unit_test(what_is_good),
        cmocka_unit_test(the_operator_sees_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
