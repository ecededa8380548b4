#include "admin-cli/watch_row.h"

#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/access/idnumber.h"
#include "common/access/plate.h"
#include "common/base/must.h"
#include "common/watch/watch_text.h"

#define DAY_US (INT64_C(86400) * 1000000)

enum { SHOWN_MAX = 40 };

/* --- columns and words --- */

static const struct {
    const char *name, *chinese;
    const char *field; /* as common/watch calls it */
} columns[WATCH_COLUMN_COUNT] = {
    [WATCH_COLUMN_CHANGE] = {"change",      "变更",       "kind of change"},
    [WATCH_COLUMN_ID] = {"id",          "编号",       "id"            },
    [WATCH_COLUMN_CATEGORY] = {"category",    "类别",       "category"      },
    [WATCH_COLUMN_PLATE] = {"plate",       "车牌",       "plate"         },
    [WATCH_COLUMN_BADGE] = {"badge",       "卡号",       "badge"         },
    [WATCH_COLUMN_IDENTITY] = {"id_number",   "身份证号", "identity"      },
    [WATCH_COLUMN_APPLICANT] = {"applicant",   "申请人",    "applicant"     },
    [WATCH_COLUMN_CASE] = {"case_number", "案号",       "case number"   },
    [WATCH_COLUMN_BASIS] = {"legal_basis", "法律依据", "legal basis"   },
    [WATCH_COLUMN_BEGIN] = {"begin",       "开始",       "begin"         },
    [WATCH_COLUMN_END] = {"end",         "结束",       "end"           },
    [WATCH_COLUMN_ACTION] = {"action",      "措施",       "action"        },
    [WATCH_COLUMN_CONTACT] = {"contact",     "联系人",    "contact"       },
    [WATCH_COLUMN_INSTRUCTION] = {"instruction", "处置提示", "instruction"   },
};

/* The Chinese words of the closed lists; the English ones are those of schema/watch.h. */
static const struct {
    const char *chinese, *word;
} words[] = {
    {"新增",          "add"           },
    {"续期",          "renew"         },
    {"撤销",          "withdraw"      },
    {"通缉",          "warrant"       },
    {"法院命令",    "court-order"   },
    {"失踪人员",    "missing-person"},
    {"被盗车辆",    "stolen-vehicle"},
    {"涉案车辆",    "wanted-vehicle"},
    {"静默通知",    "notify"        },
    {"请到值班台", "review"        },
};

enum watch_column watch_column_of(const char *heading)
{
    for (int i = 0; i < WATCH_COLUMN_COUNT; i++) {
        if (strcmp(columns[i].name, heading) == 0 || strcmp(columns[i].chinese, heading) == 0) {
            return (enum watch_column)i;
        }
    }
    return WATCH_COLUMN_COUNT;
}

const char *watch_column_name(enum watch_column column)
{
    MUST(column < WATCH_COLUMN_COUNT);
    return columns[column].name;
}

const char *watch_shown(const char *text)
{
    enum watch_text_flaw flaw = watch_text_check(bytes_of_text(text), SHOWN_MAX);
    bool plain = flaw == WATCH_TEXT_OK || flaw == WATCH_TEXT_EMPTY || flaw == WATCH_TEXT_BLANKS;
    return plain ? text : "...";
}

static const char *english(const char *word)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i].chinese, word) == 0) {
            return words[i].word;
        }
    }
    return word;
}

/* --- problems --- */

/* One row on its way. */
struct row {
    const struct watch_cells *cells;
    const struct watch_row_options *options;
    struct watch_change *change;
    struct watch_row_problem *problem;
};

static const char *cell(const struct row *row, enum watch_column column)
{
    return row->cells->cell[column];
}

static bool bad(const struct row *row, enum watch_column column, const char *en, const char *zh)
{
    row->problem->column = column;
    (void)snprintf(row->problem->sentence[LANG_EN], WATCH_SENTENCE_SIZE, "%s", en);
    (void)snprintf(row->problem->sentence[LANG_ZH], WATCH_SENTENCE_SIZE, "%s", zh);
    return false;
}

static bool bad_word(const struct row *row, enum watch_column column, const char *choices)
{
    char en[WATCH_SENTENCE_SIZE];
    char zh[WATCH_SENTENCE_SIZE];
    const char *word = cell(row, column);
    if (word[0] == '\0') {
        return bad(row, column, "is missing; fill it in", "缺失；请填写");
    }
    (void)snprintf(en, sizeof(en), "\"%s\" is none of %s", watch_shown(word), choices);
    (void)snprintf(zh, sizeof(zh), "“%s”不在可选范围内：%s", watch_shown(word), choices);
    return bad(row, column, en, zh);
}

