/* Goal: every role tries every verb, and each answer is the one that a person wrote down. Method:
 * tests/data/role-verb.txt, played whole over the real way of a request in one world; each try
 * makes what it needs anew. What is refused leaves one refusal in the journal and nothing else. */
#include "controller/store/hold_store.h"
#include "controller/app/alerts.h"
#include "controller/app/batch.h"
#include "tests/unit/controller/harness.h"
#include "tests/unit/controller/role_matrix.h"
#include "tests/unit/controller/station_fixture.h"

#include "common/seal/seal.h"
#include "controller/app/park_sign.h"
#include "schema/viid.pb-c.h"

enum { MATRIX_AGENT = 8, WORDS_MAX = 12, VALUE_SIZE = 128, KEPT_MAX = 8 };

/* In the order of the file's columns. */
static const struct {
    const char *role, *tenant, *lanes;
} columns[MATRIX_COLUMNS] = {
    {"admin",    NULL,   NULL        },
    {"operator", NULL,   NULL        },
    {"security", NULL,   NULL        },
    {"guard",    NULL,   "a-in,a-out"},
    {"tenant",   "acme", NULL        },
    {"agency",   "acme", NULL        },
    {"auditor",  NULL,   NULL        },
    {"station",  NULL,   NULL        },
    {"agent",    NULL,   NULL        },
    {"library",  NULL,   NULL        },
};

static struct {
    struct role_matrix file;
    struct world *w;
    struct gate gates[2];
    struct station station;
    struct link_key keys[MATRIX_COLUMNS];
    unsigned made; /* numbers given out */
    uint8_t box;   /* of the last that joined */
    /* of one try */
    unsigned number;
    size_t column;
    struct {
        char name[32], value[VALUE_SIZE];
    } kept[KEPT_MAX];
    size_t kept_count;
    uint8_t roster[256]; /* one packed row */
    size_t roster_size;
    size_t tries, done, refused;
} matrix;

/* --- what a try is about, made when it is named --- */

static const char *keep(const char *name, const char *value)
{
    assert_true(matrix.kept_count < KEPT_MAX && strlen(value) < VALUE_SIZE);
    size_t at = matrix.kept_count++;
    (void)snprintf(matrix.kept[at].name, sizeof(matrix.kept[at].name), "%s", name);
    (void)snprintf(matrix.kept[at].value, VALUE_SIZE, "%s", value);
    return matrix.kept[at].value;
}

static const char *kept(const char *name)
{
    for (size_t i = 0; i < matrix.kept_count; i++) {
        if (strcmp(matrix.kept[i].name, name) == 0) {
            return matrix.kept[i].value;
        }
    }
    return NULL;
}

static const char *person_of(const char *who)
{
    char external[32];
    const char *known = kept(who);
    if (known != NULL) {
        return known;
    }
    (void)snprintf(external, sizeof(external), "E%u", ++matrix.made);
    const char *person = keep(
        who, note(admin(matrix.w, "person.add", "tenant", strcmp(who, "own") == 0 ? "acme" : "beta",
                        "kind", "day", "name", "X", "external", external, NULL),
                  "person"));
    char name[32];
    (void)snprintf(name, sizeof(name), "%s.external", who);
    (void)keep(name, external);
    return person;
}

static const char *new_uid(void)
{
    static char uid[16];
    (void)snprintf(uid, sizeof(uid), "04%06x", ++matrix.made);
    return uid;
}

static const char *new_plate(void)
{
    static char plate[16];
    (void)snprintf(plate, sizeof(plate), "浙A%05u", ++matrix.made);
    return plate;
}

static const char *new_key(void)
{
    static char hex[LINK_KEY_HEX_SIZE];
    (void)snprintf(hex, sizeof(hex), "%064x", 0x10000000U + ++matrix.made);
    return hex;
}

