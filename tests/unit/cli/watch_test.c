/* Goal: a station's list becomes the bundle that it says or none, with every problem told by line,
 * column and remedy; its keys are its own. Method: the command line over files of this test;
 * bundles are read again by the park's own check. */
#include "tests/unit/cli/watch_fixture.h"

#include <sys/stat.h>

#include "admin-cli/watch_key.h"
#include "common/access/idnumber.h"
#include "common/watch/watch_make.h"

#define GOOD_ID "11010519491231002X"
#define HEAD                                                                                       \
    "change,id,category,plate,badge,id_number,applicant,case_number,legal_basis,"                  \
    "begin,end,action,contact,instruction\n"

/* --- keys --- */

static void test_keys_are_made_for_their_owner_alone(void **state)
{
    static const struct {
        const char *name;
        unsigned mode;
    } files[] = {
        {"k",          0700},
        {"k/link.key", 0600},
        {"k/sign.key", 0600},
        {"k/link.pub", 0644},
        {"k/sign.pub", 0644},
    };
    struct complaint c = {0};
    struct sign_key key;
    struct sign_public half;
    char line[256];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct stat info;
        assert_int_equal(stat(inside(files[i].name), &info), 0);
        assert_int_equal(info.st_mode & 0777, files[i].mode);
    }
    assert_true(watch_sign_key_read(inside("k/sign.key"), &key, &c));
    assert_true(watch_sign_public_read(inside("k/sign.pub"), &half, &c));
    struct sign_public again = sign_public_of(&key);
    assert_memory_equal(&again, &half, sizeof(half));
    (void)snprintf(line, sizeof(line), "watch keygen %s", inside("k"));
    struct run run = run_line(line);
    assert_int_equal(run.code, 1);
    assert_non_null(strstr(run.err, "cannot be made: File exists"));
    run_free(&run);
}

static void test_a_key_that_others_may_read_is_refused(void **state)
{
    (void)state;
    write_list(HEAD ",a,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,,,,Li 110,\n");
    assert_int_equal(chmod(inside("k/sign.key"), 0640), 0);
    struct run run = sign("");
    assert_int_equal(run.code, (int)error_exit(ERROR_KEY_FILE));
    run_free(&run);
    assert_int_equal(chmod(inside("k/sign.key"), 0600), 0);
    assert_int_equal(chmod(inside("k/match.key"), 0644), 0);
    char more[200];
    (void)snprintf(more, sizeof(more), "--match-key %s", inside("k/match.key"));
    run = sign(more);
    assert_int_equal(run.code, (int)error_exit(ERROR_KEY_FILE));
    assert_non_null(strstr(run.err, "others may read it; chmod 600"));
    run_free(&run);
    assert_int_equal(chmod(inside("k/match.key"), 0600), 0);
}

/* --- lists --- */

/* What the park reads in the bundle. */
struct read_again {
    struct watch_change changes[8];
    uint32_t count;
};

static bool take(void *ctx, const struct watch_change *change, struct complaint *c)
{
    struct read_again *read = ctx;
    (void)c;
    assert_true(read->count < ARRAY_LEN(read->changes));
    read->changes[read->count++] = *change;
    return true;
}

static void read_bundle(const char *name, uint64_t number, struct read_again *ret)
{
    struct watch_bundle *bundle = calloc(1, sizeof(*bundle));
    struct watch_manifest *manifest = calloc(1, sizeof(*manifest));
    struct watch_expected expected = {.last_number = number - 1};
    struct complaint c = {0};
    const char *why = NULL;
    FILE *file = fopen(inside(name), "re");
    MUST(bundle != NULL && manifest != NULL && file != NULL);
    uint8_t *bytes = malloc(1 << 20);
    size_t size = fread(bytes, 1, 1 << 20, file);
    (void)fclose(file);
    assert_true(watch_bundle_open(bytes, size, bundle, &why));
    assert_true(watch_manifest_read(bundle->manifest, manifest, &c));
    assert_true(watch_sign_public_read(inside("k/sign.pub"), &expected.key, &c));
    assert_true(name_from_text("west", &expected.authority));
    assert_true(name_from_text("north", &expected.park));
    expected.last_digest = manifest->previous;
    expected.now = clock_system()->wall(NULL);
    *ret = (struct read_again){0};
    assert_true(
        watch_bundle_check(bundle, &expected, (struct watch_taker){.take = take, .ctx = ret}, &c));
    watch_bundle_destroy(bundle);
    free(bundle);
    free(manifest);
}

