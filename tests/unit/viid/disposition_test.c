/* Goal: each deviation of real senders alone and all together is read, each entry that could never
 * end or names only a picture is refused, and what is missing is a doubt. Method: one good object,
 * changed field by field. */
#include "controller/viid/disposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"
#include "common/base/must.h"
#include "controller/viid/subscribe.h"

/* 2024-03-01 00:00:00 in Shanghai */
static const struct wall now = {.us = INT64_C(1709222400000000)};

static const char good_text[] =
    "{\"DispositionID\":\"510116000000032024022816194212625\",\"Title\":\"stolen lorry\","
    "\"DispositionCategory\":\"2\",\"TargetFeature\":\"(3=渝D2S030)\",\"PriorityLevel\":1,"
    "\"ApplicantName\":\"Li\",\"ApplicantOrg\":\"East Station\",\"BeginTime\":\"20240229000000\","
    "\"EndTime\":\"20240401000000\",\"OperateType\":0,\"DispositionStatus\":0,"
    "\"Reason\":\"theft\",\"ReceiveAddr\":\"http://10.1.1.1/VIID/DispositionNotifications\"}";

static struct disposition_rules lenient(void)
{
    return (struct disposition_rules){.categories = disposition_categories_usual()};
}

/* The good object with `changes` laid over it; a null takes the field out. */
static struct status read_with(const char *changes, bool strict, struct viid_disposition *ret)
{
    AUTO(value_free) json_t *object = json_loads(good_text, 0, NULL);
    AUTO(value_free) json_t *over = json_loads(changes, 0, NULL);
    struct disposition_rules rules = lenient();
    const char *name;
    json_t *value;
    rules.strict = strict;
    assert_non_null(object);
    assert_non_null(over);
    json_object_foreach(over, name, value)
    {
        assert_int_equal(json_is_null(value) ? json_object_del(object, name)
                                             : json_object_set(object, name, value),
                         0);
    }
    struct status status = disposition_read(object, &rules, now, ret);
    assert_ptr_equal(status.id, ret->id);
    return status;
}

static void a_good_one(void **state)
{
    (void)state;
    struct viid_disposition d;
    assert_int_equal(read_with("{}", true, &d).code, STATUS_OK);
    assert_string_equal(d.id, "510116000000032024022816194212625");
    assert_string_equal(d.feature, "(3=渝D2S030)");
    assert_string_equal(d.value, "渝D2S030");
    assert_string_equal(d.applicant, "Li");
    assert_string_equal(d.organisation, "East Station");
    assert_string_equal(d.begin_text, "20240229000000");
    assert_int_equal(d.begin_us, INT64_C(1709136000000000));
    assert_int_equal(d.end_us, INT64_C(1711900800000000));
    assert_int_equal(d.target, VIID_TARGET_VEHICLE);
    assert_int_equal(d.priority, 1);
    assert_int_equal(d.operate, VIID_SET);
    assert_int_equal(d.doubts, 0);
}

