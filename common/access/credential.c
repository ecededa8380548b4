#include "common/access/credential.h"

#include <string.h>

#include "common/access/plate.h"
#include "common/base/must.h"

_Static_assert(PLATE_TEXT_SIZE - 1 <= CREDENTIAL_BYTES_MAX, "a plate fits");
_Static_assert(QR_TOKEN_MAX <= CREDENTIAL_BYTES_MAX, "a token fits");

static struct credential make(enum credential_kind kind, struct bytes bytes)
{
    MUST(bytes.size >= 1 && bytes.size <= CREDENTIAL_BYTES_MAX);
    struct credential credential = {.kind = kind, .size = (uint8_t)bytes.size};
    memcpy(credential.bytes, bytes.data, bytes.size);
    return credential;
}

static bool is_uid(struct bytes uid)
{
    if (uid.size != 4 && uid.size != 7 && uid.size != BADGE_UID_MAX) {
        return false;
    }
    uint8_t any = 0;
    for (size_t i = 0; i < uid.size; i++) {
        any |= uid.data[i];
    }
    return any != 0;
}

bool credential_from_uid(struct bytes uid, struct credential *ret_credential)
{
    if (!is_uid(uid)) {
        return false;
    }
    *ret_credential = make(CREDENTIAL_KIND_BADGE, uid);
    return true;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    uint8_t letter = c & 0xdf;
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : -1;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes trimmed(struct bytes text)
{
    while (text.size > 0 && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size > 0 && is_blank(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

bool credential_from_uid_text(struct bytes text, struct credential *ret_credential)
{
    uint8_t uid[BADGE_UID_MAX];
    size_t size = 0;
    text = trimmed(text);
    for (size_t at = 0; at < text.size; size++) {
        bool separated = size > 0 && strchr(":- ", text.data[at]) != NULL && text.data[at] != 0;
        at += separated;
        if (size == BADGE_UID_MAX || text.size - at < 2) {
            return false;
        }
        int high = hex_value(text.data[at]);
        int low = hex_value(text.data[at + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        uid[size] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    return credential_from_uid((struct bytes){.data = uid, .size = size}, ret_credential);
}

bool credential_from_w26(uint8_t facility, uint16_t card, struct credential *ret_credential)
{
    uint8_t text[BADGE_W26_SIZE] = "w26:000-00000";
    unsigned left = facility;
    for (size_t i = 6; i > 3; i--, left /= 10) {
        text[i] = (uint8_t)('0' + left % 10);
    }
    left = card;
    for (size_t i = BADGE_W26_SIZE - 1; i > 7; i--, left /= 10) {
        text[i] = (uint8_t)('0' + left % 10);
    }
    if (facility == 0 && card == 0) {
        return false;
    }
    *ret_credential = make(CREDENTIAL_KIND_BADGE, BYTES_OF(text));
    return true;
}

bool credential_from_plate(const struct plate *plate, struct credential *ret_credential)
{
    if (!plate_is_exact(plate)) {
        return false;
    }
    *ret_credential = make(CREDENTIAL_KIND_PLATE, bytes_of_text(plate->text));
    return true;
}

static bool all_between(struct bytes bytes, uint8_t first, uint8_t last)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < first || bytes.data[i] > last) {
            return false;
        }
    }
    return true;
}

bool credential_from_face(struct bytes subject, struct credential *ret_credential)
{
    if (subject.size < 1 || subject.size > FACE_SUBJECT_MAX || !all_between(subject, '!', '~')) {
        return false;
    }
    *ret_credential = make(CREDENTIAL_KIND_FACE, subject);
    return true;
}

bool credential_from_qr(struct bytes token, struct credential *ret_credential)
{
    if (token.size < 1 || token.size > QR_TOKEN_MAX) {
        return false;
    }
    *ret_credential = make(CREDENTIAL_KIND_QR, token);
    return true;
}

bool credential_from_pin(struct bytes pin, struct credential *ret_credential)
{
    if (pin.size < PIN_MIN || pin.size > PIN_MAX || !all_between(pin, '0', '9')) {
        return false;
    }
    *ret_credential = make(CREDENTIAL_KIND_PIN, pin);
    return true;
}

/* A UID, or the form that credential_from_w26 makes and no other. */
static bool from_badge_bytes(struct bytes bytes, struct credential *ret_credential)
{
    if (bytes.size != BADGE_W26_SIZE) {
        return credential_from_uid(bytes, ret_credential);
    }
    unsigned facility = 0, card = 0;
    for (size_t i = 4; i < 7; i++) {
        facility = facility * 10 + (unsigned)(bytes.data[i] - '0');
    }
    for (size_t i = 8; i < BADGE_W26_SIZE; i++) {
        card = card * 10 + (unsigned)(bytes.data[i] - '0');
    }
    struct credential made;
    if (!credential_from_w26((uint8_t)facility, (uint16_t)card, &made) ||
        !bytes_equal(bytes, credential_view(&made))) {
        return false;
    }
    *ret_credential = made;
    return true;
}

static bool from_plate_bytes(struct bytes bytes, struct credential *ret_credential)
{
    struct plate plate;
    return plate_read(bytes, PLATE_SOURCE_TEXT, &plate) == PLATE_OK &&
           bytes_equal(bytes, bytes_of_text(plate.text)) &&
           credential_from_plate(&plate, ret_credential);
}

/* One row a kind: its name, the class of a plain read, and what makes it of canonical bytes. */
static const struct {
    const char *name;
    enum credential_class class;
    bool (*from_bytes)(struct bytes bytes, struct credential *ret_credential);
} kinds[] = {
    [CREDENTIAL_KIND_BADGE] = {"badge", CREDENTIAL_CLASS_UID_ONLY, from_badge_bytes    },
    [CREDENTIAL_KIND_PLATE] = {"plate", CREDENTIAL_CLASS_BEARER,   from_plate_bytes    },
    [CREDENTIAL_KIND_FACE] = {"face",  CREDENTIAL_CLASS_UID_ONLY, credential_from_face},
    [CREDENTIAL_KIND_QR] = {"qr",    CREDENTIAL_CLASS_BEARER,   credential_from_qr  },
    [CREDENTIAL_KIND_PIN] = {"pin",   CREDENTIAL_CLASS_BEARER,   credential_from_pin },
};

static bool is_kind(enum credential_kind kind)
{
    return kind != CREDENTIAL_KIND_NONE && (size_t)kind < ARRAY_LEN(kinds);
}

/* Does each digit follow from the one before it by adding `step`, nine before nought? */
static bool counts_by(struct bytes pin, int step)
{
    for (size_t i = 1; i < pin.size; i++) {
        if ((pin.data[i - 1] - '0' + step + 10) % 10 != pin.data[i] - '0') {
            return false;
        }
    }
    return true;
}

static bool repeats_every(struct bytes pin, size_t size)
{
    for (size_t i = size; i < pin.size; i++) {
        if (pin.data[i] != pin.data[i - size]) {
            return false;
        }
    }
    return true;
}

bool pin_is_weak(struct bytes pin)
{
    bool weak = counts_by(pin, 0) || counts_by(pin, 1) || counts_by(pin, -1);
    for (size_t size = 2; size <= pin.size / 2; size++) {
        weak |= pin.size % size == 0 && repeats_every(pin, size);
    }
    return weak;
}

bool credential_is_canonical(enum credential_kind kind, struct bytes bytes)
{
    struct credential credential;
    return is_kind(kind) && kinds[kind].from_bytes(bytes, &credential);
}

struct bytes credential_view(const struct credential *credential)
{
    MUST(credential != NULL && credential->size <= CREDENTIAL_BYTES_MAX);
    return (struct bytes){.data = credential->bytes, .size = credential->size};
}

bool credential_equal(const struct credential *a, const struct credential *b)
{
    return a->kind == b->kind && bytes_equal(credential_view(a), credential_view(b));
}

bool badge_uid_is_random(struct bytes uid)
{
    return uid.size == 4 && uid.data[0] == 0x08;
}

void badge_uid_format(struct bytes uid, char out[BADGE_UID_TEXT_SIZE])
{
    MUST(uid.size <= BADGE_UID_MAX);
    bytes_to_hex(uid, out, BADGE_UID_TEXT_SIZE);
}

enum credential_class credential_class_of(enum credential_kind kind)
{
    return is_kind(kind) ? kinds[kind].class : CREDENTIAL_CLASS_BEARER;
}

const char *credential_kind_name(enum credential_kind kind)
{
    if (kind == CREDENTIAL_KIND_NONE) {
        return "none";
    }
    return is_kind(kind) ? kinds[kind].name : "unknown";
}

bool credential_kind_from_name(const char *name, enum credential_kind *ret_kind)
{
    for (size_t i = CREDENTIAL_KIND_BADGE; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            *ret_kind = (enum credential_kind)i;
            return true;
        }
    }
    return false;
}

static const char *const class_names[] = {
    [CREDENTIAL_CLASS_BEARER] = "bearer",
    [CREDENTIAL_CLASS_UID_ONLY] = "uid-only",
    [CREDENTIAL_CLASS_AUTHENTICATED] = "authenticated",
};

const char *credential_class_name(enum credential_class class)
{
    return (size_t) class < ARRAY_LEN(class_names) ? class_names[class] : "unknown";
}

bool credential_class_from_name(const char *name, enum credential_class *ret_class)
{
    for (size_t i = 0; i < ARRAY_LEN(class_names); i++) {
        if (strcmp(class_names[i], name) == 0) {
            *ret_class = (enum credential_class)i;
            return true;
        }
    }
    return false;
}
