/* watch receipt: what the park says of a bundle, part by part; each is checked against the park's
 * public key before a word of it is shown. */
#include <stdlib.h>
#include <string.h>

#include "admin-cli/file.h"
#include "admin-cli/request.h"
#include "admin-cli/watch_file.h"
#include "admin-cli/watch_key.h"
#include "common/base/must.h"
#include "common/watch/watch_receipt.h"

/* One receipt being fetched. */
struct fetching {
    struct cli *cli;
    struct sign_public park;
    uint64_t number;
    struct watch_receipt head; /* of the newest part */
    struct seal_hash digest;   /* of the first part; else of the bundle's own file */
    bool has_digest;
    uint32_t told;
    struct watch_receipt_row rows[WATCH_RECEIPT_ROWS];
    struct answer answer;
    struct complaint *c;
};

static bool refuse(const struct fetching *f, const char *why)
{
    char number[24];
    return complain(f->c, ERROR_WATCH_RECEIPT, cli_number(number, f->number), why, NULL, NULL);
}

/* --- what is shown --- */

static void add_head(struct fetching *f)
{
    const struct watch_receipt *head = &f->head;
    char text[24];
    char hex[2 * SEAL_HASH_SIZE + 1];
    bytes_to_hex(BYTES_OF(head->digest.bytes), hex, sizeof(hex));
    answer_add_note(&f->answer, "park", head->park.text);
    answer_add_note(&f->answer, "authority", head->authority.text);
    answer_add_note(&f->answer, "number", cli_number(text, head->number));
    answer_add_note(&f->answer, "digest", hex);
    answer_add_note(&f->answer, "changes", cli_number(text, head->changes));
    answer_add_note(&f->answer, "applied_us", cli_number(text, (uint64_t)head->applied.us));
    answer_add_note(&f->answer, "gates_with_it", cli_number(text, head->gates));
    answer_add_note(&f->answer, "gates_online", cli_number(text, head->gates_online));
    answer_add_note(&f->answer, "at_gates_us",
                    head->gates_at.us > 0 ? cli_number(text, (uint64_t)head->gates_at.us) : "");
    answer_add_note(&f->answer, "signature", "good");
}

static ProtobufCBinaryData cell_of(const char *text)
{
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)(uintptr_t)text};
}

static bool add_row(struct fetching *f, const struct watch_receipt_row *row)
{
    static const char *const columns[] = {"id",    "change",  "state",
                                          "since_us", "officer", "countersigned_us"};
    char since[24];
    char by_at[24];
    Parkgate__Reply reply = PARKGATE__REPLY__INIT;
    ProtobufCBinaryData cells[] = {
        cell_of(row->id),
        cell_of(watch_change_name(row->kind)),
        cell_of(watch_state_name(row->state)),
        cell_of(row->since.us > 0 ? cli_number(since, (uint64_t)row->since.us) : ""),
        cell_of(row->by),
        cell_of(row->by_at.us > 0 ? cli_number(by_at, (uint64_t)row->by_at.us) : ""),
    };
    _Static_assert(ARRAY_LEN(columns) == ARRAY_LEN(cells), "a cell a column");
    reply.n_column = ARRAY_LEN(columns);
    reply.column = (char **)(uintptr_t)columns;
    reply.n_cell = ARRAY_LEN(cells);
    reply.cell = cells;
    return answer_take(&f->answer, &reply, f->c);
}

/* --- what is checked --- */

/* Beside the signature: is this the part that was asked for, of the receipt that was begun? */
static bool is_the_part(struct fetching *f, const struct watch_receipt *part)
{
    if (part->number != f->number) {
        return refuse(f, "it is of another bundle");
    }
    if (f->has_digest &&
        memcmp(f->digest.bytes, part->digest.bytes, sizeof(part->digest.bytes)) != 0) {
        return refuse(f, "it is of a bundle with another digest");
    }
    if (part->changes > 0 && part->first != f->told + 1) {
        return refuse(f, "a part of it is missing");
    }
    if (f->told > 0 &&
        (part->changes != f->head.changes || !name_equal(part->authority, f->head.authority) ||
         !name_equal(part->park, f->head.park))) {
        return refuse(f, "its parts do not belong together");
    }
    return true;
}

static bool take_part(struct fetching *f, const Parkgate__Reply *reply)
{
    struct watch_receipt part;
    struct sign_value signature;
    if (reply->n_column != 2 || reply->n_cell != 2 ||
        reply->cell[1].len != sizeof(signature.bytes)) {
        return complain(f->c, ERROR_REPLY_BAD, "no signed receipt", NULL, NULL, NULL);
    }
    memcpy(signature.bytes, reply->cell[1].data, sizeof(signature.bytes));
    struct bytes packed = {.data = reply->cell[0].data, .size = reply->cell[0].len};
    if (!watch_receipt_check(packed, &signature, &f->park, &part, f->rows, f->c) ||
        !is_the_part(f, &part)) {
        return false;
    }
    f->head = part;
    f->digest = part.digest;
    f->has_digest = true;
    f->told += part.told;
    for (uint32_t i = 0; i < part.told; i++) {
        if (!add_row(f, &f->rows[i])) {
            return false;
        }
    }
    return true;
}

static bool fetch(struct fetching *f)
{
    do {
        char number[24];
        char first[24];
        Parkgate__Reply *reply = NULL;
        struct request request = {.verb = "watch.receipt"};
        request_arg(&request, "number", cli_number(number, f->number));
        request_arg(&request, "first", cli_number(first, (uint64_t)f->told + 1));
        if (!client_ask(f->cli, &request, &reply, f->c)) {
            return false;
        }
        bool good = take_part(f, reply);
        parkgate__reply__free_unpacked(reply, NULL);
        if (!good) {
            return false;
        }
    } while (f->told < f->head.changes);
    return true;
}

/* By its file: the park must speak of this very bundle. By its number alone: of whatever it has. */
static bool take_bundle(struct fetching *f, const char *text)
{
    char *end = NULL;
    f->number = strtoull(text, &end, 10);
    if (*end == '\0' && f->number > 0) {
        return true;
    }
    struct watch_bundle *bundle = calloc(1, sizeof(*bundle));
    struct watch_manifest *manifest = calloc(1, sizeof(*manifest));
    MUST(bundle != NULL && manifest != NULL);
    bool good = watch_file_read(text, bundle, f->c) &&
                watch_manifest_read(bundle->manifest, manifest, f->c);
    f->number = manifest->number;
    f->digest = manifest->digest;
    f->has_digest = true;
    watch_bundle_destroy(bundle);
    free(bundle);
    free(manifest);
    return good;
}

enum exit_code run_watch_receipt(struct cli *cli, const struct call *call)
{
    struct complaint c = {0};
    struct fault fault = {0};
    if (seal_init(&fault) != ERR_OK) {
        return cli_refuse(cli, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
    }
    struct fetching *f = calloc(1, sizeof(*f));
    MUST(f != NULL);
    f->cli = cli;
    f->c = &c;
    enum exit_code code = EXIT_DONE;
    if (watch_sign_public_read(call_value(call, "park_key"), &f->park, &c) &&
        take_bundle(f, call_value(call, "bundle")) && fetch(f)) {
        add_head(f);
        code = request_show(cli, call, &f->answer);
    } else {
        code = cli_say(cli, &c);
    }
    answer_destroy(&f->answer);
    free(f);
    return code;
}
