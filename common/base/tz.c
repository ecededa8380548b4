#include "common/base/tz.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

/* RFC 8536: a header and block of 32-bit times, then a second header and block of 64-bit times,
 * then a footer: newline, POSIX TZ text, newline. Only the second block and the footer are used. */
enum { HEADER_SIZE = 44, MAGIC = 0x545a6966 /* TZif */, OFFSET_MAX_S = 26 * 3600 };

struct header {
    uint8_t version;
    uint32_t isut_count, isstd_count, leap_count, time_count, type_count, char_count;
};

struct local_type {
    int32_t offset_s;
    bool dst;
};

static uint64_t fnv1a(struct bytes in)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < in.size; i++) {
        hash = (hash ^ in.data[i]) * 0x100000001b3U;
    }
    return hash;
}

static enum err corrupt(const char *name, const char *what, struct fault *reterr_fault)
{
    return fault_set(reterr_fault, ERR_CORRUPT, "time zone %s: %s; reinstall the package tzdata",
                     name, what);
}

static enum err read_header(const char *name, struct reader *in, struct header *ret_header,
                            struct fault *reterr_fault)
{
    uint32_t magic = reader_u32(in);
    struct header header = {.version = reader_u8(in)};
    (void)reader_bytes(in, 15);
    header.isut_count = reader_u32(in);
    header.isstd_count = reader_u32(in);
    header.leap_count = reader_u32(in);
    header.time_count = reader_u32(in);
    header.type_count = reader_u32(in);
    header.char_count = reader_u32(in);
    if (in->bad || magic != MAGIC) {
        return corrupt(name, "not a TZif file, or cut short", reterr_fault);
    }
    if (header.version < '2') {
        return fault_set(reterr_fault, ERR_UNSUPPORTED,
                         "time zone %s: version 1 has no 64-bit times; install a newer tzdata",
                         name);
    }
    *ret_header = header;
    return ERR_OK;
}

/* The 32-bit block is only stepped over. Counts are bounded by the file, so the sum cannot wrap. */
static void skip_block(const struct header *header, struct reader *in)
{
    uint64_t size = (uint64_t)header->time_count * 5 + (uint64_t)header->type_count * 6 +
                    header->char_count + (uint64_t)header->leap_count * 8 + header->isstd_count +
                    header->isut_count;
    (void)reader_bytes(in, size);
}

static enum err check_bounds(const char *name, const struct header *header,
                             struct fault *reterr_fault)
{
    if (header->leap_count != 0) {
        return fault_set(reterr_fault, ERR_UNSUPPORTED,
                         "time zone %s counts leap seconds; name the zone without `right/`", name);
    }
    if (header->time_count > TZ_TRANSITIONS_MAX || header->type_count > TZ_TYPES_MAX) {
        return fault_set(reterr_fault, ERR_UNSUPPORTED,
                         "time zone %s has %u transitions and %u types; at most %d and %d are read",
                         name, (unsigned)header->time_count, (unsigned)header->type_count,
                         (int)TZ_TRANSITIONS_MAX, (int)TZ_TYPES_MAX);
    }
    if (header->type_count == 0) {
        return corrupt(name, "it names no offset", reterr_fault);
    }
    return ERR_OK;
}

static enum err read_types(const char *name, const struct header *header, struct reader *in,
                           struct local_type types[TZ_TYPES_MAX], struct fault *reterr_fault)
{
    for (uint32_t i = 0; i < header->type_count; i++) {
        types[i].offset_s = (int32_t)reader_u32(in);
        uint8_t dst = reader_u8(in);
        uint8_t designation = reader_u8(in);
        types[i].dst = dst == 1;
        if (in->bad || dst > 1 || designation >= header->char_count ||
            types[i].offset_s < -OFFSET_MAX_S || types[i].offset_s > OFFSET_MAX_S) {
            return corrupt(name, "an offset makes no sense", reterr_fault);
        }
    }
    return ERR_OK;
}

