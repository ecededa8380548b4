/* Bodies as Hikvision devices send them, the vendor's misspelt names byte for byte. */
#include "tests/peers/hikvision_event.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "tests/peers/peer_util.h"

#define DEVICE_OFFSET_S (8 * 3600)

/* Text that grows in memory; taken as bytes at the end. */
struct text {
    FILE *stream;
    char *bytes;
    size_t length;
};

static void text_open(struct text *text)
{
    *text = (struct text){0};
    text->stream = open_memstream(&text->bytes, &text->length);
    if (text->stream == NULL)
        peer_die("out of memory");
}

static void text_close(struct text *text)
{
    if (fclose(text->stream) != 0)
        peer_die("out of memory");
    text->stream = NULL;
}

/* --- values --- */

/* dateTime: as given, or now less ago_s at +08:00. */
static const char *date_time(const struct event *event, bool milliseconds, char *out, size_t size)
{
    int64_t now_us = peer_wall_us() - event->ago_s * 1000000;
    time_t seconds = (time_t)(now_us / 1000000) + DEVICE_OFFSET_S;
    char day[32], part[8] = "";
    struct tm tm;

    if (event->time != NULL)
        return event->time;
    gmtime_r(&seconds, &tm);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    if (milliseconds)
        snprintf(part, sizeof part, ".%03d", (int)(now_us / 1000 % 1000));
    snprintf(out, size, "%s%s+08:00", day, part);
    return out;
}

static const char *event_uuid(const struct event *event, char out[37])
{
    uint8_t b[16];

    if (event->uuid != NULL)
        return event->uuid;
    if (getrandom(b, sizeof b, 0) != sizeof b)
        peer_die("no random bytes: %s", strerror(errno));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
    return out;
}

/* serialNo: as given, else one that no earlier event of this or another run had: it begins with the
 * time in units of 1,024 microseconds and counts up in this run. */
static long event_serial(const struct event *event)
{
    static long next;

    if (event->serial != 0)
        return event->serial;
    if (next == 0)
        next = (long)(peer_wall_us() >> 10 & 0x3fffffff);
    return ++next;
}

/* --- XML --- */

struct xml {
    FILE *out;
    const char *prefix; /* "" or "ns1:" */
};

static void xml_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *name = *text == '&'   ? "&amp;"
                           : *text == '<' ? "&lt;"
                           : *text == '>' ? "&gt;"
                                          : NULL;

        if (name != NULL)
            fputs(name, out);
        else
            fputc(*text, out);
    }
}

static void xml_leaf(const struct xml *x, const char *name, const char *text)
{
    fprintf(x->out, "<%s%s>", x->prefix, name);
    xml_text(x->out, text);
    fprintf(x->out, "</%s%s>\r\n", x->prefix, name);
}

static void xml_number(const struct xml *x, const char *name, long number)
{
    fprintf(x->out, "<%s%s>%ld</%s%s>\r\n", x->prefix, name, number, x->prefix, name);
}

static void xml_begin(const struct xml *x, const char *name)
{
    fprintf(x->out, "<%s%s>\r\n", x->prefix, name);
}

static void xml_end(const struct xml *x, const char *name)
{
    fprintf(x->out, "</%s%s>\r\n", x->prefix, name);
}

static void xml_rect(const struct xml *x, const char *name, const char *const values[4])
{
    static const char *const names[4] = {"X", "Y", "width", "height"};

    xml_begin(x, name);
    for (size_t i = 0; i < 4; i++)
        xml_leaf(x, names[i], values[i]);
    xml_end(x, name);
}

static void xml_root(const struct xml *x, const struct event *event)
{
    static const struct {
        const char *uri;
        const char *version;
    } spaces[] = {
        [SPACE_ISAPI] = {"http://www.isapi.org/ver20/XMLSchema",     "2.0"},
        [SPACE_HIKVISION] = {"http://www.hikvision.com/ver20/XMLSchema", "2.0"},
        [SPACE_STD_CGI] = {"http://www.std-cgi.com/ver10/XMLSchema",   "1.0"},
    };
    const char *prefix = event->prefix == NULL ? "" : event->prefix;

    if (!event->no_decl)
        fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n", x->out);
    fprintf(x->out, "<%sEventNotificationAlert version=\"%s\" xmlns%s%s=\"%s\">\r\n", x->prefix,
            spaces[event->space].version, *prefix == '\0' ? "" : ":", prefix,
            spaces[event->space].uri);
}

