#include "reader-agent/driver/json_device.h"

#include <stdlib.h>
#include <string.h>

#include "common/access/credential.h"
#include "common/access/plate.h"
#include "common/base/must.h"
#include "reader-agent/driver/json_value.h"

/* One event, and what of the reader it needs. */
struct event {
    const json_t *json;
    const struct http_device *device;
    struct wiegand_line *line;
    struct mono now;
};

static enum parse_result take(struct reading *reading, const struct credential *credential)
{
    struct bytes id = credential_view(credential);
    reading->kind = credential->kind;
    reading->cclass = credential_class_of(credential->kind);
    memcpy(reading->id, id.data, id.size);
    reading->id_size = (uint8_t)id.size;
    return PARSE_READING;
}

static void keep_raw(struct reading *reading, struct bytes raw)
{
    if (raw.size <= sizeof(reading->raw)) {
        memcpy(reading->raw, raw.data, raw.size);
        reading->raw_size = (uint8_t)raw.size;
    }
}

/* A card that draws its number anew names nobody; it is kept as read. */
static enum parse_result take_badge(struct reading *reading, const struct credential *badge)
{
    if (badge_uid_is_random(credential_view(badge))) {
        keep_raw(reading, credential_view(badge));
        return PARSE_UNUSABLE;
    }
    return take(reading, badge);
}

static enum parse_result read_badge(const struct event *e, struct bytes value,
                                    struct reading *reading)
{
    struct credential badge;
    if (!credential_from_uid_text(value, &badge)) {
        keep_raw(reading, value);
        return PARSE_UNUSABLE;
    }
    uint8_t turned[BADGE_UID_MAX];
    size_t size = badge.size;
    for (size_t i = 0; i < size; i++) {
        turned[i] = badge.bytes[e->device->reversed ? size - 1 - i : i];
    }
    MUST(credential_from_uid((struct bytes){.data = turned, .size = size}, &badge));
    return take_badge(reading, &badge);
}

static enum parse_result read_bits(const struct event *e, struct bytes value,
                                   struct reading *reading)
{
    struct wiegand read;
    struct credential badge;
    switch (wiegand_read(value, e->device->reversed, &read)) {
    case WIEGAND_OK:
        break;
    case WIEGAND_NOT_BITS:
        return PARSE_BAD;
    case WIEGAND_BAD_LENGTH:
    case WIEGAND_BAD_PARITY:
        return PARSE_MISREAD;
    }
    if (!reading->history && wiegand_is_bounce(e->line, &read, e->now)) {
        return PARSE_BOUNCE;
    }
    return wiegand_credential(&read, &badge) ? take_badge(reading, &badge) : PARSE_MISREAD;
}

static enum parse_result read_qr(const struct event *e, struct bytes value, struct reading *reading)
{
    (void)e;
    struct credential token;
    return credential_from_qr(value, &token) ? take(reading, &token) : PARSE_UNUSABLE;
}

static enum parse_result read_pin(const struct event *e, struct bytes value,
                                  struct reading *reading)
{
    (void)e;
    struct credential pin;
    return credential_from_pin(value, &pin) ? take(reading, &pin) : PARSE_UNUSABLE;
}

static enum parse_result read_face(const struct event *e, struct bytes value,
                                   struct reading *reading)
{
    (void)e;
    struct credential subject;
    return credential_from_face(value, &subject) ? take(reading, &subject) : PARSE_UNUSABLE;
}

/* As of a camera: what is no Chinese plate goes on as read, and names nothing. */
static enum parse_result read_plate(const struct event *e, struct bytes value,
                                    struct reading *reading)
{
    struct plate plate;
    enum plate_status status = plate_read(value, PLATE_SOURCE_TEXT, &plate);
    struct bytes normal = bytes_of_text(plate.text);
    uint64_t percent;
    keep_raw(reading, value);
    if (json_value_number(json_object_get(e->json, "confidence"), 100, &percent)) {
        reading->confidence = (uint8_t)percent;
    }
    if ((status == PLATE_OK || status == PLATE_FOREIGN) && normal.size > 0 &&
        normal.size <= sizeof(reading->id)) {
        reading->kind = CREDENTIAL_KIND_PLATE;
        reading->cclass = CREDENTIAL_CLASS_BEARER;
        memcpy(reading->id, normal.data, normal.size);
        reading->id_size = (uint8_t)normal.size;
    }
    return PARSE_READING;
}

