/* nfc_reader: badge readers behind parkgate-nfc, one process a reader. */
#pragma once

#include "reader-agent/driver/driver.h"
#include "reader-agent/driver/helper_port.h"

struct nfc_reader;

/* Hears HELPER_NFC on `port` (borrowed) and reports to `sink` (copied). Never fails; aborts without
 * memory. A card with a random UID comes as CREDENTIAL_KIND_NONE with the UID as `raw`. */
struct nfc_reader *nfc_reader_create(struct helper_port *port, const struct driver_sink *sink);
void nfc_reader_destroy(struct nfc_reader **readers);

struct nfc_reader_config {
    struct name reader;
    char device[LIMIT_TEXT_BYTES + 1]; /* libnfc connstring, "pn532_uart:/dev/ttyUSB0" */
};

/* The readers there are from now on; others are dropped, unchanged ones are left alone. */
MUST_CHECK enum err nfc_reader_configure(struct nfc_reader *readers,
                                         const struct nfc_reader_config *list, size_t count,
                                         struct fault *fault);
