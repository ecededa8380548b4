/* http_devices: which configured device a post comes from, and what the operator hears of it. */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "reader-agent/driver/driver.h"
#include "reader-agent/driver/http_body.h"

enum {
    HTTP_DEVICES_MAX = LIMIT_READERS,
    HTTP_DEVICES_NOTICE_MS = 3000,
    HTTP_DEVICES_COMPLAINT_MS = 60000,
};

/* An address as IPv6; IPv4 stands in ::ffff:0:0/96. */
struct http_address {
    struct in6_addr in6;
};

/* Numeric text. False: no address. */
bool http_address_from_text(const char *text, struct http_address *ret_address);
/* False: neither IPv4 nor IPv6. */
bool http_address_of(const struct sockaddr *from, struct http_address *ret_address);
bool http_address_is_loopback(struct http_address address);

struct http_slot {
    struct http_device device;
    struct http_memory memory;
    const struct http_driver *driver;
    bool any_source;
    struct http_address source;
    bool known_up;   /* DEVICE_UP was reported */
    bool known_down; /* DEVICE_DOWN was, and nothing good came since */
    bool complained, noticed;
    struct mono complained_at, noticed_at;
};

struct http_devices {
    size_t count;
    struct http_slot slots[]; /* in the order of the configuration */
};

/* Copies and checks. ERR_INPUT as http_listener_create says; ERR_IO no memory. */
MUST_CHECK enum err http_devices_create(const struct http_device *devices, size_t count,
                                        bool on_loopback, struct http_devices **ret_devices,
                                        struct fault *fault);
/* Wipes the passwords. */
void http_devices_destroy(struct http_devices **devices);

enum http_found { HTTP_FOUND, HTTP_FOUND_NO_PATH, HTTP_FOUND_NO_SOURCE };

/* Who makes a request. */
struct http_caller {
    const char *path;
    struct http_address source;
    const char *user; /* the account it names; NULL: none */
    /* Of the query, as http_call's. */
    const char *(*argument)(void *ctx, const char *name);
    void *argument_ctx;
};

/* The device that posts to this path (its own, or one of its family's behind that) from this source
 * and, in families that name themselves, by its own id: the one with that account; else the one
 * without account; else any with an account, which the caller then challenges. *ret_slot and
 * *ret_subpath are borrowed, written only for HTTP_FOUND. */
enum http_found http_devices_find(struct http_devices *devices, const struct http_caller *caller,
                                  struct http_slot **ret_slot, const char **ret_subpath);

/* Reports to the sink what a finished post of this device means for the operator, in the rates that
 * http_listener.h names. */
void http_slot_report(struct http_slot *slot, const struct http_outcome *outcome, struct mono now,
                      const struct driver_sink *sink);
