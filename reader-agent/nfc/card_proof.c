#include "reader-agent/nfc/card_proof.h"

#include <string.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

enum { TRIES = 2 };

static int64_t now_us(const struct card_air *air)
{
    return air->clock->mono(air->clock->ctx).us;
}

static void ask(const struct helper_cards *cards, const struct card_air *air,
                enum helper_key_kind key_kind, const struct aes_key *key, struct desfire_auth *auth)
{
    bool wants_uid = key_kind == HELPER_KEY_OF_UIDS;
    struct desfire_question question = {.key_no = wants_uid ? cards->uid_key_no : cards->key_no,
                                        .wants_uid = wants_uid};
    memcpy(question.key.bytes, key->bytes, sizeof(question.key.bytes));
    _Static_assert(sizeof(question.aid) == sizeof(cards->aid), "an application id has three bytes");
    memcpy(question.aid, cards->aid, sizeof(question.aid));
    entropy_fill(air->entropy, question.random, sizeof(question.random));
    desfire_auth_begin(auth, &question);
    seal_wipe(&question, sizeof(question));
}

/* One try. *ret_step stays DESFIRE_SEND when the card did not answer. */
static enum err talk(const struct card_air *air, struct desfire_auth *auth, uint32_t most_ms,
                     enum desfire_step *ret_step, uint32_t *ret_ms, struct fault *fault)
{
    uint8_t answer[DESFIRE_ANSWER_MAX];
    int64_t began_us = now_us(air);
    int64_t took_us = 0;
    enum err err = ERR_OK;
    *ret_step = DESFIRE_SEND;
    while (*ret_step == DESFIRE_SEND && err == ERR_OK && took_us < (int64_t)most_ms * 1000) {
        size_t size = 0;
        uint32_t wait_ms = most_ms - (uint32_t)(took_us / 1000);
        err = air->exchange(air->ctx,
                            (struct bytes){.data = auth->command, .size = auth->command_size},
                            answer, sizeof(answer), &size, wait_ms, fault);
        took_us = now_us(air) - began_us;
        if (err == ERR_OK || err == ERR_CORRUPT) {
            /* An answer that is longer than any of a card's is nonsense: as an empty one. */
            *ret_step = desfire_auth_take(
                auth, (struct bytes){.data = answer, .size = err == ERR_OK ? size : 0});
            err = ERR_OK;
        }
    }
    *ret_ms = (uint32_t)((took_us + 999) / 1000);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err select_again(const struct card_air *air, const struct card *card, bool *ret_there,
                             struct fault *fault)
{
    enum err err = air->select(air->ctx, card, fault);
    *ret_there = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err card_proof_run(const struct card_air *air, const struct helper_cards *cards,
                        const struct card *card, enum helper_key_kind key_kind,
                        const struct aes_key *key, struct card_proved *ret_proved,
                        struct fault *fault)
{
    struct desfire_auth auth;
    struct card_proved proved = {.why = ""};
    enum desfire_step step = DESFIRE_SEND;
    enum err err = ERR_OK;
    bool there = true;
    uint32_t most_ms = cards->limit_ms + CARD_PROOF_SPARE_MS;
    for (int i = 0; i < TRIES && err == ERR_OK && step == DESFIRE_SEND; i++) {
        if (i > 0 && proved.exchange_ms > cards->limit_ms) {
            break;
        }
        if (i > 0) {
            err = select_again(air, card, &there, fault);
        }
        if (err == ERR_OK && there) {
            ask(cards, air, key_kind, key, &auth);
            err = talk(air, &auth, most_ms, &step, &proved.exchange_ms, fault);
        }
    }
    proved.proved = step == DESFIRE_PROVED;
    proved.why = step == DESFIRE_SEND ? "it does not answer" : auth.why;
    memcpy(proved.uid, auth.uid, sizeof(proved.uid));
    desfire_auth_wipe(&auth);
    if (err == ERR_OK) {
        *ret_proved = proved;
    }
    return err;
}

enum card_proof card_proof_of(const struct helper_cards *cards, const struct card_proved *proved)
{
    if (!proved->proved) {
        return CARD_PROOF_FAILED;
    }
    return proved->exchange_ms > cards->limit_ms ? CARD_PROOF_SLOW : CARD_PROOF_GIVEN;
}
