/* card_number: the numbers that readers and cards show in place of a UID, and what badge they name.
 *
 * One card can bear four of them: its UID as a decimal, and the lower 24 bits of that as two
 * decimals, each with the UID's first byte highest or lowest. None says which it is, so each form
 * has a name and nothing is guessed; presenting the card beats typing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/access/credential.h"
#include "common/base/bytes.h"

/* A UID as one number: up to 32 bits are 4 bytes, up to 56 bits are 7. The UID's first byte is the
 * highest; `reversed`: the lowest. False: 0, or more than 56 bits. */
bool card_number_uid(uint64_t number, bool reversed, struct credential *ret_credential);

/* 24 bits of a Wiegand line: facility 8, card 16. `reversed` turns the three bytes round. False: 0.
 * A value over 24 bits is our bug: aborts. */
bool card_number_w26(uint32_t value, bool reversed, struct credential *ret_credential);

/* The same as two decimals: "123-45678" with the separator given; leading zeros allowed. */
bool card_number_pair(struct bytes text, char separator, bool reversed,
                      struct credential *ret_credential);

/* "FORM:NUMBER" as printed on a card:
 *   8h10d:0078754499           UID of 4 bytes as ten decimals, its first byte highest
 *   8h10d-reversed:3283231492  its first byte lowest
 *   wg:123,45678               3+5 decimals, what a reader of 26 bits sends
 *   wg-reversed:123,45678      the same of a reader with `reversed`
 * False: another form, or a number that does not fit it. */
bool card_number_printed(struct bytes text, struct credential *ret_credential);
