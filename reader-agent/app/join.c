/* parkgate-agent --join */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/must.h"
#include "reader-agent/app/agent.h"
#include "reader-agent/app/settings.h"
#include "reader-agent/net/enrol.h"
#include "schema/errors.h"

static int say(const struct complaint *complaint)
{
    char en[768];
    char zh[768];
    error_sentence_en(complaint, en, sizeof(en));
    error_sentence_zh(complaint, zh, sizeof(zh));
    (void)fprintf(stderr, "parkgate-agent: %s\nparkgate-agent: %s\n", en, zh);
    return (int)error_exit(complaint->number);
}

static int refuse(enum error_number number, const char *a1, const char *a2, const char *a3)
{
    struct complaint complaint = {0};
    (void)complain(&complaint, number, a1, a2, a3, NULL);
    return say(&complaint);
}

/* What is typed, before anything is made. */
static int check(const struct agent_join *join, struct settings *settings, struct link_key *server)
{
    *settings = (struct settings){0};
    if (!name_from_text(join->gate, &settings->gate)) {
        return refuse(ERROR_ARG_BAD, "gate", join->gate, "1 to 31 of a-z 0-9 - .");
    }
    if (!link_key_from_z85(join->server_key, server)) {
        return refuse(ERROR_ARG_BAD, "server-key", join->server_key,
                      "40 characters, as agent enroll printed them");
    }
    if (strncmp(join->controller, "tcp://", 6) != 0 ||
        strlen(join->controller) >= sizeof(settings->controller)) {
        return refuse(ERROR_ARG_BAD, "controller", join->controller, "tcp://HOST:PORT");
    }
    if (strncmp(join->enrol, "tcp://", 6) != 0) {
        return refuse(ERROR_ARG_BAD, "enrol", join->enrol, "tcp://HOST:PORT");
    }
    (void)snprintf(settings->controller, sizeof(settings->controller), "%s", join->controller);
    (void)snprintf(settings->server_key, sizeof(settings->server_key), "%s", join->server_key);
    return EXIT_DONE;
}

static int make_dir(const char *dir)
{
    char conf[SETTINGS_PATH_SIZE];
    struct stat st;
    struct fault fault = {0};
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return refuse(ERROR_FILE_OPEN, dir, strerror(errno), NULL);
    }
    if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode) || (st.st_mode & 0077) != 0) {
        (void)snprintf(fault.what, sizeof(fault.what),
                       "%s must be a directory of mode 0700; run: chmod 700 %s", dir, dir);
        return refuse(ERROR_KEY_FILE, fault.what, NULL, NULL);
    }
    if (settings_path(dir, "agent.conf", conf, &fault) != ERR_OK) {
        return refuse(ERROR_KEY_FILE, fault.what, NULL, NULL);
    }
    return access(conf, F_OK) == 0 ? refuse(ERROR_EXISTS, "agent.conf", dir, NULL) : EXIT_DONE;
}

/* The key of an earlier try is used again: the controller may have taken it. */
static enum err key_of_box(const char *dir, struct link_key_pair *keys, struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE];
    TRY(settings_path(dir, "agent.key", path, fault));
    enum err err = link_key_pair_read(path, keys, fault);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    TRY(link_key_pair_draw(keys, fault));
    return link_key_pair_write(path, keys, fault);
}

static int ask(const struct agent_join *join, const struct link_key_pair *keys,
               struct link_key server)
{
    struct fault fault = {0};
    struct complaint complaint = {0};
    struct link *link = NULL;
    if (link_create(&link, &fault) != ERR_OK) {
        return refuse(ERROR_KEY_FILE, fault.what, NULL, NULL);
    }
    struct enrolment enrolment = {.link = link,
                                  .keys = keys,
                                  .server_key = server,
                                  .endpoint = join->enrol,
                                  .gate = join->gate,
                                  .code = join->code};
    enum err err = enrol(&enrolment, &complaint, &fault);
    link_destroy(&link);
    switch (err) {
    case ERR_OK:
        return EXIT_DONE;
    case ERR_REFUSED:
        return say(&complaint);
    case ERR_TIMEOUT:
        return refuse(ERROR_UNREACHABLE, join->enrol, NULL, NULL);
    default:
        return refuse(ERROR_KEY_FILE, fault.what, NULL, NULL);
    }
}

int agent_join(const struct agent_join *join)
{
    struct settings settings;
    struct link_key server;
    AUTO(link_key_pair_destroy) struct link_key_pair keys = {0};
    struct fault fault = {0};
    int code = check(join, &settings, &server);
    if (code == EXIT_DONE) {
        code = make_dir(join->dir);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    if (key_of_box(join->dir, &keys, &fault) != ERR_OK) {
        return refuse(ERROR_KEY_FILE, fault.what, NULL, NULL);
    }
    code = ask(join, &keys, server);
    if (code != EXIT_DONE) {
        return code;
    }
    if (settings_write(join->dir, &settings, &fault) != ERR_OK) {
        return refuse(ERROR_KEY_FILE, fault.what, NULL, NULL);
    }
    (void)printf("gate %s has joined; start it with: parkgate-agent --dir %s\n", join->gate,
                 join->dir);
    (void)printf("出入口 %s 已加入；启动命令：parkgate-agent --dir %s\n", join->gate, join->dir);
    return EXIT_DONE;
}
