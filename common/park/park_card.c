#include "common/park/park_card.h"

#include <string.h>

#include "common/base/bytes.h"
#include "schema/limits.h"

enum { AID_SIZE = 3, SYSTEM_ID_MAX = 13, KEY_NO_MAX = 13, EXCHANGE_MS_MIN = 10 };

static bool bad(struct complaint *c, struct name reader, const char *field, const char *why)
{
    return complain(c, ERROR_PARK_VALUE, "reader", reader.text, field, why);
}

/* The application 000000 is the card itself. */
static bool is_aid(const char *text)
{
    uint8_t aid[AID_SIZE];
    return bytes_from_hex(text, aid, sizeof(aid)) && (aid[0] | aid[1] | aid[2]) != 0;
}

static bool is_system_id(const char *text)
{
    uint8_t id[SYSTEM_ID_MAX];
    size_t digits = strlen(text);
    return digits % 2 == 0 && digits / 2 <= sizeof(id) && bytes_from_hex(text, id, digits / 2);
}

/* The first key that says something of DESFire; NULL: none. */
static const char *given_key(const struct park_card *card)
{
    return card->aid[0] != '\0'         ? "desfire_aid"
           : card->has_key_file         ? "desfire_key_file"
           : card->has_uid_key_file     ? "desfire_uid_key_file"
           : card->system_id[0] != '\0' ? "desfire_system_id"
           : card->key_no != 0          ? "desfire_key_no"
           : card->uid_key_no != 0      ? "desfire_uid_key_no"
           : card->exchange_ms != 0     ? "exchange_ms"
                                        : NULL;
}

static bool check_keys(const struct park_card *card, struct name reader, struct complaint *c)
{
    if (!card->has_key_file) {
        return bad(c, reader, "desfire_key_file", "needed beside desfire_aid");
    }
    if (card->key_no > KEY_NO_MAX) {
        return bad(c, reader, "desfire_key_no", "0 to 13");
    }
    if (card->uid_key_no != 0 && !card->has_uid_key_file) {
        return bad(c, reader, "desfire_uid_key_no", "only beside desfire_uid_key_file");
    }
    if (card->has_uid_key_file &&
        (card->uid_key_no > KEY_NO_MAX || card->uid_key_no == card->key_no)) {
        return bad(c, reader, "desfire_uid_key_no", "0 to 13, another than desfire_key_no");
    }
    return true;
}

bool park_card_check(const struct park_card *card, struct name reader, bool is_badge_reader,
                     struct complaint *c)
{
    const char *given = given_key(card);
    if (given == NULL) {
        return true;
    }
    if (!is_badge_reader) {
        return bad(c, reader, given, "only for driver nfc");
    }
    if (card->aid[0] == '\0') {
        return bad(c, reader, given, "only beside desfire_aid");
    }
    if (!is_aid(card->aid)) {
        return bad(c, reader, "desfire_aid", "six hex digits, not 000000");
    }
    if (!is_system_id(card->system_id)) {
        return bad(c, reader, "desfire_system_id", "at most 26 hex digits, two a byte");
    }
    if (card->exchange_ms != 0 &&
        (card->exchange_ms < EXCHANGE_MS_MIN || card->exchange_ms > LIMIT_EXCHANGE_MS)) {
        return bad(c, reader, "exchange_ms", "10 to 1000 ms");
    }
    return check_keys(card, reader, c);
}