/* "own.badge": of a person of acme; what it has is made by another admin. */
static const char *thing_of(const char *name)
{
    char who[8] = "";
    const char *what = strchr(name, '.');
    struct world *w = matrix.w;
    assert_non_null(what);
    assert_true((size_t)(what - name) < sizeof(who));
    memcpy(who, name, (size_t)(what - name));
    const char *tenant = strcmp(who, "own") == 0 ? "acme" : "beta";
    const char *person = person_of(who);
    const Parkgate__Reply *reply = NULL;
    what++;
    if (kept(name) != NULL) {
        return kept(name);
    }
    if (strcmp(what, "badge") == 0) {
        reply = admin(w, "badge.add", "person", person, "uid", new_uid(), NULL);
    } else if (strcmp(what, "face") == 0) {
        reply = admin(w, "face.attach", "person", person, "subject", new_uid(), "consent", "C-1",
                      "purpose", "entry", NULL);
    } else if (strcmp(what, "vehicle") == 0) {
        reply = admin(w, "vehicle.add", "tenant", tenant, "plate", new_plate(), NULL);
        return keep(name, note(reply, "vehicle"));
    } else {
        assert_string_equal(what, "assignment");
        reply = admin(w, "assignment.add", "person", person, "tenant", tenant, "shift", "day",
                      "from", "2026-03-03", "to", "2026-03-03", NULL);
        return keep(name, note(reply, "assignment"));
    }
    return keep(name, note(reply, "credential"));
}

static ProtobufCBinaryData roster_row(void)
{
    Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
    char external[32];
    if (matrix.roster_size == 0) {
        (void)snprintf(external, sizeof(external), "R%u", ++matrix.made);
        row.line = 1;
        row.tenant = text_of("acme");
        row.kind = text_of("day");
        row.person_name = text_of("X");
        row.external = external;
        assert_true(parkgate__roster_row__get_packed_size(&row) <= sizeof(matrix.roster));
        matrix.roster_size = parkgate__roster_row__pack(&row, matrix.roster);
    }
    return (ProtobufCBinaryData){.data = matrix.roster, .len = matrix.roster_size};
}

/* Of a view library, with the id D-@n. */
static ProtobufCBinaryData disposition_row(void)
{
    static uint8_t packed[256];
    Parkgate__ViidDisposition said = PARKGATE__VIID_DISPOSITION__INIT;
    char id[32];
    (void)snprintf(id, sizeof(id), "D-%u", matrix.number);
    said.id = id;
    said.value = text_of("x");
    said.applicant = text_of("Li Wei");
    said.contact = text_of("duty desk");
    said.end_us = matrix.w->now.us + 1000000000;
    size_t size = parkgate__viid_disposition__pack(&said, packed);
    return (ProtobufCBinaryData){.data = packed, .len = size};
}

/* Of a roster of one row: SHA-256(32 zero bytes + the row). */
static const char *roster_digest(void)
{
    static char hex[2 * SEAL_HASH_SIZE + 1];
    uint8_t chained[SEAL_HASH_SIZE + sizeof(matrix.roster)] = {0};
    ProtobufCBinaryData row = roster_row();
    memcpy(chained + SEAL_HASH_SIZE, row.data, row.len);
    struct seal_hash digest =
        seal_hash_of((struct bytes){.data = chained, .size = SEAL_HASH_SIZE + row.len});
    bytes_to_hex(BYTES_OF(digest.bytes), hex, sizeof(hex));
    return hex;
}

static const char *self_name(void)
{
    static char name[32];
    if (strcmp(columns[matrix.column].role, "station") == 0) {
        return "station:" STATION;
    }
    (void)snprintf(name, sizeof(name), "key-%zu", 40 + matrix.column);
    return name;
}

static const char *number_text(uint64_t value)
{
    static char text[24];
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    return text;
}

static const char *try_number(void)
{
    return number_text(matrix.number);
}

static const char *park_version(void)
{
    return number_text(matrix.w->ctl->park->config_version);
}

