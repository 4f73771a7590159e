#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "decide.h"
#include "finding.h"
#include "io.h"
#include "mask.h"
#include "mem.h"
#include "tree.h"
#include "triage.h"
#include "utf8.h"

#define SHOWN	40		/* findings listed; of the rest, the number */

char *
triage_vendor_dir(const char *path)
{
	const char *p = path, *end;
	char *name, *dir;

	for (; (end = strchr(p, '/')) != NULL; p = end + 1) {
		name = xstrndup(p, (size_t)(end - p));
		dir = tree_vendored(name) && strcmp(name, ".git") != 0 ?
		    xstrndup(path, (size_t)(end - path)) : NULL;
		free(name);
		if (dir != NULL)
			return dir;
	}
	return NULL;
}

static void
show(struct buf *b, const struct finding *f)
{
	vis_add(b, f->path, strlen(f->path), 0);
	if (f->line != 0)
		buf_printf(b, ":%lld", f->line);
	buf_puts(b, "  ");
	vis_add(b, f->rule, strlen(f->rule), 0);
	if (f->text != NULL) {
		buf_puts(b, "  ");
		vis_add(b, f->text, strlen(f->text), 0);
	}
	if (f->label != NULL) {
		buf_puts(b, "  (");
		vis_add(b, f->label, strlen(f->label), 0);
		buf_puts(b, ")");
	}
	buf_puts(b, "\n");
}

static int
rank(const struct finding *f)
{
	return f->label == NULL ? 0 : strcmp(f->label, "ignored") == 0 ? 1 : 2;
}

/* What is written by hand first, what tools put there last. */
static void
show_all(struct buf *b, const struct decided *d, const struct finding *f,
    size_t n)
{
	size_t i, shown = 0;
	int r;

	for (r = 0; r < 3; r++)
		for (i = 0; i < n; i++) {
			if (rank(&f[i]) != r || (d != NULL &&
			    decided_settles(d, &f[i])))
				continue;
			if (shown++ < SHOWN) {
				buf_puts(b, "  ");
				show(b, &f[i]);
			}
		}
	if (shown > SHOWN)
		buf_printf(b, "  and %zu more\n", shown - SHOWN);
}

/* The answer's first letter; 0 for an empty line, -1 at the end. */
static int
ask(int tty, const char *question)
{
	char c, first = 0;
	ssize_t n;

	/* what was typed before the question is no answer to it */
	tcflush(tty, TCIFLUSH);
	if (io_writeall(tty, question, strlen(question)) == -1)
		return -1;
	for (;;) {
		if ((n = read(tty, &c, 1)) <= 0)
			return -1;
		if (c == '\n' || c == '\r')
			return first;
		if (first == 0 && c != ' ')
			first = c;
	}
}

static void
hide(struct decided *d, const struct finding *f)
{
	if (!decisions_cover(&d->hidden, f->path))
		xdecisions_add(&d->hidden, f->path, f->rule, f->print, NULL);
}

static void
ignore(struct decided *d, const struct finding *f)
{
	xdecisions_add(&d->ignored, f->path, f->rule, f->print, NULL);
}

static enum triage
ask_each(int tty, struct decided *d, const struct finding *f, size_t n,
    const struct workspace *w)
{
	struct buf b = BUF_INIT;
	char *dir;
	size_t i;
	int c;

	for (i = 0; i < n; i++) {
		if (decided_settles(d, &f[i]))
			continue;	/* by an answer just given */
		dir = triage_vendor_dir(f[i].path);
		buf_clear(&b);
		show(&b, &f[i]);
		buf_puts(&b, "[h]ide the file, [i]gnore this, ");
		if (dir != NULL) {
			buf_puts(&b, "[m]ask ");
			vis_add(&b, dir, strlen(dir), 0);
			buf_puts(&b, ", ");
		}
		buf_puts(&b, "[A]bort? ");
		xbuf_check(&b);
		c = ask(tty, buf_str(&b));
		if (c > 0 && strchr("hHiImMaA", c) == NULL) {
			free(dir);
			i--;		/* a slip: once more */
			continue;
		}
		if (c == 'h' || c == 'H')
			hide(d, &f[i]);
		else if (c == 'i' || c == 'I')
			ignore(d, &f[i]);
		else if ((c == 'm' || c == 'M') && dir != NULL &&
		    mask_refused(w, dir) == NULL)
			xdecisions_add(&d->masks, dir, NULL, NULL, NULL);
		else {
			free(dir);
			buf_free(&b);
			return TRIAGE_ABORTED;
		}
		free(dir);
	}
	buf_free(&b);
	return TRIAGE_SETTLED;
}

