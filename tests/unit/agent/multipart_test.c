/* Goal: every part of a body comes out whole, whatever the device makes of line ends, names and
 * lengths. Method: bodies as devices send them, each fed whole and in pieces of 1 to 40 bytes. */
#include "reader-agent/driver/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { SEEN_BYTES = 4096 };

/* What came out, as text: "T<text>|" for a text, "P|" picture, "O|" other, "E|" empty. */
struct seen {
    char text[SEEN_BYTES];
    size_t size;
    size_t parts;
};

static void on_part(void *ctx, enum multipart_kind kind, struct bytes text)
{
    static const char marks[] = {[MULTIPART_EMPTY] = 'E',
                                 [MULTIPART_TEXT] = 'T',
                                 [MULTIPART_PICTURE] = 'P',
                                 [MULTIPART_OTHER] = 'O'};
    struct seen *seen = ctx;
    while (text.size > 0 && strchr("\r\n", text.data[text.size - 1]) != NULL) {
        text.size--;
    }
    int size = snprintf(seen->text + seen->size, SEEN_BYTES - seen->size, "%c%.*s|", marks[kind],
                        (int)text.size, (const char *)text.data);
    assert_true(size > 0 && (size_t)size < SEEN_BYTES - seen->size);
    seen->size += (size_t)size;
    seen->parts++;
}

static enum err split(struct bytes body, uint64_t told, size_t piece, struct seen *seen)
{
    struct multipart_sink sink = {.part = on_part, .ctx = seen};
    AUTO(multipart_destroy) struct multipart *m = multipart_create("boundary", told, sink);
    assert_non_null(m);
    *seen = (struct seen){.size = 0};
    for (size_t at = 0; at < body.size; at += piece) {
        size_t size = body.size - at < piece ? body.size - at : piece;
        /* A copy of its own, so that a sanitizer sees a read behind the piece. */
        uint8_t *copy = malloc(size);
        assert_non_null(copy);
        memcpy(copy, body.data + at, size);
        enum err err = multipart_feed(m, (struct bytes){.data = copy, .size = size});
        free(copy);
        if (err != ERR_OK) {
            return err;
        }
    }
    return multipart_end(m);
}

static void check(struct bytes body, bool tell, const char *expected)
{
    for (size_t piece = 1; piece <= 41; piece++) {
        struct seen seen;
        size_t size = piece <= 40 ? piece : body.size;
        assert_int_equal(split(body, tell ? body.size : 0, size, &seen), ERR_OK);
        assert_string_equal(seen.text, expected);
    }
}

#define XML  "<?xml version=\"1.0\"?><a/>"
#define JPEG "\xff\xd8\xff\xe0 0123456789 "

static void bodies_as_devices_send_them(void **state)
{
    (void)state;
    /* Bodies read better unaligned. */
    /* clang-format off */
    static const struct {
        const char *body;
        const char *expected;
    } cases[] = {
        /* form-data by the book */
        {"--boundary\r\nContent-Disposition: form-data; name=\"anpr.xml\"\r\n"
         "Content-Type: application/xml\r\n\r\n" XML "\r\n--boundary\r\n"
         "Content-Disposition: form-data; name=\"licensePlatePicture.jpg\"\r\n"
         "Content-Type: image/jpeg\r\n\r\n" JPEG "\r\n--boundary--\r\n",
         "T" XML "|P|"},
        /* line feeds alone, mixed content, no name */
        {"--boundary\nContent-Type: application/json\nContent-Length: 2\n\n{}\n--boundary\n"
         "Content-Type: image/jpeg\n\n" JPEG "\n--boundary--\n",
         "T{}|P|"},
        /* a picture called octet-stream with only a file name; a text called a picture */
        {"--boundary\r\nContent-Disposition: form-data; filename=\"x.jpg\"\r\n"
         "Content-Type: application/octet-stream\r\n\r\n" JPEG "\r\n--boundary\r\n"
         "Content-Type: image/jpeg\r\n\r\n{\"a\":1}\r\n--boundary--", "P|T{\"a\":1}|"},
        /* no headers at all; a preamble; a blank before the text */
        {"hello\r\n--boundary\r\n\r\n\r\n \t" XML "\r\n--boundary--\r\nepilogue", "T" XML "|"},
        /* the last delimiter is missing, or cut */
        {"--boundary\r\n\r\n" XML, "T" XML "|"},
        {"--boundary\r\n\r\n" XML "\r\n--boundary", "T" XML "|"},
        {"--boundary\r\n\r\n" XML "\r\n--bound", "T" XML "\r\n--bound|"},
        /* text after what looked like the last delimiter */
        {"--boundary\r\n\r\n{}\r\n--boundary--\r\n--boundary\r\n\r\n[]\r\n--boundary--",
         "T{}|T[]|"},
        /* the blank line behind the headers is missing */
        {"--boundary\r\nContent-Type: application/xml\r\n" XML "\r\n--boundary--", "T" XML "|"},
        /* a longer boundary, a shorter one, and one in mid-line are content */
        {"--boundary\n\n{\n--boundaryX\n--bound\n x--boundary\n--boundary-\n}\n"
         "--boundary \t\r\n\n[]\n--boundary--",
         "T{\n--boundaryX\n--bound\n x--boundary\n--boundary-\n}|T[]|"},
        /* blank, binary and word parts */
        {"--boundary\n\n\r\n \n--boundary\n\nHeartbeat\n--boundary\n\n\x01\x02\x03\n--boundary--",
         "E|O|O|"},
        /* the length of a text is not believed */
        {"--boundary\nContent-Length: 1\n\n{}\n--boundary\nContent-Length: 99\n\n[]\n--boundary--",
         "T{}|T[]|"},
        /* lengths that are no numbers */
        {"--boundary\nContent-Length: -5\n\n" JPEG "\n--boundary\n"
         "Content-Length: 99999999999999999999\n\n" JPEG "\n--boundary\n\n{}\n--boundary--",
         "P|P|T{}|"},
        /* two delimiters running: a part without anything */
        {"--boundary\n--boundary\n\n{}\n--boundary--", "T{}|"},
        /* a counted picture, and the delimiter at once behind it, without a line end */
        {"--boundary\nContent-Length: 18\n\n" JPEG "ab--boundary\n\n{}\n--boundary--", "P|T{}|"},
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        check(bytes_of_text(cases[i].body), i % 2 == 0, cases[i].expected);
    }
}