static void test_a_csv_of_all_kinds(void **state)
{
    struct read_again read;
    struct seal_key match;
    struct idnumber number;
    struct complaint c = {0};
    char more[200];
    (void)state;
    write_list("变更,编号,类别,车牌,卡号,身份证号,申请人,案号,法律依据,结束,措施,联系人,处置提示\n"
               "新增,c,被盗车辆,京a·12345,,, 张三 ,立字〔2026〕１７号,刑事诉讼法第八十条,,静默通知,"
               "李警官 110,check-vehicle\n"
               ",a,通缉,,,110105194912 31002X,张三,立字18号,刑事诉讼法第八十条,,请到值班台,"
               "李警官 110,\n"
               ",b,法院命令,,04:11:22:33,,张三,立字19号,民事诉讼法,,,李警官 110,\n"
               "撤销,d,,,,,,,,,,,\n");
    (void)snprintf(more, sizeof(more), "--match-key %s", inside("k/match.key"));
    struct run run = sign(more);
    /* an identity number with a blank inside is none */
    assert_int_equal(run.code, 5);
    assert_non_null(strstr(run.err, "line 3, column id_number: "));
    assert_null(strstr(run.err, "1949"));
    run_free(&run);
    write_list("变更,编号,类别,车牌,卡号,身份证号,申请人,案号,法律依据,结束,措施,联系人,处置提示\n"
               "新增,c,被盗车辆,京a·12345,,, 张三 ,立字〔2026〕１７号,刑事诉讼法第八十条,,静默通知,"
               "李警官 110,check-vehicle\n"
               ",a,通缉,,," GOOD_ID ",张三,立字18号,刑事诉讼法第八十条,,请到值班台,李警官 110,\n"
               ",b,法院命令,,04:11:22:33,,张三,立字19号,民事诉讼法,,,李警官 110,\n"
               "撤销,d,,,,,,,,,,,\n");
    run = sign(more);
    assert_string_equal(run.err, "");
    assert_int_equal(run.code, 0);
    run_free(&run);
    read_bundle("bundle", 1, &read);
    assert_int_equal(read.count, 4);
    const struct watch_entry *a = &read.changes[0].entry;
    assert_int_equal(a->matcher, WATCH_MATCHER_IDENTITY);
    assert_true(watch_match_key_read(inside("k/match.key"), &match, &c));
    assert_int_equal(idnumber_read(bytes_of_text(GOOD_ID), &number), IDNUMBER_OK);
    struct seal_hash hash = watch_identity_of(&match, &number);
    assert_memory_equal(a->match, hash.bytes, SEAL_HASH_SIZE);
    assert_int_equal(a->action, WATCH_ACTION_REVIEW);
    assert_int_equal(a->end.us - a->begin.us, INT64_C(30) * 86400 * 1000000);
    assert_int_equal(read.changes[1].entry.matcher, WATCH_MATCHER_BADGE);
    const struct watch_entry *vehicle = &read.changes[2].entry;
    assert_int_equal(vehicle->match_size, strlen("京A12345"));
    assert_memory_equal(vehicle->match, "京A12345", vehicle->match_size);
    assert_string_equal(vehicle->applicant, "张三");
    assert_string_equal(vehicle->case_number, "立字〔2026〕17号");
    assert_int_equal(vehicle->instruction, WATCH_INSTRUCTION_CHECK_VEHICLE);
    assert_int_equal(read.changes[3].kind, WATCH_CHANGE_WITHDRAW);
}