/* Mask the directories of dependencies that findings lie in. */
static void
mask_all(struct decided *d, const struct finding *f, size_t n,
    const struct workspace *w)
{
	char *dir;
	size_t i;

	for (i = 0; i < n; i++) {
		dir = triage_vendor_dir(f[i].path);
		if (dir != NULL && !decided_settles(d, &f[i]) &&
		    mask_refused(w, dir) == NULL)
			xdecisions_add(&d->masks, dir, NULL, NULL, NULL);
		free(dir);
	}
}

/* How many findings are pending, and whether a mask would settle any. */
static size_t
pending(const struct decided *d, const struct finding *f, size_t n, int *mask)
{
	size_t i, left = 0;
	char *dir;

	for (i = 0, *mask = 0; i < n; i++)
		if (!decided_settles(d, &f[i])) {
			left++;
			dir = triage_vendor_dir(f[i].path);
			*mask |= dir != NULL;
			free(dir);
		}
	return left;
}

/* One question about all that is pending; 0: there is more to ask. */
static int
ask_all(int tty, struct decided *d, const struct finding *f, size_t n,
    const struct workspace *w, enum triage *rc)
{
	struct buf b = BUF_INIT;
	size_t i, left;
	int c, mask;

	if ((left = pending(d, f, n, &mask)) == 0)
		return 1;
	buf_printf(&b, "\n%zu secret%s that the agent could read:\n", left,
	    left == 1 ? "" : "s");
	show_all(&b, d, f, n);
	buf_printf(&b, "[h]ide these files, [i]gnore these findings,%s decide"
	    " [e]ach, [A]bort? ", mask ? " [m]ask dependencies," : "");
	xbuf_check(&b);
	c = ask(tty, buf_str(&b));
	buf_free(&b);
	if (c == 'h' || c == 'H' || c == 'i' || c == 'I') {
		for (i = 0; i < n; i++)
			if (decided_settles(d, &f[i]))
				continue;
			else if (c == 'h' || c == 'H')
				hide(d, &f[i]);
			else
				ignore(d, &f[i]);
		return 1;
	}
	if ((c == 'm' || c == 'M') && mask) {
		mask_all(d, f, n, w);
		/* what no mask could take away is asked about one by one */
		if (pending(d, f, n, &mask) != left)
			return 0;
		c = 'e';
	}
	if (c > 0 && strchr("eEaA", c) == NULL)
		return 0;
	*rc = c == 'e' || c == 'E' ? ask_each(tty, d, f, n, w) :
	    TRIAGE_ABORTED;
	return 1;
}

enum triage
triage_ask(struct decided *d, const struct finding *f, size_t n,
    const struct workspace *w)
{
	enum triage rc = TRIAGE_SETTLED;
	int tty;

	tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty == -1)
		return TRIAGE_NO_TERMINAL;
	while (!ask_all(tty, d, f, n, w, &rc))
		;
	close(tty);
	return rc;
}

void
triage_tell(const struct finding *f, size_t n, const char *workspace)
{
	struct buf b = BUF_INIT, ws = BUF_INIT;

	argv_quote(&ws, workspace);
	buf_printf(&b, "%zu secret%s in the workspace %s, and no terminal to"
	    " ask on:\n", n, n == 1 ? "" : "s",
	    n == 1 ? "is not decided about" : "are not decided about");
	show_all(&b, NULL, f, n);
	buf_printf(&b, "To settle it, one of\n"
	    "  aipod scan -w %s | aipod hide -w %s add\n"
	    "  aipod scan -w %s | aipod hide -w %s ignore\n"
	    "  aipod hide -w %s add PATH ...\n"
	    "or launch once from a terminal.\n", buf_str(&ws), ws.p, ws.p,
	    ws.p, ws.p);
	xbuf_check(&b);
	io_writeall(STDERR_FILENO, b.p, b.len);
	buf_free(&b);
	buf_free(&ws);
}
