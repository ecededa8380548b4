#include "schema/verbs.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

static const char *const role_names[ROLE_COUNT] = {
    [ROLE_ADMIN] = "admin",     [ROLE_OPERATOR] = "operator", [ROLE_SECURITY] = "security",
    [ROLE_GUARD] = "guard",     [ROLE_TENANT] = "tenant",     [ROLE_AGENCY] = "agency",
    [ROLE_AUDITOR] = "auditor", [ROLE_STATION] = "station",   [ROLE_AGENT] = "agent",
    [ROLE_LIBRARY] = "library",
};

#define ADM (1U << ROLE_ADMIN)
#define OPR (1U << ROLE_OPERATOR)
#define SEC (1U << ROLE_SECURITY)
#define GRD (1U << ROLE_GUARD)
#define TEN (1U << ROLE_TENANT)
#define AGY (1U << ROLE_AGENCY)
#define AUD (1U << ROLE_AUDITOR)
#define STA (1U << ROLE_STATION)
#define LIB (1U << ROLE_LIBRARY)
/* each with his own key */
#define EVERYBODY (ADM | OPR | SEC | GRD | TEN | AGY | AUD | STA | LIB)

/* name, roles, own tenant, own lanes, changes, adds */
static const struct verb_spec verbs[] = {
    {"status",           ADM | OPR | SEC | GRD | AUD, false, false, false, false},
    {"status.metrics",   ADM | OPR | SEC | AUD,       false, false, false, false},
    {"park.show",        ADM | OPR | SEC | AUD,       false, false, false, false},
    {"park.stage",       ADM,                         false, false, true,  true },
    {"park.diff",        ADM,                         false, false, false, false},
    {"park.commit",      ADM,                         false, false, true,  true },
    {"tenant.add",       ADM | OPR,                   false, false, true,  true },
    {"tenant.suspend",   ADM | OPR,                   false, false, true,  false},
    {"tenant.resume",    ADM | OPR,                   false, false, true,  true },
    {"tenant.list",      ADM | OPR | SEC | AUD,       false, false, false, false},
    {"person.add",       ADM | OPR | TEN,             true,  false, true,  true },
    {"person.show",      ADM | OPR | SEC | TEN,       true,  false, true,  false},
    {"person.suspend",   ADM | OPR | TEN,             true,  false, true,  false},
    {"person.resume",    ADM | OPR | TEN,             true,  false, true,  true },
    {"person.list",      ADM | OPR | TEN,             true,  false, true,  false},
    {"person.find",      ADM | OPR | TEN,             true,  false, true,  false},
    {"person.export",    ADM | OPR,                   false, false, true,  false},
    {"person.erase",     ADM | OPR,                   false, false, true,  false},
    {"person.erasures",  ADM | OPR | AUD,             false, false, false, false},
    {"hold.add",         ADM | SEC,                   false, false, true,  false},
    {"hold.list",        ADM | SEC | AUD,             false, false, false, false},
    {"hold.end",         ADM | SEC,                   false, false, true,  false},
    {"disclose.ask",     ADM | SEC,                   false, false, true,  false},
    {"disclose.list",    ADM | SEC | AUD,             false, false, false, false},
    {"disclose.show",    ADM | SEC,                   false, false, false, false},
    {"disclose.file",    ADM | SEC,                   false, false, true,  false},
    {"disclose.due",     ADM | SEC,                   false, false, false, false},
    {"disclose.told",    ADM | SEC,                   false, false, true,  false},
    {"retention.show",   ADM | OPR | SEC | AUD,       false, false, false, false},
    {"retention.set",    ADM,                         false, false, true,  false},
    {"retention.run",    ADM,                         false, false, false, false},
    {"retention.exports", ADM | SEC | AUD,            false, false, false, false},
    {"retention.deleted", ADM | SEC,                  false, false, true,  false},
    {"import.begin",     ADM | OPR | TEN,             true,  false, true,  true },
    {"import.slice",     ADM | OPR | TEN,             true,  false, true,  true },
    {"import.close",     ADM | OPR | TEN,             true,  false, true,  true },
    {"import.cancel",    ADM | OPR | TEN,             true,  false, true,  false},
    {"badge.add",        ADM | OPR | TEN,             true,  false, true,  true },
    {"badge.revoke",     ADM | OPR | SEC | TEN,       true,  false, true,  false},
    {"badge.list",       ADM | OPR | TEN,             true,  false, false, false},
    {"face.attach",      ADM | OPR,                   false, false, true,  true },
    {"face.remove",      ADM | OPR | TEN,             true,  false, true,  false},
    {"face.sync",        ADM | OPR | SEC | AUD,       false, false, false, false},
    {"face.count",       ADM | OPR | SEC | AUD,       false, false, false, false},
    {"face.filing",      ADM,                         false, false, true,  false},
    {"vehicle.add",      ADM | OPR | TEN,             true,  false, true,  true },
    {"vehicle.remove",   ADM | OPR | TEN,             true,  false, true,  false},
    {"vehicle.list",     ADM | OPR | TEN,             true,  false, true,  false},
    {"pin.set",          ADM | OPR | TEN,             true,  false, true,  true },
    {"pin.remove",       ADM | OPR | SEC | TEN,       true,  false, true,  false},
    {"booking.add",      ADM | OPR | TEN,             true,  false, true,  true },
    {"booking.cancel",   ADM | OPR | TEN,             true,  false, true,  false},
    {"booking.list",     ADM | OPR | SEC | TEN,       true,  false, false, false},
    {"visitor.add",      ADM | OPR | TEN,             true,  false, true,  true },
    {"visitor.cancel",   ADM | OPR | TEN,             true,  false, true,  false},
    {"visitor.list",     ADM | OPR | SEC | TEN,       true,  false, false, false},
    {"assignment.add",   ADM | OPR | TEN,             true,  false, true,  true },
    {"assignment.end",   ADM | OPR | TEN,             true,  false, true,  false},
    {"assignment.list",  ADM | OPR | TEN,             true,  false, false, false},
    {"agent.carry",      ADM | SEC,                   false, false, true,  false},
    {"agent.enroll",     ADM,                         false, false, true,  true },
    {"agent.list",       ADM | OPR | SEC | AUD,       false, false, false, false},
    {"agent.rekey",      ADM | SEC,                   false, false, true,  true },
    {"agent.revoke",     ADM | SEC,                   false, false, true,  false},
    {"key.add",          ADM,                         false, false, true,  true },
    {"key.list",         ADM | AUD,                   false, false, false, false},
    {"key.revoke",       ADM | SEC,                   false, false, true,  false},
    {"key.replace",      EVERYBODY,                   false, false, true,  true },
    {"approval.list",    ADM | SEC | AUD,             false, false, false, false},
    {"approval.show",    ADM | SEC,                   false, false, false, false},
    {"approval.grant",   ADM | SEC,                   false, false, true,  true },
    {"approval.refuse",  ADM | SEC,                   false, false, true,  false},
    {"explain",          ADM | OPR | SEC | GRD,       false, true,  false, false},
    {"clearance.add",    ADM | OPR,                   false, false, true,  true },
    {"clearance.remove", ADM | OPR,                   false, false, true,  false},
    {"clearance.list",   ADM | OPR | TEN,             true,  false, false, false},
    {"notice.list",      ADM | OPR | TEN,             true,  false, false, false},
    {"ban.add",          ADM | SEC,                   false, false, true,  false},
    {"ban.appeal",       ADM | OPR | SEC,             false, false, true,  false},
    {"ban.decide",       ADM | SEC,                   false, false, true,  true },
    {"ban.list",         ADM | SEC | AUD,             false, false, false, false},
    {"lane.list",        ADM | OPR | SEC | GRD,       false, true,  false, false},
    {"lane.open",        ADM | OPR | SEC | GRD,       false, true,  true,  false},
    {"lane.lock",        ADM | OPR | SEC,             false, false, true,  false},
    {"lane.free",        ADM | SEC,                   false, false, true,  false},
    {"lane.normal",      ADM | OPR | SEC,             false, false, true,  false},
    {"muster",           ADM | OPR | SEC | GRD,       false, false, true,  false},
    {"muster.gates",     ADM | OPR | SEC | GRD,       false, false, false, false},
    {"emergency.start",  ADM | OPR | SEC | GRD,       false, false, true,  false},
    {"emergency.end",    ADM | SEC,                   false, false, true,  false},
    {"emergency.show",   ADM | OPR | SEC | GRD | AUD, false, false, false, false},
    {"alert.list",       ADM | OPR | SEC | GRD,       false, true,  false, false},
    {"alert.show",       ADM | OPR | SEC | GRD,       false, true,  false, false},
    {"alert.ack",        ADM | OPR | SEC | GRD,       false, true,  true,  false},
    {"alert.dispatch",   ADM | OPR | SEC | GRD,       false, true,  true,  false},
    {"alert.confirm",    ADM | OPR | SEC | GRD,       false, true,  true,  false},
    {"alert.reject",     ADM | OPR | SEC | GRD,       false, true,  true,  false},
    {"alert.close",      ADM | OPR | SEC | GRD,       false, true,  true,  false},
    {"alert.handover",   ADM | OPR | SEC | GRD,       false, true,  true,  false},
    {"alert.follow",     ADM | OPR | SEC | GRD,       false, true,  false, false},
    {"alert.stats",      ADM | OPR | SEC | AUD,       false, false, false, false},
    {"zone.list",        ADM | OPR | SEC | GRD | AUD, false, false, false, false},
    {"passback.forgive", ADM | OPR | SEC,             false, false, true,  true },
    {"passback.list",    ADM | OPR | SEC,             false, false, false, false},
    {"events",           ADM | OPR | SEC | AUD,       false, false, true,  false},
    {"headcount.show",   ADM | OPR | TEN | AGY | AUD, true,  false, false, false},
    {"headcount.why",    ADM | OPR | TEN,             true,  false, true,  false},
    {"headcount.verify", ADM | OPR | AUD,             false, false, false, false},
    {"who",              ADM | OPR | SEC | TEN,       true,  false, true,  false},
    {"journal.head",     ADM | AUD,                   false, false, false, false},
    {"journal.verify",   ADM | AUD,                   false, false, false, false},
    {"journal.show",     ADM | AUD,                   false, false, true,  false},
    {"audit.head",       ADM | AUD,                   false, false, false, false},
    {"audit.anchors",    ADM | SEC | AUD,             false, false, false, false},
    {"audit.verify",     ADM | AUD,                   false, false, false, false},
    {"audit.lookups",    ADM | AUD,                   false, false, false, false},
    {"audit.opens",      ADM | AUD,                   false, false, false, false},
    {"audit.export",     ADM,                         false, false, true,  true },
    {"audit.checkpoint", ADM,                         false, false, true,  true },
    {"audit.checkpoints", ADM | AUD,                  false, false, false, false},
    {"audit.truncate",   ADM,                         false, false, true,  false},
    {"recover.start",    ADM,                         false, false, true,  false},
    {"recover.show",     ADM | OPR | SEC | AUD,       false, false, false, false},
    {"recover.end",      ADM,                         false, false, true,  false},
    {"recover.persons",  ADM | OPR,                   false, false, false, false},
    {"recover.waiting",  ADM | OPR | SEC,             false, false, false, false},
    {"recover.confirm",  ADM,                         false, false, true,  true },
    {"authority.add",    ADM,                         false, false, true,  true },
    {"authority.list",   ADM | SEC | AUD,             false, false, false, false},
    {"authority.replace", ADM,                        false, false, true,  true },
    {"authority.resume", ADM | SEC,                   false, false, true,  true },
    {"authority.suspend", ADM | SEC,                  false, false, true,  false},
    {"watch.begin",      STA,                         false, false, true,  true },
    {"watch.chunk",      STA,                         false, false, true,  true },
    {"watch.key",        STA,                         false, false, false, false},
    {"watch.receipt",    STA,                         false, false, false, false},
    {"watch.status",     STA,                         false, false, false, false},
    {"watch.countersign", SEC,                        false, false, true,  true },
    {"watch.list",       SEC,                         false, false, false, false},
    {"watch.refuse",     SEC,                         false, false, true,  false},
    {"watch.show",       SEC,                         false, false, true,  false},
    {"backup",           ADM,                         false, false, true,  true },
    {"watch.candidate",  SEC | GRD,                   false, true,  false, false},
    {"watch.hits",       STA,                         false, false, false, false},
    {"library.hand",     LIB,                         false, false, true,  false},
    {"library.look",     LIB,                         false, false, false, false},
    {"library.due",      LIB,                         false, false, false, false},
    {"library.sent",     LIB,                         false, false, true,  false},
    {"disposition.enter", ADM | OPR | SEC,            false, false, true,  false},
    {"disposition.confirm", ADM | OPR | SEC,          false, false, true,  true },
    {"disposition.list", ADM | OPR | SEC | AUD,       false, false, false, false},
    {"disposition.show", ADM | OPR | SEC,             false, false, true,  false},
    {"disposition.refuse", ADM | OPR | SEC,           false, false, true,  false},
};

const char *role_name(enum role role)
{
    MUST(role < ROLE_COUNT);
    return role_names[role];
}

static bool role_bit(const char *text, size_t size, uint32_t *ret_bit)
{
    for (uint32_t i = 0; i < ROLE_COUNT; i++) {
        if (strlen(role_names[i]) == size && memcmp(role_names[i], text, size) == 0) {
            *ret_bit = 1U << i;
            return true;
        }
    }
    return false;
}

bool role_mask_from_text(const char *text, uint32_t *ret_mask)
{
    uint32_t mask = 0;
    for (const char *at = text;; at++) {
        size_t size = strcspn(at, ",");
        uint32_t bit = 0;
        if (!role_bit(at, size, &bit)) {
            return false;
        }
        mask |= bit;
        at += size;
        if (*at == '\0') {
            *ret_mask = mask;
            return true;
        }
    }
}

void role_mask_to_text(uint32_t mask, const char *between, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t role = 0; role < ROLE_COUNT && used < size; role++) {
        if ((mask & 1U << role) != 0) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? between : "",
                                     role_names[role]);
        }
    }
}

const struct verb_spec *verb_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

const struct verb_spec *verb_table(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(verbs);
    return verbs;
}