static void xml_envelope(const struct xml *x, const struct event *event, const char *type)
{
    char time[64];

    xml_leaf(x, "ipAddress", event->ip_address);
    xml_leaf(x, "portNo", "80");
    xml_leaf(x, "protocol", "HTTP");
    xml_leaf(x, "macAddress", "02:00:00:00:00:64");
    xml_leaf(x, "channelID", "1");
    if (!event->no_datetime)
        xml_leaf(x, "dateTime", date_time(event, true, time, sizeof time));
    xml_leaf(x, "activePostCount", "1");
    xml_leaf(x, "eventType", type);
    xml_leaf(x, "eventState", "active");
    xml_leaf(x, "eventDescription", type);
}

/* One figure for each character of the plate. */
static void xml_beliefs(const struct xml *x, const char *plate)
{
    bool first = true;

    fprintf(x->out, "<%splateCharBelieve>", x->prefix);
    for (; *plate != '\0'; plate++) {
        if (((unsigned char)*plate & 0xc0) == 0x80)
            continue;
        fprintf(x->out, "%s99", first ? "" : ",");
        first = false;
    }
    fprintf(x->out, "</%splateCharBelieve>\r\n", x->prefix);
}

static void xml_vehicle(const struct xml *x)
{
    xml_begin(x, "vehicleInfo");
    xml_leaf(x, "index", "1");
    xml_leaf(x, "vehicleType", "2");
    xml_leaf(x, "colorDepth", "1");
    xml_leaf(x, "color", "white");
    xml_leaf(x, "vehicleLogoRecog", "1036");
    xml_leaf(x, "vehileModel", "0");
    xml_end(x, "vehicleInfo");
}

static void xml_pictures(const struct xml *x)
{
    xml_begin(x, "pictureInfoList");
    xml_begin(x, "pictureInfo");
    xml_leaf(x, "fileName", "detectionPicture.jpg");
    xml_leaf(x, "type", "detectionPicture");
    xml_leaf(x, "dataType", "0");
    xml_rect(x, "vehicelRect", (const char *const[]){"0.210", "0.180", "0.420", "0.530"});
    xml_rect(x, "plateRect", (const char *const[]){"0.402", "0.611", "0.083", "0.031"});
    xml_end(x, "pictureInfo");
    xml_end(x, "pictureInfoList");
}

static void xml_anpr(const struct xml *x, const struct event *event)
{
    xml_begin(x, "ANPR");
    xml_leaf(x, "licensePlate", event->plate);
    xml_leaf(x, "line", "1");
    xml_leaf(x, "direction", event->direction);
    xml_leaf(x, "confidenceLevel", event->confidence);
    xml_leaf(x, "plateType", "unknown");
    xml_leaf(x, "plateColor", event->plate_color);
    xml_beliefs(x, event->plate);
    xml_leaf(x, "vehicleType", "vehicle");
    xml_leaf(x, "barrierGateCtrlType", "0");
    xml_leaf(x, "listType", "temporary");
    xml_leaf(x, "originalLicensePlate", event->plate);
    if (event->space != SPACE_STD_CGI)
        xml_vehicle(x);
    xml_pictures(x);
    xml_begin(x, "VehicleGATInfo");
    xml_leaf(x, "palteTypeByGAT", "02");
    xml_leaf(x, "plateColorByGAT", "2");
    xml_end(x, "VehicleGATInfo");
    xml_end(x, "ANPR");
}

static void put_xml(FILE *out, const struct event *event)
{
    char prefix[32] = "", uuid[37];
    struct xml x = {.out = out, .prefix = prefix};
    bool anpr = event->kind == EVENT_ANPR;

    if (event->prefix != NULL && *event->prefix != '\0')
        snprintf(prefix, sizeof prefix, "%.30s:", event->prefix);
    xml_root(&x, event);
    xml_envelope(&x, event, anpr ? "ANPR" : event->event_type);
    if (anpr) {
        xml_anpr(&x, event);
        if (event->space != SPACE_STD_CGI)
            xml_leaf(&x, "UUID", event_uuid(event, uuid));
        xml_number(&x, "picNum", event->form == FORM_BARE || event->picture_size == 0 ? 0 : 2);
        xml_leaf(&x, "deviceUUID", event->device_uuid);
    }
    xml_end(&x, "EventNotificationAlert");
}

