/* server rekey, server switch, server reindex: the controller's own keys are replaced while it
 * works. All are run on its machine, where the keys lie; the controller looks for what they leave
 * beside them, once a second. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin-cli/command.h"
#include "admin-cli/file.h"
#include "admin-cli/operator_conf.h"
#include "common/base/must.h"
#include "common/seal/sign.h"

enum { SWITCH_WAIT_MS = 10000, SWITCH_LOOK_MS = 50, CONF_MAX = 64 * 1024 };

static bool inside(const char *dir, const char *name, char out[OPERATOR_PATH_SIZE],
                   struct complaint *c)
{
    return snprintf(out, OPERATOR_PATH_SIZE, "%s/%s", dir, name) < OPERATOR_PATH_SIZE ||
           complain(c, ERROR_DIR_MAKE, dir, "the path is too long", NULL, NULL);
}

/* A file of ours becomes the controller's, so that it may use and remove it. */
static bool give_to_owner(const char *dir, const char *path, struct complaint *c)
{
    struct stat owner;
    char key[OPERATOR_PATH_SIZE];
    if (!inside(dir, "controller.key", key, c)) {
        return false;
    }
    if (stat(key, &owner) != 0 ||
        (owner.st_uid != geteuid() && chown(path, owner.st_uid, owner.st_gid) != 0)) {
        return complain(c, ERROR_FILE_OPEN, key, strerror(errno), NULL, NULL);
    }
    return true;
}

