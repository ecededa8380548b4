/* An emulated DESFire EV1 with one application and AES keys, written from the published command
 * set: SelectApplication 5A, AES authentication AA and AF, GetCardUID 51; native and in ISO 7816
 * wrapping. It can also misbehave. No clock, no descriptors. */
#ifndef PEERS_DESFIRE_CARD_H
#define PEERS_DESFIRE_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DESFIRE_KEYS       14
#define DESFIRE_REPLY_MAX  64
#define DESFIRE_NEVER_CUTS 255

/* What it answered to AA and AF when it last proved itself: a recorder's loot. */
struct desfire_record {
    bool whole;
    uint8_t challenge[16];
    uint8_t confirmation[16];
};

struct desfire_card {
    bool on; /* the card in the field is one */
    uint8_t uid[7];
    uint8_t aid[3];
    uint8_t keys[DESFIRE_KEYS][16];
    bool has_key[DESFIRE_KEYS];
    bool random;     /* shows another UID, drawn anew for each field */
    bool mute;       /* selects, and answers no command */
    bool replays;    /* answers what was recorded, whatever it is asked */
    long slow_ms;    /* takes so much longer for each answer */
    uint8_t cut;     /* answers so many bytes at most */
    unsigned proofs; /* authentications that it finished */
    struct desfire_record record;

    enum { DESFIRE_IDLE, DESFIRE_SELECTED, DESFIRE_WAITS, DESFIRE_OPEN } state;
    uint8_t key_no;
    uint8_t random_b[16], iv[16], session[16];
    uint32_t seed;
};

/* Reads `UID [aid=HEX] [keyN=HEX] [random] [mute] [replay] [slow=MS] [cut=N]`. NULL, or the word
 * that is wrong; nothing is changed then. The record and the count of proofs stay. */
const char *desfire_card_setup(struct desfire_card *card, char **words, size_t count);

/* The UID that it shows in this field. */
size_t desfire_card_shown(struct desfire_card *card, uint8_t uid[10]);

/* The field went off: all is forgotten. */
void desfire_card_reset(struct desfire_card *card);

/* One command; the length of its answer. -1: no answer. */
long desfire_card_run(struct desfire_card *card, const uint8_t *in, size_t length,
                      uint8_t out[DESFIRE_REPLY_MAX]);

#endif
