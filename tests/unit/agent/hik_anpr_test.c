/* Goal: a plate event gives its one reading in every form that cameras send, and nothing else ever
 * gives one. Method: bodies built field by field, hundreds of variations of each field, every cut
 * and thousands of damaged bytes under the sanitizers. */
#include "reader-agent/driver/hik_anpr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/access/plate.h"
#include "common/base/must.h"

enum { BODY_BYTES = 65536 };

static const struct name camera = {.text = "cam-1"};

static char body[BODY_BYTES + 1];
static size_t body_size;

static void put(const char *text)
{
    size_t size = strlen(text);
    assert_true(body_size + size < sizeof(body));
    memcpy(body + body_size, text, size + 1);
    body_size += size;
}

/* The fields of an event in the order of the reference; a variation changes one of them. */
static const struct {
    const char *name;
    const char *value;
    bool in_anpr;
} fields[] = {
    {"ipAddress",            "192.0.2.10",                                                 false},
    {"macAddress",           "00:00:5e:00:53:01",                                          false},
    {"channelID",            "1",                                                          false},
    {"dateTime",             "2024-06-01T08:00:00.250+08:00",                              false},
    {"eventType",            "ANPR",                                                       false},
    {"eventState",           "active",                                                     false},
    {"activePostCount",      "1",                                                          false},
    {"UUID",                 "a7bc0de0-7d6c-11e4-0000-000000000001",                       false},
    {"picNum",               "2",                                                          false},
    {"deviceUUID",           "b7bc0de0-7d6c-11e4-0000-000000000002",                       false},
    {"licensePlate",         "浙A12345",                                                  true },
    {"originalLicensePlate", "浙A12345",                                                  true },
    {"confidenceLevel",      "97",                                                         true },
    {"plateType",            "92TypeCivil",                                                true },
    {"plateColor",           "blue",                                                       true },
    {"line",                 "1",                                                          true },
    {"direction",            "forward",                                                    true },
    {"plateCharBelieve",     "99,98,97,99,99,99,99",                                       true },
    {"vehicleType",          "vehicle",                                                    true },
    {"listType",             "temporary",                                                  true },
    {"barrierGateCtrlType",  "0",                                                          true },
    {"vehicleInfo",          "<index>1</index><vehileModel>3</vehileModel>",               true },
    {"pictureInfoList",      "<pictureInfo><plateRect><X>1</X></plateRect></pictureInfo>", true },
};

enum change {
    CHANGE_NOTHING,
    CHANGE_MISSING,
    CHANGE_EMPTY,
    CHANGE_BLANKS,
    CHANGE_VALUE, /* another text */
    CHANGE_DOUBLED,
    CHANGE_DOUBLED_OTHER, /* a second one with another text */
    CHANGE_HUGE,
    CHANGE_NESTED, /* an element within */
    CHANGE_CDATA,
    CHANGE_COMMENT,
    CHANGE_ATTRIBUTE,
    CHANGE_UNKNOWN_BEFORE,
    CHANGES
};

static void put_element(const char *prefix, const char *name, const char *value)
{
    put("<"), put(prefix), put(name), put(">");
    put(value);
    put("</"), put(prefix), put(name), put(">\n");
}

static void put_changed(const char *prefix, const char *name, const char *value, enum change change,
                        const char *other)
{
    static char huge[20001];
    memset(huge, 'x', sizeof(huge) - 1);
    switch (change) {
    case CHANGE_MISSING:
        return;
    case CHANGE_EMPTY:
        put("<"), put(prefix), put(name), put("/>");
        return;
    case CHANGE_BLANKS:
        put_element(prefix, name, " \r\n\t ");
        return;
    case CHANGE_VALUE:
        put_element(prefix, name, other);
        return;
    case CHANGE_DOUBLED:
        put_element(prefix, name, value);
        break;
    case CHANGE_DOUBLED_OTHER:
        put_element(prefix, name, value);
        put_element(prefix, name, other);
        return;
    case CHANGE_HUGE:
        put_element(prefix, name, huge);
        return;
    case CHANGE_NESTED:
        put("<"), put(prefix), put(name), put("><deep>"), put(other), put("</deep></"), put(prefix),
            put(name), put(">");
        return;
    case CHANGE_CDATA:
        put("<"), put(prefix), put(name), put("><![CDATA["), put(other), put("]]></"), put(prefix),
            put(name), put(">");
        return;
    case CHANGE_COMMENT:
        put("<"), put(prefix), put(name), put("><!-- x -->"), put(value), put("<!-- -- --></"),
            put(prefix), put(name), put(">");
        return;
    case CHANGE_ATTRIBUTE:
        put("<"), put(prefix), put(name), put(" licensePlate=\"浙B00000\">"), put(value), put("</"),
            put(prefix), put(name), put(">");
        return;
    case CHANGE_UNKNOWN_BEFORE:
        put("<other><licensePlate>浙B00000</licensePlate><eventType>x</eventType></other>");
        break;
    default:
        break;
    }
    put_element(prefix, name, value);
}