/* --- JSON --- */

static void json_string(FILE *out, const char *name, const char *text)
{
    fprintf(out, "\t\"%s\":\t\"", name);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        if ((unsigned char)*text < 0x20)
            fprintf(out, "\\u%04x", *text);
        else
            fputc(*text, out);
    }
    fputs("\",\n", out);
}

static void json_number(FILE *out, const char *name, long number)
{
    fprintf(out, "\t\"%s\":\t%ld,\n", name, number);
}

static void json_person(FILE *out, const struct event *event)
{
    if (event->card != NULL)
        json_string(out, "cardNo", event->card);
    if (event->name != NULL)
        json_string(out, "name", event->name);
    if (event->employee != NULL)
        json_string(out, "employeeNoString", event->employee);
    if (event->demographics) {
        json_number(out, "age", 34);
        json_string(out, "ageGroup", "young");
        json_string(out, "sex", "female");
        json_string(out, "race", "unknown");
        json_string(out, "glass", "yes");
        json_string(out, "smile", "no");
    }
}

static void put_access(FILE *out, const struct event *event)
{
    long serial = event_serial(event);

    fputs("\t\"AccessControllerEvent\":\t{\n", out);
    json_string(out, "deviceName", "Access Controller");
    json_number(out, "majorEventType", event->major);
    json_number(out, "subEventType", event->minor);
    json_person(out, event);
    json_number(out, "cardReaderNo", 1);
    json_number(out, "doorNo", event->door);
    json_number(out, "serialNo", serial);
    json_number(out, "frontSerialNo", serial - 1);
    json_string(out, "currentVerifyMode", event->employee == NULL ? "invalid" : "cardOrFace");
    if (event->current != CURRENT_ABSENT)
        fprintf(out, "\t\"currentEvent\":\t%s,\n",
                event->current == CURRENT_TRUE ? "true" : "false");
    if (event->remote_check)
        fputs("\t\"remoteCheck\":\ttrue,\n", out);
    json_string(out, "mask", "no");
    json_string(out, "helmet", "unknown");
    fputs("\t\"FaceRect\":\t{\"height\":0.263,\"width\":0.148,\"x\":0.412,\"y\":0.337}\n\t}\n",
          out);
}

static void put_json(FILE *out, const struct event *event)
{
    char time[64];

    fputs("{\n", out);
    json_string(out, "ipAddress", event->ip_address);
    json_number(out, "portNo", 80);
    json_string(out, "protocol", "HTTP");
    json_string(out, "macAddress", "02:00:00:00:00:70");
    json_number(out, "channelID", 1);
    if (!event->no_datetime)
        json_string(out, "dateTime", date_time(event, false, time, sizeof time));
    json_number(out, "activePostCount", 1);
    if (!event->no_eventtype)
        json_string(out, "eventType", "AccessControllerEvent");
    json_string(out, "eventState", "active");
    json_string(out, "eventDescription", "Access Controller Event");
    put_access(out, event);
    fputs("}\n", out);
}

/* --- multipart --- */

/* A file with the marks of a JPEG and noise between them. */
static void put_picture(FILE *out, const struct event *event, const char *boundary)
{
    static const uint8_t head[] = {0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, 'J', 'F', 'I', 'F', 0x00};
    uint32_t noise = 12345;

    fwrite(head, 1, sizeof head, out);
    for (long i = (long)sizeof head + 2; i < event->picture_size; i++) {
        noise = noise * 1664525 + 1013904223;
        fputc((int)(noise >> 24), out);
        if (event->picture_boundary && i == event->picture_size / 2)
            fprintf(out, "\r\n--%s\r\n", boundary);
    }
    fputs("\xff\xd9", out);
}

struct multipart {
    FILE *out;
    const char *boundary;
    const char *eol;
};