/* What stands for @name. */
static const char *value_of(const char *name)
{
    static const struct {
        const char *name;
        const char *(*value)(void);
    } makers[] = {
        {"n",       try_number   },
        {"version", park_version },
        {"uid",     new_uid      },
        {"plate",   new_plate    },
        {"key",     new_key      },
        {"self",    self_name    },
        {"digest",  roster_digest},
    };
    for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
        if (strcmp(makers[i].name, name) == 0) {
            return makers[i].value();
        }
    }
    if (strcmp(name, "own") == 0 || strncmp(name, "own.", 4) == 0) {
        (void)person_of("own");
    } else if (strcmp(name, "other") == 0 || strncmp(name, "other.", 6) == 0) {
        (void)person_of("other");
    }
    return kept(name) != NULL ? kept(name) : thing_of(name);
}

/* --- saying it --- */

struct said {
    size_t count;
    char names[WORDS_MAX][32];
    char values[WORDS_MAX][VALUE_SIZE];
    const ProtobufCBinaryData *rows;
    size_t row_count;
    ProtobufCBinaryData row[1];
};

/* A value with its @names filled in: "t@n". */
static void fill_value(const char *text, char out[VALUE_SIZE])
{
    const char *at = strchr(text, '@');
    if (at == NULL) {
        (void)snprintf(out, VALUE_SIZE, "%s", text);
    } else {
        (void)snprintf(out, VALUE_SIZE, "%.*s%s", (int)(at - text), text, value_of(at + 1));
    }
}

static void add_word(struct said *said, char *word)
{
    if (strcmp(word, "+park") == 0) {
        said->rows = matrix.w->rows.row;
        said->row_count = matrix.w->rows.count;
    } else if (strcmp(word, "+disposition") == 0) {
        said->row[0] = disposition_row();
        said->rows = said->row;
        said->row_count = 1;
    } else if (strcmp(word, "+manifest") == 0 || strcmp(word, "+chunk") == 0) {
        struct bytes part = strcmp(word, "+chunk") == 0 ? matrix.station.bundle.chunks[0]
                                                        : matrix.station.bundle.manifest;
        said->row[0] =
            (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)part.data, .len = part.size};
        said->rows = said->row;
        said->row_count = 1;
    } else if (strcmp(word, "+roster") == 0) {
        said->row[0] = roster_row();
        said->rows = said->row;
        said->row_count = 1;
    } else {
        char *equals = strchr(word, '=');
        assert_non_null(equals);
        assert_true(said->count < WORDS_MAX);
        *equals = '\0';
        (void)snprintf(said->names[said->count], sizeof(said->names[0]), "%s", word);
        fill_value(equals + 1, said->values[said->count++]);
    }
}

static void read_args(const char *text, struct said *said)
{
    char copy[MATRIX_TEXT_SIZE];
    char *save = NULL;
    memset(said, 0, sizeof(*said));
    (void)snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        add_word(said, word);
    }
}

static const Parkgate__Reply *say(struct link_key key, const char *verb, const struct said *said)
{
    sent_forget(matrix.w);
    const char *pairs[2 * WORDS_MAX + 1] = {NULL};
    for (size_t i = 0; i < said->count; i++) {
        pairs[2 * i] = said->names[i];
        pairs[2 * i + 1] = said->values[i];
    }
    /* NULL ends the pairs, wherever it stands */
    return ask_rows(matrix.w, key, verb, said->rows, said->row_count, pairs[0], pairs[1], pairs[2],
                    pairs[3], pairs[4], pairs[5], pairs[6], pairs[7], pairs[8], pairs[9], pairs[10],
                    pairs[11], pairs[12], pairs[13], pairs[14], pairs[15], pairs[16], pairs[17],
                    pairs[18], pairs[19], NULL);
}

static void beat(struct gate *gate)
{
    Parkgate__Heartbeat message = PARKGATE__HEARTBEAT__INIT;
    message.wall_us = matrix.w->now.us;
    gate_send(matrix.w, gate, MESSAGE_HEARTBEAT, 0, &message.base);
}

struct alert_to_raise {
    struct alert_news news;
    uint64_t number;
};

static enum err raise_in_batch(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct alert_to_raise *raised = ctx;
    return alert_raise(ctl, &raised->news, &raised->number, fault);
}

