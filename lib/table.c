#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "rec.h"
#include "table.h"
#include "utf8.h"

void
table_init(struct table *t, size_t columns, const char *const *heading)
{
	memset(t, 0, sizeof(*t));
	t->columns = columns;
	t->heading = heading;
}

void
table_row(struct table *t, const char *const *fields)
{
	size_t i;

	t->cell = xreallocarray(t->cell, (t->rows + 1) * t->columns,
	    sizeof(*t->cell));
	for (i = 0; i < t->columns; i++)
		t->cell[t->rows * t->columns + i] =
		    fields[i] != NULL ? xstrdup(fields[i]) : NULL;
	t->rows++;
}

/* Columns on a terminal of a string that is fit to be shown. */
static size_t
width(const char *s)
{
	size_t n = strlen(s), w = 0;
	uint32_t cp;
	int len, one;

	while (n > 0) {
		len = utf8_next(s, n, &cp);
		one = utf8_width(cp);
		w += one > 0 ? (size_t)one : 0;
		len = len < 0 ? -len : len;
		s += len;
		n -= (size_t)len;
	}
	return w;
}

static void
show_row(const struct table *t, char *const *row, const size_t *wide)
{
	size_t i, pad;

	for (i = 0; i < t->columns; i++) {
		fputs(row[i], stdout);
		if (i + 1 == t->columns)
			break;
		for (pad = width(row[i]); pad < wide[i] + 2; pad++)
			putchar(' ');
	}
	putchar('\n');
}

static void
show(struct table *t)
{
	size_t i, wide[TABLE_COLUMNS] = { 0 }, n = t->rows * t->columns, w;
	char *head[TABLE_COLUMNS], *old;

	for (i = 0; i < t->columns; i++) {
		head[i] = xstrdup(t->heading[i]);
		wide[i] = width(head[i]);
	}
	for (i = 0; i < n; i++) {
		old = t->cell[i];
		t->cell[i] = old != NULL && *old != '\0' ? xvis(old) :
		    xstrdup("-");
		free(old);
		if ((w = width(t->cell[i])) > wide[i % t->columns])
			wide[i % t->columns] = w;
	}
	if (t->rows > 0)
		show_row(t, head, wide);
	for (i = 0; i < t->rows; i++)
		show_row(t, t->cell + i * t->columns, wide);
	for (i = 0; i < t->columns; i++)
		free(head[i]);
}

void
table_end(struct table *t)
{
	size_t i;

	if (isatty(STDOUT_FILENO))
		show(t);
	else
		for (i = 0; i < t->rows; i++)
			rec_line(stdout, t->columns,
			    (const char *const *)t->cell + i * t->columns);
	for (i = 0; i < t->rows * t->columns; i++)
		free(t->cell[i]);
	free(t->cell);
}
