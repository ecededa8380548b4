#include "controller/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/must.h"
#include "common/base/tz.h"
#include "controller/job/index_file.h"

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
    {.name = "stations",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,                        endpoints[3]),
     .example = "tcp://10.0.0.1:7403"                                                                      },
    {.name = "zoneinfo",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,                                      zoneinfo),
     .example = TZ_DIRECTORY               },
    {.name = "anchor_dir",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings,                                      anchor_dir),
     .example = "/mnt/append-only/parkgate"     },
    {.name = "alert_socket",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings, alert_socket),
     .example = "/run/parkgate/alerts.sock"},
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
    TRY(config_read(settings->config, config_keys, ARRAY_LEN(config_keys), settings, fault));
    return settings->anchor_dir[0] != '\0'
               ? ERR_OK
               : settings_beside_key(settings, "anchors", settings->anchor_dir, fault);
}

enum err settings_beside_key(const struct settings *settings, const char *name,
                             char out[SETTINGS_PATH_SIZE], struct fault *fault)
{
    const char *slash = strrchr(settings->key_file, '/');
    int size = snprintf(out, SETTINGS_PATH_SIZE, "%.*s%s",
                        slash == NULL ? 0 : (int)(slash - settings->key_file) + 1,
                        settings->key_file, name);
    return size > 0 && size < SETTINGS_PATH_SIZE
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "%s: the path is too long", settings->key_file);
}

/* 32 bytes of a file beside key_file, drawn when there is none. */
static enum err read_or_draw(const struct settings *settings, const char *name,
                             const struct entropy *entropy, struct seal_key *ret,
                             struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE];
    TRY(settings_beside_key(settings, name, path, fault));
    struct index_keys keys = {.count = 1};
    enum err err = ERR_OK;
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        keys.key[0] = seal_key_draw(entropy);
        err = index_file_write(path, &keys, fault);
    } else {
        err = index_file_read(path, &keys, fault);
    }
    *ret = keys.key[0];
    seal_wipe(&keys, sizeof(keys));
    return err;
}

enum err settings_gates_key(const struct settings *settings, const struct entropy *entropy,
                            struct seal_key *ret, struct fault *fault)
{
    return read_or_draw(settings, "gates.key", entropy, ret, fault);
}

enum err settings_recovery_key(const struct settings *settings, const struct entropy *entropy,
                               struct seal_box_secret *ret, struct fault *fault)
{
    struct seal_key key;
    TRY(read_or_draw(settings, "recovery.key", entropy, &key, fault));
    memcpy(ret->bytes, key.bytes, sizeof(ret->bytes));
    seal_wipe(&key, sizeof(key));
    return ERR_OK;
}

/* Whoever checks signatures takes it from here: it is that of the key, whatever it was before. */
static enum err keep_public(const struct settings *settings, const struct sign_public *public,
                            struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE];
    struct sign_public there;
    TRY(settings_beside_key(settings, "sign.pub", path, fault));
    enum err err = sign_public_read(path, &there, fault);
    if (err == ERR_OK && seal_equal(BYTES_OF(there.bytes), BYTES_OF(public->bytes))) {
        return ERR_OK;
    }
    if (err != ERR_NOT_FOUND) {
        (void)unlink(path);
    }
    return sign_public_write(path, public, fault);
}

/* Killed between the two renames of a replacement: the next one is there alone. */
static enum err read_or_make(const struct settings *settings, const struct entropy *entropy,
                             struct sign_key *ret, struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE];
    char next[SETTINGS_PATH_SIZE];
    TRY(settings_beside_key(settings, "sign.key", path, fault));
    TRY(settings_beside_key(settings, "sign.key.next", next, fault));
    enum err err = sign_key_read(path, ret, fault);
    if (err == ERR_NOT_FOUND && rename(next, path) == 0) {
        err = sign_key_read(path, ret, fault);
    }
    if (err == ERR_NOT_FOUND) {
        *ret = sign_key_make(entropy);
        err = sign_key_write(path, ret, fault);
    }
    return err;
}

enum err settings_sign_key(const struct settings *settings, const struct entropy *entropy,
                           struct sign_key *ret, struct sign_key *ret_former, bool *ret_has_former,
                           struct fault *fault)
{
    char old[SETTINGS_PATH_SIZE];
    TRY(settings_beside_key(settings, "sign.key.old", old, fault));
    TRY(read_or_make(settings, entropy, ret, fault));
    struct sign_public public = sign_public_of(ret);
    TRY(keep_public(settings, &public, fault));
    *ret_has_former = sign_key_read(old, ret_former, NULL) == ERR_OK;
    return ERR_OK;
}

enum err settings_next_sign_key(const struct settings *settings, struct sign_key *ret,
                                struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE];
    char next[SETTINGS_PATH_SIZE];
    char old[SETTINGS_PATH_SIZE];
    TRY(settings_beside_key(settings, "sign.key", path, fault));
    TRY(settings_beside_key(settings, "sign.key.next", next, fault));
    TRY(settings_beside_key(settings, "sign.key.old", old, fault));
    TRY(sign_key_read(next, ret, fault));
    if (rename(path, old) != 0 || rename(next, path) != 0) {
        return fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    }
    struct sign_public public = sign_public_of(ret);
    return keep_public(settings, &public, fault);
}

void settings_end_former_sign_key(const struct settings *settings)
{
    char old[SETTINGS_PATH_SIZE];
    if (settings_beside_key(settings, "sign.key.old", old, NULL) == ERR_OK) {
        (void)unlink(old);
    }
}
