#include "admin-cli/roster_cell.h"

#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/access/credential.h"
#include "common/access/idnumber.h"
#include "common/access/plate.h"
#include "common/base/ids.h"
#include "common/base/must.h"

enum {
    SPREADSHEET_DAY_ZERO = -25569, /* 1899-12-30, the day 0 of spreadsheets, in days since 1970 */
    SPREADSHEET_DAY_FIRST = 36526, /* 2000-01-01 */
    SPREADSHEET_DAY_LAST = 73050,  /* 2099-12-31 */
    PLAIN_SIZE = 512,
};

static const struct bilingual fine = {
    {NULL, NULL}
};

void cell_fold_width(const char *text, size_t size, char *out, size_t out_size)
{
    size_t at = 0;
    MUST(out_size > 0);
    for (size_t i = 0; i < size;) {
        const unsigned char *p = (const unsigned char *)text + i;
        size_t left = size - i;
        size_t length = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
        length = length > left ? left : length;
        char plain = 0;
        if (length == 3 && p[0] == 0xef && (p[1] == 0xbc || p[1] == 0xbd)) {
            /* U+FF01..U+FF5E */
            unsigned point = (unsigned)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
            unsigned ascii = point - 0xf00 + 0x20;
            plain = ascii > 0x20 && ascii < 0x7f ? (char)ascii : 0;
        } else if ((length == 3 && memcmp(p, "\xe3\x80\x80", 3) == 0) ||
                   (length == 2 && memcmp(p, "\xc2\xa0", 2) == 0)) {
            plain = ' ';
        }
        size_t wanted = plain != 0 ? 1 : length;
        if (at + wanted >= out_size) {
            break;
        }
        if (plain != 0) {
            out[at] = plain;
        } else {
            memcpy(out + at, p, length);
        }
        at += wanted;
        i += length;
    }
    out[at] = '\0';
}

/* Bytes of a blank at the start of the text; 0: none. */
static size_t blank_at(const char *text, size_t size)
{
    static const char *const wide[] = {"\xc2\xa0", "\xe3\x80\x80", "\xef\xbb\xbf", "\xe2\x80\x8b"};
    if (size > 0 && (unsigned char)text[0] <= ' ') {
        return 1;
    }
    for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
        size_t length = strlen(wide[i]);
        if (size >= length && memcmp(text, wide[i], length) == 0) {
            return length;
        }
    }
    return 0;
}

static size_t blank_before(const char *text, size_t size)
{
    for (size_t length = 1; length <= 3 && length <= size; length++) {
        if (blank_at(text + size - length, length) == length) {
            return length;
        }
    }
    return 0;
}

bool cell_trim(const char *text, size_t size, char *out, size_t out_size)
{
    for (size_t blank; (blank = blank_at(text, size)) > 0 || (size > 0 && text[0] == '\'');) {
        blank = blank == 0 ? 1 : blank;
        text += blank;
        size -= blank;
    }
    for (size_t blank; (blank = blank_before(text, size)) > 0;) {
        size -= blank;
    }
    bool fits = size < out_size;
    size = fits ? size : 0;
    memcpy(out, text, size);
    out[size] = '\0';
    return fits;
}

