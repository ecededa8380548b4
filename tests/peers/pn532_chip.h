/* The PN532 itself: what each command does to the chip and the card in its field, and what it
 * answers. No descriptors, no clock: peer_pn532.c has those. */
#ifndef PEERS_PN532_CHIP_H
#define PEERS_PN532_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/peers/desfire_card.h"
#include "tests/peers/pn532_frame.h"

/* A card of ISO 14443 type A. */
struct pn532_card {
    bool present;
    uint8_t uid[10];
    uint8_t uid_length; /* 4, 7 or 10: one, two or three cascade levels */
    uint8_t atqa[2];    /* as the PN532 sends SENS_RES: high byte first */
    uint8_t sak;
    uint8_t ats[32]; /* with its length byte first */
    uint8_t ats_length;
};

struct pn532_chip {
    struct pn532_card card;
    struct desfire_card desfire; /* what the card is beside its UID */
    bool asleep;                 /* after power-up and PowerDown: only 0x55 is heard */
    bool target_selected;
    uint8_t passive_retries; /* 0xff: wait for a card without end */
    uint8_t parameters;
    bool bad_ats;   /* the next InListPassiveTarget that finds a card sends an ATS of length 0 */
    uint64_t polls; /* InListPassiveTarget for type A and InAutoPoll commands begun */
    uint64_t reads; /* of these, answered with a card */
    uint8_t registers[0x10000];
};

/* What the chip answers to one command. */
struct pn532_answer {
    uint8_t data[PN532_DATA_MAX]; /* TFI, code + 1, parameters */
    size_t length;
    size_t status_at;    /* where the status byte lies; 0: this answer has none */
    int64_t after_us;    /* the time the chip and the air need */
    bool waits_for_card; /* no answer yet: run the command again when a card comes */
    bool carries_ats_fault;
};

/* The state after power-up; the card in the field and the counts stay. A zeroed struct is a chip
 * that was never powered. */
void pn532_chip_power_up(struct pn532_chip *chip);

/* Puts a card with this UID into the field, with the ATQA and SAK that its length asks for: 4 bytes
 * as MIFARE Classic 1K (00 04, 08), 7 as NTAG or Ultralight (00 44, 00), 10 (00 84, 00). False if
 * the length is another. */
bool pn532_chip_put_card(struct pn532_chip *chip, const uint8_t *uid, size_t length);

/* Puts the DESFire of chip->desfire into the field (its UID drawn, if it draws one). */
void pn532_chip_put_desfire(struct pn532_chip *chip);

/* Makes the card a type 4 tag (SAK bit 6) that answers RATS with ats (length byte first). */
void pn532_chip_set_ats(struct pn532_chip *chip, const uint8_t *ats, size_t length);

/* Runs one command frame (TFI D4, code, parameters). An unknown one gets the error frame 7F. */
void pn532_chip_run(struct pn532_chip *chip, const uint8_t *data, size_t length,
                    struct pn532_answer *answer);

#endif
