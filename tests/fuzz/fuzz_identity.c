/* Fuzzes what identifies somebody: the first byte chooses plate, ID number or badge UID, the rest
 * is the text. A normal form is read again to itself, and the credential made of it is canonical.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/access/credential.h"
#include "common/access/idnumber.h"
#include "common/access/plate.h"
#include "common/base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_canonical(const struct credential *credential)
{
    MUST(credential_is_canonical(credential->kind, credential_view(credential)));
}

static void check_plate(struct bytes text, enum plate_source source)
{
    struct plate plate;
    enum plate_status status = plate_read(text, source, &plate);
    MUST(memchr(plate.text, 0, sizeof(plate.text)) != NULL && plate.points <= PLATE_POINTS_MAX);
    MUST(plate.wildcards <= plate.points);
    if (status == PLATE_OK || status == PLATE_FOREIGN) {
        struct plate again;
        MUST(plate_read(bytes_of_text(plate.text), source, &again) == status);
        MUST(strcmp(again.text, plate.text) == 0 && again.kind == plate.kind);
    }
    struct credential credential;
    bool exact = status == PLATE_OK && plate_is_exact(&plate);
    MUST(credential_from_plate(&plate, &credential) == exact);
    if (exact) {
        check_canonical(&credential);
    }
}

static void check_idnumber(struct bytes text)
{
    struct idnumber number;
    enum idnumber_status status = idnumber_read(text, &number);
    MUST(status < IDNUMBER_STATUS_COUNT && idnumber_status_en(status)[0] != '\0');
    if (status != IDNUMBER_OK) {
        return;
    }
    struct idnumber again;
    MUST(strlen(number.text) == IDNUMBER_LENGTH);
    MUST(idnumber_read(bytes_of_text(number.text), &again) == IDNUMBER_OK);
    MUST(strcmp(again.text, number.text) == 0 && again.kind == number.kind);
    char masked[IDNUMBER_TEXT_SIZE];
    idnumber_mask(&number, masked);
    MUST(strcmp(masked, number.text) != 0);
}

static void check_uid(struct bytes text)
{
    struct credential credential;
    if (!credential_from_uid_text(text, &credential)) {
        return;
    }
    check_canonical(&credential);
    char hex[BADGE_UID_TEXT_SIZE];
    badge_uid_format(credential_view(&credential), hex);
    struct credential again;
    MUST(credential_from_uid_text(bytes_of_text(hex), &again));
    MUST(credential_equal(&credential, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct bytes text = {.data = data + 1, .size = size - 1};
    switch (data[0] & 3) {
    case 0:
        check_plate(text, PLATE_SOURCE_TEXT);
        break;
    case 1:
        check_plate(text, PLATE_SOURCE_GAT1400);
        break;
    case 2:
        check_idnumber(text);
        break;
    default:
        check_uid(text);
        break;
    }
    return 0;
}
