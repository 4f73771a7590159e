#include <sys/stat.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "argv.h"
#include "buf.h"
#include "child.h"
#include "conf.h"
#include "io.h"
#include "mem.h"
#include "tiny.h"

#define BUSYBOX_MAX	(16 * 1024 * 1024)
#define BLOCK		512

/* 1 when the file is an ELF program that asks for no interpreter. */
static int
is_static(const char *path)
{
	union { Elf64_Ehdr h64; Elf32_Ehdr h32; } h;
	union { Elf64_Phdr p64; Elf32_Phdr p32; } p;
	size_t i, n, size;
	off_t at;
	int fd, rc = 0, is64;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return 0;
	if (pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) ||
	    memcmp(&h, ELFMAG, SELFMAG) != 0)
		goto out;
	is64 = h.h64.e_ident[EI_CLASS] == ELFCLASS64;
	n = is64 ? h.h64.e_phnum : h.h32.e_phnum;
	at = is64 ? (off_t)h.h64.e_phoff : (off_t)h.h32.e_phoff;
	size = is64 ? sizeof(p.p64) : sizeof(p.p32);
	for (i = 0; i < n; i++) {
		if (pread(fd, &p, size, at + (off_t)(i * size)) !=
		    (ssize_t)size)
			goto out;
		/* p_type is the first word of either */
		if (p.p32.p_type == PT_INTERP)
			goto out;
	}
	rc = n > 0;
out:
	close(fd);
	return rc;
}

