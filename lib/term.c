#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "term.h"

enum { GROUND, ESCAPE, CSI, STRING, STRING_ESCAPE };

/* Modes that would send bytes to an asker, or change what it is sent. */
static const int noisy[] = { 9, 1000, 1001, 1002, 1003, 1004, 1005, 1006,
	1015, 1016, 2004, 2031 };

static int
is_noisy(int mode)
{
	size_t i;

	for (i = 0; i < sizeof(noisy) / sizeof(noisy[0]); i++)
		if (noisy[i] == mode)
			return 1;
	return 0;
}

static void
set_mode(struct term *t, int mode, int on)
{
	int i;

	if (mode == 47 || mode == 1047 || mode == 1049)
		t->alternate = on;
	else if (mode == 25)
		t->cursor_hidden = !on;
	if (!is_noisy(mode))
		return;
	for (i = 0; i < t->non && t->on[i] != mode; i++)
		;
	if (on && i == t->non && t->non < TERM_MODES)
		t->on[t->non++] = mode;
	else if (!on && i < t->non)
		t->on[i] = t->on[--t->non];
}

/* A control sequence is complete (ECMA-48, 5.4; xterm's private modes). */
static void
sequence(struct term *t, int final)
{
	int i;

	if (t->prefix == '?' && (final == 'h' || final == 'l'))
		for (i = 0; i <= t->nparam; i++)
			set_mode(t, t->param[i], final == 'h');
	else if (t->prefix == '>' && final == 'u')
		t->kitty++;
	else if (t->prefix == '<' && final == 'u' && t->kitty > 0)
		t->kitty--;
}

static void
watch_byte(struct term *t, unsigned char c)
{
	switch (t->state) {
	case GROUND:
		if (c == 0x1b)
			t->state = ESCAPE;
		break;
	case ESCAPE:
		if (c == '[') {
			t->state = CSI;
			t->prefix = t->nparam = 0;
			memset(t->param, 0, sizeof(t->param));
		} else if (c == ']' || c == 'P' || c == '_' || c == '^' ||
		    c == 'X')
			t->state = STRING;
		else if (c == 'c') {	/* RIS: everything is off */
			t->non = t->alternate = t->cursor_hidden = t->kitty = 0;
			t->state = GROUND;
		} else if (c < 0x20 || c > 0x2f)
			t->state = GROUND;
		break;
	case CSI:
		if (c >= '0' && c <= '9') {
			if (t->param[t->nparam] < 100000)
				t->param[t->nparam] =
				    t->param[t->nparam] * 10 + c - '0';
		} else if (c == ';' && t->nparam < 7)
			t->nparam++;
		else if (c >= 0x3c && c <= 0x3f)
			t->prefix = c;
		else if (c >= 0x40 && c <= 0x7e) {
			sequence(t, c);
			t->state = GROUND;
		} else if (c == 0x1b)
			t->state = ESCAPE;
		break;
	case STRING:
		if (c == 0x07 || c == 0x18 || c == 0x1a)
			t->state = GROUND;
		else if (c == 0x1b)
			t->state = STRING_ESCAPE;
		break;
	case STRING_ESCAPE:
		t->state = c == '\\' ? GROUND : STRING;
		break;
	}
}

static void
watch(struct term *t, const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end) {
		/* between sequences only ESC matters: plain floods are quick */
		if (t->state == GROUND &&
		    (p = memchr(p, 0x1b, (size_t)(end - p))) == NULL)
			return;
		watch_byte(t, (unsigned char)*p++);
	}
}

int
term_open(struct term *t, int ask, int *slave)
{
	struct winsize ws;
	char *name;

	memset(t, 0, sizeof(*t));
	t->ask = ask;
	t->lent = -1;
	t->tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->tty == -1)
		return -1;
	t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (t->master == -1 || grantpt(t->master) == -1 ||
	    unlockpt(t->master) == -1 || (name = ptsname(t->master)) == NULL ||
	    (*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) == -1)
		return -1;
	if (tcgetattr(t->tty, &t->was) == -1)
		return -1;
	tcsetattr(*slave, TCSANOW, &t->was);
	if (ioctl(t->tty, TIOCGWINSZ, &ws) == 0)
		ioctl(t->master, TIOCSWINSZ, &ws);
	t->raw = t->was;
	cfmakeraw(&t->raw);
	if (io_nonblock(t->master, 1) == -1)
		return -1;
	return tcsetattr(t->tty, TCSADRAIN, &t->raw);
}

