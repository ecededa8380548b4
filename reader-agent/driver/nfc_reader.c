#include "reader-agent/driver/nfc_reader.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/device_states.h"

struct nfc_reader {
    struct helper_port *port;
    struct driver_sink sink;
    struct device_states states;
    size_t count;
    struct name names[LIMIT_HELPERS_PER_AGENT];
};

static void reader_lost(void *self, struct name name, const char *what)
{
    struct nfc_reader *readers = self;
    device_states_say(&readers->states, &readers->sink, name, DEVICE_DOWN, what);
}

static void take_read(const struct nfc_reader *readers, struct name name,
                      const struct helper_read *read)
{
    struct reading reading = {.reader = name,
                              .kind = CREDENTIAL_KIND_BADGE,
                              .cclass = CREDENTIAL_CLASS_UID_ONLY,
                              .captured = read->captured,
                              .live_by_read = true,
                              .direction = LANE_NO_DIRECTION};
    if (read->random_uid) {
        /* It names nobody, and another one the next time: there is nothing to look up. */
        reading.kind = CREDENTIAL_KIND_NONE;
        reading.cclass = CREDENTIAL_CLASS_BEARER;
        memcpy(reading.raw, read->uid, read->uid_size);
        reading.raw_size = read->uid_size;
    } else {
        memcpy(reading.id, read->uid, read->uid_size);
        reading.id_size = read->uid_size;
    }
    /* What became of it is the agent's to say; a card has no way to be told "later". */
    (void)readers->sink.reading(readers->sink.ctx, &reading, NULL);
}

static void reader_message(void *self, struct name name, const struct helper_message *message)
{
    struct nfc_reader *readers = self;
    if (message->kind == HELPER_SAYS_READ) {
        take_read(readers, name, &message->read);
    } else if (message->kind == HELPER_SAYS_STATE) {
        device_states_say(&readers->states, &readers->sink, name, message->state.state,
                          message->state.what);
    }
}

struct nfc_reader *nfc_reader_create(struct helper_port *port, const struct driver_sink *sink)
{
    struct nfc_reader *readers = calloc(1, sizeof(*readers));
    MUST(readers != NULL);
    readers->port = port;
    readers->sink = *sink;
    helper_port_listen(port, (struct helper_ear){.program = HELPER_NFC,
                                                 .lost = reader_lost,
                                                 .message = reader_message,
                                                 .self = readers});
    return readers;
}

void nfc_reader_destroy(struct nfc_reader **readers)
{
    if (*readers != NULL) {
        helper_port_listen((*readers)->port, (struct helper_ear){.program = HELPER_NFC});
        free(*readers);
        *readers = NULL;
    }
}

static bool is_listed(struct name name, const struct nfc_reader_config *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (name_equal(list[i].reader, name)) {
            return true;
        }
    }
    return false;
}

enum err nfc_reader_configure(struct nfc_reader *readers, const struct nfc_reader_config *list,
                              size_t count, struct fault *fault)
{
    for (size_t i = 0; i < readers->count; i++) {
        if (!is_listed(readers->names[i], list, count)) {
            helper_port_drop(readers->port, readers->names[i]);
            device_states_forget(&readers->states, readers->names[i]);
        }
    }
    readers->count = 0;
    for (size_t i = 0; i < count; i++) {
        TRY(helper_port_want(readers->port, HELPER_NFC, list[i].reader, list[i].device, fault));
        readers->names[readers->count++] = list[i].reader;
    }
    return ERR_OK;
}
