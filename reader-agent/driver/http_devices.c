#include "reader-agent/driver/http_devices.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

static struct http_address from_ipv4(struct in_addr in)
{
    struct http_address address = {0};
    address.in6.s6_addr[10] = 0xff;
    address.in6.s6_addr[11] = 0xff;
    memcpy(&address.in6.s6_addr[12], &in, sizeof(in));
    return address;
}

bool http_address_from_text(const char *text, struct http_address *ret_address)
{
    struct in_addr in;
    struct http_address address;
    if (inet_pton(AF_INET, text, &in) == 1) {
        *ret_address = from_ipv4(in);
        return true;
    }
    if (inet_pton(AF_INET6, text, &address.in6) == 1) {
        *ret_address = address;
        return true;
    }
    return false;
}

bool http_address_of(const struct sockaddr *from, struct http_address *ret_address)
{
    if (from != NULL && from->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof(v4));
        *ret_address = from_ipv4(v4.sin_addr);
        return true;
    }
    if (from != NULL && from->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, from, sizeof(v6));
        ret_address->in6 = v6.sin6_addr;
        return true;
    }
    return false;
}

bool http_address_is_loopback(struct http_address address)
{
    return IN6_IS_ADDR_LOOPBACK(&address.in6) ||
           (IN6_IS_ADDR_V4MAPPED(&address.in6) && address.in6.s6_addr[12] == 127);
}

