#include "reader-agent/nfc/card_reader.h"

#include <nfc/nfc.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

struct card_reader {
    nfc_context *context;
    nfc_device *device;
};

void card_reader_silence(void)
{
    static const struct {
        const char *name;
        const char *value;
    } settings[] = {
        {"LIBNFC_AUTO_SCAN",      "false"},
        {"LIBNFC_INTRUSIVE_SCAN", "false"},
        {"LIBNFC_LOG_LEVEL",      "0"    },
    };
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        MUST(setenv(settings[i].name, settings[i].value, 1) == 0);
    }
    MUST(unsetenv("LIBNFC_DEFAULT_DEVICE") == 0);
    MUST(unsetenv("LIBNFC_DEVICE") == 0);
}

static enum err set_up(struct card_reader *reader, struct fault *fault)
{
    if (nfc_initiator_init(reader->device) < 0 ||
        nfc_device_set_property_bool(reader->device, NP_INFINITE_SELECT, false) < 0) {
        return fault_set(fault, ERR_IO, "the reader does not start: %s",
                         nfc_strerror(reader->device));
    }
    return ERR_OK;
}

enum err card_reader_open(const char *connstring, struct card_reader **ret_reader,
                          struct fault *fault)
{
    AUTO(card_reader_close) struct card_reader *reader = calloc(1, sizeof(*reader));
    MUST(reader != NULL);
    nfc_connstring name;
    if (strlen(connstring) >= sizeof(name)) {
        return fault_set(fault, ERR_IO, "the reader's name is over %zu characters",
                         sizeof(name) - 1);
    }
    memcpy(name, connstring, strlen(connstring) + 1);
    nfc_init(&reader->context);
    if (reader->context == NULL) {
        return fault_set(fault, ERR_IO, "libnfc does not start");
    }
    reader->device = nfc_open(reader->context, name);
    if (reader->device == NULL) {
        return fault_set(fault, ERR_IO, "no reader answers at %s", connstring);
    }
    TRY(set_up(reader, fault));
    *ret_reader = reader;
    reader = NULL;
    return ERR_OK;
}

void card_reader_close(struct card_reader **reader)
{
    if (*reader == NULL) {
        return;
    }
    if ((*reader)->device != NULL) {
        nfc_close((*reader)->device);
    }
    if ((*reader)->context != NULL) {
        nfc_exit((*reader)->context);
    }
    free(*reader);
    *reader = NULL;
}

static const nfc_modulation type_a = {.nmt = NMT_ISO14443A, .nbr = NBR_106};

enum err card_reader_poll(struct card_reader *reader, struct card *ret_card, struct fault *fault)
{
    nfc_target target;
    memset(&target, 0, sizeof(target));
    int found = nfc_initiator_select_passive_target(reader->device, type_a, NULL, 0, &target);
    if (found < 0) {
        return fault_set(fault, ERR_IO, "the reader fails: %s", nfc_strerror(reader->device));
    }
    struct card card = {.uid_size = 0};
    size_t size = found > 0 ? target.nti.nai.szUidLen : 0;
    if (size == 4 || size == 7 || size == 10) {
        memcpy(card.uid, target.nti.nai.abtUid, size);
        card.uid_size = (uint8_t)size;
    } else if (found > 0) {
        return fault_set(fault, ERR_IO, "a card with a UID of %zu bytes", size);
    }
    *ret_card = card;
    return ERR_OK;
}

enum err card_reader_select(struct card_reader *reader, const struct card *card,
                            struct fault *fault)
{
    nfc_target target;
    bool any = card_is_random(card);
    int found = nfc_initiator_select_passive_target(reader->device, type_a, any ? NULL : card->uid,
                                                    any ? 0 : card->uid_size, &target);
    if (found < 0) {
        return fault_set(fault, ERR_IO, "the reader fails: %s", nfc_strerror(reader->device));
    }
    return found > 0 ? ERR_OK : ERR_NOT_FOUND;
}

enum err card_reader_exchange(struct card_reader *reader, struct bytes command, uint8_t *out,
                              size_t size, size_t *ret_size, uint32_t wait_ms, struct fault *fault)
{
    MUST(wait_ms > 0); /* 0 would wait without end */
    int got = nfc_initiator_transceive_bytes(reader->device, command.data, command.size, out, size,
                                             (int)wait_ms);
    switch (got < 0 ? got : 0) {
    case 0:
        *ret_size = (size_t)got;
        return ERR_OK;
    case NFC_EOVFLOW:
        return ERR_CORRUPT;
    case NFC_ERFTRANS:
    case NFC_ETIMEOUT:
    case NFC_ETGRELEASED:
        return ERR_NOT_FOUND;
    default:
        return fault_set(fault, ERR_IO, "the reader fails: %s", nfc_strerror(reader->device));
    }
}
