/*
 * Checked input and output.  Unless said otherwise a function returns 0, or
 * -1 with errno set, restarts after EINTR, and leaves its descriptors open.
 */
#ifndef AIPOD_IO_H
#define AIPOD_IO_H

#include <sys/types.h>
#include <stddef.h>

struct buf;

int	 io_writeall(int fd, const void *, size_t);
/* Up to n bytes, fewer only at end of file; returns the count or -1. */
ssize_t	 io_readfull(int fd, void *, size_t n);
/*
 * Append all of fd to the buffer; EFBIG when there are more than max bytes
 * (some of them may have been appended then).
 */
int	 io_slurp(int fd, struct buf *, size_t max);
/*
 * The same for a regular file, relative to dirfd (AT_FDCWD: the working
 * directory).  Does not follow a symbolic link in the last component and does
 * not block on a FIFO: ELOOP, EINVAL.
 */
int	 io_slurp_at(int dirfd, const char *path, struct buf *, size_t max);
/*
 * The first line of a small file without its newline, as a new string; NULL
 * with errno (ENOENT when there is none, EINVAL when it holds a NUL).
 */
char	*io_line(const char *path);
/* The same of an open file: for who has judged it, or follows links to it. */
char	*io_fd_line(int fd);
/* All of a small file without the newline at its end, as io_line. */
char	*io_text(const char *path);
/*
 * Replace dirfd/name by the bytes: temporary file, fsync, rename, fsync of the
 * directory.  Readers see the old or the new, never a part.
 */
int	 io_replace(int dirfd, const char *name, const void *, size_t, mode_t);
/* io_replace of one line (a newline is added) at a path. */
int	 io_put_line(const char *path, const char *line);
/*
 * Append the bytes to a regular file in one piece, all or nothing, under an
 * exclusive lock, and fsync.  Follows no symbolic link, blocks on no FIFO.
 */
int	 io_append(int dirfd, const char *name, const void *, size_t, mode_t);
/*
 * Remove a file, or a directory with all that is in it, following nothing.  It
 * is no error that something is gone already; what can be removed is.
 */
int	 io_remove(int dirfd, const char *name);
/* mkdir -p with mode 0700 for what is missing. */
int	 io_mkdirs(const char *path);
/*
 * Open for reading a file that decides something: refuses (EPERM) what is no
 * regular file, is owned by neither this user nor root, or can be written by
 * group or others.  Judged on the open descriptor.
 */
int	 io_open_trusted(const char *path);
/*
 * Check that path is a directory of this user's with mode 0700, made if it is
 * missing; EPERM when it is not what it should be.
 */
int	 io_private_dir(const char *path);
int	 io_cloexec(int fd, int on);
int	 io_nonblock(int fd, int on);
/* pipe(2), both ends closed on exec. 0, or -1 with errno. */
int	 io_pipe(int p[2]);

/* Flush and close standard output; exit ST_SYS when it could not be written. */
void	 xio_close_stdout(void);

#endif
