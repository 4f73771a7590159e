/* Runs in an empty directory of its own. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "buf.h"
#include "check.h"
#include "io.h"

static long
size_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == -1 ? -1 : (long)st.st_size;
}

static int
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == -1 ? -1 : (int)(st.st_mode & 07777);
}

static void
put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd != -1 && io_writeall(fd, text, strlen(text)) == 0 &&
	    fchmod(fd, mode) == 0);
	close(fd);
}

static void
check_slurp(void)
{
	struct buf b = { .max = 5 }, c = BUF_INIT;
	char got[8];
	int p[2];

	put("five", "12345", 0600);
	CHECK(io_slurp_at(AT_FDCWD, "five", &c, 5) == 0 && c.len == 5);
	CHECK(io_slurp_at(AT_FDCWD, "five", &c, 4) == -1 && errno == EFBIG);
	/* a buffer with a bound takes what fits exactly */
	CHECK(io_slurp_at(AT_FDCWD, "five", &b, 5) == 0 && b.len == 5);
	buf_clear(&c);
	CHECK(mkfifo("fifo", 0600) == 0 && symlink("five", "link") == 0);
	CHECK(io_slurp_at(AT_FDCWD, "fifo", &c, 5) == -1 && errno == EINVAL);
	CHECK(io_slurp_at(AT_FDCWD, "link", &c, 5) == -1 && errno == ELOOP);
	CHECK(io_slurp_at(AT_FDCWD, ".", &c, 5) == -1 && errno == EINVAL);
	CHECK(io_slurp_at(AT_FDCWD, "gone", &c, 5) == -1 && errno == ENOENT);
	CHECK(c.len == 0);
	CHECK(pipe(p) == 0 && io_writeall(p[1], "abc", 3) == 0);
	close(p[1]);
	CHECK(io_readfull(p[0], got, sizeof(got)) == 3);
	CHECK(io_readfull(p[0], got, sizeof(got)) == 0);
	close(p[0]);
	buf_free(&b);
	buf_free(&c);
}

static void
check_lines(void)
{
	char *s;
	int fd;

	put("lines", "one\ntwo\n", 0600);
	CHECK((s = io_line("lines")) != NULL && strcmp(s, "one") == 0);
	free(s);
	CHECK((s = io_text("lines")) != NULL && strcmp(s, "one\ntwo") == 0);
	free(s);
	put("empty", "", 0600);
	CHECK((s = io_line("empty")) != NULL && *s == '\0');
	free(s);
	CHECK((s = io_text("empty")) != NULL && *s == '\0');
	free(s);
	CHECK(io_line("gone") == NULL && errno == ENOENT);
	fd = open("nul", O_WRONLY | O_CREAT, 0600);
	CHECK(io_writeall(fd, "a\0b\n", 4) == 0);
	close(fd);
	CHECK(io_line("nul") == NULL && errno == EINVAL);
	CHECK(io_text("nul") == NULL && errno == EINVAL);
}

static void
check_replace(void)
{
	char deep[PATH_MAX] = "d", *s;
	size_t n = 1;
	int i, dirfd;

	CHECK(io_put_line("fact", "old") == 0 && mode_of("fact") == 0600);
	CHECK(io_put_line("fact", "new") == 0);
	CHECK((s = io_line("fact")) != NULL && strcmp(s, "new") == 0);
	free(s);
	umask(077);
	CHECK(io_replace(AT_FDCWD, "mode", "x", 1, 0644) == 0 &&
	    mode_of("mode") == 0644);
	CHECK(io_replace(AT_FDCWD, "mode", "", 0, 0600) == 0 &&
	    size_of("mode") == 0 && mode_of("mode") == 0600);
	/* a link is replaced, not followed */
	CHECK(symlink("fact", "tofact") == 0);
	CHECK(io_put_line("tofact", "mine") == 0 && size_of("fact") == 4);
	/* a directory stays, and no temporary file is left */
	CHECK(mkdir("dir", 0700) == 0);
	CHECK(io_replace(AT_FDCWD, "dir", "x", 1, 0600) == -1);
	CHECK(io_replace(AT_FDCWD, "dir/", "x", 1, 0600) == -1 &&
	    errno == EINVAL);
	CHECK(io_replace(AT_FDCWD, "gone/x", "x", 1, 0600) == -1 &&
	    errno == ENOENT);
	dirfd = open("dir", O_RDONLY | O_DIRECTORY);
	CHECK(io_replace(dirfd, "in", "x", 1, 0600) == 0 &&
	    size_of("dir/in") == 1);
	close(dirfd);
	/* a long path, and the longest name */
	for (i = 0; i < 20; i++)
		n += (size_t)snprintf(deep + n, sizeof(deep) - n,
		    "/%060d", i);
	CHECK(io_mkdirs(deep) == 0);
	snprintf(deep + n, sizeof(deep) - n, "/%0255d", 1);
	CHECK(io_put_line(deep, "deep") == 0 && size_of(deep) == 5);
}