enum exit_code run_server_rekey(struct cli *cli, const struct call *call)
{
    const char *dir = call_value(call, "dir");
    char path[OPERATOR_PATH_SIZE];
    struct complaint c = {0};
    struct fault fault = {0};
    AUTO(link_key_pair_destroy) struct link_key_pair pair = {0};
    if (!inside(dir, "controller.key", path, &c)) {
        return cli_say(cli, &c);
    }
    if (access(path, F_OK) != 0) {
        return cli_refuse(cli, ERROR_FILE_OPEN, dir,
                          "not the directory of a park (no controller.key)", NULL, NULL);
    }
    if (!inside(dir, "controller.key.next", path, &c)) {
        return cli_say(cli, &c);
    }
    if (link_key_pair_draw(&pair, &fault) != ERR_OK ||
        link_key_pair_write(path, &pair, &fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    if (!give_to_owner(dir, path, &c)) {
        return cli_say(cli, &c);
    }
    cli_tell(
        cli,
        (struct bilingual){
            {"Drawn. The gates are told within a second; parkgate agent list shows which have kept "
             "it. Then: parkgate server switch", "已生成。一秒内通知各出入口；parkgate agent list 显示哪些已保存。然后执行：parkgate "
             "server switch"}
    });
    return EXIT_DONE;
}

/* The public key of the controller in the files of this directory that say it. */
static bool write_public(const char *dir, struct complaint *c)
{
    char key_path[OPERATOR_PATH_SIZE];
    char public_path[OPERATOR_PATH_SIZE];
    char conf_path[OPERATOR_PATH_SIZE];
    char z85[LINK_KEY_Z85_SIZE];
    struct link_key key;
    struct fault fault = {0};
    size_t size = 0;
    if (!inside(dir, "controller.key", key_path, c) ||
        !inside(dir, "controller.pub", public_path, c) ||
        !inside(dir, "operator.conf", conf_path, c)) {
        return false;
    }
    (void)unlink(public_path);
    if (link_key_read(key_path, &key, &fault) != ERR_OK ||
        link_key_write(public_path, key, &fault) != ERR_OK) {
        return complain(c, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    if (access(conf_path, F_OK) != 0) {
        return true;
    }
    char *text = file_read(conf_path, CONF_MAX, &size, c);
    if (text == NULL) {
        return false;
    }
    char *at = strstr(text, "server_key = ");
    link_key_to_z85(key, z85);
    if (at != NULL && strlen(at) >= strlen("server_key = ") + LINK_KEY_Z85_SIZE - 1) {
        memcpy(at + strlen("server_key = "), z85, LINK_KEY_Z85_SIZE - 1);
    }
    char fresh[OPERATOR_PATH_SIZE];
    bool good = inside(dir, "operator.conf.new", fresh, c) &&
                (unlink(fresh) == 0 || errno == ENOENT) &&
                file_make(fresh, 0600, (struct bytes){(const uint8_t *)text, size}, c) &&
                (rename(fresh, conf_path) == 0 ||
                 complain(c, ERROR_DIR_MAKE, conf_path, strerror(errno), NULL, NULL));
    free(text);
    return good;
}

/* The controller removes the note when it answers by the new key. */
static bool wait_for_controller(const char *note, struct complaint *c)
{
    for (int waited = 0; access(note, F_OK) == 0; waited += SWITCH_LOOK_MS) {
        if (waited >= SWITCH_WAIT_MS) {
            (void)unlink(note);
            return complain(c, ERROR_UNREACHABLE, "of this directory", NULL, NULL, NULL);
        }
        (void)poll(NULL, 0, SWITCH_LOOK_MS);
    }
    return true;
}

enum exit_code run_server_switch(struct cli *cli, const struct call *call)
{
    const char *dir = call_value(call, "dir");
    char next[OPERATOR_PATH_SIZE];
    char note[OPERATOR_PATH_SIZE];
    struct complaint c = {0};
    if (!inside(dir, "controller.key.next", next, &c) ||
        !inside(dir, "controller.key.switch", note, &c)) {
        return cli_say(cli, &c);
    }
    if (access(next, F_OK) != 0) {
        return cli_refuse(cli, ERROR_FILE_OPEN, next, "first run: parkgate server rekey", NULL,
                          NULL);
    }
    if (!file_make(note, 0600, (struct bytes){(const uint8_t *)"", 0}, &c) ||
        !give_to_owner(dir, note, &c) || !wait_for_controller(note, &c) || !write_public(dir, &c)) {
        return cli_say(cli, &c);
    }
    cli_tell(cli, (struct bilingual){
                      {"Done. Other computers of staff need the new controller.pub.",
                       "完成。其他工作电脑需要新的 controller.pub。"}
    });
    return EXIT_DONE;
}

/* --- the key of the keyed hashes --- */

enum { INDEX_TEXT_MAX = 4096 };

/* Under a name that the controller does not look for, until it is whole and the controller's own.
 */
static bool leave_index_key(const char *dir, const char *next, const char *text,
                            struct complaint *c)
{
    char drawn[OPERATOR_PATH_SIZE];
    return inside(dir, "index.key.drawn", drawn, c) && (unlink(drawn) == 0 || errno == ENOENT) &&
           file_make(drawn, 0600, bytes_of_text(text), c) && give_to_owner(dir, drawn, c) &&
           (rename(drawn, next) == 0 ||
            complain(c, ERROR_DIR_MAKE, next, strerror(errno), NULL, NULL));
}

/* The controller removes what it does not take, too, and says why in its log. */
static bool is_taken(const char *path, const char *text, struct complaint *c)
{
    size_t size = 0;
    char *all = file_read(path, INDEX_TEXT_MAX, &size, c);
    if (all == NULL) {
        return false;
    }
    bool taken = strncmp(all, text, strlen(text)) == 0;
    seal_wipe(all, size);
    free(all);
    return taken || complain(c, ERROR_KEY_FILE,
                             "the controller did not take the new key; its log "
                             "says why (index_key_not_replaced)",
                             NULL, NULL, NULL);
}

enum exit_code run_server_reindex(struct cli *cli, const struct call *call)
{
    const char *dir = call_value(call, "dir");
    char path[OPERATOR_PATH_SIZE];
    char next[OPERATOR_PATH_SIZE];
    char text[INDEX_KEY_TEXT_SIZE];
    struct complaint c = {0};
    if (!inside(dir, "index.key", path, &c) || !inside(dir, "index.key.next", next, &c)) {
        return cli_say(cli, &c);
    }
    if (access(path, F_OK) != 0) {
        return cli_refuse(cli, ERROR_FILE_OPEN, dir, "not the directory of a park (no index.key)",
                          NULL, NULL);
    }
    index_key_draw(text);
    bool good = leave_index_key(dir, next, text, &c) && wait_for_controller(next, &c) &&
                is_taken(path, text, &c);
    seal_wipe(text, sizeof(text));
    if (!good) {
        return cli_say(cli, &c);
    }
    cli_tell(cli,
             (struct bilingual){
                 {"Done. Make a backup now: without this index.key whoever is new is not found.",
                  "完成。请立即备份：没有此 index.key，新登记者将无法识别。"}
    });
    return EXIT_DONE;
}

/* --- the signing key --- */

static bool leave_sign_key(const char *dir, const char *next, const struct sign_key *key,
                           struct complaint *c)
{
    char drawn[OPERATOR_PATH_SIZE];
    struct fault fault = {0};
    return inside(dir, "sign.key.drawn", drawn, c) && (unlink(drawn) == 0 || errno == ENOENT) &&
           (sign_key_write(drawn, key, &fault) == ERR_OK ||
            complain(c, ERROR_DIR_MAKE, drawn, fault.what, NULL, NULL)) &&
           give_to_owner(dir, drawn, c) &&
           (rename(drawn, next) == 0 ||
            complain(c, ERROR_DIR_MAKE, next, strerror(errno), NULL, NULL));
}

enum exit_code run_server_resign(struct cli *cli, const struct call *call)
{
    const char *dir = call_value(call, "dir");
    char path[OPERATOR_PATH_SIZE];
    char next[OPERATOR_PATH_SIZE];
    struct complaint c = {0};
    struct fault fault = {0};
    if (!inside(dir, "sign.key", path, &c) || !inside(dir, "sign.key.next", next, &c)) {
        return cli_say(cli, &c);
    }
    if (access(path, F_OK) != 0) {
        return cli_refuse(cli, ERROR_FILE_OPEN, dir, "not the directory of a park (no sign.key)",
                          NULL, NULL);
    }
    if (seal_init(&fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    struct sign_key key = sign_key_make(entropy_system());
    bool good = leave_sign_key(dir, next, &key, &c) && wait_for_controller(next, &c);
    seal_wipe(&key, sizeof(key));
    if (!good) {
        return cli_say(cli, &c);
    }
    cli_tell(cli,
             (struct bilingual){
                 {"Done. Note the new key (parkgate audit head) where you noted the one before, "
                  "and make a backup.", "完成。请在原处抄存新密钥（parkgate audit head），并立即备份。"}
    });
    return EXIT_DONE;
}
