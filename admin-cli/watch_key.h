/* watch_key: a station's keys. Its own are made on its computer, and only their public halves leave
 * it; what the park gives it comes over its own connection.
 *
 *     DIR/link.key   CURVE pair, 0600: who pushes        DIR/link.pub  its public half
 *     DIR/sign.key   Ed25519, PEM, 0600: who signed      DIR/sign.pub  its public half, PEM
 *     DIR/match.key  32 bytes as hex, 0600: hashes identity numbers; the park made it
 *     DIR/park.pub   the park's public key, PEM: receipts are checked with it
 */
#pragma once

#include "admin-cli/cli.h"
#include "common/seal/sign.h"

/* False: *c says why (no file, others may read it, no key). */
bool watch_sign_key_read(const char *path, struct sign_key *ret, struct complaint *c);
bool watch_sign_public_read(const char *path, struct sign_public *ret, struct complaint *c);
bool watch_match_key_read(const char *path, struct seal_key *ret, struct complaint *c);