static void deviations_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *changes;
        uint32_t doubts;
    } rows[] = {
        {"{\"OperateType\":\"0\",\"PriorityLevel\":\"1\"}",                                          0                   },
        {"{\"OperateType\":\"\",\"PriorityLevel\":\"\"}",                                            0                   },
        {"{\"OperateType\":false}",                                                                  0                   },
        {"{\"DispositionCategory\":2}",                                                              0                   },
        {"{\"DispositionID\":71}",                                                                   0                   },
        {"{\"DispositionID\":\"001\"}",                                                              0                   },
        {"{\"DispositionID\":null}",                                                                 VIID_DOUBT_ID       },
        {"{\"EndTime\":\"2024-04-01 00:00:00\"}",                                                    0                   },
        {"{\"EndTime\":\"20240401 000000\"}",                                                        0                   },
        {"{\"EndTime\":1711900800000}",                                                              0                   },
        {"{\"EndTime\":\"20991231235959\"}",                                                         0                   },
        {"{\"BeginTime\":\"19700101000000\"}",                                                       VIID_DOUBT_BEGIN    },
        {"{\"BeginTime\":null}",                                                                     VIID_DOUBT_BEGIN    },
        {"{\"BeginTime\":\"soon\"}",                                                                 VIID_DOUBT_BEGIN    },
        {"{\"SubImageList\":{}}",                                                                    0                   },
        {"{\"SubImageList\":\"\"}",                                                                  0                   },
        {"{\"SubImageList\":{\"SubImageInfoObject\":[{\"Type\":\"02\",\"Data\":\"not base64!\"}]}}",
         0                                                                                                               },
        {"{\"SubImageList\":{\"SubImageInfoObject\":[{\"Type\":\"14\",\"Data\":"
         "\"ZGF0YTppbWFnZS9qcGVnO2Jhc2U2NCwvOWovNA==\"}]}}",                                0                   },
        {"{\"InOut\":3,\"CommunityID\":\"x\",\"CapDirection\":3,\"AgeUpLimit\":1,"
         "\"AgeLowerLimit\":9,\"IsDecked\":true,\"IsSuspiciousPerson\":\"1\"}",             0                   },
        {"{\"TollgateList\":\"71,72\",\"DispositionRange\":1}",                                      0                   },
        {"{\"DispositionArea\":\"33020300001190000001\"}",                                           0                   },
        {"{\"DispositionCategory\":\"9\"}",                                                          VIID_DOUBT_CATEGORY },
        {"{\"DispositionCategory\":null}",                                                           VIID_DOUBT_CATEGORY },
        {"{\"DispositionCategory\":\"1\"}",                                                          VIID_DOUBT_TARGET   },
        {"{\"DispositionCategory\":\"3\"}",                                                          VIID_DOUBT_TARGET   },
        {"{\"SubImageList\":{\"SubImageInfoObject\":{\"Type\":11}}}",                                VIID_DOUBT_TARGET   },
        {"{\"TargetFeature\":\"(9=11010519491231002X)\"}",                                           VIID_DOUBT_TARGET   },
        {"{\"ApplicantName\":null}",                                                                 VIID_DOUBT_APPLICANT},
        {"{\"ApplicantOrg\":\"\"}",                                                                  VIID_DOUBT_APPLICANT},
        {"{\"Reason\":null}",                                                                        VIID_DOUBT_REASON   },
    };
    struct viid_disposition d;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(read_with(rows[i].changes, false, &d).code, STATUS_OK);
        assert_int_equal(d.doubts, rows[i].doubts);
    }
}

static void all_deviations_together(void **state)
{
    (void)state;
    struct viid_disposition d;
    assert_int_equal(
        read_with("{\"DispositionID\":11111,\"DispositionCategory\":7,\"OperateType\":\"0\","
                  "\"PriorityLevel\":\"1\",\"BeginTime\":\"20171230 000000\",\"EndTime\":"
                  "1711900800000,\"SubImageList\":{},\"IsDecked\":true,\"InOut\":\"x\","
                  "\"ApplicantName\":7,\"TargetFeature\":\"渝D2S030\"}",
                  false, &d)
            .code,
        STATUS_OK);
    assert_string_equal(d.id, "11111");
    assert_string_equal(d.applicant, "7");
    assert_string_equal(d.value, "渝D2S030");
    assert_string_equal(d.begin_text, "20171230 000000");
    assert_int_equal(d.doubts, VIID_DOUBT_CATEGORY);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *changes;
        enum status_code code;
        const char *text;
    } rows[] = {
        {"{\"EndTime\":null}",                                                                    STATUS_JSON_CONTENT, "EndTime is missing"                         },
        {"{\"EndTime\":\"\"}",                                                                    STATUS_JSON_CONTENT, "EndTime is missing"                         },
        {"{\"EndTime\":\"never\"}",                                                               STATUS_JSON_CONTENT, "EndTime is not readable"                    },
        {"{\"EndTime\":{}}",                                                                      STATUS_JSON_CONTENT, "EndTime is not readable"                    },
        {"{\"EndTime\":\"20240229000000\"}",                                                      STATUS_JSON_CONTENT, "EndTime is past"                            },
        {"{\"EndTime\":\"19700101000000\"}",                                                      STATUS_JSON_CONTENT, "EndTime is past"                            },
        {"{\"BeginTime\":\"20240501000000\"}",                                                    STATUS_JSON_CONTENT,
         "EndTime is not after BeginTime"                                                                                                                           },
        {"{\"OperateType\":7}",                                                                   STATUS_JSON_CONTENT, "OperateType is neither 0 nor 1"             },
        {"{\"Reason\":[]}",                                                                       STATUS_JSON_CONTENT, "Reason is no text, or too long"             },
        {"{\"TargetFeature\":null}",                                                              STATUS_OPERATION,    "TargetFeature is missing"                   },
        {"{\"TargetFeature\":\"(3=)\"}",                                                          STATUS_OPERATION,    "TargetFeature is missing"                   },
        {"{\"TargetFeature\":\"\",\"TargetImageURI\":\"http://x/1.jpg\"}",                        STATUS_OPERATION,
         "A target given only by picture is not taken"                                                                                                              },
        {"{\"TargetFeature\":\"\",\"SubImageList\":{\"SubImageInfoObject\":[{\"Data\":\"x\"}]}}",
         STATUS_OPERATION,                                                                                             "A target given only by picture is not taken"},
        {"{\"TargetFeature\":\"\",\"SubImageList\":[{\"Data\":\"x\"}]}",                          STATUS_OPERATION,
         "A target given only by picture is not taken"                                                                                                              },
    };
    struct viid_disposition d;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct status status = read_with(rows[i].changes, false, &d);
        assert_int_equal(status.code, rows[i].code);
        assert_string_equal(status.text, rows[i].text);
    }
    struct disposition_rules rules = lenient();
    assert_int_equal(disposition_read(NULL, &rules, now, &d).code, STATUS_JSON_CONTENT);
}

