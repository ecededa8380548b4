/* operator_conf: how this person reaches the controller.
 *
 *     # DIR/operator.conf
 *     endpoint = tcp://127.0.0.1:7601
 *     server_key = Z85 of the controller's public key
 *     key_file = admin.key          (relative to DIR, or absolute; desk: see parkgate desk)
 *     time_zone = Asia/Shanghai     (how times are shown until the controller says)
 */
#pragma once

#include "admin-cli/cli.h"
#include "common/link/key.h"
#include "common/link/link.h"

enum { OPERATOR_PATH_SIZE = 1024 };

struct operator_conf {
    char endpoint[LINK_ENDPOINT_SIZE];
    struct link_key server_key;
    char key_file[OPERATOR_PATH_SIZE];
    bool at_desk; /* no file: the key that is unlocked at this desk */
};

/* From the options of the run and the park's directory. False: *c says what is missing or wrong.
 * Sets the run's time zone, too. */
bool operator_conf_read(struct cli *cli, struct operator_conf *conf, struct complaint *c);

/* A public key as people give it: Z85, hex, or a file that holds it. */
bool operator_key_read(const char *text, struct link_key *ret_key, struct complaint *c);
