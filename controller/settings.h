/* settings: what controller.conf says, and the key file it names. See
 * docs/man/parkgate-controller.8.scd.
 */
#pragma once

#include <stdint.h>

#include "common/base/entropy.h"
#include "common/base/err.h"
#include "common/link/link.h"
#include "common/seal/box.h"
#include "common/seal/seal.h"
#include "common/seal/sign.h"
#include "controller/net/ports.h"

enum { SETTINGS_PATH_SIZE = 512 };

struct settings {
    char config[SETTINGS_PATH_SIZE];
    char store[SETTINGS_PATH_SIZE], keys[SETTINGS_PATH_SIZE], key_file[SETTINGS_PATH_SIZE],
        index_key_file[SETTINGS_PATH_SIZE];
    char genesis[SETTINGS_PATH_SIZE], zoneinfo[64], metrics_address[64];
    char anchor_dir[SETTINGS_PATH_SIZE]; /* of the export; by default `anchors` beside key_file */
    char alert_socket[SETTINGS_PATH_SIZE]; /* alert_port.h; "": none */
    int64_t metrics_port;                /* 0: none */
    char endpoints[PORTS_COUNT][LINK_ENDPOINT_SIZE];
};

/* Reads the file that settings->config names into the rest. Errors as config_read(). */
MUST_CHECK enum err settings_read(struct settings *settings, struct fault *fault);

/* The key that gates' copies are made with: gates.key beside key_file, drawn and written (0600)
 * when there is none. Without it every gate gets its copy anew, no more. Errors as
 * index_file_read() (controller/job/index_file.h).
 */
MUST_CHECK enum err settings_gates_key(const struct settings *settings,
                                       const struct entropy *entropy, struct seal_key *ret,
                                       struct fault *fault);
/* The private half of the park's recovery key: recovery.key beside key_file, drawn and written
 * (0600) when there is none. Gates close their day keys to it; it is in every backup. Without it
 * nothing stops, but what a gate keeps is lost with that gate's own keys. Errors as above. */
MUST_CHECK enum err settings_recovery_key(const struct settings *settings,
                                          const struct entropy *entropy,
                                          struct seal_box_secret *ret, struct fault *fault);
/* The park's signing key (controller/app/park_sign.h): sign.key beside key_file, made and written
 * (0600) when there is none. Its public half is kept in sign.pub beside it, for everybody.
 * *ret_former is the one before, if it is still there: the journal may not have its word yet.
 * ERR_INPUT: the file holds no such key; it is never replaced by itself. Others as sign_key_read().
 */
MUST_CHECK enum err settings_sign_key(const struct settings *settings,
                                      const struct entropy *entropy, struct sign_key *ret,
                                      struct sign_key *ret_former, bool *ret_has_former,
                                      struct fault *fault);
/* sign.key.next becomes sign.key, and that sign.key.old. ERR_NOT_FOUND: there is no next one, which
 * is the usual answer. Others as sign_key_read(). */
MUST_CHECK enum err settings_next_sign_key(const struct settings *settings, struct sign_key *ret,
                                           struct fault *fault);
/* sign.key.old goes. */
void settings_end_former_sign_key(const struct settings *settings);
/* The path of a file beside key_file, into out. ERR_INPUT: too long. */
MUST_CHECK enum err settings_beside_key(const struct settings *settings, const char *name,
                                        char out[SETTINGS_PATH_SIZE], struct fault *fault);