static void strict_peers(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"DispositionID\":71}",
        "{\"DispositionID\":null}",
        "{\"EndTime\":\"20240401 000000\"}",
        "{\"BeginTime\":\"2024-02-29 00:00:00\"}",
    };
    struct viid_disposition d;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(read_with(rows[i], true, &d).code, STATUS_JSON_CONTENT);
        assert_int_equal(read_with(rows[i], false, &d).code, STATUS_OK);
    }
}

static void a_withdrawal_needs_its_id_alone(void **state)
{
    (void)state;
    struct viid_disposition d;
    assert_int_equal(read_with("{\"OperateType\":\"1\",\"EndTime\":null,\"TargetFeature\":null,"
                               "\"ApplicantName\":null}",
                               false, &d)
                         .code,
                     STATUS_OK);
    assert_int_equal(d.operate, VIID_WITHDRAW);
    assert_int_equal(read_with("{\"OperateType\":1,\"DispositionID\":null}", false, &d).code,
                     STATUS_JSON_CONTENT);
}

static void categories_are_the_peers(void **state)
{
    (void)state;
    struct disposition_categories own = {.count = 2};
    assert_true(disposition_category_read("2=person", &own.of[0]));
    assert_true(disposition_category_read("3=vehicle", &own.of[1]));
    struct disposition_category none;
    assert_false(disposition_category_read("3", &none));
    assert_false(disposition_category_read("=vehicle", &none));
    assert_false(disposition_category_read("3=lorry", &none));
    assert_false(disposition_category_read("123456789=person", &none));
    AUTO(value_free) json_t *object = json_loads(good_text, 0, NULL);
    assert_int_equal(json_object_set_new(object, "DispositionCategory", json_string("3")), 0);
    struct disposition_rules rules = {.categories = &own};
    struct viid_disposition d;
    assert_int_equal(disposition_read(object, &rules, now, &d).code, STATUS_OK);
    assert_int_equal(d.target, VIID_TARGET_VEHICLE);
    assert_int_equal(d.doubts, 0);
}

static void subscriptions_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum status_code code;
        const char *text;
    } rows[] = {
        {"{\"SubscribeID\":71,\"SubscribeDetail\":\"12\"}", STATUS_OPERATION,
         "Faces are not given out"                                                                                      },
        {"{\"SubscribeDetail\":\"3,11\"}",                  STATUS_OPERATION,    "Persons are not given out"            },
        {"{\"SubscribeDetail\":13}",                        STATUS_OPERATION,    "Vehicles are not given out"           },
        {"{\"SubscribeDetail\":\"14\"}",                    STATUS_OPERATION,    "Vehicles are not given out"           },
        {"{\"SubscribeDetail\":\"8\"}",                     STATUS_OPERATION,    "Records of passages are not given out"},
        {"{\"SubscribeDetail\":\"3, 4\"}",                  STATUS_OPERATION,    "Subscriptions are not offered here"   },
        {"{\"SubscribeDetail\":\"99999999999999\"}",        STATUS_OPERATION,
         "Subscriptions are not offered here"                                                                           },
        {"{}",                                              STATUS_JSON_CONTENT, "SubscribeDetail is missing"           },
    };
    char id[SUBSCRIBE_ID_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(value_free) json_t *object = json_loads(rows[i].json, 0, NULL);
        struct status status = subscribe_read(object, id);
        assert_int_equal(status.code, rows[i].code);
        assert_string_equal(status.text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one),
        cmocka_unit_test(deviations_are_read),
        cmocka_unit_test(all_deviations_together),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(strict_peers),
        cmocka_unit_test(a_withdrawal_needs_its_id_alone),
        cmocka_unit_test(categories_are_the_peers),
        cmocka_unit_test(subscriptions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