static enum err end_holds(struct controller *ctl, struct fault *fault)
{
    uint64_t at = 0;
    Parkgate__HoldRecord *hold = NULL;
    enum err err;
    while ((err = hold_next(ctl->txn, at, &hold, fault)) == ERR_OK) {
        at = hold->number;
        hold->ended_us = ctl->now.us;
        err = controller_record(ctl, ENTRY_HOLD, "", &hold->base, fault);
        parkgate__hold_record__free_unpacked(hold, NULL);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A checkpoint that holds all entries so far, and nobody is held, retention has walked over them,
 * and a backup of it. */
static enum err make_checkpoint(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct journal_head head;
    Parkgate__CheckpointRecord record = PARKGATE__CHECKPOINT_RECORD__INIT;
    Parkgate__BackupEntry backup = PARKGATE__BACKUP_ENTRY__INIT;
    Parkgate__RetentionEntry walked = PARKGATE__RETENTION_ENTRY__INIT;
    struct wall now = ctl->now;
    Parkgate__Refusal old = PARKGATE__REFUSAL__INIT;
    (void)ctx;
    TRY(end_holds(ctl, fault));
    ctl->now.us = 1;
    enum err err = controller_record(ctl, ENTRY_REFUSAL, "", &old.base, fault);
    ctl->now = now;
    TRY(err);
    TRY(journal_head(ctl->txn, &head, fault));
    walked.class_ = field_text("passages");
    walked.place = head.sequence;
    TRY(controller_record(ctl, ENTRY_RETENTION, "", &walked.base, fault));
    record.at_sequence = head.sequence;
    TRY(controller_record(ctl, ENTRY_CHECKPOINT, "", &record.base, fault));
    backup.dir = field_text("/backup-made");
    TRY(controller_record(ctl, ENTRY_BACKUP, "", &backup.base, fault));
    backup.made_of = head.sequence + 3;
    backup.made_upto = head.sequence + 3;
    return controller_record(ctl, ENTRY_BACKUP, "", &backup.base, fault);
}

/* The newest entry, @old the one behind it, is older than the journal's term. */
static void make_old_journal(void)
{
    char number[24];
    batch_run(matrix.w->ctl, make_checkpoint, NULL);
    world_turn(matrix.w);
    (void)snprintf(number, sizeof(number), "%llu",
                   (unsigned long long)head_of(matrix.w).sequence - 3);
    (void)keep("old", number);
}

/* " @a a-in": one at that lane, of a cause of its own. */
static void raise_alert(const char *line)
{
    char name[32];
    char lane[32];
    char number[24];
    static uint64_t causes;
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)++causes);
    assert_int_equal(sscanf(line, " @%31[a-z] %31s", name, lane), 2);
    struct alert_to_raise raised = {
        .news = {.kind = alert_kind("forced"), .lane = lane, .about = lane, .fold = number}
    };
    batch_run(matrix.w->ctl, raise_in_batch, &raised);
    world_turn(matrix.w);
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)label_of(matrix.w, raised.number));
    (void)keep(name, number);
}

/* The next bundle as the park has it by now, for others pushed since. */
static void catch_up(struct station *s)
{
    const Parkgate__Reply *reply = assert_done(ask(s->w, s->key, "watch.status", NULL));
    s->number = strtoull(note(reply, "number"), NULL, 10) + 1;
    if (s->number > 1) {
        assert_true(
            bytes_from_hex(note(reply, "digest"), s->previous.bytes, sizeof(s->previous.bytes)));
    }
}

/* As two persons do it, where somebody suspended the authority. */
static void resume(void)
{
    char number[24];
    struct world *w = matrix.w;
    const Parkgate__Reply *reply =
        ask(w, w->admin, "authority.resume", "name", STATION, "reason", "x", NULL);
    if (reply->error == ERROR_SAME_STATE) {
        return;
    }
    (void)snprintf(number, sizeof(number), "%s", note(assert_done(reply), "approval"));
    assert_done(ask(w, matrix.keys[0], "approval.grant", "approval", number, NULL));
}

/* "push made": a bundle that was not said yet; "begun": whose chunk is to come; "person": one that
 * was applied, with an entry that waits; "resumed": none, and the authority acts again. */
