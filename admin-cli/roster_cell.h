/* roster_cell: the values of a roster file's cells, as spreadsheets leave them.
 *
 * Each reader says with one bilingual sentence what is wrong and what to do; `%1` in it stands for
 * the cell. Sentences about names and numbers of persons never show the cell.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-cli/cli.h"

/* Full-width ASCII and blanks become plain; cut at the end of a character when `out` is full. */
void cell_fold_width(const char *text, size_t size, char *out, size_t out_size);

/* Without blanks, tabs, non-breaking and ideographic spaces, byte-order marks around it and without
 * a leading apostrophe; true when all fits into `out`. */
bool cell_trim(const char *text, size_t size, char *out, size_t out_size);

/* What is wrong with a cell; text[0] is NULL when nothing is, and only then the result is written.
 */

/* 2026-01-09, 2026/1/9, 2026.1.9, 2026年1月9日, or a spreadsheet's day number. */
struct bilingual cell_read_date(const char *cell, int32_t *ret_day);
/* staff, day, driver, visitor, or the Chinese words for them; static text. */
struct bilingual cell_read_person_kind(const char *cell, const char **ret_kind);
/* Digits with a leading + perhaps; blanks and hyphens removed. */
struct bilingual cell_read_phone(const char *cell, char *out, size_t out_size);
/* Canonical lower-case hex of a card's UID. */
struct bilingual cell_read_badge(const char *cell, char *out, size_t out_size);
/* The normal form of a plate that fits the grammar. */
struct bilingual cell_read_plate(const char *cell, char *out, size_t out_size);
/* A name of the park file; 白班 is `day`, 夜班 is `night`. */
struct bilingual cell_read_shift(const char *cell, char *out, size_t out_size);
struct bilingual cell_read_tenant(const char *cell, char *out, size_t out_size);
/* 18 characters, checked. */
struct bilingual cell_read_id(const char *cell, size_t size, char *out, size_t out_size);
/* A text for people: no control characters, at most `out_size` - 1 bytes. */
struct bilingual cell_read_text(const char *cell, char *out, size_t out_size);
