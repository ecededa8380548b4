/* desfire_auth: a DESFire EV1 card proves with AES-128 that it knows a key (commands AA and AF),
 * and gives its own UID when it draws a new one for each select (GetCardUID, 51). Pure: bytes in,
 * bytes out, ISO 7816 wrapping.
 *
 *   select application 5A -> AA, key number -> AF, both randoms under the key -> our random back
 *
 * Our random comes from the caller, fresh for each proof: an answer recorded before proves nothing.
 * Afterwards desfire_auth_wipe(): key, randoms and session key lie in the struct. seal_init() must
 * have been called.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/seal/aes.h"

enum {
    DESFIRE_AID_SIZE = 3,
    DESFIRE_UID_SIZE = 7,
    DESFIRE_COMMAND_MAX = 40,
    DESFIRE_ANSWER_MAX = 64
};

/* What the card is asked to do. */
struct desfire_question {
    uint8_t aid[DESFIRE_AID_SIZE]; /* in the order of transmission */
    uint8_t key_no;
    struct aes_key key;
    bool wants_uid; /* then ask for the card's own UID, too */
    uint8_t random[AES_BLOCK_SIZE];
};

enum desfire_step {
    DESFIRE_SEND = 1, /* `command` goes to the card, its answer to desfire_auth_take() */
    DESFIRE_PROVED,   /* the card knows the key; `uid` is set when it was wanted */
    DESFIRE_FAILED,   /* `why` says at what */
};

enum desfire_state {
    DESFIRE_SELECTING = 1,
    DESFIRE_CHALLENGED,
    DESFIRE_CONFIRMING,
    DESFIRE_ASKING_UID,
    DESFIRE_OVER,
};

struct desfire_auth {
    enum desfire_state state;
    struct desfire_question question;
    struct aes_block chain;
    uint8_t card_random[AES_BLOCK_SIZE];
    struct aes_key session;
    uint8_t command[DESFIRE_COMMAND_MAX];
    size_t command_size;
    uint8_t uid[DESFIRE_UID_SIZE];
    const char *why; /* a plain word for the log, static */
};

/* The first command is in `command`. */
void desfire_auth_begin(struct desfire_auth *auth, const struct desfire_question *question);
/* The card's answer, whatever it holds, with its two status bytes. After the end it stays
 * DESFIRE_FAILED. */
enum desfire_step desfire_auth_take(struct desfire_auth *auth, struct bytes answer);
void desfire_auth_wipe(struct desfire_auth *auth);