static void play_push(const char *what)
{
    struct station *s = &matrix.station;
    struct watch_entry entry;
    char signature[SIGN_BASE64_SIZE];
    if (strcmp(what, "resumed") == 0) {
        resume();
        return;
    }
    catch_up(s);
    if (strcmp(what, "person") == 0) {
        entry = entry_of_badge(s, new_uid());
        put_add(s, &entry);
        assert_done(push(s));
        (void)keep("entry", cell(assert_done(ask(s->w, matrix.keys[2], "watch.list", "waiting",
                                                 "yes", NULL)),
                                 0, "entry"));
        return;
    }
    if (strcmp(what, "begun") == 0) {
        entry = entry_of_plate(s, new_plate());
        put_add(s, &entry);
    }
    make_bundle(s);
    sign_to_base64(&s->bundle.signature, signature);
    (void)keep("signature", signature);
    (void)keep("number", number_text(s->number));
    if (strcmp(what, "begun") == 0) {
        assert_done(say_begin(s));
    }
}

/* What `who` asked for is agreed to by two others; the note's value. */
static const char *agree(struct link_key who, const Parkgate__Reply *asked, const char *name)
{
    const struct link_key others[] = {matrix.w->admin, matrix.keys[ROLE_ADMIN],
                                      matrix.keys[ROLE_SECURITY]};
    char number[32];
    size_t agreed = 0;
    const Parkgate__Reply *reply = NULL;
    (void)snprintf(number, sizeof(number), "%s", note(assert_done(asked), "approval"));
    for (size_t i = 0; i < ARRAY_LEN(others) && agreed < 2; i++) {
        if (memcmp(others[i].bytes, who.bytes, sizeof(who.bytes)) != 0) {
            reply = assert_done(
                ask(matrix.w, others[i], "approval.grant", "approval", number, NULL));
            agreed++;
        }
    }
    return note(reply, name);
}

/* Three persons make one; @h is its number. */
static void make_hold(void)
{
    struct world *w = matrix.w;
    (void)keep("h", agree(w->admin,
                          ask(w, w->admin, "hold.add", "person", value_of("own"), "reason", "x",
                              "document", "D", "until", "2026-04-01", NULL),
                          "hold"));
}

static const char *disclosure_of(struct link_key who)
{
    char document[32];
    (void)snprintf(document, sizeof(document), "D-%u", ++matrix.made);
    return agree(who,
                 ask(matrix.w, who, "disclose.ask", "document", document, "authority", "A",
                     "officer", "07-1", "basis", "B", "fields", "name", "persons", value_of("own"),
                     "from", "2026-03-01", "to", "2026-03-01", NULL),
                 "disclosure");
}

/* @d of another admin, @mine of the role (if it may), @taken of another whose file was taken. */
static void make_disclosures(void)
{
    struct world *w = matrix.w;
    bool may = matrix.column == ROLE_ADMIN || matrix.column == ROLE_SECURITY;
    (void)keep("d", disclosure_of(w->admin));
    (void)keep("mine", disclosure_of(may ? matrix.keys[matrix.column] : w->admin));
    const char *taken = keep("taken", disclosure_of(w->admin));
    assert_done(ask(w, w->admin, "disclose.file", "disclosure", taken, NULL));
}

/* A hit of disposition @d is to be told: @notice. */
static void make_notice(void)
{
    static uint64_t number;
    struct world *w = matrix.w;
    Parkgate__DispositionNotice notice = PARKGATE__DISPOSITION_NOTICE__INIT;
    notice.number = ++number;
    notice.disposition = strtoull(kept("d"), NULL, 10);
    world_turn(w);
    assert_int_equal(store_begin_write(w->store, &w->ctl->txn, NULL), ERR_OK);
    assert_int_equal(
        controller_record(w->ctl, ENTRY_DISPOSITION_NOTICE, "", &notice.base, NULL), ERR_OK);
    assert_int_equal(store_commit(&w->ctl->txn, NULL), ERR_OK);
    w->ctl->txn = NULL;
    (void)keep("notice", number_text(notice.number));
}

