#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "child.h"
#include "io.h"
#include "mem.h"
#include "picker.h"
#include "screen.h"
#include "status.h"
#include "template.h"
#include "utf8.h"

#define ESC_WAIT	50	/* ms until ESC is a key of its own */
#define LOOK_WAIT	60	/* ms of rest until a preview is started */

enum { TTY, SIGNALS, INPUT, LOOK, QUIET, NPOLL };

struct loop {
	struct pick	*p;
	int		 tty;
	int		 in;		/* records come from here; -1: no more */
	struct task	 source;	/* or from this */
	struct task	 quiet;		/* a bound command without terminal */
	size_t		*queue;		/* records it is still to be run for */
	size_t		 nqueue;
	const struct bind *bind;
	struct keys	 keys;
	char		*want;		/* the record to be found again, */
	size_t		 was;		/* or its place, where it is gone */
	char		*looked;	/* the record that is previewed */
	int		 fresh;		/* the preview must be made anew */
	int		 drawn;
	int		 done;		/* 1 left, 2 chosen */
};

static void
say(struct pick *p, const char *s, size_t n)
{
	const char *nl = memchr(s, '\n', n);

	buf_clear(&p->message);
	buf_add(&p->message, s, nl != NULL ? (size_t)(nl - s) : n);
}

static void
say_string(struct pick *p, const char *s)
{
	say(p, s, strlen(s));
}

static char *
line_variable(const struct item *it)
{
	size_t i;
	char *s = xasprintf(TEMPLATE_LINE "=%*s", (int)it->len, "");

	for (i = 0; i < it->len; i++)
		s[sizeof(TEMPLATE_LINE) + i] = it->line[i] == '\0' ? ' ' :
		    it->line[i];
	return s;
}

static int
start(struct task *t, const char *template, const struct item *it)
{
	struct argv a = ARGV_INIT;
	char *env = line_variable(it);
	int rc;

	xtemplate_argv(&a, template, it);
	rc = task_start(t, a.v, env);
	argv_free(&a);
	free(env);
	return rc;
}

static void
start_source(struct loop *o)
{
	struct argv a = ARGV_INIT;

	argv_add(&a, "sh");
	argv_add(&a, "-c");
	argv_add(&a, o->p->source);
	if (task_start(&o->source, a.v, NULL) == -1)
		err(ST_SYS, "cannot run '%s'", o->p->source);
	argv_free(&a);
	o->in = o->source.fd;
	o->source.fd = -1;
	o->p->eof = 0;
}

/* Make the list again, and find the record again that the cursor is on. */
static void
refresh(struct loop *o)
{
	struct pick *p = o->p;
	struct item *it = pick_current(p);
	char *filter = xstrdup(p->l.filter);
	int end = p->l.end;

	if (p->source == NULL)
		return;
	free(o->want);
	o->want = it != NULL ? xstrdup(it->line) : NULL;
	o->was = p->cursor;
	task_kill(&o->source);
	if (o->in != -1)
		close(o->in);
	items_free(&p->l);
	items_init(&p->l, end);
	xitems_filter(&p->l, filter);
	free(filter);
	o->fresh = 1;
	start_source(o);
}

/* The key of a record is its first field. */
static int
same_key(const char *a, const char *b)
{
	size_t n = strcspn(a, "\t");

	return strcspn(b, "\t") == n && memcmp(a, b, n) == 0;
}

static void
find_again(struct loop *o, size_t from)
{
	struct pick *p = o->p;
	size_t i;

	for (i = from; o->want != NULL && i < p->l.nview; i++)
		if (same_key(p->l.all[p->l.view[i]].line, o->want)) {
			p->cursor = i;
			free(o->want);
			o->want = NULL;
		}
}

static void
read_records(struct loop *o)
{
	static char s[65536];
	struct pick *p = o->p;
	size_t before = p->l.nview;
	int last = before == 0 || p->cursor == before - 1;
	ssize_t n;

	n = read(o->in, s, sizeof(s));
	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n == -1)
		warn("cannot read records");
	xitems_feed(&p->l, s, n > 0 ? (size_t)n : 0);
	if (n <= 0) {
		close(o->in);
		o->in = -1;
		p->eof = 1;
	}
	if (p->follow && last && p->l.nview > 0 && o->want == NULL)
		p->cursor = p->l.nview - 1;
	find_again(o, before);
	if (p->eof && o->want != NULL) {
		p->cursor = o->was;
		free(o->want);
		o->want = NULL;
	}
}