struct shape {
    const char *head;      /* declaration, or "" */
    const char *prefix;    /* "ns1:" or "" */
    const char *attribute; /* of the root */
};

static void build(struct shape shape, const char *field, enum change change, const char *other)
{
    body_size = 0;
    put(shape.head);
    put("<"), put(shape.prefix), put("EventNotificationAlert"), put(shape.attribute), put(">\n");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (fields[i].in_anpr && !fields[i - 1].in_anpr) {
            put("<"), put(shape.prefix), put("ANPR>\n");
        }
        bool meant = field != NULL && strcmp(field, fields[i].name) == 0;
        put_changed(shape.prefix, fields[i].name, fields[i].value, meant ? change : CHANGE_NOTHING,
                    other);
    }
    put("</"), put(shape.prefix), put("ANPR></"), put(shape.prefix),
        put("EventNotificationAlert>\n");
}

static const struct shape plain = {
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n", "",
    " version=\"2.0\" xmlns=\"http://www.isapi.org/ver20/XMLSchema\""};

static enum parse_result parse_bytes(const void *data, size_t size, struct reading *ret)
{
    /* A copy of its own, so that a sanitizer sees a read behind it. */
    uint8_t *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, data, size);
    enum parse_result result =
        hik_anpr_parse((struct bytes){.data = copy, .size = size}, camera, ret);
    free(copy);
    return result;
}

static enum parse_result parse(struct reading *ret)
{
    return parse_bytes(body, body_size, ret);
}

static void assert_plate(const struct reading *r, const char *plate)
{
    assert_int_equal(r->kind, CREDENTIAL_KIND_PLATE);
    assert_int_equal(r->cclass, CREDENTIAL_CLASS_BEARER);
    assert_int_equal(r->id_size, strlen(plate));
    assert_memory_equal(r->id, plate, r->id_size);
}

static void assert_no_plate(const struct reading *r)
{
    assert_int_equal(r->kind, CREDENTIAL_KIND_NONE);
    assert_int_equal(r->id_size, 0);
}

static void an_event_field_by_field(void **state)
{
    (void)state;
    struct reading r;
    build(plain, NULL, CHANGE_NOTHING, "");
    assert_int_equal(parse(&r), PARSE_READING);
    assert_plate(&r, "浙A12345");
    assert_string_equal(r.reader.text, "cam-1");
    assert_int_equal(r.raw_size, strlen("浙A12345"));
    assert_memory_equal(r.raw, "浙A12345", r.raw_size);
    assert_true(r.captured.us == 1717200000250000);
    assert_false(r.history);
    assert_false(r.live_by_read);
    assert_int_equal(r.plate_colour, PLATE_COLOUR_BLUE);
    assert_int_equal(r.confidence, 97);
    assert_int_equal(r.direction, LANE_NO_DIRECTION);
    assert_int_equal(strlen(r.device_event), 32);
}

static void every_namespace_prefix_and_declaration(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "", "<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\r\n",
        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>",
        /* a declaration that lies: the bytes are UTF-8 */
        "<?xml version=\"1.0\" encoding=\"GB2312\"?>",
        "<?xml version=\"1.0\" encoding=\"latin1\"?>",
        "<?xml version=\"1.0\" encoding=\"nonsense\"?>", " \r\n", "\r\n <?xml version=\"1.0\"?>"};
    static const char *const spaces[] = {"www.isapi.org/ver20", "www.hikvision.com/ver20",
                                         "www.std-cgi.com/ver10"};
    static const char *const prefixes[] = {"", "ns1:", "isapi:"};
    for (size_t h = 0; h < ARRAY_LEN(heads); h++) {
        for (size_t s = 0; s < ARRAY_LEN(spaces); s++) {
            for (size_t p = 0; p < ARRAY_LEN(prefixes); p++) {
                char attribute[128];
                (void)snprintf(attribute, sizeof(attribute), " xmlns%s%.*s=\"http://%s/XMLSchema\"",
                               prefixes[p][0] != '\0' ? ":" : "", (int)strcspn(prefixes[p], ":"),
                               prefixes[p], spaces[s]);
                struct shape shape = {heads[h], prefixes[p], attribute};
                struct reading r;
                build(shape, NULL, CHANGE_NOTHING, "");
                assert_int_equal(parse(&r), PARSE_READING);
                assert_plate(&r, "浙A12345");
                shape.attribute = ""; /* the prefix is not even declared */
                build(shape, NULL, CHANGE_NOTHING, "");
                assert_int_equal(parse(&r), PARSE_READING);
            }
        }
    }
}

