#include "reader-agent/driver/zkteco_line.h"

#include <string.h>
#include <strings.h>

#include "common/access/card_number.h"
#include "common/access/credential.h"
#include "common/base/must.h"
#include "reader-agent/driver/local_time.h"

enum { COLUMNS_MAX = 64, VERIFY_FINGER = 1, VERIFY_CARD = 4, VERIFY_FACE = 15, VERIFY_LAST = 255 };

static bool is_blank(struct bytes line)
{
    for (size_t i = 0; i < line.size; i++) {
        if (strchr(" \t\r", line.data[i]) == NULL || line.data[i] == '\0') {
            return false;
        }
    }
    return true;
}

bool zkteco_next_line(struct bytes *rest, struct bytes *ret_line)
{
    while (rest->size > 0) {
        const uint8_t *end = memchr(rest->data, '\n', rest->size);
        size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
        struct bytes line = {.data = rest->data, .size = size};
        size_t taken = end == NULL ? size : size + 1;
        *rest = (struct bytes){.data = rest->data + taken, .size = rest->size - taken};
        if (line.size > 0 && line.data[line.size - 1] == '\r') {
            line.size--;
        }
        if (!is_blank(line)) {
            *ret_line = line;
            return true;
        }
    }
    return false;
}

/* A line cut at its tabs, each column a text without blanks around it. */
struct columns {
    char text[ZKTECO_LINE_BYTES + 1];
    size_t count;
    char *at[COLUMNS_MAX];
};

static bool cut_columns(struct bytes line, struct columns *columns)
{
    if (line.size > ZKTECO_LINE_BYTES || memchr(line.data, '\0', line.size) != NULL) {
        return false;
    }
    memcpy(columns->text, line.data, line.size);
    columns->text[line.size] = '\0';
    columns->count = 0;
    char *rest = columns->text;
    while (rest != NULL && columns->count < COLUMNS_MAX) {
        char *column = strsep(&rest, "\t");
        device_text_trim(column);
        columns->at[columns->count++] = column;
    }
    return rest == NULL;
}

static const char *column(const struct columns *columns, size_t index)
{
    return index < columns->count ? columns->at[index] : "";
}

static enum lane_direction direction_of(const char *status)
{
    uint64_t number;
    if (!device_text_number(status, 1, &number)) {
        return LANE_NO_DIRECTION;
    }
    return number == 1 ? LANE_OUT : LANE_IN;
}

/* What a subject id is worth: that of a password, or of a check that we do not know, is borne. */
static enum credential_class class_of(enum credential_kind kind, uint64_t verify)
{
    bool strong = kind == CREDENTIAL_KIND_BADGE || verify == VERIFY_FINGER ||
                  verify == VERIFY_CARD || verify == VERIFY_FACE;
    return strong ? CREDENTIAL_CLASS_UID_ONLY : CREDENTIAL_CLASS_BEARER;
}

static void set_credential(struct reading *reading, const struct credential *credential,
                           uint64_t verify)
{
    struct bytes id = credential_view(credential);
    reading->kind = credential->kind;
    reading->cclass = class_of(credential->kind, verify);
    memcpy(reading->id, id.data, id.size);
    reading->id_size = (uint8_t)id.size;
}

/* What tells this record from all others of its device; it holds still over any number of sends. */
static void set_event(struct reading *reading, const struct http_device *device, const char *index,
                      const char *who, const char *when)
{
    const char *const parts[] = {"zkteco", device->device_id, index, who, when};
    device_text_fingerprint(reading->reader, parts, ARRAY_LEN(parts), reading->device_event);
}

static uint64_t verify_of(const char *text)
{
    uint64_t verify = VERIFY_LAST;
    return device_text_number(text, VERIFY_LAST, &verify) ? verify : VERIFY_LAST;
}

enum parse_result zkteco_att_line(struct bytes line, const struct http_device *device,
                                  const struct tz_table *zone, struct reading *ret_reading)
{
    struct columns columns;
    struct credential subject;
    if (!cut_columns(line, &columns) || columns.count < 2) {
        return PARSE_BAD;
    }
    const char *pin = column(&columns, 0);
    const char *when = column(&columns, 1);
    struct reading reading = {.reader = device->reader, .kind = CREDENTIAL_KIND_NONE};
    if (pin[0] == '\0' || !local_time_read(when, zone, &reading.captured)) {
        return PARSE_BAD;
    }
    reading.direction = direction_of(column(&columns, device->verify_first ? 3 : 2));
    set_event(&reading, device, "", pin, when);
    bool taken = credential_from_face(bytes_of_text(pin), &subject);
    if (taken) {
        set_credential(&reading, &subject,
                       verify_of(column(&columns, device->verify_first ? 2 : 3)));
    }
    *ret_reading = reading;
    return taken ? PARSE_READING : PARSE_UNUSABLE;
}

