#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"
#include "jobtell.h"
#include "mem.h"
#include "num.h"
#include "status.h"
#include "toolcall.h"
#include "workspace.h"

int
xtoolcall(struct toolcall *t, const struct workspace *w, const char *what,
    const char *const *names)
{
	const char *id = getenv("AIPOD_SESSION");
	const char *dir = getenv("AIPOD_SESSION_DIR");
	int i;

	for (i = 0; names[i] != NULL && strcmp(what, names[i]) != 0; i++)
		;
	if (names[i] == NULL)
		return -1;
	memset(t, 0, sizeof(*t));
	if (io_slurp(STDIN_FILENO, &t->text, 1024 * 1024) == -1)
		err(ST_SYS, "cannot read standard input");
	if (json_parse(&t->json, t->text.p != NULL ? t->text.p : "",
	    t->text.len, JSON_DEPTH, 4096) == -1)
		errx(ST_USAGE, "arguments are not JSON");
	if (id == NULL || !is_hex(id, SESSION_ID - 1) || dir == NULL ||
	    *dir != '/')
		errx(ST_USAGE, "no session: AIPOD_SESSION and AIPOD_SESSION_DIR"
		    " must be set");
	memcpy(t->session.hash, w->hash, WORKSPACE_HASH);
	memcpy(t->session.id, id, SESSION_ID);
	t->session.dir = xstrdup(dir);
	t->session.alive = 1;
	return i;
}

int
toolcall_no(const char *why)
{
	jobtell_words(why);
	xio_close_stdout();
	return ST_NO;
}
