/* AES-128 for the emulated card, from FIPS 197 and without any library: slow and plain. */
#ifndef PEERS_DESFIRE_AES_H
#define PEERS_DESFIRE_AES_H

#include <stddef.h>
#include <stdint.h>

void desfire_aes_encrypt(const uint8_t key[16], const uint8_t in[16], uint8_t out[16]);
void desfire_aes_decrypt(const uint8_t key[16], const uint8_t in[16], uint8_t out[16]);

/* Chained over whole blocks, in place; iv goes on from call to call as the card's does. */
void desfire_cbc_send(const uint8_t key[16], uint8_t iv[16], uint8_t *data, size_t length);
void desfire_cbc_receive(const uint8_t key[16], uint8_t iv[16], uint8_t *data, size_t length);

/* One command byte's CMAC, begun from iv; iv becomes the MAC. */
void desfire_cmac_byte(const uint8_t key[16], uint8_t iv[16], uint8_t byte);

#endif