static void test_the_number_of_a_person_is_in_no_file(void **state)
{
    char text[4096];
    char more[200];
    (void)state;
    write_list(HEAD ",a,warrant,,," GOOD_ID ",Zhang San,1,CPL 80,,,,Li 110,\n");
    (void)snprintf(more, sizeof(more), "--match-key %s", inside("k/match.key"));
    struct run run = sign(more);
    assert_int_equal(run.code, 0);
    run_free(&run);
    FILE *file = fopen(inside("bundle"), "re");
    MUST(file != NULL);
    size_t size = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    assert_null(memmem(text, size, GOOD_ID, strlen(GOOD_ID)));
    assert_null(memmem(text, size, "19491231", 8));
}

static void test_a_json_list_and_the_bundle_after(void **state)
{
    struct read_again read;
    char more[200];
    (void)state;
    write_list("[{\"id\": \"b\", \"change\": \"renew\", \"applicant\": \"Zhang San\",\n"
               "  \"case_number\": \"A-2\", \"legal_basis\": \"CPL 80\", \"end\": "
               "\"2099-01-01\"},\n"
               " {\"id\": \"a\", \"change\": \"withdraw\"}]\n");
    struct run run = sign("");
    assert_int_equal(run.code, 0);
    run_free(&run);
    MUST(rename(inside("bundle"), inside("before")) == 0);
    (void)snprintf(more, sizeof(more), "--after %s", inside("before"));
    run = sign(more);
    assert_string_equal(run.err, "");
    assert_int_equal(run.code, 0);
    assert_non_null(strstr(run.out, "number  2\n"));
    run_free(&run);
    read_bundle("bundle", 2, &read);
    assert_int_equal(read.count, 2);
    assert_string_equal(read.changes[0].entry.id, "a");
    assert_string_equal(read.changes[1].entry.case_number, "A-2");
    /* of another authority, or for another park: no base of this one */
    char line[1024];
    (void)snprintf(line, sizeof(line),
                   "watch sign %s --authority east --park north --sign-key %s --out %s --after %s",
                   inside("list"), inside("k/sign.key"), inside("other"), inside("before"));
    run = run_line(line);
    assert_int_equal(run.code, (int)error_exit(ERROR_WATCH_AUTHORITY));
    run_free(&run);
    scratch_remove(&scratch, "before");
}

static void test_an_empty_list_says_that_nothing_changed(void **state)
{
    struct read_again read;
    (void)state;
    write_list("[]");
    struct run run = sign("");
    assert_int_equal(run.code, 0);
    run_free(&run);
    read_bundle("bundle", 1, &read);
    assert_int_equal(read.count, 0);
    write_list("id\n");
    run = sign("");
    assert_int_equal(run.code, 0);
    run_free(&run);
}

static void expect_problem(const char *row, const char *column, const char *en, const char *zh)
{
    char text[2048];
    char expected[2048];
    (void)snprintf(text, sizeof(text), HEAD "%s\n", row);
    write_list(text);
    struct run run = sign("");
    (void)snprintf(expected, sizeof(expected),
                   "parkgate: line 2, column %s: %s\nparkgate: 第 2 行，“%s”列：%s\n"
                   "parkgate: %s: 1 problems in the rows; nothing was imported; correct them and "
                   "run it again\nparkgate: %s：数据行有 1 处问题；未导入任何内容；请改正后重试\n",
                   column, en, column, zh, inside("list"), inside("list"));
    assert_string_equal(run.err, expected);
    assert_int_equal(run.code, 5);
    run_free(&run);
    assert_int_not_equal(access(inside("bundle"), F_OK), 0);
}

