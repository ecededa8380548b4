/* known_answers: does OpenSSL compute what the standards say? Part of seal_init(). */
#pragma once

/* The name of the first algorithm with a wrong answer; NULL: all are right. Sources of the answers:
 * FIPS 180-4 example "abc"; the GCM specification's test case 16; RFC 8032 section 7.1 test 2; RFC
 * 7748 section 6.1; keyed hash and derivation were computed from the definitions in seal.h with
 * Python's hmac module, the box by tests/unit/seal/box_check.py.
 */
const char *seal_known_answer_that_fails(void);