static bool same_address(struct http_address a, struct http_address b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

static bool is_terminated(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static enum err check_texts(const struct http_device *device, struct fault *fault)
{
    if (!is_terminated(device->path, sizeof(device->path)) ||
        !is_terminated(device->source, sizeof(device->source)) ||
        !is_terminated(device->user, sizeof(device->user)) ||
        !is_terminated(device->device_id, sizeof(device->device_id)) ||
        !is_terminated(device->password, sizeof(device->password))) {
        return fault_set(fault, ERR_INPUT, "reader %s: a text is too long", device->reader.text);
    }
    if (device->path[0] != '/' || strchr(device->path, '?') != NULL) {
        return fault_set(fault, ERR_INPUT, "reader %s: path must begin with / and hold no query",
                         device->reader.text);
    }
    if (device->user[0] != '\0' && device->password[0] == '\0') {
        return fault_set(fault, ERR_INPUT, "reader %s: user without password", device->reader.text);
    }
    const struct http_driver *driver = http_driver_of(device->driver);
    if (driver == NULL) {
        return fault_set(fault, ERR_INPUT, "reader %s: its driver does not post over HTTP",
                         device->reader.text);
    }
    if (driver->names_itself != NULL && device->device_id[0] == '\0') {
        return fault_set(fault, ERR_INPUT, "reader %s: its own id (%s) is missing",
                         device->reader.text, driver->names_itself);
    }
    return ERR_OK;
}

static enum err fill_slot(struct http_slot *slot, const struct http_device *device,
                          bool on_loopback, struct fault *fault)
{
    TRY(check_texts(device, fault));
    slot->device = *device;
    slot->driver = http_driver_of(device->driver);
    slot->any_source = strcmp(device->source, "any") == 0;
    if (slot->any_source && !on_loopback) {
        return fault_set(fault, ERR_INPUT,
                         "reader %s: source any is for a listener on loopback; name its address",
                         device->reader.text);
    }
    if (!slot->any_source && !http_address_from_text(device->source, &slot->source)) {
        return fault_set(fault, ERR_INPUT, "reader %s: source is no numeric address",
                         device->reader.text);
    }
    return ERR_OK;
}

static bool tell_themselves_apart(const struct http_slot *a, const struct http_slot *b)
{
    return a->driver->names_itself != NULL && b->driver->names_itself != NULL &&
           strcmp(a->device.device_id, b->device.device_id) != 0;
}

/* Could both be meant by one post? Two sources meet when they are equal or one is any. */
static bool slots_collide(const struct http_slot *a, const struct http_slot *b)
{
    return strcmp(a->device.path, b->device.path) == 0 &&
           strcmp(a->device.user, b->device.user) == 0 && !tell_themselves_apart(a, b) &&
           (a->any_source || b->any_source || same_address(a->source, b->source));
}

enum err http_devices_create(const struct http_device *devices, size_t count, bool on_loopback,
                             struct http_devices **ret_devices, struct fault *fault)
{
    if (count > HTTP_DEVICES_MAX) {
        return fault_set(fault, ERR_INPUT, "more than %d HTTP readers", HTTP_DEVICES_MAX);
    }
    AUTO(http_devices_destroy)
    struct http_devices *made = calloc(1, sizeof(*made) + count * sizeof(made->slots[0]));
    if (made == NULL) {
        return fault_set(fault, ERR_IO, "no memory for %zu HTTP readers", count);
    }
    for (size_t i = 0; i < count; i++) {
        TRY(fill_slot(&made->slots[i], &devices[i], on_loopback, fault));
        made->count = i + 1;
        for (size_t k = 0; k < i; k++) {
            if (slots_collide(&made->slots[k], &made->slots[i])) {
                return fault_set(fault, ERR_INPUT,
                                 "readers %s and %s: same path, source and user; they could not "
                                 "be told apart",
                                 devices[k].reader.text, devices[i].reader.text);
            }
        }
    }
    *ret_devices = made;
    made = NULL;
    return ERR_OK;
}

void http_devices_destroy(struct http_devices **devices)
{
    if (*devices != NULL) {
        for (size_t i = 0; i < (*devices)->count; i++) {
            explicit_bzero((*devices)->slots[i].device.password,
                           sizeof((*devices)->slots[i].device.password));
        }
    }
    free(*devices);
    *devices = NULL;
}

/* Higher is better; see http_devices_find. */
static int fit_of(const struct http_slot *slot, const char *user)
{
    if (slot->device.user[0] == '\0') {
        return 2;
    }
    return user != NULL && strcmp(user, slot->device.user) == 0 ? 3 : 1;
}

/* Does it say the id that this device has? Not asked of families that do not name themselves. */
static bool is_itself(const struct http_slot *slot, const struct http_caller *caller)
{
    if (slot->driver->names_itself == NULL) {
        return true;
    }
    const char *said = caller->argument(caller->argument_ctx, slot->driver->names_itself);
    return said != NULL && strcmp(said, slot->device.device_id) == 0;
}

enum http_found http_devices_find(struct http_devices *devices, const struct http_caller *caller,
                                  struct http_slot **ret_slot, const char **ret_subpath)
{
    enum http_found found = HTTP_FOUND_NO_PATH;
    int best = 0;
    for (size_t i = 0; i < devices->count; i++) {
        struct http_slot *slot = &devices->slots[i];
        const char *subpath = http_driver_subpath(slot->driver, slot->device.path, caller->path);
        if (subpath == NULL) {
            continue;
        }
        if (found == HTTP_FOUND_NO_PATH) {
            found = HTTP_FOUND_NO_SOURCE;
        }
        bool from_there = slot->any_source || same_address(slot->source, caller->source);
        if (from_there && fit_of(slot, caller->user) > best && is_itself(slot, caller)) {
            best = fit_of(slot, caller->user);
            found = HTTP_FOUND;
            *ret_slot = slot;
            *ret_subpath = subpath;
        }
    }
    return found;
}

static bool is_due(bool before, struct mono last, struct mono now, int64_t pause_ms)
{
    return !before || !mono_before(now, mono_after_ms(last, pause_ms));
}

static void report_bad(struct http_slot *slot, struct mono now, const struct driver_sink *sink)
{
    if (!is_due(slot->complained, slot->complained_at, now, HTTP_DEVICES_COMPLAINT_MS)) {
        return;
    }
    char what[NAME_SIZE + 40];
    int size = snprintf(what, sizeof(what), "%s %s: body not understood", slot->driver->noun,
                        slot->device.reader.text);
    MUST(size > 0 && (size_t)size < sizeof(what));
    slot->complained = true;
    slot->complained_at = now;
    slot->known_down = true;
    sink->state(sink->ctx, slot->device.reader, DEVICE_DOWN, what);
}

void http_slot_report(struct http_slot *slot, const struct http_outcome *outcome, struct mono now,
                      const struct driver_sink *sink)
{
    if (outcome->put_aside) {
        report_bad(slot, now, sink);
    } else if (outcome->understood && (!slot->known_up || slot->known_down)) {
        slot->known_up = true;
        slot->known_down = false;
        sink->state(sink->ctx, slot->device.reader, DEVICE_UP, "posts are understood");
    }
    if (outcome->notice != NULL &&
        is_due(slot->noticed, slot->noticed_at, now, HTTP_DEVICES_NOTICE_MS)) {
        slot->noticed = true;
        slot->noticed_at = now;
        sink->state(sink->ctx, slot->device.reader, DEVICE_UP, outcome->notice);
    }
}
