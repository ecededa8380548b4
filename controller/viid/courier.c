#include "controller/viid/courier.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/errors.h"

enum { NUMBER_SIZE = 24 };

void courier_begin(struct courier *courier, const struct viid_settings *settings, struct desk *desk,
                   struct upper *uppers)
{
    *courier = (struct courier){.desk = desk, .uppers = uppers, .settings = settings};
    for (size_t i = 0; i < VIID_PEERS_MAX; i++) {
        courier->peers[i].courier = courier;
        courier->peers[i].place = i;
    }
}

static uint64_t number_cell(const Parkgate__Reply *reply, size_t row, const char *column)
{
    char text[NUMBER_SIZE];
    return strtoull(desk_cell(reply, row, column, text, sizeof(text)), NULL, 10);
}

static struct upper_notice notice_of(const Parkgate__Reply *reply, size_t row)
{
    char target[16];
    struct upper_notice notice = {.number = number_cell(reply, row, "notice")};
    notice.when.us = (int64_t)number_cell(reply, row, "time_us");
    desk_cell(reply, row, "target", target, sizeof(target));
    notice.vehicle = strcmp(target, "vehicle") == 0;
    desk_cell(reply, row, "disposition", notice.disposition, sizeof(notice.disposition));
    desk_cell(reply, row, "title", notice.title, sizeof(notice.title));
    desk_cell(reply, row, "plate", notice.plate, sizeof(notice.plate));
    desk_cell(reply, row, "receive_addr", notice.receive_addr, sizeof(notice.receive_addr));
    return notice;
}

static void on_due(void *ctx, const Parkgate__Reply *reply)
{
    char from[NUMBER_SIZE];
    struct courier_peer *peer = ctx;
    struct upper *upper = &peer->courier->uppers[peer->place];
    peer->asks = false;
    if (reply == NULL || reply->error != ERROR_NONE) {
        return;
    }
    size_t rows = desk_rows(reply);
    for (size_t i = 0; i < rows; i++) {
        struct upper_notice notice = notice_of(reply, i);
        if (notice.number == 0 || !upper_take(upper, &notice)) {
            return; /* no room: the same again */
        }
    }
    peer->after =
        desk_note(reply, "from", from, sizeof(from)) == NULL ? 0 : strtoull(from, NULL, 10);
}

static void on_told(void *ctx, const Parkgate__Reply *reply)
{
    struct courier_peer *peer = ctx;
    peer->tells = false;
    if (reply != NULL && (reply->error == ERROR_NONE || reply->error == ERROR_NOT_FOUND)) {
        upper_forget(&peer->courier->uppers[peer->place], peer->telling);
    }
}

static void ask(struct courier_peer *peer, struct mono now)
{
    char after[NUMBER_SIZE];
    const struct courier *courier = peer->courier;
    const struct viid_peer *known = &courier->settings->peers[peer->place];
    (void)snprintf(after, sizeof(after), "%" PRIu64, peer->after);
    const char *upper = known->url[0] == '\0'             ? "none"
                        : courier->uppers[peer->place].up ? "up"
                                                          : "down";
    struct desk_request request = {
        .verb = "library.due",
        .count = 3,
        .names = {"peer",           "from", "upper"},
        .values = {known->name.text, after,  upper  }
    };
    peer->asks = desk_ask(courier->desk, &request, on_due, peer, now);
    peer->next = mono_after_ms(now, COURIER_POLL_MS);
}

static void tell(struct courier_peer *peer, uint64_t number, struct mono now)
{
    char text[NUMBER_SIZE];
    const struct courier *courier = peer->courier;
    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    struct desk_request request = {
        .verb = "library.sent",
        .count = 2,
        .names = {"peer",                                          "notice"},
        .values = {courier->settings->peers[peer->place].name.text, text    }
    };
    peer->telling = number;
    peer->tells = desk_ask(courier->desk, &request, on_told, peer, now);
}

void courier_turn(struct courier *courier, struct mono now)
{
    for (size_t i = 0; i < courier->settings->peer_count; i++) {
        struct courier_peer *peer = &courier->peers[i];
        uint64_t acknowledged = upper_acknowledged(&courier->uppers[i]);
        if (!peer->asks && !mono_before(now, peer->next)) {
            ask(peer, now);
        }
        if (!peer->tells && acknowledged != 0) {
            tell(peer, acknowledged, now);
        }
    }
}
