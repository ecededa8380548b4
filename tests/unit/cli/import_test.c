/* Goal: a roster file is taken whole or refused whole, and every trap of spreadsheets is named with
 * line, column and remedy. Method: files as tenants send them, byte by byte, through the command
 * line (bad ones: exact text and exit code 5, nothing sent) and the reader (good ones: each field).
 */
#include "tests/unit/cli/run.h"

#include "admin-cli/roster.h"
#include "schema/operator.pb-c.h"

#define GOOD_ID "11010519491231002X"

static struct scratch scratch;

static void write_csv(const char *text)
{
    scratch_write(&scratch, "r.csv", text, strlen(text));
}

/* What `person import r.csv --tenant sun` says; paths in it are shown as FILE. */
static void expect_refusal(const char *command, const char *text, size_t size, const char *err)
{
    char line[256];
    char expected[8192] = "";
    scratch_write(&scratch, "r.csv", text, size);
    (void)snprintf(line, sizeof(line), command, scratch.path);
    size_t at = 0;
    for (const char *p = err; *p != '\0'; p++) {
        if (strncmp(p, "FILE", 4) == 0) {
            at += (size_t)snprintf(expected + at, sizeof(expected) - at, "%s/r.csv", scratch.path);
            p += 3;
        } else {
            expected[at++] = *p;
        }
    }
    expect_run(line, 5, "", expected);
}

#define PERSONS            "person import %s/r.csv --tenant sun"
#define REFUSED(text, err) expect_refusal(PERSONS, text, sizeof(text) - 1, err)
#define ONE_PROBLEM                                                                                \
    "parkgate: FILE: 1 problems in the rows; nothing was imported; correct them and run it "       \
    "again\n"                                                                                      \
    "parkgate: FILE：数据行有 1 处问题；未导入任何内容；请改正后重试\n"

/* One bad row: its two lines, then the summary. */
#define BAD_ROW(text, en, zh) REFUSED(text, "parkgate: " en "\nparkgate: " zh "\n" ONE_PROBLEM)

static void test_wrong_header(void **state)
{
    (void)state;
    REFUSED(
        "Nachname,Geburt\nA,B\n",
        "parkgate: FILE: no header in the first 6 lines; the first columns needed are: name / "
        "姓名, id number / 身份证号\n"
        "parkgate: FILE：前 6 行中没有表头；至少需要这些列：name / 姓名, id number / 身份证号\n");
    REFUSED("姓名,手机\n张三,13800138000\n",
            "parkgate: FILE, line 1: the header has no column for id number / 身份证号\n"
            "parkgate: FILE，第 1 行：表头中没有 id number / 身份证号 列\n");
    REFUSED("姓名,名字,身份证\n张三,张三," GOOD_ID "\n",
            "parkgate: FILE, line 1: the columns \"姓名\" and \"名字\" mean the same; keep one\n"
            "parkgate: FILE，第 1 行：“姓名”列和“名字”列含义相同；请只保留一列\n");
    REFUSED("姓名,身份证,日期\n张三," GOOD_ID ",2026-01-09\n",
            "parkgate: FILE, line 1: the header has no column for shift / 班次\n"
            "parkgate: FILE，第 1 行：表头中没有 shift / 班次 列\n");
    REFUSED("姓名,身份证\n\n", "parkgate: FILE: there is no row below the header\n"
                               "parkgate: FILE：表头下面没有数据行\n");
    REFUSED("", "parkgate: FILE: no header in the first 6 lines; the first columns needed are: "
                "name / 姓名, id number / 身份证号\n"
                "parkgate: FILE：前 6 行中没有表头；至少需要这些列：name / 姓名, id number / "
                "身份证号\n");
}

static void test_tenant_must_be_known(void **state)
{
    (void)state;
    char line[128];
    char err[512];
    write_csv("姓名,身份证\n张三," GOOD_ID "\n");
    (void)snprintf(line, sizeof(line), "person import %s/r.csv", scratch.path);
    (void)snprintf(err, sizeof(err),
                   "parkgate: %s/r.csv: no tenant column; give --tenant\n"
                   "parkgate: %s/r.csv：没有租户列；请用 --tenant 给出\n",
                   scratch.path, scratch.path);
    expect_run(line, 2, "", err);
    expect_refusal(
        "person import %s/r.csv", "姓名,身份证,单位\n张三," GOOD_ID ",顺风公司\n",
        strlen("姓名,身份证,单位\n张三," GOOD_ID ",顺风公司\n"),
        "parkgate: line 2, column 单位: \"顺风公司\" is no tenant's name; use a name that "
        "`parkgate tenant list` shows\n"
        "parkgate: 第 2 行，“单位”列：“顺风公司”不是租户名称；请用 `parkgate tenant list` "
        "中的名称\n" ONE_PROBLEM);
}

