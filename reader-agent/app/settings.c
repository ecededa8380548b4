#include "reader-agent/app/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/file.h"
#include "common/base/must.h"
#include "schema/limits.h"

static const struct config_key keys[] = {
    {.name = "gate",
     .type = CONFIG_NAME,
     .offset = offsetof(struct settings,                                   gate),
     .required = true,
     .example = "north"},
    {.name = "controller",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,                                                  controller),
     .required = true,
     .example = "tcp://10.0.0.5:7401"},
    {.name = "server_key",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,              server_key),
     .required = true,
     .example = "the 40 characters that `parkgate agent enroll` prints"},
    {.name = "http_address",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings, http_address),
     .example = "192.168.10.2"                                                                               },
    {.name = "http_port",
     .type = CONFIG_NUMBER,
     .offset = offsetof(struct settings,                                          http_port),
     .min = 1,
     .max = 65535,
     .example = "8080"},
    {.name = "https_port",
     .type = CONFIG_NUMBER,
     .offset = offsetof(struct settings,                                                         https_port),
     .min = 1,
     .max = 65535,
     .example = "8443"},
    {.name = "http_cert",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings,http_cert),
     .example = "/etc/parkgate/gate.pem"                                                                                      },
    {.name = "http_key",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings,                                                  http_key),
     .example = "/etc/parkgate/gate.key"                                                                                        },
    {.name = "terminal_ca",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings,                                                  terminal_ca),
     .example = "/etc/parkgate/terminals.pem"     },
    {.name = "metrics_port",
     .type = CONFIG_NUMBER,
     .offset = offsetof(struct settings,                                                  metrics_port),
     .min = 1,
     .max = 65535,
     .example = "9464"},
    {.name = "metrics_address",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,                                                metrics_address),
     .example = "127.0.0.1"},
    {.name = "outbox_events",
     .type = CONFIG_NUMBER,
     .offset = offsetof(struct settings,                                                  outbox_events),
     .min = SETTINGS_OUTBOX_LEAST,
     .max = LIMIT_OUTBOX_EVENTS,
     .example = "1000000"},
    {.name = "helper_user",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct settings,                                             helper_user),
     .example = "nobody"                                                                             },
    {.name = "helper_dir",
     .type = CONFIG_PATH,
     CONFIG_TEXT_FIELD(struct settings,                                           helper_dir),
     .example = "/usr/libexec/parkgate"                                                                            },
};

enum err settings_path(const char *dir, const char *file, char out[SETTINGS_PATH_SIZE],
                       struct fault *fault)
{
    int size = snprintf(out, SETTINGS_PATH_SIZE, "%s/%s", dir, file);
    if (size < 0 || size >= SETTINGS_PATH_SIZE) {
        return fault_set(fault, ERR_INPUT, "the directory's path is too long: %s", dir);
    }
    return ERR_OK;
}

static enum err check_mode(const char *path, struct fault *fault)
{
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return fault_set(fault, ERR_REFUSED, "%s can be written by others; run: chmod 600 %s", path,
                         path);
    }
    return ERR_OK;
}

enum err settings_read(const char *dir, struct settings *ret_settings, struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE];
    TRY(settings_path(dir, "agent.conf", path, fault));
    TRY(check_mode(path, fault));
    struct settings settings = {
        .http_port = 8080, .metrics_address = "127.0.0.1", .outbox_events = LIMIT_OUTBOX_EVENTS};
    TRY(config_read(path, keys, ARRAY_LEN(keys), &settings, fault));
    struct link_key key;
    if (!link_key_from_z85(settings.server_key, &key)) {
        return fault_set(fault, ERR_INPUT,
                         "%s: server_key is no key; it has the 40 characters that `parkgate agent "
                         "enroll` prints",
                         path);
    }
    *ret_settings = settings;
    return ERR_OK;
}

enum err settings_write(const char *dir, const struct settings *settings, struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE];
    TRY(settings_path(dir, "agent.conf", path, fault));
    char text[1024];
    (void)snprintf(text, sizeof(text),
                   "# Written by parkgate-agent --join; see parkgate-agent(8) for all keys.\n"
                   "gate = %s\ncontroller = %s\nserver_key = %s\n",
                   settings->gate.text, settings->controller, settings->server_key);
    return file_write_new(path, 0600, bytes_of_text(text), fault);
}