/* A complaint of the park's own check, as the problem of a cell. */
static const struct {
    enum error_number number;
    const char *en, *zh; /* %3 and %4 are its arguments */
} remedies[] = {
    {ERROR_WATCH_MISSING, "is missing; fill it in",                    "缺失；请填写"              },
    {ERROR_WATCH_LONG,    "is over %4 bytes; shorten it",              "超过 %4 字节；请缩短"    },
    {ERROR_WATCH_TEXT,    "%4; correct it",                            "不合规定（%4）；请改正"},
    {ERROR_WATCH_MATCH,   "%4; correct it",                            "不合规定（%4）；请改正"},
    {ERROR_WATCH_TIME,    "%4; correct it",                            "不合规定（%4）；请改正"},
    {ERROR_WATCH_TERM,    "would last over %3 days; bring it forward", "期限超过 %3 天；请提前" },
};

static void fill(const struct complaint *c, const char *pattern, char out[WATCH_SENTENCE_SIZE])
{
    size_t used = 0;
    out[0] = '\0';
    for (const char *p = pattern; *p != '\0'; p++) {
        char one[2] = {*p, '\0'};
        const char *piece = one;
        if (p[0] == '%') {
            piece = c->arg[p[1] - '1'];
            p++;
        }
        int wrote = snprintf(out + used, WATCH_SENTENCE_SIZE - used, "%s", piece);
        used += wrote > 0 ? (size_t)wrote : 0;
        MUST(used < WATCH_SENTENCE_SIZE);
    }
}

static enum watch_column column_of_field(const struct complaint *c)
{
    if (c->number == ERROR_WATCH_TERM) {
        return WATCH_COLUMN_END;
    }
    if (c->number == ERROR_WATCH_MATCH && strstr(c->arg[3], "category") != NULL) {
        return WATCH_COLUMN_CATEGORY;
    }
    for (int i = 0; i < WATCH_COLUMN_COUNT; i++) {
        if (strcmp(columns[i].field, c->arg[2]) == 0) {
            return (enum watch_column)i;
        }
    }
    return WATCH_COLUMN_ID;
}

static bool bad_by_check(const struct row *row, const struct complaint *c)
{
    char en[WATCH_SENTENCE_SIZE];
    char zh[WATCH_SENTENCE_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(remedies); i++) {
        if (remedies[i].number == c->number) {
            fill(c, remedies[i].en, en);
            fill(c, remedies[i].zh, zh);
            return bad(row, column_of_field(c), en, zh);
        }
    }
    error_sentence_en(c, en, sizeof(en));
    error_sentence_zh(c, zh, sizeof(zh));
    return bad(row, WATCH_COLUMN_ID, en, zh);
}

/* --- cells --- */

static bool take_text(const struct row *row, enum watch_column column, char *out, size_t size)
{
    const char *text = cell(row, column);
    char en[64];
    char zh[64];
    if (strlen(text) < size) {
        memcpy(out, text, strlen(text) + 1);
        return true;
    }
    (void)snprintf(en, sizeof(en), "is over %zu bytes; shorten it", size - 1);
    (void)snprintf(zh, sizeof(zh), "超过 %zu 字节；请缩短", size - 1);
    return bad(row, column, en, zh);
}

static bool take_plate(const struct row *row)
{
    struct plate plate;
    struct credential credential;
    struct watch_entry *entry = &row->change->entry;
    struct bytes raw = bytes_of_text(cell(row, WATCH_COLUMN_PLATE));
    if (plate_read(raw, PLATE_SOURCE_TEXT, &plate) != PLATE_OK ||
        !credential_from_plate(&plate, &credential)) {
        return bad(row, WATCH_COLUMN_PLATE, "is no whole Chinese plate; correct it",
                   "不是完整的中国车牌；请改正");
    }
    entry->matcher = WATCH_MATCHER_PLATE;
    entry->match_size = credential.size;
    memcpy(entry->match, credential.bytes, sizeof(entry->match));
    return true;
}

