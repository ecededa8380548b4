#include "tests/unit/controller/agreed.h"

#include <string.h>

#include "common/base/must.h"
#include "controller/app/request.h"
#include "controller/store/key_store.h"

struct agreed {
    const Parkgate__Request *message;
    const char *by;
    struct answer *answer;
};

static enum err carry_out(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct agreed *agreed = ctx;
    Parkgate__KeyRecord *key = NULL;
    TRY(key_by_name(ctl->txn, agreed->by, &key, fault));
    answer_reset(agreed->answer);
    struct request request = {.message = agreed->message,
                              .key = key,
                              .verb = verb_find(agreed->message->verb),
                              .version = 1,
                              .answer = agreed->answer,
                              .agreed_by = "another"};
    enum err err = request_handler_of(agreed->message->verb)(ctl, &request, fault);
    parkgate__key_record__free_unpacked(key, NULL);
    return err;
}

unsigned agreed_carry_out(struct controller *ctl, const char *by, const char *verb, va_list *pairs)
{
    static struct answer answer; /* one thread */
    char *names[AGREED_ARGS];
    ProtobufCBinaryData values[AGREED_ARGS];
    Parkgate__Request message = PARKGATE__REQUEST__INIT;
    struct agreed agreed = {.message = &message, .by = by, .answer = &answer};
    size_t count = 0;
    for (const char *name = va_arg(*pairs, const char *); name != NULL;
         name = va_arg(*pairs, const char *)) {
        const char *value = va_arg(*pairs, const char *);
        MUST(count < AGREED_ARGS);
        names[count] = (char *)(uintptr_t)name;
        values[count++] =
            (ProtobufCBinaryData){.len = strlen(value), .data = (uint8_t *)(uintptr_t)value};
    }
    message.verb = (char *)(uintptr_t)verb;
    message.n_arg = message.n_value = count;
    message.arg = names;
    message.value = values;
    message.version = 1;
    answer_reset(&answer);
    batch_run(ctl, carry_out, &agreed);
    return answer.complaint.number;
}
