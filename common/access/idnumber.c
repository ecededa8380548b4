#include "common/access/idnumber.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/access/utf8.h"
#include "common/base/must.h"

enum { LEGACY_LENGTH = 15, FIRST_YEAR = 1900, BOM = 0xfeff };

/* The characters after trimming and folding: a run of printable ASCII. */
struct plain {
    char text[IDNUMBER_RAW_MAX + 1];
    size_t size;
};

/* Folds and trims. False: not UTF-8, too long, or a character beyond printable ASCII. */
static bool read_plain(struct bytes raw, struct plain *ret_plain)
{
    struct plain plain = {.size = 0};
    if (raw.size > IDNUMBER_RAW_MAX) {
        return false;
    }
    bool begun = false;
    size_t at = 0;
    while (at < raw.size) {
        uint32_t point = 0;
        if (!utf8_next(raw, &at, &point)) {
            return false;
        }
        point = utf8_fold_width(point);
        bool padding = point == ' ' || point == BOM || point == '\r' || point == '\n';
        bool apostrophe = point == '\'' || point == 0x2018 || point == 0x2019;
        if (!begun && (padding || apostrophe)) {
            continue;
        }
        begun = true;
        if (!padding && (point < ' ' || point > '~')) {
            return false;
        }
        plain.text[plain.size++] = padding ? ' ' : (char)point;
    }
    while (plain.size > 0 && plain.text[plain.size - 1] == ' ') {
        plain.size--;
    }
    plain.text[plain.size] = '\0';
    *ret_plain = plain;
    return true;
}

static size_t count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* digits[.digits]E[+]digits, as spreadsheets write large numbers. */
static bool is_scientific(const struct plain *plain)
{
    const char *at = plain->text;
    size_t whole = count_digits(at);
    at += whole;
    if (*at == '.') {
        at += 1 + count_digits(at + 1);
    }
    if (whole == 0 || (*at != 'E' && *at != 'e')) {
        return false;
    }
    at++;
    at += *at == '+';
    size_t exponent = count_digits(at);
    return exponent > 0 && at[exponent] == '\0';
}

/* GB 11643-1999: ISO 7064 MOD 11-2 over the first 17 digits. */
static char check_character(const char text[IDNUMBER_TEXT_SIZE])
{
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (size_t i = 0; i < ARRAY_LEN(weights); i++) {
        sum += (text[i] - '0') * weights[i];
    }
    return "10X98765432"[sum % 11];
}