/* "first @a=import import.begin tenant=acme", "self ...", "try ...", "join gate-b", "alert @a
 * a-in", "push made". */
static void play_line(const struct matrix_row *row, const char *line)
{
    char what[16];
    char verb[64];
    char name[32] = "";
    char noted[32] = "";
    struct said said;
    int used = 0;
    assert_int_equal(sscanf(line, "%15s%n", what, &used), 1);
    line += used;
    if (strcmp(what, "join") == 0) {
        gate_join(matrix.w, &matrix.gates[1], "gate-b", ++matrix.box);
        return;
    }
    if (strcmp(what, "hold") == 0) {
        make_hold();
        return;
    }
    if (strcmp(what, "exported") == 0) {
        admin(matrix.w, "person.export", "person", value_of("own"), "reason", "x", NULL);
        const Parkgate__Reply *reply = admin(matrix.w, "retention.exports", NULL);
        (void)keep("x", cell(reply, row_count(reply) - 1, "export"));
        return;
    }
    if (strcmp(what, "disclosure") == 0) {
        make_disclosures();
        return;
    }
    if (strcmp(what, "alert") == 0) {
        raise_alert(line);
        return;
    }
    if (strcmp(what, "library") == 0) {
        read_args("peer=police id=D-@n operate=set +disposition", &said);
        (void)keep("d", note(say(matrix.keys[MATRIX_COLUMNS - 1], "library.hand", &said),
                             "disposition"));
        return;
    }
    if (strcmp(what, "years") == 0) {
        make_old_journal();
        return;
    }
    if (strcmp(what, "notice") == 0) {
        make_notice();
        return;
    }
    if (strcmp(what, "push") == 0) {
        play_push(line + strspn(line, " "));
        return;
    }
    if (sscanf(line, " @%31[a-z]=%31[a-z_]%n", name, noted, &used) == 2) {
        line += used;
    }
    assert_int_equal(sscanf(line, "%63s%n", verb, &used), 1);
    read_args(line + used, &said);
    bool self = strcmp(what, "self") == 0 && row->may[matrix.column] != 'N';
    const Parkgate__Reply *reply =
        say(self ? matrix.keys[matrix.column] : matrix.w->admin, verb, &said);
    if (strcmp(what, "try") == 0) {
        return;
    }
    assert_true(strcmp(what, "first") == 0 || strcmp(what, "self") == 0);
    (void)assert_done(reply);
    if (name[0] != '\0') {
        (void)keep(name, note(reply, noted));
    }
}

static void prepare(const struct matrix_row *row)
{
    matrix.number = ++matrix.made;
    matrix.kept_count = 0;
    matrix.roster_size = 0;
    beat(&matrix.gates[0]);
    beat(&matrix.gates[1]);
    for (size_t i = 0; i < row->line_count; i++) {
        play_line(row, row->lines[i]);
    }
}

/* --- the answers --- */

static void wrong(const struct matrix_row *row, const char *args, const Parkgate__Reply *reply,
                  const char *wanted)
{
    struct complaint c = {0};
    char sentence[512] = "no answer";
    if (reply != NULL) {
        c.number = (enum error_number)reply->error;
        for (size_t i = 0; i < reply->n_error_arg && i < ERROR_ARGS; i++) {
            (void)snprintf(c.arg[i], sizeof(c.arg[i]), "%s", reply->error_arg[i]);
        }
        error_sentence_en(&c, sentence, sizeof(sentence));
    }
    fail_msg("%s says %s %s and should be %s: %u %s", columns[matrix.column].role, row->verb, args,
             wanted, reply == NULL ? 0 : reply->error, sentence);
}

static void expect_done(const struct matrix_row *row, const char *args)
{
    struct said said;
    uint64_t jobs = matrix.w->jobs;
    read_args(args, &said);
    uint64_t before = head_of(matrix.w).sequence;
    const Parkgate__Reply *reply = say(matrix.keys[matrix.column], row->verb, &said);
    if (reply == NULL ? matrix.w->jobs != jobs + 1 : reply->error != 0) {
        wrong(row, args, reply, "done");
    }
    assert_int_equal(entries_of(matrix.w, ENTRY_REFUSAL, before), 0);
    matrix.done++;
}

