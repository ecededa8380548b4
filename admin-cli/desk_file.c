#include "admin-cli/desk_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin-cli/file.h"
#include "common/base/must.h"

enum { FILE_MAX = 2048, SECRET_HEX = 2 * SEAL_KEY_SIZE };

static bool inside(const char *dir, const char *name, const char *suffix,
                   char out[OPERATOR_PATH_SIZE], struct complaint *c)
{
    int wrote = snprintf(out, OPERATOR_PATH_SIZE, "%s/%s%s", dir, name, suffix);
    return (wrote > 0 && wrote < OPERATOR_PATH_SIZE) ||
           complain(c, ERROR_DIR_MAKE, dir, "the path is too long", NULL, NULL);
}

bool desk_dir(struct cli *cli, char out[OPERATOR_PATH_SIZE], struct complaint *c)
{
    struct stat info;
    if (cli->dir == NULL) {
        return complain(c, ERROR_NO_PARK_GIVEN, NULL, NULL, NULL, NULL);
    }
    if (!inside(cli->dir, "desk", "", out, c)) {
        return false;
    }
    if (mkdir(out, 0700) != 0 && errno != EEXIST) {
        return complain(c, ERROR_DIR_MAKE, out, strerror(errno), NULL, NULL);
    }
    if (stat(out, &info) != 0 || !S_ISDIR(info.st_mode) || (info.st_mode & 077) != 0 ||
        info.st_uid != geteuid()) {
        return complain(c, ERROR_DIR_MAKE, out, "not yours alone; run: chmod 700", NULL, NULL);
    }
    return true;
}

/* --- the text --- */

/* `word = salt sealed`; false: another line, or damaged. */
static bool read_slot(const char *line, const char *word, struct desk_slot *slot)
{
    char salt[2 * SEAL_SALT_SIZE + 1];
    char sealed[2 * DESK_SLOT_SIZE + 1];
    size_t size = strlen(word);
    if (strncmp(line, word, size) != 0 || strncmp(line + size, " = ", 3) != 0 ||
        sscanf(line + size + 3, "%32[0-9a-f] %120[0-9a-f]", salt, sealed) != 2) {
        return false;
    }
    slot->used = bytes_from_hex(salt, slot->salt, sizeof(slot->salt)) &&
                 bytes_from_hex(sealed, slot->sealed, sizeof(slot->sealed));
    return slot->used;
}

static bool parse(char *text, struct desk_file *ret)
{
    bool has_public = false;
    char *rest = text;
    *ret = (struct desk_file){0};
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (line[0] == '#' || line[0] == '\0' || read_slot(line, "phrase", &ret->phrase) ||
            read_slot(line, "badge", &ret->badge)) {
            continue;
        }
        if (strncmp(line, "public = ", 9) != 0 || !link_key_from_z85(line + 9, &ret->public_key)) {
            return false;
        }
        has_public = true;
    }
    return has_public && ret->phrase.used;
}

bool desk_file_read(const char *dir, const char *name, struct desk_file *ret, struct complaint *c)
{
    char path[OPERATOR_PATH_SIZE];
    size_t size = 0;
    if (!inside(dir, name, ".desk", path, c)) {
        return false;
    }
    if (access(path, F_OK) != 0) {
        return complain(c, ERROR_NOT_FOUND, "desk key", name, NULL, NULL);
    }
    char *text = file_read(path, FILE_MAX, &size, c);
    if (text == NULL) {
        return false;
    }
    bool good = parse(text, ret);
    free(text);
    return good || complain(c, ERROR_KEY_FILE, path, NULL, NULL, NULL);
}

static int print_slot(char *out, size_t size, const char *word, const struct desk_slot *slot)
{
    char salt[2 * SEAL_SALT_SIZE + 1];
    char sealed[2 * DESK_SLOT_SIZE + 1];
    if (!slot->used) {
        out[0] = '\0';
        return 0;
    }
    bytes_to_hex(BYTES_OF(slot->salt), salt, sizeof(salt));
    bytes_to_hex(BYTES_OF(slot->sealed), sealed, sizeof(sealed));
    return snprintf(out, size, "%s = %s %s\n", word, salt, sealed);
}

