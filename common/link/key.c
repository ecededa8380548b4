#include "common/link/key.h"

#include <string.h>

#include <zmq.h>

#include "common/base/bytes.h"
#include "common/base/must.h"
#include "common/seal/seal.h"

bool link_key_equal(struct link_key a, struct link_key b)
{
    return seal_equal(BYTES_OF(a.bytes), BYTES_OF(b.bytes));
}

void link_key_to_hex(struct link_key key, char out[LINK_KEY_HEX_SIZE])
{
    bytes_to_hex(BYTES_OF(key.bytes), out, LINK_KEY_HEX_SIZE);
}

bool link_key_from_hex(const char *hex, struct link_key *ret_key)
{
    struct link_key key;
    if (!bytes_from_hex(hex, key.bytes, sizeof(key.bytes))) {
        return false;
    }
    *ret_key = key;
    return true;
}

void link_key_to_z85(struct link_key key, char out[LINK_KEY_Z85_SIZE])
{
    MUST(zmq_z85_encode(out, key.bytes, sizeof(key.bytes)) == out);
}

bool link_key_from_z85(const char *z85, struct link_key *ret_key)
{
    struct link_key key;
    char again[LINK_KEY_Z85_SIZE];
    if (strlen(z85) != LINK_KEY_Z85_SIZE - 1 || zmq_z85_decode(key.bytes, z85) == NULL) {
        return false;
    }
    /* libzmq lets some strings pass that are no Z85; only what encodes back is. */
    link_key_to_z85(key, again);
    bool same = strcmp(again, z85) == 0;
    if (same) {
        *ret_key = key;
    }
    seal_wipe(&key, sizeof(key));
    seal_wipe(again, sizeof(again));
    return same;
}

enum err link_key_pair_draw(struct link_key_pair *ret_pair, struct fault *fault)
{
    char public_z85[LINK_KEY_Z85_SIZE];
    char secret_z85[LINK_KEY_Z85_SIZE];
    if (zmq_curve_keypair(public_z85, secret_z85) != 0) {
        return fault_set(fault, ERR_UNSUPPORTED, "libzmq makes no CURVE keys: %s",
                         zmq_strerror(zmq_errno()));
    }
    MUST(link_key_from_z85(public_z85, &ret_pair->public_key));
    MUST(link_key_from_z85(secret_z85, &ret_pair->secret_key));
    seal_wipe(secret_z85, sizeof(secret_z85));
    return ERR_OK;
}

void link_key_pair_destroy(struct link_key_pair *pair)
{
    seal_wipe(&pair->secret_key, sizeof(pair->secret_key));
}
