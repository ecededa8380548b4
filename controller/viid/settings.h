/* settings: what viid.conf says, and the file of each peer that it names. See
 * docs/man/parkgate-viid.8.scd.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/ids.h"
#include "common/link/key.h"
#include "common/link/link.h"
#include "controller/viid/disposition.h"

enum {
    VIID_PATH_SIZE = 512,
    VIID_PEERS_MAX = 8,
    VIID_ADDRESSES_MAX = 8,
    VIID_WORD_SIZE = 65, /* a user, a password, a device id */
};

/* A view library: a station's, above us (`url`: we register there), or one that comes to us. */
struct viid_peer {
    struct name name;
    char device_id[VIID_WORD_SIZE]; /* theirs */
    char user[VIID_WORD_SIZE];
    char password_file[VIID_PATH_SIZE];
    char password[VIID_WORD_SIZE];
    char url[VIID_URL_SIZE];      /* "": it comes to us only */
    char ca_file[VIID_PATH_SIZE]; /* for https; "": the system's */
    size_t from_count;            /* source addresses that it may come from; 0: any */
    char from[VIID_ADDRESSES_MAX][VIID_WORD_SIZE];
    size_t receive_count; /* where notifications may go; 0: none are sent */
    char receive[VIID_ADDRESSES_MAX][VIID_URL_SIZE];
    size_t category_count;
    char category[DISPOSITION_CATEGORIES_MAX][VIID_WORD_SIZE];
    struct disposition_categories categories;
    int64_t keepalive_s, session_s, missed, requests_per_minute, list_max, body_kib;
    bool strict;        /* the standard's grammar only */
    bool number_status; /* StatusCode as a number */
    bool digest_each;   /* every request carries a digest, not Register alone */
};

struct viid_settings {
    char config[VIID_PATH_SIZE];
    char controller[LINK_ENDPOINT_SIZE];
    char server_key_file[VIID_PATH_SIZE], key_file[VIID_PATH_SIZE];
    struct link_key server_key;
    char address[VIID_WORD_SIZE]; /* to listen on; "": nobody can come to us */
    int64_t port;
    char tls_cert_file[VIID_PATH_SIZE], tls_key_file[VIID_PATH_SIZE];
    char device_id[VIID_WORD_SIZE]; /* ours, 20 digits */
    char realm[VIID_WORD_SIZE];
    char user[VIID_WORD_SIZE]; /* whom we become when started as root */
    size_t peer_count;
    char peer_files[VIID_PEERS_MAX][VIID_PATH_SIZE];
    struct viid_peer peers[VIID_PEERS_MAX];
};

/* Reads the file that settings->config names, the peers' files and their passwords. The fault names
 * the file and what to do. ERR_INPUT, ERR_NOT_FOUND, ERR_IO as config_read(); ERR_REFUSED: a file
 * with a secret that others can read. */
MUST_CHECK enum err viid_settings_read(struct viid_settings *settings, struct fault *fault);
/* Forgets the passwords. */
void viid_settings_wipe(struct viid_settings *settings);