static int number_at(const char *text, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static struct civil_date birthday_in(const char text[IDNUMBER_TEXT_SIZE])
{
    return (struct civil_date){.year = number_at(text + 6, 4),
                               .month = (uint8_t)number_at(text + 10, 2),
                               .day = (uint8_t)number_at(text + 12, 2)};
}

static bool has_real_birthday(const char text[IDNUMBER_TEXT_SIZE])
{
    int32_t day = 0;
    struct civil_date born = birthday_in(text);
    return born.year >= FIRST_YEAR && civil_day_of(born, &day);
}

bool idnumber_is_younger(const struct idnumber *idnumber, int32_t years, int32_t day)
{
    int32_t reached = 0;
    struct civil_date then = birthday_in(idnumber->text);
    then.year += years;
    if (!civil_day_of(then, &reached)) {
        then.month = 3;
        then.day = 1;
        MUST(civil_day_of(then, &reached));
    }
    return day < reached;
}

static enum idnumber_kind kind_of(const char text[IDNUMBER_TEXT_SIZE])
{
    if (text[0] == '9') {
        return IDNUMBER_KIND_FOREIGN_RESIDENT;
    }
    bool hmt = text[0] == '8' && text[1] >= '1' && text[1] <= '3';
    return hmt ? IDNUMBER_KIND_HMT_RESIDENT : IDNUMBER_KIND_RESIDENT;
}

/* Judges the shape only: which characters, how many. */
static enum idnumber_status check_shape(struct plain *plain)
{
    if (plain->size == 0) {
        return IDNUMBER_EMPTY;
    }
    if (is_scientific(plain)) {
        return IDNUMBER_SCIENTIFIC;
    }
    if (plain->text[plain->size - 1] == 'x') {
        plain->text[plain->size - 1] = 'X';
    }
    size_t digits = count_digits(plain->text);
    bool ends_in_x = digits + 1 == plain->size && plain->text[digits] == 'X';
    if (digits != plain->size && !ends_in_x) {
        return IDNUMBER_FOREIGN_CHARACTER;
    }
    if (digits == LEGACY_LENGTH && plain->size == LEGACY_LENGTH) {
        return IDNUMBER_LEGACY;
    }
    return plain->size == IDNUMBER_LENGTH ? IDNUMBER_OK : IDNUMBER_BAD_LENGTH;
}

static enum idnumber_status check_content(const char text[IDNUMBER_TEXT_SIZE])
{
    if (text[IDNUMBER_LENGTH - 1] != check_character(text)) {
        bool rounded = strcmp(text + IDNUMBER_LENGTH - 3, "000") == 0;
        return rounded ? IDNUMBER_ROUNDED : IDNUMBER_BAD_CHECKSUM;
    }
    return has_real_birthday(text) ? IDNUMBER_OK : IDNUMBER_BAD_DATE;
}

enum idnumber_status idnumber_read(struct bytes raw, struct idnumber *ret_idnumber)
{
    MUST(ret_idnumber != NULL);
    struct plain plain;
    if (!read_plain(raw, &plain)) {
        return IDNUMBER_FOREIGN_CHARACTER;
    }
    enum idnumber_status status = check_shape(&plain);
    if (status == IDNUMBER_OK) {
        status = check_content(plain.text);
    }
    if (status == IDNUMBER_OK) {
        *ret_idnumber = (struct idnumber){.kind = kind_of(plain.text)};
        memcpy(ret_idnumber->text, plain.text, IDNUMBER_TEXT_SIZE);
    }
    return status;
}

void idnumber_mask(const struct idnumber *idnumber, char out[IDNUMBER_TEXT_SIZE])
{
    MUST(idnumber != NULL);
    memcpy(out, idnumber->text, IDNUMBER_TEXT_SIZE);
    memset(out + 6, '*', 8);
}

static const struct {
    const char *name;
    const char *en;
    const char *zh;
} statuses[] = {
    [IDNUMBER_OK] = {"ok",                "the number is right",                           "号码正确"                                                                                 },
    [IDNUMBER_EMPTY] = {"empty",             "the ID number is missing",                      "缺少身份证号"                                                                           },
    [IDNUMBER_SCIENTIFIC] =
        {"scientific",
                     "a spreadsheet turned the ID number into a number like 3.3E+17; format "
         "the column as text and export again",                                            "身份证号被表格软件变成科学计数；请将该列设为文本格式后重新导出"},
    [IDNUMBER_ROUNDED] =
        {"rounded",
                     "a spreadsheet rounded the ID number, it ends in 000; format the column as "
         "text and export again",                                                          "身份证号末尾被表格软件变成000；请将该列设为文本格式后重新导出"   },
    [IDNUMBER_LEGACY] = {"legacy",
                     "the old ID number of 15 digits is not accepted; give the one of 18", "不接受15位旧身份证号；请提供18位号码"                                         },
    [IDNUMBER_FOREIGN_CHARACTER] = {"foreign-character",
                     "the ID number holds something else than digits and a final X",       "身份证号含有数字和末位X以外的字符"                                            },
    [IDNUMBER_BAD_LENGTH] = {"bad-length",        "the ID number has not 18 characters",
                     "身份证号不是18位"                                                                                                                                            },
    [IDNUMBER_BAD_CHECKSUM] = {"bad-checksum",
                     "the ID number's check character is wrong; compare it with the card", "身份证号校验位错误；请与证件核对"                                             },
    [IDNUMBER_BAD_DATE] = {"bad-date",
                     "the date of birth in the ID number does not exist; compare it with the "
                           "card",                                                         "身份证号中的出生日期不存在；请与证件核对"                                 },
};
_Static_assert(ARRAY_LEN(statuses) == IDNUMBER_STATUS_COUNT, "each status has its sentences");

const char *idnumber_status_name(enum idnumber_status status)
{
    return (size_t)status < ARRAY_LEN(statuses) ? statuses[status].name : "unknown";
}

const char *idnumber_status_en(enum idnumber_status status)
{
    return (size_t)status < ARRAY_LEN(statuses) ? statuses[status].en : "unknown";
}

const char *idnumber_status_zh(enum idnumber_status status)
{
    return (size_t)status < ARRAY_LEN(statuses) ? statuses[status].zh : "未知";
}
