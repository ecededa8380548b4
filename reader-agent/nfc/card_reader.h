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

/* Selects that card once more (one with a random UID: any card). ERR_NOT_FOUND: it is not there.
 * ERR_IO as card_reader_poll(). */
MUST_CHECK enum err card_reader_select(struct card_reader *reader, const struct card *card,
                                       struct fault *fault);

/* One ISO 14443-4 command to the card that was selected last, and its answer; at most `wait_ms`,
 * which is not 0. ERR_NOT_FOUND: the card does not answer. ERR_CORRUPT: its answer is longer than
 * `size`. ERR_IO: the reader fails. */
MUST_CHECK enum err card_reader_exchange(struct card_reader *reader, struct bytes command,
                                         uint8_t *out, size_t size, size_t *ret_size,
                                         uint32_t wait_ms, struct fault *fault);
