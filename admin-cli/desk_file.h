/* desk_file: persons' keys as a shared desk keeps them: each closed, and opened by a passphrase or
 * a badge.
 *
 * DESK/NAME.desk, mode 0600, text:
 *     public = Z85
 *     phrase = salt (hex) sealed (hex)      the secret key under scrypt(passphrase)
 *     badge = salt (hex) sealed (hex)       the same under scrypt(badge number, desk.secret);
 * optional DESK/desk.secret, mode 0600: 32 random bytes as hex. A badge opens a key at this desk
 * only; without the desk's secret its number opens nothing.
 */
#pragma once

#include <stdbool.h>

#include "admin-cli/operator_conf.h"
#include "common/seal/stretch.h"

enum { DESK_SLOT_SIZE = LINK_KEY_SIZE + SEAL_OVERHEAD, DESK_TYPED_MIN = 8 };

struct desk_slot {
    bool used;
    uint8_t salt[SEAL_SALT_SIZE];
    uint8_t sealed[DESK_SLOT_SIZE];
};

struct desk_file {
    struct link_key public_key;
    struct desk_slot phrase, badge;
};

/* DIR/desk, made (mode 0700) when it is not there. False: *c says why. */
bool desk_dir(struct cli *cli, char out[OPERATOR_PATH_SIZE], struct complaint *c);

bool desk_file_read(const char *dir, const char *name, struct desk_file *ret, struct complaint *c);
/* Writes it anew beside its place and renames it there. */
bool desk_file_write(const char *dir, const char *name, const struct desk_file *file,
                     struct complaint *c);

/* Closes the secret key under what was typed, a passphrase or a badge's number. */
bool desk_close(const char *dir, struct desk_file *file, const struct link_key_pair *pair,
                const char *typed, bool badge, struct complaint *c);
/* Opens it by either. False with *c of number 0: nothing opens with this. The pair is the caller's
 * to destroy. */
bool desk_open(const char *dir, const struct desk_file *file, const char *typed,
               struct link_key_pair *ret_pair, struct complaint *c);
