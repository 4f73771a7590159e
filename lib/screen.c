#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "screen.h"
#include "utf8.h"

/* alternate screen, no cursor, marked paste, no wrapping; and the reverse */
static const char enter[] = "\033[?1049h\033[?25l\033[?2004h\033[?7l\033[2J";
static const char leave[] = "\033[?7h\033[?2004l\033[?25h\033[0m\033[?1049l";

static struct {
	int		 tty;
	int		 on;
	struct termios	 was;
	int		 pipe[2];
	volatile sig_atomic_t pgrp;
} scr = { -1, 0, { 0 }, { -1, -1 }, 0 };

static void
put(const char *s, size_t n)
{
	ssize_t k;

	while (n > 0) {
		k = write(scr.tty, s, n);
		if (k == -1 && errno != EINTR)
			return;
		if (k > 0) {
			s += k;
			n -= (size_t)k;
		}
	}
}

/* Called from handlers of signals, too. */
void
screen_leave(void)
{
	if (!scr.on)
		return;
	scr.on = 0;
	put(leave, sizeof(leave) - 1);
	tcsetattr(scr.tty, TCSADRAIN, &scr.was);
}

void
screen_enter(void)
{
	struct termios raw;

	if (scr.on)
		return;
	tcgetattr(scr.tty, &scr.was);
	raw = scr.was;
	raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK |
	    ISTRIP | IXON);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_cflag |= CS8;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	scr.on = 1;
	/* keys typed before were not meant for this screen */
	tcsetattr(scr.tty, TCSAFLUSH, &raw);
	put(enter, sizeof(enter) - 1);
}

static void
note(int sig)
{
	unsigned char c = (unsigned char)(sig == SIGWINCH ? SCREEN_RESIZED :
	    sig == SIGCHLD ? SCREEN_CHILD : SCREEN_STOPPED);
	int saved = errno;

	(void)!write(scr.pipe[1], &c, 1);
	errno = saved;
}

static void
end(int sig)
{
	screen_leave();
	if (scr.pgrp > 0)
		kill(-(pid_t)scr.pgrp, SIGTERM);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
at_exit(void)
{
	screen_leave();
	if (scr.pgrp > 0)
		kill(-(pid_t)scr.pgrp, SIGTERM);
}

static void
handle(int sig, void (*f)(int), int flags)
{
	struct sigaction sa, old;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = f;
	sa.sa_flags = flags;
	sigemptyset(&sa.sa_mask);
	/* what nohup and the like have switched off stays off */
	if (sigaction(sig, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		return;
	sigaction(sig, &sa, NULL);
}

void
screen_trap(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	handle(SIGINT, end, (int)SA_RESETHAND);
	handle(SIGQUIT, end, (int)SA_RESETHAND);
}

int
screen_open(void)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE,
	    SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM, SIGUSR1,
	    SIGUSR2 };
	size_t i;

	if ((scr.tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)) == -1)
		return -1;
	if (tcgetattr(scr.tty, &scr.was) == -1 || pipe(scr.pipe) == -1) {
		close(scr.tty);
		return -1;
	}
	for (i = 0; i < 2; i++) {
		io_cloexec(scr.pipe[i], 1);
		io_nonblock(scr.pipe[i], 1);
	}
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		handle(ends[i], end, (int)SA_RESETHAND);
	handle(SIGWINCH, note, SA_RESTART);
	handle(SIGTSTP, note, SA_RESTART);
	signal(SIGCHLD, SIG_DFL);
	handle(SIGCHLD, note, SA_RESTART);
	atexit(at_exit);
	screen_enter();
	return scr.tty;
}

void
screen_stop(void)
{
	screen_leave();
	handle(SIGTSTP, SIG_DFL, 0);
	/* the whole pipeline, as the terminal would */
	kill(0, SIGTSTP);
	handle(SIGTSTP, note, SA_RESTART);
	screen_enter();
}

