#include "controller/app/emergency_news.h"

#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "controller/app/controller.h"
#include "schema/envelope.h"

Parkgate__Emergency emergency_message(const Parkgate__EmergencyRecord *record)
{
    Parkgate__Emergency message = PARKGATE__EMERGENCY__INIT;
    message.number = record->number;
    message.state = record->state;
    message.n_zone = record->n_zone;
    message.zone = record->zone;
    message.admits = record->admits;
    message.by = record->by;
    return message;
}

void emergency_news_stage(struct controller *ctl, const Parkgate__EmergencyRecord *record)
{
    struct emergency_told *told = &ctl->emergency_news.staged;
    Parkgate__Emergency message = emergency_message(record);
    *told = (struct emergency_told){.set = record->state != EMERGENCY_NONE,
                                    .admits = record->admits,
                                    .state = record->state,
                                    .number = record->number,
                                    .size = parkgate__emergency__get_packed_size(&message)};
    MUST(told->size <= sizeof(told->frame));
    (void)parkgate__emergency__pack(&message, told->frame);
}

void emergency_news_kept(struct controller *ctl)
{
    if (ctl->emergency_news.staged.number != 0) {
        ctl->emergency_news.unkept.set = false;
        ctl->emergency_news.staged = (struct emergency_told){.set = false};
    }
}

static void tell(struct controller *ctl, const struct link_peer *peer, uint8_t version)
{
    const struct emergency_told *told = &ctl->emergency_news.unkept;
    uint8_t frame[sizeof(told->frame) + 64];
    size_t size = envelope_wrap(version, MESSAGE_EMERGENCY, 0,
                                (struct bytes){.data = told->frame, .size = told->size}, frame,
                                sizeof(frame));
    ctl->outlet.send(ctl->outlet.ctx, PORT_AGENTS, peer,
                     (struct bytes){.data = frame, .size = size});
}

/* Events come again until they are on record: gates need not hear of the same each time. */
void emergency_news_lost(struct controller *ctl)
{
    struct emergency_news *news = &ctl->emergency_news;
    struct emergency_told staged = news->staged;
    news->staged = (struct emergency_told){.set = false};
    if (!staged.set || (news->unkept.set && news->unkept.state == staged.state &&
                        staged.state == EMERGENCY_FIRE)) {
        return;
    }
    news->unkept = staged;
    if (staged.number > ctl->emergency_shown) {
        ctl->emergency_shown = staged.number; /* what is recorded later stands above */
    }
    log_error("emergency_not_recorded", LOG_NUM("state", staged.state),
              LOG_NUM("number", staged.number));
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        const struct session *session = &ctl->sessions.items[i];
        if (session->used) {
            tell(ctl, &session->peer, session->version);
        }
    }
}

void emergency_news_shown(struct controller *ctl, const struct link_peer *peer, uint8_t version,
                          uint64_t number)
{
    if (ctl->emergency_news.unkept.set && number < ctl->emergency_news.unkept.number) {
        tell(ctl, peer, version);
    }
}