/* --- access --- */

enum field {
    FIELD_TIME,
    FIELD_PIN,
    FIELD_CARD,
    FIELD_EVENT,
    FIELD_STATUS,
    FIELD_VERIFY,
    FIELD_INDEX,
    FIELDS
};

static const char *const field_names[FIELDS] = {
    [FIELD_TIME] = "time",          [FIELD_PIN] = "pin",
    [FIELD_CARD] = "cardno",        [FIELD_EVENT] = "event",
    [FIELD_STATUS] = "inoutstatus", [FIELD_VERIFY] = "verifytype",
    [FIELD_INDEX] = "index",
};

static bool take_field(char *text, const char *values[FIELDS])
{
    char *value = strchr(text, '=');
    if (value == NULL) {
        return text[0] == '\0';
    }
    *value++ = '\0';
    device_text_trim(text);
    device_text_trim(value);
    for (size_t i = 0; i < FIELDS; i++) {
        if (strcasecmp(text, field_names[i]) == 0) {
            bool first = values[i] == NULL;
            values[i] = value;
            return first;
        }
    }
    return true;
}

/* A field twice is no record: nobody may choose between two people. */
static bool read_fields(struct columns *columns, const char *values[FIELDS])
{
    for (size_t i = 0; i < columns->count; i++) {
        if (!take_field(columns->at[i], values)) {
            return false;
        }
    }
    for (size_t i = 0; i < FIELDS; i++) {
        values[i] = values[i] == NULL ? "" : values[i];
    }
    return true;
}

static const struct {
    uint64_t event;
    enum parse_result result;
} event_table[] = {
    {0,   PARSE_READING}, /* passed its check */
    {27,  PARSE_FAILED }, /* a card that nobody registered */
    {200, PARSE_FOREIGN}, /* door opened as it should */
    {201, PARSE_FOREIGN}, /* door closed */
    {202, PARSE_FOREIGN}, /* opened by its exit button */
    {206, PARSE_FOREIGN}, /* the terminal started */
};

static enum parse_result meaning_of(const char *event)
{
    uint64_t number;
    if (!device_text_number(event, UINT16_MAX, &number)) {
        return PARSE_BAD;
    }
    for (size_t i = 0; i < ARRAY_LEN(event_table); i++) {
        if (event_table[i].event == number) {
            return event_table[i].result;
        }
    }
    return PARSE_BAD;
}

static bool acc_credential(const char *const values[FIELDS], bool reversed, uint64_t verify,
                           struct credential *ret)
{
    uint64_t number = 0;
    bool has_card = device_text_number(values[FIELD_CARD], UINT64_MAX, &number) && number != 0;
    bool has_pin = values[FIELD_PIN][0] != '\0' && strcmp(values[FIELD_PIN], "0") != 0;
    if (has_card && (verify == VERIFY_CARD || !has_pin)) {
        return card_number_uid(number, reversed, ret) && !badge_uid_is_random(credential_view(ret));
    }
    return has_pin && credential_from_face(bytes_of_text(values[FIELD_PIN]), ret);
}

enum parse_result zkteco_acc_line(struct bytes line, const struct http_device *device,
                                  const struct tz_table *zone, struct reading *ret_reading)
{
    struct columns columns;
    struct credential credential;
    const char *values[FIELDS] = {NULL};
    if (!cut_columns(line, &columns) || !read_fields(&columns, values)) {
        return PARSE_BAD;
    }
    enum parse_result meaning = meaning_of(values[FIELD_EVENT]);
    if (meaning != PARSE_READING) {
        return meaning;
    }
    struct reading reading = {.reader = device->reader, .kind = CREDENTIAL_KIND_NONE};
    if (!local_time_read(values[FIELD_TIME], zone, &reading.captured)) {
        return PARSE_BAD;
    }
    uint64_t verify = verify_of(values[FIELD_VERIFY]);
    reading.direction = direction_of(values[FIELD_STATUS]);
    const char *who = values[FIELD_PIN][0] != '\0' ? values[FIELD_PIN] : values[FIELD_CARD];
    set_event(&reading, device, values[FIELD_INDEX], who, values[FIELD_TIME]);
    bool taken = acc_credential(values, device->reversed, verify, &credential);
    if (taken) {
        set_credential(&reading, &credential, verify);
    }
    *ret_reading = reading;
    return taken ? PARSE_READING : PARSE_UNUSABLE;
}
