/* PN532 frames on a serial line (NXP UM0701-02, chapter 6.2.1): find them in a stream, build them.
 */
#ifndef PEERS_PN532_FRAME_H
#define PEERS_PN532_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* TFI, command code and parameters of an extended frame. */
#define PN532_DATA_MAX  265
#define PN532_FRAME_MAX (PN532_DATA_MAX + 11)

enum pn532_token {
    PN532_NEED_MORE, /* the bytes so far are no whole frame */
    PN532_JUNK,      /* *ret_used bytes that belong to no frame */
    PN532_ACK,
    PN532_NACK,
    PN532_BROKEN, /* a frame with a wrong checksum; the chip does not answer it */
    PN532_COMMAND /* *ret_data, *ret_length: TFI, code, parameters */
};

/* Looks at the front of bytes. *ret_used: how many bytes the token took, to be dropped by the
 * caller. *ret_data points into bytes. */
enum pn532_token pn532_frame_next(const uint8_t *bytes, size_t length, size_t *ret_used,
                                  const uint8_t **ret_data, size_t *ret_length);

/* Builds a frame (normal or, above 255 bytes, extended) of data, which begins with the TFI. Returns
 * its length; out holds PN532_FRAME_MAX. */
size_t pn532_frame_build(const uint8_t *data, size_t length, uint8_t *out);

#endif
