#include "reader-agent/driver/nfc_reader.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/driver/device_states.h"

/* Whose key the helper was given last: nobody else can have proved itself. */
struct key_given {
    struct name reader;
    uint8_t uid[HELPER_UID_BYTES];
    uint8_t uid_size; /* 0: none */
};

struct nfc_reader {
    struct helper_port *port;
    struct card_keys *keys;
    struct driver_sink sink;
    struct device_states states;
    size_t count;
    struct name names[LIMIT_HELPERS_PER_AGENT];
    struct key_given given[LIMIT_HELPERS_PER_AGENT];
};

/* Its place, or that of the empty name: a free one. NULL: none. */
static struct key_given *given_to(struct nfc_reader *readers, struct name name)
{
    for (size_t i = 0; i < ARRAY_LEN(readers->given); i++) {
        if (name_equal(readers->given[i].reader, name)) {
            return &readers->given[i];
        }
    }
    return NULL;
}

static void remember_given(struct nfc_reader *readers, struct name name,
                           const struct helper_key_wanted *wanted, bool found)
{
    struct key_given *given = given_to(readers, name);
    given = given != NULL ? given : given_to(readers, (struct name){.text = ""});
    if (given != NULL) {
        *given = (struct key_given){.reader = name, .uid_size = found ? wanted->uid_size : 0};
        memcpy(given->uid, wanted->uid, sizeof(given->uid));
    }
}

static void forget_given(struct nfc_reader *readers, struct name name)
{
    struct key_given *given = given_to(readers, name);
    if (given != NULL) {
        *given = (struct key_given){.uid_size = 0};
    }
}

/* A helper that is not there hears it when it joins. */
static void tell_cards(struct nfc_reader *readers, struct name name)
{
    const struct helper_message message = {.kind = HELPER_SAYS_CARDS,
                                           .cards = card_keys_cards(readers->keys, name)};
    if (helper_port_send(readers->port, name, &message, NULL) == ERR_BUSY) {
        log_warning("helper_not_told", LOG_TEXT("name", name.text));
    }
}

static void reader_joined(void *self, struct name name)
{
    tell_cards(self, name);
}

static void reader_lost(void *self, struct name name, const char *what)
{
    struct nfc_reader *readers = self;
    device_states_say(&readers->states, &readers->sink, name, DEVICE_DOWN, what);
}

static void give_key(struct nfc_reader *readers, struct name name,
                     const struct helper_key_wanted *wanted)
{
    struct helper_message message = {.kind = HELPER_SAYS_KEY,
                                     .key = card_keys_answer(readers->keys, name, wanted)};
    if (wanted->which == HELPER_KEY_OF_CARD) {
        remember_given(readers, name, wanted, message.key.found);
    }
    if (helper_port_send(readers->port, name, &message, NULL) != ERR_OK) {
        log_warning("helper_not_told", LOG_TEXT("name", name.text));
    }
    seal_wipe(&message, sizeof(message));
}

static bool can_be_proved(struct nfc_reader *readers, struct name name,
                          const struct helper_read *read)
{
    const struct key_given *given = given_to(readers, name);
    return given != NULL && !read->random_uid && given->uid_size == read->uid_size &&
           memcmp(given->uid, read->uid, read->uid_size) == 0;
}

/* What is known of a card whose proof came, or did not: an older helper knows of none. */
static enum card_proof proof_of(struct nfc_reader *readers, struct name name,
                                const struct helper_read *read, enum card_proof said)
{
    bool asks = card_keys_cards(readers->keys, name).desfire;
    bool claims = said == CARD_PROOF_GIVEN || said == CARD_PROOF_SLOW;
    if (!asks) {
        return read->random_uid ? CARD_PROOF_RANDOM_ID : CARD_PROOF_NONE;
    }
    if (said == CARD_PROOF_NONE || (claims && !can_be_proved(readers, name, read))) {
        return CARD_PROOF_FAILED;
    }
    return said;
}

