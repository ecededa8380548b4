#include "tests/unit/controller/harness.h"

#include "controller/store/alert_store.h"
#include "tests/unit/controller/agreed.h"

/* A station's key is heard at its own port alone. */
static enum port port_of(struct world *w, struct link_key key)
{
    return turn_allows(w->ctl, PORT_STATIONS, &key) ? PORT_STATIONS : PORT_OPERATORS;
}

static void send_question(struct world *w, struct link_key key, const char *verb,
                          const ProtobufCBinaryData *rows, size_t count, va_list pairs)
{
    static uint8_t frame[LIMIT_FRAME_BYTES];
    char *names[LIMIT_ARGS_PER_REQUEST];
    ProtobufCBinaryData values[LIMIT_ARGS_PER_REQUEST];
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    size_t pair_count = 0;
    for (const char *name = va_arg(pairs, const char *); name != NULL;
         name = va_arg(pairs, const char *)) {
        const char *value = va_arg(pairs, const char *);
        names[pair_count] = text_of(name);
        values[pair_count++] =
            (ProtobufCBinaryData){.len = strlen(value), .data = (uint8_t *)(uintptr_t)value};
    }
    request.verb = text_of(verb);
    request.n_arg = request.n_value = pair_count;
    request.arg = names;
    request.value = values;
    request.row = (ProtobufCBinaryData *)(uintptr_t)rows;
    request.n_row = count;
    request.version = 1;
    size_t size = envelope_write(PROTOCOL_VERSION, MESSAGE_REQUEST, ++w->last_request,
                                 &request.base, frame, sizeof(frame));
    world_frame(w, port_of(w, key), key, peer_of(key.bytes[0]),
                (struct bytes){.data = frame, .size = size});
}

static const Parkgate__Reply *put_question(struct world *w, struct link_key key, const char *verb,
                                           const ProtobufCBinaryData *rows, size_t count,
                                           va_list pairs)
{
    send_question(w, key, verb, rows, count, pairs);
    world_turn(w);
    forget_reply(w);
    const struct sent *sent = sent_last(w, MESSAGE_REPLY);
    if (sent == NULL || sent->sequence != w->last_request) {
        return NULL;
    }
    uint8_t *packed = malloc(protobuf_c_message_get_packed_size(sent->body) + 1);
    MUST(packed != NULL);
    size_t size = protobuf_c_message_pack(sent->body, packed);
    w->reply = parkgate__reply__unpack(NULL, size, packed);
    free(packed);
    return w->reply;
}

const Parkgate__Reply *ask(struct world *w, struct link_key key, const char *verb, ...)
{
    va_list pairs;
    va_start(pairs, verb);
    const Parkgate__Reply *reply = put_question(w, key, verb, NULL, 0, pairs);
    va_end(pairs);
    return reply;
}

const Parkgate__Reply *ask_rows(struct world *w, struct link_key key, const char *verb,
                                const ProtobufCBinaryData *rows, size_t count, ...)
{
    va_list pairs;
    va_start(pairs, count);
    const Parkgate__Reply *reply = put_question(w, key, verb, rows, count, pairs);
    va_end(pairs);
    return reply;
}

void send_rows(struct world *w, struct link_key key, const char *verb,
               const ProtobufCBinaryData *rows, size_t count, ...)
{
    va_list pairs;
    va_start(pairs, count);
    send_question(w, key, verb, rows, count, pairs);
    va_end(pairs);
}

void agreed(struct world *w, const char *verb, ...)
{
    va_list pairs;
    va_start(pairs, verb);
    unsigned error = agreed_carry_out(w->ctl, "root", verb, &pairs);
    va_end(pairs);
    if (error != 0) {
        fail_msg("%s refused: %u", verb, error);
    }
    world_turn(w);
}

const Parkgate__Reply *assert_done(const Parkgate__Reply *reply)
{
    assert_non_null(reply);
    if (reply->error != 0) {
        struct complaint c = {.number = (enum error_number)reply->error};
        char sentence[512];
        for (size_t i = 0; i < reply->n_error_arg && i < ERROR_ARGS; i++) {
            (void)snprintf(c.arg[i], sizeof(c.arg[i]), "%s", reply->error_arg[i]);
        }
        error_sentence_en(&c, sentence, sizeof(sentence));
        fail_msg("refused: %u %s", reply->error, sentence);
    }
    return reply;
}

static const char *keep_text(const ProtobufCBinaryData *value)
{
    static char kept[16][4096];
    static size_t at;
    at = (at + 1) % ARRAY_LEN(kept);
    MUST(value->len < sizeof(kept[0]));
    if (value->len > 0) {
        memcpy(kept[at], value->data, value->len);
    }
    kept[at][value->len] = '\0';
    return kept[at];
}

const char *note(const Parkgate__Reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->n_note; i++) {
        if (strcmp(reply->note[i], name) == 0) {
            return keep_text(&reply->note_value[i]);
        }
    }
    fail_msg("there is no note %s", name);
    return "";
}

size_t row_count(const Parkgate__Reply *reply)
{
    return reply->n_column == 0 ? 0 : reply->n_cell / reply->n_column;
}

const char *cell(const Parkgate__Reply *reply, size_t row, const char *column)
{
    for (size_t i = 0; i < reply->n_column; i++) {
        if (strcmp(reply->column[i], column) == 0 && row < row_count(reply)) {
            return keep_text(&reply->cell[row * reply->n_column + i]);
        }
    }
    fail_msg("there is no cell %s in row %zu of %zu", column, row, row_count(reply));
    return "";
}

size_t row_with(const Parkgate__Reply *reply, const char *column, const char *value)
{
    for (size_t i = 0; i < row_count(reply); i++) {
        if (strcmp(cell(reply, i, column), value) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

uint64_t label_of(struct world *w, uint64_t alert)
{
    Parkgate__AlertRecord *record = NULL;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(alert_get(txn, alert, &record, NULL), ERR_OK);
    store_txn_destroy(&txn);
    uint64_t label = alert_label(record);
    parkgate__alert_record__free_unpacked(record, NULL);
    return label;
}

struct link_key operator_key(struct world *w, uint8_t number, const char *role, const char *tenant,
                             const char *lanes, const char *hours)
{
    struct link_key key = key_of(number);
    char hex[LINK_KEY_HEX_SIZE];
    char name[32];
    link_key_to_hex(key, hex);
    (void)snprintf(name, sizeof(name), "key-%u", number);
    (void)admin(w, "key.add", "name", name, "public", hex, "role", role, "tenant",
                tenant == NULL ? "" : tenant, "lanes", lanes == NULL ? "" : lanes, "hours",
                hours == NULL ? "" : hours, NULL);
    return key;
}

void person_with_badge(struct world *w, const char *tenant, const char *name, const char *uid,
                       const char *shift, char out[HANDLE_TEXT_SIZE])
{
    char person[HANDLE_TEXT_SIZE];
    (void)snprintf(
        person, sizeof(person), "%s",
        note(admin(w, "person.add", "tenant", tenant, "kind", "staff", "name", name, NULL),
             "person"));
    (void)admin(w, "badge.add", "person", person, "uid", uid, NULL);
    if (shift != NULL) {
        (void)admin(w, "assignment.add", "person", person, "tenant", tenant, "shift", shift, "from",
                    "2026-03-02", "to", "2026-03-31", NULL);
    }
    if (out != NULL) {
        memcpy(out, person, sizeof(person));
    }
}
