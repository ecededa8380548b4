#include "controller/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/must.h"
#include "common/base/tz.h"

static const struct config_key config_keys[] = {
    {.name = "store",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings,                        store),
     .required = true,
     .example = "/var/lib/parkgate/store"},
    {.name = "keys",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings,                                      keys),
     .required = true,
     .example = "/var/lib/parkgate/keys"},
    {.name = "key_file",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings, key_file),
     .required = true,
     .example = "/var/lib/parkgate/controller.key"},
    {.name = "index_key_file",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings,          index_key_file),
     .required = true,
     .example = "/var/lib/parkgate/index.key"},
    {.name = "genesis",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings,                 genesis),
     .example = "/var/lib/parkgate/genesis.pb"                          },
    {.name = "agents",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,                endpoints[0]),
     .required = true,
     .example = "tcp://10.0.0.1:7400"},
    {.name = "operators",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,                                         endpoints[1]),
     .required = true,
     .example = "tcp://10.0.0.1:7401"},
    {.name = "enrol",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,endpoints[2]),
     .required = true,
     .example = "tcp://10.0.0.1:7402"},
    {.name = "zoneinfo",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,                        zoneinfo),
     .example = TZ_DIRECTORY                                                                      },
    {.name = "metrics_port",
     .type = CONFIG_NUMBER,
     .offset = offsetof(struct settings,                                      metrics_port),
     .min = 1,
     .max = 65535,
     .example = "9464"},
    {.name = "metrics_address",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,                                    metrics_address),
     .example = "127.0.0.1"},
};

enum err settings_read(struct settings *settings, struct fault *fault)
{
    (void)snprintf(settings->zoneinfo, sizeof(settings->zoneinfo), "%s", TZ_DIRECTORY);
    (void)snprintf(settings->metrics_address, sizeof(settings->metrics_address), "127.0.0.1");
    return config_read(settings->config, config_keys, ARRAY_LEN(config_keys), settings, fault);
}

static enum err read_private(const char *path, char *out, size_t size, struct fault *fault)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        enum err err = fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return err;
    }
    ssize_t got = -1;
    if ((info.st_mode & 077) == 0) {
        got = read(fd, out, size - 1);
    }
    (void)close(fd);
    if ((info.st_mode & 077) != 0) {
        return fault_set(fault, ERR_REFUSED, "%s may be read by others; run: chmod 600 %s", path,
                         path);
    }
    if (got < 0) {
        return fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    }
    out[got] = '\0';
    return ERR_OK;
}

static enum err read_key(const char *path, struct seal_key *ret, struct fault *fault)
{
    char text[2 * SEAL_KEY_SIZE + 16];
    TRY(read_private(path, text, sizeof(text), fault));
    text[strcspn(text, "\r\n ")] = '\0';
    bool good = bytes_from_hex(text, ret->bytes, sizeof(ret->bytes));
    seal_wipe(text, sizeof(text));
    return good ? ERR_OK
                : fault_set(fault, ERR_INPUT,
                            "%s: not 64 hex digits; it is made by parkgate init and kept in every "
                            "backup",
                            path);
}

enum err settings_index_key(const struct settings *settings, struct seal_key *ret,
                            struct fault *fault)
{
    return read_key(settings->index_key_file, ret, fault);
}

enum err settings_gates_key_file(const struct settings *settings, char out[SETTINGS_PATH_SIZE],
                                 struct fault *fault)
{
    const char *slash = strrchr(settings->key_file, '/');
    int size =
        snprintf(out, SETTINGS_PATH_SIZE, "%.*sgates.key",
                 slash == NULL ? 0 : (int)(slash - settings->key_file) + 1, settings->key_file);
    return size > 0 && size < SETTINGS_PATH_SIZE
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "%s: the path is too long", settings->key_file);
}

/* Whole or not there: a key that is cut short by a crash would refuse the next start. */
static enum err write_key(const char *path, const struct seal_key *key, struct fault *fault)
{
    char text[2 * SEAL_KEY_SIZE + 2];
    char beside[SETTINGS_PATH_SIZE + 8];
    bytes_to_hex(BYTES_OF(key->bytes), text, sizeof(text));
    text[2 * SEAL_KEY_SIZE] = '\n';
    (void)snprintf(beside, sizeof(beside), "%s.new", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t size = 2 * SEAL_KEY_SIZE + 1;
    bool good = fd >= 0 && write(fd, text, (size_t)size) == size && fsync(fd) == 0;
    if (fd >= 0) {
        good = close(fd) == 0 && good;
    }
    good = good && rename(beside, path) == 0;
    seal_wipe(text, sizeof(text));
    return good ? ERR_OK : fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
}

enum err settings_gates_key(const struct settings *settings, const struct entropy *entropy,
                            struct seal_key *ret, struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE];
    TRY(settings_gates_key_file(settings, path, fault));
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        *ret = seal_key_draw(entropy);
        return write_key(path, ret, fault);
    }
    return read_key(path, ret, fault);
}