void
screen_size(int *rows, int *cols)
{
	struct winsize w;

	*rows = 24;
	*cols = 80;
	if (ioctl(scr.tty, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 &&
	    w.ws_col > 0) {
		*rows = w.ws_row;
		*cols = w.ws_col;
	}
}

int
screen_write(const struct buf *b)
{
	return io_writeall(scr.tty, b->p, b->len);
}

int
screen_signal_fd(void)
{
	return scr.pipe[0];
}

int
screen_signals(void)
{
	unsigned char c;
	int mask = 0;

	while (read(scr.pipe[0], &c, 1) == 1)
		mask |= c;
	return mask;
}

void
screen_kill_too(int pgrp)
{
	scr.pgrp = pgrp;
}

static const struct {
	const char	*seq;		/* behind ESC */
	const char	*name;
} sequences[] = {
	{ "[A", "up" }, { "[B", "down" }, { "[C", "right" }, { "[D", "left" },
	{ "OA", "up" }, { "OB", "down" }, { "OC", "right" }, { "OD", "left" },
	{ "[H", "home" }, { "[F", "end" }, { "OH", "home" }, { "OF", "end" },
	{ "[1~", "home" }, { "[4~", "end" }, { "[7~", "home" },
	{ "[8~", "end" }, { "[2~", "insert" }, { "[3~", "delete" },
	{ "[5~", "pageup" }, { "[6~", "pagedown" }, { "[Z", "backtab" },
	{ "OP", "f1" }, { "OQ", "f2" }, { "OR", "f3" }, { "OS", "f4" },
	{ "[15~", "f5" }, { "[17~", "f6" }, { "[18~", "f7" },
	{ "[19~", "f8" }, { "[20~", "f9" }, { "[21~", "f10" },
	{ "[23~", "f11" }, { "[24~", "f12" },
	{ "[200~", "paste-begin" }, { "[201~", "paste-end" },
};
#define NSEQUENCES	(sizeof(sequences) / sizeof(sequences[0]))

static const struct {
	unsigned char	 c;
	const char	*name;
} plain[] = {
	{ ' ', "space" }, { '\r', "enter" }, { '\n', "enter" },
	{ '\t', "tab" }, { 0x1b, "esc" }, { 0x7f, "backspace" },
	{ 0x08, "backspace" },
};
#define NPLAIN		(sizeof(plain) / sizeof(plain[0]))

int
keys_is_name(const char *s)
{
	uint32_t cp;
	size_t i, n = strlen(s);

	for (i = 0; i < NSEQUENCES; i++)
		if (strcmp(s, sequences[i].name) == 0)
			return strncmp(s, "paste", 5) != 0;
	for (i = 0; i < NPLAIN; i++)
		if (strcmp(s, plain[i].name) == 0)
			return 1;
	if (strncmp(s, "ctrl-", 5) == 0)
		return n == 6 && s[5] >= 'a' && s[5] <= 'z' &&
		    strchr("hijmz", s[5]) == NULL;
	if (strncmp(s, "alt-", 4) == 0)
		return n == 5 && s[4] > ' ' && s[4] < 0x7f;
	return n > 0 && utf8_next(s, n, &cp) == (int)n && cp > ' ' &&
	    utf8_width(cp) > 0;
}

static void
take(struct keys *k, size_t n)
{
	k->n -= n;
	memmove(k->b, k->b + n, k->n);
}

static void
named(char *to, const char *name)
{
	memcpy(to, name, strlen(name) + 1);
}

/* A sequence that begins with ESC; as keys_next. */
static int
escape_next(struct keys *k, int late, char *name)
{
	size_t i, n;

	if (k->n == 1) {
		if (!late)
			return 0;
		named(name, "esc");
		take(k, 1);
		return 1;
	}
	if (k->b[1] != '[' && k->b[1] != 'O') {
		if (k->b[1] > ' ' && k->b[1] < 0x7f) {
			named(name, "alt- ");
			name[4] = (char)k->b[1];
			take(k, 2);
		} else {
			named(name, "esc");
			take(k, 1);
		}
		return 1;
	}
	/* the final byte of a control sequence, ECMA-48, 5.4 */
	for (n = 2; n < k->n && k->b[n] >= 0x20 && k->b[n] < 0x40; n++)
		continue;
	if (n == k->n && n < 32 && !late)
		return 0;
	n = n < k->n ? n + 1 : n;
	named(name, "");
	for (i = 0; i < NSEQUENCES; i++)
		if (strlen(sequences[i].seq) == n - 1 &&
		    memcmp(sequences[i].seq, k->b + 1, n - 1) == 0)
			named(name, sequences[i].name);
	take(k, n);
	if (strncmp(name, "paste-", 6) == 0) {
		k->pasting = strcmp(name, "paste-begin") == 0;
		named(name, "");
	}
	return 1;
}

int
keys_next(struct keys *k, int late, char name[KEY_NAME])
{
	uint32_t cp;
	size_t i;
	int n;

	k->text[0] = '\0';
	if (k->n == 0)
		return 0;
	if (k->b[0] == 0x1b)
		return escape_next(k, late, name);
	n = utf8_next((char *)k->b, k->n, &cp);
	if (n < 0 && !late && (size_t)-n == k->n && k->n < 4 &&
	    k->b[0] >= 0xc2)
		return 0;
	named(name, "");
	if (n > 0 && cp >= ' ' && utf8_width(cp) > -1) {
		memcpy(k->text, k->b, (size_t)n);
		k->text[n] = '\0';
		named(name, k->text);
	} else if (n == 1 && cp < ' ') {
		named(name, "ctrl- ");
		name[5] = (char)(cp | 0x60);
	}
	for (i = 0; i < NPLAIN; i++)
		if (k->b[0] == plain[i].c)
			named(name, plain[i].name);
	if (k->pasting)
		named(name, "paste");
	take(k, (size_t)(n < 0 ? -n : n));
	return 1;
}