static enum err read_block(const struct header *header, struct reader *in, struct tz_table *table,
                           struct fault *reterr_fault)
{
    TRY(check_bounds(table->name, header, reterr_fault));
    for (uint32_t i = 0; i < header->time_count; i++) {
        table->transitions[i].at_s = (int64_t)reader_u64(in);
        if (i > 0 && table->transitions[i].at_s <= table->transitions[i - 1].at_s) {
            return corrupt(table->name, "its transitions do not rise", reterr_fault);
        }
    }
    struct bytes indices = reader_bytes(in, header->time_count);
    struct local_type types[TZ_TYPES_MAX];
    TRY(read_types(table->name, header, in, types, reterr_fault));
    for (uint32_t i = 0; i < header->time_count; i++) {
        if (indices.data[i] >= header->type_count) {
            return corrupt(table->name, "a transition names no offset", reterr_fault);
        }
        table->transitions[i].offset_s = types[indices.data[i]].offset_s;
        table->transitions[i].dst = types[indices.data[i]].dst;
    }
    (void)reader_bytes(in, (size_t)header->char_count + header->isstd_count + header->isut_count);
    table->transition_count = header->time_count;
    table->first_offset_s = types[0].offset_s;
    table->first_dst = types[0].dst;
    return in->bad ? corrupt(table->name, "cut short", reterr_fault) : ERR_OK;
}

/* The POSIX TZ text of the footer: std offset [dst [offset] , start [/time] , end [/time]].
 * A cursor like struct reader's: the first thing that does not fit sets bad. */
struct posix {
    struct bytes in;
    size_t at;
    bool bad;
};

static char peek(const struct posix *p)
{
    return p->at < p->in.size ? (char)p->in.data[p->at] : '\0';
}

static bool take(struct posix *p, char c)
{
    if (peek(p) != c || p->at >= p->in.size) {
        return false;
    }
    p->at++;
    return true;
}

static void expect(struct posix *p, char c)
{
    p->bad = !take(p, c) || p->bad;
}

static int32_t take_number(struct posix *p, int32_t min, int32_t max)
{
    int32_t value = 0;
    size_t start = p->at;
    while (p->at - start < 4 && isdigit((unsigned char)peek(p))) {
        value = value * 10 + (peek(p) - '0');
        p->at++;
    }
    p->bad = p->bad || p->at == start || value < min || value > max;
    return value;
}

static void skip_designation(struct posix *p)
{
    size_t start = p->at;
    if (take(p, '<')) {
        while (p->at < p->in.size && peek(p) != '>') {
            p->at++;
        }
        expect(p, '>');
        return;
    }
    while (isalpha((unsigned char)peek(p))) {
        p->at++;
    }
    p->bad = p->bad || p->at - start < 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int32_t take_time(struct posix *p, int32_t max_hours)
{
    bool negative = take(p, '-');
    if (!negative) {
        (void)take(p, '+');
    }
    int32_t seconds = take_number(p, 0, max_hours) * 3600;
    if (take(p, ':')) {
        seconds += take_number(p, 0, 59) * 60;
        if (take(p, ':')) {
            seconds += take_number(p, 0, 59);
        }
    }
    return negative ? -seconds : seconds;
}

static struct tz_change take_change(struct posix *p)
{
    struct tz_change change = {.kind = TZ_DAY_ZERO, .time_s = 2 * 3600};
    expect(p, ',');
    if (take(p, 'M')) {
        change.kind = TZ_DAY_MONTH_WEEK;
        change.month = (uint8_t)take_number(p, 1, 12);
        expect(p, '.');
        change.week = (uint8_t)take_number(p, 1, 5);
        expect(p, '.');
        change.day = (uint16_t)take_number(p, 0, 6);
    } else if (take(p, 'J')) {
        change.kind = TZ_DAY_JULIAN;
        change.day = (uint16_t)take_number(p, 1, 365);
    } else {
        change.day = (uint16_t)take_number(p, 0, 365);
    }
    if (take(p, '/')) {
        change.time_s = take_time(p, 167);
    }
    return change;
}

static bool parse_tail(struct bytes text, struct tz_tail *ret_tail)
{
    struct posix p = {.in = text};
    struct tz_tail tail = {.present = true};
    skip_designation(&p);
    tail.standard_s = -take_time(&p, 24); /* POSIX counts west of Greenwich as positive */
    if (p.at < p.in.size) {
        tail.has_dst = true;
        skip_designation(&p);
        tail.dst_s = tail.standard_s + 3600;
        if (peek(&p) != ',') {
            tail.dst_s = -take_time(&p, 24);
        }
        tail.dst_begins = take_change(&p);
        tail.dst_ends = take_change(&p);
    }
    if (p.bad || p.at != p.in.size) {
        return false;
    }
    *ret_tail = tail;
    return true;
}

static enum err read_footer(struct reader *in, struct tz_table *table, struct fault *reterr_fault)
{
    struct bytes rest = reader_bytes(in, in->in.size - in->at);
    if (rest.size < 2 || rest.data[0] != '\n' || rest.data[rest.size - 1] != '\n') {
        return corrupt(table->name, "its footer is missing", reterr_fault);
    }
    struct bytes text = {.data = rest.data + 1, .size = rest.size - 2};
    if (text.size == 0) {
        return ERR_OK; /* the last transition's offset holds for ever */
    }
    if (!parse_tail(text, &table->tail)) {
        return corrupt(table->name, "its footer cannot be read", reterr_fault);
    }
    return ERR_OK;
}

/* Letters, digits, _ + - with single slashes inside: so no name leads out of the directory. */
static bool is_zone_name(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size >= TZ_NAME_SIZE || name[0] == '/' || name[size - 1] == '/') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        bool plain = isalnum((unsigned char)name[i]) || strchr("_+-", name[i]) != NULL;
        bool slash = name[i] == '/' && name[i + 1] != '/';
        if (!plain && !slash) {
            return false;
        }
    }
    return true;
}

