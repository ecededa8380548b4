#include "tests/unit/controller/station_fixture.h"

#include "common/watch/watch_receipt.h"
#include "controller/app/park_sign.h"
#include "controller/app/watch.h"

static void learn_matching(struct station *s)
{
    const Parkgate__Reply *reply = assert_done(ask(s->w, s->key, "watch.key", NULL));
    assert_true(bytes_from_hex(note(reply, "matching"), s->matching.bytes, SEAL_KEY_SIZE));
}

struct station station_join(struct world *w)
{
    struct station s = {.w = w, .key = key_of(150), .number = 1};
    char public_hex[LINK_KEY_HEX_SIZE];
    char sign_hex[2 * SIGN_KEY_SIZE + 1];
    memset(s.sign.bytes, 7, sizeof(s.sign.bytes));
    struct sign_public sign = sign_public_of(&s.sign);
    bytes_to_hex(BYTES_OF(s.key.bytes), public_hex, sizeof(public_hex));
    bytes_to_hex(BYTES_OF(sign.bytes), sign_hex, sizeof(sign_hex));
    agreed(w, "authority.add", "name", STATION, "title", "Station Xiaoshan", "public",
                public_hex, "sign", sign_hex, "refresh", "24", "reason", "agreement 2026-3", NULL);
    learn_matching(&s);
    return s;
}

void station_end(struct station *s)
{
    watch_maker_destroy(&s->maker);
    watch_bundle_destroy(&s->bundle);
}

/* --- entries --- */

static struct watch_entry entry_of(struct station *s, enum watch_category category,
                                   enum watch_matcher matcher, struct bytes match)
{
    struct watch_entry entry = {.category = category,
                                .matcher = matcher,
                                .match_size = (uint8_t)match.size,
                                .applicant = APPLICANT,
                                .case_number = CASE_NUMBER,
                                .legal_basis = "Criminal Procedure Law art. 155",
                                .begin = s->w->now,
                                .end = {s->w->now.us + 30 * DAY_US},
                                .action = WATCH_ACTION_REVIEW,
                                .contact = "duty desk 0571-110",
                                .instruction = WATCH_INSTRUCTION_ASK_TO_DESK};
    (void)snprintf(entry.id, sizeof(entry.id), "e%04u", ++s->ids);
    assert_true(match.size <= sizeof(entry.match));
    memcpy(entry.match, match.data, match.size);
    return entry;
}

static struct credential plate_credential(const char *text)
{
    struct plate plate;
    struct credential credential;
    assert_int_equal(plate_read(bytes_of_text(text), PLATE_SOURCE_TEXT, &plate), PLATE_OK);
    assert_true(credential_from_plate(&plate, &credential));
    return credential;
}

static struct credential badge_credential(const char *uid)
{
    struct credential credential;
    assert_true(credential_from_uid_text(bytes_of_text(uid), &credential));
    return credential;
}

struct watch_entry entry_of_plate(struct station *s, const char *plate)
{
    struct credential credential = plate_credential(plate);
    return entry_of(s, WATCH_CATEGORY_STOLEN_VEHICLE, WATCH_MATCHER_PLATE,
                    credential_view(&credential));
}

struct watch_entry entry_of_badge(struct station *s, const char *uid)
{
    struct credential credential = badge_credential(uid);
    return entry_of(s, WATCH_CATEGORY_WARRANT, WATCH_MATCHER_BADGE, credential_view(&credential));
}

struct watch_entry entry_of_identity(struct station *s, const char *number)
{
    struct idnumber id;
    assert_int_equal(idnumber_read(bytes_of_text(number), &id), IDNUMBER_OK);
    struct seal_hash hash = watch_identity_of(&s->matching, &id);
    return entry_of(s, WATCH_CATEGORY_WARRANT, WATCH_MATCHER_IDENTITY, BYTES_OF(hash.bytes));
}

static void put(struct station *s, const struct watch_change *change)
{
    struct complaint c = {0};
    assert_true(watch_maker_add(&s->maker, change, &c));
}