static bool all_digits(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* 3.30102E+17, 1.38E10: a number that a spreadsheet has rounded for good. */
static bool is_scientific(const char *text)
{
    size_t digits = strspn(text, "0123456789.");
    return digits > 0 && (text[digits] == 'E' || text[digits] == 'e') &&
           strspn(text + digits + 1, "+0123456789") == strlen(text + digits + 1) &&
           text[digits + 1] != '\0' && strchr(text, '.') != NULL;
}

static bool read_three(const char *plain, long part[3])
{
    for (size_t i = 0; i < 3; i++) {
        size_t digits = strspn(plain, "0123456789");
        if (digits == 0 || digits > (i == 0 ? 4 : 2)) {
            return false;
        }
        part[i] = 0;
        for (size_t d = 0; d < digits; d++) {
            part[i] = part[i] * 10 + (plain[d] - '0');
        }
        plain += digits;
        size_t mark = i == 2 ? 0 : strspn(plain, "-/.");
        static const char *const units[] = {"年", "月", "日"};
        if (strncmp(plain, units[i], strlen(units[i])) == 0) {
            mark = strlen(units[i]);
        } else if (i < 2 && mark != 1) {
            return false;
        }
        plain += mark;
    }
    return *plain == '\0';
}

struct bilingual cell_read_date(const char *cell, int32_t *ret_day)
{
    static const struct bilingual wrong = {
        {"\"%1\" is no date; write it as 2026-01-09", "“%1”不是日期；请写成 2026-01-09"}
    };
    char plain[PLAIN_SIZE];
    long part[3];
    cell_fold_width(cell, strlen(cell), plain, sizeof(plain));
    if (all_digits(plain) && strlen(plain) == 5) {
        int32_t serial = 0;
        for (const char *p = plain; *p != '\0'; p++) {
            serial = serial * 10 + (*p - '0');
        }
        if (serial < SPREADSHEET_DAY_FIRST || serial > SPREADSHEET_DAY_LAST) {
            return wrong;
        }
        *ret_day = serial + SPREADSHEET_DAY_ZERO;
        return fine;
    }
    if (!read_three(plain, part) || part[0] < 2000 || part[0] > 2099) {
        return wrong;
    }
    struct civil_date date = {
        .year = (int32_t)part[0], .month = (uint8_t)part[1], .day = (uint8_t)part[2]};
    return civil_day_of(date, ret_day) ? fine : wrong;
}

struct bilingual cell_read_person_kind(const char *cell, const char **ret_kind)
{
    static const struct bilingual wrong = {
        {"\"%1\" is no kind of person; use staff, day, driver or visitor",
         "“%1”不是人员类型；请用 正式工、日结工、司机 或 访客"}
    };
    static const struct {
        const char *word, *kind;
    } words[] = {
        {"staff",     "staff"  },
        {"正式",    "staff"  },
        {"正式工", "staff"  },
        {"员工",    "staff"  },
        {"长期工", "staff"  },
        {"day",       "day"    },
        {"日结",    "day"    },
        {"日结工", "day"    },
        {"临时工", "day"    },
        {"小时工", "day"    },
        {"临工",    "day"    },
        {"劳务工", "day"    },
        {"driver",    "driver" },
        {"司机",    "driver" },
        {"驾驶员", "driver" },
        {"visitor",   "visitor"},
        {"访客",    "visitor"},
        {"来访",    "visitor"},
        {"Staff",     "staff"  },
        {"Day",       "day"    },
        {"Driver",    "driver" },
        {"Visitor",   "visitor"},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i].word, cell) == 0) {
            *ret_kind = words[i].kind;
            return fine;
        }
    }
    return wrong;
}

struct bilingual cell_read_phone(const char *cell, char *out, size_t out_size)
{
    static const struct bilingual wrong = {
        {"this is no phone number; write 5 to 15 digits", "这不是电话号码；请写 5 到 15 位数字"}
    };
    static const struct bilingual rounded = {
        {"a spreadsheet made a rounded number of it; format the column as text, enter it again and "
         "export again", "表格软件已将其变成近似数；请将该列设为文本格式，重新填写并导出"}
    };
    char plain[PLAIN_SIZE];
    size_t at = 0;
    cell_fold_width(cell, strlen(cell), plain, sizeof(plain));
    if (is_scientific(plain)) {
        return rounded;
    }
    for (const char *p = plain; *p != '\0'; p++) {
        if (*p == ' ' || *p == '-') {
            continue;
        }
        if (at + 1 >= out_size) {
            return wrong;
        }
        out[at++] = *p;
    }
    out[at] = '\0';
    const char *digits = out[0] == '+' ? out + 1 : out;
    return all_digits(digits) && strlen(digits) >= 5 && strlen(digits) <= 15 ? fine : wrong;
}

