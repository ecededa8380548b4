#include "common/access/wiegand.h"

#include <string.h>

#include "common/access/card_number.h"
#include "common/base/must.h"

static bool parity_is_good(uint64_t bits, unsigned bit_count)
{
    unsigned half = bit_count / 2;
    uint64_t first = bits >> half;
    uint64_t last = bits & ((UINT64_C(1) << half) - 1);
    return __builtin_parityll(first) == 0 && __builtin_parityll(last) == 1;
}

enum wiegand_status wiegand_read(struct bytes bits, bool reversed, struct wiegand *ret_read)
{
    uint64_t value = 0;
    if (bits.size != WIEGAND_SHORT && bits.size != WIEGAND_LONG) {
        return WIEGAND_BAD_LENGTH;
    }
    for (size_t i = 0; i < bits.size; i++) {
        if (bits.data[i] != '0' && bits.data[i] != '1') {
            return WIEGAND_NOT_BITS;
        }
        value = value << 1 | (bits.data[i] == '1' ? 1 : 0);
    }
    if (!parity_is_good(value, (unsigned)bits.size)) {
        return WIEGAND_BAD_PARITY;
    }
    uint64_t data = value >> 1 & ((UINT64_C(1) << (bits.size - 2)) - 1);
    *ret_read = (struct wiegand){
        .bit_count = (uint8_t)bits.size, .value = (uint32_t)data, .reversed = reversed};
    return WIEGAND_OK;
}

bool wiegand_credential(const struct wiegand *read, struct credential *ret_credential)
{
    if (read->bit_count == WIEGAND_LONG) {
        return card_number_uid(read->value, read->reversed, ret_credential);
    }
    MUST(read->bit_count == WIEGAND_SHORT && read->value >> 24 == 0);
    return card_number_w26(read->value, read->reversed, ret_credential);
}

bool wiegand_from_text(struct bytes text, struct credential *ret_credential)
{
    static const char prefix[] = "26:";
    size_t size = sizeof(prefix) - 1;
    if (text.size < size || memcmp(text.data, prefix, size) != 0) {
        return false;
    }
    return card_number_pair((struct bytes){.data = text.data + size, .size = text.size - size}, '-',
                            false, ret_credential);
}

bool wiegand_is_bounce(struct wiegand_line *line, const struct wiegand *read, struct mono now)
{
    if (line->any && line->read.bit_count == read->bit_count && line->read.value == read->value &&
        mono_before(now, mono_after_ms(line->taken, WIEGAND_BOUNCE_MS))) {
        return true;
    }
    *line = (struct wiegand_line){.any = true, .read = *read, .taken = now};
    return false;
}