static void test_every_problem_has_its_place_and_remedy(void **state)
{
    static const struct {
        const char *row, *column, *en, *zh;
    } rows[] = {
        {"drop,a,,,,,,,,,,,,",                                                          "change",      "\"drop\" is none of add, renew, withdraw",
         "“drop”不在可选范围内：add, renew, withdraw"                                                                                                                                                                                          },
        {",,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,,,,Li 110,",                  "id",
         "is missing; fill it in",                                                                                                                 "缺失；请填写"                                                                                    },
        {",a b,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,,,,Li 110,",               "id",
         "is no id: 1 to 64 of A-Z a-z 0-9 - _ . , a letter or digit first; correct it",                                                           "不合规定（is no id: 1 to 64 of A-Z a-z 0-9 - _ . , a letter or digit first）；请改正"        },
        {",a,,京A12345,,,Zhang San,1,CPL 80,,,,Li 110,",                               "category",    "is missing; fill it in",
         "缺失；请填写"                                                                                                                                                                                                                              },
        {",a,petition,京A12345,,,Zhang San,1,CPL 80,,,,Li 110,",                       "category",
         "\"petition\" is none of warrant, court-order, missing-person, stolen-vehicle, "
         "wanted-vehicle",                                                                                                                         "“petition”不在可选范围内：warrant, court-order, missing-person, stolen-vehicle, "
         "wanted-vehicle"                                                                                                                                                                                                        },
        {",a,warrant,京A12345,,,Zhang San,1,CPL 80,,,,Li 110,",                        "category",
         "is not what this category is matched by; correct it",                                                                                    "不合规定（is not what this category is matched by）；请改正"                                 },
        {",a,stolen-vehicle,XX,,,Zhang San,1,CPL 80,,,,Li 110,",                        "plate",
         "is no whole Chinese plate; correct it",                                                                                                  "不是完整的中国车牌；请改正"                                                               },
        {",a,stolen-vehicle,,,,Zhang San,1,CPL 80,,,,Li 110,",                          "plate",
         "a plate, badge or id_number is missing; fill one in",                                                                                    "缺少车牌、卡号或身份证号；请填写其一"                                                },
        {",a,court-order,京A12345,04112233,,Zhang San,1,CPL 80,,,,Li 110,",            "badge",
         "a row has one of plate, badge and id_number; make two rows of it",                                                                       "每行只能有车牌、卡号、身份证号之一；请分成两行"                                 },
        {",a,warrant,,0411,,Zhang San,1,CPL 80,,,,Li 110,",                             "badge",
         "is no card UID of 8, 14 or 20 hex digits; correct it",                                                                                   "不是 8、14 或 20 位十六进制卡号；请改正"                                                },
        {",a,warrant,,08112233,,Zhang San,1,CPL 80,,,,Li 110,",                         "badge",
         "is a UID that the card draws anew at every read; correct it",                                                                            "不合规定（is a UID that the card draws anew at every read）；请改正"                         },
        {",a,warrant,,," GOOD_ID ",Zhang San,1,CPL 80,,,,Li 110,",                      "id_number",
         "is hashed under the authority's matching key; give --match-key",                                                                         "须用机关的匹配密钥散列；请用 --match-key 给出"                                         },
        {",a,warrant,,,110105194912310021,Zhang San,1,CPL 80,,,,Li 110,",               "id_number",
         "the ID number's check character is wrong; compare it with the card",                                                                     "身份证号校验位错误；请与证件核对"                                                      },
        {",a,stolen-vehicle,京A12345,,,,1,CPL 80,,,,Li 110,",                          "applicant",   "is missing; fill it in",
         "缺失；请填写"                                                                                                                                                                                                                              },
        {",a,stolen-vehicle,京A12345,,,Zhang San,,CPL 80,,,,Li 110,",                  "case_number",
         "is missing; fill it in",                                                                                                                 "缺失；请填写"                                                                                    },
        {",a,stolen-vehicle,京A12345,,,Zhang San,none,CPL 80,,,,Li 110,",              "case_number",
         "holds no digit; correct it",                                                                                                             "不合规定（holds no digit）；请改正"                                                          },
        {",a,stolen-vehicle,京A12345,,,Zhang San,1,,,,,Li 110,",                       "legal_basis",
         "is missing; fill it in",                                                                                                                 "缺失；请填写"                                                                                    },
        {",a,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,,,,,",                       "contact",
         "is missing; fill it in",                                                                                                                 "缺失；请填写"                                                                                    },
        {",a,stolen-vehicle,京A12345,,,Zh\xd0\xb0ng San,1,CPL 80,,,,Li 110,",          "applicant",
         "holds a character that it may not: full-width, hidden, control, or of another script; "
         "correct it",                                                                                                                             "不合规定（holds a character that it may not: full-width, hidden, control, or of another "
         "script）；请改正"                                                                                                                                                                                                     },
        {",a,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,,,lock,Li 110,",             "action",
         "\"lock\" is none of notify, review",                                                                                                     "“lock”不在可选范围内：notify, review"                                                      },
        {",a,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,,,,Li 110,detain",           "instruction",
         "\"detain\" is none of call, observe, ask-to-desk, check-document, check-vehicle, "
         "offer-help, keep-distance",                                                                                                              "“detain”不在可选范围内：call, observe, ask-to-desk, check-document, check-vehicle, "
         "offer-help, keep-distance"                                                                                                                                                                                  },
        {",a,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,31.12.2026,,,Li 110,",       "begin",
         "is no date like 2026-05-31 and no time like 2026-05-31T18:00",                                                                           "不是 2026-05-31 这样的日期，也不是 2026-05-31T18:00 这样的时间"                        },
        {",a,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,,2026-02-30,,Li 110,",       "end",
         "is no date like 2026-05-31 and no time like 2026-05-31T18:00",                                                                           "不是 2026-05-31 这样的日期，也不是 2026-05-31T18:00 这样的时间"                        },
        {",a,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,,2020-01-01T24:00,,Li 110,", "end",
         "is no date like 2026-05-31 and no time like 2026-05-31T18:00",                                                                           "不是 2026-05-31 这样的日期，也不是 2026-05-31T18:00 这样的时间"                        },
        {",a,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,,2020-01-01,,Li 110,",       "end",
         "is over already; correct it",                                                                                                            "不合规定（is over already）；请改正"                                                         },
        {",a,stolen-vehicle,京A12345,,,Zhang San,1,CPL 80,,9998-01-01,,Li 110,",       "end",
         "would last over 365 days; bring it forward",                                                                                             "期限超过 365 天；请提前"                                                                      },
        {"withdraw,a,,,,,,1,,,,,,",                                                     "case_number",
         "belongs to a new entry; a renewal has id, applicant, case_number, legal_basis and end, a "
         "withdrawal its id alone",                                                                                                                "只属于新增；续期只填编号、申请人、案号、法律依据和结束，撤销只填编号"},
        {"renew,a,,京A12345,,,Zhang San,1,CPL 80,,2099-01-01,,,",                      "plate",
         "belongs to a new entry; a renewal has id, applicant, case_number, legal_basis and end, a "
         "withdrawal its id alone",                                                                                                                "只属于新增；续期只填编号、申请人、案号、法律依据和结束，撤销只填编号"},
        {"renew,a,,,,,Zhang San,1,CPL 80,,,,,",                                         "end",         "is missing; fill it in",                   "缺失；请填写"                                                                                    },
        {"withdraw,a,,,,,,,,,,,,,more",                                                 "instruction",
         "has a cell behind it that no column names; remove it",                                                                                   "其后有多余的单元格；请删除"                                                               },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_problem(rows[i].row, rows[i].column, rows[i].en, rows[i].zh);
    }
}

