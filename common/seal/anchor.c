#include "common/seal/anchor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

static const char first_line[] = "parkgate journal head 1\n";
static const char pem_begin[] = "-----BEGIN PUBLIC KEY-----\n";
static const char pem_end[] = "\n-----END PUBLIC KEY-----\n";

enum { FIELDS = 6, FIELD_SIZE = 96, NUMBER_DIGITS_MAX = 20 };

/* All but the signature. */
static int write_head(const struct anchor *anchor, char *out, size_t size)
{
    char hash[2 * SEAL_HASH_SIZE + 1];
    char branch[2 * ANCHOR_BRANCH_SIZE + 1];
    bytes_to_hex(BYTES_OF(anchor->hash.bytes), hash, sizeof(hash));
    bytes_to_hex(BYTES_OF(anchor->branch), branch, sizeof(branch));
    int used = snprintf(out, size, "%" PRIu64 " %s %" PRId64 " %s %s", anchor->sequence, hash,
                        anchor->time.us, branch, anchor->key);
    MUST(used > 0 && (size_t)used < size);
    return used;
}

struct bytes anchor_message(const struct anchor *anchor, char out[ANCHOR_LINE_SIZE])
{
    const size_t first = sizeof(first_line) - 1;
    memcpy(out, first_line, first);
    size_t used = first + (size_t)write_head(anchor, out + first, ANCHOR_LINE_SIZE - first - 1);
    out[used++] = '\n';
    return (struct bytes){.data = (const uint8_t *)out, .size = used};
}

void anchor_to_line(const struct anchor *anchor, char out[ANCHOR_LINE_SIZE])
{
    char value[SIGN_BASE64_SIZE];
    int used = write_head(anchor, out, ANCHOR_LINE_SIZE);
    sign_to_base64(&anchor->value, value);
    int more = snprintf(out + used, ANCHOR_LINE_SIZE - (size_t)used, " %s", value);
    MUST(more > 0 && used + more < ANCHOR_LINE_SIZE);
}

/* --- reading --- */

/* The next field of the line, up to a blank or the end; false: it is empty or too long. */
static bool take(const char **at, char out[FIELD_SIZE])
{
    size_t size = strcspn(*at, " ");
    if (size == 0 || size >= FIELD_SIZE) {
        return false;
    }
    memcpy(out, *at, size);
    out[size] = '\0';
    *at += size;
    return true;
}

static bool take_blank(const char **at)
{
    bool there = **at == ' ';
    *at += there;
    return there;
}

/* Decimal, no sign, up to INT64_MAX. */
static bool number_of(const char *text, int64_t *ret)
{
    int64_t value = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        int digit = text[i] - '0';
        if (digit < 0 || digit > 9 || i >= NUMBER_DIGITS_MAX || value > (INT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret = value;
    return true;
}

static bool read_fields(char field[FIELDS][FIELD_SIZE], struct anchor *ret)
{
    int64_t sequence = 0;
    bool good = number_of(field[0], &sequence) && sequence > 0 &&
                bytes_from_hex(field[1], ret->hash.bytes, sizeof(ret->hash.bytes)) &&
                number_of(field[2], &ret->time.us) &&
                bytes_from_hex(field[3], ret->branch, sizeof(ret->branch)) &&
                strlen(field[4]) == SIGN_KEY_ID_SIZE - 1 &&
                strspn(field[4], "0123456789abcdef") == SIGN_KEY_ID_SIZE - 1 &&
                sign_from_base64(field[5], &ret->value);
    if (good) {
        ret->sequence = (uint64_t)sequence;
        memcpy(ret->key, field[4], sizeof(ret->key));
    }
    return good;
}

bool anchor_from_line(const char *line, struct anchor *ret)
{
    char field[FIELDS][FIELD_SIZE];
    char again[ANCHOR_LINE_SIZE];
    struct anchor anchor = {0};
    const char *at = line;
    for (size_t i = 0; i < FIELDS; i++) {
        if ((i > 0 && !take_blank(&at)) || !take(&at, field[i])) {
            return false;
        }
    }
    if (*at != '\0' || !read_fields(field, &anchor)) {
        return false;
    }
    anchor_to_line(&anchor, again);
    if (strcmp(again, line) != 0) { /* leading zeros, capitals */
        return false;
    }
    *ret = anchor;
    return true;
}

bool anchor_is_good(const struct anchor *anchor, const struct sign_public *key)
{
    char id[SIGN_KEY_ID_SIZE];
    char text[ANCHOR_LINE_SIZE];
    sign_key_id(key, id);
    return strcmp(id, anchor->key) == 0 &&
           sign_is_good(key, anchor_message(anchor, text), &anchor->value);
}

/* --- keys --- */

void anchor_key_to_line(const struct sign_public *key, char out[ANCHOR_KEY_LINE_SIZE])
{
    char pem[SIGN_PEM_SIZE];
    char id[SIGN_KEY_ID_SIZE];
    sign_public_to_pem(key, pem);
    sign_key_id(key, id);
    MUST(strncmp(pem, pem_begin, sizeof(pem_begin) - 1) == 0);
    const char *body = pem + sizeof(pem_begin) - 1;
    int used =
        snprintf(out, ANCHOR_KEY_LINE_SIZE, "key %s %.*s", id, (int)strcspn(body, "\n"), body);
    MUST(used > 0 && used < ANCHOR_KEY_LINE_SIZE);
}

bool anchor_key_from_line(const char *line, struct sign_public *ret)
{
    enum { BEFORE = 4 + SIGN_KEY_ID_SIZE }; /* "key ", the id, a blank */
    char pem[ANCHOR_KEY_LINE_SIZE + sizeof(pem_begin) + sizeof(pem_end)];
    char again[ANCHOR_KEY_LINE_SIZE];
    struct sign_public key;
    if (strncmp(line, "key ", 4) != 0 || strlen(line) <= BEFORE ||
        strlen(line) >= ANCHOR_KEY_LINE_SIZE) {
        return false;
    }
    (void)snprintf(pem, sizeof(pem), "%s%s%s", pem_begin, line + BEFORE, pem_end);
    if (sign_public_from_pem(pem, &key, NULL) != ERR_OK) {
        return false;
    }
    anchor_key_to_line(&key, again);
    if (strcmp(again, line) != 0) {
        return false;
    }
    *ret = key;
    return true;
}
