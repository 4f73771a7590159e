#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "svc.h"
#include "svcwire.h"

#define KEYS_MAX	64
#define IMAGE_MAX	255

/* Words before a colon that mean a place and not a repository to an engine. */
static const char *const transports[] = { "containers-storage", "dir",
	"docker", "docker-archive", "docker-daemon", "oci", "oci-archive",
	"ostree", "sif", "tarball", NULL };

static const char *
tag_problem(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.-"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (n == 0 || n > 128 || *s == '.' || *s == '-')
		return "a tag is letters, digits and ._-";
	if (s[n] == '\0')
		return NULL;
	if (strncmp(s + n, "@sha256:", 8) == 0 &&
	    strspn(s + n + 8, "0123456789abcdef") == 64 && s[n + 72] == '\0')
		return NULL;
	return "behind a tag comes nothing, or @sha256: and 64 digits";
}

/* [HOST[:PORT]/]PATH[:TAG][@sha256:HEX] and nothing that an engine opens. */
const char *
svc_image_problem(const char *s)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789._-/"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *end, *last;
	size_t i, n;

	if (*s == '\0' || strlen(s) > IMAGE_MAX)
		return "an image's name has 1 to 255 characters";
	if (!isalnum((unsigned char)*s))
		return "an image's name begins with a letter or digit";
	for (i = 0; transports[i] != NULL; i++) {
		n = strlen(transports[i]);
		if (strncmp(s, transports[i], n) == 0 && s[n] == ':')
			return "that is a place on this machine, no image";
	}
	n = strspn(s, ok);
	if (s[n] == ':' && strchr(s, '/') > s + n) {
		/* the registry's port */
		if (memchr(s, '/', n) != NULL)
			return "a tag cannot have a slash";
		i = strspn(s + n + 1, "0123456789");
		if (i == 0 || i > 5 || s[n + 1 + i] != '/')
			return "a registry's port is a number";
		n += 1 + i + strspn(s + n + 1 + i, ok);
	}
	end = s + n;
	for (last = s; last < end; last++)
		if (*last == '/' && (last[1] == '/' || last + 1 == end))
			return "a part of the name is empty";
	if (*end == ':')
		return tag_problem(end + 1);
	if (*end == '@')
		return strncmp(end, "@sha256:", 8) == 0 &&
		    strspn(end + 8, "0123456789abcdef") == 64 &&
		    end[72] == '\0' ? NULL :
		    "a digest is @sha256: and 64 hexadecimal digits";
	return *end == '\0' ? NULL : "an image is letters, digits and ._-/:@";
}

const char *
svc_key_problem(const char *s)
{
	const char *p;

	if (*s == '\0' || strlen(s) > 128)
		return "a variable's name has 1 to 128 characters";
	for (p = s; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			break;
	return *p == '\0' && !isdigit((unsigned char)*s) ? NULL :
	    "a variable's name is letters, digits and underscores";
}

static int
compare(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

int
svcspec_env(struct svcspec *s, const char *key, const char *value,
    const char **why)
{
	size_t i;

	if ((*why = svc_key_problem(key)) != NULL)
		return -1;
	for (i = 0; i < s->keys.n; i++)
		if (strcmp(s->keys.v[i], key) == 0) {
			*why = "a variable stands there twice";
			return -1;
		}
	*why = "there are more variables, or more in them, than can be passed"
	    " on";
	s->env.max = SVCWIRE_ENV;
	if (s->keys.n == KEYS_MAX || buf_printf(&s->env, "%s=%s", key, value) ==
	    -1 || buf_addc(&s->env, '\0') == -1)
		return -1;
	*why = NULL;
	argv_add(&s->keys, key);
	qsort(s->keys.v, s->keys.n, sizeof(*s->keys.v), compare);
	return 0;
}

int
svcspec_subject(const struct svcspec *s, struct buf *b)
{
	size_t i;

	buf_puts(b, s->image);
	for (i = 0; i < s->keys.n; i++)
		buf_printf(b, "%s %s", i == 0 ? " env" : "", s->keys.v[i]);
	return b->bad ? -1 : 0;
}

void
svcspec_free(struct svcspec *s)
{
	argv_free(&s->keys);
	argv_free(&s->command);
	if (s->env.p != NULL)
		memset(s->env.p, 0, s->env.cap);
	buf_free(&s->env);
}
