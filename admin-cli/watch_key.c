#include "admin-cli/watch_key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin-cli/file.h"
#include "admin-cli/operator_conf.h"
#include "admin-cli/request.h"
#include "common/base/must.h"

enum { MATCH_TEXT_SIZE = 2 * SEAL_KEY_SIZE + 2 }; /* hex digits, a line feed, a NUL */

/* --- reading --- */

bool watch_sign_key_read(const char *path, struct sign_key *ret, struct complaint *c)
{
    struct fault fault = {0};
    return sign_key_read(path, ret, &fault) == ERR_OK ||
           complain(c, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
}

bool watch_sign_public_read(const char *path, struct sign_public *ret, struct complaint *c)
{
    struct fault fault = {0};
    return sign_public_read(path, ret, &fault) == ERR_OK ||
           complain(c, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
}

static bool refuse_key(const char *path, const char *why, struct complaint *c)
{
    char text[OPERATOR_PATH_SIZE];
    (void)snprintf(text, sizeof(text), "%s: %s", path, why);
    return complain(c, ERROR_KEY_FILE, text, NULL, NULL, NULL);
}

bool watch_match_key_read(const char *path, struct seal_key *ret, struct complaint *c)
{
    struct stat info;
    size_t size = 0;
    char *text = file_read(path, MATCH_TEXT_SIZE, &size, c);
    if (text == NULL) {
        return false;
    }
    if (size > 0 && text[size - 1] == '\n') {
        text[size - 1] = '\0';
    }
    bool good = bytes_from_hex(text, ret->bytes, sizeof(ret->bytes));
    seal_wipe(text, size);
    free(text);
    if (!good) {
        return refuse_key(path, "is no matching key of 64 hex digits", c);
    }
    if (stat(path, &info) != 0 || (info.st_mode & 077) != 0) {
        seal_wipe(ret, sizeof(*ret));
        return refuse_key(path, "others may read it; chmod 600", c);
    }
    return true;
}

/* --- making --- */

struct making {
    const char *dir;
    char path[OPERATOR_PATH_SIZE];
    char link_public[LINK_KEY_Z85_SIZE];
    char sign_id[SIGN_KEY_ID_SIZE];
    struct complaint *c;
};

static const char *inside(struct making *m, const char *name)
{
    (void)snprintf(m->path, sizeof(m->path), "%s/%s", m->dir, name);
    return m->path;
}

static bool is_made(struct making *m, enum err err, const struct fault *fault)
{
    return err == ERR_OK || complain(m->c, ERROR_KEY_FILE, fault->what, NULL, NULL, NULL);
}

static bool make_link(struct making *m)
{
    struct fault fault = {0};
    AUTO(link_key_pair_destroy) struct link_key_pair pair = {0};
    if (!is_made(m, link_key_pair_draw(&pair, &fault), &fault) ||
        !is_made(m, link_key_pair_write(inside(m, "link.key"), &pair, &fault), &fault) ||
        !is_made(m, link_key_write(inside(m, "link.pub"), pair.public_key, &fault), &fault)) {
        return false;
    }
    link_key_to_z85(pair.public_key, m->link_public);
    return true;
}

static bool make_sign(struct making *m)
{
    struct fault fault = {0};
    struct sign_key key = sign_key_make(entropy_system());
    struct sign_public half = sign_public_of(&key);
    bool good = is_made(m, sign_key_write(inside(m, "sign.key"), &key, &fault), &fault) &&
                is_made(m, sign_public_write(inside(m, "sign.pub"), &half, &fault), &fault);
    seal_wipe(&key, sizeof(key));
    sign_key_id(&half, m->sign_id);
    return good;
}

static void show_made(struct answer *answer, const struct making *m)
{
    answer_add_note(answer, "public", m->link_public);
    answer_add_note(answer, "sign_key", m->sign_id);
}

/* What there is of a directory that could not be filled. */
static void unmake(struct making *m)
{
    static const char *const names[] = {"link.key", "link.pub", "sign.key", "sign.pub"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)unlink(inside(m, names[i]));
    }
    (void)rmdir(m->dir);
}

enum exit_code run_watch_keygen(struct cli *cli, const struct call *call)
{
    struct complaint c = {0};
    struct fault fault = {0};
    struct making m = {.dir = call_value(call, "dir"), .c = &c};
    AUTO(answer_destroy) struct answer answer = {0};
    if (seal_init(&fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    if (strlen(m.dir) + 16 > sizeof(m.path)) {
        return cli_refuse(cli, ERROR_DIR_MAKE, m.dir, "the path is too long", NULL, NULL);
    }
    if (mkdir(m.dir, 0700) != 0) {
        return cli_refuse(cli, ERROR_DIR_MAKE, m.dir, strerror(errno), NULL, NULL);
    }
    if (!make_link(&m) || !make_sign(&m)) {
        unmake(&m);
        return cli_say(cli, &c);
    }
    show_made(&answer, &m);
    return request_show(cli, call, &answer);
}

/* --- what the park gives a station --- */

/* 32 bytes as hex digits. */
static bool read_note(const struct answer *answer, const char *name, uint8_t out[SEAL_KEY_SIZE],
                      struct complaint *c)
{
    const char *hex = answer_note(answer, name);
    return (hex != NULL && bytes_from_hex(hex, out, SEAL_KEY_SIZE)) ||
           complain(c, ERROR_REPLY_BAD, name, NULL, NULL, NULL);
}

static bool write_match(struct making *m, const struct seal_key *key)
{
    char text[MATCH_TEXT_SIZE];
    bytes_to_hex(BYTES_OF(key->bytes), text, sizeof(text) - 1);
    text[MATCH_TEXT_SIZE - 2] = '\n';
    struct bytes content = {.data = (const uint8_t *)text, .size = MATCH_TEXT_SIZE - 1};
    bool good = file_make(inside(m, "match.key"), 0600, content, m->c);
    seal_wipe(text, sizeof(text));
    return good;
}

static bool write_given(struct making *m, const struct answer *answer)
{
    struct fault fault = {0};
    struct seal_key match;
    struct sign_public park;
    if (!read_note(answer, "matching", match.bytes, m->c) ||
        !read_note(answer, "park_sign", park.bytes, m->c)) {
        return false;
    }
    bool good = write_match(m, &match);
    seal_wipe(&match, sizeof(match));
    return good && is_made(m, sign_public_write(inside(m, "park.pub"), &park, &fault), &fault);
}

enum exit_code run_watch_key(struct cli *cli, const struct call *call)
{
    struct complaint c = {0};
    struct fault fault = {0};
    struct making m = {.dir = call_value(call, "dir"), .c = &c};
    struct request request = {.verb = "watch.key"};
    AUTO(answer_destroy) struct answer answer = {0};
    if (seal_init(&fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    if (strlen(m.dir) + 16 > sizeof(m.path)) {
        return cli_refuse(cli, ERROR_DIR_MAKE, m.dir, "the path is too long", NULL, NULL);
    }
    if (!client_ask_all(cli, &request, &answer, &c) || !write_given(&m, &answer)) {
        return cli_say(cli, &c);
    }
    answer_drop_note(&answer, "matching"); /* it is in its file alone */
    answer_drop_note(&answer, "park_sign");
    return request_show(cli, call, &answer);
}