static void take_read(struct nfc_reader *readers, struct name name, const struct helper_read *read,
                      enum card_proof said, uint32_t exchange_ms)
{
    struct reading reading = {.reader = name,
                              .kind = CREDENTIAL_KIND_BADGE,
                              .cclass = CREDENTIAL_CLASS_UID_ONLY,
                              .captured = read->captured,
                              .live_by_read = true,
                              .direction = LANE_NO_DIRECTION,
                              .proof = proof_of(readers, name, read, said),
                              .exchange_ms = exchange_ms};
    if (reading.proof == CARD_PROOF_GIVEN) {
        reading.cclass = CREDENTIAL_CLASS_AUTHENTICATED;
    }
    if (read->random_uid) {
        /* It names nobody, and another one the next time: there is nothing to look up. */
        reading.kind = CREDENTIAL_KIND_NONE;
        reading.cclass = CREDENTIAL_CLASS_BEARER;
        memcpy(reading.raw, read->uid, read->uid_size);
        reading.raw_size = read->uid_size;
    } else {
        memcpy(reading.id, read->uid, read->uid_size);
        reading.id_size = read->uid_size;
    }
    /* What became of it is the agent's to say; a card has no way to be told "later". */
    (void)readers->sink.reading(readers->sink.ctx, &reading, NULL);
}

/* A reader that lets nobody in is down for whoever looks, though it reads. */
static void take_state(struct nfc_reader *readers, struct name name,
                       const struct helper_state *state)
{
    bool lacks = state->state == DEVICE_UP && card_keys_are_missing(readers->keys, name);
    device_states_say(&readers->states, &readers->sink, name, lacks ? DEVICE_DOWN : state->state,
                      lacks ? "a key file of its cards cannot be read" : state->what);
}

static void reader_message(void *self, struct name name, const struct helper_message *message)
{
    struct nfc_reader *readers = self;
    if (message->kind == HELPER_SAYS_READ) {
        take_read(readers, name, &message->read, CARD_PROOF_NONE, 0);
    } else if (message->kind == HELPER_SAYS_PROVED) {
        take_read(readers, name, &message->proved.read, message->proved.proof,
                  message->proved.exchange_ms);
    } else if (message->kind == HELPER_SAYS_KEY_WANTED) {
        give_key(readers, name, &message->key_wanted);
    } else if (message->kind == HELPER_SAYS_STATE) {
        take_state(readers, name, &message->state);
    }
}

struct nfc_reader *nfc_reader_create(struct helper_port *port, const struct driver_sink *sink)
{
    struct nfc_reader *readers = calloc(1, sizeof(*readers));
    MUST(readers != NULL);
    readers->port = port;
    readers->keys = card_keys_create();
    readers->sink = *sink;
    helper_port_listen(port, (struct helper_ear){.program = HELPER_NFC,
                                                 .joined = reader_joined,
                                                 .lost = reader_lost,
                                                 .message = reader_message,
                                                 .self = readers});
    return readers;
}

void nfc_reader_destroy(struct nfc_reader **readers)
{
    if (*readers != NULL) {
        helper_port_listen((*readers)->port, (struct helper_ear){.program = HELPER_NFC});
        card_keys_destroy(&(*readers)->keys);
        free(*readers);
        *readers = NULL;
    }
}

static bool is_listed(struct name name, const struct nfc_reader_config *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (name_equal(list[i].reader, name)) {
            return true;
        }
    }
    return false;
}

enum err nfc_reader_configure(struct nfc_reader *readers, const struct nfc_reader_config *list,
                              size_t count, struct fault *fault)
{
    for (size_t i = 0; i < readers->count; i++) {
        if (!is_listed(readers->names[i], list, count)) {
            helper_port_drop(readers->port, readers->names[i]);
            device_states_forget(&readers->states, readers->names[i]);
            card_keys_forget(readers->keys, readers->names[i]);
            forget_given(readers, readers->names[i]);
        }
    }
    readers->count = 0;
    for (size_t i = 0; i < count; i++) {
        TRY(card_keys_put(readers->keys, list[i].reader, &list[i].scheme, fault));
        TRY(helper_port_want(readers->port, HELPER_NFC, list[i].reader, list[i].device, fault));
        readers->names[readers->count++] = list[i].reader;
        tell_cards(readers, list[i].reader);
    }
    return ERR_OK;
}

bool nfc_reader_keys_are_locked(const struct nfc_reader *readers)
{
    return card_keys_are_locked(readers->keys);
}
