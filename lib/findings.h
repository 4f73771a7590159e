/*
 * The records of aipod-scan as a list: read from a descriptor, or from the
 * program itself.
 */
#ifndef AIPOD_FINDINGS_H
#define AIPOD_FINDINGS_H

#include <stdio.h>

#include "buf.h"
#include "finding.h"

struct findings {
	struct finding	*v;
	size_t		 n;
	struct buf	 text;		/* what v points into */
};

/* Exit ST_USAGE at a line that is no record. */
void	xfindings_read(struct findings *, int fd);
/*
 * Run aipod-scan on the workspace, or on paths in it (relative to it with
 * below, else to the working directory).  Exit ST_SYS when it fails; that not
 * everything could be read, it says itself.
 */
void	xfindings_scan(struct findings *, const char *workspace, char **paths,
	    int below);
void	findings_free(struct findings *);

/* Write the record again. */
void	finding_put(FILE *, const struct finding *);

#endif
