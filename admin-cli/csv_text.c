#include "admin-cli/csv_text.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "admin-cli/cli.h"
#include "common/base/must.h"

static const char bom[] = "\xef\xbb\xbf";

/* Length of the sequence that begins at `at`, 0 when it is not valid. */
static size_t sequence_length(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead == 0 || lead > 0xf4 || length == 0 || length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (lead == 0xe0 && at[1] < 0xa0) || (lead == 0xf0 && at[1] < 0x90);
    bool outside = (lead == 0xed && at[1] > 0x9f) || (lead == 0xf4 && at[1] > 0x8f);
    return overlong || outside ? 0 : length;
}

bool csv_is_utf8(const char *text, size_t size)
{
    const uint8_t *at = (const uint8_t *)text;
    for (size_t i = 0; i < size;) {
        size_t length = sequence_length(at + i, size - i);
        if (length == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

static bool is_ascii(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((text[i] & 0x80) != 0) {
            return false;
        }
    }
    return true;
}

bool csv_text_open(const char *path, struct csv_text *text, struct complaint *c)
{
    *text = (struct csv_text){.path = path};
    text->file = fopen(path, "re");
    if (text->file == NULL) {
        return complain(c, ERROR_FILE_OPEN, path, strerror(errno), NULL, NULL);
    }
    text->gbk = iconv_open("UTF-8", "GBK");
    text->gbk_open = text->gbk != (iconv_t)-1;
    return true;
}

static bool from_gbk(struct csv_text *text, size_t size, size_t *ret_size)
{
    size_t needed = size * 3 + 1;
    if (!text->gbk_open || memchr(text->raw, '\0', size) != NULL) {
        return false;
    }
    if (needed > text->utf8_capacity) {
        text->utf8 = realloc(text->utf8, needed);
        MUST(text->utf8 != NULL);
        text->utf8_capacity = needed;
    }
    char *in = text->raw;
    char *out = text->utf8;
    size_t in_left = size;
    size_t out_left = text->utf8_capacity - 1;
    (void)iconv(text->gbk, NULL, NULL, NULL, NULL);
    if (iconv(text->gbk, &in, &in_left, &out, &out_left) == (size_t)-1 || in_left != 0) {
        return false;
    }
    *ret_size = (size_t)(out - text->utf8);
    *out = '\0';
    return true;
}

static enum csv_next bad_line(struct csv_text *text, struct complaint *c)
{
    char line[24];
    (void)complain(c, ERROR_FILE_ENCODING, cli_number(line, text->line), NULL, NULL, NULL);
    return CSV_BAD;
}

static enum csv_next decode(struct csv_text *text, char *raw, size_t size, const char **ret_line,
                            size_t *ret_size, struct complaint *c)
{
    if (text->encoding == CSV_ASCII && !is_ascii(raw, size)) {
        text->encoding = csv_is_utf8(raw, size) ? CSV_UTF8 : CSV_GBK;
    }
    *ret_line = raw;
    *ret_size = size;
    if (text->encoding != CSV_GBK) {
        return csv_is_utf8(raw, size) ? CSV_LINE : bad_line(text, c);
    }
    if (!from_gbk(text, size, ret_size)) {
        return bad_line(text, c);
    }
    *ret_line = text->utf8;
    return CSV_LINE;
}

enum csv_next csv_text_next(struct csv_text *text, const char **ret_line, size_t *ret_size,
                            struct complaint *c)
{
    errno = 0;
    ssize_t got = getline(&text->raw, &text->raw_capacity, text->file);
    if (got < 0) {
        if (ferror(text->file)) {
            (void)complain(c, ERROR_FILE_OPEN, text->path, strerror(errno), NULL, NULL);
            return CSV_BAD;
        }
        return CSV_END;
    }
    text->line++;
    char *raw = text->raw;
    size_t size = (size_t)got;
    if (size > CSV_LINE_MAX) {
        (void)complain(c, ERROR_FILE_OPEN, text->path, "a line is over 65536 bytes", NULL, NULL);
        return CSV_BAD;
    }
    if (text->line == 1 && size >= 3 && memcmp(raw, bom, 3) == 0) {
        text->encoding = CSV_UTF8;
        raw += 3;
        size -= 3;
    }
    return decode(text, raw, size, ret_line, ret_size, c);
}

long csv_text_offset(const struct csv_text *text)
{
    return ftell(text->file);
}

void csv_text_destroy(struct csv_text *text)
{
    if (text->file != NULL) {
        (void)fclose(text->file);
    }
    if (text->gbk_open) {
        (void)iconv_close(text->gbk);
    }
    free(text->raw);
    free(text->utf8);
    *text = (struct csv_text){0};
}