static void
check_append(void)
{
	char line[32];
	int i, j, bad = 0, status;
	struct buf b = BUF_INIT;
	char *p;

	CHECK(io_append(AT_FDCWD, "link", "x", 1, 0600) == -1 &&
	    errno == ELOOP);
	CHECK(io_append(AT_FDCWD, "fifo", "x", 1, 0600) == -1);
	CHECK(io_append(AT_FDCWD, "dir", "x", 1, 0600) == -1);
	/* many at once: every line whole */
	for (i = 0; i < 4; i++)
		if (fork() == 0) {
			for (j = 0; j < 25; j++) {
				snprintf(line, sizeof(line), "writer %d %02d\n",
				    i, j);
				if (io_append(AT_FDCWD, "log", line,
				    strlen(line), 0600) == -1)
					_exit(1);
			}
			_exit(0);
		}
	while (wait(&status) != -1)
		bad |= status;
	CHECK(bad == 0 && mode_of("log") == 0600);
	CHECK(io_slurp_at(AT_FDCWD, "log", &b, 100000) == 0);
	CHECK(b.len == 100 * 12);
	for (p = buf_str(&b), i = 0; i < 100; i++)
		bad |= memcmp(p + i * 12, "writer ", 7) != 0 ||
		    p[i * 12 + 11] != '\n';
	CHECK(bad == 0);
	buf_free(&b);
}

static void
check_trust(void)
{
	int fd;

	put("mine", "x", 0644);
	CHECK((fd = io_open_trusted("mine")) != -1);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(fd);
	CHECK(chmod("mine", 0664) == 0);
	CHECK(io_open_trusted("mine") == -1 && errno == EPERM);
	CHECK(chmod("mine", 0646) == 0);
	CHECK(io_open_trusted("mine") == -1 && errno == EPERM);
	CHECK(io_open_trusted("fifo") == -1 && errno == EPERM);
	CHECK(io_open_trusted("dir") == -1 && errno == EPERM);
	CHECK(io_open_trusted("gone") == -1 && errno == ENOENT);
	if (geteuid() == 0) {
		CHECK(chmod("mine", 0600) == 0 && chown("mine", 1, 1) == 0);
		CHECK(io_open_trusted("mine") == -1 && errno == EPERM);
	}
	CHECK(io_private_dir("priv") == 0 && mode_of("priv") == 0700);
	CHECK(io_private_dir("priv") == 0);
	CHECK(chmod("priv", 0750) == 0);
	CHECK(io_private_dir("priv") == -1 && errno == EPERM);
	CHECK(symlink("dir", "dirlink") == 0);
	CHECK(io_private_dir("dirlink") == -1 && errno == EPERM);
	CHECK(io_private_dir("five") == -1 && errno == EPERM);
	CHECK(io_mkdirs("m/k/d") == 0 && mode_of("m/k") == 0700);
	CHECK(io_mkdirs("m//k/d/") == 0);
	CHECK(io_mkdirs("five") == -1 && errno == ENOTDIR);
	CHECK(io_mkdirs("five/x") == -1 && errno == ENOTDIR);
	CHECK(io_mkdirs("") == -1);
}

int
main(void)
{
	check_slurp();
	check_lines();
	check_replace();
	check_append();
	check_trust();
	return failed;
}