/* What a list holds is not let loose on a terminal. */
static void test_no_control_character_is_shown(void **state)
{
    static const char *const lists[] = {
        HEAD ",a,\x1b[2J,京A12345,,,Zhang San,1,CPL 80,,,,Li 110,\n",
        "id,\x1b[2J\na,b\n",
        "[\x1b[2J]",
        "[{\"id\": \"a\", \"change\": \"\\u001b[2J\"}]",
        "[{\"id\": \"a\", \"\\u001b[2J\": \"withdraw\"}]",
        "[{\"id\": \"a\\u001b[2J\", \"change\": \"withdraw\"}]",
        HEAD ",a,stolen-vehicle,京A12345,,,Zhang\x1b[2J,1,CPL 80,,,,Li 110,\n",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        write_list(lists[i]);
        struct run run = sign("");
        assert_int_equal(run.code, 5);
        assert_null(strchr(run.err, '\x1b'));
        run_free(&run);
    }
}

static void test_an_entry_stands_once(void **state)
{
    (void)state;
    write_list("change,id\nwithdraw,a\nwithdraw,b\nwithdraw,a\n");
    struct run run = sign("");
    assert_int_equal(run.code, 5);
    assert_non_null(strstr(run.err, "parkgate: line 4, column id: stands in line 2 already; one "
                                    "bundle changes an entry once\n"
                                    "parkgate: 第 4 行，“id”列：已在第 2 行出现；"
                                    "一批中每个条目只能变更一次\n"));
    run_free(&run);
}