void put_add(struct station *s, const struct watch_entry *entry)
{
    struct watch_change change = {.kind = WATCH_CHANGE_ADD, .entry = *entry};
    put(s, &change);
}

void put_renew(struct station *s, const char *id, const char *case_number, int64_t end_us)
{
    struct watch_change change = {
        .kind = WATCH_CHANGE_RENEW,
        .entry = {.applicant = "Zhou Min 330200",
                  .legal_basis = "Criminal Procedure Law art. 155",
                  .end = {end_us}}
    };
    (void)snprintf(change.entry.id, sizeof(change.entry.id), "%s", id);
    (void)snprintf(change.entry.case_number, sizeof(change.entry.case_number), "%s", case_number);
    put(s, &change);
}

void put_withdraw(struct station *s, const char *id)
{
    struct watch_change change = {.kind = WATCH_CHANGE_WITHDRAW};
    (void)snprintf(change.entry.id, sizeof(change.entry.id), "%s", id);
    put(s, &change);
}

/* --- bundles --- */

static struct name park_of(struct station *s)
{
    struct name park = {{0}};
    (void)snprintf(park.text, sizeof(park.text), "%s",
                   note(assert_done(ask(s->w, s->key, "watch.status", NULL)), "park"));
    return park;
}

void make_bundle(struct station *s)
{
    struct complaint c = {0};
    char why[512];
    struct watch_plan plan = {.authority = name_or_none(STATION),
                              .park = park_of(s),
                              .number = s->number,
                              .previous = s->previous,
                              .made = s->w->now};
    watch_bundle_destroy(&s->bundle);
    if (!watch_make(&s->maker, &plan, &s->sign, &s->bundle, &c)) {
        error_sentence_en(&c, why, sizeof(why));
        fail_msg("%s", why);
    }
    watch_maker_destroy(&s->maker);
    s->maker = (struct watch_maker){0};
}

void sign_again(struct station *s, const struct sign_key *key)
{
    uint8_t text[WATCH_SIGNED_MAX];
    sign_make(key, watch_signed(WATCH_SIGN_MANIFEST, s->bundle.manifest, text),
              &s->bundle.signature);
}

static ProtobufCBinaryData row_of(struct bytes bytes)
{
    return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)bytes.data, .len = bytes.size};
}

const Parkgate__Reply *say_begin(struct station *s)
{
    char signature[SIGN_BASE64_SIZE];
    ProtobufCBinaryData row = row_of(s->bundle.manifest);
    sign_to_base64(&s->bundle.signature, signature);
    return ask_rows(s->w, s->key, "watch.begin", &row, 1, "signature", signature, NULL);
}

const Parkgate__Reply *say_chunk(struct station *s, size_t index)
{
    char number[24];
    char chunk[24];
    ProtobufCBinaryData row = row_of(s->bundle.chunks[index]);
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)s->number);
    (void)snprintf(chunk, sizeof(chunk), "%zu", index + 1);
    return ask_rows(s->w, s->key, "watch.chunk", &row, 1, "number", number, "chunk", chunk, NULL);
}

const Parkgate__Reply *push_made(struct station *s)
{
    const Parkgate__Reply *reply = say_begin(s);
    for (size_t i = 0; i < s->bundle.chunk_count && reply->error == 0; i++) {
        reply = say_chunk(s, i);
    }
    if (reply->error == 0) {
        assert_string_equal(note(reply, "state"), "applied");
        s->number++;
        s->previous = seal_hash_of(s->bundle.manifest);
    }
    return reply;
}

const Parkgate__Reply *push(struct station *s)
{
    make_bundle(s);
    return push_made(s);
}

/* --- what acts --- */

