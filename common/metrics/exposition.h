/* exposition: samples as a page in Prometheus' text format, version 0.0.4.
 *
 * A metric's samples make one family under its HELP and TYPE; their bounds make a second family
 * under the same name with _limit, with the same labels, right behind it. Samples of a name that
 * the registry does not know (a newer program's) go without HELP and TYPE, and without bounds.
 * Source: prometheus.io, Exposition formats, text-based format.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/metrics/metric.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum { EXPOSITION_PAGE_SIZE = 512 * 1024, EXPOSITION_BOUNDS_SIZE = 64 * 1024 };
/* HELP in this language. */
enum exposition_language { EXPOSITION_EN = 0, EXPOSITION_ZH };

struct exposition;

/* NULL: out of memory. */
struct exposition *exposition_create(enum exposition_language language);
void exposition_destroy(struct exposition **page);

/* Empties the page for the next round. */
void exposition_begin(struct exposition *page);
/* Where samples of this page go. Lives as long as the page. */
struct metric_out exposition_out(struct exposition *page);
/* Ends the page: its text, borrowed until it is begun again. NULL: it did not fit into
 * EXPOSITION_PAGE_SIZE, or a family's bounds not into EXPOSITION_BOUNDS_SIZE. */
const char *exposition_end(struct exposition *page, size_t *ret_size);