static void test_bad_id_numbers(void **state)
{
    (void)state;
    BAD_ROW("name,id number\nA,110105194912310021\n",
            "line 2, column id number: the ID number's check character is wrong; compare it with "
            "the card",
            "第 2 行，“id number”列：身份证号校验位错误；请与证件核对");
    BAD_ROW("name,id number\nA,3.30102E+17\n",
            "line 2, column id number: a spreadsheet turned the ID number into a number like "
            "3.3E+17; format the column as text and export again",
            "第 2 行，“id "
            "number”列：身份证号被表格软件变成科学计数；请将该列设为文本格式后重新导出");
}

static void test_every_idnumber_status_is_listed(void **state)
{
    (void)state;
    static const char *const numbers[] = {"330102198001011000", "330102800101100",
                                          "33010219800230101X", "11010519491231A02X", "1101"};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char text[128];
        char line[128];
        (void)snprintf(text, sizeof(text), "name,id\nA,%s\n", numbers[i]);
        write_csv(text);
        (void)snprintf(line, sizeof(line), PERSONS, scratch.path);
        struct run run = run_line(line);
        assert_int_equal(run.code, 5);
        assert_non_null(strstr(run.err, "line 2, column id: "));
        assert_null(strstr(run.err, numbers[i])); /* never the number itself */
        run_free(&run);
    }
}

static void test_duplicate_rows(void **state)
{
    (void)state;
    BAD_ROW("姓名,身份证号\n张三," GOOD_ID "\n张三,11010519491231002x\n",
            "line 3, column 身份证号: the same value stands in line 2 already; keep one row",
            "第 3 行，“身份证号”列：与第 2 行相同；请只保留一行");
    BAD_ROW("name,staff number,badge\nA,1,04a1b2c3\nB,2,04:A1:B2:C3\n",
            "line 3, column badge: the same value stands in line 2 already; keep one row",
            "第 3 行，“badge”列：与第 2 行相同；请只保留一行");
    BAD_ROW("name,staff number\nA,1\nB,1\n",
            "line 3, column staff number: the same value stands in line 2 already; keep one row",
            "第 3 行，“staff number”列：与第 2 行相同；请只保留一行");
}

static void test_encodings_that_are_none(void **state)
{
    (void)state;
    REFUSED("name,id\nA,1\nB\xff\xfe,2\n",
            "parkgate: line 3: the text is neither UTF-8 nor GBK; save as UTF-8\n"
            "parkgate: 第 3 行：文字既不是 UTF-8 也不是 GBK；请另存为 UTF-8\n");
    /* UTF-8 by its header, then a GBK line: never read half in one, half in the other */
    REFUSED("姓名,身份证\n\xd5\xc5\xc8\xfd,1\n",
            "parkgate: line 2: the text is neither UTF-8 nor GBK; save as UTF-8\n"
            "parkgate: 第 2 行：文字既不是 UTF-8 也不是 GBK；请另存为 UTF-8\n");
    REFUSED("\xef\xbb\xbfname,id\nA,\xb0\xa1\n",
            "parkgate: line 2: the text is neither UTF-8 nor GBK; save as UTF-8\n"
            "parkgate: 第 2 行：文字既不是 UTF-8 也不是 GBK；请另存为 UTF-8\n");
    REFUSED("\xff\xfen\0a\0m\0e\0,\0i\0d\0\n\0",
            "parkgate: line 1: the text is neither UTF-8 nor GBK; save as UTF-8\n"
            "parkgate: 第 1 行：文字既不是 UTF-8 也不是 GBK；请另存为 UTF-8\n");
}