int
term_adopt(int slave)
{
	int fd;

	if (setsid() == -1 || ioctl(slave, TIOCSCTTY, 0) == -1)
		return -1;
	for (fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) == -1)
			return -1;
	return 0;
}

void
term_resize(struct term *t)
{
	struct winsize ws;

	if (ioctl(t->tty, TIOCGWINSZ, &ws) == 0)
		ioctl(t->master, TIOCSWINSZ, &ws);
}

/*
 * Make a program that owns the alternate screen draw it again.  The engine's
 * client passes sizes on by reading them, so the other size has to last.
 */
static void
nudge(struct term *t)
{
	const struct timespec lasting = { 0, 200000000 };
	struct winsize ws, other;

	if (ioctl(t->tty, TIOCGWINSZ, &ws) == -1 || ws.ws_row < 2)
		return;
	other = ws;
	other.ws_row--;
	ioctl(t->master, TIOCSWINSZ, &other);
	nanosleep(&lasting, NULL);
	ioctl(t->master, TIOCSWINSZ, &ws);
}

static void
say(struct term *t, const char *s)
{
	io_writeall(t->tty, s, strlen(s));
}

static void
say_mode(struct term *t, int mode, int on)
{
	char s[24];

	snprintf(s, sizeof(s), "\033[?%d%c", mode, on ? 'h' : 'l');
	say(t, s);
}