static size_t acting_on(struct station *s, enum watch_matcher matcher, uint32_t kind,
                        const struct credential *credential)
{
    struct watch_finds finds = {0};
    struct seal_hash hashes[INDEX_KEYS_MAX];
    struct store_txn *txn = NULL;
    size_t count = watch_credential_hashes(s->w->ctl, kind, credential_view(credential), hashes);
    assert_int_equal(store_begin_read(s->w->store, &txn, NULL), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(
            watch_find_match(txn, matcher, BYTES_OF(hashes[i].bytes), s->w->now, &finds, NULL),
            ERR_OK);
    }
    store_txn_destroy(&txn);
    return finds.count;
}

size_t acting_on_plate(struct station *s, const char *plate)
{
    struct credential credential = plate_credential(plate);
    return acting_on(s, WATCH_MATCHER_PLATE, CREDENTIAL_KIND_PLATE, &credential);
}

size_t acting_on_badge(struct station *s, const char *uid)
{
    struct credential credential = badge_credential(uid);
    return acting_on(s, WATCH_MATCHER_BADGE, CREDENTIAL_KIND_BADGE, &credential);
}

size_t acting_on_person(struct station *s, const char *person)
{
    struct watch_finds finds = {0};
    struct handle handle;
    struct store_txn *txn = NULL;
    assert_true(handle_from_text(person, &handle));
    assert_int_equal(store_begin_read(s->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(watch_find_target(txn, handle, s->w->now, &finds, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return finds.count;
}

/* --- receipts --- */

/* The part from change `first` on; *ret_next: where the next one begins. */
static bool find_row(struct station *s, const Parkgate__Reply *reply, const char *id,
                     struct watch_receipt_row *ret, uint32_t *ret_next)
{
    static struct watch_receipt_row rows[WATCH_RECEIPT_ROWS];
    struct watch_receipt receipt;
    struct sign_value signature;
    struct complaint c = {0};
    struct sign_public park = park_sign_public(s->w->ctl);
    assert_int_equal(reply->n_cell, 2);
    assert_int_equal(reply->cell[1].len, sizeof(signature.bytes));
    memcpy(signature.bytes, reply->cell[1].data, sizeof(signature.bytes));
    assert_true(
        watch_receipt_check((struct bytes){.data = reply->cell[0].data, .size = reply->cell[0].len},
                            &signature, &park, &receipt, rows, &c));
    assert_string_equal(receipt.authority.text, STATION);
    *ret_next = receipt.told == 0 ? 0 : receipt.first + receipt.told;
    for (uint32_t i = 0; i < receipt.told; i++) {
        if (strcmp(rows[i].id, id) == 0) {
            *ret = rows[i];
            return true;
        }
    }
    return false;
}

enum watch_state receipt_state(struct station *s, uint64_t number, const char *id, int64_t *ret_us,
                               char by[LIMIT_WATCH_NAME_BYTES + 1])
{
    struct watch_receipt_row found = {0};
    char text[24];
    char first[24];
    bool is_there = false;
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    for (uint32_t next = 1; !is_there && next != 0;) {
        (void)snprintf(first, sizeof(first), "%u", next);
        const Parkgate__Reply *reply =
            assert_done(ask(s->w, s->key, "watch.receipt", "number", text, "first", first, NULL));
        is_there = find_row(s, reply, id, &found, &next);
    }
    assert_true(is_there);
    if (ret_us != NULL) {
        *ret_us = found.since.us;
    }
    if (by != NULL) {
        memcpy(by, found.by, sizeof(found.by));
    }
    return found.state;
}

const char *waiting_entry(struct station *s, struct link_key officer)
{
    const Parkgate__Reply *reply =
        assert_done(ask(s->w, officer, "watch.list", "waiting", "yes", NULL));
    assert_int_equal(row_count(reply), 1);
    return cell(reply, 0, "entry");
}

void let_tick(struct world *w, int64_t us)
{
    for (int64_t passed = 0; passed < us; passed += SECOND_US) {
        world_pass(w, SECOND_US);
        turn_begin(w->ctl, w->now, w->mono);
        turn_tick(w->ctl);
        world_turn(w);
    }
}