/* Refused, and nothing but that in the journal: nothing at all where it reads as "not there". */
static const Parkgate__Reply *expect_refused(const struct matrix_row *row, const char *args,
                                             enum error_number number, enum error_number or_else)
{
    struct said said;
    read_args(args, &said);
    uint64_t before = head_of(matrix.w).sequence;
    const Parkgate__Reply *reply = say(matrix.keys[matrix.column], row->verb, &said);
    if (reply == NULL || (reply->error != (uint32_t)number && reply->error != (uint32_t)or_else) ||
        reply->n_cell != 0 || reply->n_note != 0) {
        wrong(row, args, reply, "refused");
    }
    size_t refusals = reply->error == ERROR_NOT_FOUND ? 0 : 1;
    if (entries_of(matrix.w, ENTRY_REFUSAL, before) != refusals ||
        head_of(matrix.w).sequence != before + refusals) {
        wrong(row, args, reply, "refused without a trace of its own");
    }
    matrix.refused++;
    return reply;
}

static void expect_own_rows(const struct matrix_row *row)
{
    struct said said;
    read_args(row->own, &said);
    size_t all = row_count(say(matrix.w->admin, row->verb, &said));
    const Parkgate__Reply *reply = say(matrix.keys[matrix.column], row->verb, &said);
    assert_in_range(row_count(reply), 1, all - 1);
    for (size_t i = 0; i < row_count(reply); i++) {
        assert_non_null(strstr(columns[matrix.column].lanes, cell(reply, i, "lane")));
    }
}

static void expect_not_permitted(const struct matrix_row *row)
{
    const Parkgate__Reply *reply =
        expect_refused(row, row->own, ERROR_VERB_NOT_PERMITTED, ERROR_VERB_NOT_PERMITTED);
    assert_int_equal(error_exit(reply->error), EXIT_NOT_PERMITTED);
    assert_string_equal(reply->error_arg[0], row->verb);
    assert_string_equal(reply->error_arg[1], columns[matrix.column].role);
    Parkgate__Refusal *refusal =
        (void *)newest_entry(matrix.w, ENTRY_REFUSAL, &parkgate__refusal__descriptor);
    assert_string_equal(refusal->verb, row->verb);
    assert_memory_equal(refusal->public_key.data, matrix.keys[matrix.column].bytes, LINK_KEY_SIZE);
    parkgate__refusal__free_unpacked(refusal, NULL);
}

/* A role that replaced its own key speaks with the new one. */
static void learn_own_key(const struct matrix_row *row)
{
    char hex[LINK_KEY_HEX_SIZE];
    if (strcmp(row->verb, "key.replace") == 0) {
        (void)snprintf(hex, sizeof(hex), "%064x", 0x10000000U + matrix.made);
        assert_true(bytes_from_hex(hex, matrix.keys[matrix.column].bytes, LINK_KEY_SIZE));
        if (strcmp(columns[matrix.column].role, "station") == 0) {
            matrix.station.key = matrix.keys[matrix.column];
        }
    }
}

static void expect_limited(const struct matrix_row *row, enum error_number number,
                           enum error_number or_else)
{
    if (row->has_other) {
        prepare(row);
        (void)expect_refused(row, row->other, number, or_else);
    } else {
        expect_own_rows(row);
    }
}

static void try_verb(const struct matrix_row *row, char may)
{
    matrix.tries++;
    if (may == 'N') {
        expect_not_permitted(row);
        return;
    }
    if (may == 'T') {
        expect_limited(row, ERROR_NOT_YOUR_TENANT, ERROR_NOT_FOUND);
    } else if (may == 'L') {
        expect_limited(row, ERROR_NOT_YOUR_LANE, ERROR_NOT_YOUR_LANE);
    } else if (may == 'K') {
        expect_limited(row, ERROR_VERB_NOT_PERMITTED, ERROR_NOT_FOUND);
    } else if (row->has_other) {
        prepare(row);
        expect_done(row, row->other);
    }
    prepare(row);
    expect_done(row, row->own);
    learn_own_key(row);
}