struct bilingual cell_read_badge(const char *cell, char *out, size_t out_size)
{
    static const struct bilingual wrong = {
        {"this is no card UID; write its 4, 7 or 10 bytes as 8, 14 or 20 hex digits, as the reader "
         "shows them", "这不是卡片 UID；请按读卡器显示写出 4、7 或 10 字节，即 8、14 或 20 位十六进制"}
    };
    static const struct bilingual rounded = {
        {"a spreadsheet made a rounded number of it; format the column as text, enter it again and "
         "export again", "表格软件已将其变成近似数；请将该列设为文本格式，重新填写并导出"}
    };
    static const struct bilingual random = {
        {"this UID (08...) is drawn anew at every read; it cannot be enrolled",
         "此 UID（08 开头）每次读取都会变化；不能登记"}
    };
    char plain[PLAIN_SIZE];
    struct credential badge;
    cell_fold_width(cell, strlen(cell), plain, sizeof(plain));
    if (is_scientific(plain)) {
        return rounded;
    }
    if (!credential_from_uid_text(bytes_of_text(plain), &badge) ||
        (size_t)badge.size * 2 + 1 > out_size) {
        return wrong;
    }
    if (badge_uid_is_random(credential_view(&badge))) {
        return random;
    }
    bytes_to_hex(credential_view(&badge), out, out_size);
    return fine;
}

struct bilingual cell_read_plate(const char *cell, char *out, size_t out_size)
{
    static const struct bilingual wrong = {
        {"this is no Chinese number plate; write it as it stands on the vehicle",
         "这不是有效车牌；请按车上所示填写"}
    };
    struct plate plate;
    if (plate_read(bytes_of_text(cell), PLATE_SOURCE_TEXT, &plate) != PLATE_OK ||
        !plate_is_exact(&plate) || strlen(plate.text) >= out_size) {
        return wrong;
    }
    (void)snprintf(out, out_size, "%s", plate.text);
    return fine;
}

struct bilingual cell_read_shift(const char *cell, char *out, size_t out_size)
{
    static const struct bilingual wrong = {
        {"\"%1\" is no shift's name; use the names of the park file, for example day or night",
         "“%1”不是班次名称；请用园区文件中的名称，例如 day 或 night"}
    };
    static const struct {
        const char *word, *name;
    } words[] = {
        {"白班", "day"  },
        {"白",    "day"  },
        {"日班", "day"  },
        {"早班", "day"  },
        {"夜班", "night"},
        {"夜",    "night"},
        {"晚班", "night"}
    };
    struct name name;
    const char *text = cell;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i].word, cell) == 0) {
            text = words[i].name;
        }
    }
    if (!name_from_text(text, &name) || strlen(text) >= out_size) {
        return wrong;
    }
    (void)snprintf(out, out_size, "%s", text);
    return fine;
}

struct bilingual cell_read_tenant(const char *cell, char *out, size_t out_size)
{
    static const struct bilingual wrong = {
        {"\"%1\" is no tenant's name; use a name that `parkgate tenant list` shows",
         "“%1”不是租户名称；请用 `parkgate tenant list` 中的名称"}
    };
    struct name name;
    if (!name_from_text(cell, &name) || strlen(cell) >= out_size) {
        return wrong;
    }
    (void)snprintf(out, out_size, "%s", cell);
    return fine;
}

struct bilingual cell_read_id(const char *cell, size_t size, char *out, size_t out_size)
{
    struct idnumber number;
    enum idnumber_status status =
        idnumber_read((struct bytes){.data = (const uint8_t *)cell, .size = size}, &number);
    if (status == IDNUMBER_OK) {
        (void)snprintf(out, out_size, "%s", number.text);
        return fine;
    }
    return (struct bilingual){
        {idnumber_status_en(status), idnumber_status_zh(status)}
    };
}

struct bilingual cell_read_text(const char *cell, char *out, size_t out_size)
{
    static const struct bilingual too_long = {
        {"the text is too long", "文字过长"}
    };
    static const struct bilingual control = {
        {"the text holds a line break or control character", "文字中有换行或控制字符"}
    };
    if (strlen(cell) >= out_size) {
        return too_long;
    }
    for (const char *p = cell; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) {
            return control;
        }
    }
    (void)snprintf(out, out_size, "%s", cell);
    return fine;
}