#define FALSE_PART                                                                                 \
    "\xff\xd8\xff\xe0 01234567890\r\n--boundary\r\n\r\n{\"forged\":1}\r\n--boundary--\r\nrest"

static void a_delimiter_in_a_picture_ends_nothing(void **state)
{
    (void)state;
    static const char picture[] = FALSE_PART;
    char body[512];
    int size = snprintf(body, sizeof(body),
                        "--boundary\r\nContent-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n%s"
                        "\r\n--boundary\r\n\r\n{\"real\":1}\r\n--boundary--\r\n",
                        strlen(picture), picture);
    assert_true(size > 0 && (size_t)size < sizeof(body));
    check(bytes_of_text(body), true, "P|T{\"real\":1}|");
    check(bytes_of_text(body), false, "P|T{\"real\":1}|");
}

static void wrong_lengths_of_pictures_lose_no_text(void **state)
{
    (void)state;
    /* Too short, too long for the body, and the whole rest of the body as an impossible sum. */
    static const char *const lengths[] = {"0", "5", "400", "9999999999", "4194304"};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        char body[256];
        int size = snprintf(body, sizeof(body),
                            "--boundary\r\nContent-Length: %s\r\n\r\n" JPEG
                            "\r\n--boundary\r\n\r\n{}\r\n--boundary--\r\n",
                            lengths[i]);
        assert_true(size > 0 && (size_t)size < sizeof(body));
        check(bytes_of_text(body), true, "P|T{}|");
    }
}

static void a_stray_delimiter_in_a_picture_without_length(void **state)
{
    (void)state;
    /* Its rest is taken for headers; the next part is found all the same. */
    enum { NOISE = 3 * MULTIPART_HEADER_BYTES };
    static char body[NOISE + 256];
    size_t size = (size_t)snprintf(body, sizeof(body), "--boundary\n\n" JPEG "\n--boundary\n");
    memset(body + size, 'x', NOISE);
    for (size_t i = 0; i < NOISE; i += 700) {
        body[size + i] = '\n';
    }
    size += NOISE;
    size +=
        (size_t)snprintf(body + size, sizeof(body) - size, "\n--boundary\n\n{}\n--boundary--\n");
    check((struct bytes){.data = (const uint8_t *)body, .size = size}, false, "P|O|T{}|");
}

static void bounds_hold(void **state)
{
    (void)state;
    static char body[LIMIT_HTTP_TEXT_BYTES + 64];
    struct seen seen;
    size_t begin = (size_t)snprintf(body, sizeof(body), "--boundary\n\n");
    memset(body + begin, '<', sizeof(body) - begin);
    struct bytes exact = {.data = (const uint8_t *)body, .size = begin + LIMIT_HTTP_TEXT_BYTES};
    struct multipart_sink nothing = {.part = on_part, .ctx = &seen};

    AUTO(multipart_destroy) struct multipart *m = multipart_create("boundary", 0, nothing);
    assert_int_equal(multipart_feed(m, exact), ERR_OK);
    assert_int_equal(multipart_feed(m, bytes_of_text("<")), ERR_FULL);
    assert_int_equal(multipart_feed(m, bytes_of_text("\n--boundary\n\n{}\n--boundary--\n")),
                     ERR_FULL);
    seen = (struct seen){.size = 0};
    assert_int_equal(multipart_end(m), ERR_FULL);
    assert_int_equal(seen.parts, 0);

    struct bytes part = bytes_of_text("--boundary\n\n{}\n");
    for (size_t count = MULTIPART_PARTS; count <= MULTIPART_PARTS + 1; count++) {
        char many[(MULTIPART_PARTS + 1) * 32];
        for (size_t i = 0; i < count; i++) {
            memcpy(many + i * part.size, part.data, part.size);
        }
        struct bytes all = {.data = (const uint8_t *)many, .size = count * part.size};
        assert_int_equal(split(all, 0, 7, &seen), count > MULTIPART_PARTS ? ERR_FULL : ERR_OK);
    }
}