static int
send_tty(struct term *t)
{
	char byte = 'T';
	struct iovec iov = { &byte, 1 };
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} u;
	struct msghdr m;
	struct cmsghdr *c;

	memset(&m, 0, sizeof(m));
	memset(&u, 0, sizeof(u));
	m.msg_iov = &iov;
	m.msg_iovlen = 1;
	m.msg_control = u.room;
	m.msg_controllen = sizeof(u.room);
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &t->tty, sizeof(int));
	return sendmsg(t->lent, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static void
take_back(struct term *t)
{
	int i;

	close(t->lent);
	t->lent = -1;
	tcsetattr(t->tty, TCSAFLUSH, &t->raw);
	say(t, "\033[0m");
	if (!t->alternate)
		say(t, "\033[?1049l");
	if (t->cursor_hidden)
		say_mode(t, 25, 0);
	if (t->kitty > 0)
		say(t, "\033[<u");
	for (i = 0; i < t->non; i++)
		say_mode(t, t->on[i], 1);
	if (t->alternate) {
		say(t, "\033[H\033[2J");
		nudge(t);
	} else
		term_resize(t);
}

static void
lend(struct term *t)
{
	int i;

	if ((t->lent = accept(t->ask, NULL, NULL)) == -1)
		return;
	io_cloexec(t->lent, 1);
	for (i = 0; i < t->non; i++)
		say_mode(t, t->on[i], 0);
	if (t->kitty > 0)
		say(t, "\033[>0u");
	if (!t->alternate)
		say(t, "\033[?1049h");
	say(t, "\033[0m\033[?25h\033[H\033[2J");
	tcsetattr(t->tty, TCSAFLUSH, &t->was);
	if (send_tty(t) == -1)
		take_back(t);
}

/* Not in the middle of a sequence, and nothing of the agent's unwritten. */
static int
can_lend(const struct term *t)
{
	return t->ask != -1 && t->lent == -1 && t->state == GROUND &&
	    t->out.from == t->out.to;
}

int
term_wants(const struct term *t, struct pollfd p[TERM_POLLFDS])
{
	int n = 0;

	if (t->lent != -1) {
		p[n].fd = t->lent;
		p[n++].events = POLLIN;
		return n;
	}
	p[n].fd = t->hup ? -1 : t->tty;
	p[n].events = 0;
	if (t->in.from == t->in.to)
		p[n].events |= POLLIN;
	if (t->out.from < t->out.to)
		p[n].events |= POLLOUT;
	n++;
	if (t->master != -1) {
		p[n].fd = t->master;
		p[n].events = 0;
		if (t->out.from == t->out.to)
			p[n].events |= POLLIN;
		if (t->in.from < t->in.to)
			p[n].events |= POLLOUT;
		n++;
	}
	if (can_lend(t)) {
		p[n].fd = t->ask;
		p[n++].events = POLLIN;
	}
	return n;
}

/* Read into an empty buffer; -1 at end of file. */
static int
fill(int fd, struct term_bytes *b)
{
	ssize_t r = read(fd, b->p, sizeof(b->p));

	if (r == -1 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (r <= 0)
		return -1;
	b->from = 0;
	b->to = (size_t)r;
	return 0;
}

/* A pty gives 4 kB at a time: take what else is there, write it at once. */
static void
fill_up(int fd, struct term_bytes *b)
{
	ssize_t r;

	while (b->to < sizeof(b->p) &&
	    (r = read(fd, b->p + b->to, sizeof(b->p) - b->to)) > 0)
		b->to += (size_t)r;
}

static int
drain(int fd, struct term_bytes *b)
{
	ssize_t r = write(fd, b->p + b->from, b->to - b->from);

	if (r == -1)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	b->from += (size_t)r;
	return 0;
}

static void
serve_master(struct term *t, short events)
{
	if (t->in.from < t->in.to && (events & POLLOUT) != 0)
		drain(t->master, &t->in);
	if (t->out.from < t->out.to || (events & (POLLIN | POLLHUP)) == 0)
		return;
	if (fill(t->master, &t->out) == -1) {
		close(t->master);
		t->master = -1;
		return;
	}
	if (t->out.to > t->out.from)
		fill_up(t->master, &t->out);
	watch(t, t->out.p, t->out.to);
	drain(t->tty, &t->out);
}

void
term_serve(struct term *t, const struct pollfd *p, int n)
{
	char c;
	int i;

	for (i = 0; i < n; i++) {
		if (p[i].revents == 0)
			continue;
		if (p[i].fd == t->lent) {
			if (recv(t->lent, &c, 1, MSG_DONTWAIT) <= 0)
				take_back(t);
			return;
		}
		if (p[i].fd == t->ask)
			lend(t);
		else if (p[i].fd == t->master)
			serve_master(t, p[i].revents);
		else if (t->lent == -1) {
			if (t->out.from < t->out.to &&
			    (p[i].revents & POLLOUT) != 0)
				drain(t->tty, &t->out);
			if ((p[i].revents & (POLLIN | POLLHUP)) == 0 ||
			    t->in.from < t->in.to)
				continue;
			if (fill(t->tty, &t->in) == -1)
				t->hup = 1;
			else if (t->master != -1)
				drain(t->master, &t->in);
		}
	}
}

void
term_close(struct term *t)
{
	int i;

	if (t->lent != -1)
		take_back(t);
	/* The child is gone: what it wrote last is still in the pty. */
	for (i = 0; i < 1000 && t->master != -1; i++) {
		if (t->out.from == t->out.to && fill(t->master, &t->out) == -1)
			break;
		if (t->out.from == t->out.to)
			break;
		if (io_writeall(t->tty, t->out.p + t->out.from,
		    t->out.to - t->out.from) == -1)
			break;
		t->out.from = t->out.to;
	}
	for (i = 0; i < t->non; i++)
		say_mode(t, t->on[i], 0);
	if (t->alternate)
		say(t, "\033[?1049l");
	if (t->cursor_hidden)
		say_mode(t, 25, 1);
	tcsetattr(t->tty, TCSADRAIN, &t->was);
	close(t->tty);
	if (t->master != -1)
		close(t->master);
}
