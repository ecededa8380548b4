#include "reader-agent/driver/vzenith.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "common/access/plate.h"
#include "common/base/must.h"
#include "reader-agent/driver/base64.h"
#include "reader-agent/driver/json_value.h"
#include "reader-agent/driver/local_time.h"
#include "reader-agent/driver/plate_reading.h"

enum { TEXT_BYTES = 256, NUMBER_BYTES = 24 };

static const char comet_path[] = "/receivedeviceinfo";
static const char *const subpaths[] = {"", comet_path, NULL};

/* Other things that these cameras post to the same path: they open nothing and say nothing of a
 * vehicle. */
static bool is_foreign(const json_t *root)
{
    static const char *const objects[] = {"AlarmGioIn", "SerialData", "heartbeat", "Heartbeat"};
    const char *name = json_string_value(json_object_get(root, "name"));
    if (name != NULL && strcmp(name, "keep_alive") == 0) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        if (json_object_get(root, objects[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Without dashes, in lower case. */
static void plain_serial(const char *serial, char out[TEXT_BYTES])
{
    size_t size = 0;
    for (; *serial != '\0' && size + 1 < TEXT_BYTES; serial++) {
        if (*serial != '-') {
            out[size++] = (char)tolower((unsigned char)*serial);
        }
    }
    out[size] = '\0';
}

static bool is_anothers(const struct http_device *device, const char *serial)
{
    char own[TEXT_BYTES];
    plain_serial(device->device_id, own);
    return own[0] != '\0' && serial[0] != '\0' && strcmp(own, serial) != 0;
}

/* Only a plain 0 or nothing at all is live. */
static bool is_history(const json_t *offline)
{
    uint64_t number = 1;
    if (offline == NULL || json_is_null(offline) || json_is_false(offline)) {
        return false;
    }
    const char *text = json_string_value(offline);
    if (text != NULL && (text[0] == '\0' || strcasecmp(text, "false") == 0)) {
        return false;
    }
    return !(json_value_number(offline, UINT32_MAX, &number) && number == 0);
}

static uint8_t colour_of(const json_t *value)
{
    static const enum plate_colour colours[] = {
        PLATE_COLOUR_UNKNOWN, PLATE_COLOUR_BLUE,  PLATE_COLOUR_YELLOW,
        PLATE_COLOUR_WHITE,   PLATE_COLOUR_BLACK, PLATE_COLOUR_GREEN,
    };
    uint64_t number = 0;
    return json_value_number(value, ARRAY_LEN(colours) - 1, &number) ? (uint8_t)colours[number] : 0;
}

/* What one event consists of. */
struct event {
    const json_t *root, *alarm, *result;
    bool enveloped; /* the MQTT form */
    char serial[TEXT_BYTES];
    char plate[TEXT_BYTES];
};

static struct wall time_of(const struct event *event)
{
    const json_t *timeval = json_object_get(json_object_get(event->result, "timeStamp"), "Timeval");
    const json_t *seconds = json_object_get(timeval, "sec");
    uint64_t sec = 0;
    uint64_t usec = 0;
    if (!json_value_number(seconds, UINT32_MAX, &sec) &&
        !(event->enveloped &&
          json_value_number(json_object_get(event->root, "timestamp"), UINT32_MAX, &sec))) {
        return (struct wall){.us = 0};
    }
    struct wall at = local_time_epoch(sec);
    if (at.us != 0 && json_value_number(json_object_get(timeval, "usec"), 999999, &usec)) {
        at.us += (int64_t)usec;
    }
    return at;
}

/* A text that was base64 of UTF-8, percent-encoded, or is what it is; "" when it is none of these.
 */
static void read_plate(struct event *event)
{
    const char *license = json_string_value(json_object_get(event->result, "license"));
    if (license == NULL || strlen(license) >= sizeof(event->plate)) {
        return;
    }
    size_t size = 0;
    if (event->enveloped) {
        if (base64_decode(license, (uint8_t *)event->plate, sizeof(event->plate) - 1, &size)) {
            event->plate[size] = '\0';
        }
    } else {
        memcpy(event->plate, license, strlen(license) + 1);
        device_text_unpercent(event->plate);
    }
    device_text_trim(event->plate);
    if (!device_text_is_printable(event->plate)) {
        event->plate[0] = '\0';
    }
}

static void set_device_event(const struct event *event, struct reading *reading)
{
    char time[NUMBER_BYTES];
    const char *path = json_string_value(json_object_get(event->result, "imagePath"));
    (void)snprintf(time, sizeof(time), "%lld", (long long)reading->captured.us);
    const char *by_time[] = {"time", event->serial, time, event->plate};
    const char *by_path[] = {"path", event->serial, path, event->plate};
    if (reading->captured.us != 0) {
        device_text_fingerprint(reading->reader, by_time, ARRAY_LEN(by_time),
                                reading->device_event);
    } else if (path != NULL && path[0] != '\0') {
        device_text_fingerprint(reading->reader, by_path, ARRAY_LEN(by_path),
                                reading->device_event);
    }
}

static enum parse_result fill(struct event *event, const struct http_call *call,
                              struct http_parsed *parsed)
{
    struct reading *reading = http_parsed_add(parsed);
    uint64_t confidence = 0;
    if (reading == NULL) {
        return PARSE_READING;
    }
    read_plate(event);
    reading->reader = call->device->reader;
    reading->history = is_history(json_object_get(event->result, "isoffline"));
    reading->captured = time_of(event);
    reading->plate_colour = colour_of(json_object_get(event->result, "colorType"));
    if (json_value_number(json_object_get(event->result, "confidence"), 100, &confidence)) {
        reading->confidence = (uint8_t)confidence;
    }
    plate_reading_set(reading, event->plate);
    set_device_event(event, reading);
    return PARSE_READING;
}

static enum parse_result parse_event(const json_t *root, const struct http_call *call,
                                     struct http_parsed *parsed)
{
    struct event event = {.root = root, .alarm = json_object_get(root, "AlarmInfoPlate")};
    char serial[TEXT_BYTES] = "";
    if (event.alarm == NULL) {
        event.alarm = json_object_get(json_object_get(root, "payload"), "AlarmInfoPlate");
        event.enveloped = true;
    }
    if (event.alarm == NULL && is_foreign(root)) {
        return PARSE_FOREIGN;
    }
    event.result = json_object_get(json_object_get(event.alarm, "result"), "PlateResult");
    if (!json_is_object(event.result)) {
        parsed->why = "no AlarmInfoPlate with a PlateResult";
        return PARSE_BAD;
    }
    if (json_value_text(json_object_get(event.alarm, "serialno"), serial, sizeof(serial)) ||
        json_value_text(json_object_get(root, "sn"), serial, sizeof(serial))) {
        plain_serial(serial, event.serial);
    }
    if (is_anothers(call->device, event.serial)) {
        parsed->why = "the serial number of another device";
        return PARSE_BAD;
    }
    return fill(&event, call, parsed);
}

enum parse_result vzenith_parse(const struct http_call *call, struct bytes text,
                                struct http_parsed *parsed)
{
    if (strcmp(call->subpath, comet_path) == 0) {
        parsed->polls = true;
        return PARSE_FOREIGN;
    }
    size_t size = 0;
    AUTO(device_text_free) char *utf8 = device_text_decode(text, &size);
    AUTO(json_value_free)
    json_t *root = utf8 == NULL ? NULL : json_loadb(utf8, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        parsed->why = "no JSON object, or a name twice in one";
        return PARSE_BAD;
    }
    return parse_event(root, call, parsed);
}

/* Stops the re-sends and opens nothing. A poll with nothing pending gets no body at all. */
static void answer(const struct http_call *call, const struct http_outcome *outcome,
                   struct http_answer *made)
{
    if (outcome->status == 200 && strcmp(call->subpath, comet_path) != 0) {
        http_answer_text(
            made, "application/json",
            "{\"Response_AlarmInfoPlate\":{\"info\":\"\",\"content\":\"retransfer_stop\","
            "\"is_pay\":\"false\"}}");
    }
}

const struct http_driver vzenith_driver = {
    .driver = DRIVER_VZENITH,
    .noun = "camera",
    .subpaths = subpaths,
    .any_text = true,
    .cuts_json = true,
    .opens = true,
    .parse = vzenith_parse,
    .answer = answer,
};