char *
tiny_busybox(void)
{
	static const char *const names[] = { "busybox.static",
	    "busybox-static", "busybox" };
	const char *dir, *end;
	char *path;
	size_t i;
	int seen = 0;

	if ((path = xconf_get("BUSYBOX")) != NULL && *path != '\0') {
		if (is_static(path))
			return path;
		free(path);
		errno = ENOEXEC;
		return NULL;
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (dir = getenv("PATH"); dir != NULL;
		    dir = *end != '\0' ? end + 1 : NULL) {
			if ((end = strchr(dir, ':')) == NULL)
				end = dir + strlen(dir);
			if (*dir != '/')
				continue;
			path = xasprintf("%.*s/%s", (int)(end - dir), dir,
			    names[i]);
			if (is_static(path))
				return path;
			seen |= access(path, X_OK) == 0;
			free(path);
		}
	errno = seen ? ENOEXEC : ENOENT;
	return NULL;
}

struct entry {
	const char	*name;
	const char	*link;		/* target of a symbolic link */
	const void	*data;
	size_t		 size;
	unsigned	 mode;
	char		 type;		/* '0' file, '2' link, '5' directory */
	unsigned long	 uid;
	unsigned long	 gid;
};

static void
octal(char *field, size_t size, unsigned long v)
{
	field[--size] = '\0';
	while (size-- > 0) {
		field[size] = (char)('0' + (v & 7));
		v >>= 3;
	}
}

/* The offsets are those of POSIX's ustar interchange format. */
static void
add_entry(struct buf *b, const struct entry *e)
{
	char h[BLOCK];
	unsigned long sum = 0;
	size_t i;

	memset(h, 0, sizeof(h));
	snprintf(h, 100, "%s", e->name);
	octal(h + 100, 8, e->mode);
	octal(h + 108, 8, e->uid);
	octal(h + 116, 8, e->gid);
	octal(h + 124, 12, e->size);
	octal(h + 136, 12, 0);
	memset(h + 148, ' ', 8);
	h[156] = e->type;
	if (e->link != NULL)
		snprintf(h + 157, 100, "%s", e->link);
	memcpy(h + 257, "ustar\0" "00", 8);
	for (i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	octal(h + 148, 7, sum);
	buf_add(b, h, sizeof(h));
	if (e->size > 0)
		buf_add(b, e->data, e->size);
	memset(h, 0, sizeof(h));
	if (e->size % BLOCK != 0)
		buf_add(b, h, BLOCK - e->size % BLOCK);
}

static void
add_dir(struct buf *b, const char *name, unsigned mode, unsigned long uid,
    unsigned long gid)
{
	struct entry e = { name, NULL, NULL, 0, mode, '5', uid, gid };

	add_entry(b, &e);
}

static void
add_link(struct buf *b, const char *name, const char *to)
{
	struct entry e = { name, to, NULL, 0, 0777, '2', 0, 0 };

	add_entry(b, &e);
}

static void
add_text(struct buf *b, const char *name, const char *text)
{
	struct entry e = { name, NULL, text, strlen(text), 0644, '0', 0, 0 };

	add_entry(b, &e);
}

static void
add_applets(struct buf *b, char *list)
{
	char name[100], *p, *next;

	for (p = list; *p != '\0'; p = next) {
		next = p + strcspn(p, "\n");
		if (*next != '\0')
			*next++ = '\0';
		if (*p == '\0' || strcmp(p, "busybox") == 0 ||
		    strchr(p, '/') != NULL || strlen(p) > 60)
			continue;
		snprintf(name, sizeof(name), "bin/%s", p);
		add_link(b, name, "busybox");
	}
}

static void
add_users(struct buf *b, unsigned long uid, unsigned long gid)
{
	char *passwd, *group;

	if (uid == 0)
		passwd = xstrdup("root:x:0:0:root:/home/aipod:/bin/sh\n");
	else
		passwd = xasprintf("root:x:0:0:root:/root:/bin/sh\n"
		    "aipod:x:%lu:%lu::/home/aipod:/bin/sh\n", uid, gid);
	if (gid == 0)
		group = xstrdup("root:x:0:\n");
	else
		group = xasprintf("root:x:0:\naipod:x:%lu:\n", gid);
	add_text(b, "etc/passwd", passwd);
	add_text(b, "etc/group", group);
	free(passwd);
	free(group);
}

int
tiny_tar(struct buf *b, const char *busybox, unsigned long uid,
    unsigned long gid)
{
	struct buf prog = BUF_INIT, list = BUF_INIT;
	struct argv a = ARGV_INIT;
	struct entry e = { "bin/busybox", NULL, NULL, 0, 0755, '0', 0, 0 };
	static const char zero[2 * BLOCK];
	static const char *const caches[] = { "var/cache/aipod/npm/",
	    "var/cache/aipod/pip/", "var/cache/aipod/cargo/",
	    "var/cache/aipod/go/" };
	size_t i;
	int fd, rc = -1;

	fd = open(busybox, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || io_slurp(fd, &prog, BUSYBOX_MAX) == -1)
		goto out;
	argv_add(&a, busybox);
	argv_add(&a, "--list");
	if (child_capture(a.v, NULL, &list, 64 * 1024) != 0 ||
	    buf_str(&list) == NULL) {
		errno = ENOEXEC;
		goto out;
	}
	add_dir(b, "bin/", 0755, 0, 0);
	e.data = prog.p;
	e.size = prog.len;
	add_entry(b, &e);
	add_applets(b, list.p);
	add_link(b, "sbin", "bin");
	add_dir(b, "usr/", 0755, 0, 0);
	add_link(b, "usr/bin", "../bin");
	add_link(b, "usr/sbin", "../bin");
	add_dir(b, "etc/", 0755, 0, 0);
	add_users(b, uid, gid);
	add_dir(b, "root/", 0700, 0, 0);
	add_dir(b, "tmp/", 01777, 0, 0);
	add_dir(b, "run/", 0755, 0, 0);
	add_dir(b, "app/", 0755, uid, gid);
	add_dir(b, "home/", 0755, 0, 0);
	add_dir(b, "home/aipod/", 0755, uid, gid);
	add_dir(b, "var/", 0755, 0, 0);
	add_dir(b, "var/cache/", 0755, 0, 0);
	add_dir(b, "var/cache/aipod/", 0755, 0, 0);
	for (i = 0; i < sizeof(caches) / sizeof(caches[0]); i++)
		add_dir(b, caches[i], 0755, uid, gid);
	buf_add(b, zero, sizeof(zero));
	rc = b->bad ? -1 : 0;
out:
	if (fd != -1)
		close(fd);
	argv_free(&a);
	buf_free(&prog);
	buf_free(&list);
	return rc;
}
