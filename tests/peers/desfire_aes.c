#include "tests/peers/desfire_aes.h"

#include <stdbool.h>
#include <string.h>

/* Multiplication in the field of AES. */
static uint8_t field_mul(uint8_t a, uint8_t b)
{
    uint8_t sum = 0;

    for (int bit = 0; bit < 8; bit++) {
        if ((b >> bit & 1) != 0)
            sum ^= a;
        a = (uint8_t)(a << 1 ^ ((a & 0x80) != 0 ? 0x1b : 0));
    }
    return sum;
}

struct boxes {
    bool made;
    uint8_t forward[256], backward[256];
};

static const struct boxes *get_boxes(void)
{
    static struct boxes boxes;

    for (int value = 0; !boxes.made && value < 256; value++) {
        uint8_t inverse = 0, out = 0x63;

        for (int x = 1; x < 256 && inverse == 0; x++)
            if (field_mul((uint8_t)x, (uint8_t)value) == 1)
                inverse = (uint8_t)x;
        for (int turn = 0; turn < 5; turn++)
            out ^= (uint8_t)(inverse << turn | inverse >> (8 - turn));
        boxes.forward[value] = out;
        boxes.backward[out] = (uint8_t)value;
    }
    boxes.made = true;
    return &boxes;
}

/* Eleven round keys, one after the other. */
static void expand(const uint8_t key[16], uint8_t keys[176])
{
    uint8_t constant = 1;

    memcpy(keys, key, 16);
    for (size_t at = 16; at < 176; at += 4) {
        uint8_t word[4];

        memcpy(word, keys + at - 4, 4);
        if (at % 16 == 0) {
            uint8_t first = word[0];

            for (size_t i = 0; i < 4; i++)
                word[i] = get_boxes()->forward[i < 3 ? word[i + 1] : first];
            word[0] ^= constant;
            constant = field_mul(constant, 2);
        }
        for (size_t i = 0; i < 4; i++)
            keys[at + i] = keys[at + i - 16] ^ word[i];
    }
}

static void add_key(uint8_t state[16], const uint8_t *key)
{
    for (size_t i = 0; i < 16; i++)
        state[i] ^= key[i];
}

/* Each column times the polynomial whose first row is given. */
static void mix(uint8_t state[16], const uint8_t row[4])
{
    uint8_t old[16];

    memcpy(old, state, 16);
    for (size_t i = 0; i < 16; i++) {
        state[i] = 0;
        for (size_t j = 0; j < 4; j++)
            state[i] ^= field_mul(old[i / 4 * 4 + (i + j) % 4], row[j]);
    }
}

void desfire_aes_encrypt(const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
    uint8_t keys[176], old[16];

    expand(key, keys);
    memcpy(out, in, 16);
    add_key(out, keys);
    for (size_t round = 1; round <= 10; round++) {
        memcpy(old, out, 16);
        for (size_t i = 0; i < 16; i++)
            out[i] = get_boxes()->forward[old[(i + 4 * (i % 4)) % 16]];
        if (round < 10)
            mix(out, (const uint8_t[]){2, 3, 1, 1});
        add_key(out, keys + 16 * round);
    }
}

void desfire_aes_decrypt(const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
    uint8_t keys[176], old[16];

    expand(key, keys);
    memcpy(out, in, 16);
    for (size_t round = 10; round >= 1; round--) {
        add_key(out, keys + 16 * round);
        if (round < 10)
            mix(out, (const uint8_t[]){14, 11, 13, 9});
        memcpy(old, out, 16);
        for (size_t i = 0; i < 16; i++)
            out[(i + 4 * (i % 4)) % 16] = get_boxes()->backward[old[i]];
    }
    add_key(out, keys);
}

void desfire_cbc_send(const uint8_t key[16], uint8_t iv[16], uint8_t *data, size_t length)
{
    for (size_t at = 0; at + 16 <= length; at += 16) {
        add_key(iv, data + at);
        desfire_aes_encrypt(key, iv, data + at);
        memcpy(iv, data + at, 16);
    }
}

void desfire_cbc_receive(const uint8_t key[16], uint8_t iv[16], uint8_t *data, size_t length)
{
    for (size_t at = 0; at + 16 <= length; at += 16) {
        uint8_t cipher[16];

        memcpy(cipher, data + at, 16);
        desfire_aes_decrypt(key, cipher, data + at);
        add_key(data + at, iv);
        memcpy(iv, cipher, 16);
    }
}

static void twice(uint8_t block[16])
{
    uint8_t carry = block[0] >> 7;

    for (size_t i = 0; i < 16; i++)
        block[i] = (uint8_t)(block[i] << 1 | (i < 15 ? block[i + 1] >> 7 : 0));
    block[15] ^= carry != 0 ? 0x87 : 0;
}

void desfire_cmac_byte(const uint8_t key[16], uint8_t iv[16], uint8_t byte)
{
    uint8_t subkey[16] = {0}, zero[16] = {0};

    desfire_aes_encrypt(key, zero, subkey);
    twice(subkey);
    twice(subkey);
    subkey[0] ^= byte;
    subkey[1] ^= 0x80;
    desfire_cbc_send(key, iv, subkey, 16);
}
