/* service: what the park's view library answers: sessions, time, dispositions, refusals.
 *
 *   POST   /VIID/System/Register|Keepalive|UnRegister     GET /VIID/System/Time
 *   POST   /VIID/Dispositions       held for two named persons; one status for each object
 *   PUT    /VIID/Dispositions/<ID>  changes one that nobody confirmed yet, or withdraws it
 *   GET    /VIID/Dispositions       ?DispositionID=<ID>, or behind a slash: what became of it
 *   DELETE /VIID/Dispositions       ?IDList=a,b: withdraws
 *   POST   /VIID/Subscribes         refused; and whatever else a library takes: not ours
 *
 * Who speaks is the session that digest began, never what a body says: the source address that
 * registered, and where it names itself (User-Identify) the same name.
 */
#pragma once

#include "common/base/bucket.h"
#include "common/base/clock.h"
#include "common/base/entropy.h"
#include "controller/viid/desk.h"
#include "controller/viid/digest.h"
#include "controller/viid/server.h"
#include "controller/viid/settings.h"

/* A peer's session; soft state. */
struct service_session {
    bool live;
    char source[SERVER_SOURCE_SIZE];
    char device[VIID_ID_SIZE]; /* as it called itself at Register */
    struct mono until;
    struct bucket requests;
};

struct service {
    const struct viid_settings *settings; /* borrowed */
    struct desk *desk;                    /* borrowed */
    const struct clock *clock;            /* borrowed */
    struct digest_nonces nonces;
    struct service_session sessions[VIID_PEERS_MAX]; /* by the peer's place in settings */
};

void service_begin(struct service *service, const struct viid_settings *settings, struct desk *desk,
                   const struct clock *clock, const struct entropy *entropy);
/* For server_create(). */
struct server_hooks service_hooks(struct service *service);
