#include "controller/app/watch_words.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "schema/errors.h"
#include "schema/kinds.h"

void watch_words_authority(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__AuthorityRecord *record = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "%s %s: %s", record->name,
                   record->suspended ? "suspended" : "acts", record->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s %s：%s", record->name,
                   record->suspended ? "已停用" : "生效", record->reason);
}

void watch_words_begin(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__WatchBundle *bundle = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "bundle %llu of %s begun",
                   (unsigned long long)bundle->number, bundle->authority);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s 第 %llu 批开始接收", bundle->authority,
                   (unsigned long long)bundle->number);
}

void watch_words_slice(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__WatchSlice *slice = (const void *)body;
    (void)snprintf(w->text, sizeof(w->text), "bundle %llu of %s: changes %u to %u, inert",
                   (unsigned long long)slice->number, slice->authority, slice->first,
                   slice->first + (uint32_t)slice->n_record - 1);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s 第 %llu 批：第 %u 至 %u 条，未生效",
                   slice->authority, (unsigned long long)slice->number, slice->first,
                   slice->first + (uint32_t)slice->n_record - 1);
}

void watch_words_close(const ProtobufCMessage *body, struct entry_words *w)
{
    const Parkgate__WatchClose *close = (const void *)body;
    struct complaint c = {.number = (enum error_number)close->error};
    char why[256] = "";
    char why_zh[256] = "";
    for (size_t i = 0; i < close->n_arg && i < ERROR_ARGS; i++) {
        (void)snprintf(c.arg[i], sizeof(c.arg[i]), "%s", close->arg[i]);
    }
    if (close->error != 0) {
        error_sentence_en(&c, why, sizeof(why));
        error_sentence_zh(&c, why_zh, sizeof(why_zh));
    }
    (void)snprintf(w->text, sizeof(w->text), "bundle %llu of %s %s%s%s",
                   (unsigned long long)close->number, close->authority,
                   close->cancelled ? "came to nothing" : "applied", why[0] != '\0' ? ": " : "",
                   why);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s 第 %llu 批%s%s%s", close->authority,
                   (unsigned long long)close->number, close->cancelled ? "未生效" : "已生效",
                   why_zh[0] != '\0' ? "：" : "", why_zh);
}

void watch_words_step(const ProtobufCMessage *body, struct entry_words *w)
{
    static const struct {
        const char *en, *zh;
    } words[] = {
        [WATCH_COUNTERSIGNED] = {"an entry was countersigned",                   "一条布控已会签"            },
        [WATCH_REFUSED] = {"an entry was refused",                         "一条布控被拒绝会签"      },
        [WATCH_ENDED] = {"entries long over: their keys are destroyed",  "已过期布控：密钥已销毁"},
        [WATCH_LOOKED] = {"identity numbers were hashed",                 "已计算证件号码摘要"      },
        [WATCH_AT_GATES] = {"the copy of every online gate has the bundle",
                                 "全部在线出入口副本均已收到该批"                                    },
        [WATCH_LAPSED] = {"entries are over",                             "布控已到期"                  },
    };
    const Parkgate__WatchStep *step = (const void *)body;
    if (step->step >= ARRAY_LEN(words) || words[step->step].en == NULL) {
        return;
    }
    bool by = step->by[0] != '\0';
    (void)snprintf(w->text, sizeof(w->text), "%s: %s%s%s%s%s", step->authority,
                   words[step->step].en, by ? " by " : "", step->by,
                   step->reason[0] != '\0' ? ": " : "", step->reason);
    (void)snprintf(w->text_zh, sizeof(w->text_zh), "%s：%s%s%s%s%s", step->authority,
                   words[step->step].zh, by ? "，" : "", step->by,
                   step->reason[0] != '\0' ? "：" : "", step->reason);
}