static const struct {
    const char *kind;
    enum parse_result (*read)(const struct event *e, struct bytes value, struct reading *reading);
} kinds[] = {
    {"badge", read_badge},
    {"bits",  read_bits },
    {"qr",    read_qr   },
    {"pin",   read_pin  },
    {"plate", read_plate},
    {"face",  read_face },
};

static bool is_history(const json_t *history)
{
    return history != NULL && !json_is_null(history) && !json_is_false(history);
}

/* False: the device gave an id that is none. */
static bool set_event(const json_t *json, struct name reader, struct reading *reading)
{
    char id[JSON_DEVICE_EVENT_ID_BYTES + 1];
    const json_t *event = json_object_get(json, "event");
    if (event == NULL || json_is_null(event)) {
        return true;
    }
    if (!json_value_text(event, id, sizeof(id))) {
        return false;
    }
    const char *const parts[] = {"json", id};
    device_text_fingerprint(reader, parts, ARRAY_LEN(parts), reading->device_event);
    return true;
}

static bool fill(const struct event *e, struct reading *reading)
{
    const char *time = json_string_value(json_object_get(e->json, "time"));
    const char *direction = json_string_value(json_object_get(e->json, "direction"));
    *reading = (struct reading){.reader = e->device->reader, .kind = CREDENTIAL_KIND_NONE};
    if (time != NULL) {
        reading->captured = device_text_time(time);
    }
    if (direction != NULL) {
        reading->direction = strcmp(direction, "in") == 0    ? LANE_IN
                             : strcmp(direction, "out") == 0 ? LANE_OUT
                                                             : LANE_NO_DIRECTION;
    }
    reading->history = is_history(json_object_get(e->json, "history"));
    return set_event(e->json, e->device->reader, reading);
}

static enum parse_result read_event(const struct event *e, struct reading *reading)
{
    const char *kind = json_string_value(json_object_get(e->json, "kind"));
    char value[JSON_DEVICE_VALUE_BYTES + 1];
    if (kind != NULL && strcmp(kind, "alive") == 0) {
        return PARSE_FOREIGN;
    }
    if (kind == NULL) {
        return PARSE_BAD;
    }
    if (!fill(e, reading) ||
        !json_value_text(json_object_get(e->json, "value"), value, sizeof(value))) {
        /* what was typed at a keypad is not even put aside */
        return strcmp(kind, "pin") == 0 ? PARSE_UNUSABLE : PARSE_BAD;
    }
    enum parse_result result = PARSE_BAD;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            result = kinds[i].read(e, bytes_of_text(value), reading);
        }
    }
    explicit_bzero(value, sizeof(value));
    return result;
}

static void text_free(char **text)
{
    free(*text);
    *text = NULL;
}

static json_t *load(struct bytes text)
{
    size_t size = 0;
    AUTO(device_text_free) char *utf8 = device_text_decode(text, &size);
    return utf8 == NULL ? NULL : json_loadb(utf8, size, JSON_REJECT_DUPLICATES, NULL);
}

bool json_device_parse(struct bytes text, const struct http_device *device,
                       struct wiegand_line *line, struct mono now, struct json_device_sink sink)
{
    AUTO(json_value_free) json_t *root = load(text);
    const json_t *events = json_object_get(root, "events");
    size_t count = events == NULL ? 1 : json_array_size(events);
    if (!json_is_object(root) || (events != NULL && !json_is_array(events)) ||
        count > JSON_DEVICE_EVENTS) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct event event = {.json = events == NULL ? root : json_array_get(events, i),
                              .device = device,
                              .line = line,
                              .now = now};
        struct reading reading = {.kind = CREDENTIAL_KIND_NONE};
        enum parse_result result = read_event(&event, &reading);
        AUTO(text_free)
        char *alone =
            result == PARSE_BAD ? json_dumps(event.json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        sink.take(sink.ctx, result, &reading, alone);
    }
    return true;
}
