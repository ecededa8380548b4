#include "common/base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/ids.h"
#include "common/base/must.h"

enum { CONFIG_KEYS_MAX = 64 };

/* One reading: where we are, and what was seen. */
struct parse {
    const char *origin;
    size_t line;
    const struct config_key *keys;
    size_t key_count;
    uint8_t *into;
    size_t seen[CONFIG_KEYS_MAX]; /* times that each key stood in the file */
    struct fault *fault;
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct bytes trimmed(struct bytes text)
{
    while (text.size > 0 && is_blank(text.data[0])) {
        text = (struct bytes){.data = text.data + 1, .size = text.size - 1};
    }
    while (text.size > 0 && is_blank(text.data[text.size - 1])) {
        text.size--;
    }
    return text;
}

static enum err bad_value(const struct parse *parse, const struct config_key *key, const char *why)
{
    return fault_set(parse->fault, ERR_INPUT, "%s:%zu: %s: %s; example: %s = %s", parse->origin,
                     parse->line, key->name, why, key->name, key->example);
}

typedef enum err set_fn(const struct parse *parse, const struct config_key *key, struct bytes value,
                        uint8_t *field);

static enum err set_text(const struct parse *parse, const struct config_key *key,
                         struct bytes value, uint8_t *field)
{
    if (value.size == 0) {
        return bad_value(parse, key, "the value is empty");
    }
    if (value.size >= key->size) {
        return bad_value(parse, key, "the value is too long");
    }
    memcpy(field, value.data, value.size);
    field[value.size] = '\0';
    return ERR_OK;
}

static enum err set_path(const struct parse *parse, const struct config_key *key,
                         struct bytes value, uint8_t *field)
{
    if (value.size == 0 || value.data[0] != '/') {
        return bad_value(parse, key, "a path must begin with /");
    }
    return set_text(parse, key, value, field);
}

static enum err bad_number(const struct parse *parse, const struct config_key *key)
{
    return fault_set(
        parse->fault, ERR_INPUT,
        "%s:%zu: %s must be a whole number from %" PRId64 " to %" PRId64 "; example: %s = %s",
        parse->origin, parse->line, key->name, key->min, key->max, key->name, key->example);
}

static enum err set_number(const struct parse *parse, const struct config_key *key,
                           struct bytes value, uint8_t *field)
{
    char text[24];
    size_t first_digit = value.size > 0 && value.data[0] == '-' ? 1 : 0;
    if (value.size <= first_digit || value.size >= sizeof(text)) {
        return bad_number(parse, key);
    }
    for (size_t i = first_digit; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return bad_number(parse, key);
        }
    }
    memcpy(text, value.data, value.size);
    text[value.size] = '\0';
    errno = 0;
    int64_t number = strtoll(text, NULL, 10);
    if (errno != 0 || number < key->min || number > key->max) {
        return bad_number(parse, key);
    }
    memcpy(field, &number, sizeof(number));
    return ERR_OK;
}

static enum err set_flag(const struct parse *parse, const struct config_key *key,
                         struct bytes value, uint8_t *field)
{
    bool yes = bytes_equal(value, bytes_of_text("yes"));
    if (!yes && !bytes_equal(value, bytes_of_text("no"))) {
        return bad_value(parse, key, "the value must be yes or no");
    }
    memcpy(field, &yes, sizeof(yes));
    return ERR_OK;
}

static enum err set_name(const struct parse *parse, const struct config_key *key,
                         struct bytes value, uint8_t *field)
{
    char text[NAME_SIZE] = {0};
    struct name name;
    if (value.size >= sizeof(text)) {
        return bad_value(parse, key, "a name has at most 31 characters");
    }
    memcpy(text, value.data, value.size);
    if (!name_from_text(text, &name)) {
        return bad_value(parse, key, "a name is made of a-z 0-9 - and . only");
    }
    memcpy(field, &name, sizeof(name));
    return ERR_OK;
}

static const struct {
    set_fn *set;
    size_t size; /* bytes of the field; 0: the key says so */
} types[] = {
    [CONFIG_TEXT] = {set_text,   0                  },
    [CONFIG_PATH] = {set_path,   0                  },
    [CONFIG_NUMBER] = {set_number, sizeof(int64_t)    },
    [CONFIG_FLAG] = {set_flag,   sizeof(bool)       },
    [CONFIG_NAME] = {set_name,   sizeof(struct name)},
};