static void optional_fields_may_be_missing(void **state)
{
    (void)state;
    static const char least[] =
        "<EventNotificationAlert><ANPR><licensePlate>浙A12345</licensePlate></ANPR>"
        "</EventNotificationAlert>";
    struct reading r;
    assert_int_equal(parse_bytes(least, strlen(least), &r), PARSE_READING);
    assert_plate(&r, "浙A12345");
    assert_true(r.captured.us == 0);
    assert_int_equal(r.confidence, 0);
    assert_int_equal(r.plate_colour, PLATE_COLOUR_UNKNOWN);
    assert_string_equal(r.device_event, ""); /* nothing to tell a repeat by */
}

static void confidence_and_time_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *field, *value;
        int confidence;
        int64_t us;
    } cases[] = {
        {"confidenceLevel", "96.6",                         97, 1717200000250000},
        {"confidenceLevel", "1000",                         0,  1717200000250000},
        {"confidenceLevel", "-1",                           0,  1717200000250000},
        {"confidenceLevel", "high",                         0,  1717200000250000},
        {"dateTime",        "2024-06-01T08:00:00",          97, 0               },
        {"dateTime",        "yesterday",                    97, 0               },
        {"dateTime",        "2024-06-01T00:00:00Z",         97, 1717200000000000},
        {"dateTime",        " 2024-06-01T08:00:00+08:00\n", 97, 1717200000000000},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r;
        build(plain, cases[i].field, CHANGE_VALUE, cases[i].value);
        assert_int_equal(parse(&r), PARSE_READING);
        assert_plate(&r, "浙A12345");
        assert_int_equal(r.confidence, cases[i].confidence);
        assert_true(r.captured.us == cases[i].us);
    }
}

static void no_plate_is_a_vehicle_without_credential(void **state)
{
    (void)state;
    static const char *const none[] = {"unknown", "Unknown", "无车牌", "_无_", "", " \n"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        struct reading r;
        build(plain, "licensePlate", CHANGE_VALUE, none[i]);
        assert_int_equal(parse(&r), PARSE_READING);
        assert_no_plate(&r);
        assert_int_not_equal(strlen(r.device_event), 0);
    }
    struct reading r;
    build(plain, "licensePlate", CHANGE_VALUE, "无车牌");
    assert_int_equal(parse(&r), PARSE_READING);
    assert_int_equal(r.raw_size, strlen("无车牌")); /* what the camera said is kept */
    build(plain, "licensePlate", CHANGE_HUGE, "");
    assert_int_equal(parse(&r), PARSE_READING);
    assert_no_plate(&r);
    assert_int_equal(r.raw_size, 0);
}

static void a_plate_is_brought_to_its_normal_form(void **state)
{
    (void)state;
    struct reading r;
    build(plain, "licensePlate", CHANGE_VALUE, " 浙a·12345 ");
    assert_int_equal(parse(&r), PARSE_READING);
    assert_plate(&r, "浙A12345");
    assert_int_equal(r.raw_size, strlen("浙a·12345"));
}

static void gbk_and_utf16_bodies(void **state)
{
    (void)state;
    static const char gbk[] = "<?xml version=\"1.0\" encoding=\"GBK\"?><EventNotificationAlert>"
                              "<eventType>ANPR</eventType><ANPR><licensePlate>\xd5\xe3"
                              "A12345</licensePlate></ANPR></EventNotificationAlert>";
    struct reading r;
    assert_int_equal(parse_bytes(gbk, sizeof(gbk) - 1, &r), PARSE_READING);
    assert_plate(&r, "浙A12345");

    build(plain, NULL, CHANGE_NOTHING, "");
    static uint8_t wide[4 * BODY_BYTES];
    size_t size = 0;
    wide[size++] = 0xff;
    wide[size++] = 0xfe;
    for (size_t i = 0; i < body_size; i++) {
        if (((uint8_t)body[i] & 0x80) != 0) { /* 浙 is the only one: U+6D59 */
            wide[size++] = 0x59;
            wide[size++] = 0x6d;
            i += 2;
        } else {
            wide[size++] = (uint8_t)body[i];
            wide[size++] = 0;
        }
    }
    assert_int_equal(parse_bytes(wide, size, &r), PARSE_READING);
    assert_plate(&r, "浙A12345");
}