static void try_row(const struct matrix_row *row)
{
    matrix.column = 0;
    prepare(row);
    for (size_t pass = 0; pass < 2; pass++) { /* who may not first: nothing must change by that */
        for (matrix.column = 0; matrix.column < MATRIX_COLUMNS; matrix.column++) {
            if ((row->may[matrix.column] == 'N') == (pass == 0)) {
                try_verb(row, row->may[matrix.column]);
            }
        }
    }
}

static void add_keys(void)
{
    /* admin last: from then on a strong key needs two persons */
    struct sign_public ours = park_sign_public(matrix.w->ctl);
    char hex[2 * sizeof(ours.bytes) + 1];
    bytes_to_hex(BYTES_OF(ours.bytes), hex, sizeof(hex));
    matrix.station = station_join(matrix.w);
    agreed(matrix.w, "authority.add", "name", "east-viid", "title", "T", "public", new_key(),
                "sign", hex, "reason", "x", NULL);
    for (size_t i = MATRIX_COLUMNS; i-- > 0;) {
        if (i == MATRIX_AGENT) {
            continue; /* its key is a gate's */
        }
        if (strcmp(columns[i].role, "station") == 0) {
            matrix.keys[i] = matrix.station.key;
            continue;
        }
        matrix.keys[i] = operator_key(matrix.w, (uint8_t)(40 + i), columns[i].role,
                                      columns[i].tenant, columns[i].lanes, NULL);
    }
    (void)admin(matrix.w, "key.add", "name", "spare", "public", new_key(), "role", "guard", "lanes",
                "a-in", NULL);
    matrix.keys[MATRIX_AGENT] = matrix.gates[0].key;
}

static void every_verb_has_its_row(void **state)
{
    size_t count = 0;
    const struct verb_spec *verbs = verb_table(&count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (role_matrix_row(&matrix.file, verbs[i].name) == NULL) {
            fail_msg("%s is in no row of tests/data/role-verb.txt: say who may", verbs[i].name);
        }
    }
    for (size_t i = 0; i < matrix.file.row_count; i++) {
        if (verb_find(matrix.file.rows[i].verb) == NULL) {
            fail_msg("%s is no verb", matrix.file.rows[i].verb);
        }
    }
}

/* The standard park, and what verbs are about that it has none of. */
static void apply_park(struct world *w)
{
    Parkgate__ParkClearance clearance = PARKGATE__PARK_CLEARANCE__INIT;
    char stage[24];
    clearance.title = text_of("Induction");
    rows_add(&w->rows, PARK_CLEARANCE, "induction", &clearance.base);
    (void)snprintf(
        stage, sizeof(stage), "%s",
        note(assert_done(ask_rows(w, w->admin, "park.stage", w->rows.row, w->rows.count, NULL)),
             "stage"));
    (void)admin(w, "park.commit", "stage", stage, "config_version", park_version(), NULL);
}

static void every_role_tries_every_verb(void **state)
{
    matrix.w = *state;
    matrix.box = 2;
    apply_park(matrix.w);
    gate_join(matrix.w, &matrix.gates[0], "gate-a", 1);
    gate_join(matrix.w, &matrix.gates[1], "gate-b", 2);
    add_keys();
    for (size_t i = 0; i < matrix.file.row_count; i++) {
        try_row(&matrix.file.rows[i]);
    }
    print_message("%d roles, %zu verbs, %zu tries: %zu answers done, %zu refused\n", MATRIX_COLUMNS,
                  matrix.file.row_count, matrix.tries, matrix.done, matrix.refused);
    assert_int_equal(matrix.tries, matrix.file.row_count * MATRIX_COLUMNS);
    (void)assert_replays(matrix.w);
    station_end(&matrix.station);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verb_has_its_row),
        WORLD_TEST(every_role_tries_every_verb),
    };
    role_matrix_read(&matrix.file);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
