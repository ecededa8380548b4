/* nfc_reader: badge readers behind parkgate-nfc, one process a reader.
 *
 * At a reader with a card scheme a card proves itself with its own key, which the helper asks for
 * by the card's UID. A proof is believed only of the card whose key was given out last; what is
 * read there without one is CARD_PROOF_FAILED. The class is AUTHENTICATED for CARD_PROOF_GIVEN
 * alone.
 */
#pragma once

#include "reader-agent/driver/card_keys.h"
#include "reader-agent/driver/driver.h"
#include "reader-agent/driver/helper_port.h"

struct nfc_reader;

/* Hears HELPER_NFC on `port` (borrowed) and reports to `sink` (copied). Never fails; aborts without
 * memory. A card with a random UID comes as CREDENTIAL_KIND_NONE with the UID as `raw`, and
 * CARD_PROOF_RANDOM_ID. seal_init() must have been called. */
struct nfc_reader *nfc_reader_create(struct helper_port *port, const struct driver_sink *sink);
void nfc_reader_destroy(struct nfc_reader **readers);

struct nfc_reader_config {
    struct name reader;
    char device[LIMIT_TEXT_BYTES + 1]; /* libnfc connstring, "pn532_uart:/dev/ttyUSB0" */
    struct card_scheme scheme;         /* copied; the caller wipes the list */
};

/* The readers there are from now on; others are dropped, unchanged ones are left alone. */
MUST_CHECK enum err nfc_reader_configure(struct nfc_reader *readers,
                                         const struct nfc_reader_config *list, size_t count,
                                         struct fault *fault);

/* False: the keys' memory could not be locked (card_keys.h). */
bool nfc_reader_keys_are_locked(const struct nfc_reader *readers);