/* Start, or stop, the preview when what it shows is no longer the record. */
static void
update_look(struct loop *o)
{
	struct pick *p = o->p;
	struct item *it = pick_current(p);

	if (p->npreview == 0)
		return;
	if (it == NULL) {
		task_kill(&p->look);
		free(o->looked);
		o->looked = NULL;
		o->fresh = 0;
		return;
	}
	if (!o->fresh && o->looked != NULL && strcmp(o->looked, it->line) == 0)
		return;
	free(o->looked);
	o->looked = xstrdup(it->line);
	o->fresh = 0;
	p->scroll = -1;
	if (start(&p->look, p->preview[p->shown], it) == -1)
		say_string(p, "cannot start the preview");
	screen_kill_too((int)p->look.pid);
}

static int
is_stale(const struct loop *o)
{
	const struct item *it = pick_current(o->p);

	return o->p->npreview > 0 && (o->fresh ||
	    (it == NULL) != (o->looked == NULL) ||
	    (it != NULL && strcmp(o->looked, it->line) != 0));
}

static void
run_on_terminal(struct loop *o, const struct bind *b, const struct item *it)
{
	struct argv a = ARGV_INIT;
	char *env = line_variable(it);
	pid_t pid;
	int rc = -1;

	xtemplate_argv(&a, b->command, it);
	screen_leave();
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	putenv(env);
	if ((pid = child_start(a.v, o->tty, o->tty, o->tty)) != -1)
		rc = child_wait(pid);
	unsetenv(TEMPLATE_LINE);
	screen_trap();
	screen_enter();
	buf_clear(&o->p->message);
	if (rc != 0)
		buf_printf(&o->p->message, "%s: exit status %d", b->key, rc);
	argv_free(&a);
	free(env);
}

/* Run the bound command for the next record in the queue. */
static void
next_in_queue(struct loop *o)
{
	struct pick *p = o->p;
	const struct item *it;

	if (o->nqueue == 0) {
		p->busy = 0;
		o->fresh = 1;
		refresh(o);
		return;
	}
	it = &p->l.all[o->queue[--o->nqueue]];
	p->busy = 1;
	if (start(&o->quiet, o->bind->command, it) == -1) {
		say_string(p, "cannot start the command");
		o->nqueue = 0;
		p->busy = 0;
	}
}

static void
run_bound(struct loop *o, const struct bind *b)
{
	struct pick *p = o->p;
	size_t i, n = 0;

	/* not while the list is made again: the cursor is not yet back */
	if (p->busy || o->want != NULL || pick_current(p) == NULL)
		return;
	o->queue = xreallocarray(o->queue, p->l.n, sizeof(*o->queue));
	for (i = p->l.n; i-- > 0;)
		if (p->l.all[i].marked)
			o->queue[n++] = i;
	if (n == 0)
		o->queue[n++] = p->l.view[p->cursor];
	o->bind = b;
	buf_clear(&p->message);
	if (b->terminal) {
		while (n > 0)
			run_on_terminal(o, b, &p->l.all[o->queue[--n]]);
		o->fresh = 1;
		refresh(o);
		return;
	}
	o->nqueue = n;
	next_in_queue(o);
}

static void
quiet_over(struct loop *o)
{
	struct pick *p = o->p;

	if (o->quiet.out.len > 0)
		say(p, o->quiet.out.p, o->quiet.out.len);
	else if (o->quiet.status != 0)
		buf_printf(&p->message, "%s: exit status %d", o->bind->key,
		    o->quiet.status);
	if (o->quiet.status != 0)
		o->nqueue = 0;
	next_in_queue(o);
}

static void
set_query(struct loop *o)
{
	struct item *it = pick_current(o->p);

	free(o->want);
	o->want = it != NULL ? xstrdup(it->line) : NULL;
	xitems_filter(&o->p->l, buf_str(&o->p->query));
	o->p->cursor = 0;
	find_again(o, 0);
	free(o->want);
	o->want = NULL;
}