static void the_id_of_an_event(void **state)
{
    (void)state;
    struct reading first;
    struct reading r;
    build(plain, NULL, CHANGE_NOTHING, "");
    assert_int_equal(parse(&first), PARSE_READING);

    /* A repeat is the same, and neither count, address nor time of sending change it. */
    static const char *const same[] = {"activePostCount", "ipAddress", "macAddress", "dateTime"};
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        build(plain, same[i], CHANGE_VALUE, "7");
        assert_int_equal(parse(&r), PARSE_READING);
        assert_string_equal(r.device_event, first.device_event);
    }
    static const char *const other[] = {"UUID", "deviceUUID"};
    for (size_t i = 0; i < ARRAY_LEN(other); i++) {
        build(plain, other[i], CHANGE_VALUE, "a7bc0de0-7d6c-11e4-0000-000000000009");
        assert_int_equal(parse(&r), PARSE_READING);
        assert_string_not_equal(r.device_event, first.device_event);
    }
    /* The same body from another reader is another event. */
    build(plain, NULL, CHANGE_NOTHING, "");
    const struct name other_camera = {.text = "cam-2"};
    struct bytes text = {.data = (const uint8_t *)body, .size = body_size};
    assert_int_equal(hik_anpr_parse(text, other_camera, &r), PARSE_READING);
    assert_string_not_equal(r.device_event, first.device_event);
}

static void without_uuid_time_and_plate_are_the_id(void **state)
{
    (void)state;
    static const char *const none[] = {"", "0", "00000000-0000-0000-0000-000000000000"};
    char first[DEVICE_FINGERPRINT_SIZE] = "";
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        struct reading r;
        build(plain, "UUID", CHANGE_VALUE, none[i]);
        assert_int_equal(parse(&r), PARSE_READING);
        assert_int_equal(strlen(r.device_event), 32);
        if (i > 0) {
            assert_string_equal(r.device_event, first);
        }
        memcpy(first, r.device_event, sizeof(first));
    }
    static const char *const format =
        "<EventNotificationAlert><dateTime>%s</dateTime><ANPR><licensePlate>%s</licensePlate>"
        "</ANPR></EventNotificationAlert>";
    static const char *const cases[][2] = {
        {"2024-06-01T08:00:00+08:00", "浙A12345"},
        {"2024-06-01T08:00:01+08:00", "浙A12345"},
        {"2024-06-01T08:00:00+08:00", "浙A12346"}
    };
    char ids[ARRAY_LEN(cases)][DEVICE_FINGERPRINT_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r;
        int size = snprintf(body, sizeof(body), format, cases[i][0], cases[i][1]);
        assert_int_equal(parse_bytes(body, (size_t)size, &r), PARSE_READING);
        memcpy(ids[i], r.device_event, sizeof(ids[i]));
    }
    assert_string_not_equal(ids[0], ids[1]);
    assert_string_not_equal(ids[0], ids[2]);
}

static void foreign_events_give_no_reading(void **state)
{
    (void)state;
    static const char *const types[] = {"linedetection", "fielddetection", "VMD",   "videoloss",
                                        "heartBeat",     "anpr",           "ANPR2", "faceSnap"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct reading r;
        build(plain, "eventType", CHANGE_VALUE, types[i]);
        assert_int_equal(parse(&r), PARSE_FOREIGN);
    }
    struct reading r;
    build(plain, "eventState", CHANGE_VALUE, "inactive");
    assert_int_equal(parse(&r), PARSE_FOREIGN);
    static const char heartbeat[] =
        "<EventNotificationAlert version=\"1.0\"><eventType>videoloss</eventType>"
        "<eventState>inactive</eventState></EventNotificationAlert>";
    assert_int_equal(parse_bytes(heartbeat, strlen(heartbeat), &r), PARSE_FOREIGN);
}