static void test_other_cells(void **state)
{
    (void)state;
    BAD_ROW("name,external,kind\nA,1,boss\n",
            "line 2, column kind: \"boss\" is no kind of person; use staff, day, driver or visitor",
            "第 2 行，“kind”列：“boss”不是人员类型；请用 正式工、日结工、司机 或 访客");
    BAD_ROW("name,external,shift,date\nA,1,day,2026-02-30\n",
            "line 2, column date: \"2026-02-30\" is no date; write it as 2026-01-09",
            "第 2 行，“date”列：“2026-02-30”不是日期；请写成 2026-01-09");
    BAD_ROW("name,external,shift,from,until\nA,1,day,2026-02-03,2026-02-01\n",
            "line 2, column until: the last day is before the first",
            "第 2 行，“until”列：结束日期早于开始日期");
    BAD_ROW("name,external,shift,date\nA,1,day,\n",
            "line 2, column date: a shift needs a date; fill it in",
            "第 2 行，“date”列：有班次就必须有日期；请填写");
    BAD_ROW("name,external\n,1\n", "line 2, column name: the cell is empty; fill it in",
            "第 2 行，“name”列：单元格为空；请填写");
    BAD_ROW("name,external\nA,1,2\n",
            "line 2, column 3: the row has more cells than the header; put a text with a comma in "
            "quotation marks",
            "第 2 行，“3”列：该行单元格多于表头；含逗号的文字请加引号");
    BAD_ROW("name,external,badge\nA,1,08a1b2c3\n",
            "line 2, column badge: this UID (08...) is drawn anew at every read; it cannot be "
            "enrolled",
            "第 2 行，“badge”列：此 UID（08 开头）每次读取都会变化；不能登记");
    static const char quote[] =
        "parkgate: FILE, line 2: a quotation mark stands alone or is never closed; close, double "
        "or "
        "remove it\n"
        "parkgate: FILE，第 2 行：引号单独出现或没有闭合；请补上、改为两个或删除\n";
    REFUSED("name,external\n\"A,1\nB,2\n", quote);
    REFUSED("name,external\nA\"B,1\nB,2\n", quote);
    /* a stray mark swallows at most 20 lines before it is named, not the rest of the file */
    char text[2048] = "name,external\n\"A,1\n";
    for (int i = 0; i < 40; i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof(text) - at, "B%d,%d\n", i, i);
    }
    (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "C\",1\n");
    expect_refusal(PERSONS, text, strlen(text), quote);
}

static void test_all_problems_are_listed_and_capped(void **state)
{
    (void)state;
    char text[8192] = "name,external,kind\n";
    char line[128];
    for (int i = 0; i < 150; i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof(text) - at, "A,%d,boss\n", i);
    }
    write_csv(text);
    (void)snprintf(line, sizeof(line), PERSONS, scratch.path);
    struct run run = run_line(line);
    size_t lines = 0;
    for (const char *p = run.err; (p = strchr(p, '\n')) != NULL; p++) {
        lines++;
    }
    assert_int_equal(run.code, 5);
    assert_int_equal(lines, 2 * 100 + 2);
    assert_non_null(strstr(run.err, "r.csv: 150 problems in the rows"));
    assert_non_null(strstr(run.err, "line 101, column kind"));
    assert_null(strstr(run.err, "line 102, column kind"));
    run_free(&run);
}

static void test_vehicles(void **state)
{
    (void)state;
    static const char bad[] = "车牌\n浙A12345\nABC\n浙a·12345\n";
    expect_refusal("vehicle import %s/r.csv --tenant sun", bad, sizeof(bad) - 1,
                   "parkgate: line 3, column 车牌: this is no Chinese number plate; write it as it "
                   "stands on the vehicle\n"
                   "parkgate: 第 3 行，“车牌”列：这不是有效车牌；请按车上所示填写\n"
                   "parkgate: line 4, column 车牌: the same value stands in line 2 already; keep "
                   "one row\n"
                   "parkgate: 第 4 行，“车牌”列：与第 2 行相同；请只保留一行\n"
                   "parkgate: FILE: 2 problems in the rows; nothing was imported; correct them and "
                   "run it again\n"
                   "parkgate: FILE：数据行有 2 处问题；未导入任何内容；请改正后重试\n");
}

static void test_json_errors(void **state)
{
    (void)state;
    char line[128];
    write_csv("name,external,kind\nA,1,boss\n");
    (void)snprintf(line, sizeof(line), PERSONS " --json", scratch.path);
    struct run run = run_line(line);
    assert_int_equal(run.code, 5);
    static const char start[] = "{\"error\":{\"number\":400,\"en\":\"line 2, column kind: ";
    assert_memory_equal(run.err, start, sizeof(start) - 1);
    assert_non_null(strstr(run.err, "\n{\"error\":{\"number\":410,"));
    run_free(&run);
}

