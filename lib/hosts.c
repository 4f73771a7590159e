#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "hosts.h"
#include "io.h"
#include "num.h"

#define FILE_MAX	(1024 * 1024)

void
hosts_free(struct hosts *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		free(h->rule[i].pattern);
	free(h->rule);
	memset(h, 0, sizeof(*h));
}

static int
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Cut the next word off *line; NULL when there is none. */
static char *
word(char **line)
{
	char *w = *line + strspn(*line, " \t");

	if (*w == '\0')
		return NULL;
	*line = w + strcspn(w, " \t");
	if (**line != '\0')
		*(*line)++ = '\0';
	return w;
}

static int
add_rule(struct hosts *h, int allow, const char *pattern, const char *port)
{
	struct hosts_rule *r;
	long long n;

	if (pattern == NULL || port == NULL ||
	    num_parse(port, 1, 65535, &n) == -1) {
		errno = EINVAL;
		return -1;
	}
	if ((h->n & (h->n - 1)) == 0) {
		r = realloc(h->rule, (h->n != 0 ? h->n * 2 : 1) * sizeof(*r));
		if (r == NULL)
			return -1;
		h->rule = r;
	}
	r = &h->rule[h->n];
	if ((r->pattern = strdup(pattern)) == NULL)
		return -1;
	r->port = (int)n;
	r->allow = allow;
	h->n++;
	return 0;
}

static int
set_mode(struct hosts *h, const char *mode)
{
	static const char *const any[] = { "ask", "open", "record" };
	size_t i;

	if (mode != NULL && strcmp(mode, "deny") == 0)
		return 0;
	for (i = 0; mode != NULL && i < sizeof(any) / sizeof(any[0]); i++)
		if (strcmp(mode, any[i]) == 0) {
			h->any = 1;
			return 0;
		}
	errno = EINVAL;
	return -1;
}

static int
parse_line(struct hosts *h, char *line, int first)
{
	char *key, *a, *b;

	key = word(&line);
	if (key == NULL || *key == '#')
		return first ? set_mode(h, NULL) : 0;
	a = word(&line);
	b = word(&line);
	if (first) {
		h->handover = b != NULL && strcmp(b, "handover") == 0;
		return set_mode(h, strcmp(key, "mode") == 0 ? a : NULL);
	}
	if (strcmp(key, "allow") == 0)
		return add_rule(h, 1, a, b);
	if (strcmp(key, "deny") == 0)
		return add_rule(h, 0, a, b);
	errno = EINVAL;
	return -1;
}

static int
parse(struct hosts *h, char *text)
{
	char *line, *next;
	int first = 1;

	for (line = text; line != NULL && *line != '\0'; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		if (parse_line(h, line, first) == -1)
			return -1;
		first = 0;
	}
	return first ? set_mode(h, NULL) : 0;
}

int
hosts_load(struct hosts *h, const char *path)
{
	struct buf b = BUF_INIT;
	struct stat st;
	int fd, rc = -1, saved;

	if (stat(path, &st) == 0 && h->st.st_ino != 0 &&
	    same_file(&st, &h->st))
		return 0;
	hosts_free(h);
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1)
		return -1;
	if (fstat(fd, &st) == 0 && io_slurp(fd, &b, FILE_MAX) == 0 &&
	    buf_str(&b) != NULL)
		rc = parse(h, b.p);
	saved = errno;
	close(fd);
	buf_free(&b);
	if (rc == -1) {
		hosts_free(h);
		errno = saved;
		return -1;
	}
	h->st = st;
	return 1;
}

static int
matches(const char *pattern, const char *name)
{
	size_t n, p;

	if (strcmp(pattern, "*") == 0)
		return 1;
	if (strncmp(pattern, "*.", 2) != 0)
		return strcmp(pattern, name) == 0;
	n = strlen(name);
	p = strlen(++pattern);
	return n > p && strcmp(name + n - p, pattern) == 0;
}

static size_t
put(int *ports, size_t n, int port)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ports[i] == port)
			return n;
	if (n < HOSTS_PORTS)
		ports[n++] = port;
	return n;
}

static size_t
drop(int *ports, size_t n, int port)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ports[i] == port) {
			ports[i] = ports[--n];
			break;
		}
	return n;
}

static size_t
apply(const struct hosts *h, const char *name, int *ports, size_t n)
{
	const struct hosts_rule *r;

	for (r = h->rule; r < h->rule + h->n; r++) {
		if (!matches(r->pattern, name))
			continue;
		n = (r->allow ? put : drop)(ports, n, r->port);
	}
	return n;
}

size_t
hosts_allowed(const struct hosts *h, const char *name, int ports[HOSTS_PORTS])
{
	return apply(h, name, ports, 0);
}

/* Single labels, and what RFC 6761, 6762, 7686 and 8375 keep back. */
static int
is_private(const char *name)
{
	static const char *const special[] = {
	    "*.arpa", "*.invalid", "*.local", "*.localhost", "*.onion" };
	size_t i;

	if (strchr(name, '.') == NULL)
		return 1;
	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (matches(special[i], name))
			return 1;
	return 0;
}

size_t
hosts_ports(const struct hosts *h, const char *name, int ports[HOSTS_PORTS])
{
	size_t n = 0;

	if (h->any && !is_private(name)) {
		n = put(ports, n, 443);
		n = put(ports, n, 80);
		n = put(ports, n, 22);
	}
	return apply(h, name, ports, n);
}
