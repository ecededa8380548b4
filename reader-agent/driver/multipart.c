#include "reader-agent/driver/multipart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/must.h"

enum {
    DELIMITER_BYTES = MULTIPART_BOUNDARY_BYTES + 2,
    HELD_BYTES = DELIMITER_BYTES + 16, /* "--", blanks and the line end behind it */
    HEADER_LINE_BYTES = 256,           /* a longer header is none that we look at */
};

enum state { STATE_BETWEEN, STATE_HEADERS, STATE_PART, STATE_FULL };

struct multipart {
    struct multipart_sink sink;
    uint64_t body_size; /* 0 unknown */
    uint64_t taken;     /* of the body, so far */
    enum state state;
    size_t parts;

    uint8_t delimiter[DELIMITER_BYTES];
    size_t delimiter_size;
    bool at_line_start;
    uint8_t held[HELD_BYTES]; /* a line that is a delimiter so far */
    size_t held_size;

    char line[HEADER_LINE_BYTES]; /* one header, cut where too long */
    size_t line_size;
    size_t header_size; /* of all headers of this part */

    bool length_told;
    uint64_t length;     /* as told by the part's Content-Length */
    uint64_t part_begin; /* offset in the body */
    uint64_t skip;       /* bytes that no delimiter can be in */
    bool decided;
    enum multipart_kind kind;
    uint8_t sniff[MULTIPART_SNIFF_BYTES]; /* begin of the part without leading blanks */
    size_t sniff_size;
    size_t text_size;
    uint8_t text[LIMIT_HTTP_TEXT_BYTES];
};

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct bytes tail_of(struct bytes all, size_t from)
{
    return (struct bytes){.data = all.data + from, .size = all.size - from};
}

static bool begins_with(struct bytes in, const char *mark, size_t size)
{
    return in.size >= size && memcmp(in.data, mark, size) == 0;
}

static bool is_picture(struct bytes begin)
{
    static const struct {
        const char *magic;
        size_t size;
    } pictures[] = {
        {"\xff\xd8\xff",      3},
        {"\x89PNG\r\n\x1a\n", 8},
        {"GIF8",              4},
        {"BM",                2},
        {"RIFF",              4},
    };
    for (size_t i = 0; i < ARRAY_LEN(pictures); i++) {
        if (begins_with(begin, pictures[i].magic, pictures[i].size)) {
            return true;
        }
    }
    return false;
}

enum multipart_kind multipart_kind_of(struct bytes begin)
{
    size_t at = 0;
    while (at < begin.size && is_blank(begin.data[at])) {
        at++;
    }
    begin = tail_of(begin, at);
    if (begin.size == 0) {
        return MULTIPART_EMPTY;
    }
    if (is_picture(begin)) {
        return MULTIPART_PICTURE;
    }
    if (begins_with(begin, "\xff\xfe", 2) || begins_with(begin, "\xfe\xff", 2)) {
        return MULTIPART_TEXT; /* UTF-16 */
    }
    size_t mark = begins_with(begin, "\xef\xbb\xbf", 3) ? 3 : 0;
    while (mark > 0 && mark < begin.size && is_blank(begin.data[mark])) {
        mark++;
    }
    bool text =
        mark < begin.size && strchr("<{[", begin.data[mark]) != NULL && begin.data[mark] != '\0';
    return text ? MULTIPART_TEXT : MULTIPART_OTHER;
}

bool multipart_is_type(const char *content_type)
{
    content_type += strspn(content_type, " \t");
    return strncasecmp(content_type, "multipart/", 10) == 0;
}

/* The value of the parameter "boundary"; its end at a quote, else at a blank or semicolon. */
static const char *boundary_value(const char *content_type, size_t *ret_size)
{
    for (const char *at = content_type; (at = strchr(at, ';')) != NULL;) {
        at++;
        at += strspn(at, " \t");
        if (strncasecmp(at, "boundary=", 9) == 0) {
            at += 9;
            bool quoted = *at == '"';
            at += quoted ? 1 : 0;
            *ret_size = strcspn(at, quoted ? "\"" : "; \t\r\n,");
            return at;
        }
    }
    return NULL;
}

bool multipart_boundary(const char *content_type, char out[MULTIPART_BOUNDARY_BYTES + 1])
{
    size_t size = 0;
    const char *value = boundary_value(content_type, &size);
    if (!multipart_is_type(content_type) || value == NULL || size == 0 ||
        size > MULTIPART_BOUNDARY_BYTES) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)value[i] < ' ') {
            return false;
        }
    }
    memcpy(out, value, size);
    out[size] = '\0';
    return true;
}

