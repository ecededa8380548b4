/* settings: what stands in a gate's directory beside its store.
 *
 *   DIR/agent.conf   this file's keys; written by --join, edited by hand, 0600
 *   DIR/agent.key    the box's CURVE key, made here, never leaves the box; 0600
 *   DIR/store, keys  reader-agent/store
 *   DIR/run          the helpers' socket and device locks
 */
#pragma once

#include "common/base/err.h"
#include "common/base/ids.h"
#include "common/link/link.h"

enum { SETTINGS_PATH_SIZE = 512, SETTINGS_OUTBOX_LEAST = 20 };

struct settings {
    struct name gate;
    char controller[LINK_ENDPOINT_SIZE];
    char server_key[LINK_KEY_Z85_SIZE];
    char http_address[64]; /* numeric; "" no listener */
    int64_t http_port;
    int64_t https_port;                 /* 0: none beside http_port */
    char http_cert[SETTINGS_PATH_SIZE]; /* "" plain HTTP */
    char http_key[SETTINGS_PATH_SIZE];
    char terminal_ca[SETTINGS_PATH_SIZE / 2]; /* who vouches for terminals spoken to by https */
    int64_t metrics_port;                     /* 0: none */
    char metrics_address[64];                 /* numeric; this machine alone unless said */
    int64_t outbox_events; /* how many events that are not answered the outbox holds */
    char helper_user[64];
    char helper_dir[SETTINGS_PATH_SIZE]; /* "" beside the agent's own program */
};

/* Reads DIR/agent.conf. ERR_REFUSED: group or others may write it. Others as config_read(). */
MUST_CHECK enum err settings_read(const char *dir, struct settings *ret_settings,
                                  struct fault *fault);
/* Writes DIR/agent.conf, on disk when it returns. ERR_REFUSED: there is one already. */
MUST_CHECK enum err settings_write(const char *dir, const struct settings *settings,
                                   struct fault *fault);
/* DIR/FILE. ERR_INPUT: too long. */
MUST_CHECK enum err settings_path(const char *dir, const char *file, char out[SETTINGS_PATH_SIZE],
                                  struct fault *fault);
