/* freefare-card: authenticates against a card with libfreefare over libnfc, and nothing of ours.
 *
 *   freefare-card CONNSTRING AID KEY_NO KEY
 *
 * AID in the order of transmission. Prints "selected ok|failed", "authenticated ok|failed" and,
 * when it could, "uid HEX" as the card's own UID under the session key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nfc/nfc.h>

#include <freefare.h>

static int unhex(const char *text, unsigned char *out, size_t size)
{
    size_t at = 0;
    for (; at < size; at++) {
        unsigned value = 0;
        if (sscanf(text + 2 * at, "%2x", &value) != 1) {
            return 0;
        }
        out[at] = (unsigned char)value;
    }
    return strlen(text) == 2 * size;
}

static void talk(MifareTag tag, const unsigned char *aid, unsigned char key_no, unsigned char *key)
{
    char *uid = NULL;
    unsigned number = (unsigned)aid[0] | (unsigned)aid[1] << 8 | (unsigned)aid[2] << 16;
    MifareDESFireAID application = mifare_desfire_aid_new(number);
    MifareDESFireKey aes = mifare_desfire_aes_key_new(key);
    int failed = mifare_desfire_select_application(tag, application);
    printf("selected %s\n", failed == 0 ? "ok" : "failed");
    if (failed == 0) {
        failed = mifare_desfire_authenticate_aes(tag, key_no, aes);
        printf("authenticated %s\n", failed == 0 ? "ok" : "failed");
    }
    if (failed == 0 && mifare_desfire_get_card_uid(tag, &uid) == 0) {
        printf("uid %s\n", uid);
        free(uid);
    }
    mifare_desfire_key_free(aes);
    free(application);
}

int main(int argc, char **argv)
{
    unsigned char aid[3];
    unsigned char key[16];
    nfc_context *context = NULL;
    if (argc != 5 || !unhex(argv[2], aid, sizeof(aid)) || !unhex(argv[4], key, sizeof(key))) {
        fputs("freefare-card CONNSTRING AID KEY_NO KEY\n", stderr);
        return 2;
    }
    nfc_init(&context);
    nfc_device *device = context == NULL ? NULL : nfc_open(context, argv[1]);
    if (device == NULL) {
        return 4;
    }
    MifareTag *tags = freefare_get_tags(device);
    for (size_t i = 0; tags != NULL && tags[i] != NULL; i++) {
        if (freefare_get_tag_type(tags[i]) == DESFIRE && mifare_desfire_connect(tags[i]) == 0) {
            talk(tags[i], aid, (unsigned char)strtoul(argv[3], NULL, 10), key);
        }
    }
    freefare_free_tags(tags);
    nfc_close(device);
    nfc_exit(context);
    return 0;
}