static enum err set_value(struct parse *parse, size_t index, struct bytes value)
{
    const struct config_key *key = &parse->keys[index];
    size_t limit = key->repeat == 0 ? 1 : key->repeat;
    size_t nth = parse->seen[index];
    if (nth >= limit) {
        return fault_set(parse->fault, ERR_INPUT,
                         "%s:%zu: %s stands more than %zu time%s; remove this line", parse->origin,
                         parse->line, key->name, limit, limit == 1 ? "" : "s");
    }
    size_t size = types[key->type].size != 0 ? types[key->type].size : key->size;
    TRY(types[key->type].set(parse, key, value, parse->into + key->offset + nth * size));
    parse->seen[index]++;
    if (key->repeat != 0) {
        memcpy(parse->into + key->count_offset, &parse->seen[index], sizeof(size_t));
    }
    return ERR_OK;
}

static enum err unknown_key(const struct parse *parse, struct bytes name)
{
    char known[200] = {0};
    struct writer list = writer_of((uint8_t *)known, sizeof(known) - 1);
    for (size_t i = 0; i < parse->key_count; i++) {
        writer_bytes(&list, bytes_of_text(i == 0 ? "" : ", "));
        writer_bytes(&list, bytes_of_text(parse->keys[i].name));
    }
    known[list.size] = '\0';
    return fault_set(parse->fault, ERR_INPUT, "%s:%zu: unknown key \"%.*s\"; known keys: %s%s",
                     parse->origin, parse->line, (int)(name.size < 40 ? name.size : 40),
                     (const char *)name.data, known, list.bad ? " ..." : "");
}

static enum err parse_line(struct parse *parse, struct bytes line)
{
    line = trimmed(line);
    if (line.size == 0 || line.data[0] == '#') {
        return ERR_OK;
    }
    const uint8_t *equals = memchr(line.data, '=', line.size);
    if (equals == NULL || memchr(line.data, '\0', line.size) != NULL) {
        return fault_set(parse->fault, ERR_INPUT,
                         "%s:%zu: not a line of the form: key = value; a comment begins with #",
                         parse->origin, parse->line);
    }
    size_t left = (size_t)(equals - line.data);
    struct bytes name = trimmed((struct bytes){.data = line.data, .size = left});
    struct bytes value = trimmed((struct bytes){.data = equals + 1, .size = line.size - left - 1});
    for (size_t i = 0; i < parse->key_count; i++) {
        if (bytes_equal(name, bytes_of_text(parse->keys[i].name))) {
            return set_value(parse, i, value);
        }
    }
    return unknown_key(parse, name);
}

static enum err check_required(const struct parse *parse)
{
    for (size_t i = 0; i < parse->key_count; i++) {
        const struct config_key *key = &parse->keys[i];
        if (key->required && parse->seen[i] == 0) {
            return fault_set(parse->fault, ERR_INPUT, "%s: %s is missing; add a line: %s = %s",
                             parse->origin, key->name, key->name, key->example);
        }
    }
    return ERR_OK;
}

enum err config_parse(const char *origin, struct bytes text, const struct config_key *keys,
                      size_t key_count, void *into, struct fault *fault)
{
    MUST(key_count <= CONFIG_KEYS_MAX);
    struct parse parse = {
        .origin = origin, .keys = keys, .key_count = key_count, .into = into, .fault = fault};
    size_t at = 0;
    while (at < text.size) {
        const uint8_t *start = text.data + at;
        const uint8_t *newline = memchr(start, '\n', text.size - at);
        size_t size = newline == NULL ? text.size - at : (size_t)(newline - start);
        parse.line++;
        TRY(parse_line(&parse, (struct bytes){.data = start, .size = size}));
        at += size + 1;
    }
    return check_required(&parse);
}

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

static enum err read_all(int fd, const char *path, uint8_t *out, size_t capacity, size_t *ret_size,
                         struct fault *fault)
{
    size_t size = 0;
    for (;;) {
        ssize_t got = read(fd, out + size, capacity - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fault_set(fault, ERR_IO, "%s: read: %s", path, strerror(errno));
        }
        size += (size_t)got;
        if (size == capacity) {
            return fault_set(fault, ERR_INPUT, "%s: larger than %d bytes; is it the right file?",
                             path, CONFIG_FILE_MAX);
        }
        if (got == 0) {
            *ret_size = size;
            return ERR_OK;
        }
    }
}

enum err config_read(const char *path, const struct config_key *keys, size_t key_count, void *into,
                     struct fault *fault)
{
    uint8_t text[CONFIG_FILE_MAX + 1];
    size_t size = 0;
    AUTO(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return fault_set(fault, ERR_NOT_FOUND, "%s: no such file", path);
    }
    if (fd < 0) {
        return fault_set(fault, ERR_IO, "%s: open: %s", path, strerror(errno));
    }
    TRY(read_all(fd, path, text, sizeof(text), &size, fault));
    return config_parse(path, (struct bytes){.data = text, .size = size}, keys, key_count, into,
                        fault);
}
