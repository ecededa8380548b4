#include "tests/peers/pn532_frame.h"

#include <stdbool.h>
#include <string.h>

static uint8_t sum(const uint8_t *bytes, size_t length)
{
    uint8_t total = 0;

    for (size_t i = 0; i < length; i++)
        total = (uint8_t)(total + bytes[i]);
    return total;
}

/* The header behind the start code 00 FF: how long is it, how much data follows, is it sound? */
struct header {
    size_t size;
    size_t data;
    bool sound;
};

static struct header read_header(const uint8_t *bytes, size_t length)
{
    struct header h = {.size = 4, .data = bytes[2]};

    h.sound = (uint8_t)(bytes[2] + bytes[3]) == 0;
    if (bytes[2] != 0xff || bytes[3] != 0xff)
        return h;
    h.size = 7;
    if (length < h.size)
        return h;
    h.data = (size_t)bytes[4] << 8 | bytes[5];
    h.sound = (uint8_t)(bytes[4] + bytes[5] + bytes[6]) == 0 && h.data <= PN532_DATA_MAX;
    return h;
}

static enum pn532_token read_frame(const uint8_t *bytes, size_t length, size_t *ret_used,
                                   const uint8_t **ret_data, size_t *ret_length)
{
    struct header h = read_header(bytes, length);

    *ret_used = 2;
    if (length < h.size)
        return PN532_NEED_MORE;
    if (!h.sound || h.data < 2)
        return PN532_BROKEN;
    if (length < h.size + h.data + 1)
        return PN532_NEED_MORE;
    *ret_used = h.size + h.data + 1;
    if (sum(bytes + h.size, h.data + 1) != 0)
        return PN532_BROKEN;
    *ret_data = bytes + h.size;
    *ret_length = h.data;
    return PN532_COMMAND;
}

enum pn532_token pn532_frame_next(const uint8_t *bytes, size_t length, size_t *ret_used,
                                  const uint8_t **ret_data, size_t *ret_length)
{
    if (length < 2)
        return PN532_NEED_MORE;
    *ret_used = 1;
    if (bytes[0] != 0x00 || bytes[1] != 0xff)
        return PN532_JUNK;
    if (length < 4)
        return PN532_NEED_MORE;
    *ret_used = 4;
    if (bytes[2] == 0x00 && bytes[3] == 0xff)
        return PN532_ACK;
    if (bytes[2] == 0xff && bytes[3] == 0x00)
        return PN532_NACK;
    return read_frame(bytes, length, ret_used, ret_data, ret_length);
}

size_t pn532_frame_build(const uint8_t *data, size_t length, uint8_t *out)
{
    size_t n = 0;

    out[n++] = 0x00;
    out[n++] = 0x00;
    out[n++] = 0xff;
    if (length > 255) {
        out[n++] = 0xff;
        out[n++] = 0xff;
        out[n++] = (uint8_t)(length >> 8);
        out[n++] = (uint8_t)length;
        out[n] = (uint8_t)-sum(out + n - 2, 2);
    } else {
        out[n++] = (uint8_t)length;
        out[n] = (uint8_t)-length;
    }
    n++;
    memcpy(out + n, data, length);
    n += length;
    out[n] = (uint8_t)-sum(data, length);
    n++;
    out[n++] = 0x00;
    return n;
}