static void what_is_no_event_is_bad(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "",
        " ",
        "<",
        "{}",
        "garbage",
        "<a/>",
        "<ANPR><licensePlate>浙A12345</licensePlate></ANPR>",
        "<EventNotificationAlert/>",
        "<EventNotificationAlert><eventType>ANPR</eventType></EventNotificationAlert>",
        "<EventNotificationAlert><licensePlate>浙A12345</licensePlate></EventNotificationAlert>",
        "<EventNotificationAlert><ANPR></ANPR></EventNotificationAlert><x/>",
        "<EventNotificationAlert><ANPR></EventNotificationAlert></ANPR>",
        "<EventNotificationAlert><ANPR><licensePlate>浙A12345</licensePlate></ANPR>",
        "<EventNotificationAlert><ANPR><licensePlate>&unknown;</licensePlate></ANPR>"
        "</EventNotificationAlert>",
        "<eventnotificationalert><ANPR/></eventnotificationalert>",
        "<EventNotificationAlert><ANPR><licensePlate>\xff\xff</licensePlate></ANPR>"
        "</EventNotificationAlert>",
        "<EventNotificationAlert><ANPR><licensePlate>&#0;</licensePlate></ANPR>"
        "</EventNotificationAlert>",
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct reading r;
        assert_int_equal(parse_bytes(bodies[i], strlen(bodies[i]), &r), PARSE_BAD);
    }
}

static void no_document_type_is_let_in(void **state)
{
    (void)state;
    static const char *const types[] = {
        "<!DOCTYPE EventNotificationAlert>",
        "<!DOCTYPE x [<!ENTITY p \"浙A12345\">]>",
        "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">",
        "<!DOCTYPE x [<!ENTITY p SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE x [<!ENTITY % r SYSTEM \"http://192.0.2.1/x.dtd\"> %r;]>",
        ("<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
         "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY p \"&c;&c;&c;&c;&c;&c;&c;&c;\">]>"),
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        for (size_t use = 0; use < 2; use++) {
            struct shape shape = plain;
            shape.head = types[i];
            struct reading r;
            build(shape, "licensePlate", CHANGE_VALUE, use == 0 ? "浙A12345" : "&p;");
            assert_int_equal(parse(&r), PARSE_BAD);
        }
    }
}

static void depth_and_count_are_bounded(void **state)
{
    (void)state;
    for (size_t levels = 8; levels <= 3000; levels += levels < 20 ? 1 : 990) {
        body_size = 0;
        put("<EventNotificationAlert><ANPR><licensePlate>浙A12345</licensePlate>");
        for (size_t i = 0; i < levels; i++) {
            put("<a>");
        }
        for (size_t i = 0; i < levels; i++) {
            put("</a>");
        }
        put("</ANPR></EventNotificationAlert>");
        struct reading r;
        bool fits = levels + 2 <= HIK_ANPR_DEPTH;
        assert_int_equal(parse(&r), fits ? PARSE_READING : PARSE_BAD);
    }
    for (size_t count = HIK_ANPR_ELEMENTS - 3; count <= HIK_ANPR_ELEMENTS; count++) {
        body_size = 0;
        put("<EventNotificationAlert><ANPR><licensePlate>浙A12345</licensePlate>");
        for (size_t i = 3; i < count; i++) {
            put("<a/>");
        }
        put("<a/></ANPR></EventNotificationAlert>");
        struct reading r;
        assert_int_equal(parse(&r), count + 1 <= HIK_ANPR_ELEMENTS ? PARSE_READING : PARSE_BAD);
    }
}

/* What one changed field may do to the event: the rules of the header, said once more. */
static enum parse_result expected_of(const char *field, enum change change, bool *ret_plate_lost)
{
    bool is_plate = strcmp(field, "licensePlate") == 0;
    bool is_type = strcmp(field, "eventType") == 0;
    *ret_plate_lost = false;
    if (change == CHANGE_COMMENT) {
        return PARSE_BAD; /* "--" within a comment is no XML */
    }
    if (is_plate && change == CHANGE_DOUBLED_OTHER) {
        return PARSE_BAD;
    }
    if (is_type && (change == CHANGE_VALUE || change == CHANGE_HUGE || change == CHANGE_CDATA)) {
        return PARSE_FOREIGN;
    }
    *ret_plate_lost =
        is_plate && (change == CHANGE_MISSING || change == CHANGE_EMPTY ||
                     change == CHANGE_BLANKS || change == CHANGE_HUGE || change == CHANGE_NESTED);
    return PARSE_READING;
}