static bool take_badge(const struct row *row)
{
    struct credential credential;
    struct watch_entry *entry = &row->change->entry;
    if (!credential_from_uid_text(bytes_of_text(cell(row, WATCH_COLUMN_BADGE)), &credential)) {
        return bad(row, WATCH_COLUMN_BADGE, "is no card UID of 8, 14 or 20 hex digits; correct it",
                   "不是 8、14 或 20 位十六进制卡号；请改正");
    }
    entry->matcher = WATCH_MATCHER_BADGE;
    entry->match_size = credential.size;
    memcpy(entry->match, credential.bytes, sizeof(entry->match));
    return true;
}

static bool take_identity(const struct row *row)
{
    struct idnumber number;
    struct watch_entry *entry = &row->change->entry;
    enum idnumber_status status =
        idnumber_read(bytes_of_text(cell(row, WATCH_COLUMN_IDENTITY)), &number);
    if (status != IDNUMBER_OK) {
        return bad(row, WATCH_COLUMN_IDENTITY, idnumber_status_en(status),
                   idnumber_status_zh(status));
    }
    if (row->options->match == NULL) {
        return bad(row, WATCH_COLUMN_IDENTITY,
                   "is hashed under the authority's matching key; give --match-key",
                   "须用机关的匹配密钥散列；请用 --match-key 给出");
    }
    struct seal_hash hash = watch_identity_of(row->options->match, &number);
    seal_wipe(&number, sizeof(number));
    entry->matcher = WATCH_MATCHER_IDENTITY;
    entry->match_size = SEAL_HASH_SIZE;
    memcpy(entry->match, hash.bytes, SEAL_HASH_SIZE);
    return true;
}

static bool take_match(const struct row *row)
{
    static bool (*const takers[])(const struct row *) = {take_plate, take_badge, take_identity};
    int given = -1;
    for (int i = 0; i < (int)ARRAY_LEN(takers); i++) {
        if (cell(row, (enum watch_column)(WATCH_COLUMN_PLATE + i))[0] == '\0') {
            continue;
        }
        if (given >= 0) {
            return bad(row, (enum watch_column)(WATCH_COLUMN_PLATE + i),
                       "a row has one of plate, badge and id_number; make two rows of it",
                       "每行只能有车牌、卡号、身份证号之一；请分成两行");
        }
        given = i;
    }
    if (given < 0) {
        return bad(row, WATCH_COLUMN_PLATE, "a plate, badge or id_number is missing; fill one in",
                   "缺少车牌、卡号或身份证号；请填写其一");
    }
    return takers[given](row);
}

/* YYYY-MM-DD, or with THH:MM behind it; `last`: a day counts to its end. */
static bool read_moment(const struct row *row, const char *text, bool last, struct wall *ret)
{
    int32_t day = 0;
    size_t size = strlen(text);
    struct bytes date = {.data = (const uint8_t *)text, .size = size < 10 ? size : 10};
    const char *time = text + date.size;
    bool shape = size == 16 && (time[0] == 'T' || time[0] == ' ') && time[3] == ':';
    for (size_t i = 1; shape && i < 6; i++) {
        shape = i == 3 || (time[i] >= '0' && time[i] <= '9');
    }
    if (!civil_date_parse(date, &day) || (size != 10 && !shape)) {
        return false;
    }
    if (size == 10) {
        *ret = civil_to_wall(row->options->zone, day + last, 0);
        return true;
    }
    int hour = (time[1] - '0') * 10 + time[2] - '0';
    int minute = (time[4] - '0') * 10 + time[5] - '0';
    *ret = civil_to_wall(row->options->zone, day, hour * 60 + minute);
    return hour < 24 && minute < 60;
}

static bool take_moment(const struct row *row, enum watch_column column, struct wall *moment)
{
    const char *text = cell(row, column);
    if (text[0] == '\0' || read_moment(row, text, column == WATCH_COLUMN_END, moment)) {
        return true;
    }
    return bad(row, column, "is no date like 2026-05-31 and no time like 2026-05-31T18:00",
               "不是 2026-05-31 这样的日期，也不是 2026-05-31T18:00 这样的时间");
}

/* --- changes --- */

static bool take_ground(const struct row *row)
{
    struct watch_entry *entry = &row->change->entry;
    return take_text(row, WATCH_COLUMN_APPLICANT, entry->applicant, sizeof(entry->applicant)) &&
           take_text(row, WATCH_COLUMN_CASE, entry->case_number, sizeof(entry->case_number)) &&
           take_text(row, WATCH_COLUMN_BASIS, entry->legal_basis, sizeof(entry->legal_basis));
}

