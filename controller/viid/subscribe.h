/* subscribe: a peer's Subscribe (订阅). The park streams nothing of its people and vehicles to
 * anybody, so that each is refused, with a plain status that says why. Pure.
 */
#pragma once

#include <jansson.h>

#include "controller/viid/status.h"

enum { SUBSCRIBE_ID_SIZE = STATUS_ID_SIZE };

/* What is said of one object; `id` gets its SubscribeID (empty when it has none that is taken). The
 * code is never STATUS_OK. */
struct status subscribe_read(const json_t *object, char id[SUBSCRIBE_ID_SIZE]);
