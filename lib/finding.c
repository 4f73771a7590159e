#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "conf.h"
#include "finding.h"
#include "hash.h"
#include "io.h"
#include "mem.h"
#include "num.h"
#include "rec.h"
#include "status.h"
#include "workspace.h"

int
finding_path_ok(const char *path)
{
	const char *end;
	size_t n;

	for (;; path = end + 1) {
		if ((end = strchr(path, '/')) == NULL)
			end = path + strlen(path);
		n = (size_t)(end - path);
		if (n == 0 || (n == 1 && *path == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return 0;
		if (*end == '\0')
			return 1;
	}
}

static int
number(const char *s, long long *out)
{
	*out = 0;
	return s != NULL ? num_parse(s, 1, 1LL << 62, out) : 0;
}

int
finding_parse(char *line, struct finding *f)
{
	char *v[8] = { NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL };

	memset(f, 0, sizeof(*f));
	if (rec_split(line, v, 8) < 7 || v[0] == NULL || v[4] == NULL ||
	    v[5] == NULL || !finding_path_ok(v[0]) ||
	    !is_hex(v[5], FINGERPRINT - 1) ||
	    number(v[1], &f->line) == -1 || number(v[2], &f->col) == -1 ||
	    number(v[3], &f->len) == -1) {
		errno = EINVAL;
		return -1;
	}
	f->path = v[0];
	f->rule = v[4];
	f->print = v[5];
	f->label = v[6];
	f->text = v[7];
	return 0;
}

static int
unhex(const char *s, unsigned char key[32])
{
	static const char hex[] = "0123456789abcdef";
	int i;

	if (!is_hex(s, 64))
		return -1;
	for (i = 0; i < 32; i++)
		key[i] = (unsigned char)((strchr(hex, s[2 * i]) - hex) << 4 |
		    (strchr(hex, s[2 * i + 1]) - hex));
	return 0;
}

/* Make the key under a name of its own and link it: the first one stays. */
static void
make_key(const char *path)
{
	char hex[65], *tmp;

	if (rand_hex(hex, 64) == -1)
		err(ST_SYS, "cannot make a key");
	tmp = xasprintf("%s.%ld", path, (long)getpid());
	if (io_put_line(tmp, hex) == -1)
		err(ST_SYS, "cannot write '%s'", tmp);
	if (link(tmp, path) == -1 && errno != EEXIST)
		err(ST_SYS, "cannot write '%s'", path);
	unlink(tmp);
	free(tmp);
}

void
xfinding_key(const char *file, unsigned char key[32])
{
	struct buf b = BUF_INIT;
	char *dir, *path;
	int fd;

	if (file != NULL)
		path = xstrdup(file);
	else {
		dir = xconf_make_state_dir();
		path = xasprintf("%s/scan-key", dir);
		free(dir);
	}
	fd = io_open_trusted(path);
	if (fd == -1 && errno == ENOENT && file == NULL) {
		make_key(path);
		fd = io_open_trusted(path);
	}
	if (fd == -1 && errno == EPERM)
		errx(ST_USAGE, "refusing '%s': it must be a file of yours that"
		    " others cannot write: chmod 600 it", path);
	if (fd == -1)
		err(file != NULL ? ST_USAGE : ST_SYS, "cannot open '%s'", path);
	if (io_slurp(fd, &b, 4096) == -1 || buf_str(&b) == NULL)
		err(ST_SYS, "cannot read '%s'", path);
	close(fd);
	if (b.len > 0 && b.p[b.len - 1] == '\n')
		b.p[b.len - 1] = '\0';
	if (unhex(b.p, key) == -1)
		errx(ST_USAGE, "'%s' holds no key: want 64 hexadecimal digits;"
		    " remove it to have a new one made", path);
	buf_free(&b);
	free(path);
}

void
finding_print(const unsigned char key[32], const char *path, const char *rule,
    const void *secret, size_t n, char print[FINGERPRINT])
{
	char hex[HASH_HEX];
	hash_ctx c;

	hash_init(&c);
	hash_add(&c, key, 32);
	hash_add_field(&c, path, strlen(path));
	hash_add_field(&c, rule, strlen(rule));
	hash_add_field(&c, secret, n);
	hash_hex(&c, hex);
	memcpy(print, hex, FINGERPRINT - 1);
	print[FINGERPRINT - 1] = '\0';
}
