#include "common/facts/carry.h"

#include <string.h>

#include "common/base/bytes.h"
#include "common/base/must.h"

enum { MARK_SIZE = 16, SHORT_HASH_SIZE = 8, AAD_SIZE = CARRY_HEAD_SIZE + 4 + 1 };
enum { MARKED_SIZE = CARRY_HEAD_SIZE - MARK_SIZE, HASHED_SIZE = MARKED_SIZE - SHORT_HASH_SIZE };
#define LAST_BIT (UINT32_C(1) << 31)

static const char magic[8] = {'P', 'G', 'C', 'A', 'R', 'R', 'Y', '1'};

enum err carry_key(const struct seal_box_secret *own, const struct seal_box_public *peer,
                   struct seal_key *ret, struct fault *fault)
{
    return seal_box_pair_key(own, peer, "parkgate carry", ret, fault);
}

static struct seal_hash mark_of(const uint8_t *head, const struct seal_key *key)
{
    return seal_keyed_hash(key, "parkgate carry head",
                           SEAL_PARTS((struct bytes){.data = head, .size = MARKED_SIZE}));
}

void carry_head_write(const struct carry_head *head, const struct seal_key *key,
                      uint8_t out[CARRY_HEAD_SIZE])
{
    struct writer w = writer_of(out, CARRY_HEAD_SIZE);
    writer_bytes(&w, BYTES_OF(magic));
    writer_bytes(&w, BYTES_OF(head->gate.text));
    writer_u64(&w, head->number);
    writer_u64(&w, (uint64_t)head->made.us);
    writer_u64(&w, head->sequence);
    struct seal_hash hash = seal_hash_of(writer_view(&w));
    writer_bytes(&w, (struct bytes){.data = hash.bytes, .size = SHORT_HASH_SIZE});
    struct seal_hash mark = mark_of(out, key);
    writer_bytes(&w, (struct bytes){.data = mark.bytes, .size = MARK_SIZE});
    MUST(!w.bad && w.size == CARRY_HEAD_SIZE);
}

bool carry_head_read(const uint8_t head[CARRY_HEAD_SIZE], struct carry_head *ret)
{
    struct reader r = reader_of((struct bytes){.data = head, .size = CARRY_HEAD_SIZE});
    struct seal_hash hash = seal_hash_of((struct bytes){.data = head, .size = HASHED_SIZE});
    char gate[NAME_SIZE];
    if (!bytes_equal(reader_bytes(&r, sizeof(magic)), BYTES_OF(magic)) ||
        memcmp(hash.bytes, head + HASHED_SIZE, SHORT_HASH_SIZE) != 0) {
        return false;
    }
    memcpy(gate, reader_bytes(&r, NAME_SIZE).data, NAME_SIZE);
    ret->number = reader_u64(&r);
    ret->made.us = (int64_t)reader_u64(&r);
    ret->sequence = reader_u64(&r);
    return !r.bad && gate[NAME_SIZE - 1] == '\0' && name_from_text(gate, &ret->gate);
}

bool carry_head_is_under(const uint8_t head[CARRY_HEAD_SIZE], const struct seal_key *key)
{
    struct seal_hash mark = mark_of(head, key);
    return seal_equal((struct bytes){.data = mark.bytes, .size = MARK_SIZE},
                      (struct bytes){.data = head + MARKED_SIZE, .size = MARK_SIZE});
}

static void aad_of(const uint8_t *head, uint32_t index, bool last, uint8_t out[AAD_SIZE])
{
    struct writer w = writer_of(out, AAD_SIZE);
    writer_bytes(&w, (struct bytes){.data = head, .size = CARRY_HEAD_SIZE});
    writer_u32(&w, index);
    writer_u8(&w, last);
    MUST(!w.bad);
}

size_t carry_chunk_close(const struct seal_key *key, const uint8_t head[CARRY_HEAD_SIZE],
                         uint32_t index, bool last, enum carry_kind kind, struct bytes message,
                         const struct entropy *entropy, uint8_t *out)
{
    uint8_t plain[CARRY_PLAIN_MAX];
    uint8_t aad[AAD_SIZE];
    uint8_t nonce[SEAL_NONCE_SIZE];
    MUST(message.size <= LIMIT_FRAME_BYTES);
    plain[0] = (uint8_t)kind;
    memcpy(plain + 1, message.data, message.size);
    aad_of(head, index, last, aad);
    entropy_fill(entropy, nonce, sizeof(nonce));
    size_t sealed = message.size + 1 + SEAL_OVERHEAD;
    struct writer w = writer_of(out, CARRY_LENGTH_SIZE);
    writer_u32(&w, (uint32_t)sealed | (last ? LAST_BIT : 0));
    seal_close(key, nonce, BYTES_OF(aad), (struct bytes){.data = plain, .size = message.size + 1},
               out + CARRY_LENGTH_SIZE, sealed);
    return CARRY_LENGTH_SIZE + sealed;
}

bool carry_length_read(const uint8_t length[CARRY_LENGTH_SIZE], size_t *ret_size, bool *ret_last)
{
    struct reader r = reader_of((struct bytes){.data = length, .size = CARRY_LENGTH_SIZE});
    uint32_t value = reader_u32(&r);
    *ret_last = (value & LAST_BIT) != 0;
    *ret_size = value & ~LAST_BIT;
    return *ret_size > SEAL_OVERHEAD && *ret_size <= CARRY_SEALED_MAX;
}

enum err carry_chunk_open(const struct seal_key *key, const uint8_t head[CARRY_HEAD_SIZE],
                          uint32_t index, bool last, struct bytes sealed, uint8_t *out,
                          uint32_t *ret_kind, struct bytes *ret_message, struct fault *fault)
{
    uint8_t aad[AAD_SIZE];
    size_t size = 0;
    aad_of(head, index, last, aad);
    if (sealed.size <= SEAL_OVERHEAD || sealed.size > CARRY_SEALED_MAX) {
        return fault_set(fault, ERR_CORRUPT, "carry: impossible size %zu", sealed.size);
    }
    TRY(seal_open(key, BYTES_OF(aad), sealed, out, CARRY_PLAIN_MAX, &size, fault));
    *ret_kind = out[0];
    *ret_message = (struct bytes){.data = out + 1, .size = size - 1};
    return ERR_OK;
}