static void
query_key(struct loop *o, const char *k)
{
	struct buf *q = &o->p->query;
	uint32_t cp;

	if (strcmp(k, "enter") == 0 || strcmp(k, "esc") == 0) {
		o->p->typing = 0;
		if (*k == 'e' && k[1] == 's')
			buf_clear(q);
	} else if (strcmp(k, "ctrl-u") == 0)
		buf_clear(q);
	else if (strcmp(k, "backspace") == 0) {
		while (q->len > 0 && (q->p[--q->len] & 0xc0) == 0x80)
			continue;
	} else if (o->keys.text[0] != '\0' && q->len < 1000 &&
	    utf8_next(o->keys.text, strlen(o->keys.text), &cp) > 0)
		buf_puts(q, o->keys.text);
	else
		return;
	set_query(o);
}

/* How far a key moves the cursor; 0 when it does not. */
static long
movement(const struct pick *p, const char *k)
{
	const struct {
		const char	*name;
		long		 by;
	} t[] = {
		{ "up", -1 }, { "down", 1 }, { "k", -1 }, { "j", 1 },
		{ "ctrl-p", -1 }, { "ctrl-n", 1 },
		{ "pageup", -p->page }, { "pagedown", p->page },
		{ "ctrl-b", -p->page }, { "ctrl-f", p->page },
		{ "home", -ITEMS_MAX }, { "end", ITEMS_MAX },
		{ "g", -ITEMS_MAX }, { "G", ITEMS_MAX },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (strcmp(k, t[i].name) == 0)
			return t[i].by;
	return 0;
}

static void
move(struct loop *o, long by)
{
	struct pick *p = o->p;
	long to = (long)p->cursor + by;

	free(o->want);
	o->want = NULL;
	if (to >= (long)p->l.nview)
		to = (long)p->l.nview - 1;
	p->cursor = to < 0 ? 0 : (size_t)to;
}

static void
scroll(struct pick *p, int by)
{
	if (p->scroll == -1)
		p->scroll = p->tail && p->lines > p->window ?
		    p->lines - p->window : 0;
	p->scroll += by;
	if (p->scroll < 0)
		p->scroll = 0;
}

static void
list_key(struct loop *o, const char *k)
{
	struct pick *p = o->p;
	long by;

	if (strcmp(k, "q") == 0 || strcmp(k, "ctrl-c") == 0)
		o->done = 1;
	else if (strcmp(k, "esc") == 0 && p->query.len > 0) {
		buf_clear(&p->query);
		set_query(o);
	} else if (strcmp(k, "esc") == 0)
		o->done = 1;
	else if (strcmp(k, "enter") == 0)
		o->done = pick_current(p) != NULL && o->want == NULL ? 2 : 0;
	else if (strcmp(k, "/") == 0)
		p->typing = 1;
	else if (strcmp(k, "space") == 0 && p->multi) {
		if (pick_current(p) != NULL)
			pick_current(p)->marked ^= 1;
		move(o, 1);
	} else if (strcmp(k, "tab") == 0 && p->npreview > 1) {
		p->shown = (p->shown + 1) % p->npreview;
		o->fresh = 1;
	} else if (strcmp(k, "r") == 0)
		refresh(o);
	else if (strcmp(k, "J") == 0 || strcmp(k, "ctrl-d") == 0)
		scroll(p, *k == 'J' ? 1 : p->window / 2);
	else if (strcmp(k, "K") == 0 || strcmp(k, "ctrl-u") == 0)
		scroll(p, *k == 'K' ? -1 : -(p->window / 2));
	else if ((by = movement(p, k)) != 0)
		move(o, by);
}

static void
press(struct loop *o, const char *k)
{
	struct pick *p = o->p;
	int i;

	if (*k == '\0')
		return;
	if (!p->busy)
		buf_clear(&p->message);
	if (strcmp(k, "ctrl-z") == 0)
		screen_stop();
	else if (strcmp(k, "ctrl-l") == 0)
		o->drawn = 0;
	else if (p->typing && movement(p, k) != 0 && k[1] != '\0')
		move(o, movement(p, k));
	else if (p->typing && strcmp(k, "ctrl-c") != 0)
		query_key(o, k);
	else if (strcmp(k, "paste") != 0) {
		for (i = 0; i < p->nbind; i++)
			if (strcmp(k, p->bind[i].key) == 0) {
				run_bound(o, &p->bind[i]);
				return;
			}
		list_key(o, k);
	}
}

static void
read_keys(struct loop *o, int late)
{
	char name[KEY_NAME];
	ssize_t n;

	if (!late) {
		n = read(o->tty, o->keys.b + o->keys.n,
		    sizeof(o->keys.b) - o->keys.n);
		if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
			errx(ST_SYS, "the terminal is gone");
		if (n > 0)
			o->keys.n += (size_t)n;
	}
	while (!o->done && keys_next(&o->keys, late, name))
		press(o, name);
}

static void
draw(struct loop *o)
{
	struct buf b = BUF_INIT;
	int rows, cols;

	screen_size(&rows, &cols);
	if (!o->drawn)
		buf_puts(&b, "\033[2J");
	pick_draw(o->p, &b, rows, cols);
	xbuf_check(&b);
	if (screen_write(&b) == -1)
		err(ST_SYS, "cannot write to the terminal");
	buf_free(&b);
	o->drawn = 1;
}

static void
take_signals(struct loop *o)
{
	int mask = screen_signals();

	if (mask & SCREEN_STOPPED)
		screen_stop();
	if (mask & (SCREEN_RESIZED | SCREEN_STOPPED))
		o->drawn = 0;
	if (mask & SCREEN_CHILD) {
		task_reap(&o->source);
		task_reap(&o->p->look);
		if (task_reap(&o->quiet))
			quiet_over(o);
		screen_kill_too((int)o->p->look.pid);
	}
}

static void
turn(struct loop *o)
{
	struct pollfd f[NPOLL];
	int i, n, wait = -1;

	f[TTY].fd = o->tty;
	f[SIGNALS].fd = screen_signal_fd();
	f[INPUT].fd = o->in;
	f[LOOK].fd = o->p->look.fd;
	f[QUIET].fd = o->quiet.fd;
	for (i = 0; i < NPOLL; i++) {
		f[i].events = POLLIN;
		f[i].revents = 0;
	}
	if (o->keys.n > 0)
		wait = ESC_WAIT;
	else if (is_stale(o))
		wait = LOOK_WAIT;
	if ((n = poll(f, NPOLL, wait)) == -1 && errno != EINTR)
		err(ST_SYS, "cannot wait");
	if (n <= 0) {
		if (n == 0 && o->keys.n > 0)
			read_keys(o, 1);
		else if (n == 0)
			update_look(o);
		return;
	}
	/* keys first: a key that is bound means the record that was shown */
	if (f[TTY].revents)
		read_keys(o, 0);
	if (f[SIGNALS].revents)
		take_signals(o);
	if (f[INPUT].revents && f[INPUT].fd == o->in)
		read_records(o);
	if (f[LOOK].revents && f[LOOK].fd == o->p->look.fd)
		task_read(&o->p->look);
	if (f[QUIET].revents && f[QUIET].fd == o->quiet.fd)
		task_read(&o->quiet);
}

int
xpicker_run(struct pick *p, int end, const char *initial)
{
	struct loop o;

	memset(&o, 0, sizeof(o));
	o.p = p;
	o.in = STDIN_FILENO;
	o.source.fd = o.quiet.fd = p->look.fd = -1;
	p->scroll = -1;
	items_init(&p->l, end);
	xitems_filter(&p->l, initial);
	buf_puts(&p->query, initial);
	if (p->source != NULL)
		start_source(&o);
	if ((o.tty = screen_open()) == -1)
		err(ST_USAGE, "no terminal to ask at (give --filter)");
	while (!o.done) {
		draw(&o);
		turn(&o);
	}
	screen_leave();
	task_kill(&p->look);
	screen_kill_too(0);
	task_kill(&o.source);
	task_kill(&o.quiet);
	free(o.queue);
	free(o.want);
	free(o.looked);
	return o.done == 2;
}
