/*
 * What aipod-pick shows, and drawing it.
 */
#ifndef AIPOD_PICK_H
#define AIPOD_PICK_H

#include <stddef.h>

#include "buf.h"
#include "items.h"
#include "screen.h"
#include "task.h"

#define PICK_BINDS	32
#define PICK_PREVIEWS	8

struct bind {
	char		 key[KEY_NAME];
	const char	*label;		/* NULL: none */
	const char	*command;
	int		 terminal;	/* it gets the terminal */
};

struct pick {
	/* what the user asked for */
	const char	*header;
	const char	*source;	/* command that makes the records */
	const char	*preview[PICK_PREVIEWS];
	int		 npreview;
	struct bind	 bind[PICK_BINDS];
	int		 nbind;
	int		 column[ITEM_FIELDS];	/* fields shown, from 1 */
	int		 ncolumn;	/* 0: all */
	int		 multi;
	int		 follow;	/* stay at the end as it grows */
	int		 tail;		/* previews show their end */
	/* what there is */
	struct items	 l;
	size_t		 cursor;	/* in the view */
	size_t		 top;
	int		 eof;
	struct buf	 query;
	int		 typing;	/* the filter is being written */
	int		 shown;		/* which preview */
	long		 scroll;	/* its first line; -1: by tail */
	struct task	 look;		/* the preview's command */
	struct buf	 message;
	int		 busy;
	int		 ascii;
	/* set by drawing */
	int		 page;		/* rows of the list */
	long		 lines;		/* of the preview */
	int		 window;	/* rows of the preview */
};

/* The record under the cursor, or NULL. */
struct item *pick_current(const struct pick *);
/* Append a whole frame for a screen of this size; moves top. */
void	 pick_draw(struct pick *, struct buf *, int rows, int cols);

#endif
