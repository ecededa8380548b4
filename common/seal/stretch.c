#include "common/seal/stretch.h"

#include <openssl/evp.h>

enum { COST = 1 << 15, BLOCK = 8, LANES = 1, MEMORY = 64 << 20 };

enum err seal_stretch(struct bytes typed, const uint8_t salt[SEAL_SALT_SIZE],
                      struct seal_key *ret_key, struct fault *fault)
{
    int good = EVP_PBE_scrypt((const char *)typed.data, typed.size, salt, SEAL_SALT_SIZE, COST,
                              BLOCK, LANES, MEMORY, ret_key->bytes, sizeof(ret_key->bytes));
    return good == 1 ? ERR_OK : fault_set(fault, ERR_IO, "scrypt: no memory");
}