bool desk_file_write(const char *dir, const char *name, const struct desk_file *file,
                     struct complaint *c)
{
    char path[OPERATOR_PATH_SIZE];
    char fresh[OPERATOR_PATH_SIZE];
    char z85[LINK_KEY_Z85_SIZE];
    char text[FILE_MAX];
    if (!inside(dir, name, ".desk", path, c) || !inside(dir, name, ".desk.new", fresh, c)) {
        return false;
    }
    link_key_to_z85(file->public_key, z85);
    int used = snprintf(text, sizeof(text),
                        "# A person's key at a shared desk: parkgate desk unlock %s\npublic = %s\n",
                        name, z85);
    used += print_slot(text + used, sizeof(text) - (size_t)used, "phrase", &file->phrase);
    used += print_slot(text + used, sizeof(text) - (size_t)used, "badge", &file->badge);
    (void)unlink(fresh);
    if (!file_make(fresh, 0600, (struct bytes){(const uint8_t *)text, (size_t)used}, c)) {
        return false;
    }
    return rename(fresh, path) == 0 ||
           complain(c, ERROR_DIR_MAKE, path, strerror(errno), NULL, NULL);
}

/* --- closing and opening --- */

/* The desk's own secret; made at the first badge. */
static bool desk_secret(const char *dir, bool make, uint8_t out[SEAL_KEY_SIZE], struct complaint *c)
{
    char path[OPERATOR_PATH_SIZE];
    char hex[SECRET_HEX + 1];
    size_t size = 0;
    if (!inside(dir, "desk.secret", "", path, c)) {
        return false;
    }
    if (make && access(path, F_OK) != 0) {
        struct seal_key drawn = seal_key_draw(entropy_system());
        bytes_to_hex(BYTES_OF(drawn.bytes), hex, sizeof(hex));
        bool made = file_make(path, 0600, bytes_of_text(hex), c);
        seal_wipe(hex, sizeof(hex));
        seal_wipe(&drawn, sizeof(drawn));
        if (!made) {
            return false;
        }
    }
    char *text = file_read(path, FILE_MAX, &size, c);
    if (text == NULL) {
        return false;
    }
    bool good = size == SECRET_HEX && bytes_from_hex(text, out, SEAL_KEY_SIZE);
    seal_wipe(text, size);
    free(text);
    return good || complain(c, ERROR_KEY_FILE, path, NULL, NULL, NULL);
}

/* What is stretched: the passphrase as typed, or the badge's number and the desk's secret. */
static bool slot_key(const char *dir, const struct desk_slot *slot, const char *typed, bool badge,
                     bool make, struct seal_key *ret, struct complaint *c)
{
    struct fault fault = {0};
    uint8_t mixed[LIMIT_ARG_BYTES + SEAL_KEY_SIZE];
    size_t size = strlen(typed);
    MUST(size <= LIMIT_ARG_BYTES);
    memcpy(mixed, typed, size);
    if (badge && !desk_secret(dir, make, mixed + size, c)) {
        return false;
    }
    size += badge ? SEAL_KEY_SIZE : 0;
    enum err err =
        seal_stretch((struct bytes){.data = mixed, .size = size}, slot->salt, ret, &fault);
    seal_wipe(mixed, sizeof(mixed));
    return err == ERR_OK || complain(c, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
}

bool desk_close(const char *dir, struct desk_file *file, const struct link_key_pair *pair,
                const char *typed, bool badge, struct complaint *c)
{
    struct seal_key key;
    uint8_t nonce[SEAL_NONCE_SIZE];
    struct desk_slot *slot = badge ? &file->badge : &file->phrase;
    file->public_key = pair->public_key;
    entropy_fill(entropy_system(), slot->salt, sizeof(slot->salt));
    entropy_fill(entropy_system(), nonce, sizeof(nonce));
    if (!slot_key(dir, slot, typed, badge, true, &key, c)) {
        return false;
    }
    seal_close(&key, nonce, BYTES_OF(file->public_key.bytes), BYTES_OF(pair->secret_key.bytes),
               slot->sealed, sizeof(slot->sealed));
    seal_wipe(&key, sizeof(key));
    slot->used = true;
    return true;
}

bool desk_open(const char *dir, const struct desk_file *file, const char *typed,
               struct link_key_pair *ret_pair, struct complaint *c)
{
    const struct desk_slot *slots[] = {&file->phrase, &file->badge};
    for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
        struct seal_key key;
        struct fault fault = {0};
        size_t size = 0;
        if (!slots[i]->used) {
            continue;
        }
        if (!slot_key(dir, slots[i], typed, i == 1, false, &key, c)) {
            return false;
        }
        ret_pair->public_key = file->public_key;
        enum err err = seal_open(&key, BYTES_OF(file->public_key.bytes), BYTES_OF(slots[i]->sealed),
                                 ret_pair->secret_key.bytes, sizeof(ret_pair->secret_key.bytes),
                                 &size, &fault);
        seal_wipe(&key, sizeof(key));
        if (err == ERR_OK && size == LINK_KEY_SIZE) {
            return true;
        }
    }
    return false;
}
