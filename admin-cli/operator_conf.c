#include "admin-cli/operator_conf.h"

#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/must.h"

struct conf_file {
    char endpoint[LINK_ENDPOINT_SIZE];
    char server_key[LINK_KEY_HEX_SIZE];
    char key_file[OPERATOR_PATH_SIZE];
    char time_zone[64];
};

static const struct config_key keys[] = {
    {.name = "endpoint",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct conf_file,                     endpoint),
     .required = true,
     .example = "tcp://127.0.0.1:7601"},
    {.name = "server_key",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct conf_file,                                    server_key),
     .required = true,
     .example = "40 characters of Z85"},
    {.name = "key_file",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct conf_file, key_file),
     .required = true,
     .example = "admin.key"},
    {.name = "time_zone",
     .type = CONFIG_TEXT,
     CONFIG_TEXT_FIELD(struct conf_file,                               time_zone),
     .example = "Asia/Shanghai"                                                               },
};

bool operator_key_read(const char *text, struct link_key *ret_key, struct complaint *c)
{
    struct fault fault = {0};
    /* a path of 40 characters can read as a key: the file comes first */
    if (link_key_read(text, ret_key, &fault) == ERR_OK ||
        (strlen(text) == LINK_KEY_Z85_SIZE - 1 && link_key_from_z85(text, ret_key)) ||
        (strlen(text) == LINK_KEY_HEX_SIZE - 1 && link_key_from_hex(text, ret_key))) {
        return true;
    }
    return complain(c, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
}

static bool set_text(char *out, size_t size, const char *dir, const char *value,
                     struct complaint *c)
{
    bool inside = dir != NULL && value[0] != '/';
    int wrote = snprintf(out, size, "%s%s%s", inside ? dir : "", inside ? "/" : "", value);
    return (wrote >= 0 && (size_t)wrote < size) ||
           complain(c, ERROR_CONFIG_FILE, "a path or address is too long", NULL, NULL, NULL);
}

static bool read_dir(struct cli *cli, const char *dir, struct operator_conf *conf,
                     struct complaint *c)
{
    char path[OPERATOR_PATH_SIZE];
    struct conf_file file = {0};
    struct fault fault = {0};
    if (!set_text(path, sizeof(path), dir, "operator.conf", c)) {
        return false;
    }
    if (config_read(path, keys, ARRAY_LEN(keys), &file, &fault) != ERR_OK) {
        return complain(c, ERROR_CONFIG_FILE, fault.what, NULL, NULL, NULL);
    }
    if (file.time_zone[0] != '\0') {
        cli_set_zone(cli, file.time_zone);
    }
    conf->at_desk = strcmp(file.key_file, "desk") == 0;
    return operator_key_read(file.server_key, &conf->server_key, c) &&
           set_text(conf->endpoint, sizeof(conf->endpoint), NULL, file.endpoint, c) &&
           set_text(conf->key_file, sizeof(conf->key_file), dir, file.key_file, c);
}

bool operator_conf_read(struct cli *cli, struct operator_conf *conf, struct complaint *c)
{
    *conf = (struct operator_conf){0};
    bool all = cli->endpoint != NULL && cli->server_key != NULL && cli->key_file != NULL;
    if (!all && cli->dir == NULL) {
        return complain(c, ERROR_NO_PARK_GIVEN, NULL, NULL, NULL, NULL);
    }
    if (cli->dir != NULL && !read_dir(cli, cli->dir, conf, c)) {
        return false;
    }
    if (cli->key_file != NULL) {
        conf->at_desk = strcmp(cli->key_file, "desk") == 0;
    }
    return (cli->endpoint == NULL ||
            set_text(conf->endpoint, sizeof(conf->endpoint), NULL, cli->endpoint, c)) &&
           (cli->key_file == NULL ||
            set_text(conf->key_file, sizeof(conf->key_file), NULL, cli->key_file, c)) &&
           (cli->server_key == NULL || operator_key_read(cli->server_key, &conf->server_key, c));
}