static void no_delimiter_is_bad_input(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "<a/>", "--boundar", "-", "--other\n\n{}\n--other--"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct seen seen;
        assert_int_equal(split(bytes_of_text(bodies[i]), 0, 3, &seen), ERR_INPUT);
        assert_int_equal(seen.parts, 0);
    }
}

static void any_cut_and_any_byte_is_survived(void **state)
{
    (void)state;
    static const char whole[] = "--boundary\r\nContent-Length: 30\r\n\r\n" JPEG
                                "\r\n--boundary\r\n\r\n{}\r\n--boundary--\r\n";
    for (size_t at = 0; at + 1 < sizeof(whole); at++) {
        for (int byte = 0; byte < 256; byte += 5) {
            char body[sizeof(whole)];
            memcpy(body, whole, sizeof(whole));
            body[at] = (char)byte;
            struct seen seen;
            enum err err =
                split((struct bytes){.data = (const uint8_t *)body, .size = at + 1}, at, 3, &seen);
            assert_true(err == ERR_OK || err == ERR_INPUT);
            err = split((struct bytes){.data = (const uint8_t *)body, .size = sizeof(whole) - 1}, 0,
                        11, &seen);
            assert_true(err == ERR_OK || err == ERR_INPUT);
            assert_true(seen.parts <= 3);
        }
    }
}

static void boundary_of_a_content_type(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *boundary; /* NULL: none */
    } cases[] = {
        {"multipart/form-data; boundary=boundary",                                           "boundary"     },
        {"multipart/form-data;boundary=MIME_boundary",                                       "MIME_boundary"},
        {"Multipart/Mixed; charset=utf-8; BOUNDARY=\"a b;c\"; x=y",                          "a b;c"        },
        {"multipart/x-mixed-replace; boundary=---1; q",                                      "---1"         },
        {" multipart/form-data; boundary=b ",                                                "b"            },
        {"multipart/form-data",                                                              NULL           },
        {"multipart/form-data; boundary=",                                                   NULL           },
        {"multipart/form-data; boundary=\"\"",                                               NULL           },
        {"multipart/form-data; xboundary=a",                                                 NULL           },
        {"application/xml; boundary=a",                                                      NULL           },
        {"",                                                                                 NULL           },
        {"multipart/form-data; boundary=\"a\nb\"",                                           NULL           },
        {"multipart/form-data; boundary="
         "01234567890123456789012345678901234567890123456789012345678901234567890", NULL           },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char out[MULTIPART_BOUNDARY_BYTES + 1] = "untouched";
        assert_int_equal(multipart_boundary(cases[i].type, out), cases[i].boundary != NULL);
        assert_string_equal(out, cases[i].boundary != NULL ? cases[i].boundary : "untouched");
    }
}

static void kinds_by_content(void **state)
{
    (void)state;
    static const struct {
        const char *begin;
        enum multipart_kind kind;
    } cases[] = {
        {"<?xml",             MULTIPART_TEXT   },
        {"\xef\xbb\xbf<a>",   MULTIPART_TEXT   },
        {" \r\n{\"a\"",       MULTIPART_TEXT   },
        {"[1]",               MULTIPART_TEXT   },
        {"\xff\xfe<",         MULTIPART_TEXT   },
        {"\xfe\xff",          MULTIPART_TEXT   },
        {"\xff\xd8\xff",      MULTIPART_PICTURE},
        {"\x89PNG\r\n\x1a\n", MULTIPART_PICTURE},
        {"GIF89a",            MULTIPART_PICTURE},
        {"BM12",              MULTIPART_PICTURE},
        {"RIFF",              MULTIPART_PICTURE},
        {"\xff\xd8",          MULTIPART_OTHER  },
        {"plain",             MULTIPART_OTHER  },
        {"\xef\xbb\xbf",      MULTIPART_OTHER  },
        {"\x01",              MULTIPART_OTHER  },
        {"",                  MULTIPART_EMPTY  },
        {" \t\r\n",           MULTIPART_EMPTY  },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(multipart_kind_of(bytes_of_text(cases[i].begin)), cases[i].kind);
    }
    assert_int_equal(multipart_kind_of((struct bytes){.data = (const uint8_t *)"\0\0", .size = 2}),
                     MULTIPART_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_as_devices_send_them),
        cmocka_unit_test(a_delimiter_in_a_picture_ends_nothing),
        cmocka_unit_test(wrong_lengths_of_pictures_lose_no_text),
        cmocka_unit_test(a_stray_delimiter_in_a_picture_without_length),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(no_delimiter_is_bad_input),
        cmocka_unit_test(any_cut_and_any_byte_is_survived),
        cmocka_unit_test(boundary_of_a_content_type),
        cmocka_unit_test(kinds_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