static bool take_words(const struct row *row)
{
    struct watch_entry *entry = &row->change->entry;
    const char *action = english(cell(row, WATCH_COLUMN_ACTION));
    const char *instruction = cell(row, WATCH_COLUMN_INSTRUCTION);
    entry->action = WATCH_ACTION_NOTIFY;
    entry->instruction = WATCH_INSTRUCTION_CALL;
    if (!watch_category_from_name(english(cell(row, WATCH_COLUMN_CATEGORY)), &entry->category)) {
        return bad_word(row, WATCH_COLUMN_CATEGORY,
                        "warrant, court-order, missing-person, stolen-vehicle, wanted-vehicle");
    }
    if (action[0] != '\0' && !watch_action_from_name(action, &entry->action)) {
        return bad_word(row, WATCH_COLUMN_ACTION, "notify, review");
    }
    if (instruction[0] != '\0' && !watch_instruction_from_name(instruction, &entry->instruction)) {
        return bad_word(row, WATCH_COLUMN_INSTRUCTION,
                        "call, observe, ask-to-desk, check-document, check-vehicle, offer-help, "
                        "keep-distance");
    }
    return true;
}

static bool take_add(const struct row *row)
{
    struct watch_entry *entry = &row->change->entry;
    entry->begin = row->options->made;
    if (!take_ground(row) ||
        !take_text(row, WATCH_COLUMN_CONTACT, entry->contact, sizeof(entry->contact)) ||
        !take_words(row) || !take_match(row) ||
        !take_moment(row, WATCH_COLUMN_BEGIN, &entry->begin)) {
        return false;
    }
    entry->end.us = entry->begin.us + LIMIT_WATCH_PERSON_DAYS_DEFAULT * DAY_US;
    return take_moment(row, WATCH_COLUMN_END, &entry->end);
}

/* Columns that say nothing about a renewal or a withdrawal are empty there. */
static bool is_empty_beside(const struct row *row, enum watch_change_kind kind)
{
    for (int i = WATCH_COLUMN_CATEGORY; i < WATCH_COLUMN_COUNT; i++) {
        bool of_renewal = i == WATCH_COLUMN_APPLICANT || i == WATCH_COLUMN_CASE ||
                          i == WATCH_COLUMN_BASIS || i == WATCH_COLUMN_END;
        if (cell(row, (enum watch_column)i)[0] != '\0' &&
            !(kind == WATCH_CHANGE_RENEW && of_renewal)) {
            return bad(row, (enum watch_column)i,
                       "belongs to a new entry; a renewal has id, applicant, case_number, "
                       "legal_basis and end, a withdrawal its id alone",
                       "只属于新增；续期只填编号、申请人、案号、法律依据和结束，撤销只填编号");
        }
    }
    return true;
}

static bool take_change(const struct row *row)
{
    struct watch_change *change = row->change;
    const char *kind = english(cell(row, WATCH_COLUMN_CHANGE));
    change->kind = WATCH_CHANGE_ADD;
    if (kind[0] != '\0' && !watch_change_from_name(kind, &change->kind)) {
        return bad_word(row, WATCH_COLUMN_CHANGE, "add, renew, withdraw");
    }
    if (!take_text(row, WATCH_COLUMN_ID, change->entry.id, sizeof(change->entry.id))) {
        return false;
    }
    if (change->kind == WATCH_CHANGE_ADD) {
        return take_add(row);
    }
    if (!is_empty_beside(row, change->kind)) {
        return false;
    }
    return change->kind == WATCH_CHANGE_WITHDRAW ||
           (take_ground(row) && take_moment(row, WATCH_COLUMN_END, &change->entry.end));
}

bool watch_row_read(const struct watch_cells *cells, const struct watch_row_options *options,
                    struct watch_change *ret, struct watch_row_problem *ret_problem)
{
    uint8_t packed[LIMIT_WATCH_ENTRY_BYTES];
    struct complaint c = {0};
    struct row row = {.cells = cells, .options = options, .change = ret, .problem = ret_problem};
    memset(ret, 0, sizeof(*ret));
    if (!take_change(&row)) {
        return false;
    }
    struct watch_change again;
    struct watch_place place = {.change = 1, .made = options->made};
    struct bytes bytes = {.data = packed, .size = watch_change_write(ret, packed)};
    return watch_change_read(bytes, place, &again, &c) || bad_by_check(&row, &c);
}
