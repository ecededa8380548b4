/* Keys that are replaced at work: the gate's own, and the controller's (schema/GRAMMAR.md, REKEY).
 *
 * agent.key.next lies beside agent.key until the controller knows it; a crash before that leaves
 * the old key in force. server.key, when it is there, stands above server_key of agent.conf;
 * server.key.next is what the controller will answer by. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "reader-agent/app/gate.h"

enum { OFFER_AGAIN_MS = 2000, QUIET_WAIT_MS = 10000, OFFER_END_MS = 60000 };

static bool path_of(const struct gate *gate, const char *name, char out[SETTINGS_PATH_SIZE])
{
    return settings_path(gate->dir, name, out, NULL) == ERR_OK;
}

/* Puts `from` in the place of `to`, durably. */
static bool put_in_place(const struct gate *gate, const char *from, const char *to)
{
    char source[SETTINGS_PATH_SIZE];
    char target[SETTINGS_PATH_SIZE];
    if (!path_of(gate, from, source) || !path_of(gate, to, target) || rename(source, target) != 0) {
        return false;
    }
    return file_sync_directory(gate->dir, NULL) == ERR_OK;
}

static void forget(const struct gate *gate, const char *name)
{
    char path[SETTINGS_PATH_SIZE];
    if (path_of(gate, name, path)) {
        (void)unlink(path);
    }
}

static void say(struct gate *gate, const Parkgate__Rekey *message)
{
    (void)!controller_link_send(gate->controller, MESSAGE_REKEY, &message->base, NULL);
}

/* --- the gate's own key --- */

static void offer(struct gate *gate)
{
    Parkgate__Rekey message = PARKGATE__REKEY__INIT;
    message.gate = gate->settings.gate.text;
    message.gate_key =
        (ProtobufCBinaryData){.len = LINK_KEY_SIZE, .data = gate->rekey.next.public_key.bytes};
    say(gate, &message);
    gate->rekey.offer_at = mono_after_ms(gate_mono(gate), OFFER_AGAIN_MS);
}

static void drop(struct gate *gate)
{
    link_key_pair_destroy(&gate->rekey.next);
    gate->rekey.drawn = gate->rekey.known = false;
    forget(gate, "agent.key.next");
}

static void draw(struct gate *gate)
{
    char path[SETTINGS_PATH_SIZE];
    struct fault fault = {0};
    if (gate->rekey.drawn || !path_of(gate, "agent.key.next", path)) {
        return;
    }
    forget(gate, "agent.key.next");
    if (link_key_pair_draw(&gate->rekey.next, &fault) != ERR_OK ||
        link_key_pair_write(path, &gate->rekey.next, &fault) != ERR_OK) {
        log_error("rekey_failed", LOG_TEXT("why", fault.what));
        drop(gate);
        return;
    }
    gate->rekey.drawn = true;
    gate->rekey.until = mono_after_ms(gate_mono(gate), OFFER_END_MS);
    offer(gate);
}

static void heard_back(struct gate *gate, struct bytes key)
{
    if (gate->rekey.drawn && !gate->rekey.known &&
        bytes_equal(key, BYTES_OF(gate->rekey.next.public_key.bytes))) {
        gate->rekey.known = true;
        gate->rekey.until = mono_after_ms(gate_mono(gate), QUIET_WAIT_MS);
    }
}

/* Nobody stands before a lane and waits for an answer to the old key. */
static bool is_quiet(const struct gate *gate)
{
    return presentation_count(&gate->presentations) == 0 && gate->backlog.in_flight_count == 0;
}

static void take_over(struct gate *gate)
{
    if (!put_in_place(gate, "agent.key.next", "agent.key")) {
        log_error("rekey_failed", LOG_TEXT("why", strerror(errno)));
        drop(gate);
        return;
    }
    link_key_pair_destroy(&gate->keys);
    gate->keys = gate->rekey.next;
    link_key_pair_destroy(&gate->rekey.next);
    gate->rekey.drawn = gate->rekey.known = false;
    controller_link_set_keys(gate->controller, &gate->keys);
    uplink_renew(gate);
    log_event("rekeyed", LOG_TEXT("gate", gate->settings.gate.text));
}

/* --- the controller's key --- */