static enum err check_name(const char *name, struct fault *reterr_fault)
{
    if (is_zone_name(name)) {
        return ERR_OK;
    }
    return fault_set(reterr_fault, ERR_INPUT,
                     "`%.64s` is no time zone name; write it like Asia/Shanghai", name);
}

enum err tz_parse(const char *name, struct bytes file, struct tz_table *ret_table,
                  struct fault *reterr_fault)
{
    MUST(name != NULL && ret_table != NULL);
    TRY(check_name(name, reterr_fault));
    struct tz_table table = {.version = fnv1a(file)};
    memcpy(table.name, name, strlen(name));

    struct reader in = reader_of(file);
    struct header header;
    TRY(read_header(name, &in, &header, reterr_fault));
    skip_block(&header, &in);
    TRY(read_header(name, &in, &header, reterr_fault));
    TRY(read_block(&header, &in, &table, reterr_fault));
    TRY(read_footer(&in, &table, reterr_fault));
    *ret_table = table;
    return ERR_OK;
}

static void close_file(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

static enum err open_zone(const char *directory, const char *name, FILE **ret_file,
                          struct fault *reterr_fault)
{
    char path[512];
    int length = snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        return fault_set(reterr_fault, ERR_INPUT, "time zone %s: its path is too long", name);
    }
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        bool missing = errno == ENOENT || errno == ENOTDIR;
        return fault_set(reterr_fault, missing ? ERR_NOT_FOUND : ERR_IO,
                         "time zone %s: cannot open %s: %s%s", name, path, strerror(errno),
                         missing ? "; install the package tzdata, or correct the name" : "");
    }
    *ret_file = file;
    return ERR_OK;
}

enum err tz_load(const char *directory, const char *name, struct tz_table *ret_table,
                 struct fault *reterr_fault)
{
    MUST(directory != NULL && name != NULL && ret_table != NULL);
    TRY(check_name(name, reterr_fault));
    AUTO(close_file) FILE *file = NULL;
    TRY(open_zone(directory, name, &file, reterr_fault));

    uint8_t content[TZ_FILE_MAX];
    size_t size = fread(content, 1, sizeof(content), file);
    if (ferror(file)) {
        return fault_set(reterr_fault, ERR_IO, "time zone %s: cannot read its file: %s", name,
                         strerror(errno));
    }
    if (size == sizeof(content)) {
        return fault_set(reterr_fault, ERR_UNSUPPORTED,
                         "time zone %s: its file is larger than %d bytes", name, (int)TZ_FILE_MAX);
    }
    return tz_parse(name, (struct bytes){.data = content, .size = size}, ret_table, reterr_fault);
}

void tz_utc(struct tz_table *ret_table)
{
    *ret_table = (struct tz_table){.name = "UTC"};
}
