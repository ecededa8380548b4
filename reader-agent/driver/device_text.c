#include "reader-agent/driver/device_text.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"

/* Length of the UTF-8 sequence that begins at `at`, 0 when it is none (overlong, surrogate, cut).
 */
static size_t utf8_sequence(struct bytes in, size_t at)
{
    static const struct {
        uint8_t mask, lead;
        uint32_t least;
    } forms[] = {
        {0x80, 0x00, 0      },
        {0xe0, 0xc0, 0x80   },
        {0xf0, 0xe0, 0x800  },
        {0xf8, 0xf0, 0x10000}
    };
    for (size_t more = 0; more < ARRAY_LEN(forms); more++) {
        if ((in.data[at] & forms[more].mask) != forms[more].lead) {
            continue;
        }
        if (in.size - at <= more) {
            return 0;
        }
        uint32_t code = in.data[at] & (uint8_t)~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if ((in.data[at + i] & 0xc0) != 0x80) {
                return 0;
            }
            code = code << 6 | (in.data[at + i] & 0x3f);
        }
        bool ok = code >= forms[more].least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        return ok ? more + 1 : 0;
    }
    return 0;
}

static bool is_utf8(struct bytes in)
{
    for (size_t at = 0; at < in.size;) {
        size_t size = utf8_sequence(in, at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

static bool begins_with(struct bytes in, const char *mark, size_t mark_size)
{
    return in.size >= mark_size && memcmp(in.data, mark, mark_size) == 0;
}

static size_t convert(const char *charset, struct bytes from, char *out, size_t out_size)
{
    iconv_t converter = iconv_open("UTF-8", charset);
    if (converter == (iconv_t)-1) {
        return 0;
    }
    char *in = (char *)(uintptr_t)from.data; /* iconv does not write there */
    size_t in_left = from.size;
    char *end = out;
    size_t out_left = out_size;
    size_t rc = iconv(converter, &in, &in_left, &end, &out_left);
    (void)iconv_close(converter);
    return rc == (size_t)-1 || in_left > 0 ? 0 : out_size - out_left;
}

static bool is_utf16(struct bytes in)
{
    return begins_with(in, "\xff\xfe", 2) || begins_with(in, "\xfe\xff", 2);
}

static size_t decode_into(struct bytes from, char *out, size_t out_size)
{
    if (is_utf16(from)) {
        return convert("UTF-16", from, out, out_size);
    }
    if (!is_utf8(from)) {
        return convert("GB18030", from, out, out_size);
    }
    size_t mark = begins_with(from, "\xef\xbb\xbf", 3) ? 3 : 0;
    memcpy(out, from.data + mark, from.size - mark);
    return from.size - mark;
}

char *device_text_decode(struct bytes from, size_t *ret_size)
{
    while (from.size > 0 && from.data[from.size - 1] == '\0' && !is_utf16(from)) {
        from.size--; /* some devices send their C string with its end */
    }
    if (from.size == 0 || from.size > SIZE_MAX / 4) {
        return NULL;
    }
    size_t room = from.size * 2; /* UTF-16 and GB18030 grow by half at most */
    char *out = malloc(room + 1);
    if (out == NULL) {
        return NULL;
    }
    size_t size = decode_into(from, out, room);
    if (size == 0 || memchr(out, '\0', size) != NULL) {
        free(out);
        return NULL;
    }
    out[size] = '\0';
    *ret_size = size;
    return out;
}

void device_text_free(char **text)
{
    free(*text);
    *text = NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Exactly `digits` digits; moves *at behind them. */
static bool take_digits(const char **at, int digits, int *ret_value)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        if (!is_digit((*at)[i])) {
            return false;
        }
        value = value * 10 + ((*at)[i] - '0');
    }
    *at += digits;
    *ret_value = value;
    return true;
}

static bool take(const char **at, const char *one_of)
{
    if (**at == '\0' || strchr(one_of, **at) == NULL) {
        return false;
    }
    (*at)++;
    return true;
}

static bool take_date(const char **at, int64_t *ret_days)
{
    int year, month, day;
    if (!take_digits(at, 4, &year) || !take(at, "-") || !take_digits(at, 2, &month) ||
        !take(at, "-") || !take_digits(at, 2, &day) || year < 1970 || year > 2199) {
        return false;
    }
    struct civil_date date = {.year = year, .month = (uint8_t)month, .day = (uint8_t)day};
    int32_t days;
    if (!civil_day_of(date, &days)) {
        return false;
    }
    *ret_days = days;
    return true;
}

static bool take_clock(const char **at, int64_t *ret_us)
{
    int hour, minute, second;
    if (!take_digits(at, 2, &hour) || !take(at, ":") || !take_digits(at, 2, &minute) ||
        !take(at, ":") || !take_digits(at, 2, &second) || hour > 23 || minute > 59 || second > 60) {
        return false;
    }
    int64_t us = ((hour * 60 + minute) * 60 + second) * INT64_C(1000000);
    if (take(at, ".,")) {
        if (!is_digit(**at)) {
            return false;
        }
        for (int64_t unit = 100000; is_digit(**at); unit /= 10, (*at)++) {
            us += (**at - '0') * unit;
        }
    }
    *ret_us = us;
    return true;
}

/* Z, +08:00, +0800 or +08, and then the end. */
static bool take_offset(const char **at, int64_t *ret_us)
{
    int hours = 0;
    int minutes = 0;
    bool west = **at == '-';
    if (take(at, "Zz")) {
        *ret_us = 0;
        return **at == '\0';
    }
    if (!take(at, "+-") || !take_digits(at, 2, &hours)) {
        return false;
    }
    if (**at != '\0') {
        (void)take(at, ":");
        if (!take_digits(at, 2, &minutes)) {
            return false;
        }
    }
    int64_t us = (hours * 60 + minutes) * INT64_C(60000000);
    *ret_us = west ? -us : us;
    return **at == '\0' && hours <= 14 && minutes <= 59;
}

struct wall device_text_time(const char *text)
{
    const struct wall none = {.us = 0};
    int64_t days, us, offset_us;
    const char *at = text;
    if (!take_date(&at, &days) || !take(&at, "Tt ") || !take_clock(&at, &us) ||
        !take_offset(&at, &offset_us)) {
        return none;
    }
    int64_t when_us = days * INT64_C(86400000000) + us - offset_us;
    return (struct wall){.us = when_us > 0 ? when_us : 0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_blanks(const char *at)
{
    while (is_blank(*at)) {
        at++;
    }
    return at;
}

bool device_text_number(const char *text, uint64_t max, uint64_t *ret_number)
{
    const char *at = skip_blanks(text);
    if (!is_digit(*at)) {
        return false;
    }
    uint64_t value = 0;
    for (; is_digit(*at); at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (take(&at, ".")) {
        while (*at == '0') {
            at++;
        }
    }
    if (*skip_blanks(at) != '\0') {
        return false;
    }
    *ret_number = value;
    return true;
}

uint8_t device_text_percent(const char *text)
{
    const char *at = skip_blanks(text);
    unsigned value = 0;
    if (!is_digit(*at)) {
        return 0;
    }
    for (; is_digit(*at); at++) {
        value = value * 10 + (unsigned)(*at - '0');
        if (value > 100) {
            return 0;
        }
    }
    bool up = false;
    bool fraction = false;
    if (take(&at, ".")) {
        up = *at >= '5' && *at <= '9';
        for (; is_digit(*at); at++) {
            fraction = fraction || *at != '0';
        }
    }
    if (*skip_blanks(at) != '\0' || (value == 100 && fraction)) {
        return 0;
    }
    return (uint8_t)(value + (up ? 1 : 0));
}

void device_text_trim(char *text)
{
    const char *begin = skip_blanks(text);
    size_t size = strlen(begin);
    while (size > 0 && is_blank(begin[size - 1])) {
        size--;
    }
    memmove(text, begin, size);
    text[size] = '\0';
}

static int hex_of(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void device_text_unpercent(char *text)
{
    size_t length = strlen(text);
    size_t size = 0;
    bool changed = false;
    AUTO(device_text_free) char *plain = malloc(length + 1);
    if (plain == NULL) {
        return;
    }
    for (const char *at = text; *at != '\0'; at++) {
        bool coded = at[0] == '%' && hex_of(at[1]) >= 0 && hex_of(at[2]) >= 0;
        plain[size++] = coded ? (char)(hex_of(at[1]) * 16 + hex_of(at[2])) : *at;
        at += coded ? 2 : 0;
        changed = changed || coded;
    }
    size_t decoded_size = 0;
    AUTO(device_text_free)
    char *decoded = changed
                        ? device_text_decode((struct bytes){.data = (uint8_t *)plain, .size = size},
                                             &decoded_size)
                        : NULL;
    if (decoded != NULL && decoded_size <= length) {
        memcpy(text, decoded, decoded_size + 1);
    }
}

bool device_text_is_printable(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return false;
        }
    }
    return is_utf8(bytes_of_text(text));
}

/* FNV-1a with 128 bits: offset basis and prime of draft-eastlake-fnv. */
struct fnv {
    uint64_t high, low;
};

static struct fnv fnv_begin(void)
{
    return (struct fnv){.high = 0x6c62272e07bb0142, .low = 0x62b821756295c58d};
}

/* Times 2^88 + 0x13b, modulo 2^128, in halves of 64 bits. */
static struct fnv fnv_byte(struct fnv hash, uint8_t byte)
{
    uint64_t low = hash.low ^ byte;
    uint64_t low_half = (low & 0xffffffff) * 0x13b;
    uint64_t high_half = (low >> 32) * 0x13b + (low_half >> 32);
    return (struct fnv){
        .high = hash.high * 0x13b + (high_half >> 32) + (low << 24),
        .low = high_half << 32 | (low_half & 0xffffffff),
    };
}

static struct fnv fnv_part(struct fnv hash, const char *text)
{
    struct bytes part = bytes_of_text(text);
    for (int shift = 24; shift >= 0; shift -= 8) {
        hash = fnv_byte(hash, (uint8_t)(part.size >> shift));
    }
    for (size_t i = 0; i < part.size; i++) {
        hash = fnv_byte(hash, part.data[i]);
    }
    return hash;
}

void device_text_fingerprint(struct name reader, const char *const parts[], size_t part_count,
                             char out[DEVICE_FINGERPRINT_SIZE])
{
    struct fnv hash = fnv_part(fnv_begin(), reader.text);
    for (size_t i = 0; i < part_count; i++) {
        hash = fnv_part(hash, parts[i]);
    }
    uint8_t digest[16];
    struct writer w = writer_of(digest, sizeof(digest));
    writer_u64(&w, hash.high);
    writer_u64(&w, hash.low);
    bytes_to_hex(BYTES_OF(digest), out, DEVICE_FINGERPRINT_SIZE);
}