/* --- good files --- */

static Parkgate__RosterRow *read_one(const char *text, size_t size,
                                     const struct roster_options *options, size_t rows)
{
    struct roster roster;
    struct complaint c = {0};
    char path[128];
    scratch_write(&scratch, "r.csv", text, size);
    (void)snprintf(path, sizeof(path), "%s/r.csv", scratch.path);
    if (!roster_read(path, options, &roster, &c)) {
        fail_msg("refused: error %d: %s", (int)c.number, c.arg[1]);
    }
    if (roster.problem_count > 0) {
        fail_msg("line %u %s: %s", roster.problems[0].line, roster.problems[0].column,
                 roster.problems[0].sentence[LANG_EN]);
    }
    assert_int_equal(roster.rows.count, rows);
    struct bytes row = rows_at(&roster.rows, 0);
    Parkgate__RosterRow *first = parkgate__roster_row__unpack(NULL, row.size, row.data);
    assert_non_null(first);
    roster_destroy(&roster);
    return first;
}

/* Each of these files holds the same person. */
static void test_same_person_in_many_forms(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct {
        const char *label, *text;
    } files[] = {
        {"plain",
         "name,id number,phone,badge,shift,date\n"
         "张三,11010519491231002X,13800138000,04a1b2c3,day,2026-01-09\n"},
        {"BOM, CRLF",
         "\xef\xbb\xbf姓名,身份证号,手机,卡号,班次,日期\r\n"
         "张三,11010519491231002X,13800138000,04a1b2c3,day,2026-01-09\r\n"},
        {"GBK",
         "\xd0\xd5\xc3\xfb,\xc9\xed\xb7\xdd\xd6\xa4,\xca\xd6\xbb\xfa,\xbf\xa8\xba\xc5,"
         "\xb0\xe0\xb4\xce,\xc8\xd5\xc6\xda\n"
         "\xd5\xc5\xc8\xfd,11010519491231002X,13800138000,04a1b2c3,day,2026-01-09\n"},
        {"semicolons",
         "员工姓名;证件号码;联系电话;门禁卡号;班组;入园日期\n"
         "张三;11010519491231002X;13800138000;04a1b2c3;day;2026/1/9\n"},
        {"tabs, titles above",
         "某公司用工名单\t\t\n2026年1月\t\t\n\n"
         "名字\t身份证号码\t手机号码\t工牌号\t班次\t用工日期\n"
         "张三\t11010519491231002X\t13800138000\t04a1b2c3\t白班\t2026.1.9\n"},
        {"spreadsheet",
         "序号,姓名*,身份证号（必填）,电话,卡号,班次,日期\n"
         "1, 张三 ,'11010519491231002x,138 0013 8000,04:A1:B2:C3,白班,46031\n"},
        {"full width, NBSP",
         "姓名,身份证,手机,卡号,班次,日期\n"
         "张三,１１０１０５１９４９１２３１００２Ｘ\xc2\xa0,１３８００１３８０００,"
         "０４ａ１ｂ２ｃ３,day,2026年1月9日\n"},
        {"quotes, no last newline",
         "\"name\",\"id number\",\"phone\",\"badge\",\"shift\",\"date\"\n"
         "\"张三\",\"11010519491231002X\",\"13800138000\",\"04-a1-b2-c3\","
         "\"day\",\"2026-01-09\""},
    };
    /* clang-format on */
    struct roster_options options = {.kind = ROSTER_PERSONS, .tenant = "sun"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        print_message("  %s\n", files[i].label);
        Parkgate__RosterRow *row = read_one(files[i].text, strlen(files[i].text), &options, 1);
        assert_string_equal(row->person_name, "张三");
        assert_string_equal(row->id_number, GOOD_ID);
        assert_string_equal(row->phone, "13800138000");
        assert_string_equal(row->badge, "04a1b2c3");
        assert_string_equal(row->shift, "day");
        assert_string_equal(row->tenant, "sun");
        assert_string_equal(row->kind, "day");
        assert_int_equal(row->from_date, 20462); /* 2026-01-09 */
        assert_int_equal(row->to_date, 20462);
        parkgate__roster_row__free_unpacked(row, NULL);
    }
}