struct multipart *multipart_create(const char *boundary, uint64_t body_size,
                                   struct multipart_sink sink)
{
    size_t size = strlen(boundary);
    MUST(size > 0 && size <= MULTIPART_BOUNDARY_BYTES);
    struct multipart *m = malloc(sizeof(*m));
    if (m == NULL) {
        return NULL;
    }
    memset(m, 0, offsetof(struct multipart, text));
    m->sink = sink;
    m->body_size = body_size;
    m->at_line_start = true;
    memcpy(m->delimiter, "--", 2);
    memcpy(m->delimiter + 2, boundary, size);
    m->delimiter_size = size + 2;
    return m;
}

void multipart_destroy(struct multipart **m)
{
    free(*m);
    *m = NULL;
}

static void part_open(struct multipart *m)
{
    m->state = ++m->parts > MULTIPART_PARTS ? STATE_FULL : STATE_HEADERS;
    m->line_size = 0;
    m->header_size = 0;
    m->length_told = false;
    m->decided = false;
    m->sniff_size = 0;
    m->text_size = 0;
}

static void part_begin(struct multipart *m, uint64_t offset)
{
    m->state = STATE_PART;
    m->part_begin = offset;
}

static void text_take(struct multipart *m, struct bytes run)
{
    if (run.size > sizeof(m->text) - m->text_size) {
        m->state = STATE_FULL;
        return;
    }
    memcpy(m->text + m->text_size, run.data, run.size);
    m->text_size += run.size;
}

/* A told length can be true when the part then ends within the body. */
static bool length_is_possible(const struct multipart *m)
{
    uint64_t bound = m->body_size > 0 ? m->body_size : LIMIT_HTTP_BODY_BYTES;
    return m->length_told && m->part_begin <= bound && m->length <= bound - m->part_begin;
}

static void part_decide(struct multipart *m)
{
    struct bytes begin = {.data = m->sniff, .size = m->sniff_size};
    m->kind = multipart_kind_of(begin);
    m->decided = true;
    if (m->kind == MULTIPART_TEXT) {
        text_take(m, begin);
    }
}

/* Content of a part; m->taken is already behind it. */
static void part_take(struct multipart *m, struct bytes run)
{
    size_t at = 0;
    for (; !m->decided && at < run.size; at++) {
        if (m->sniff_size > 0 || !is_blank(run.data[at])) {
            m->sniff[m->sniff_size++] = run.data[at];
        }
        if (m->sniff_size == sizeof(m->sniff)) {
            part_decide(m);
        }
    }
    if (!m->decided || m->state == STATE_FULL) {
        return;
    }
    if (m->kind == MULTIPART_TEXT) {
        text_take(m, tail_of(run, at));
    } else if (length_is_possible(m) && m->taken < m->part_begin + m->length) {
        m->skip = m->part_begin + m->length - m->taken;
    }
}

static void part_close(struct multipart *m)
{
    if (m->state == STATE_PART && !m->decided) {
        part_decide(m);
    }
    if (m->state == STATE_PART) {
        bool text = m->kind == MULTIPART_TEXT;
        m->sink.part(m->sink.ctx, m->kind,
                     (struct bytes){.data = m->text, .size = text ? m->text_size : 0});
    }
}

static void header_line_done(struct multipart *m)
{
    static const char key[] = "content-length:";
    while (m->line_size > 0 && is_blank((uint8_t)m->line[m->line_size - 1])) {
        m->line_size--;
    }
    m->line[m->line_size] = '\0';
    if (m->line_size == 0) {
        part_begin(m, m->taken);
    } else if (strncasecmp(m->line, key, sizeof(key) - 1) == 0) {
        const char *digits = m->line + sizeof(key) - 1;
        digits += strspn(digits, " \t");
        size_t size = strspn(digits, "0123456789");
        m->length_told = size > 0 && size <= 10 && digits[size] == '\0';
        m->length = m->length_told ? strtoull(digits, NULL, 10) : 0;
    }
    m->line_size = 0;
}

/* Part of one line among the headers, or all of it; only its end can hold a line feed. */
static void header_take(struct multipart *m, struct bytes run)
{
    m->header_size += run.size;
    if (m->line_size == 0 && strchr("<{", run.data[0]) != NULL && run.data[0] != '\0') {
        part_begin(m, m->taken - run.size); /* the blank line was left out */
        part_take(m, run);
        return;
    }
    size_t room = sizeof(m->line) - 1 - m->line_size;
    size_t size = run.size < room ? run.size : room;
    memcpy(m->line + m->line_size, run.data, size);
    m->line_size += size;
    if (run.data[run.size - 1] == '\n') {
        header_line_done(m);
    }
    if (m->state == STATE_HEADERS && m->header_size >= MULTIPART_HEADER_BYTES) {
        m->length_told = false; /* no headers at all: a stray delimiter in a picture */
        part_begin(m, m->taken);
    }
}

