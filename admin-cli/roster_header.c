#include "admin-cli/roster_header.h"

#include <ctype.h>
#include <string.h>

#include "admin-cli/roster_cell.h"
#include "common/base/must.h"

enum { HEADING_SIZE = 128 };

struct heading {
    const char *text; /* in compared form */
    enum roster_column column;
};

static const struct heading headings[] = {
    {"姓名",          COLUMN_NAME        },
    {"名字",          COLUMN_NAME        },
    {"员工姓名",    COLUMN_NAME        },
    {"人员姓名",    COLUMN_NAME        },
    {"name",            COLUMN_NAME        },
    {"fullname",        COLUMN_NAME        },
    {"person",          COLUMN_NAME        },
    {"personname",      COLUMN_NAME        },
    {"worker",          COLUMN_NAME        },
    {"workername",      COLUMN_NAME        },
    {"employee",        COLUMN_NAME        },
    {"employeename",    COLUMN_NAME        },
    {"身份证",       COLUMN_ID          },
    {"身份证号",    COLUMN_ID          },
    {"身份证号码", COLUMN_ID          },
    {"证件号",       COLUMN_ID          },
    {"证件号码",    COLUMN_ID          },
    {"id",              COLUMN_ID          },
    {"idno",            COLUMN_ID          },
    {"idno.",           COLUMN_ID          },
    {"idnumber",        COLUMN_ID          },
    {"idcard",          COLUMN_ID          },
    {"idcardnumber",    COLUMN_ID          },
    {"identitynumber",  COLUMN_ID          },
    {"identitycard",    COLUMN_ID          },
    {"手机",          COLUMN_PHONE       },
    {"手机号",       COLUMN_PHONE       },
    {"手机号码",    COLUMN_PHONE       },
    {"电话",          COLUMN_PHONE       },
    {"联系电话",    COLUMN_PHONE       },
    {"联系方式",    COLUMN_PHONE       },
    {"phone",           COLUMN_PHONE       },
    {"phonenumber",     COLUMN_PHONE       },
    {"mobile",          COLUMN_PHONE       },
    {"mobilenumber",    COLUMN_PHONE       },
    {"telephone",       COLUMN_PHONE       },
    {"租户",          COLUMN_TENANT      },
    {"租户名",       COLUMN_TENANT      },
    {"租户代码",    COLUMN_TENANT      },
    {"用工单位",    COLUMN_TENANT      },
    {"tenant",          COLUMN_TENANT      },
    {"公司",          COLUMN_COMPANY     },
    {"单位",          COLUMN_COMPANY     },
    {"所属单位",    COLUMN_COMPANY     },
    {"所属公司",    COLUMN_COMPANY     },
    {"company",         COLUMN_COMPANY     },
    {"employer",        COLUMN_COMPANY     },
    {"劳务公司",    COLUMN_AGENCY      },
    {"供应商",       COLUMN_AGENCY      },
    {"派遣公司",    COLUMN_AGENCY      },
    {"agency",          COLUMN_AGENCY      },
    {"supplier",        COLUMN_AGENCY      },
    {"类型",          COLUMN_KIND        },
    {"类别",          COLUMN_KIND        },
    {"人员类型",    COLUMN_KIND        },
    {"人员类别",    COLUMN_KIND        },
    {"用工类型",    COLUMN_KIND        },
    {"kind",            COLUMN_KIND        },
    {"type",            COLUMN_KIND        },
    {"category",        COLUMN_KIND        },
    {"卡号",          COLUMN_BADGE       },
    {"门禁卡",       COLUMN_BADGE       },
    {"门禁卡号",    COLUMN_BADGE       },
    {"工牌",          COLUMN_BADGE       },
    {"工牌号",       COLUMN_BADGE       },
    {"badge",           COLUMN_BADGE       },
    {"badgeuid",        COLUMN_BADGE       },
    {"card",            COLUMN_BADGE       },
    {"carduid",         COLUMN_BADGE       },
    {"cardnumber",      COLUMN_BADGE       },
    {"uid",             COLUMN_BADGE       },
    {"工号",          COLUMN_EXTERNAL    },
    {"员工编号",    COLUMN_EXTERNAL    },
    {"人员编号",    COLUMN_EXTERNAL    },
    {"external",        COLUMN_EXTERNAL    },
    {"externalnumber",  COLUMN_EXTERNAL    },
    {"employeenumber",  COLUMN_EXTERNAL    },
    {"employeeno",      COLUMN_EXTERNAL    },
    {"staffnumber",     COLUMN_EXTERNAL    },
    {"staffno",         COLUMN_EXTERNAL    },
    {"班次",          COLUMN_SHIFT       },
    {"班组",          COLUMN_SHIFT       },
    {"shift",           COLUMN_SHIFT       },
    {"日期",          COLUMN_DATE        },
    {"用工日期",    COLUMN_DATE        },
    {"入园日期",    COLUMN_DATE        },
    {"date",            COLUMN_DATE        },
    {"workdate",        COLUMN_DATE        },
    {"开始日期",    COLUMN_FROM        },
    {"起始日期",    COLUMN_FROM        },
    {"生效日期",    COLUMN_FROM        },
    {"from",            COLUMN_FROM        },
    {"fromdate",        COLUMN_FROM        },
    {"start",           COLUMN_FROM        },
    {"startdate",       COLUMN_FROM        },
    {"validfrom",       COLUMN_FROM        },
    {"结束日期",    COLUMN_TO          },
    {"截止日期",    COLUMN_TO          },
    {"到期日期",    COLUMN_TO          },
    {"有效期",       COLUMN_TO          },
    {"有效期至",    COLUMN_TO          },
    {"to",              COLUMN_TO          },
    {"todate",          COLUMN_TO          },
    {"until",           COLUMN_TO          },
    {"end",             COLUMN_TO          },
    {"enddate",         COLUMN_TO          },
    {"validuntil",      COLUMN_TO          },
    {"车牌",          COLUMN_PLATE       },
    {"车牌号",       COLUMN_PLATE       },
    {"车牌号码",    COLUMN_PLATE       },
    {"plate",           COLUMN_PLATE       },
    {"platenumber",     COLUMN_PLATE       },
    {"licenceplate",    COLUMN_PLATE       },
    {"licenseplate",    COLUMN_PLATE       },
    {"序号",          COLUMN_KNOWN_UNUSED},
    {"编号",          COLUMN_KNOWN_UNUSED},
    {"no",              COLUMN_KNOWN_UNUSED},
    {"no.",             COLUMN_KNOWN_UNUSED},
    {"#",               COLUMN_KNOWN_UNUSED},
    {"性别",          COLUMN_KNOWN_UNUSED},
    {"sex",             COLUMN_KNOWN_UNUSED},
    {"gender",          COLUMN_KNOWN_UNUSED},
    {"备注",          COLUMN_KNOWN_UNUSED},
    {"remark",          COLUMN_KNOWN_UNUSED},
    {"remarks",         COLUMN_KNOWN_UNUSED},
    {"note",            COLUMN_KNOWN_UNUSED},
    {"岗位",          COLUMN_KNOWN_UNUSED},
    {"证件类型",    COLUMN_KNOWN_UNUSED},
};

