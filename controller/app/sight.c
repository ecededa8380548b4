#include "controller/app/sight.h"

#include "controller/store/hidden_store.h"

static bool has_role(const struct request *request, uint32_t roles)
{
    return (request->key->roles & roles) != 0;
}

bool sight_of_hits(const struct request *request)
{
    return has_role(request, 1U << ROLE_SECURITY);
}

bool sight_of_chain(const struct request *request)
{
    return has_role(request, 1U << ROLE_ADMIN | 1U << ROLE_SECURITY | 1U << ROLE_AUDITOR);
}

enum err sight_told(const struct controller *ctl, const struct request *request, uint64_t sequence,
                    uint64_t *ret, struct fault *fault)
{
    *ret = sequence;
    return sight_of_chain(request) ? ERR_OK : hidden_shown(ctl->txn, sequence, ret, fault);
}

enum err sight_meant(const struct controller *ctl, const struct request *request, uint64_t number,
                     uint64_t *ret, struct fault *fault)
{
    *ret = number;
    return sight_of_chain(request) ? ERR_OK : hidden_sequence(ctl->txn, number, ret, fault);
}
