/* A gate's rows of the park, sent to it. */
#include <string.h>

#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/agents.h"
#include "controller/app/agents_parts.h"
#include "schema/envelope.h"
#include "schema/park.pb-c.h"

enum { CONFIG_PART_BYTES = 48 * 1024 };

struct config_part {
    size_t count, used;
    ProtobufCBinaryData rows[LIMIT_ROWS_PER_MESSAGE];
    uint8_t bytes[CONFIG_PART_BYTES];
};

bool agents_row_is_for(const struct park *park, struct name gate, uint32_t kind, struct name name)
{
    switch (kind) {
    case PARK_SITE:
    case PARK_GATE:
    case PARK_LANE:
    case PARK_ZONE:
    case PARK_TENANT:
    case PARK_SHIFT:
    case PARK_SCHEDULE:
    case PARK_HOLIDAY:
    case PARK_CLEARANCE:
    case PARK_PASSBACK:
        return true;
    case PARK_READER: {
        const struct park_reader *reader = park_reader(park, name);
        const struct park_lane *lane = reader == NULL ? NULL : park_lane(park, reader->lane);
        return lane != NULL && name_equal(lane->gate, gate);
    }
    case PARK_BOARD: {
        const struct park_board *board = park_board(park, name);
        return board != NULL && name_equal(board->gate, gate);
    }
    default:
        return false;
    }
}

static void add_row(struct config_part *part, uint32_t kind, const char *name, struct bytes body)
{
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    row.kind = kind;
    row.name = field_text(name);
    row.body = field_of(body);
    size_t size = parkgate__park_row__get_packed_size(&row);
    part->rows[part->count++] =
        (ProtobufCBinaryData){.data = part->bytes + part->used, .len = size};
    part->used += parkgate__park_row__pack(&row, part->bytes + part->used);
}

static void send_part(struct controller *ctl, const struct session *session,
                      struct config_part *part, uint32_t number, uint32_t parts)
{
    Parkgate__Config config = PARKGATE__CONFIG__INIT;
    config.config_version = ctl->park->config_version;
    config.part = number;
    config.parts = parts;
    config.n_row = part->count;
    config.row = part->rows;
    batch_send(ctl, PORT_AGENTS, &session->peer, session->version, MESSAGE_CONFIG, 0, &config.base);
    part->count = 0;
    part->used = 0;
}

/* Walks the gate's rows. With `send` false it only counts the parts; the last one is left in *part.
 */
static enum err walk_config(struct controller *ctl, const struct session *session,
                            struct config_part *part, bool send, uint32_t parts,
                            uint32_t *ret_parts, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    uint32_t number = 1;
    AUTO(store_iter_end) struct store_iter iter = {0};
    part->count = 0;
    part->used = 0;
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, ctl->park->config_version);
    TRY(store_iter_prefix(ctl->txn, TABLE_PARK, keybuf_view(&prefix), UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        uint32_t kind = key.data[8];
        const char *name = (const char *)key.data + 9;
        if (!agents_row_is_for(ctl->park, session->gate, kind, name_or_none(name))) {
            continue;
        }
        if (part->count == LIMIT_ROWS_PER_MESSAGE ||
            part->used + value.size + NAME_SIZE + 16 > CONFIG_PART_BYTES) {
            if (send) {
                send_part(ctl, session, part, number, parts);
            }
            part->count = 0;
            part->used = 0;
            number++;
        }
        add_row(part, kind, name, value);
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    if (send) {
        send_part(ctl, session, part, number, parts);
    }
    *ret_parts = number;
    return ERR_OK;
}

enum err agents_push_config_to(struct controller *ctl, struct session *session, struct fault *fault)
{
    static struct config_part part; /* one thread; too large for the stack */
    uint32_t parts = 0;
    if (ctl->park->config_version == 0) {
        return ERR_OK;
    }
    TRY(walk_config(ctl, session, &part, false, 0, &parts, fault));
    if (parts == 1) { /* as nearly always: the rows are there already */
        send_part(ctl, session, &part, 1, 1);
    } else {
        TRY(walk_config(ctl, session, &part, true, parts, &parts, fault));
    }
    session->config_version = ctl->park->config_version;
    return ERR_OK;
}

enum err agents_push_config(struct controller *ctl, struct fault *fault)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (session->used && park_gate(ctl->park, session->gate) != NULL) {
            TRY(agents_push_config_to(ctl, session, fault));
        }
    }
    return ERR_OK;
}
