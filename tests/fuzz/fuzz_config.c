/* Fuzzes a daemon's file. What is accepted lies within its table: texts end, numbers are in range,
 * names are names; what is refused is refused with a sentence. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/ids.h"
#include "common/base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct settings {
    char title[8];
    char dir[16];
    int64_t port;
    bool tls;
    struct name gate;
    char reader[2][8];
    size_t reader_count;
};

/* clang-format off */
static const struct config_key keys[] = {
    {.name = "title", .type = CONFIG_TEXT, CONFIG_TEXT_FIELD(struct settings, title), .example = "north"},
    {.name = "dir", .type = CONFIG_PATH, CONFIG_TEXT_FIELD(struct settings, dir), .required = true,
     .example = "/var/lib/x"},
    {.name = "port", .type = CONFIG_NUMBER, .offset = offsetof(struct settings, port), .min = -1,
     .max = 65535, .example = "7000"},
    {.name = "tls", .type = CONFIG_FLAG, .offset = offsetof(struct settings, tls), .example = "yes"},
    {.name = "gate", .type = CONFIG_NAME, .offset = offsetof(struct settings, gate),
     .example = "gate-1"},
    {.name = "reader", .type = CONFIG_TEXT, CONFIG_TEXT_ARRAY(struct settings, reader, reader_count),
     .example = "one"},
};
/* clang-format on */

static void check_text(const char *text, size_t size)
{
    MUST(memchr(text, 0, size) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings settings = {.port = 0};
    struct fault fault = {.code = ERR_OK};
    enum err err = config_parse("fuzz.conf", (struct bytes){.data = data, .size = size}, keys,
                                ARRAY_LEN(keys), &settings, &fault);
    if (err != ERR_OK) {
        MUST(err == ERR_INPUT && fault.code == err && fault.what[0] != '\0');
        return 0;
    }
    check_text(settings.title, sizeof(settings.title));
    check_text(settings.dir, sizeof(settings.dir));
    MUST(settings.dir[0] == '/');
    MUST(settings.port >= -1 && settings.port <= 65535);
    struct name name;
    MUST(settings.gate.text[0] == '\0' || name_from_text(settings.gate.text, &name));
    MUST(settings.reader_count <= ARRAY_LEN(settings.reader));
    for (size_t i = 0; i < settings.reader_count; i++) {
        check_text(settings.reader[i], sizeof(settings.reader[i]));
    }
    return 0;
}
