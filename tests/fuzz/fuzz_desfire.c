/* Fuzzes what a card answers to our authentication: any bytes, cut anywhere (a length byte, then so
 * many bytes, for each answer). Nothing of it may prove a card that does not know the key. */
#include <stddef.h>
#include <stdint.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/nfc/desfire_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct desfire_question asked = {
        .aid = {0x30,               0x42, 0xf5},
          .key_no = 1, .key = {{0xa8, 0xdd, 0x63}},
          .random = {1,                 2,     3        }
    };
    MUST(seal_init(NULL) == ERR_OK);
    struct desfire_question question = asked;
    struct reader r = reader_of((struct bytes){.data = data, .size = size});
    question.wants_uid = (reader_u8(&r) & 1) != 0;
    struct desfire_auth auth;
    desfire_auth_begin(&auth, &question);
    enum desfire_step step = DESFIRE_SEND;
    while (step == DESFIRE_SEND && !r.bad) {
        MUST(auth.command_size > 0 && auth.command_size <= sizeof(auth.command));
        step = desfire_auth_take(&auth, reader_bytes(&r, reader_u8(&r)));
    }
    MUST(step != DESFIRE_PROVED);
    desfire_auth_wipe(&auth);
    return 0;
}