static void every_field_changed_in_every_way(void **state)
{
    (void)state;
    size_t variations = 0;
    for (size_t f = 0; f < ARRAY_LEN(fields); f++) {
        for (int change = CHANGE_NOTHING; change < CHANGES; change++) {
            struct reading r;
            bool plate_lost;
            build(plain, fields[f].name, (enum change)change, "浙C99999");
            enum parse_result expected =
                expected_of(fields[f].name, (enum change)change, &plate_lost);
            assert_int_equal(parse(&r), expected);
            variations++;
            if (expected != PARSE_READING) {
                continue;
            }
            bool other = strcmp(fields[f].name, "licensePlate") == 0 &&
                         (change == CHANGE_VALUE || change == CHANGE_CDATA);
            if (plate_lost) {
                assert_no_plate(&r);
            } else {
                assert_plate(&r, other ? "浙C99999" : "浙A12345");
            }
        }
    }
    assert_true(variations >= 200);
}

static void fields_in_any_order(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "<eventType>ANPR</eventType>", "<ANPR><licensePlate>浙A12345</licensePlate></ANPR>",
        "<dateTime>2024-06-01T08:00:00+08:00</dateTime>", "<UUID>a1</UUID>"};
    for (size_t first = 0; first < ARRAY_LEN(parts); first++) {
        body_size = 0;
        put("<EventNotificationAlert>");
        for (size_t i = ARRAY_LEN(parts); i-- > 0;) {
            put(parts[(first + i) % ARRAY_LEN(parts)]);
        }
        put("</EventNotificationAlert>");
        struct reading r;
        assert_int_equal(parse(&r), PARSE_READING);
        assert_plate(&r, "浙A12345");
        assert_true(r.captured.us == 1717200000000000);
    }
}

static void every_cut_is_bad(void **state)
{
    (void)state;
    build(plain, NULL, CHANGE_NOTHING, "");
    for (size_t size = 0; size + 1 < body_size; size++) { /* the last byte is a line end */
        struct reading r;
        assert_int_equal(parse_bytes(body, size, &r), PARSE_BAD);
    }
}

static void damaged_bytes_are_survived(void **state)
{
    (void)state;
    uint32_t random = 1;
    build(plain, NULL, CHANGE_NOTHING, "");
    static char whole[BODY_BYTES];
    memcpy(whole, body, body_size);
    for (size_t i = 0; i < 20000; i++) {
        size_t at[3];
        for (size_t k = 0; k < ARRAY_LEN(at); k++) {
            random = random * 1664525 + 1013904223;
            at[k] = (random >> 8) % body_size;
            body[at[k]] = (char)(random >> 24);
        }
        struct reading r = {.raw_size = 0};
        enum parse_result result = parse(&r);
        assert_true(result == PARSE_READING || result == PARSE_FOREIGN || result == PARSE_BAD);
        if (result == PARSE_READING) {
            assert_true(r.kind == CREDENTIAL_KIND_PLATE || r.kind == CREDENTIAL_KIND_NONE);
            assert_true(r.id_size <= LIMIT_CREDENTIAL_BYTES && r.confidence <= 100);
            assert_true((r.kind == CREDENTIAL_KIND_PLATE) == (r.id_size > 0));
        }
        for (size_t k = 0; k < ARRAY_LEN(at); k++) {
            body[at[k]] = whole[at[k]];
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_field_by_field),
        cmocka_unit_test(every_namespace_prefix_and_declaration),
        cmocka_unit_test(optional_fields_may_be_missing),
        cmocka_unit_test(confidence_and_time_are_checked),
        cmocka_unit_test(no_plate_is_a_vehicle_without_credential),
        cmocka_unit_test(a_plate_is_brought_to_its_normal_form),
        cmocka_unit_test(gbk_and_utf16_bodies),
        cmocka_unit_test(the_id_of_an_event),
        cmocka_unit_test(without_uuid_time_and_plate_are_the_id),
        cmocka_unit_test(foreign_events_give_no_reading),
        cmocka_unit_test(what_is_no_event_is_bad),
        cmocka_unit_test(no_document_type_is_let_in),
        cmocka_unit_test(depth_and_count_are_bounded),
        cmocka_unit_test(every_field_changed_in_every_way),
        cmocka_unit_test(fields_in_any_order),
        cmocka_unit_test(every_cut_is_bad),
        cmocka_unit_test(damaged_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