static void test_tenant_agency_and_company(void **state)
{
    (void)state;
    struct roster_options none = {.kind = ROSTER_PERSONS};
    struct roster_options given = {.kind = ROSTER_PERSONS, .tenant = "sun"};
    static const char own[] = "姓名,工号,公司,劳务公司,类型\n张三,7,moon,红旗劳务,正式工\n";
    Parkgate__RosterRow *row = read_one(own, sizeof(own) - 1, &none, 1);
    assert_string_equal(row->tenant, "moon");
    assert_string_equal(row->agency, "红旗劳务");
    assert_string_equal(row->kind, "staff");
    assert_string_equal(row->external, "7");
    assert_int_equal(row->line, 2);
    parkgate__roster_row__free_unpacked(row, NULL);
    static const char company[] = "姓名,工号,单位\n张三,7,红旗劳务\n";
    row = read_one(company, sizeof(company) - 1, &given, 1);
    assert_string_equal(row->tenant, "sun");
    assert_string_equal(row->agency, "红旗劳务");
    parkgate__roster_row__free_unpacked(row, NULL);
}

static void test_vehicle_rows(void **state)
{
    (void)state;
    struct roster_options options = {.kind = ROSTER_VEHICLES, .tenant = "sun"};
    static const char text[] = "plate,from,until\n浙a·1234O,2026-01-01,2026-12-31\n浙AD12345,,\n";
    Parkgate__RosterRow *row = read_one(text, sizeof(text) - 1, &options, 2);
    assert_string_equal(row->plate, "浙A12340");
    assert_int_equal(row->from_date, 20454);
    assert_int_equal(row->to_date, 20818);
    parkgate__roster_row__free_unpacked(row, NULL);
}

static void test_slices(void **state)
{
    (void)state;
    struct rows rows = {0};
    char name[4096];
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
    for (int i = 0; i < 450; i++) {
        rows_add(&rows, &row.base);
    }
    assert_int_equal(rows_slice(&rows, 0), 200);
    assert_int_equal(rows_slice(&rows, 400), 50);
    assert_int_equal(rows_slice(&rows, 450), 0);
    rows_destroy(&rows);
    row.person_name = name;
    for (int i = 0; i < 30; i++) {
        rows_add(&rows, &row.base);
    }
    assert_int_equal(rows_slice(&rows, 0), 11); /* 48 KiB */
    rows_destroy(&rows);
}

/* By hand: SHA-256(SHA-256(32 zeros, 08 01), 08 02). */
static void test_digest(void **state)
{
    (void)state;
    uint8_t stream[SEAL_HASH_SIZE + 2] = {[SEAL_HASH_SIZE] = 8, 1};
    struct rows rows = {0};
    Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
    row.line = 1;
    rows_add(&rows, &row.base);
    row.line = 2;
    rows_add(&rows, &row.base);
    struct seal_hash first = seal_hash_of(BYTES_OF(stream));
    memcpy(stream, first.bytes, sizeof(first.bytes));
    stream[SEAL_HASH_SIZE + 1] = 2;
    struct seal_hash expected = seal_hash_of(BYTES_OF(stream));
    struct seal_hash got = rows_digest(&rows);
    assert_memory_equal(got.bytes, expected.bytes, sizeof(got.bytes));
    rows_destroy(&rows);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_header),
        cmocka_unit_test(test_tenant_must_be_known),
        cmocka_unit_test(test_bad_id_numbers),
        cmocka_unit_test(test_every_idnumber_status_is_listed),
        cmocka_unit_test(test_duplicate_rows),
        cmocka_unit_test(test_encodings_that_are_none),
        cmocka_unit_test(test_other_cells),
        cmocka_unit_test(test_all_problems_are_listed_and_capped),
        cmocka_unit_test(test_vehicles),
        cmocka_unit_test(test_json_errors),
        cmocka_unit_test(test_same_person_in_many_forms),
        cmocka_unit_test(test_tenant_agency_and_company),
        cmocka_unit_test(test_vehicle_rows),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_digest),
    };
    start_seal();
    scratch_create(&scratch);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_remove(&scratch, "r.csv");
    scratch_destroy(&scratch);
    return failed;
}