/* Bytes that belong to no delimiter. */
static void run_take(struct multipart *m, struct bytes run)
{
    m->taken += run.size;
    m->at_line_start = run.data[run.size - 1] == '\n';
    if (m->state == STATE_HEADERS) {
        header_take(m, run);
    } else if (m->state == STATE_PART) {
        part_take(m, run);
    }
}

enum line { LINE_OTHER, LINE_MAYBE, LINE_OPENS, LINE_CLOSES };

/* What the held begin of a line is; `last`: no more of it will come. */
static enum line held_is(const struct multipart *m, bool last)
{
    size_t size = m->held_size < m->delimiter_size ? m->held_size : m->delimiter_size;
    if (memcmp(m->held, m->delimiter, size) != 0) {
        return LINE_OTHER;
    }
    if (m->held_size <= m->delimiter_size) {
        return last && m->held_size == m->delimiter_size ? LINE_CLOSES : LINE_MAYBE;
    }
    size_t at = m->delimiter_size;
    bool closes = false;
    if (m->held[at] == '-') {
        if (m->held_size == at + 1) {
            return LINE_MAYBE;
        }
        if (m->held[at + 1] != '-') {
            return LINE_OTHER;
        }
        closes = true;
        at += 2;
    }
    while (at < m->held_size && is_blank(m->held[at])) {
        at++;
    }
    if (at < m->held_size || (m->held_size == sizeof(m->held) && m->held[at - 1] != '\n')) {
        return LINE_OTHER;
    }
    if (!last && m->held[at - 1] != '\n') {
        return LINE_MAYBE;
    }
    return closes ? LINE_CLOSES : LINE_OPENS;
}

static void held_release(struct multipart *m)
{
    struct bytes run = {.data = m->held, .size = m->held_size};
    m->held_size = 0;
    run_take(m, run);
}

static void line_start_take(struct multipart *m, uint8_t byte)
{
    m->held[m->held_size++] = byte;
    enum line line = held_is(m, false);
    if (line == LINE_OTHER) {
        held_release(m);
    } else if (line != LINE_MAYBE) {
        m->taken += m->held_size;
        m->held_size = 0;
        part_close(m);
        if (m->state != STATE_FULL && line == LINE_OPENS) {
            part_open(m);
        } else if (m->state != STATE_FULL) {
            m->state = STATE_BETWEEN; /* not the end: the line may stand in a picture */
        }
    }
}

/* How long a run may be: a bound, or the place where the part's kind is known, must not lie within
 * it, or the outcome would depend on how the body was cut into pieces. */
static size_t run_limit(const struct multipart *m)
{
    if (m->state == STATE_HEADERS) {
        return MULTIPART_HEADER_BYTES - m->header_size;
    }
    if (m->state == STATE_PART && !m->decided) {
        return sizeof(m->sniff) - m->sniff_size;
    }
    return SIZE_MAX;
}

enum err multipart_feed(struct multipart *m, struct bytes piece)
{
    while (piece.size > 0 && m->state != STATE_FULL) {
        size_t size = 1;
        if (m->skip > 0) {
            size = m->skip < piece.size ? (size_t)m->skip : piece.size;
            m->skip -= size;
            m->taken += size;
            m->at_line_start = true; /* a delimiter may follow at once */
        } else if (m->at_line_start) {
            line_start_take(m, piece.data[0]);
        } else {
            size_t limit = run_limit(m) < piece.size ? run_limit(m) : piece.size;
            const uint8_t *end = memchr(piece.data, '\n', limit);
            size = end != NULL ? (size_t)(end - piece.data) + 1 : limit;
            run_take(m, (struct bytes){.data = piece.data, .size = size});
        }
        piece = tail_of(piece, size);
    }
    return m->state == STATE_FULL ? ERR_FULL : ERR_OK;
}

enum err multipart_end(struct multipart *m)
{
    if (m->state != STATE_FULL && m->held_size > 0 && held_is(m, true) < LINE_OPENS) {
        held_release(m);
    }
    if (m->state != STATE_FULL) {
        part_close(m);
    }
    if (m->state == STATE_FULL) {
        return ERR_FULL;
    }
    m->state = STATE_BETWEEN;
    return m->parts > 0 ? ERR_OK : ERR_INPUT;
}
