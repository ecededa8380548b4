#include "reader-agent/driver/plate_reading.h"

#include <string.h>

#include "common/access/plate.h"

void plate_reading_set(struct reading *reading, const char *text)
{
    struct bytes raw = bytes_of_text(text == NULL ? "" : text);
    if (raw.size > sizeof(reading->raw)) {
        return;
    }
    memcpy(reading->raw, raw.data, raw.size);
    reading->raw_size = (uint8_t)raw.size;
    struct plate plate;
    enum plate_status status = plate_read(raw, PLATE_SOURCE_TEXT, &plate);
    if (status != PLATE_OK && status != PLATE_FOREIGN) {
        return;
    }
    struct bytes normal = bytes_of_text(plate.text);
    if (normal.size == 0 || normal.size > sizeof(reading->id)) {
        return;
    }
    reading->kind = CREDENTIAL_KIND_PLATE;
    reading->cclass = CREDENTIAL_CLASS_BEARER;
    memcpy(reading->id, normal.data, normal.size);
    reading->id_size = (uint8_t)normal.size;
}