static void expect_file(const char *text, size_t size, const char *says)
{
    scratch_write(&scratch, "list", text, size);
    struct run run = sign("");
    assert_int_equal(run.code, 5);
    if (strstr(run.err, says) == NULL) {
        fail_msg("%s", run.err);
    }
    run_free(&run);
}

#define FILE_SAYS(text, says) expect_file(text, sizeof(text) - 1, says)

static void test_files_that_are_no_list(void **state)
{
    (void)state;
    FILE_SAYS("id,legal_bases\na,b\n",
              "header: \"legal_bases\" is no column of a watch list; correct or remove it");
    FILE_SAYS("id,编号\na,b\n", "the columns \"编号\" and \"id\" mean the same; keep one");
    FILE_SAYS("change\nwithdraw\n", "the header has no column for id / 编号");
    FILE_SAYS("", "the header has no column for id / 编号");
    FILE_SAYS("change,id\nwithdraw,\"a\n", "a quotation mark stands alone or is never closed");
    FILE_SAYS("[{\"id\": \"a\",\n}]", ", line 2: ");
    FILE_SAYS("{\"id\": \"a\"}", ", line 1: it is no array of objects; correct it");
    FILE_SAYS("[\n\"a\"]", "it is no object; correct it");
    FILE_SAYS("[{\"id\": \"a\", \"id\": \"b\"}]", "duplicate object key");
    FILE_SAYS("[\n {\"id\": \"a}[\\\"{\", \"change\": \"withdraw\"},\n {\"id\": 7}]",
              "line 3, column id: is no text; put it into quotation marks");
    FILE_SAYS("[{\"id\": \"a\", \"change\": \"withdraw\", \"photo\": \"x\"}]",
              "\"photo\" is no key of a watch list; correct or remove it");
    FILE_SAYS("change,id\nwithdraw,a\xff\n", "the text is neither UTF-8 nor GBK");
}

static void test_options_that_do_not_go_together(void **state)
{
    (void)state;
    write_list("id\n");
    struct run run = sign("--number 2");
    assert_string_equal(run.err, "parkgate: previous is missing; give --previous\n"
                                 "parkgate: 缺少 previous；请用 --previous 给出\n");
    run_free(&run);
    run = sign("--number 1 --previous 00");
    assert_non_null(strstr(run.err, "--number: \"1\" is not valid: 2 or more"));
    run_free(&run);
    run = sign("--number 2 --previous 00");
    assert_non_null(strstr(run.err, "--previous: \"00\" is not valid: 64 hex digits"));
    run_free(&run);
    run = sign("--previous 00");
    assert_non_null(strstr(run.err, "number is missing; give --number"));
    run_free(&run);
    run = sign("--after x --number 2");
    assert_non_null(strstr(run.err, "--after says it already"));
    run_free(&run);
    char more[200];
    (void)snprintf(more, sizeof(more), "--after %s", inside("list"));
    run = sign(more);
    assert_non_null(strstr(run.err, "it is no bundle of parkgate watch sign"));
    assert_int_equal(run.code, 5);
    run_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_are_made_for_their_owner_alone),
        cmocka_unit_test(test_a_key_that_others_may_read_is_refused),
        cmocka_unit_test(test_a_csv_of_all_kinds),
        cmocka_unit_test(test_the_number_of_a_person_is_in_no_file),
        cmocka_unit_test(test_a_json_list_and_the_bundle_after),
        cmocka_unit_test(test_an_empty_list_says_that_nothing_changed),
        cmocka_unit_test(test_every_problem_has_its_place_and_remedy),
        cmocka_unit_test(test_no_control_character_is_shown),
        cmocka_unit_test(test_an_entry_stands_once),
        cmocka_unit_test(test_files_that_are_no_list),
        cmocka_unit_test(test_options_that_do_not_go_together),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
