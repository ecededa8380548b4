#include "reader-agent/helper/options.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

enum { POLL_MS_MAX = 1000 };

static bool take_name(struct helper_options *options, const char *value)
{
    return name_from_text(value, &options->name);
}

static bool take_socket(struct helper_options *options, const char *value)
{
    options->socket_path = value;
    return true;
}

static bool take_run(struct helper_options *options, const char *value)
{
    options->run_dir = value;
    return true;
}

static bool take_device(struct helper_options *options, const char *value)
{
    options->device = value;
    return true;
}

static bool take_user(struct helper_options *options, const char *value)
{
    options->user = value;
    return true;
}

static bool take_with(struct helper_options *options, const char *value)
{
    return options->with_count < HELPER_WITH_MAX &&
           name_from_text(value, &options->with[options->with_count++]);
}

static bool take_poll_ms(struct helper_options *options, const char *value)
{
    char *end = NULL;
    unsigned long ms = strtoul(value, &end, 10);
    options->poll_ms = (uint32_t)ms;
    return *value >= '0' && *value <= '9' && *end == '\0' && ms >= 1 && ms <= POLL_MS_MAX;
}

struct option_row {
    const char *flag;
    bool (*take)(struct helper_options *options, const char *value);
};

static const struct option_row rows[] = {
    {"--name",    take_name   },
    {"--socket",  take_socket },
    {"--run",     take_run    },
    {"--device",  take_device },
    {"--user",    take_user   },
    {"--poll-ms", take_poll_ms},
    {"--with",    take_with   },
};

static const struct option_row *find(const char *flag)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].flag, flag) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

enum err helper_options_of(int argc, char **argv, struct helper_options *ret_options,
                           struct fault *fault)
{
    struct helper_options options = {.name = {.text = ""}};
    for (int i = 1; i < argc; i += 2) {
        const struct option_row *row = find(argv[i]);
        if (row == NULL) {
            return fault_set(fault, ERR_INPUT, "unknown option %s", argv[i]);
        }
        if (i + 1 == argc || !row->take(&options, argv[i + 1])) {
            return fault_set(fault, ERR_INPUT, "%s: missing or bad value", argv[i]);
        }
    }
    if (options.name.text[0] == '\0' || options.socket_path == NULL || options.run_dir == NULL) {
        return fault_set(fault, ERR_INPUT, "--name, --socket and --run are needed");
    }
    *ret_options = options;
    return ERR_OK;
}