static void keep_server_key(struct gate *gate, struct bytes key)
{
    char path[SETTINGS_PATH_SIZE];
    struct fault fault = {0};
    struct rekey *rekey = &gate->rekey;
    Parkgate__Rekey reply = PARKGATE__REKEY__INIT;
    if (!rekey->has_server_next || !bytes_equal(key, BYTES_OF(rekey->server_next.bytes))) {
        forget(gate, "server.key.next");
        memcpy(rekey->server_next.bytes, key.data, LINK_KEY_SIZE);
        if (!path_of(gate, "server.key.next", path) ||
            link_key_write(path, rekey->server_next, &fault) != ERR_OK) {
            log_error("server_key_not_kept", LOG_TEXT("why", fault.what));
            return;
        }
        rekey->has_server_next = true;
    }
    reply.gate = gate->settings.gate.text;
    reply.server_key =
        (ProtobufCBinaryData){.len = LINK_KEY_SIZE, .data = rekey->server_next.bytes};
    say(gate, &reply);
}

static void use_server_key(struct gate *gate, bool next)
{
    gate->rekey.tries_next = next;
    controller_link_set_server(gate->controller,
                               next ? gate->rekey.server_next : gate->rekey.server_now);
}

void rekey_server_silent(struct gate *gate)
{
    if (gate->rekey.has_server_next) {
        use_server_key(gate, !gate->rekey.tries_next);
    }
}

void rekey_welcomed(struct gate *gate)
{
    struct rekey *rekey = &gate->rekey;
    if (!rekey->tries_next) {
        return;
    }
    if (!put_in_place(gate, "server.key.next", "server.key")) {
        log_error("server_key_not_kept", LOG_TEXT("why", strerror(errno)));
        return; /* both are known still */
    }
    rekey->server_now = rekey->server_next;
    rekey->has_server_next = rekey->tries_next = false;
    log_event("server_key_replaced", LOG_TEXT("gate", gate->settings.gate.text));
}

enum err rekey_begin(struct gate *gate, struct link_key *ret_server, struct fault *fault)
{
    char path[SETTINGS_PATH_SIZE];
    struct rekey *rekey = &gate->rekey;
    TRY(settings_path(gate->dir, "server.key", path, fault));
    enum err err = link_key_read(path, &rekey->server_now, fault);
    if (err == ERR_NOT_FOUND) {
        err = link_key_from_z85(gate->settings.server_key, &rekey->server_now)
                  ? ERR_OK
                  : fault_set(fault, ERR_INPUT, "server_key in agent.conf is no key");
    }
    TRY(err);
    TRY(settings_path(gate->dir, "server.key.next", path, fault));
    rekey->has_server_next = link_key_read(path, &rekey->server_next, NULL) == ERR_OK;
    *ret_server = rekey->server_now;
    return ERR_OK;
}

/* --- both --- */

void rekey_heard(struct gate *gate, const Parkgate__Rekey *message)
{
    struct bytes gate_key = {.data = message->gate_key.data, .size = message->gate_key.len};
    struct bytes server_key = {.data = message->server_key.data, .size = message->server_key.len};
    if (strcmp(message->gate, gate->settings.gate.text) != 0) {
        log_error("rekey_not_ours", LOG_TEXT("gate", message->gate));
        return;
    }
    if (message->draw) {
        draw(gate);
    }
    if (gate_key.size == LINK_KEY_SIZE) {
        heard_back(gate, gate_key);
    }
    if (server_key.size == LINK_KEY_SIZE) {
        keep_server_key(gate, server_key);
        if (message->server_now && gate->rekey.has_server_next) {
            use_server_key(gate, true);
            uplink_renew(gate);
        }
    }
}

void rekey_tick(struct gate *gate)
{
    struct rekey *rekey = &gate->rekey;
    struct mono now = gate_mono(gate);
    if (!rekey->drawn) {
        return;
    }
    bool over = !mono_before(now, rekey->until);
    if (rekey->known && (over || is_quiet(gate))) {
        take_over(gate);
    } else if (!rekey->known && over) {
        log_warning("rekey_unanswered", LOG_TEXT("gate", gate->settings.gate.text));
        drop(gate);
    } else if (!rekey->known && !mono_before(now, rekey->offer_at)) {
        offer(gate);
    }
}