static const struct bilingual titles[COLUMN_COUNT] = {
    [COLUMN_NAME] = {{"name", "姓名"}},
    [COLUMN_ID] = {{"id number", "身份证号"}},
    [COLUMN_PHONE] = {{"phone", "手机"}},
    [COLUMN_TENANT] = {{"tenant", "租户"}},
    [COLUMN_COMPANY] = {{"company", "公司"}},
    [COLUMN_AGENCY] = {{"agency", "劳务公司"}},
    [COLUMN_KIND] = {{"kind", "类型"}},
    [COLUMN_BADGE] = {{"badge", "卡号"}},
    [COLUMN_EXTERNAL] = {{"staff number", "工号"}},
    [COLUMN_SHIFT] = {{"shift", "班次"}},
    [COLUMN_DATE] = {{"date", "日期"}},
    [COLUMN_FROM] = {{"from", "开始日期"}},
    [COLUMN_TO] = {{"until", "结束日期"}},
    [COLUMN_PLATE] = {{"plate", "车牌"}},
    [COLUMN_KNOWN_UNUSED] = {{"", ""}},
};

/* Plain width, lower case, without blanks, stars, _ and -, up to a bracket. */
static void compared_form(const char *heading, char out[HEADING_SIZE])
{
    char plain[HEADING_SIZE];
    size_t at = 0;
    cell_fold_width(heading, strlen(heading), plain, sizeof(plain));
    for (const char *p = plain; *p != '\0' && *p != '(' && *p != '[' && *p != '/'; p++) {
        unsigned char byte = (unsigned char)*p;
        if (byte <= ' ' || byte == '*' || byte == '_' || byte == '-' || byte == '"' ||
            byte == ':') {
            continue;
        }
        out[at++] = (char)tolower(byte);
    }
    out[at] = '\0';
}

enum roster_column roster_column_of(const char *heading)
{
    char form[HEADING_SIZE];
    compared_form(heading, form);
    for (size_t i = 0; i < ARRAY_LEN(headings); i++) {
        if (strcmp(headings[i].text, form) == 0) {
            return headings[i].column;
        }
    }
    return COLUMN_UNKNOWN;
}

struct bilingual roster_column_title(enum roster_column column)
{
    MUST(column < COLUMN_COUNT);
    return titles[column];
}

/* Known headings of the line when cut at `delimiter`; 0 when the needed one is not among them. */
static size_t count_known(enum roster_kind kind, const char *line, size_t size, char delimiter)
{
    size_t known = 0;
    bool needed = false;
    for (size_t at = 0; at <= size;) {
        const char *end = memchr(line + at, delimiter, size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - line) - at;
        char cell[HEADING_SIZE] = "";
        if (length < sizeof(cell)) {
            memcpy(cell, line + at, length);
            cell[length] = '\0';
        }
        enum roster_column column = roster_column_of(cell);
        known += column < COLUMN_KNOWN_UNUSED;
        needed = needed || column == (kind == ROSTER_PERSONS ? COLUMN_NAME : COLUMN_PLATE);
        at += length + 1;
    }
    return needed ? known : 0;
}

bool roster_is_header(enum roster_kind kind, const char *line, size_t size, char *ret_delimiter)
{
    static const char delimiters[] = {',', ';', '\t'};
    size_t best = 0;
    for (size_t i = 0; i < ARRAY_LEN(delimiters); i++) {
        size_t known = count_known(kind, line, size, delimiters[i]);
        if (known > best) {
            best = known;
            *ret_delimiter = delimiters[i];
        }
    }
    return best >= (kind == ROSTER_PERSONS ? 2 : 1);
}
