/* card_reader: one PN53x reader through libnfc 1.8.0. Every call is bounded (about 300 ms).
 *
 * libnfc aborts on some bad bytes of a reader: that is why this is a process of its own.
 */
#pragma once

#include "common/base/err.h"
#include "reader-agent/nfc/card_watch.h"

struct card_reader;

/* Keeps libnfc from its configuration file's devices, from scanning and from talking: call it
 * before anything else of libnfc. */
void card_reader_silence(void);

/* Opens the reader named by `connstring` ("pn532_uart:/dev/ttyUSB0"), about 60 ms. ERR_IO: it is
 * not there, or answers wrongly. */
MUST_CHECK enum err card_reader_open(const char *connstring, struct card_reader **ret_reader,
                                     struct fault *fault);
void card_reader_close(struct card_reader **reader);

/* One selection of an ISO 14443A card; *ret_card has uid_size 0 when there is none.
 * ERR_IO: no answer, or nonsense. Once is ordinary; running, the reader is gone: close it, end. */
MUST_CHECK enum err card_reader_poll(struct card_reader *reader, struct card *ret_card,
                                     struct fault *fault);
