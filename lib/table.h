/*
 * Records for a pipe, columns for a person: rows are gathered, and printed as
 * aipod-records(5) where standard output is no terminal, else aligned beneath
 * a heading with foreign bytes made visible.
 */
#ifndef AIPOD_TABLE_H
#define AIPOD_TABLE_H

#include <stddef.h>

#define TABLE_COLUMNS	12

struct table {
	const char	*const *heading;	/* as many as columns */
	size_t		 columns;
	char		**cell;			/* rows times columns */
	size_t		 rows;
};

/* heading must live as long as the table. */
void	table_init(struct table *, size_t columns, const char *const *heading);
/* Add a row of copies; a NULL is absent. */
void	table_row(struct table *, const char *const *fields);
/* Print everything and free it. */
void	table_end(struct table *);

#endif