static void put_part(const struct multipart *m, const char *disposition, const char *type,
                     const struct text *content)
{
    fprintf(m->out, "--%s%s", m->boundary, m->eol);
    fprintf(m->out, "Content-Disposition: form-data; %s%s", disposition, m->eol);
    fprintf(m->out, "Content-Type: %s%s", type, m->eol);
    fprintf(m->out, "Content-Length: %zu%s%s", content->length, m->eol, m->eol);
    fwrite(content->bytes, 1, content->length, m->out);
    fputs(m->eol, m->out);
}

static void put_picture_part(const struct multipart *m, const struct event *event, const char *name,
                             const char *file)
{
    char disposition[128];
    struct text picture;

    text_open(&picture);
    put_picture(picture.stream, event, m->boundary);
    text_close(&picture);
    if (event->picture_no_name)
        snprintf(disposition, sizeof disposition, "filename=\"%s\"", file);
    else
        snprintf(disposition, sizeof disposition, "name=\"%s\"; filename=\"%s\"", name, file);
    put_part(m, disposition, event->picture_no_name ? "application/octet-stream" : "image/jpeg",
             &picture);
    free(picture.bytes);
}

static void put_multipart(const struct multipart *m, const struct event *event,
                          const struct text *main_part)
{
    bool json = event->kind == EVENT_ACCESS;
    char disposition[256];

    if (json)
        snprintf(disposition, sizeof disposition, "name=\"event_log\"");
    else
        snprintf(disposition, sizeof disposition, "name=\"%.64s\"; filename=\"%.64s\"",
                 event->xml_part, event->xml_part);
    put_part(m, disposition, json ? "application/json" : "application/xml", main_part);
    if (event->picture_size > 0 && json)
        put_picture_part(m, event, "Picture", "Picture.jpg");
    if (event->picture_size > 0 && event->kind == EVENT_ANPR) {
        put_picture_part(m, event, "licensePlatePicture.jpg", "licensePlatePicture.jpg");
        put_picture_part(m, event, "detectionPicture.jpg", "detectionPicture.jpg");
    }
    fprintf(m->out, "--%s--%s", m->boundary, m->eol);
}

static void build_parts(const struct event *event, const struct text *content, struct body *body)
{
    const char *standard = event->kind == EVENT_ACCESS ? "MIME_boundary" : "boundary";
    struct multipart m = {
        .boundary = event->boundary == NULL ? standard : event->boundary,
        .eol = event->lf_only ? "\n" : "\r\n",
    };
    struct text all;

    text_open(&all);
    m.out = all.stream;
    put_multipart(&m, event, content);
    text_close(&all);
    body->bytes = all.bytes;
    body->length = all.length;
    snprintf(body->content_type, sizeof body->content_type, "multipart/form-data; boundary=%.128s",
             m.boundary);
}

static void build_event(const struct event *event, struct body *body)
{
    bool json = event->kind == EVENT_ACCESS;
    bool parts = event->form == FORM_MULTIPART || (event->form == FORM_DEFAULT && !json);
    struct text content;

    text_open(&content);
    if (json)
        put_json(content.stream, event);
    else
        put_xml(content.stream, event);
    text_close(&content);
    if (parts) {
        build_parts(event, &content, body);
        free(content.bytes);
        return;
    }
    body->bytes = content.bytes;
    body->length = content.length;
    snprintf(body->content_type, sizeof body->content_type, "%s",
             json ? "application/json; charset=\"UTF-8\"" : "application/xml; charset=\"UTF-8\"");
}

static bool build_raw(const struct event *event, struct body *body)
{
    FILE *file = fopen(event->file, "re");
    struct text content;
    char piece[4096];
    size_t got;

    if (file == NULL)
        return false;
    text_open(&content);
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        fwrite(piece, 1, got, content.stream);
    fclose(file);
    text_close(&content);
    body->bytes = content.bytes;
    body->length = content.length;
    return true;
}

bool body_build(const struct event *event, struct body *body)
{
    *body = (struct body){0};
    snprintf(body->content_type, sizeof body->content_type, "%s", event->content_type);
    if (event->kind == EVENT_RAW)
        return build_raw(event, body);
    if (event->kind == EVENT_HUGE)
        body->length = (size_t)event->bytes;
    else
        build_event(event, body);
    return true;
}

void body_free(struct body *body)
{
    free(body->bytes);
    *body = (struct body){0};
}
