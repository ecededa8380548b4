/* power_controller: the controller's store and person keys under power cuts.
 *
 * Work: the scenario of the unit tests, the real state machine over real stores.
 */
#include "tests/campaigns/power/subject_controller.h"
#include "tests/unit/controller/scenario.h"

void world_sees(const struct sent *sent)
{
    struct promise promises[LIMIT_SEQS_PER_ACK];
    size_t count = power_mark == NULL ? 0 : controller_promises(sent, promises);
    for (size_t i = 0; i < count; i++) {
        power_mark(&promises[i], sizeof(promises[i]));
    }
}

static void work(uint64_t seed, size_t inputs)
{
    struct world *w = scenario_run(seed, inputs);
    world_close(w);
}

static char **arguments;
static int argument_count, answer;

static void run(void **state)
{
    (void)state;
    assert_int_equal(seal_init(NULL), ERR_OK); /* once, and not in every child that judges */
    answer = power_main(argument_count, arguments, work, controller_judge);
}

/* The harness fails by cmocka, so that all runs inside a test of its. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(run)};
    argument_count = argc;
    arguments = argv;
    int failed = cmocka_run_group_tests_name("power", tests, NULL, NULL);
    return failed != 0 ? 3 : answer;
}
